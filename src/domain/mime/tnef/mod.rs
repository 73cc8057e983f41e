//! TNEF (winmail.dat, MS-OXTNEF): what Outlook sends over POP and IMAP in the place of MIME parts. Read here within
//! limits, and the meeting in it told as an iCalendar object.

mod attributes;
mod code_page;
mod compressed;
mod cursor;
mod identity;
mod meeting;
pub mod property;
mod rtf;
mod tags;
mod user;
mod words;

use chrono::NaiveDateTime;
use property::Properties;

pub use meeting::{Beside, Meeting, Untold};

/// The octets of a GUID as they stand in the stream.
pub type Guid = [u8; 16];

/// The first octets of every stream (MS-OXTNEF §2.1.3.1), little-endian.
pub const SIGNATURE: [u8; 4] = [0x78, 0x9F, 0x3E, 0x22];

/// Bounds of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TnefLimits {
    /// Octets.
    pub bytes: usize,
    /// Attributes, of the message and its attachments together.
    pub attributes: usize,
    /// Values of MAPI properties, of all lists together; embedded messages have as many of their own.
    pub values: usize,
    /// Octets of RTF that are unpacked; what is beyond isn't looked at.
    pub rtf: usize,
    /// How deep messages may be embedded in messages; deeper ones stay closed.
    pub depth: usize,
}

impl Default for TnefLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, attributes: 20_000, values: 50_000, rtf: 4 << 20, depth: 1 }
    }
}

/// Why octets are no TNEF that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TnefError {
    /// Another signature.
    #[error("it has no TNEF signature")]
    NotTnef,
    /// It ends within an attribute.
    #[error("the TNEF ends too early")]
    Cut,
    /// Over a limit.
    #[error("the TNEF is too large: {0}")]
    TooLarge(&'static str),
}

/// Somebody whom an attribute names: a name and an address, either of which may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Display name.
    pub name: String,
    /// Address, often `SMTP:…`.
    pub address: String,
}

/// A message in TNEF.
#[derive(Clone, Debug, Default)]
pub struct TnefMessage<'a> {
    /// attMessageClass, as written: the old spelling (`IPM.Microsoft Schedule.MtgRespP`).
    pub class: Option<String>,
    /// attSubject.
    pub subject: Option<String>,
    /// attBody.
    pub body: Option<String>,
    /// attFrom.
    pub from: Option<Party>,
    /// attOwner: whose calendar the meeting stands in; the organizer's, in an answer.
    pub owner: Option<Party>,
    /// attSentFor: in whose name it was sent.
    pub sent_for: Option<Party>,
    /// attDateStart: a clock without a zone.
    pub starts: Option<NaiveDateTime>,
    /// attDateEnd: a clock without a zone.
    pub ends: Option<NaiveDateTime>,
    /// attAidOwner: the organizer's number of the appointment.
    pub appointment: Option<u32>,
    /// attRequestRes: whether an answer is asked for.
    pub wants_answer: Option<bool>,
    /// attOemCodepage, else windows-1252.
    pub code_page: u32,
    /// attMsgProps.
    pub properties: Properties<'a>,
    /// attRecipTable: the properties of each recipient.
    pub recipients: Vec<Properties<'a>>,
    /// Attachments in order.
    pub attachments: Vec<TnefAttachment<'a>>,
    /// What was odd, for people.
    pub defects: Vec<&'static str>,
    /// Octets of RTF that may be unpacked.
    rtf: usize,
}

/// What an attachment holds.
#[derive(Clone, Debug, Default)]
pub enum Content<'a> {
    /// Nothing that can be passed on (a link, an OLE object).
    #[default]
    Nothing,
    /// A file.
    File(&'a [u8]),
    /// A message.
    Message(Box<TnefMessage<'a>>),
}

/// An attachment in TNEF.
#[derive(Clone, Debug, Default)]
pub struct TnefAttachment<'a> {
    /// attAttachTitle: the short file name.
    pub title: Option<String>,
    /// attAttachment: its MAPI properties.
    pub properties: Properties<'a>,
    /// attAttachData, else what the properties hold.
    pub content: Content<'a>,
}

/// What of a message's values has been used up.
struct Budget {
    values: usize,
}

impl Budget {
    fn spend(&mut self) -> Option<()> {
        self.values = self.values.checked_sub(1)?;
        Some(())
    }
}

impl<'a> TnefMessage<'a> {
    /// Reads a stream. A wrong checksum, a list of properties that breaks off, and the like, are defects.
    ///
    /// # Errors
    /// Where it is no TNEF, is cut off, or is over a limit: what is half read could say the contrary of the whole.
    pub fn read(bytes: &'a [u8], limits: &TnefLimits) -> Result<Self, TnefError> {
        attributes::read(bytes, limits)
    }

    /// The iCalendar object of a meeting's request, cancellation or answer (MS-OXCICAL). `beside` is what the mail
    /// around it says, for what the TNEF leaves out.
    ///
    /// # Errors
    /// Where it is no meeting, or not one that can be told without guessing.
    pub fn meeting(&self, beside: &Beside<'_>) -> Result<Meeting, Untold> {
        meeting::of(self, beside)
    }

    /// What the sender wrote as plain text, with LF; made from the RTF or the HTML where there is no plain text.
    pub fn text(&self) -> Option<String> {
        words::text(self)
    }

    /// The HTML body, and its charset.
    pub fn html(&self) -> Option<(&'a [u8], String)> {
        words::html(self)
    }
}

impl TnefAttachment<'_> {
    /// The long file name, else the short one.
    pub fn file_name(&self) -> Option<String> {
        let known = [tags::ATTACH_LONG_FILENAME, tags::ATTACH_FILENAME].into_iter().find_map(|tag| self.properties.text(&tag));
        known.or_else(|| self.title.clone()).or_else(|| self.properties.text(&tags::DISPLAY_NAME))
    }

    /// Media type in lower case, where it is said.
    pub fn content_type(&self) -> Option<String> {
        let kind = self.properties.text(&tags::ATTACH_MIME_TAG)?;
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind.contains('/').then_some(kind)
    }

    /// Content-ID without brackets.
    pub fn content_id(&self) -> Option<String> {
        let id = self.properties.text(&tags::ATTACH_CONTENT_ID)?;
        let id = id.trim_matches(['<', '>']).to_owned();
        (!id.is_empty()).then_some(id)
    }

    /// Whether the HTML shows it, rather than a list of files (PidTagAttachmentHidden).
    pub fn is_hidden(&self) -> bool {
        self.properties.number(&tags::ATTACHMENT_HIDDEN) == Some(1)
    }
}
