//! Files in mail: what each is, whether it passes, and what is taken out of those for guests. See docs/attachments.md.

mod kind;
mod name;
mod policy;
mod scrub;
mod shown;
mod sniff;
mod zip;

pub use kind::Kind;
pub use name::{clean_name, plain_name};
pub use policy::{AttachmentPolicy, FilesToGuest, FilesToOrganizer};
pub use scrub::{OOXML_LIMITS, PDF_LIMITS, scrub};
pub use shown::{pictures_aside, without_markers};

use super::mime::{InboundMail, Part, Placement};
use std::collections::BTreeSet;

/// Why a file was not passed on. Each is a phrase in every language (`blocked` in templates).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A program.
    Executable,
    /// A script or shortcut.
    Script,
    /// Macros.
    Macros,
    /// One of these in an archive.
    ArchiveWithDanger,
    /// An archive that can't be looked into.
    SealedArchive,
    /// A web page.
    Page,
    /// A calendar object.
    Calendar,
    /// A visiting card.
    Contact,
    /// An attached message.
    Message,
    /// Its ending is on the list of the settings.
    Ending,
    /// Too large, by itself or with those before it.
    TooLarge,
    /// There are too many.
    TooMany,
    /// Of a kind whose author can't be removed.
    NotForGuests,
    /// Broken, or not what it says it is.
    Damaged,
    /// Needs a password.
    Encrypted,
    /// More than can be looked through.
    TooComplex,
    /// Holds something that can't be cleaned: an embedded file, a picture of another format, a program.
    Embedded,
    /// Its text can't be read, so that nobody can say what it shows.
    Unreadable,
}

impl Reason {
    /// Whether it is of a kind that may do harm, or that the settings name: the helpdesk hears of these.
    pub fn is_alarming(self) -> bool {
        match self {
            Self::Executable | Self::Script | Self::Macros | Self::ArchiveWithDanger | Self::SealedArchive | Self::Page => true,
            Self::Ending => true,
            Self::Calendar | Self::Contact | Self::Message => false,
            Self::TooLarge | Self::TooMany | Self::NotForGuests | Self::Damaged | Self::Encrypted | Self::TooComplex => false,
            Self::Embedded | Self::Unreadable => false,
        }
    }
}

/// A file that was not passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Its name, cleaned; its media type where it has none.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Why.
    pub reason: Reason,
}

/// A guest's files, sorted.
#[derive(Clone, Debug, Default)]
pub struct ForOrganizer<'m> {
    /// Those that are passed on as they are, pictures of the HTML among them.
    pub passed: Vec<&'m Part>,
    /// Those that are not.
    pub blocked: Vec<Blocked>,
}

/// A file that goes to a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestFile {
    /// Its name, cleaned.
    pub name: String,
    /// What it is: one of those that can be scrubbed.
    pub kind: Kind,
    /// Its media type, as we say it.
    pub media_type: &'static str,
    /// The content, scrubbed.
    pub bytes: Vec<u8>,
}

/// An organizer's files, sorted and scrubbed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForGuest {
    /// Those that go, under cleaned names.
    pub files: Vec<GuestFile>,
    /// Those that do not.
    pub blocked: Vec<Blocked>,
}

/// Sorts what a guest attached.
pub fn for_organizer<'m>(mail: &'m InboundMail, policy: &FilesToOrganizer) -> ForOrganizer<'m> {
    let mut sorted = ForOrganizer::default();
    let mut allowance = policy.allowance();
    for part in mail.parts.iter().filter(|part| is_file(part) && !is_invitation(part)) {
        let kind = Kind::of(&part.bytes, part.file_name.as_deref(), &part.content_type);
        let fits = allowance.fits(part.bytes.len());
        match fits.and_then(|()| policy.takes(kind, part.file_name.as_deref(), &part.bytes)) {
            Ok(()) => {
                allowance.spend(part.bytes.len());
                sorted.passed.push(part);
            }
            Err(reason) => sorted.blocked.push(Blocked { name: shown_name(part), kind, reason }),
        }
    }
    sorted.blocked.extend(messages(mail));
    sorted
}

/// Sorts and scrubs what an organizer attached. Pictures in `aside` (Content-IDs, [`pictures_aside`]) were not meant to go.
pub fn for_guest(mail: &InboundMail, aside: &BTreeSet<String>, policy: &FilesToGuest) -> ForGuest {
    let mut sorted = ForGuest::default();
    let mut allowance = policy.allowance();
    let is_aside = |part: &Part| part.content_id.as_ref().is_some_and(|id| aside.contains(id)) && part.content_type.starts_with("image/");
    let is_meant = |part: &&Part| is_file(part) && !is_invitation(part) && !is_aside(part);
    for part in mail.parts.iter().filter(is_meant) {
        let kind = Kind::of(&part.bytes, part.file_name.as_deref(), &part.content_type);
        let fits = policy.takes(kind).and_then(|()| allowance.fits(part.bytes.len()));
        match fits.and_then(|()| scrub(kind, &part.bytes)) {
            Ok(bytes) => {
                allowance.spend(bytes.len());
                let name = name::for_guest(part.file_name.as_deref(), kind, sorted.files.len() + 1);
                sorted.files.push(GuestFile { media_type: name::media_type(kind, &name), name, kind, bytes });
            }
            Err(reason) => sorted.blocked.push(Blocked { name: shown_name(part), kind, reason }),
        }
    }
    sorted.blocked.extend(messages(mail));
    sorted
}

impl ForGuest {
    /// Takes the files back for which `reads` says that their text can't be read.
    pub fn without_unreadable(&mut self, reads: impl Fn(&GuestFile) -> bool) {
        let (files, unreadable): (Vec<_>, Vec<_>) = std::mem::take(&mut self.files).into_iter().partition(reads);
        self.files = files;
        let blocked = unreadable.into_iter().map(|file| Blocked { name: file.name, kind: file.kind, reason: Reason::Unreadable });
        self.blocked.extend(blocked);
    }
}

/// Files: not the words, nor what is inside an attached message, nor a signature of the mail, which fits no other mail.
fn is_file(part: &Part) -> bool {
    let is_signature =
        matches!(part.content_type.as_str(), "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature");
    matches!(part.placement, Placement::Inline | Placement::Attachment) && !is_signature
}

/// A calendar object that mail programs act upon: it has been acted on already.
fn is_invitation(part: &Part) -> bool {
    part.content_type == "text/calendar" && part.parameter("method").is_some()
}

/// Messages that are attached: opened already, and never passed on. Each begins with its header block.
fn messages(mail: &InboundMail) -> impl Iterator<Item = Blocked> {
    let heads = mail.parts.iter().filter(|part| part.placement == Placement::Embedded && part.content_type == "text/rfc822-headers");
    let outermost = heads.clone().map(|part| part.depth).min();
    heads.filter(move |part| Some(part.depth) == outermost).map(|part| {
        let head = super::mime::read(&part.bytes, &super::mime::MimeLimits::default());
        let name = clean_name(Some(&head.subject)).unwrap_or_else(|| "message/rfc822".to_owned());
        Blocked { name, kind: Kind::Message, reason: Reason::Message }
    })
}

fn shown_name(part: &Part) -> String {
    clean_name(part.file_name.as_deref()).unwrap_or_else(|| part.content_type.clone())
}
