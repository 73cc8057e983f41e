//! Which files pass in which direction. All of it is settings, with defaults that are safe.

use super::kind::ending;
use super::{Kind, Reason, zip};
use serde::Deserialize;

/// What applies to the files of mail, both ways. See docs/attachments.md.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttachmentPolicy {
    /// Files of guests for organizers: all pass as they are but those that may do harm.
    pub to_organizer: FilesToOrganizer,
    /// Files of organizers for guests: only those pass of which everything that names their author can be removed.
    pub to_guest: FilesToGuest,
}

/// Files of guests for organizers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesToOrganizer {
    /// Most files of one mail that are passed on.
    pub files: usize,
    /// Largest file, in octets.
    pub file_bytes: usize,
    /// Octets of all files of one mail.
    pub total_bytes: usize,
    /// Whether archives pass that can't be looked into: 7z, RAR, tar, disk images, and zips with a password.
    pub sealed_archives: bool,
    /// Whether calendar objects, visiting cards and attached messages pass as files.
    pub objects: bool,
    /// Endings of names that do not pass either, such as `dwg`.
    pub blocked_endings: Vec<String>,
}

/// Files of organizers for guests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesToGuest {
    /// Most files of one mail that are passed on.
    pub files: usize,
    /// Largest file, in octets.
    pub file_bytes: usize,
    /// Octets of all files of one mail.
    pub total_bytes: usize,
    /// Whether plain text passes.
    pub text: bool,
    /// Whether JPEG and PNG pass. What a picture shows is not looked at.
    pub pictures: bool,
    /// Whether PDF passes.
    pub pdf: bool,
    /// Whether docx, xlsx and pptx pass.
    pub office: bool,
}

impl Default for FilesToOrganizer {
    fn default() -> Self {
        Self { files: 50, file_bytes: 25 << 20, total_bytes: 40 << 20, sealed_archives: false, objects: false, blocked_endings: Vec::new() }
    }
}

impl Default for FilesToGuest {
    fn default() -> Self {
        Self { files: 10, file_bytes: 5 << 20, total_bytes: 10 << 20, text: true, pictures: true, pdf: true, office: true }
    }
}

/// What is left of the bounds of one mail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    files: usize,
    file_bytes: usize,
    total_bytes: usize,
}

impl Allowance {
    /// Whether a file of this size fits in.
    pub(super) fn fits(&self, size: usize) -> Result<(), Reason> {
        if self.files == 0 {
            Err(Reason::TooMany)
        } else if size > self.file_bytes || size > self.total_bytes {
            Err(Reason::TooLarge)
        } else {
            Ok(())
        }
    }

    pub(super) fn spend(&mut self, size: usize) {
        self.files = self.files.saturating_sub(1);
        self.total_bytes = self.total_bytes.saturating_sub(size);
    }
}

impl FilesToOrganizer {
    pub(super) fn allowance(&self) -> Allowance {
        Allowance { files: self.files, file_bytes: self.file_bytes, total_bytes: self.total_bytes }
    }

    /// Whether a guest's file passes.
    ///
    /// # Errors
    /// The reason why not.
    pub(super) fn takes(&self, kind: Kind, name: Option<&str>, bytes: &[u8]) -> Result<(), Reason> {
        let ending = name.and_then(ending).unwrap_or_default();
        if self.blocked_endings.iter().any(|blocked| blocked.trim_start_matches('.').eq_ignore_ascii_case(&ending)) {
            return Err(Reason::Ending);
        }
        match kind {
            Kind::Executable => Err(Reason::Executable),
            Kind::Script => Err(Reason::Script),
            Kind::Macros => Err(Reason::Macros),
            Kind::Page => Err(Reason::Page),
            Kind::Calendar | Kind::Contact | Kind::Message if self.objects => Ok(()),
            Kind::Calendar => Err(Reason::Calendar),
            Kind::Contact => Err(Reason::Contact),
            Kind::Message => Err(Reason::Message),
            Kind::SealedArchive if self.sealed_archives => Ok(()),
            Kind::SealedArchive => Err(Reason::SealedArchive),
            Kind::Archive => match zip::look_into(bytes, &|inner| self.takes(inner, None, &[]).is_err()) {
                Err(Reason::SealedArchive) if self.sealed_archives => Ok(()),
                looked => looked,
            },
            Kind::Text | Kind::Jpeg | Kind::Png | Kind::Pdf | Kind::Office | Kind::Picture | Kind::Media => Ok(()),
            Kind::OpenDocument | Kind::Rtf | Kind::Key | Kind::Unknown | Kind::OldOffice => Ok(()),
        }
    }
}

impl FilesToGuest {
    pub(super) fn allowance(&self) -> Allowance {
        Allowance { files: self.files, file_bytes: self.file_bytes, total_bytes: self.total_bytes }
    }

    /// Whether a file of this kind may go to a guest, once it is scrubbed.
    ///
    /// # Errors
    /// The reason why not.
    pub(super) fn takes(&self, kind: Kind) -> Result<(), Reason> {
        let passes = match kind {
            Kind::Text => self.text,
            Kind::Jpeg | Kind::Png => self.pictures,
            Kind::Pdf => self.pdf,
            Kind::Office => self.office,
            Kind::Picture | Kind::Media | Kind::OpenDocument | Kind::Rtf | Kind::Contact | Kind::Key | Kind::Unknown => false,
            Kind::OldOffice | Kind::Message | Kind::Archive | Kind::SealedArchive | Kind::Calendar => false,
            Kind::Page | Kind::Macros | Kind::Script | Kind::Executable => false,
        };
        if passes { Ok(()) } else { Err(Reason::NotForGuests) }
    }
}
