//! The queue of mail to send, as the worker and operators see it.

use super::delivery::{OutboxPurpose, OutboxState};
use super::id::{GuestId, MeetingId, OutboxId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a node asks for when it takes mail in hand.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Which node; one process is one.
    pub node: Uuid,
    /// Now.
    pub now: DateTime<Utc>,
    /// Until then no other node gets it; renewed while the node lives.
    pub until: DateTime<Utc>,
    /// At most so many.
    pub limit: u32,
    /// Destinations that can take no more now.
    pub not_to: &'a [String],
    /// What the node has in hand already.
    pub not: &'a [OutboxId],
}

/// A destination that an operator has paused: what is for it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// A domain in lower case.
    pub destination: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// By whom.
    pub actor: String,
}

/// Which mails of the queue.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// What was given up in place of what waits.
    pub failed: bool,
    /// For this destination alone.
    pub destination: Option<String>,
}

/// A mail of the queue, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueRow {
    /// Which.
    pub id: OutboxId,
    /// Purpose.
    pub purpose: OutboxPurpose,
    /// To whom.
    pub recipient: String,
    /// The guest, where it concerns one.
    pub guest: Option<GuestId>,
    /// The meeting, where it concerns one.
    pub meeting: Option<MeetingId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// After this there is no use in trying.
    pub expires_at: DateTime<Utc>,
    /// State, and the newest answer of the other side.
    #[serde(flatten)]
    pub state: OutboxState,
    /// Octets.
    pub size: u64,
}

/// What an operator does to the queue.
#[derive(Clone, Debug)]
pub enum QueueWrite {
    /// To be tried at once, also where it was given up. Conflicts where it is under way, or was sent.
    Again {
        /// Which.
        id: OutboxId,
        /// Now.
        at: DateTime<Utc>,
        /// At least so long.
        expires_at: DateTime<Utc>,
    },
    /// Nothing goes to a destination.
    Pause(Paused),
    /// It may go again. Conflicts where it was not paused.
    Resume(String),
}
