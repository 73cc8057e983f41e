//! What the archive keeps, and the one way to change it: a [`Commit`], all of it or nothing.

mod room;

use super::address::{Mailbox, ReversePath};
use super::alert::{Alert, AlertState};
use super::api_key::ApiKeyWrite;
use super::attendance::{Delivery, Presence, Response};
use super::authentication::Authentication;
use super::budget::Counter;
use super::decision::Disposition;
use super::delivery::{OutboxItem, OutboxState};
use super::id::{AlertId, GuestId, MeetingId, OutboxId, ReceivedId};
use super::meeting::{Guest, Meeting};
use super::organizer::Organizer;
use super::person::SessionWrite;
use super::queue::QueueWrite;
use super::reply::ReplyClass;
use super::suppression::{Lifted, Suppression};
use super::thread::{MessageId, ThreadLink};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use room::RoomWrite;

/// Tells a delivery from every other: SHA-256 over recipient token, normalized body and Message-ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DedupeKey(pub [u8; 32]);

/// Whether a received message waits for a person, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldState {
    /// Waits.
    Waiting,
    /// A person let it go on.
    Released,
    /// A person dropped it.
    Dropped,
    /// Nobody decided in time.
    Expired,
}

/// An accepted message with its raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Key.
    pub id: ReceivedId,
    /// A second one with the same key is not stored; the commit answers [`Committed::Duplicate`].
    pub dedupe: DedupeKey,
    /// When.
    pub received_at: DateTime<Utc>,
    /// Envelope sender.
    pub reverse_path: ReversePath,
    /// Envelope recipients as accepted.
    pub recipients: Vec<Mailbox>,
    /// The bytes as they came.
    pub raw: Vec<u8>,
    /// What it was.
    pub class: ReplyClass,
    /// Its terminal state.
    pub disposition: Disposition,
    /// Why.
    pub reasons: Vec<String>,
    /// The meeting, where known.
    pub meeting: Option<MeetingId>,
    /// The guest, where known.
    pub guest: Option<GuestId>,
    /// Set when the disposition is held.
    pub hold: Option<HoldState>,
    /// What was found about its author; `None` for what came without a mail.
    pub authentication: Option<Authentication>,
}

impl Received {
    /// Whether it is an organizer's calendar message to their guests, and no guest's: of those the guest is known.
    pub fn is_order(&self) -> bool {
        self.guest.is_none() && matches!(self.class, ReplyClass::ItipRequest | ReplyClass::ItipCancel)
    }
}

/// How the audit trail names somebody: `role:id (Name)`, where the id stays and the name is for who reads it. An organizer is
/// named by our id, whichever way they come; people of the desk by the provider's (`sub`).
pub fn actor(role: &str, id: impl std::fmt::Display, name: &str) -> String {
    // An id has no space or control character here: where it ends must be plain, whatever a provider calls people.
    let id: String =
        id.to_string().chars().map(|letter| if letter.is_whitespace() || letter.is_control() { '_' } else { letter }).collect();
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(NAME_MAX).collect();
    let name = name.trim();
    if name.is_empty() || name == id { format!("{role}:{id}") } else { format!("{role}:{id} ({name})") }
}

/// Longest name of an actor, in characters.
const NAME_MAX: usize = 100;

/// A line of the audit trail. No address in it: ids, and names of those who act for us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `organizer:<id> (Name)` and the like ([`actor`]), `guest:<id>`, `operator`, `gateway`.
    pub actor: String,
    /// What: `meeting.created`, `response.accepted`, `mail.held`…
    pub action: String,
    /// The meeting, if any.
    pub meeting: Option<MeetingId>,
    /// The guest, if any.
    pub guest: Option<GuestId>,
    /// From which mail, if any.
    pub received: Option<ReceivedId>,
    /// Further facts as a JSON object in text.
    pub detail: String,
}

/// One change.
#[derive(Clone, Debug)]
pub enum Write {
    /// A new accepted message.
    Received(Box<Received>),
    /// What became of a held message.
    Hold {
        /// Which.
        id: ReceivedId,
        /// The new state; only a waiting one can change, else the commit conflicts.
        state: HoldState,
    },
    /// A new meeting (`version` 0), or a newer state of one read at `version`.
    Meeting(Box<Meeting>),
    /// A new guest (`version` 0, all tracks written), or newer facts of one read at `version` (tracks untouched).
    Guest(Box<Guest>),
    /// A guest's response track, decided on the guest row read at `version`.
    Response {
        /// Whose.
        guest: GuestId,
        /// The version that the decision was made on; the row's version goes up.
        version: u64,
        /// The whole track.
        response: Box<Response>,
    },
    /// A guest's delivery track; no version: the last write wins, but `Sent` leaves `Delayed` and `Undeliverable` in place,
    /// since a report can be recorded before the worker writes that the mail went out. A new mail writes `Queued` first.
    Delivery {
        /// Whose.
        guest: GuestId,
        /// The new state.
        delivery: Delivery,
    },
    /// A guest's presence track; no version. The earlier of two times is kept for each field.
    Presence {
        /// Whose.
        guest: GuestId,
        /// What was seen.
        presence: Presence,
    },
    /// A mail to send. To a guest whose address is suppressed nothing is: then the commit conflicts.
    Outbox(Box<OutboxItem>),
    /// What an operator does to the queue.
    Queue(QueueWrite),
    /// What a delivery attempt left behind. `Sent` is final and `Failed` gives way to `Sent` alone: any other change of
    /// an ended one is passed over, so that a late worker never revives what was given up.
    OutboxState {
        /// Which.
        id: OutboxId,
        /// Its new state.
        state: OutboxState,
    },
    /// Give up on everything queued for this guest that is not yet delivered (superseded by a newer mail).
    OutboxSuperseded {
        /// Whose.
        guest: GuestId,
        /// Reason kept with them.
        reason: &'static str,
    },
    /// A message known under two ids.
    Thread(ThreadLink),
    /// An alert: a new one, or one more of an open one with the same key (count + 1, newest evidence and the higher severity).
    Alert(Box<Alert>),
    /// A person took or finished an alert.
    AlertState {
        /// Which.
        id: AlertId,
        /// The new state.
        state: AlertState,
        /// When.
        at: DateTime<Utc>,
    },
    /// An alert is told again; conflicts where it was told at this level before, or is open no more.
    AlertEscalated {
        /// Which.
        id: AlertId,
        /// The level, from 1.
        level: u8,
        /// When.
        at: DateTime<Utc>,
    },
    /// How far a webhook is with the events of alerts.
    WebhookAt {
        /// Its name.
        name: String,
        /// The last event that it is done with.
        number: u64,
    },
    /// Events of alerts from before this moment are forgotten, whoever was told of them.
    AlertEventsForgotten {
        /// The moment.
        before: DateTime<Utc>,
    },
    /// An organizer of the directory, added or replaced by mailbox.
    Organizer(Box<Organizer>),
    /// A line of the audit trail.
    Audit(AuditEvent),
    /// An accepted delivery that was known to have been seen before. One that turns out to be seen before when it is written
    /// ([`Committed::Duplicate`]) is noted by the archive itself.
    Repeated(Repeated),
    /// One more of what a budget counts.
    Count {
        /// Which counter.
        counter: Counter,
        /// The commit conflicts where the counter has reached it: what was decided rested on there being room. `None` counts
        /// what is over it already.
        below: Option<u32>,
    },
    /// Nothing more is sent to this address: mail to it that waits is given up in the same commit. Of one that is suppressed already
    /// the older row stays.
    Suppress(Box<Suppression>),
    /// Mail may be sent to this address again.
    Unsuppress {
        /// The address.
        address: Mailbox,
        /// How much is lifted.
        lifted: Lifted,
    },
    /// Something about a conference room.
    Room(RoomWrite),
    /// Something about a session.
    Session(Box<SessionWrite>),
    /// A key of a program comes or goes.
    ApiKey(ApiKeyWrite),
}

/// A delivery that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The key of the one that was kept.
    pub dedupe: DedupeKey,
    /// When it came again.
    pub received_at: DateTime<Utc>,
}

/// Writes that happen together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// In order.
    pub writes: Vec<Write>,
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is durable.
    Done,
    /// Its [`Received`] was committed before; nothing was written.
    Duplicate,
    /// A version was stale; nothing was written. Load again and decide again.
    Conflict,
}

/// A received message without its bytes, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceivedSummary {
    /// Key.
    pub id: ReceivedId,
    /// When.
    pub received_at: DateTime<Utc>,
    /// What it was.
    pub class: ReplyClass,
    /// Terminal state.
    pub disposition: Disposition,
    /// Why.
    pub reasons: Vec<String>,
    /// The meeting, where known.
    pub meeting: Option<MeetingId>,
    /// The guest, where known.
    pub guest: Option<GuestId>,
    /// Hold state.
    pub hold: Option<HoldState>,
    /// Octets.
    pub size: u64,
}

/// Which of our mails a message id belongs to, where only ids are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadQuery<'a> {
    /// Ids in the organizer's mailbox to look for.
    pub organizer_side: &'a [MessageId],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_an_id_with_a_name_beside() {
        assert_eq!(actor("helpdesk", "h1", "Ana Silva"), "helpdesk:h1 (Ana Silva)");
        assert_eq!(actor("helpdesk", "h1", " "), "helpdesk:h1");
        assert_eq!(actor("helpdesk", "h1", "h1"), "helpdesk:h1");
        assert_eq!(actor("helpdesk", "cn=Ana Silva\n", "A\nna"), "helpdesk:cn=Ana_Silva_ (Ana)");
        assert!(actor("helpdesk", "h1", &"a".repeat(10_000)).len() < 200);
    }
}
