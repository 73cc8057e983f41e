//! A key of a mail system that signs as honest ones do (DKIM, ARC), and as dishonest ones may: every tag can be chosen.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use paravent::outbound::dkim::generate_ed25519;

/// A key with its TXT record.
pub struct Key {
    pair: Ed25519KeyPair,
    pub record: String,
}

/// What an ARC set says.
pub struct Set<'a> {
    pub instance: usize,
    pub sealer: &'a str,
    /// `d=` of the message signature.
    pub signer: &'a str,
    /// `cv=`.
    pub chain: &'a str,
    /// What stands behind `i=…;` in ARC-Authentication-Results.
    pub results: &'a str,
    /// `h=`.
    pub signed: &'a str,
}

impl<'a> Set<'a> {
    /// The first set of an honest sealer.
    pub fn first(sealer: &'a str, results: &'a str) -> Self {
        Self { instance: 1, sealer, signer: sealer, chain: "none", results, signed: "from:to:subject:date" }
    }
}

impl Key {
    pub fn new() -> Self {
        let generated = generate_ed25519().unwrap();
        let encoded: String = generated.pem.lines().filter(|line| !line.starts_with('-')).collect();
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&BASE64.decode(encoded).unwrap()).unwrap();
        Self { pair, record: generated.record }
    }

    fn sign(&self, text: &str) -> String {
        BASE64.encode(self.pair.sign(digest(&SHA256, text.as_bytes()).as_ref()))
    }

    /// The mail with a DKIM signature above it: these tags, `more` among them such as `l=10;`.
    pub fn dkim(&self, domain: &str, selector: &str, signed: &str, more: &str, mail: &str) -> String {
        let length = more.split("l=").nth(1).and_then(|rest| rest.split(';').next()?.parse().ok());
        let hash = body_hash(mail, length);
        let value = format!(" v=1; a=ed25519-sha256; c=relaxed/relaxed; d={domain}; s={selector}; h={signed}; {more} bh={hash}; b=");
        let text = format!("{}{}", chosen(mail, signed), relaxed("DKIM-Signature", &value).trim_end());
        format!("DKIM-Signature:{value}{}\r\n{mail}", self.sign(&text))
    }

    /// The mail with an ARC set above it. Selector `arc` for both domains.
    pub fn seal(&self, set: &Set<'_>, mail: &str) -> String {
        let Set { instance, sealer, signer, chain, results, signed } = set;
        let results = format!(" i={instance}; {results}");
        let hash = body_hash(mail, None);
        let tags = format!(" i={instance}; a=ed25519-sha256; c=relaxed/relaxed; d={signer}; s=arc; h={signed}; bh={hash}; b=");
        let text = format!("{}{}", chosen(mail, signed), relaxed("ARC-Message-Signature", &tags).trim_end());
        let signature = format!("{tags}{}", self.sign(&text));
        let seal = format!(" i={instance}; a=ed25519-sha256; cv={chain}; d={sealer}; s=arc; b=");
        // RFC 8617 §5.1.1: all sets in the order of their making.
        let mut covered = String::new();
        for earlier in 1..*instance {
            for name in ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"] {
                let of_set = |value: &&str| value.trim_start().starts_with(&format!("i={earlier};"));
                covered.push_str(&relaxed(name, &fields(mail, name).into_iter().find(|value| of_set(&value.as_str())).unwrap()));
            }
        }
        covered.push_str(&relaxed("ARC-Authentication-Results", &results));
        covered.push_str(&relaxed("ARC-Message-Signature", &signature));
        covered.push_str(relaxed("ARC-Seal", &seal).trim_end());
        let sealed = format!("{seal}{}", self.sign(&covered));
        format!("ARC-Seal:{sealed}\r\nARC-Message-Signature:{signature}\r\nARC-Authentication-Results:{results}\r\n{mail}")
    }
}

/// All values of a field, unfolded, from top to bottom.
fn fields(mail: &str, name: &str) -> Vec<String> {
    let head = mail.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
    let of_name = |line: &str| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned());
    head.split("\r\n").filter_map(of_name).collect()
}

/// The signed fields, the lowest first for each name (RFC 6376 §5.4.2).
fn chosen(mail: &str, signed: &str) -> String {
    let mut text = String::new();
    let names: Vec<&str> = signed.split(':').map(str::trim).collect();
    for (at, name) in names.iter().enumerate() {
        let before = names.iter().take(at).filter(|other| other.eq_ignore_ascii_case(name)).count();
        if let Some(value) = fields(mail, name).into_iter().rev().nth(before) {
            text.push_str(&relaxed(name, &value));
        }
    }
    text
}

/// RFC 6376 §3.4.2.
fn relaxed(name: &str, value: &str) -> String {
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}\r\n", name.to_lowercase(), words.join(" "))
}

/// RFC 6376 §3.4.4, and of that the first octets where `l=` says how many.
fn body_hash(mail: &str, length: Option<usize>) -> String {
    let body = mail.split_once("\r\n\r\n").unwrap().1;
    let line = |line: &str| {
        let words: Vec<&str> = line.split([' ', '\t']).collect();
        let joined = words.iter().enumerate().filter(|(at, word)| *at == 0 || !word.is_empty()).map(|(_, word)| *word).collect::<Vec<_>>();
        joined.join(" ").trim_end().to_owned()
    };
    let lines: Vec<String> = body.split("\r\n").map(line).collect();
    let text = lines.join("\r\n");
    let text = text.trim_end_matches("\r\n");
    let whole = if text.is_empty() { String::new() } else { format!("{text}\r\n") };
    let counted = whole.as_bytes().get(..length.unwrap_or(whole.len())).unwrap_or(whole.as_bytes());
    BASE64.encode(digest(&SHA256, counted))
}
