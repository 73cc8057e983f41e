//! Building mail: every outgoing message is new, made from values by the stationery (templates/) and the
//! MIME rules of docs/mail-format.md. Pure: ids, dates and marks are arguments.

mod changes;
mod check;
mod dates;
pub mod letter;
mod message;
mod phrase;
mod recurrence;
mod rhythm;
mod sanitize;
pub mod stationery;
mod text;
mod when;

pub use stationery::Stationery;

use super::address::NamedMailbox;
use super::alert::Alert;
use super::attachment::{ForOrganizer, GuestFile};
use super::attendance::{PartStat, Response};
use super::itip::{CalendarObject, Uid};
use super::language::Language;
use super::meeting::MeetingEvent;
use super::mime::{InboundMail, Seal};
use super::reply::Suggestion;
use super::thread::MessageId;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// Why a mail could not be built: always a defect of templates or of values that should have been checked.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A template is missing or does not render.
    #[error("template {name}: {cause}")]
    Template {
        /// `fr/invitation/body.txt`
        name: String,
        /// What the engine says.
        cause: String,
    },
}

/// Headers that every mail of ours has.
#[derive(Clone, Debug)]
pub struct Heading<'a> {
    /// From, and Reply-To.
    pub from: &'a NamedMailbox,
    /// To.
    pub to: &'a NamedMailbox,
    /// Message-ID: of our domain.
    pub message_id: &'a MessageId,
    /// In-Reply-To, mapped to the recipient's side.
    pub in_reply_to: Option<&'a MessageId>,
    /// References, mapped to the recipient's side.
    pub references: &'a [MessageId],
    /// Date; written in UTC, so that no zone shows.
    pub date: DateTime<Utc>,
    /// X-Paravent-Loop: proves that the mail is ours when it comes back.
    pub loop_mark: &'a str,
    /// The recipient's language.
    pub language: &'a Language,
    /// The zone in which times are written, always named.
    pub time_zone: Tz,
}

/// What a calendar mail to a guest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationKind {
    /// First invitation.
    New,
    /// Something changed.
    Update,
    /// Cancelled, or the guest is no longer invited.
    Cancellation,
}

/// Invitation, update or cancellation for one guest.
#[derive(Clone, Debug)]
pub struct InvitationLetter<'a> {
    /// From is the organizer alias; To the guest.
    pub heading: Heading<'a>,
    /// What it says.
    pub kind: InvitationKind,
    /// Our UID.
    pub uid: &'a Uid,
    /// Our SEQUENCE.
    pub sequence: u32,
    /// What is told.
    pub event: &'a MeetingEvent,
    /// What the guest was told before; `None` where they were told nothing, or it is not known whether they were.
    pub before: Option<&'a MeetingEvent>,
    /// The personal link; `None` in a cancellation.
    pub link: Option<&'a str>,
    /// The guest's answers as far as they count, shown in the calendar object.
    pub response: &'a Response,
    /// Whether proposing another time is offered.
    pub allow_counter: bool,
}

/// A guest's calendar answer for the organizer.
#[derive(Clone, Debug)]
pub struct ReplyLetter<'a> {
    /// From is the guest's alias; To the organizer.
    pub heading: Heading<'a>,
    /// The organizer's newest calendar object.
    pub object: &'a CalendarObject,
    /// The meeting.
    pub event: &'a MeetingEvent,
    /// The instance that is answered, by the instant of its RECURRENCE-ID; `None` for the whole.
    pub instance: Option<DateTime<Utc>>,
    /// The later instances too (RANGE=THISANDFUTURE).
    pub and_later: bool,
    /// ATTENDEE in the organizer's dialog, with the guest's name.
    pub attendee: &'a NamedMailbox,
    /// The status; with a proposal the one in force.
    pub partstat: PartStat,
    /// Whom they want to send instead.
    pub delegated_to: Option<&'a NamedMailbox>,
    /// Their words with it.
    pub comment: Option<&'a str>,
    /// COUNTER instead of REPLY: proposed start and end.
    pub proposal: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// A guest's words for the organizer.
#[derive(Clone, Debug)]
pub struct WordsLetter<'a> {
    /// From is the guest's reverse alias; To the organizer.
    pub heading: Heading<'a>,
    /// The message: full text, HTML and attachments are taken from it.
    pub mail: &'a InboundMail,
    /// What they newly wrote: shown first.
    pub new_text: &'a str,
    /// What the words may mean: shown as a hint.
    pub suggestions: &'a [Suggestion],
    /// Their files and pictures, sorted by what may pass; the others are named.
    pub files: &'a ForOrganizer<'a>,
    /// The meeting.
    pub event: &'a MeetingEvent,
}

/// The organizer's words for a guest: rebuilt from an allow-list.
#[derive(Clone, Debug)]
pub struct AnswerLetter<'a> {
    /// From is the organizer alias; To the guest.
    pub heading: Heading<'a>,
    /// Their subject: it only says which of our own subjects they answer, and is not passed on.
    pub subject: &'a str,
    /// What they newly wrote (quotes and signature taken off): all that is passed on of the text.
    pub new_text: &'a str,
    /// Their files, scrubbed.
    pub files: &'a [GuestFile],
    /// The meeting.
    pub event: &'a MeetingEvent,
}

/// Somebody sent an encrypted mail, which nobody here can read: says so to them.
#[derive(Clone, Debug)]
pub struct SealedLetter<'a> {
    /// From is the alias that they wrote to; To the sender.
    pub heading: Heading<'a>,
    /// How it was encrypted.
    pub seal: Seal,
    /// The meeting as they know it.
    pub event: &'a MeetingEvent,
}

/// A guest wrote something that nobody can read: a note for the organizer.
#[derive(Clone, Debug)]
pub struct UnreadableLetter<'a> {
    /// From is the guest's reverse alias; To the organizer.
    pub heading: Heading<'a>,
    /// Who wrote.
    pub guest: &'a NamedMailbox,
    /// How it was encrypted.
    pub seal: Seal,
    /// The meeting.
    pub event: &'a MeetingEvent,
}

/// Tells a guest that the time they proposed was not taken.
#[derive(Clone, Debug)]
pub struct DeclineLetter<'a> {
    /// From is the organizer alias; To the guest.
    pub heading: Heading<'a>,
    /// Our UID.
    pub uid: &'a Uid,
    /// Our SEQUENCE.
    pub sequence: u32,
    /// The meeting as the guest knows it.
    pub event: &'a MeetingEvent,
    /// The instance that another time was proposed for, by the instant of its RECURRENCE-ID; `None` for the whole.
    pub instance: Option<DateTime<Utc>>,
    /// What they had proposed: start and end.
    pub proposed: (DateTime<Utc>, DateTime<Utc>),
    /// The guest's answers.
    pub response: &'a Response,
    /// What the organizer wrote with it.
    pub comment: Option<&'a str>,
}

/// A guest's mail system said that they are away: a note for the organizer.
#[derive(Clone, Debug)]
pub struct AwayLetter<'a> {
    /// From is the guest's reverse alias; To the organizer.
    pub heading: Heading<'a>,
    /// What the automatic answer said.
    pub text: &'a str,
    /// Who is away.
    pub guest: &'a NamedMailbox,
    /// The meeting.
    pub event: &'a MeetingEvent,
}

/// Tells a guest that their words came too late.
#[derive(Clone, Debug)]
pub struct LateLetter<'a> {
    /// From is the organizer alias; To the guest.
    pub heading: Heading<'a>,
    /// The meeting as the guest knows it.
    pub event: &'a MeetingEvent,
}

/// What became of an organizer's invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummaryKind {
    /// Invited.
    Created,
    /// Guests were told of a change.
    Updated,
    /// Guests were told that it is off.
    Cancelled,
}

/// One guest in the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryGuest {
    /// Name and address, as the organizer wrote them.
    pub guest: NamedMailbox,
    /// `invited`, `updated`, `unchanged`, `removed`, `held`, or why nothing was sent to them: a key of the stationery's phrases.
    pub outcome: &'static str,
}

/// The one mail that an organizer gets for what they sent.
#[derive(Clone, Debug)]
pub struct SummaryLetter<'a> {
    /// From is the gateway; To the organizer.
    pub heading: Heading<'a>,
    /// What happened.
    pub kind: SummaryKind,
    /// The meeting.
    pub event: &'a MeetingEvent,
    /// Everyone, in the organizer's order.
    pub guests: &'a [SummaryGuest],
    /// The page where the organizer opens the meeting.
    pub meeting_page: &'a str,
    /// What could not be done, with the rest done: keys of the stationery's phrases and their values.
    pub remarks: &'a [(Problem, String)],
}

/// What can't be done with an organizer's mail. Each is a phrase in every language (`problem` in templates).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Problem {
    /// The sender is not in the directory, or no longer allowed to invite.
    NotAnOrganizer,
    /// The sender could not be authenticated.
    NotAuthenticated,
    /// No calendar object in a mail to guests.
    NoCalendar,
    /// The calendar object cannot be read; the value says where.
    BrokenCalendar,
    /// Nobody to invite.
    NoGuests,
    /// Too many guests; the value is the limit.
    TooManyGuests,
    /// A series that recurs in a way that can't be passed on; the value is the rule, or the limit of its exceptions.
    Series,
    /// A time zone nobody knows; the value is its name.
    UnknownTimeZone,
    /// It ends before it starts, or is over.
    WrongTimes,
    /// A task, journal or free-busy object, or a METHOD that is not for guests; the value names it.
    NotAnInvitation,
    /// A guest's address that is none; the value is the address.
    BadGuestAddress,
    /// A room or resource among the guests; the value is the address.
    Resource,
    /// The mail would have shown the organizer; the value says what and where ([`Stationery::finding`]).
    WouldLeak,
    /// Older than what is known already.
    OutOfDate,
    /// A cancellation or answer for a meeting that is not known.
    UnknownMeeting,
    /// An encrypted mail, which nobody here can read.
    Sealed,
    /// A file that is not passed on; the value is the sentence that names it and says why ([`Stationery::blocked`]).
    Attachments,
    /// More mail than one organizer may send a day.
    TooMuchMail,
    /// Nothing is sent to this guest any more; the value is the address under which they were invited.
    Suppressed,
}

/// Says clearly what could not be done.
#[derive(Clone, Debug)]
pub struct ProblemLetter<'a> {
    /// From is the gateway; To the organizer.
    pub heading: Heading<'a>,
    /// Subject of their mail.
    pub subject: &'a str,
    /// What.
    pub problems: &'a [(Problem, String)],
    /// Whether the rest was sent, and this is what it was sent without; else nothing was.
    pub rest_was_sent: bool,
    /// Where they may have it sent without what would show them.
    pub page: Option<&'a str>,
}

/// An alert for the helpdesk.
#[derive(Clone, Debug)]
pub struct AlertLetter<'a> {
    /// From is the gateway; To the helpdesk.
    pub heading: Heading<'a>,
    /// The alert.
    pub alert: &'a Alert,
    /// The command that shows or settles it.
    pub hint: &'a str,
    /// The page on which something can be done about it.
    pub page: &'a str,
}
