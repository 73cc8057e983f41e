//! What a file is by its first octets (and, for zips, by the last): how programs recognize it, whatever its name.

use super::Kind;
use super::zip::is_zip;

/// Readers of PDF look for its signature in so many octets.
const PDF_WITHIN: usize = 1024;
/// As much of a text is looked at to see which it is.
const TEXT_HEAD: usize = 4096;

/// First octets that are enough.
const SIGNATURES: &[(Kind, &[u8])] = &[
    (Kind::Executable, b"MZ"),
    (Kind::Executable, b"\x7fELF"),
    (Kind::Executable, b"\xfe\xed\xfa\xce"),
    (Kind::Executable, b"\xfe\xed\xfa\xcf"),
    (Kind::Executable, b"\xce\xfa\xed\xfe"),
    (Kind::Executable, b"\xcf\xfa\xed\xfe"),
    (Kind::Executable, b"\xca\xfe\xba\xbe"),
    (Kind::Executable, b"!<arch>\ndebian"),
    (Kind::Executable, b"\xed\xab\xee\xdb"),
    (Kind::Executable, b"dex\n035\0"),
    (Kind::Executable, b"\0asm"),
    // Shortcut of Windows (MS-SHLLINK §2.1), compiled help.
    (Kind::Script, b"L\0\0\0\x01\x14\x02\0"),
    (Kind::Script, b"ITSF"),
    // OneNote and Access carry programs.
    (Kind::Macros, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"),
    (Kind::Macros, b"\0\x01\0\0Standard Jet DB"),
    (Kind::Macros, b"\0\x01\0\0Standard ACE DB"),
    (Kind::Archive, b"\x1f\x8b\x08"),
    (Kind::SealedArchive, b"7z\xbc\xaf\x27\x1c"),
    (Kind::SealedArchive, b"Rar!\x1a\x07"),
    (Kind::SealedArchive, b"\xfd7zXZ\0"),
    (Kind::SealedArchive, b"\x28\xb5\x2f\xfd"),
    (Kind::SealedArchive, b"BZh"),
    (Kind::SealedArchive, b"MSCF"),
    (Kind::SealedArchive, b"xar!"),
    (Kind::SealedArchive, b"\x78\x9f\x3e\x22"),
    (Kind::Jpeg, b"\xff\xd8\xff"),
    (Kind::Png, b"\x89PNG\r\n\x1a\n"),
    (Kind::Picture, b"GIF8"),
    (Kind::Picture, b"BM"),
    (Kind::Picture, b"II*\0"),
    (Kind::Picture, b"MM\0*"),
    (Kind::Picture, b"\0\0\x01\0"),
    (Kind::Picture, b"8BPS"),
    (Kind::Picture, b"\x01\0\0\0\x58\0\0\0"),
    (Kind::Picture, b"\xd7\xcd\xc6\x9a"),
    (Kind::Media, b"ID3"),
    (Kind::Media, b"OggS"),
    (Kind::Media, b"fLaC"),
    (Kind::Media, b"\x1a\x45\xdf\xa3"),
    (Kind::Rtf, b"{\\rtf"),
];

/// What the content says; [`Kind::Unknown`] where it says nothing, [`Kind::Text`] for what reads as text and nothing else.
pub(super) fn content(bytes: &[u8]) -> Kind {
    // Texts may begin as anything does (`BM`, `MZ`, `ID3`): what can be read as a text is one.
    let start = match readable(bytes) {
        Some(text) => of_text(&text),
        None => binary(bytes).max(page_in_front(bytes)),
    };
    let head = bytes.get(..bytes.len().min(PDF_WITHIN)).unwrap_or_default();
    let is_pdf = memchr::memmem::find(head, b"%PDF-").is_some();
    let start = if is_pdf && matches!(start, Kind::Text | Kind::Unknown) { Kind::Pdf } else { start };
    // A zip is read from its end: it may stand behind anything, such as a picture.
    if is_zip(bytes) { start.max(zipped(bytes)) } else { start }
}

fn binary(bytes: &[u8]) -> Kind {
    let found = SIGNATURES.iter().filter(|(_, start)| bytes.starts_with(start)).map(|(kind, _)| *kind).max();
    let zip = || bytes.starts_with(b"PK\x03\x04").then_some(Kind::Text);
    found.or_else(|| framed(bytes)).or_else(zip).unwrap_or(Kind::Unknown)
}

/// Formats whose signature stands behind a length.
fn framed(bytes: &[u8]) -> Option<Kind> {
    match (bytes.get(..4), bytes.get(4..8), bytes.get(8..12)) {
        (Some(b"RIFF"), _, Some(b"WEBP")) => Some(Kind::Picture),
        (Some(b"RIFF"), _, Some(_)) => Some(Kind::Media),
        (_, Some(b"ftyp"), Some(b"heic" | b"heix" | b"mif1" | b"msf1" | b"avif" | b"avis" | b"heif")) => Some(Kind::Picture),
        (_, Some(b"ftyp"), Some(_)) => Some(Kind::Media),
        (_, Some(b"jP  "), _) => Some(Kind::Picture),
        (Some(b"\xd0\xcf\x11\xe0"), Some(b"\xa1\xb1\x1a\xe1"), _) => Some(compound(bytes)),
        _ if bytes.get(257..262) == Some(b"ustar") => Some(Kind::SealedArchive),
        _ if bytes.get(0x8001..0x8006) == Some(b"CD001") => Some(Kind::SealedArchive),
        (Some([0xff, 0xfb | 0xf3 | 0xf2, ..]), ..) => Some(Kind::Media),
        _ => None,
    }
}

/// OLE compound files: the names in their directory are UTF-16.
fn compound(bytes: &[u8]) -> Kind {
    let has = |name: &str| {
        // Names in the directory end with a zero; words of a text go on.
        let wide: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(bytes, &wide).is_some()
    };
    let has_piece = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(bytes, &wide).is_some()
    };
    if has("_VBA_PROJECT") || has("_VBA_PROJECT_CUR") || has("VBA") || has("Macros") {
        Kind::Macros
    } else if has_piece("__substg1.0_") || has("__properties_version1.0") {
        Kind::Message
    } else if ["WordDocument", "Workbook", "Book", "PowerPoint Document", "VisioDocument", "Quill"].iter().any(|name| has(name)) {
        Kind::OldOffice
    } else if has("EncryptedPackage") {
        Kind::SealedArchive
    } else {
        // Installers are compound files without a telling name.
        Kind::Executable
    }
}

/// What a zip is by the names of its entries, which the directory at its end has as they are.
fn zipped(bytes: &[u8]) -> Kind {
    let has = |name: &[u8]| memchr::memmem::find(bytes, name).is_some();
    if has(b"vbaProject.bin") || has(b"xl/macrosheets/") {
        Kind::Macros
    } else if has(b"[Content_Types].xml") && (has(b"word/") || has(b"xl/") || has(b"ppt/")) {
        Kind::Office
    } else if has(b"mimetypeapplication/vnd.oasis.opendocument.") {
        Kind::OpenDocument
    } else if has(b"META-INF/MANIFEST.MF") || has(b"AndroidManifest.xml") || has(b"AppxManifest.xml") {
        Kind::Executable
    } else {
        Kind::Archive
    }
}

/// Which text it is: some programs run it.
fn of_text(text: &str) -> Kind {
    let head: String = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).chars().take(TEXT_HEAD).collect();
    let head = head.to_lowercase();
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| head.starts_with(beginning));
    if starts(&SCRIPTS) {
        Kind::Script
    } else if starts(&["begin:vcalendar"]) {
        Kind::Calendar
    } else if starts(&["mime-version:"]) || is_markup(&head) {
        Kind::Page
    } else if starts(&["received:", "return-path:", "delivered-to:", "message-id:", "from - "]) {
        Kind::Message
    } else if starts(&["begin:vcard"]) {
        Kind::Contact
    } else if starts(&["-----begin "]) {
        Kind::Key
    } else if starts(&["{\\rtf"]) {
        Kind::Rtf
    } else if starts(&["<?xml"]) {
        Kind::Unknown
    } else {
        Kind::Text
    }
}

/// How texts begin that systems run.
const SCRIPTS: [&str; 11] = [
    "#!",
    "@echo",
    "<?php",
    "<job",
    "<package",
    "<scriptlet",
    "<component",
    "[internetshortcut]",
    "windows registry editor",
    "regedit4",
    "set-executionpolicy",
];

/// Tags that make browsers take a text for a page, or run it.
fn is_markup(head: &str) -> bool {
    const TAGS: [&str; 13] = [
        "<script",
        "<html",
        "<body",
        "<head",
        "<iframe",
        "<svg",
        "<math",
        "<!doctype html",
        "<meta http-equiv",
        "<object",
        "<embed",
        "<form",
        "<?xml-stylesheet",
    ];
    TAGS.iter().any(|tag| head.contains(tag))
}

/// Markup at the beginning of what also is something else.
fn page_in_front(bytes: &[u8]) -> Kind {
    let head = bytes.get(..bytes.len().min(TEXT_HEAD)).unwrap_or_default().to_ascii_lowercase();
    let is_page = [&b"<script"[..], b"<html", b"<!doctype html"].iter().any(|tag| memchr::memmem::find(&head, tag).is_some());
    if is_page { Kind::Page } else { Kind::Text }
}

/// The text, where there is nothing but text: UTF-8, UTF-16 with its mark, or one octet a letter without control characters.
fn readable(bytes: &[u8]) -> Option<String> {
    let text = crate::domain::mime::charset::decode(bytes, None);
    let is_odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{85}') || c == '\u{fffd}';
    // Some old programs end a text so.
    let text = text.trim_end_matches('\u{1a}');
    (!text.chars().any(is_odd)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_by_their_beginnings() {
        let cases: [(&[u8], Kind); 24] = [
            (b"", Kind::Text),
            ("Bonjour à tous".as_bytes(), Kind::Text),
            (b"Montr\xe9al", Kind::Text),
            (b"\xff\xfeA\0b\0", Kind::Text),
            (b"\x01\x02\x03", Kind::Unknown),
            (b"\xef\xbb\xbf  <!DOCTYPE html><p>", Kind::Page),
            (b"Text first <script>alert(1)</script>", Kind::Page),
            (b"\xff\xfe<\0h\0t\0m\0l\0>\0", Kind::Page),
            (b"<svg xmlns=''>", Kind::Page),
            (b"begin:vcalendar\r\n", Kind::Calendar),
            (b"BEGIN:VCARD\r\n", Kind::Contact),
            (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", Kind::Key),
            (b"#!/bin/sh\n", Kind::Script),
            (b"@ECHO OFF\r\n", Kind::Script),
            (b"[InternetShortcut]\r\nURL=x", Kind::Script),
            (b"MZ\x90\0", Kind::Executable),
            (b"junk %PDF-1.4 ", Kind::Pdf),
            (b"GIF89a<script>\x01", Kind::Page),
            (b"MZ Conseil, Lyon", Kind::Text),
            (b"BMW", Kind::Text),
            (b"{\\rtf1 a}", Kind::Rtf),
            (b"<?xml version='1.0'?><invoice/>", Kind::Unknown),
            (b"RIFF\0\0\0\0WEBPVP8 ", Kind::Picture),
            (b"Received: from x by y\r\n", Kind::Message),
        ];
        for (bytes, kind) in cases {
            assert_eq!(content(bytes), kind, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
