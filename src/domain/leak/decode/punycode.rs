//! Host names written in ASCII (RFC 5890).

use super::patch::{Patch, Reading};

/// Labels in Punycode (RFC 3492) written as Unicode.
pub(in super::super) fn punycode(text: &str, marks: &[usize]) -> Option<Reading> {
    let bytes = text.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let mut patch = Patch::of(bytes, marks);
    for dashes in memchr::memmem::find_iter(bytes, b"--") {
        let Some(start) = dashes.checked_sub(2).filter(|start| *start >= patch.at()) else { continue };
        let marked = bytes.get(start..dashes).is_some_and(|head| head.eq_ignore_ascii_case(b"xn"));
        let begins = start == 0 || !bytes.get(start - 1).is_some_and(is_part);
        if !(marked && begins) {
            continue;
        }
        // RFC 1035 §2.3.4: a label is at most 63 long, which bounds the decoder.
        let length = bytes.iter().skip(dashes + 2).take(60).take_while(|byte| is_part(byte)).count();
        let end = dashes + 2 + length;
        let encoded = text.get(dashes + 2..end).filter(|_| length <= 59);
        if let Some(decoded) = encoded.and_then(idna::punycode::decode_to_string) {
            patch.replace(start..end, decoded.as_bytes());
        }
    }
    patch.finish()
}
