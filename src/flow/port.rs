//! Ports: what the flows need of the outside, as traits. Adapters in the shell rooms implement them.

use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::alert::{Alert, AlertEvent, AlertState};
use crate::domain::answer::Answer;
use crate::domain::authentication::Authentication;
use crate::domain::budget::Counter;
use crate::domain::delivery::{AttemptOutcome, OutboxItem};
use crate::domain::id::{AlertId, GuestId, MeetingId, OrganizerId, ReceivedId};
use crate::domain::itip::Uid;
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::organizer::Organizer;
use crate::domain::reconciliation::{Progress, Reconciliation};
use crate::domain::record::{AuditEvent, Commit, Committed, DedupeKey, HoldState, Received, ReceivedSummary, Write};
use crate::domain::scan::Scanned;
use crate::domain::suppression::Suppression;
use crate::domain::thread::{MessageId, ThreadLink};
use crate::flow::api_key::ApiKeys;
use crate::flow::list_port::Lists;
use crate::flow::queue_port::Queue;
use crate::flow::room_port::Rooms;
use crate::flow::session_port::Sessions;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::net::IpAddr;
use uuid::Uuid;

/// The outside failed. Always transient for the peer: nothing was taken. The cause is for the log alone.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {cause}")]
pub struct PortError {
    /// What was tried.
    pub what: &'static str,
    /// Private cause.
    pub cause: String,
}

impl PortError {
    /// From any error.
    pub fn new(what: &'static str, cause: impl std::fmt::Display) -> Self {
        Self { what, cause: cause.to_string() }
    }
}

/// Result of a port.
pub type PortResult<T> = Result<T, PortError>;

/// The archive. Reads see every commit that was answered before.
#[async_trait]
pub trait Archive: Rooms + Sessions + Lists + ApiKeys + Queue {
    /// Writes all or nothing; answers when it is durable. Many callers share one transaction.
    async fn commit(&self, commit: Commit) -> PortResult<Committed>;
    /// Whether a message with this key was committed.
    async fn seen(&self, key: &DedupeKey) -> PortResult<bool>;

    /// One meeting.
    async fn meeting(&self, id: MeetingId) -> PortResult<Option<Meeting>>;
    /// The meeting of an organizer's dialog.
    async fn meeting_by_uid(&self, organizer: OrganizerId, uid: &Uid) -> PortResult<Option<Meeting>>;
    /// Newest first by start, at most `limit`, those that end after `since`.
    async fn meetings(&self, since: DateTime<Utc>, limit: u32) -> PortResult<Vec<Meeting>>;
    /// All guests of a meeting, removed ones too, in the order of their creation.
    async fn guests(&self, meeting: MeetingId) -> PortResult<Vec<Guest>>;
    /// A guest with the meeting.
    async fn guest(&self, id: GuestId) -> PortResult<Option<(Meeting, Guest)>>;
    /// The guests of this address whose meetings end after `since`, with them; oldest first.
    async fn guests_of_address(&self, address: &Mailbox, since: DateTime<Utc>) -> PortResult<Vec<(Meeting, Guest)>>;
    /// The newest dialog between an organizer and a guest who was invited under this address.
    async fn newest_dialog(&self, organizer: OrganizerId, invited_as: &Mailbox) -> PortResult<Option<(Meeting, Guest)>>;

    /// Pairs of message ids of one guest's dialog, newest first, at most 200.
    async fn thread(&self, guest: GuestId) -> PortResult<Vec<ThreadLink>>;
    /// The dialogs in which these ids of an organizer's mailbox stand.
    async fn thread_by_organizer_ids(&self, ids: &[MessageId]) -> PortResult<Vec<ThreadLink>>;

    /// Mails due at `now`, oldest due first, at most `limit`.
    async fn outbox_due(&self, now: DateTime<Utc>, limit: u32) -> PortResult<Vec<OutboxItem>>;
    /// When the next mail will be due, if any waits.
    async fn outbox_next(&self) -> PortResult<Option<DateTime<Utc>>>;
    /// How many wait.
    async fn outbox_waiting(&self) -> PortResult<u64>;
    /// When the newest mail of the invitation or answer kind to this guest was taken by the next server.
    async fn last_sent_at(&self, guest: GuestId) -> PortResult<Option<DateTime<Utc>>>;

    /// Received messages, newest first: all, or those in this hold state.
    async fn received(&self, hold: Option<HoldState>, limit: u32) -> PortResult<Vec<ReceivedSummary>>;
    /// Messages that wait for a decision and came before this moment, oldest first, at most `limit`.
    async fn waiting_before(&self, before: DateTime<Utc>, limit: u32) -> PortResult<Vec<ReceivedSummary>>;
    /// One received message with its bytes.
    async fn received_one(&self, id: ReceivedId) -> PortResult<Option<Received>>;

    /// Alerts, newest first: all, or those in this state.
    async fn alerts(&self, state: Option<AlertState>, limit: u32) -> PortResult<Vec<Alert>>;
    /// One alert.
    async fn alert(&self, id: AlertId) -> PortResult<Option<Alert>>;
    /// The alerts of a meeting that are not resolved, newest first.
    async fn meeting_alerts(&self, meeting: MeetingId) -> PortResult<Vec<Alert>>;
    /// The alert of this key that is not resolved.
    async fn alert_by_key(&self, key: &str) -> PortResult<Option<Alert>>;
    /// What happened to alerts after the event of this number, in order, at most `limit`.
    async fn alert_events(&self, after: u64, limit: u32) -> PortResult<Vec<AlertEvent>>;
    /// The number of the newest event of alerts; 0 where there was none.
    async fn newest_alert_event(&self) -> PortResult<u64>;
    /// How far the webhook of this name is with them, if it was ever asked.
    async fn webhook_at(&self, name: &str) -> PortResult<Option<u64>>;

    /// An organizer as last seen, also one that the directory no longer has.
    async fn organizer(&self, id: OrganizerId) -> PortResult<Option<Organizer>>;
    /// The audit trail of a meeting, oldest first.
    async fn audit(&self, meeting: MeetingId) -> PortResult<Vec<AuditEvent>>;
    /// How far these counters have come, in their order.
    async fn counts(&self, counters: &[Counter]) -> PortResult<Vec<u32>>;
    /// What is suppressed of these addresses, in any meeting.
    async fn suppressions_of(&self, addresses: &[&Mailbox]) -> PortResult<Vec<Suppression>>;
    /// All suppressed addresses, newest first.
    async fn suppressions(&self, limit: u32) -> PortResult<Vec<Suppression>>;
    /// Adds everything up, and names what breaks a rule at `now`. `progress` hears how far it is.
    async fn reconcile(&self, now: DateTime<Utc>, progress: &(dyn Fn(Progress) + Send + Sync)) -> PortResult<Reconciliation>;
    /// How many received messages are in each disposition, by name.
    async fn disposition_counts(&self) -> PortResult<Vec<(String, u64)>>;
}

/// Who may organize.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The organizer who owns this address.
    async fn by_mailbox(&self, mailbox: &Mailbox) -> PortResult<Option<Organizer>>;
    /// The organizer of this key.
    async fn by_id(&self, id: OrganizerId) -> PortResult<Option<Organizer>>;
    /// Checks a submission login (RFC 4954). One answer and one duration for "unknown" and "wrong".
    async fn login(&self, login: &str, password: &str) -> PortResult<Option<Organizer>>;
    /// Everyone, by mailbox.
    async fn all(&self) -> PortResult<Vec<Organizer>>;
}

/// Computes SPF, DKIM and DMARC.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Never fails: what can't be computed now is `temperror` in the result.
    /// `author` is who the flows take for the author: what is proved of anybody else proves nothing.
    async fn authenticate(&self, session: &Session, reverse_path: &ReversePath, author: Option<&Mailbox>, raw: &[u8]) -> Authentication;
}

/// A message for programs that look into mail.
#[derive(Clone, Copy, Debug)]
pub struct ToScan<'a> {
    /// Who handed it over.
    pub peer: IpAddr,
    /// The name they gave.
    pub helo: &'a str,
    /// MAIL FROM; none for the null path.
    pub from: Option<&'a str>,
    /// RCPT TO.
    pub recipients: &'a [String],
    /// Whether who submits is known: signed in, or in a trusted network.
    pub is_trusted: bool,
    /// The message.
    pub raw: &'a [u8],
}

/// Looks into a message. Fails where it can't now: then the message is not taken.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// What it finds.
    async fn scan(&self, mail: &ToScan<'_>) -> PortResult<Scanned>;
    /// Whether it can be asked.
    async fn ping(&self) -> PortResult<()>;
}

/// Wall clock and chance, so that the flows can be replayed.
pub trait World: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
    /// A random UUID (version 4), from a cryptographic source.
    fn random(&self) -> Uuid;
    /// A time-ordered UUID (version 7) for keys.
    fn key(&self) -> Uuid;
    /// A number in 0..=1, so that what failed at one time is not tried again at one time: of 32 random bits.
    fn spread(&self) -> f64 {
        f64::from(self.random().as_fields().0) / f64::from(u32::MAX)
    }
}

/// Hands one mail to the next server.
#[async_trait]
pub trait Transport: Send + Sync {
    /// One attempt. Never panics, always ends (its own time limits).
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome;

    /// Whether every mail takes the same way: where one can't be reached, none can.
    fn is_one_way(&self) -> bool {
        true
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        (**self).deliver(item).await
    }

    fn is_one_way(&self) -> bool {
        (**self).is_one_way()
    }
}

/// Tells people of an alert at once, beside the mail to the helpdesk that the flow commits.
#[async_trait]
pub trait Bell: Send + Sync {
    /// Rings; failures are logged, never returned.
    async fn ring(&self, alert: &Alert);
}

/// Puts an alert on the helpdesk's desk, for rooms that raise one of their own.
#[async_trait]
pub trait AlertDesk: Send + Sync {
    /// The writes that raise it, for the commit of what it is about: the alert, and a mail to the helpdesk unless an open
    /// one of the same key was mailed before.
    async fn alert_writes(&self, alert: &Alert) -> PortResult<Vec<Write>>;
}

/// A mail that `localserve` caught.
#[derive(Clone, Debug)]
pub struct CaughtMail {
    /// Running number, from 1.
    pub number: u64,
    /// When it was caught.
    pub at: DateTime<Utc>,
    /// Envelope sender.
    pub reverse_path: ReversePath,
    /// Envelope recipient.
    pub recipient: Mailbox,
    /// The message as it would have been sent, signed.
    pub message: Vec<u8>,
    /// What the magic recipient or the sink answered.
    pub outcome: AttemptOutcome,
}

/// Every mail that Paravent would have sent, for the mailbox page of `localserve`.
#[async_trait]
pub trait CaughtMails: Send + Sync {
    /// Newest first.
    async fn list(&self) -> PortResult<Vec<CaughtMail>>;
    /// One.
    async fn get(&self, number: u64) -> PortResult<Option<CaughtMail>>;
}

/// Sends a message into our own SMTP door, as another server would; `localserve` uses it for its buttons.
#[async_trait]
pub trait Injector: Send + Sync {
    /// The final answer of the door, such as `250 2.6.0 …`.
    async fn inject(&self, door: MailDoor, reverse_path: &ReversePath, recipients: &[Mailbox], message: &[u8]) -> PortResult<String>;
}

/// Through which door a session came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailDoor {
    /// Port 25: anyone, only to our own addresses.
    Mx,
    /// Ports 587 and 465: organizers, to anyone.
    Submission,
    /// A local mail server hands over (RFC 2033).
    Lmtp,
    /// Fetched from a mailbox: who brought it there is unknown, the peer is the unspecified address.
    Imap,
}

/// Who submits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitter {
    /// Signed in as this organizer.
    Organizer(OrganizerId),
    /// A network in `trusted_networks`: the From address is believed.
    TrustedNetwork,
}

/// What is known of an SMTP or LMTP session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Door.
    pub door: MailDoor,
    /// The peer's address; loopback for a unix socket.
    pub peer: IpAddr,
    /// The name it gave in EHLO, HELO or LHLO.
    pub helo: String,
    /// Whether the session is encrypted.
    pub encrypted: bool,
    /// Who submits, on the submission door.
    pub submitter: Option<Submitter>,
}

/// A complete message with its envelope.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The session.
    pub session: Session,
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// RCPT TO, each answered with 250 before; in order, repeated ones once.
    pub recipients: Vec<Mailbox>,
    /// The message: CRLF, dot-unstuffed.
    pub raw: Vec<u8>,
}

/// What the mail doors ask. The flow implements it; `inbound` speaks the protocols.
#[async_trait]
pub trait Reception: Send + Sync {
    /// AUTH: the organizer, or `None` when the login is wrong.
    async fn login(&self, login: &str, password: &str) -> PortResult<Option<OrganizerId>>;
    /// RCPT TO: [`Answer::RECIPIENT_OK`], or why not. No relay on any door but submission.
    async fn check_recipient(&self, session: &Session, reverse_path: &ReversePath, recipient: &Mailbox) -> Answer;
    /// The whole message: one answer per recipient, in order. A 250 means that it and its effects are durable.
    async fn receive(&self, incoming: Incoming) -> Vec<Answer>;
}

/// Tells the outbox worker that mail is waiting. Losing a call costs time, never mail.
pub trait Waker: Send + Sync {
    /// Wakes.
    fn wake(&self);
}
