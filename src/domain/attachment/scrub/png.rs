//! PNG (W3C PNG, third edition): the chunks that make the picture stay; texts, EXIF, profiles, times and unknown chunks do not.

use crate::domain::attachment::Reason;
use flate2::Crc;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
/// What a picture needs, animations too. Profiles (iCCP) are named by whoever made them.
const KEPT: [&[u8; 4]; 15] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"cICP", b"acTL", b"fcTL", b"fdAT"];

/// The same picture, without anything beside it.
pub(super) fn scrub(bytes: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or(Reason::Damaged)?;
    let mut clean = SIGNATURE.to_vec();
    let (mut is_first, mut data) = (true, 0);
    loop {
        let (chunk, after) = Chunk::split(rest).ok_or(Reason::Damaged)?;
        rest = after;
        if is_first != (chunk.kind == b"IHDR") || is_first && chunk.content.len() != 13 {
            return Err(Reason::Damaged);
        }
        is_first = false;
        data += usize::from(chunk.kind == b"IDAT");
        if KEPT.contains(&chunk.kind) {
            clean.extend_from_slice(chunk.whole);
        } else if chunk.kind.first().is_some_and(u8::is_ascii_uppercase) {
            // A critical chunk that isn't known: whoever shows the picture needs it.
            return Err(Reason::Damaged);
        }
        if chunk.kind == b"IEND" {
            break;
        }
    }
    if data == 0 { Err(Reason::Damaged) } else { Ok(clean) }
}

struct Chunk<'a> {
    kind: &'a [u8; 4],
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The chunk at the beginning, its checksum right, and what follows it.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (length, after) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (content, after) = after.split_at_checked(length)?;
        let (sum, rest) = after.split_first_chunk::<4>()?;
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(content);
        let whole = bytes.get(..length.checked_add(12)?)?;
        (crc.sum() == u32::from_be_bytes(*sum)).then_some((Self { kind, content, whole }, rest))
    }
}
