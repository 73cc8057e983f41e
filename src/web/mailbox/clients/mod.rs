//! What real programs and servers send back: pure functions from a caught mail to the bytes of an answer.
//!
//! Each file is one program, with the peculiarities that make its answers hard to read. All are used through the real
//! SMTP door, so what they make must be what that program makes.

mod android;
mod apple;
mod away;
mod bounce;
mod exchange;
mod gmail;
mod receipt;
mod thunderbird;
mod words;
mod write;

pub use away::away;
pub use bounce::{Bounce, bounce};
pub use receipt::receipt;
pub use words::words;
pub(super) use write::{address, calendar_lines, calendar_text, date, header_text, message, multipart, part, stamp};

use super::letter::{Invitation, Letter};
use crate::domain::attendance::PartStat;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

/// When an answer is written, and what makes it unlike every other.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Now.
    pub now: DateTime<Utc>,
    /// Random.
    pub id: Uuid,
}

/// A program whose calendar answers are imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// Outlook with Exchange or outlook.com: no ORGANIZER, Windows zone names.
    Exchange,
    /// Gmail: the whole event again, X-MICROSOFT properties, times in UTC.
    Gmail,
    /// Apple Mail: the calendar object attached, quoted-printable, no method parameter.
    Apple,
    /// Thunderbird: the object twice.
    Thunderbird,
    /// A phone over ActiveSync: SEQUENCE always 0, upper-case MAILTO.
    Android,
}

impl Client {
    /// All, with the form value and the name for people.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Exchange, "exchange", "Outlook / Exchange"),
        (Self::Gmail, "gmail", "Gmail"),
        (Self::Apple, "apple", "Apple Mail"),
        (Self::Thunderbird, "thunderbird", "Thunderbird"),
        (Self::Android, "android", "Android phone"),
    ];
}

/// What the guest answers.
#[derive(Clone, Debug)]
pub struct CalendarAnswer {
    /// The status; with a proposal TENTATIVE, as most programs send it.
    pub partstat: PartStat,
    /// Words with it.
    pub comment: Option<String>,
    /// Another time: start and end. Makes it a COUNTER.
    pub proposal: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl CalendarAnswer {
    fn method(&self) -> &'static str {
        if self.proposal.is_some() { "COUNTER" } else { "REPLY" }
    }

    fn times(&self, invitation: &Invitation) -> (DateTime<Utc>, DateTime<Utc>) {
        self.proposal.unwrap_or((invitation.starts_at, invitation.ends_at))
    }

    /// `Accepted: `, or what a French Outlook writes.
    fn verb(&self, french: bool) -> &'static str {
        match (self.proposal.is_some(), self.partstat, french) {
            (true, _, true) => "Proposition de nouvelle heure : ",
            (true, _, false) => "New Time Proposed: ",
            (_, PartStat::Accepted, true) => "Accepté : ",
            (_, PartStat::Accepted, false) => "Accepted: ",
            (_, PartStat::Declined, true) => "Refusé : ",
            (_, PartStat::Declined, false) => "Declined: ",
            (_, PartStat::Tentative | PartStat::NeedsAction | PartStat::Delegated, true) => "Provisoire : ",
            (_, PartStat::Tentative | PartStat::NeedsAction | PartStat::Delegated, false) => "Tentatively Accepted: ",
        }
    }
}

/// The guest's answer as this program sends it.
pub fn calendar_answer(client: Client, invitation: &Invitation, answer: &CalendarAnswer, mark: Mark) -> Vec<u8> {
    match client {
        Client::Exchange => exchange::answer(invitation, answer, mark),
        Client::Gmail => gmail::answer(invitation, answer, mark),
        Client::Apple => apple::answer(invitation, answer, mark),
        Client::Thunderbird => thunderbird::answer(invitation, answer, mark),
        Client::Android => android::answer(invitation, answer, mark),
    }
}

/// The headers that every answer to a letter has.
fn answering(letter: &Letter, subject: &str, message_id: &str, mark: Mark) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("From", address(&letter.reader)),
        ("To", address(&letter.writer)),
        ("Subject", header_text(subject)),
        ("Date", date(mark.now)),
        ("Message-ID", message_id.to_owned()),
    ];
    if let Some(id) = &letter.message_id {
        headers.push(("In-Reply-To", id.to_string()));
        headers.push(("References", id.to_string()));
    }
    headers.push(("MIME-Version", "1.0".to_owned()));
    headers
}

#[cfg(test)]
mod tests;
