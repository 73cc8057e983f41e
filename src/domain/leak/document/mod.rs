//! Documents as people see them: the texts of PDF pages, of office documents over the runs that programs cut them into, the
//! streams of compound files and the pieces of pictures. Read with other people's code, which is made not to panic; should it do so, the file counts as closed.

mod cmap;
mod compound;
mod fonts;
mod markup;
mod page;
mod pdf;
mod picture;

/// The texts of a document, and whether all of it could be read.
#[derive(Default)]
pub(super) struct Texts {
    /// How it was read, and the text.
    pub(super) views: Vec<(&'static str, Vec<u8>)>,
    /// True when something kept the reader from its text: encryption, damage, a font without letters, a limit.
    pub(super) closed: bool,
}

/// How documents begin that are read here, but for those of text.
const SIGNATURES: [&[u8]; 3] = [b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];
/// A word may be glued to the base64 of a document: what it decodes to stands before.
const GLUED: usize = 64;

/// Where a document begins, at the start of these bytes or shortly behind it.
pub(super) fn document_start(bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..bytes.len().min(GLUED)).unwrap_or_default();
    SIGNATURES.iter().find_map(|signature| memchr::memmem::find(head, signature))
}

/// The texts in these bytes, up to about `limit` octets; none where they are no document.
pub(super) fn texts(bytes: &[u8], limit: usize) -> Texts {
    let bytes = document_start(bytes).and_then(|start| bytes.get(start..)).unwrap_or(bytes);
    let read: fn(&[u8], usize) -> Texts = if pdf::is_pdf(bytes) {
        pdf::texts
    } else if compound::is_compound(bytes) {
        compound::texts
    } else if picture::is_picture(bytes) {
        picture::texts
    } else if markup::is_office(bytes) {
        markup::texts
    } else {
        return Texts::default();
    };
    contained(|| read(bytes, limit))
}

/// A panic of a reader closes the file; nothing is shared with the outside that could be left half changed.
fn contained(read: impl FnOnce() -> Texts) -> Texts {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or(Texts { views: Vec::new(), closed: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_reader_closes_the_file_and_nothing_else() {
        assert!(contained(|| panic!("a reader's bug")).closed);
    }
}
