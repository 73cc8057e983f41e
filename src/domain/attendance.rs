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

/// An answer to one instance of a series, or to it and all later ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceAnswer {
    /// The status in force.
    pub partstat: PartStat,
    /// RANGE=THISANDFUTURE (RFC 5545 §3.2.13): later instances without an answer of their own have this one too.
    #[serde(default)]
    pub and_later: bool,
    /// SEQUENCE that the answer refers to.
    pub sequence: u32,
    /// DTSTAMP of the answer, on the guest's clock.
    pub dtstamp: Option<DateTime<Utc>>,
    /// When it arrived here.
    pub received_at: Option<DateTime<Utc>>,
    /// The guest's COMMENT.
    pub comment: Option<String>,
    /// An open counter-proposal for this instance.
    pub proposal: Option<Proposal>,
}

/// Response track: what the guest answered, in calendar terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
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
    /// The guest's mail system said that they are away, and when it said so.
    pub away_since: Option<DateTime<Utc>>,
    /// Answers to single instances, by RECURRENCE-ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<DateTime<Utc>, InstanceAnswer>,
}

impl Response {
    /// The status in force for an instance: its own answer, else the newest one to an earlier instance and all later ones,
    /// else that to the whole.
    pub fn partstat_of(&self, instance: Option<DateTime<Utc>>) -> PartStat {
        let Some(id) = instance else { return self.partstat };
        let own = self.instances.get(&id).filter(|answer| answer.partstat != PartStat::NeedsAction);
        let ranged = || self.instances.range(..id).rev().map(|(_, answer)| answer).find(|answer| answer.and_later);
        own.or_else(ranged).map_or(self.partstat, |answer| answer.partstat)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_answer_counts_for_an_instance() {
        let day = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let answer = |partstat, and_later| InstanceAnswer { partstat, and_later, ..InstanceAnswer::default() };
        let instances = BTreeMap::from([
            (day(2), answer(PartStat::Declined, false)),
            (day(4), answer(PartStat::Tentative, true)),
            (day(6), answer(PartStat::NeedsAction, false)),
        ]);
        let response = Response { partstat: PartStat::Accepted, instances, ..Response::default() };
        let said = |day| response.partstat_of(Some(day));
        assert_eq!((response.partstat_of(None), said(day(1)), said(day(2)), said(day(3))), {
            use PartStat::{Accepted, Declined};
            (Accepted, Accepted, Declined, Accepted)
        });
        assert_eq!([day(4), day(5), day(6), day(7)].map(said), [PartStat::Tentative; 4]);
    }
}
