//! The texts within bytes that are none.

/// Between two stretches: breaks words, runs of base64, and UTF-16 at any place.
const GAP: &[u8] = b"\n\n\n\n";

/// Stretches of plain text in big binary data: printable ASCII, zeros (UTF-16), whole UTF-8 characters.
pub(in super::super) fn strict_stretches(bytes: &[u8]) -> Vec<u8> {
    const SHORTEST: usize = 6;
    let mut out = Vec::new();
    let mut stretch: Vec<u8> = Vec::new();
    let flush = |stretch: &mut Vec<u8>, out: &mut Vec<u8>| {
        if stretch.len() >= SHORTEST {
            out.extend_from_slice(stretch);
            out.extend_from_slice(GAP);
        }
        stretch.clear();
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() && !matches!(c, '\0' | '\t' | '\r' | '\n') {
                flush(&mut stretch, &mut out);
            } else {
                stretch.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        if !chunk.invalid().is_empty() {
            flush(&mut stretch, &mut out);
        }
    }
    flush(&mut stretch, &mut out);
    out
}

/// The same for small data, where letters of other charsets count too.
pub(super) fn loose_stretches(bytes: &[u8], out: &mut Vec<u8>) {
    const SHORTEST: usize = 4;
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | 0 | b'\t' | b'\r' | b'\n' | 0x80..=0xff);
    for stretch in bytes.split(|byte| !is_text(byte)).filter(|stretch| stretch.len() >= SHORTEST) {
        out.extend_from_slice(stretch);
        out.extend_from_slice(GAP);
    }
}
