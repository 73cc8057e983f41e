//! Compressed streams, wherever they begin: gzip, zip entries, and the zlib streams of PDF, PNG and others.

use super::super::document::document_start;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::io::Read;

/// Fewer bytes are no stream with a secret in it: RFC 1950 alone takes six for its frame.
const SMALLEST: usize = 12;

/// What was found, and whether all of it could be unpacked.
pub(in super::super) struct Streams {
    /// How it was packed, and the content.
    pub(in super::super) views: Vec<(&'static str, Vec<u8>)>,
    /// False when a limit cut something off, or something is packed in a way that can't be undone.
    pub(in super::super) complete: bool,
}

/// Inflates every stream in these bytes, up to `limit` bytes in all.
pub(in super::super) fn streams(bytes: &[u8], limit: usize) -> Streams {
    let mut out = Streams { views: Vec::new(), complete: true };
    let mut left = limit;
    for at in starts(bytes) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (way, (view, complete)) = match Stream::at(rest) {
            Some(Stream::Gzip) => ("gzip", inflate(GzDecoder::new(rest), left)),
            Some(Stream::Zlib) => ("zlib", inflate(ZlibDecoder::new(rest), left)),
            Some(Stream::Entry(content)) => ("zip", inflate(DeflateDecoder::new(content), left)),
            Some(Stream::Sealed) => {
                out.complete = false;
                continue;
            }
            None => continue,
        };
        out.complete &= complete;
        left = left.saturating_sub(view.len());
        if !view.is_empty() {
            out.views.push((way, view));
        }
        if !complete {
            break;
        }
    }
    out
}

/// Whether something compressed begins anywhere in these bytes, or a document near their start: cut into its texts it could not be read.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.len() >= SMALLEST && (is_stream(bytes) || document_start(bytes).is_some())
}

fn is_stream(bytes: &[u8]) -> bool {
    super::sealed(bytes).is_some() || starts(bytes).any(|at| bytes.get(at..).is_some_and(|rest| Stream::at(rest).is_some()))
}

/// Where the first byte of a stream stands.
fn starts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr3_iter(0x1f, b'P', 0x78, bytes)
}

enum Stream<'a> {
    Gzip,
    Zlib,
    Entry(&'a [u8]),
    Sealed,
}

impl<'a> Stream<'a> {
    fn at(rest: &'a [u8]) -> Option<Self> {
        match rest {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [b'P', b'K', 3, 4, ..] => Self::entry(rest),
            // RFC 1950 §2.2: the two bytes are a multiple of 31; bit 5 would ask for a dictionary.
            [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..] => (*flags & 0x20 == 0).then_some(Self::Zlib),
            _ => None,
        }
    }

    /// Local file header of a zip: 30 bytes, name, extra field, content.
    fn entry(rest: &'a [u8]) -> Option<Self> {
        let number = |at: usize| Some(usize::from(*rest.get(at)?) | usize::from(*rest.get(at + 1)?) << 8);
        let (flags, method) = (number(6)?, number(8)?);
        let content = rest.get(30 + number(26)? + number(28)?..)?;
        match method {
            _ if flags & 1 != 0 => Some(Self::Sealed),
            8 => Some(Self::Entry(content)),
            // Stored as it is: looked at with what is around it.
            0 => None,
            _ => Some(Self::Sealed),
        }
    }
}

fn inflate(reader: impl Read, limit: usize) -> (Vec<u8>, bool) {
    let mut view = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX);
    // What was read before an error is kept: a broken stream may still tell.
    let _ = reader.take(bound.saturating_add(1)).read_to_end(&mut view);
    let complete = view.len() <= limit;
    view.truncate(limit);
    (view, complete)
}
