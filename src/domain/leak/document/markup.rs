//! The text of office markup (OOXML, OpenDocument): runs of a paragraph joined, paragraphs and cells apart.

use super::Texts;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Namespaces of office documents; their markup is looked at, any other is not.
const NAMESPACES: [&[u8]; 4] = [
    b"http://schemas.openxmlformats.org/",
    b"http://purl.oclc.org/ooxml/",
    b"urn:oasis:names:tc:opendocument:",
    b"urn:schemas-microsoft-com:",
];
/// What comes before the first element is short.
const HEAD: usize = 16 << 10;

pub(super) fn is_office(bytes: &[u8]) -> bool {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head = start.get(..start.len().min(HEAD)).unwrap_or_default();
    start.starts_with(b"<") && NAMESPACES.iter().any(|namespace| memchr::memmem::find(head, namespace).is_some())
}

/// Twice: with what was struck out and fields compute, and without.
pub(super) fn texts(bytes: &[u8], limit: usize) -> Texts {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Texts::default();
    for (way, all) in [("document text", false), ("document text with changes", true)] {
        let shown = shown(&text, all);
        found.closed |= shown.len() > limit;
        found.views.push((way, shown.into_bytes()));
    }
    found
}

fn shown(text: &str, all: bool) -> String {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut out = String::new();
    let mut hidden = 0_usize;
    // What breaks off was read up to there; the octets themselves are looked at anyway.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(start) => {
                hidden += usize::from(!all && is_hidden(start.local_name().as_ref()));
                separate(start.local_name().as_ref(), &mut out);
            }
            Event::Empty(empty) => separate(empty.local_name().as_ref(), &mut out),
            Event::End(end) => {
                hidden = hidden.saturating_sub(usize::from(!all && is_hidden(end.local_name().as_ref())));
                separate(end.local_name().as_ref(), &mut out);
            }
            Event::Text(text) if hidden == 0 => out.push_str(&text.xml10_content()),
            Event::CData(text) if hidden == 0 => out.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if hidden == 0 => match reference.resolve_char_ref() {
                Ok(Some(c)) => out.push(c),
                _ => out.push(match reference.xml10_content().as_ref() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "apos" => '\'',
                    _ => '"',
                }),
            },
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {}
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    out
}

fn is_hidden(local: &str) -> bool {
    matches!(local, "delText" | "instrText" | "delInstrText" | "rPh")
}

/// Where words end: at paragraphs, breaks, tabs, cells and list items.
fn separate(local: &str, out: &mut String) {
    let ends = matches!(
        local,
        "p" | "h"
            | "br"
            | "cr"
            | "tab"
            | "ptab"
            | "tc"
            | "tr"
            | "row"
            | "c"
            | "si"
            | "is"
            | "v"
            | "f"
            | "author"
            | "comment"
            | "line-break"
            | "s"
            | "table-cell"
            | "table-row"
            | "list-item"
            | "title"
            | "creator"
            | "cat"
            | "pt"
            | "ser"
    );
    if ends && !out.ends_with('\n') {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_join_and_paragraphs_part() {
        let word = "<w:p><w:r><w:t>Ber</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>nar&#100;in</w:t></w:r></w:p><w:p><w:r><w:t>Texte</w:t></w:r></w:p>";
        assert_eq!(shown(word, false), "\nBernardin\nTexte\n");
        let struck = "<w:p><w:r><w:t>Ber</w:t></w:r><w:del><w:r><w:delText>x</w:delText></w:r></w:del><w:r><w:t>nardin</w:t></w:r></w:p>";
        assert_eq!(shown(struck, false), "\nBernardin\n");
        assert_eq!(shown(struck, true), "\nBerxnardin\n");
        assert_eq!(shown("<sst><si><r><t>Ber</t></r><r><t>nardin</t></r></si><si><t>x</t></si></sst>", false), "\nBernardin\nx\n");
    }
}
