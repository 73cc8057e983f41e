//! Scrubbing: a new file with what people see of the old one, and without what names its author. Built from lists of what may
//! stay; what can't be cleaned for certain is an error, never passed on half clean.

mod jpeg;
mod office;
mod pdf;
mod png;

pub use office::OOXML_LIMITS;
pub use pdf::PDF_LIMITS;

use super::{Kind, Reason};
use crate::domain::mime::charset;

/// The file as a guest may have it. Bounded in time and memory; nothing in `bytes` makes it panic.
///
/// # Errors
/// The reason why the file can't be passed on.
pub fn scrub(kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, Reason> {
    match kind {
        Kind::Text => Ok(text(bytes)),
        Kind::Jpeg => jpeg::scrub(bytes),
        Kind::Png => png::scrub(bytes),
        Kind::Pdf => contained(|| pdf::scrub(bytes, &PDF_LIMITS)),
        Kind::Office => contained(|| office::scrub(bytes, &OOXML_LIMITS)),
        Kind::Picture | Kind::Media | Kind::OpenDocument | Kind::Rtf | Kind::Contact | Kind::Key | Kind::Unknown => {
            Err(Reason::NotForGuests)
        }
        Kind::OldOffice | Kind::Message | Kind::Archive | Kind::SealedArchive | Kind::Calendar => Err(Reason::NotForGuests),
        Kind::Page | Kind::Macros | Kind::Script | Kind::Executable => Err(Reason::NotForGuests),
    }
}

/// Text has no author but in its words: written anew in one charset, its mark taken off.
fn text(bytes: &[u8]) -> Vec<u8> {
    charset::decode(bytes, None).trim_start_matches('\u{feff}').as_bytes().to_vec()
}

/// Readers of PDF and zip are other people's code. They are made not to panic; should one do so nevertheless, the file is
/// blocked and the process goes on. Nothing is shared with the outside that could be left half changed.
fn contained(scrub: impl FnOnce() -> Result<Vec<u8>, Reason>) -> Result<Vec<u8>, Reason> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(scrub)).unwrap_or(Err(Reason::Damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_reader_blocks_the_file_and_nothing_else() {
        assert_eq!(contained(|| panic!("a reader's bug")), Err(Reason::Damaged));
    }

    #[test]
    fn text_is_written_anew() {
        assert_eq!(scrub(Kind::Text, b"\xff\xfeA\0\xe9\0"), Ok("Aé".as_bytes().to_vec()));
        assert_eq!(scrub(Kind::Text, b"\xef\xbb\xbfok"), Ok(b"ok".to_vec()));
        assert_eq!(scrub(Kind::Archive, b"PK"), Err(Reason::NotForGuests));
    }
}
