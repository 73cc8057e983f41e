//! PDF opened with `lopdf` within bounds. The crate forbids `unsafe`, bounds nesting (100) and each stream that it unpacks; what it
//! doesn't bound is done here: how many objects, how much all object streams unpack to, and cross-reference tables that name one
//! large object many times. Its reading of ToUnicode maps fills memory by what a range claims, so that it is never asked for them.

use lopdf::xref::XrefRecovery;
use lopdf::{Document, LoadOptions};

/// Bounds of one PDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdfLimits {
    /// Octets of the file.
    pub bytes: usize,
    /// Objects with a number of their own.
    pub objects: usize,
    /// Words outside of streams, counted by what separates them: each takes about a hundred octets once it is read.
    pub words: usize,
    /// Object streams.
    pub object_streams: usize,
    /// Octets of all object streams unpacked.
    pub object_octets: usize,
    /// Octets of all other streams unpacked that are looked at.
    pub stream_octets: usize,
}

impl Default for PdfLimits {
    fn default() -> Self {
        Self { bytes: 20 << 20, objects: 200_000, words: 3_000_000, object_streams: 512, object_octets: 24 << 20, stream_octets: 48 << 20 }
    }
}

/// Why a PDF can't be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// No PDF, or too broken to be read.
    #[error("the PDF cannot be read")]
    Damaged,
    /// Needs a password, or had one.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// Beyond a limit.
    #[error("the PDF is too large or too complex")]
    TooComplex,
}

/// Opens a PDF. Its cross-reference table is not trusted: objects are found where they stand.
///
/// # Errors
/// Where it is none, encrypted, or beyond a limit.
pub fn open(bytes: &[u8], limits: &PdfLimits) -> Result<Document, Shut> {
    let streams = counted(bytes, limits)?;
    let options = LoadOptions {
        max_decompressed_size: Some(limits.object_octets / streams.max(1)),
        force_reconstruct: true,
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(bytes, options).map_err(|_| Shut::Damaged)?;
    if document.trailer.has(b"Encrypt") || document.is_encrypted() || document.was_encrypted() {
        return Err(Shut::Encrypted);
    }
    if document.xref_recovery != Some(XrefRecovery::Reconstructed) {
        return Err(Shut::Damaged);
    }
    if document.objects.len() > limits.objects {
        return Err(Shut::TooComplex);
    }
    Ok(document)
}

/// Looks at the octets alone, before anything is built from them. Gives how many object streams there may be.
fn counted(bytes: &[u8], limits: &PdfLimits) -> Result<usize, Shut> {
    if bytes.len() > limits.bytes {
        return Err(Shut::TooComplex);
    }
    let objects = memchr::memmem::find_iter(bytes, b" obj").count();
    // Names may be written with `#4f` for `O`: those with a number sign count as one each.
    let named = memchr::memmem::find_iter(bytes, b"ObjStm").count();
    let disguised = memchr::memchr_iter(b'/', bytes).filter(|at| is_disguised(bytes.get(at + 1..).unwrap_or_default())).count();
    if objects > limits.objects || named + disguised > limits.object_streams || words(bytes) > limits.words {
        return Err(Shut::TooComplex);
    }
    Ok(named + disguised)
}

/// Whether a name that stands here reads `ObjStm` once its `#xx` are undone.
fn is_disguised(rest: &[u8]) -> bool {
    let name: &[u8] = rest.get(..rest.len().min(18)).unwrap_or_default();
    let end = name.iter().position(|octet| octet.is_ascii_whitespace() || b"/<>[]()".contains(octet)).unwrap_or(name.len());
    let name = name.get(..end).unwrap_or_default();
    name.contains(&b'#') && undone(name) == b"ObjStm"
}

fn undone(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        (rest, _) = match (*first, hex(0), hex(1)) {
            (b'#', Some(high), Some(low)) => (tail.get(2..).unwrap_or_default(), plain.push(high << 4 | low)),
            (other, ..) => (tail, plain.push(other)),
        };
    }
    plain
}

/// Words outside of streams. Where one has no end the rest counts too.
fn words(bytes: &[u8]) -> usize {
    let mut words = 0;
    let mut rest = bytes;
    while !rest.is_empty() {
        let start = memchr::memmem::find(rest, b"stream").unwrap_or(rest.len());
        let (outside, within) = rest.split_at_checked(start).unwrap_or((rest, &[]));
        words += outside.iter().filter(|octet| octet.is_ascii_whitespace() || b"/[(<".contains(octet)).count();
        let end = memchr::memmem::find(within, b"endstream").map_or(6.min(within.len()), |end| end + b"endstream".len());
        rest = within.get(end..).unwrap_or_default();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_files_are_refused_before_they_are_read() {
        let limits = PdfLimits::default();
        let shut = |bytes: &[u8]| open(bytes, &limits).err();
        assert_eq!(shut(b"no PDF"), Some(Shut::Damaged));
        assert_eq!(shut(&vec![b' '; limits.bytes + 1]), Some(Shut::TooComplex));
        assert_eq!(shut(format!("%PDF-1.7\n1 0 obj\n[{}]\nendobj\n", "0 ".repeat(4_000_000)).as_bytes()), Some(Shut::TooComplex));
        assert_eq!(shut("/Type /ObjStm ".repeat(600).as_bytes()), Some(Shut::TooComplex));
        assert_eq!(shut("/Type /Obj#53tm ".repeat(600).as_bytes()), Some(Shut::TooComplex));
        assert_eq!(shut("1 0 obj\n".repeat(300_000).as_bytes()), Some(Shut::TooComplex));
    }

    #[test]
    fn deep_nesting_ends_on_a_small_stack() {
        let body = |open: &str, close: &str| format!("%PDF-1.7\n1 0 obj\n{}1{}\nendobj\n", open.repeat(200_000), close.repeat(200_000));
        let cases = [body("[", "]"), body("<</A ", ">>"), body("(", ")")];
        let judge = move || cases.iter().filter(|case| open(case.as_bytes(), &PdfLimits::default()).is_ok()).count();
        let opened = std::thread::Builder::new().stack_size(1 << 20).spawn(judge).unwrap().join().unwrap();
        assert_eq!(opened, 0);
    }
}
