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

/// The texts in these bytes, up to about `limit` octets; none where they are no document.
pub(super) fn texts(bytes: &[u8], limit: usize) -> Texts {
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
