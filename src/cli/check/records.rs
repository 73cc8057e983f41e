//! What DNS records mean for a gateway: texts of records in, findings out.

use crate::config::Finding;

/// Longest string inside a TXT record (RFC 1035 §3.3.14).
const TXT_STRING: usize = 255;
/// Most DNS lookups that SPF allows (RFC 7208 §4.6.4).
const SPF_LOOKUPS: usize = 10;

/// The line to put into a zone.
pub(super) fn publish(name: &str, value: &str) -> String {
    let characters: Vec<char> = value.chars().collect();
    let strings: Vec<String> = characters.chunks(TXT_STRING).map(|part| format!("\"{}\"", part.iter().collect::<String>())).collect();
    format!("publish: {name}. TXT {}", strings.join(" "))
}

/// SPF of the domain that sends (RFC 7208).
pub(super) fn spf(domain: &str, texts: &[String]) -> Finding {
    let subject = format!("SPF {domain}");
    let advice = format!("{}\nwith the servers that send for it: `mx`, `a:host`, `ip4:address`", publish(domain, "v=spf1 mx -all"));
    let records: Vec<&String> = texts.iter().filter(|text| is_version(text, "v=spf1")).collect();
    let record = match records.as_slice() {
        [] => return Finding::problem(subject, "there is no record: mail from it is distrusted", advice),
        [record] => *record,
        more => {
            let found = format!("there are {} records, which makes each of them void", more.len());
            return Finding::problem(subject, found, "keep one record (RFC 7208 §3.2)");
        }
    };
    let terms: Vec<String> = record.split_ascii_whitespace().skip(1).map(str::to_ascii_lowercase).collect();
    let lookups = terms.iter().filter(|term| asks_dns(term)).count();
    if lookups > SPF_LOOKUPS {
        let found = format!("it asks for {lookups} lookups, {SPF_LOOKUPS} are allowed: {record}");
        return Finding::problem(subject, found, "write addresses (ip4:, ip6:) instead of names");
    }
    match terms.iter().find_map(|term| term.strip_suffix("all").filter(|sign| sign.is_empty() || ["+", "-", "~", "?"].contains(sign))) {
        Some("-" | "~") => Finding::ok(subject, record),
        Some("?") => Finding::warning(subject, format!("it decides nothing about other servers: {record}"), "end it with -all"),
        Some(_) => Finding::problem(subject, format!("it lets every server in the world send for it: {record}"), "end it with -all"),
        None if terms.iter().any(|term| term.starts_with("redirect=")) => Finding::ok(subject, record),
        None => Finding::warning(subject, format!("it says nothing about other servers: {record}"), "end it with -all"),
    }
}

fn asks_dns(term: &str) -> bool {
    let mechanism = term.trim_start_matches(['+', '-', '~', '?']);
    let name = mechanism.split([':', '/']).next().unwrap_or_default();
    ["include", "a", "mx", "ptr", "exists"].contains(&name) || mechanism.starts_with("redirect=")
}

/// The public half of a key that signs (RFC 6376 §3.6.1).
pub(super) fn dkim(name: &str, wanted: &str, texts: &[String]) -> Finding {
    let subject = format!("DKIM {name}");
    let advice = publish(name, wanted);
    let records: Vec<&String> = texts.iter().filter(|text| tag(text, "p").is_some()).collect();
    let record = match records.as_slice() {
        [] if texts.is_empty() => return Finding::problem(subject, "there is no record: the signature counts for nothing", advice),
        [] => return Finding::problem(subject, "the record holds no key", advice),
        [record] => *record,
        more => return Finding::problem(subject, format!("there are {} records, one is allowed", more.len()), advice),
    };
    if tag(record, "p").is_some_and(|key| key.is_empty()) {
        return Finding::problem(subject, "the record revokes the key (p= is empty)", advice);
    }
    if tag(record, "p") != tag(wanted, "p") || kind(record) != kind(wanted) {
        return Finding::problem(subject, "the record holds another key than the one that signs", advice);
    }
    if tag(record, "t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y")) {
        return Finding::warning(subject, "our key, but the record says that it is being tried (t=y)", "take t=y out");
    }
    Finding::ok(subject, "our key is published")
}

fn kind(record: &str) -> String {
    tag(record, "k").filter(|kind| !kind.is_empty()).unwrap_or_else(|| "rsa".to_owned())
}

/// The domain's policy (RFC 7489 §6.3), asked at this name; a parent domain's has been asked for where there is none.
pub(super) fn dmarc(domain: &str, asked: &str, texts: &[String]) -> Finding {
    let subject = format!("DMARC {domain}");
    let advice = publish(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject; adkim=s; aspf=s");
    let records: Vec<&String> = texts.iter().filter(|text| is_dmarc(text)).collect();
    let record = match records.as_slice() {
        [] => return Finding::problem(subject, "there is no record: anybody can write in the gateway's name", advice),
        [record] => *record,
        more => return Finding::problem(subject, format!("there are {} records, which makes each of them void", more.len()), "keep one"),
    };
    let inherited = asked != domain;
    let policy = tag(record, "sp").filter(|_| inherited).or_else(|| tag(record, "p")).unwrap_or_default().to_ascii_lowercase();
    let from = if inherited { format!(" (inherited from {asked})") } else { String::new() };
    match policy.as_str() {
        "reject" | "quarantine" => Finding::ok(subject, format!("{record}{from}")),
        "none" => Finding::warning(subject, format!("its policy is none: forgeries are delivered{from}"), advice),
        "" => Finding::problem(subject, format!("it has no policy (p=): {record}{from}"), advice),
        other => Finding::problem(subject, format!("its policy `{other}` is none that exists{from}"), advice),
    }
}

/// Whether a TXT record is a DMARC policy.
pub(super) fn is_dmarc(text: &str) -> bool {
    is_version(text, "v=DMARC1")
}

/// Where the domain's mail goes (RFC 5321 §5.1), and whether that is here.
pub(super) fn mx(domain: &str, exchanges: &[String], host_name: &str, leads_here: bool, own_door: bool) -> Finding {
    let subject = format!("MX {domain}");
    let advice = format!("publish: {domain}. MX 10 {host_name}.");
    let named = exchanges.join(", ");
    match exchanges {
        [] => Finding::problem(subject, "there is no record: answers cannot arrive", advice),
        // RFC 7505: a domain that takes no mail.
        [one] if one.is_empty() => Finding::problem(subject, "it says that this domain takes no mail", advice),
        _ if leads_here => Finding::ok(subject, format!("{named}: this gateway")),
        _ if own_door => {
            let found = format!("{named}: not {host_name}, which has listen.mx");
            Finding::warning(subject, found, format!("{advice}\nunless that server passes everything on to this gateway"))
        }
        _ => Finding::ok(subject, format!("{named}, which must hand over to this gateway")),
    }
}

/// Whether the text begins with this version and nothing longer.
fn is_version(text: &str, version: &str) -> bool {
    let head = text.split([' ', ';', '\t']).next().unwrap_or_default();
    head.eq_ignore_ascii_case(version)
}

/// The value of a tag in a tag=value list (RFC 6376 §3.2), without the white space that zones and splitting leave.
fn tag(record: &str, name: &str) -> Option<String> {
    record.split(';').find_map(|pair| {
        let (tag, value) = pair.split_once('=')?;
        (tag.trim() == name).then(|| value.chars().filter(|c| !c.is_whitespace()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Level::{self, Ok, Problem, Warning};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn spf_exists_once_and_ends_with_a_refusal() {
        let level = |records: &[&str]| spf("visio.test", &texts(records)).level;
        let cases: [(&[&str], Level); 13] = [
            (&["v=spf1 mx -all"], Ok),
            (&["v=spf1 mx ~ALL", "google-site-verification=x"], Ok),
            (&["V=SPF1 redirect=_spf.visio.test"], Ok),
            (&["v=spf1 a:mail.visio.test ip4:192.0.2.1 -all"], Ok),
            (&[], Problem),
            (&["v=spf10 -all"], Problem),
            (&["v=spf1 mx -all", "v=spf1 a -all"], Problem),
            (&["v=spf1 mx +all"], Problem),
            (&["v=spf1 mx all"], Problem),
            (&["v=spf1 mx ?all"], Warning),
            (&["v=spf1 mx"], Warning),
            (&["v=spf1 include:small.test"], Warning),
            (&["v=spf1 a mx a:1 a:2 a:3 a:4 a:5 include:6 mx:7 exists:8 ptr -all"], Problem),
        ];
        for (records, expected) in cases {
            assert_eq!(level(records), expected, "{records:?}");
        }
    }

    #[test]
    fn dkim_compares_keys_and_not_their_spelling() {
        let wanted = "v=DKIM1; k=rsa; p=AAAABBBBCCCC";
        let judge = |records: &[&str]| dkim("rsa._domainkey.visio.test", wanted, &texts(records));
        let cases: [(&[&str], Level); 10] = [
            (&["v=DKIM1; k=rsa; p=AAAABBBBCCCC"], Ok),
            (&["v=DKIM1;p=AAAA BBBB\tCCCC;"], Ok),
            (&["k=rsa; t=s; p = AAAABBBBCCCC ", "an unrelated text"], Ok),
            (&["v=DKIM1; t=s:y; p=AAAABBBBCCCC"], Warning),
            (&[], Problem),
            (&["v=DKIM1; k=rsa; p=AAAABBBBCCCD"], Problem),
            (&["v=DKIM1; k=ed25519; p=AAAABBBBCCCC"], Problem),
            (&["v=DKIM1; p="], Problem),
            (&["v=DKIM1"], Problem),
            (&["p=AAAABBBBCCCC", "p=AAAABBBBCCCC"], Problem),
        ];
        for (records, expected) in cases {
            assert_eq!(judge(records).level, expected, "{records:?}");
        }
        assert_eq!(judge(&[]).advice, "publish: rsa._domainkey.visio.test. TXT \"v=DKIM1; k=rsa; p=AAAABBBBCCCC\"");
        assert_eq!(publish("x", &"é".repeat(300)), format!("publish: x. TXT \"{}\" \"{}\"", "é".repeat(255), "é".repeat(45)));
    }

    #[test]
    fn dmarc_must_refuse_forgeries() {
        let level = |asked: &str, records: &[&str]| dmarc("visio.test", asked, &texts(records)).level;
        let cases: [(&str, &[&str], Level); 9] = [
            ("visio.test", &["v=DMARC1; p=reject; adkim=s; aspf=s"], Ok),
            ("visio.test", &["v=DMARC1;p=quarantine"], Ok),
            ("visio.test", &["v=DMARC1; p=none; sp=reject"], Warning),
            ("visio.test", &["v=DMARC1; rua=mailto:x@visio.test"], Problem),
            ("visio.test", &["v=DMARC1; p=refuse"], Problem),
            ("visio.test", &[], Problem),
            ("visio.test", &["v=DMARC1; p=reject", "v=DMARC1; p=none"], Problem),
            ("test", &["v=DMARC1; p=none; sp=reject"], Ok),
            ("test", &["v=DMARC1; p=reject; sp=none"], Warning),
        ];
        for (asked, records, expected) in cases {
            assert_eq!(level(asked, records), expected, "{asked} {records:?}");
        }
    }

    #[test]
    fn mx_leads_here_or_to_a_server_that_hands_over() {
        let level = |exchanges: &[&str], here: bool, door: bool| mx("visio.test", &texts(exchanges), "gw.visio.test", here, door).level;
        assert_eq!(level(&["gw.visio.test"], true, true), Ok);
        assert_eq!(level(&["mail.visio.test"], false, true), Warning);
        assert_eq!(level(&["mail.visio.test"], false, false), Ok);
        assert_eq!(level(&[""], false, true), Problem);
        assert_eq!(level(&[], false, true), Problem);
    }
}
