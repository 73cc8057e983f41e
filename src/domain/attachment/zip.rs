//! Zip and gzip looked into: what may be dangerous in them counts as if it had been attached by itself.

use super::{Kind, Reason};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Entries of one archive that are looked at; more are more than anybody sends.
const ENTRIES: usize = 2_000;
/// Octets that are unpacked in all.
const UNPACKED: u64 = 64 << 20;
/// Archives within archives.
const DEPTH: usize = 3;
/// Octets of an entry that tell what it is.
const HEAD: u64 = 8 << 10;
/// The record at the end of a zip: 22 octets, and a comment of at most 65,535.
const END_WITHIN: usize = 22 + 65_535;

/// Whether a zip's end is there: programs read zips from their end, whatever stands before.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(END_WITHIN)..).unwrap_or_default();
    bytes.starts_with(b"PK\x03\x04") || memchr::memmem::find(tail, b"PK\x05\x06").is_some()
}

/// Whether all that is in an archive may pass where `blocks` names what may not.
///
/// # Errors
/// The reason why not: a dangerous file in it, or that it can't be looked into (encrypted, cut, too large, too deep).
pub(super) fn look_into(bytes: &[u8], blocks: &dyn Fn(Kind) -> bool) -> Result<(), Reason> {
    let mut left = UNPACKED;
    within(bytes, blocks, DEPTH, &mut left)
}

fn within(bytes: &[u8], blocks: &dyn Fn(Kind) -> bool, depth: usize, left: &mut u64) -> Result<(), Reason> {
    let depth = depth.checked_sub(1).ok_or(Reason::SealedArchive)?;
    if bytes.starts_with(b"\x1f\x8b") {
        let inner = unpacked(flate2::read::GzDecoder::new(bytes), *left)?;
        *left = left.saturating_sub(length(&inner));
        return entry(&inner, None, blocks, depth, left);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Reason::SealedArchive)?;
    if archive.len() > ENTRIES {
        return Err(Reason::SealedArchive);
    }
    for index in 0..archive.len() {
        // An entry that is encrypted, or packed in a way that isn't known, can't be opened.
        let file = archive.by_index(index).map_err(|_| Reason::SealedArchive)?;
        let name = file.name().map_err(|_| Reason::SealedArchive)?.into_owned();
        if file.is_dir() {
            continue;
        }
        let content = unpacked(file, *left)?;
        *left = left.saturating_sub(length(&content));
        entry(&content, Some(&name), blocks, depth, left)?;
    }
    Ok(())
}

fn entry(content: &[u8], name: Option<&str>, blocks: &dyn Fn(Kind) -> bool, depth: usize, left: &mut u64) -> Result<(), Reason> {
    match Kind::of(content, name, "") {
        Kind::Archive => within(content, blocks, depth, left),
        Kind::SealedArchive => Err(Reason::SealedArchive),
        kind if blocks(kind) => Err(Reason::ArchiveWithDanger),
        _ => Ok(()),
    }
}

/// The whole of an entry. Its size is what comes out, not what the archive says.
fn unpacked(reader: impl Read, left: u64) -> Result<Vec<u8>, Reason> {
    let mut content = Vec::new();
    let read = reader.take(left.saturating_add(1)).read_to_end(&mut content).map_err(|_| Reason::SealedArchive)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > left { Err(Reason::SealedArchive) } else { Ok(content) }
}

fn length(content: &[u8]) -> u64 {
    // What is small counts too: many empty files take their time.
    u64::try_from(content.len()).unwrap_or(u64::MAX).max(HEAD)
}
