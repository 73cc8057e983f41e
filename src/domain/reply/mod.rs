//! What an inbound message is. One file per class holds its evidence; [`classify`] asks them in the order of
//! the table in docs/classification.md, first match wins.

mod auto_reply;
mod backscatter;
mod bounce_reason;
mod challenge;
mod complaint;
mod delivery_fields;
mod delivery_status;
mod duplicate;
mod expired;
mod forged;
mod human;
mod itip;
mod lexicon;
mod looped;
mod organizer_answer;
mod quotes;
mod read_receipt;
mod sealed;
mod spam;
mod stranger;
mod suggestion;
mod tnef;
mod unreadable;
mod verdict;
mod virus;
mod words;

pub use bounce_reason::BounceReason;

use super::attachment::AttachmentPolicy;
use super::authentication::Authentication;
use super::itip::{CalendarObject, Uid};
use super::mime::{InboundMail, Placement};
use super::scan::Scanned;
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
    /// Encrypted: nobody here can read it.
    Sealed,
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
    /// Which files pass.
    pub attachments: &'a AttachmentPolicy,
    /// What scanners found in it.
    pub scanned: &'a Scanned,
    /// A person has let it go on: marks of bulk mail count no more.
    pub released: bool,
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
    /// Why it failed, where it did.
    pub reason: BounceReason,
    /// Whether it failed in a way that no other mail to this address will do better.
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

/// A message with what every class may look at.
struct Message<'a> {
    mail: &'a InboundMail,
    context: &'a Context<'a>,
    calendar: Option<&'a CalendarObject>,
    /// The text, folded for the lexicons.
    words: String,
    /// The subject, folded.
    subject: String,
}

/// A class that has shown its evidence.
struct Finding {
    class: ReplyClass,
    reasons: Vec<String>,
    delivery: Option<DeliveryReport>,
}

impl Finding {
    fn new(class: ReplyClass, reason: impl Into<String>) -> Self {
        Self { class, reasons: vec![reason.into()], delivery: None }
    }
}

/// The table of docs/classification.md: asked in this order, the first that shows evidence wins.
const TABLE: [fn(&Message<'_>) -> Option<Finding>; 18] = [
    duplicate::evidence,
    looped::evidence,
    virus::evidence,
    unreadable::evidence,
    read_receipt::evidence,
    complaint::evidence,
    backscatter::evidence,
    delivery_status::evidence,
    itip::evidence,
    challenge::evidence,
    auto_reply::evidence,
    sealed::evidence,
    organizer_answer::evidence,
    spam::evidence,
    forged::evidence,
    stranger::evidence,
    expired::evidence,
    human::evidence,
];

/// Says what a message is. Pure; first match of the table wins.
pub fn classify(mail: &InboundMail, context: &Context<'_>) -> Classified {
    let calendar = itip::own_object(mail);
    let message =
        Message { mail, context, calendar: calendar.as_ref(), words: lexicon::fold(&mail.text), subject: lexicon::fold(&mail.subject) };
    let found = TABLE.iter().find_map(|evidence| evidence(&message));
    let Finding { class, reasons, delivery } = found.unwrap_or_else(|| Finding::new(ReplyClass::Human, "a person's words"));
    let new_text = words::new_text(&mail.text);
    let suggestions = if class.is_words() { suggestion::of(&new_text) } else { Vec::new() };
    Classified { class, reasons, delivery, suggestions, attachments: attachments(mail), new_text, calendar }
}

impl Classified {
    /// Whether an automatic answer tells of an absence, not merely that a mail arrived.
    pub fn tells_absence(&self, subject: &str) -> bool {
        auto_reply::tells_absence(&lexicon::fold(subject), &lexicon::fold(&self.new_text))
    }
}

impl ReplyClass {
    /// The name in reports and in the JSON of `explain`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Loop => "loop",
            Self::Virus => "virus",
            Self::DeliveryStatus => "delivery-status",
            Self::Backscatter => "backscatter",
            Self::ReadReceipt => "read-receipt",
            Self::Complaint => "complaint",
            Self::Sealed => "sealed",
            Self::OrganizerAnswer => "organizer-answer",
            Self::ItipRequest => "itip-request",
            Self::ItipCancel => "itip-cancel",
            Self::ItipReply => "itip-reply",
            Self::ItipCounter => "itip-counter",
            Self::ItipRefresh => "itip-refresh",
            Self::ItipDelegation => "itip-delegation",
            Self::ItipOther => "itip-other",
            Self::AutoReply => "auto-reply",
            Self::Challenge => "challenge",
            Self::Spam => "spam",
            Self::Forged => "forged",
            Self::Stranger => "stranger",
            Self::Expired => "expired",
            Self::Human => "human",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether it may hold a person's own words, so that suggestions can be read from them.
    fn is_words(self) -> bool {
        match self {
            Self::OrganizerAnswer | Self::Forged | Self::Stranger | Self::Expired | Self::Human => true,
            Self::ItipReply | Self::ItipCounter | Self::ItipDelegation => true,
            Self::Duplicate | Self::Loop | Self::Virus | Self::DeliveryStatus | Self::Backscatter | Self::ReadReceipt => false,
            Self::Complaint | Self::ItipRequest | Self::ItipCancel | Self::ItipRefresh | Self::ItipOther | Self::AutoReply => false,
            Self::Challenge | Self::Spam | Self::Sealed | Self::Unreadable => false,
        }
    }
}

fn attachments(mail: &InboundMail) -> Vec<AttachmentFact> {
    mail.parts
        .iter()
        .filter(|part| part.placement == Placement::Attachment)
        .map(|part| AttachmentFact { name: part.file_name.clone(), content_type: part.content_type.clone(), size: part.bytes.len() })
        .collect()
}
