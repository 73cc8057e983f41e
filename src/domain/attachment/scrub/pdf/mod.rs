//! PDF (ISO 32000): every object read, cleaned by lists of what may stay, and written anew, without earlier versions and without
//! what nothing refers to.

mod objects;
mod streams;

use crate::domain::attachment::Reason;
use crate::domain::document::pdf::{PdfLimits, Shut, open};
use lopdf::xref::XrefType;
use lopdf::{Dictionary, Document, Object, ObjectId};
use std::collections::BTreeSet;

/// Bounds of a PDF for guests.
pub const PDF_LIMITS: PdfLimits = PdfLimits {
    bytes: 20 << 20,
    objects: 200_000,
    words: 3_000_000,
    object_streams: 512,
    object_octets: 24 << 20,
    stream_octets: 48 << 20,
};

/// The catalog (§7.7.2): what it takes to show pages and find one's way. No metadata, forms, scripts, attachments, signatures.
const CATALOG: [&[u8]; 13] = [
    b"Type",
    b"Pages",
    b"Outlines",
    b"PageLabels",
    b"PageMode",
    b"PageLayout",
    b"ViewerPreferences",
    b"Dests",
    b"Names",
    b"OCProperties",
    b"StructTreeRoot",
    b"MarkInfo",
    b"Lang",
];

impl From<Shut> for Reason {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Damaged => Self::Damaged,
            Shut::Encrypted => Self::Encrypted,
            Shut::TooComplex => Self::TooComplex,
        }
    }
}

/// The same pages in a new file.
pub(super) fn scrub(bytes: &[u8], limits: &PdfLimits) -> Result<Vec<u8>, Reason> {
    let mut document = open(bytes, limits)?;
    let catalog = catalog(&document)?;
    trailer_alone(&mut document, catalog);
    catalog_alone(&mut document, catalog)?;
    let dropped = objects::clean(&mut document);
    objects::forget(&mut document, &dropped);
    document.prune_objects();
    streams::clean(&mut document, limits)?;
    if document.get_pages().is_empty() {
        return Err(Reason::Damaged);
    }
    written(document, limits)
}

fn catalog(document: &Document) -> Result<ObjectId, Reason> {
    document.trailer.get(b"Root").and_then(Object::as_reference).map_err(|_| Reason::Damaged)
}

/// The trailer loses Info, ID and the links to earlier versions.
fn trailer_alone(document: &mut Document, catalog: ObjectId) {
    document.trailer = Dictionary::new();
    document.trailer.set("Root", Object::Reference(catalog));
}

fn catalog_alone(document: &mut Document, id: ObjectId) -> Result<(), Reason> {
    let names = document.catalog().ok().and_then(|catalog| catalog.get_deref(b"Names", document).ok()?.as_dict().ok().cloned());
    let catalog = document.get_dictionary_mut(id).map_err(|_| Reason::Damaged)?;
    objects::keep(catalog, &CATALOG);
    // Of the trees of names the destinations of links.
    catalog.remove(b"Names");
    if let Some(destinations) = names.as_ref().and_then(|names| names.get(b"Dests").ok()) {
        let mut kept = Dictionary::new();
        kept.set("Dests", destinations.clone());
        catalog.set("Names", Object::Dictionary(kept));
    }
    Ok(())
}

/// The file, with a plain table of objects, in a version that everybody reads.
fn written(mut document: Document, limits: &PdfLimits) -> Result<Vec<u8>, Reason> {
    document.version = "1.7".to_owned();
    document.binary_mark = vec![0xe2, 0xe3, 0xcf, 0xd3];
    document.reference_table.cross_reference_type = XrefType::CrossReferenceTable;
    document.renumber_objects();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(|_| Reason::Damaged)?;
    if bytes.len() > limits.bytes { Err(Reason::TooComplex) } else { Ok(bytes) }
}

/// Objects that were emptied.
type Dropped = BTreeSet<ObjectId>;
