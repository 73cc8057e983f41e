//! What can't be opened, and so can't be shown to be clean.

/// How files begin whose compression or encryption the guard doesn't know.
const SIGNATURES: [&[u8]; 7] = [
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"MSCF\0\0\0\0",
    b"\x04\x22\x4d\x18",
    b"SZDD\x88\xf0\x27\x33",
];
/// TNEF (winmail.dat) begins so; its texts are plain, but for the compressed RTF.
const TNEF: &[u8] = b"\x78\x9f\x3e\x22";

/// The name of the format, where one is seen that can't be opened.
pub(in super::super) fn sealed(bytes: &[u8]) -> Option<&'static str> {
    if SIGNATURES.iter().any(|signature| bytes.starts_with(signature)) || is_bzip2(bytes) {
        Some("an unknown compression")
    } else if bytes.starts_with(b"%PDF") && (has(bytes, b"/Encrypt") || has(bytes, b"/LZWDecode") || has(bytes, b"/ASCII85Decode")) {
        Some("a PDF with unknown filters")
    } else if bytes.starts_with(TNEF) && has(bytes, b"LZFu") {
        Some("compressed RTF")
    } else if has(bytes, b"-----BEGIN PGP MESSAGE-----") {
        Some("encrypted text")
    } else {
        None
    }
}

fn is_bzip2(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BZh") && bytes.get(4..10) == Some(b"1AY&SY")
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.len() >= text.len() && memchr::memmem::find(bytes, text).is_some()
}
