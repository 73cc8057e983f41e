//! Pieces of PNG and JPEG: what stands beside a text there (a checksum, a marker) may pass for its letters.

use super::Texts;

/// Between two pieces.
const GAP: &[u8] = b"\n\n\n\n";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

pub(super) fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(PNG) || bytes.starts_with(JPEG)
}

/// Every piece that is no picture data, and what follows the end.
pub(super) fn texts(bytes: &[u8], limit: usize) -> Texts {
    let pieces = if bytes.starts_with(PNG) { chunks(bytes) } else { segments(bytes) };
    let mut joined = Vec::new();
    for piece in pieces.iter().take_while(|piece| piece.len() <= limit) {
        joined.extend_from_slice(piece);
        joined.extend_from_slice(GAP);
    }
    Texts { views: vec![("picture's pieces", joined)], closed: false }
}

fn chunks(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes.get(PNG.len()..).unwrap_or_default();
    while let Some((content, after)) = chunk(rest) {
        pieces.extend(content);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// The content of a chunk, unless it is picture data, and what follows it.
fn chunk(rest: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (kind, after) = after.split_first_chunk::<4>()?;
    let (content, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let after = after.get(4..)?;
    Some((Some(content).filter(|_| kind != b"IDAT"), after))
}

fn segments(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let Some((content, after)) = segment(rest) {
        pieces.push(content);
        rest = after;
    }
    pieces
}

/// The next segment with a length, wherever it begins: between scans and behind the end too.
fn segment(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = memchr::memchr_iter(0xff, rest).find(|at| matches!(rest.get(at + 1), Some(0xe0..=0xef | 0xfe)))?;
    let after = rest.get(start + 2..)?;
    let (length, _) = after.split_first_chunk::<2>()?;
    let content = after.get(2..usize::from(u16::from_be_bytes(*length)).max(2))?;
    Some((content, after.get(content.len() + 2..)?))
}
