//! The texts within bytes that are none.

/// Between two stretches: breaks words, runs of base64, and UTF-16 at any place.
pub(super) const GAP: &[u8] = b"\n\n\n\n";

/// Stretches of plain text: printable ASCII, zeros (UTF-16), whole UTF-8 characters.
pub(in super::super) fn strict_stretches(bytes: &[u8]) -> Vec<u8> {
    const SHORTEST: usize = 6;
    let mut out = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at <= bytes.len() {
        let step = bytes.get(at..).map_or(0, character);
        if step > 0 {
            at += step;
            continue;
        }
        if at - start >= SHORTEST {
            out.extend_from_slice(bytes.get(start..at).unwrap_or_default());
            out.extend_from_slice(GAP);
        }
        at += 1;
        start = at;
    }
    out
}

/// Octets of the character of a text that begins here; none for control characters and what is no UTF-8.
fn character(rest: &[u8]) -> usize {
    match rest {
        [b' '..=b'~' | 0 | b'\t' | b'\r' | b'\n', ..] => 1,
        // The controls of U+0080 to U+009F are no text either.
        [0xc2, 0xa0..=0xbf, ..] | [0xc3..=0xdf, 0x80..=0xbf, ..] => 2,
        [0xe0..=0xef, 0x80..=0xbf, 0x80..=0xbf, ..] => whole(rest, 3),
        [0xf0..=0xf4, 0x80..=0xbf, 0x80..=0xbf, 0x80..=0xbf, ..] => whole(rest, 4),
        _ => 0,
    }
}

fn whole(rest: &[u8], length: usize) -> usize {
    if rest.get(..length).is_some_and(|bytes| std::str::from_utf8(bytes).is_ok()) { length } else { 0 }
}

/// The same where letters of any charset count, for one look at each.
pub(super) fn faint_stretches(bytes: &[u8], out: &mut Vec<u8>) {
    const SHORTEST: usize = 4;
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | 0 | b'\t' | b'\r' | b'\n' | 0x80..=0xff);
    for stretch in bytes.split(|byte| !is_text(byte)).filter(|stretch| stretch.len() >= SHORTEST) {
        out.extend_from_slice(stretch);
        out.extend_from_slice(GAP);
    }
}
