//! A caught mail as its reader's program understands it.

use crate::domain::address::{NamedMailbox, ReversePath};
use crate::domain::itip::{self, CalendarObject, Method};
use crate::domain::mime::{self, InboundMail, MimeLimits};
use crate::domain::thread::MessageId;
use crate::flow::port::CaughtMail;
use chrono::{DateTime, Utc};

/// What is needed to answer a mail.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Whose mailbox it is in.
    pub reader: NamedMailbox,
    /// To whom an answer goes: Reply-To, else From.
    pub writer: NamedMailbox,
    /// Its id.
    pub message_id: Option<MessageId>,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Where a bounce goes.
    pub reverse_path: ReversePath,
    /// When it was caught.
    pub at: DateTime<Utc>,
}

impl Letter {
    /// Reads a caught mail; `None` when it names nobody to answer.
    pub fn of(caught: &CaughtMail, mail: &InboundMail) -> Option<Self> {
        let reader = mail.to.iter().find(|to| to.mailbox.same_as(&caught.recipient)).cloned();
        Some(Self {
            reader: reader.unwrap_or_else(|| NamedMailbox::bare(caught.recipient.clone())),
            writer: mail.reply_to.first().or(mail.from.first())?.clone(),
            message_id: mail.message_id.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            reverse_path: caught.reverse_path.clone(),
            at: caught.at,
        })
    }
}

/// An invitation that can be accepted or declined.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The mail; the writer is the ORGANIZER, as programs answer that address.
    pub letter: Letter,
    /// UID.
    pub uid: String,
    /// SEQUENCE.
    pub sequence: u32,
    /// SUMMARY.
    pub summary: String,
    /// DTSTART.
    pub starts_at: DateTime<Utc>,
    /// DTEND.
    pub ends_at: DateTime<Utc>,
}

impl Invitation {
    /// The REQUEST in the mail, if there is one.
    pub fn of(letter: &Letter, calendar: &CalendarObject) -> Option<Self> {
        let event = calendar.main_event().filter(|_| calendar.method == Some(Method::Request))?;
        let writer = event.organizer.clone().unwrap_or_else(|| letter.writer.clone());
        Some(Self {
            letter: Letter { writer, ..letter.clone() },
            uid: event.uid.clone(),
            sequence: event.sequence,
            summary: event.summary.clone().unwrap_or_default(),
            starts_at: event.start.as_ref()?.instant()?,
            ends_at: event.end.as_ref()?.instant()?,
        })
    }
}

/// Parses the bytes.
pub fn read_mail(raw: &[u8]) -> InboundMail {
    mime::read(raw, &MimeLimits::default())
}

/// The mail's own calendar object, if one can be read.
pub fn read_calendar(mail: &InboundMail) -> Option<CalendarObject> {
    mail.calendars.iter().filter(|part| !part.embedded).find_map(|part| itip::read(&part.bytes).ok())
}
