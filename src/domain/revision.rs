//! Which of two messages is the newer one: for the whole of a meeting, and for each instance of a series (RFC 5546 §2.1.5).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// SEQUENCE and DTSTAMP of one VEVENT of an organizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// SEQUENCE.
    pub sequence: u32,
    /// DTSTAMP, on the organizer's clock.
    pub dtstamp: Option<DateTime<Utc>>,
}

impl Revision {
    /// Whether this one is older: by SEQUENCE, and where that is the same by DTSTAMP. Without DTSTAMP nobody can say so.
    pub fn is_before(&self, other: &Self) -> bool {
        let is_stamped_before = matches!((self.dtstamp, other.dtstamp), (Some(this), Some(other)) if this < other);
        self.sequence < other.sequence || (self.sequence == other.sequence && is_stamped_before)
    }

    /// Whether this one is older than one of another VEVENT: of an instance against the whole. Many programs count the SEQUENCE of
    /// each on its own, so the organizer's clock goes first, and SEQUENCE says so only where the clock can't.
    pub fn is_older_than(&self, other: &Self) -> bool {
        match (self.dtstamp, other.dtstamp) {
            (Some(this), Some(other)) if this != other => this < other,
            (Some(_) | None, Some(_) | None) => self.sequence < other.sequence,
        }
    }
}

/// The newest that was taken: of the whole, and of instances on their own. Whatever comes later but is older changes nothing,
/// so that messages lead to the same end in whichever order they arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Of the whole; `None` where instances alone are known.
    pub whole: Option<Revision>,
    /// Of the newest message about the whole that spoke of single instances too: what is older says nothing of them any more.
    /// Some programs leave them to messages of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoken: Option<Revision>,
    /// Of instances that a VEVENT of their own spoke of, by the instant of their RECURRENCE-ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<DateTime<Utc>, Revision>,
}

impl Ledger {
    /// Whether what this revision says of the whole is still to be taken.
    pub fn takes_whole(&self, revision: &Revision) -> bool {
        !self.whole.is_some_and(|known| revision.is_before(&known))
    }

    /// Whether what this revision says of one instance is still to be taken; `as_of` is that of the whole beside it, where that
    /// is newer.
    pub fn takes_instance(&self, id: DateTime<Utc>, revision: &Revision, as_of: &Revision) -> bool {
        let own = self.instances.get(&id).is_some_and(|known| revision.is_before(known));
        !own && !self.spoken.is_some_and(|spoken| as_of.is_older_than(&spoken))
    }

    /// Notes the whole. What was known of instances stays where it is newer, or where the whole is silent about them.
    pub fn note_whole(&mut self, revision: Revision, speaks_of_instances: bool) {
        self.whole = Some(revision);
        if speaks_of_instances {
            self.note_spoken(revision);
        }
    }

    /// Notes that instances were spoken of with the whole, also where that is late: what is older is forgotten. Gives the
    /// RECURRENCE-IDs of it; `None` where they were spoken of since.
    pub fn note_spoken(&mut self, revision: Revision) -> Option<Vec<DateTime<Utc>>> {
        if self.spoken.is_some_and(|spoken| !spoken.is_before(&revision)) {
            return None;
        }
        self.spoken = Some(revision);
        let (newer, older) = std::mem::take(&mut self.instances).into_iter().partition(|(_, known)| revision.is_older_than(known));
        self.instances = newer;
        Some(BTreeMap::into_keys(older).collect())
    }

    /// The highest SEQUENCE in it.
    pub fn sequence(&self) -> u32 {
        self.whole.iter().chain(self.instances.values()).map(|known| known.sequence).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(sequence: u32, hour: u32) -> Revision {
        Revision { sequence, dtstamp: Some(format!("2026-06-01T{hour:02}:00:00Z").parse().unwrap()) }
    }

    #[test]
    fn sequence_goes_before_the_clock() {
        assert!(revision(1, 9).is_before(&revision(2, 8)) && !revision(2, 8).is_before(&revision(1, 9)));
        assert!(revision(1, 8).is_before(&revision(1, 9)) && !revision(1, 9).is_before(&revision(1, 9)));
        let unstamped = Revision { sequence: 1, dtstamp: None };
        assert!(!unstamped.is_before(&revision(1, 9)) && !revision(1, 9).is_before(&unstamped));
    }

    #[test]
    fn the_clock_goes_before_the_counts_of_two() {
        assert!(revision(4, 8).is_older_than(&revision(1, 9)) && !revision(1, 9).is_older_than(&revision(4, 8)));
        assert!(revision(0, 8).is_older_than(&revision(1, 8)) && !revision(1, 8).is_older_than(&revision(1, 8)));
        assert!(Revision { sequence: 0, dtstamp: None }.is_older_than(&revision(1, 8)));
    }

    #[test]
    fn an_instance_has_a_revision_of_its_own() {
        let id = "2026-07-06T07:00:00Z".parse().unwrap();
        let mut ledger = Ledger::default();
        let takes = |ledger: &Ledger, one: Revision| ledger.takes_instance(id, &one, &one);
        ledger.note_whole(revision(2, 9), false);
        // The whole says nothing of instances: an older message about one may be late.
        assert!(takes(&ledger, revision(1, 8)) && !ledger.takes_whole(&revision(1, 8)));
        ledger.instances.insert(id, revision(3, 10));
        assert!(!takes(&ledger, revision(2, 11)));
        ledger.note_whole(revision(4, 12), true);
        assert!(ledger.instances.is_empty() && !takes(&ledger, revision(5, 11)) && takes(&ledger, revision(0, 13)));
        // Beside a newer whole, whatever it kept of its own.
        assert!(ledger.takes_instance(id, &revision(0, 9), &revision(5, 13)));
        assert_eq!(ledger.sequence(), 4);
    }

    #[test]
    fn a_late_word_about_the_whole_and_its_instances_forgets_what_is_older() {
        let [older, newer] = ["2026-07-06T07:00:00Z", "2026-07-13T07:00:00Z"].map(|id| id.parse().unwrap());
        let mut ledger = Ledger { instances: BTreeMap::from([(older, revision(1, 1)), (newer, revision(3, 3))]), ..Ledger::default() };
        ledger.note_whole(revision(4, 4), false);
        assert_eq!((ledger.note_spoken(revision(2, 2)), ledger.note_spoken(revision(1, 1))), (Some(vec![older]), None));
        assert_eq!((ledger.spoken, ledger.instances.len()), (Some(revision(2, 2)), 1));
    }
}
