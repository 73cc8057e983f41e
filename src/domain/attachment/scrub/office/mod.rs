//! Office Open XML (ECMA-376): the package is opened, every part judged by its content type, and a new package written from those
//! that may stay, cleaned. Dates, comments and extra fields of the old zip do not go over.

mod links;
mod markup;
mod parts;

use super::{jpeg, png};
use crate::domain::attachment::{Kind, Reason};
use links::Links;
use parts::{Fate, Types};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Bounds of an office document for guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfficeLimits {
    /// Parts of the package.
    pub parts: usize,
    /// Octets of all parts unpacked, those of packages in the package too.
    pub unpacked: u64,
    /// Deepest nesting of elements.
    pub depth: usize,
    /// Packages within packages: a chart has its table so.
    pub packages: usize,
}

/// Bounds of an office document for guests.
pub const OOXML_LIMITS: OfficeLimits = OfficeLimits { parts: 4_000, unpacked: 96 << 20, depth: 512, packages: 2 };

/// Where a package says what its parts are (ECMA-376 part 2 §7.2.3).
const TYPES: &str = "[Content_Types].xml";

/// The parts of a package by name.
type Parts = BTreeMap<String, Vec<u8>>;

/// The same document in a new package.
pub(super) fn scrub(bytes: &[u8], limits: &OfficeLimits) -> Result<Vec<u8>, Reason> {
    let mut left = limits.unpacked;
    package(bytes, limits, limits.packages, &mut left)
}

fn package(bytes: &[u8], limits: &OfficeLimits, packages: usize, left: &mut u64) -> Result<Vec<u8>, Reason> {
    let packages = packages.checked_sub(1).ok_or(Reason::TooComplex)?;
    let parts = unpacked(bytes, limits, left)?;
    let types = Types::read(parts.get(TYPES).ok_or(Reason::Damaged)?, limits.depth)?;
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for name in parts.keys().filter(|name| *name != TYPES && !links::is_links(name)) {
        match types.fate(name) {
            Fate::Drop => {}
            Fate::Block(reason) => return Err(reason),
            Fate::Markup | Fate::Picture | Fate::Package => {
                kept.insert(name);
            }
        }
    }
    let mut clean = vec![(TYPES.to_owned(), types.without(parts.get(TYPES).ok_or(Reason::Damaged)?, &kept, limits.depth)?)];
    for name in &kept {
        let content = parts.get(*name).ok_or(Reason::Damaged)?;
        let links = Links::of(name, &parts, &kept, limits.depth)?;
        let content = match types.fate(name) {
            Fate::Markup => markup::clean(content, &links.gone, limits.depth)?,
            Fate::Picture => picture(content)?,
            Fate::Package => package(content, limits, packages, left)?,
            Fate::Drop => continue,
            Fate::Block(reason) => return Err(reason),
        };
        clean.push(((*name).to_owned(), content));
        clean.extend(links.part);
    }
    // The links of the package itself belong to no part.
    clean.extend(Links::of("", &parts, &kept, limits.depth)?.part);
    written(&clean)
}

/// Every part, within the bounds. What comes out is counted, not what the zip says.
fn unpacked(bytes: &[u8], limits: &OfficeLimits, left: &mut u64) -> Result<Parts, Reason> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Reason::Damaged)?;
    if archive.len() > limits.parts {
        return Err(Reason::TooComplex);
    }
    let mut parts = Parts::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|_| Reason::Damaged)?;
        if file.is_dir() {
            continue;
        }
        if file.encrypted() {
            return Err(Reason::Encrypted);
        }
        let name = file.name().map_err(|_| Reason::Damaged)?.trim_start_matches('/').to_owned();
        // Names are compared without regard to case (ECMA-376 part 2 §6.2.2.3); odd ones say something, or lead elsewhere.
        let is_plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"/._-[] ()%&+,@=~$".contains(&octet));
        if !is_plain || name.split('/').any(|step| matches!(step, "" | "." | "..")) || !seen.insert(name.to_ascii_lowercase()) {
            return Err(Reason::Damaged);
        }
        let mut content = Vec::new();
        let read = file.take(left.saturating_add(1)).read_to_end(&mut content).map_err(|_| Reason::Damaged)?;
        *left = left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)).ok_or(Reason::TooComplex)?;
        parts.insert(name, content);
    }
    Ok(parts)
}

fn picture(content: &[u8]) -> Result<Vec<u8>, Reason> {
    match Kind::of(content, None, "") {
        Kind::Jpeg => jpeg::scrub(content),
        Kind::Png => png::scrub(content),
        _ => Err(Reason::Embedded),
    }
}

fn written(parts: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Reason> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(DateTime::default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(name.as_str(), options).map_err(|_| Reason::Damaged)?;
        zip.write_all(content).map_err(|_| Reason::Damaged)?;
    }
    zip.finish().map(Cursor::into_inner).map_err(|_| Reason::Damaged)
}
