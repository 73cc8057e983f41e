//! Bytes inside bytes: base64 and hex runs of text, gzip, zip and PDF streams.

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::io::Read;

/// Shorter runs of base64 or hex are taken for words.
const SHORTEST_RUN: usize = 16;

/// What was found, and whether all of it could be unpacked within the limit.
pub(super) struct Unpacked {
    /// How it was packed, and the content.
    pub(super) views: Vec<(&'static str, Vec<u8>)>,
    /// False when a limit cut something off.
    pub(super) complete: bool,
}

/// Unpacks everything packed in these bytes, up to `limit` bytes in all.
pub(super) fn unpack(bytes: &[u8], limit: usize) -> Unpacked {
    let mut out = Unpacked { views: Vec::new(), complete: true };
    let mut left = limit;
    for (way, mut view) in base64_runs(bytes) {
        out.complete &= view.len() <= left;
        view.truncate(left);
        left -= view.len();
        out.views.push((way, view));
    }
    for at in 0..bytes.len() {
        let Some(rest) = bytes.get(at..) else { break };
        let inflated = if rest.starts_with(&[0x1f, 0x8b, 8]) {
            ("gzip", inflate(GzDecoder::new(rest), left))
        } else if let Some(content) = zip_entry(rest) {
            ("zip", inflate(DeflateDecoder::new(content), left))
        } else if let Some(content) = pdf_stream(rest) {
            ("PDF stream", inflate(ZlibDecoder::new(content), left))
        } else {
            continue;
        };
        let (way, (view, complete)) = inflated;
        out.complete &= complete;
        left = left.saturating_sub(view.len());
        if !view.is_empty() {
            out.views.push((way, view));
        }
    }
    out
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

/// A deflated entry: local file header of 30 bytes, name, extra field, content.
fn zip_entry(rest: &[u8]) -> Option<&[u8]> {
    let deflated = rest.starts_with(b"PK\x03\x04") && rest.get(8..10)? == [8, 0];
    let length = |at: usize| Some(usize::from(*rest.get(at)?) | usize::from(*rest.get(at + 1)?) << 8);
    if deflated { rest.get(30 + length(26)? + length(28)?..) } else { None }
}

fn pdf_stream(rest: &[u8]) -> Option<&[u8]> {
    let content = rest.strip_prefix(b"stream")?;
    content.strip_prefix(b"\r\n").or_else(|| content.strip_prefix(b"\n"))
}

fn base64_runs(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut views = Vec::new();
    let mut run = Vec::new();
    let mut breaks = 0;
    for byte in bytes.iter().copied().chain([0]) {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => {
                run.push(byte);
                breaks = 0;
            }
            b'\r' | b'\n' if !run.is_empty() && breaks < 2 => breaks += 1,
            // RFC 5545 §3.1: a folded line goes on after one white space.
            b' ' | b'\t' if breaks > 0 => breaks = 2,
            _ => {
                decode_run(&run, &mut views);
                run.clear();
                breaks = 0;
            }
        }
    }
    views
}

fn decode_run(run: &[u8], views: &mut Vec<(&'static str, Vec<u8>)>) {
    if run.len() < SHORTEST_RUN {
        return;
    }
    if run.iter().all(u8::is_ascii_hexdigit) {
        views.push(("hex", pack(run, 4)));
    }
    // A path or a word may stand before it, so every alignment is tried on short runs.
    let alignments = if run.len() < 512 { 4 } else { 1 };
    for skip in 0..alignments {
        views.push(("base64", pack(run.get(skip..).unwrap_or_default(), 6)));
    }
}

/// Joins digits of `bits` bits each.
fn pack(digits: &[u8], bits: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(digits.len());
    let (mut buffer, mut held) = (0_u32, 0_u32);
    for digit in digits {
        let value = match (digit, bits) {
            (b'0'..=b'9', 4) => digit - b'0',
            (_, 4) => (digit | 0x20).wrapping_sub(b'a') + 10,
            (b'A'..=b'Z', _) => digit - b'A',
            (b'a'..=b'z', _) => digit - b'a' + 26,
            (b'0'..=b'9', _) => digit - b'0' + 52,
            (b'+' | b'-', _) => 62,
            _ => 63,
        };
        buffer = (buffer << bits | u32::from(value)) & 0xffff;
        held += bits;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(buffer >> held & 0xff).unwrap_or_default());
        }
    }
    out
}
