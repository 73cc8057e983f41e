//! Host names written in ASCII (RFC 5890).

/// Labels in Punycode (RFC 3492) written as Unicode.
pub(in super::super) fn punycode(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !is_part(c)) {
        let label = piece.trim_end_matches(|c| !is_part(c));
        let tail = piece.get(label.len()..).unwrap_or_default();
        let marked = label.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("xn--"));
        // RFC 1035 §2.3.4: a label is at most 63 long, which bounds the decoder.
        let encoded = label.get(4..).filter(|_| marked && label.len() <= 63);
        match encoded.and_then(idna::punycode::decode_to_string) {
            Some(decoded) => out.push_str(&decoded),
            None => out.push_str(label),
        }
        out.push_str(tail);
    }
    out
}
