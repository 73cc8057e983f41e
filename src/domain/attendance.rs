//! The three tracks of a guest's attendance. They never mix: a mail that was delivered says nothing of the
//! answer, and words are at most a suggestion.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Delivery track: where our mail to the guest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// In our outbox.
    #[default]
    Queued,
    /// Taken by the next mail server.
    Sent,
    /// Some server still tries.
    Delayed,
    /// Failed for good.
    Undeliverable,
    /// Nothing is sent: the address is suppressed.
    Stopped,
}

/// A participation status (RFC 5545 §3.2.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum PartStat {
    /// No answer yet.
    #[default]
    NeedsAction,
    /// Will come.
    Accepted,
    /// Will not come.
    Declined,
    /// May come.
    Tentative,
    /// Sends somebody else.
    Delegated,
}

impl PartStat {
    /// The value as RFC 5545 writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsAction => "NEEDS-ACTION",
            Self::Accepted => "ACCEPTED",
            Self::Declined => "DECLINED",
            Self::Tentative => "TENTATIVE",
            Self::Delegated => "DELEGATED",
        }
    }

    /// Reads a value in any letter case; `None` for x-names and values of other components
    /// (RFC 5545 §3.2.12 tells to treat what is not known as NEEDS-ACTION; the caller decides).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::NeedsAction, Self::Accepted, Self::Declined, Self::Tentative, Self::Delegated]
            .into_iter()
            .find(|value| value.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// Another time, proposed by COUNTER (RFC 5546 §3.2.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Proposed start.
    pub starts_at: DateTime<Utc>,
    /// Proposed end.
    pub ends_at: DateTime<Utc>,
    /// What the guest wrote with it.
    pub comment: Option<String>,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
}

/// What the guest answered to a meeting, or to one instance of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status in force.
    pub partstat: PartStat,
    /// SEQUENCE that the answer in force refers to.
    pub sequence: u32,
    /// DTSTAMP of the answer in force, on the guest's clock: compared only among this guest's answers.
    pub dtstamp: Option<DateTime<Utc>>,
    /// When it arrived here.
    pub received_at: Option<DateTime<Utc>>,
    /// The guest's COMMENT.
    pub comment: Option<String>,
    /// An open counter-proposal.
    pub proposal: Option<Proposal>,
}

/// Response track: what the guest answered, in calendar terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// To the meeting; of a series, to all instances that have no answer of their own.
    #[serde(flatten)]
    pub whole: Answer,
    /// To single instances of a series, by the instant of their RECURRENCE-ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<DateTime<Utc>, Answer>,
    /// The guest's mail system said that they are away, and when it said so.
    pub away_since: Option<DateTime<Utc>>,
}

impl Response {
    /// What was answered to exactly this: the whole (`None`), or an instance on its own.
    pub fn own(&self, target: Option<DateTime<Utc>>) -> Option<&Answer> {
        match target {
            None => Some(&self.whole),
            Some(id) => self.instances.get(&id),
        }
    }

    /// The status in force for the whole (`None`) or for an instance: its own, else that of the whole.
    pub fn partstat(&self, target: Option<DateTime<Utc>>) -> PartStat {
        self.own(target).unwrap_or(&self.whole).partstat
    }

    /// Puts an answer in the place of the one to the same target.
    pub fn put(&mut self, target: Option<DateTime<Utc>>, answer: Answer) {
        match target {
            None => self.whole = answer,
            Some(id) => {
                self.instances.insert(id, answer);
            }
        }
    }
}

/// Presence track: what was seen of the guest at the door and in the room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// First time that the link was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// First time that a conference token was handed out.
    pub entered_at: Option<DateTime<Utc>>,
}

/// All three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendance {
    /// Delivery track.
    pub delivery: Delivery,
    /// Response track.
    pub response: Response,
    /// Presence track.
    pub presence: Presence,
}
