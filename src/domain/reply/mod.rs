//! What an inbound message is. One file per class holds its evidence; [`classify`] asks them in the order of
//! the table in docs/classification.md, first match wins.

use super::authentication::Authentication;
use super::itip::{CalendarObject, Uid};
use super::mime::InboundMail;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The closed list of classes. Matched without a wildcard, so that a new one shows everything it touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyClass {
    /// The same delivery was seen before.
    Duplicate,
    /// Our own mail came back, or a mail that circles.
    Loop,
    /// The virus hook said so.
    Virus,
    /// A report on our mail's delivery (RFC 3464), or a bounce in any other form.
    DeliveryStatus,
    /// A bounce of mail that we never sent.
    Backscatter,
    /// A read receipt (RFC 8098).
    ReadReceipt,
    /// An abuse report (RFC 5965).
    Complaint,
    /// The organizer writes to the guest.
    OrganizerAnswer,
    /// METHOD:REQUEST (from an organizer: an invitation; from a guest: never applied).
    ItipRequest,
    /// METHOD:CANCEL.
    ItipCancel,
    /// METHOD:REPLY.
    ItipReply,
    /// METHOD:COUNTER.
    ItipCounter,
    /// METHOD:REFRESH.
    ItipRefresh,
    /// METHOD:REPLY with PARTSTAT=DELEGATED.
    ItipDelegation,
    /// Another method, or a calendar object without one.
    ItipOther,
    /// Out-of-office and other automatic answers (RFC 3834).
    AutoReply,
    /// "Prove that you are human."
    Challenge,
    /// Bulk mail, lists, spam.
    Spam,
    /// The guest's address, and it is not from them.
    Forged,
    /// Somebody else answers with this guest's alias.
    Stranger,
    /// The meeting is over, or the token revoked.
    Expired,
    /// A person's words.
    Human,
    /// Nothing can be made of it.
    Unreadable,
}

/// Whose address the message was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The organizer alias: what guests answer to.
    OrganizerAlias,
    /// The VERP return path of mail to a guest.
    GuestBounce,
    /// The guest's reverse alias or guest alias: what the organizer writes to.
    GuestAlias,
    /// The return path of mail to an organizer or the helpdesk.
    OrganizerBounce,
    /// `explain --content-only`: judge the bytes as if the right token had been used.
    Assumed,
}

/// What is known beside the bytes.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Whose address it came to.
    pub door: Door,
    /// The null reverse-path.
    pub null_reverse_path: bool,
    /// Computed authenticity.
    pub authentication: &'a Authentication,
    /// Whether From is the token's guest (at an organizer's door: the meeting's organizer); `None` when there is
    /// nobody to compare with.
    pub sender_is_expected: Option<bool>,
    /// The same delivery was committed before.
    pub duplicate: bool,
    /// It carries our loop mark, or its sender is one of our own addresses.
    pub looped: bool,
    /// The UID bound to the token; `None` when unknown (content only).
    pub uid: Option<&'a Uid>,
    /// The meeting is over or the token revoked.
    pub over: bool,
    /// When our newest mail to this guest left: an answer within minutes is rarely a person's.
    pub last_sent_at: Option<DateTime<Utc>>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A delivery report, whatever its form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryReport {
    /// `failed`, `delayed`, `delivered`, `relayed`, `expanded` (RFC 3464 §2.3.3).
    pub action: String,
    /// Enhanced status (RFC 3463), such as `5.1.1`; empty when none was found.
    pub status: String,
    /// Whether trying again is pointless.
    pub permanent: bool,
    /// Addresses that the report names: evidence for people, never what marks a guest.
    pub recipients: Vec<String>,
}

/// An attachment, for people and for policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachmentFact {
    /// Decoded file name.
    pub name: Option<String>,
    /// `type/subtype`.
    pub content_type: String,
    /// Octets.
    pub size: usize,
}

/// What words may mean: shown to people, never applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suggestion {
    /// "I'll be there."
    Accepts,
    /// "I can't make it."
    Declines,
    /// "Could we move it?"
    OtherTime,
    /// "I can't connect."
    CannotConnect,
    /// "Please call me."
    CallMe,
    /// "You have the wrong person."
    WrongPerson,
    /// "Stop writing to me."
    Unsubscribe,
}

/// The message, understood.
#[derive(Clone, Debug)]
pub struct Classified {
    /// What it is.
    pub class: ReplyClass,
    /// Why, for people: each a short English sentence naming the evidence.
    pub reasons: Vec<String>,
    /// The sender's own calendar object, if any could be read.
    pub calendar: Option<CalendarObject>,
    /// The delivery report, for a delivery status or backscatter.
    pub delivery: Option<DeliveryReport>,
    /// What the sender newly wrote: quotes and signature taken off.
    pub new_text: String,
    /// Attachments.
    pub attachments: Vec<AttachmentFact>,
    /// What the words may mean.
    pub suggestions: Vec<Suggestion>,
}

/// Says what a message is. Pure; first match of the table wins.
pub fn classify(_mail: &InboundMail, _context: &Context<'_>) -> Classified {
    Classified {
        class: ReplyClass::Unreadable,
        reasons: Vec::new(),
        calendar: None,
        delivery: None,
        new_text: String::new(),
        attachments: Vec::new(),
        suggestions: Vec::new(),
    }
}
