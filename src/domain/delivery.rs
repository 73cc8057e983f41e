//! The outbox: what is to be sent, and what follows from an attempt. Pure; the worker in `outbound` asks.

use super::address::{Mailbox, ReversePath};
use super::id::{GuestId, MeetingId, OutboxId};
use super::thread::MessageId;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Whom a mail is for, which decides what its failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutboxPurpose {
    /// Invitation, update or cancellation: its fate is the guest's delivery track.
    Invitation,
    /// The organizer's words to a guest.
    Answer,
    /// Anything to an organizer.
    Organizer,
    /// An alert to the helpdesk.
    Helpdesk,
    /// Told to a guest by machine: nobody minds when it fails.
    Notice,
}

impl OutboxPurpose {
    /// Whether it goes to the guest.
    pub fn is_to_guest(self) -> bool {
        match self {
            Self::Invitation | Self::Answer | Self::Notice => true,
            Self::Organizer | Self::Helpdesk => false,
        }
    }
}

/// Where a mail is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum OutboxState {
    /// To be tried at this time.
    Due {
        /// Next attempt.
        at: DateTime<Utc>,
        /// Attempts made.
        attempts: u32,
        /// The newest answer of the other side, empty before the first attempt.
        last: String,
    },
    /// The next server has it.
    Sent {
        /// Since when.
        at: DateTime<Utc>,
        /// Its answer.
        last: String,
    },
    /// Given up.
    Failed {
        /// Since when.
        at: DateTime<Utc>,
        /// The last answer, or why.
        last: String,
    },
}

/// One mail to one recipient, whole and final but for its DKIM signature (made when it is sent).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// Key.
    pub id: OutboxId,
    /// Purpose.
    pub purpose: OutboxPurpose,
    /// The guest, where it concerns one.
    pub guest: Option<GuestId>,
    /// The meeting, where it concerns one.
    pub meeting: Option<MeetingId>,
    /// Envelope sender: a VERP token, or null.
    pub reverse_path: ReversePath,
    /// Envelope recipient.
    pub recipient: Mailbox,
    /// The message's own id: the same at every attempt.
    pub message_id: MessageId,
    /// The message, CRLF.
    pub message: Vec<u8>,
    /// After this there is no use in trying.
    pub expires_at: DateTime<Utc>,
    /// State.
    pub state: OutboxState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its turn among what is due: an earlier one goes first (see [`turn`]).
    pub turn: DateTime<Utc>,
}

impl OutboxItem {
    /// Where it goes: the recipient's domain, as limits and pauses name it.
    pub fn destination(&self) -> String {
        self.recipient.domain().to_lowercase()
    }
}

/// How far apart the mails of one story stand in the queue: whoever invites 5,000 guests leaves room for others between them.
const APART: TimeDelta = TimeDelta::milliseconds(100);
/// How far ahead an urgent mail stands.
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// Whether a mail goes before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A cancellation, a meeting that starts soon, an alert.
    Urgent,
    /// All else.
    Usual,
}

/// The turn of the mail with this place among those of its story. Nobody waits longer for it while nobody else waits: the turn orders,
/// and delays nothing.
pub fn turn(made_at: DateTime<Utc>, place: usize, urgency: Urgency) -> DateTime<Utc> {
    let ahead = match urgency {
        Urgency::Urgent => AHEAD,
        Urgency::Usual => TimeDelta::zero(),
    };
    made_at - ahead + APART * i32::try_from(place).unwrap_or(i32::MAX)
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// 2yz after the final dot.
    Delivered(String),
    /// 4yz, or the connection broke before the final dot: nothing was taken.
    Deferred(String),
    /// No server of the way could be reached: that says nothing of this mail, and no other need be tried now.
    Unreachable(String),
    /// 5yz: will never be taken.
    Bounced(String),
    /// The connection broke after the final dot: may have been taken. Tried again with the same Message-ID.
    Uncertain(String),
}

/// Bounds of the retries. All are settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Wait after the first failed attempt, in seconds; doubled after each further one.
    pub first_wait_seconds: u32,
    /// Longest wait, in seconds.
    pub longest_wait_seconds: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { first_wait_seconds: 60, longest_wait_seconds: 3_600 }
    }
}

/// The state after an attempt. `spread` in 0..=1 moves the next attempt so that a failed crowd does not return at once.
pub fn after_attempt(item: &OutboxItem, outcome: &AttemptOutcome, policy: &RetryPolicy, spread: f64, now: DateTime<Utc>) -> OutboxState {
    let attempts = match &item.state {
        OutboxState::Due { attempts, .. } => *attempts,
        OutboxState::Sent { .. } | OutboxState::Failed { .. } => return item.state.clone(),
    };
    let (text, retry) = match outcome {
        AttemptOutcome::Delivered(text) => return OutboxState::Sent { at: now, last: text.clone() },
        AttemptOutcome::Bounced(text) => (text, false),
        AttemptOutcome::Deferred(text) | AttemptOutcome::Uncertain(text) => (text, true),
        // Nothing was tried with this mail: it does not wait longer the next time.
        AttemptOutcome::Unreachable(text) if now < item.expires_at => {
            let at = now + policy.wait(0, spread);
            return OutboxState::Due { at: at.min(item.expires_at), attempts, last: text.clone() };
        }
        AttemptOutcome::Unreachable(text) => (text, false),
    };
    let next = now + policy.wait(attempts, spread);
    if !retry || next > item.expires_at {
        return OutboxState::Failed { at: now, last: text.clone() };
    }
    OutboxState::Due { at: next, attempts: attempts.saturating_add(1), last: text.clone() }
}

impl RetryPolicy {
    /// The wait after this many failed attempts before the last one. `spread` in 0..=1 makes it a quarter shorter or longer.
    pub fn wait(&self, attempts: u32, spread: f64) -> TimeDelta {
        let doubled = u64::from(self.first_wait_seconds) << attempts.min(20);
        let capped = doubled.min(u64::from(self.longest_wait_seconds));
        let jittered = capped as f64 * (0.75 + 0.5 * spread.clamp(0.0, 1.0));
        TimeDelta::milliseconds((jittered * 1000.0) as i64)
    }
}
