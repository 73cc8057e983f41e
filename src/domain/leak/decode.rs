//! One function per disguise of text. Each is total: what it doesn't understand it leaves as it is.

/// Quoted-printable (RFC 2045 §6.7), soft line breaks included.
pub(super) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        if *byte != b'=' {
            out.push(*byte);
            at += 1;
        } else if rest.starts_with(b"\r\n") {
            at += 3;
        } else if rest.starts_with(b"\n") {
            at += 2;
        } else if let Some(value) = hex_pair(rest) {
            out.push(value);
            at += 3;
        } else {
            out.push(b'=');
            at += 1;
        }
    }
    out
}

/// Percent encoding (RFC 3986 §2.1, RFC 2231 §4).
pub(super) fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match hex_pair(bytes.get(at + 1..).unwrap_or_default()).filter(|_| *byte == b'%') {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

/// Calendar lines unfolded (RFC 5545 §3.1), `\` and `^` escapes undone (§3.3.11, RFC 6868).
pub(super) fn calendar(text: &str) -> String {
    let unfolded = text.replace("\r\n ", "").replace("\r\n\t", "").replace("\n ", "").replace("\n\t", "");
    let plain = unfolded.replace("\\n", " ").replace("\\N", " ").replace('\\', "");
    plain.replace("^n", " ").replace("^'", "\"").replace("^^", "^")
}

/// Encoded words (RFC 2047), neighbours joined, and parameter continuations (RFC 2231 §3).
pub(super) fn headers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("=?") {
        let mut fields = after.splitn(4, '?');
        let parts = (fields.next(), fields.next(), fields.next(), fields.next());
        let (Some(_), Some(kind), Some(word), Some(tail)) = parts else { break };
        let Some(tail) = tail.strip_prefix('=') else {
            out.push_str(before);
            out.push_str("=?");
            rest = after;
            continue;
        };
        out.push_str(if before.trim().is_empty() { "" } else { before });
        let bytes = if kind.eq_ignore_ascii_case("q") {
            quoted_printable(word.replace('_', " ").as_bytes())
        } else {
            data_encoding::BASE64_NOPAD.decode(word.trim_end_matches('=').as_bytes()).unwrap_or_default()
        };
        out.push_str(&text_of(&bytes));
        rest = tail;
    }
    out.push_str(rest);
    continuations(&out)
}

fn continuations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split(';').enumerate() {
        let section = piece.split_once('=').filter(|(name, _)| {
            let mut marks = name.trim().trim_end_matches('*').rsplitn(2, '*');
            let number = marks.next().and_then(|n| n.parse::<u16>().ok());
            marks.next().is_some() && number.is_some_and(|n| n > 0)
        });
        match section {
            Some((_, value)) => {
                let end = out.trim_end_matches(['"', ' ', '\r', '\n', '\t']).len();
                out.truncate(end);
                out.push_str(value.trim_start_matches('"'));
            }
            None => {
                if index > 0 {
                    out.push(';');
                }
                out.push_str(piece);
            }
        }
    }
    out
}

/// Character references of HTML, numeric and the few named ones that hide an address or a name.
pub(super) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('&');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        match reference(piece) {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => {
                out.push('&');
                out.push_str(piece);
            }
        }
    }
    out
}

fn reference(piece: &str) -> Option<(char, &str)> {
    let (c, rest) = if let Some(number) = piece.strip_prefix('#') {
        let (radix, digits) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (16, digits),
            None => (10, number),
        };
        let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let (digits, rest) = digits.split_at_checked(end)?;
        (char::from_u32(u32::from_str_radix(digits, radix).ok()?)?, rest)
    } else {
        const NAMED: [(&str, char); 8] = [
            ("commat", '@'),
            ("period", '.'),
            ("nbsp", ' '),
            ("shy", '\u{ad}'),
            ("lowbar", '_'),
            ("hyphen", '-'),
            ("amp", '&'),
            ("zwnj", '\u{200c}'),
        ];
        let named = NAMED.iter().find_map(|(name, c)| Some((*c, piece.strip_prefix(name)?)));
        // `eacute` and its like fold to their first letter anyway.
        let accented = || {
            const ACCENTS: [&str; 8] = ["acute", "grave", "circ", "uml", "cedil", "tilde", "ring", "caron"];
            let first = piece.chars().next().filter(char::is_ascii_alphabetic)?;
            let rest = piece.get(1..)?;
            ACCENTS.iter().find_map(|accent| Some((first, rest.strip_prefix(accent)?)))
        };
        named.or_else(accented)?
    };
    Some((c, rest.strip_prefix(';').unwrap_or(rest)))
}

/// Tags and comments removed, so that `cla<b>ire</b>` joins.
pub(super) fn tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let end = if after.starts_with("!--") { "-->" } else { ">" };
        let markup = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        match after.split_once(end).filter(|_| markup) {
            Some((_, tail)) => rest = tail,
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Labels in Punycode (RFC 3492) written as Unicode.
pub(super) fn punycode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        let label = piece.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let tail = piece.get(label.len()..).unwrap_or_default();
        let decoded = label.get(..4).filter(|head| head.eq_ignore_ascii_case("xn--"));
        // RFC 1035 §2.3.4: a label is at most 63 long, which bounds the decoder.
        let short = decoded.filter(|_| label.len() <= 63).and_then(|_| label.get(4..));
        out.push_str(&short.and_then(idna::punycode::decode_to_string).unwrap_or_else(|| label.to_owned()));
        out.push_str(tail);
    }
    out
}

/// As UTF-8, or else as Latin-1.
pub(super) fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

fn hex_pair(rest: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}
