//! Streams of a PDF: pictures lose their metadata, odd filters are undone, so that whoever looks at the file can see into it.

use super::super::jpeg;
use crate::domain::attachment::Reason;
use crate::domain::document::pdf::PdfLimits;
use lopdf::{Document, Object, Stream};

/// Filters under which a stream stays as it is: what they hold has no metadata, or (Flate) is seen through by everybody.
const PLAIN: [&[u8]; 3] = [b"FlateDecode", b"CCITTFaxDecode", b"JBIG2Decode"];

/// Cleans every stream.
pub(super) fn clean(document: &mut Document, limits: &PdfLimits) -> Result<(), Reason> {
    let mut left = limits.stream_octets;
    for object in document.objects.values_mut() {
        if let Object::Stream(stream) = object {
            one(stream, &mut left)?;
        }
    }
    Ok(())
}

fn one(stream: &mut Stream, left: &mut usize) -> Result<(), Reason> {
    abbreviations(stream);
    let filters: Vec<Vec<u8>> = match stream.dict.get(b"Filter") {
        Ok(_) => stream.filters().map_err(|_| Reason::Damaged)?.into_iter().map(<[u8]>::to_vec).collect(),
        Err(_) => Vec::new(),
    };
    let names: Vec<&[u8]> = filters.iter().map(Vec::as_slice).collect();
    match names.as_slice() {
        [] => Ok(()),
        [only] if PLAIN.contains(only) => Ok(()),
        [b"DCTDecode"] => {
            let clean = jpeg::scrub(&stream.content)?;
            stream.set_content(clean);
            Ok(())
        }
        [around @ .., b"DCTDecode"] if !around.is_empty() => {
            let inner = unpacked(stream, around, left)?;
            stream.dict.remove(b"DecodeParms");
            stream.dict.set("Filter", Object::Name(b"DCTDecode".to_vec()));
            stream.set_content(jpeg::scrub(&inner)?);
            Ok(())
        }
        // JPEG 2000 has boxes for XML and rights; nothing here takes them out.
        several if several.iter().any(|name| matches!(*name, b"JPXDecode" | b"DCTDecode" | b"Crypt")) => Err(Reason::Embedded),
        several if several.iter().any(|name| matches!(*name, b"CCITTFaxDecode" | b"JBIG2Decode")) => Err(Reason::Embedded),
        all => {
            let inner = unpacked(stream, all, left)?;
            stream.set_plain_content(inner);
            stream.compress().map_err(|_| Reason::Damaged)
        }
    }
}

/// What is in the stream once these filters, its first ones, are undone.
fn unpacked(stream: &Stream, filters: &[&[u8]], left: &mut usize) -> Result<Vec<u8>, Reason> {
    let mut part = stream.clone();
    part.dict.set("Filter", Object::Array(filters.iter().map(|name| Object::Name(name.to_vec())).collect()));
    let inner = part.decompressed_content_with_limit(*left).map_err(|_| Reason::TooComplex)?;
    *left = left.saturating_sub(inner.len());
    Ok(inner)
}

/// Some programs write the short names of inline images (§8.9.7) everywhere.
fn abbreviations(stream: &mut Stream) {
    let long = |name: &[u8]| match name {
        b"Fl" => b"FlateDecode".to_vec(),
        b"DCT" => b"DCTDecode".to_vec(),
        b"LZW" => b"LZWDecode".to_vec(),
        b"A85" => b"ASCII85Decode".to_vec(),
        b"AHx" => b"ASCIIHexDecode".to_vec(),
        b"RL" => b"RunLengthDecode".to_vec(),
        b"CCF" => b"CCITTFaxDecode".to_vec(),
        other => other.to_vec(),
    };
    match stream.dict.get_mut(b"Filter") {
        Ok(Object::Name(name)) => *name = long(name),
        Ok(Object::Array(names)) => {
            for name in names {
                if let Object::Name(name) = name {
                    *name = long(name);
                }
            }
        }
        Ok(_) | Err(_) => {}
    }
}
