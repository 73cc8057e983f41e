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
}

/// The newest that was taken: of the whole, and of instances on their own. Whatever comes later but is older changes nothing,
/// so that messages lead to the same end in whichever order they arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Of the whole; `None` where instances alone are known.
    pub whole: Option<Revision>,
    /// Whether the message about the whole spoke of single instances too. Some programs leave them to messages of their own.
    pub speaks_of_instances: bool,
    /// Of instances that a VEVENT of their own spoke of, by the instant of their RECURRENCE-ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<DateTime<Utc>, Revision>,
}

impl Ledger {
    /// Whether what this revision says of the whole is still to be taken.
    pub fn takes_whole(&self, revision: &Revision) -> bool {
        !self.whole.is_some_and(|known| revision.is_before(&known))
    }

    /// Whether what this revision says of one instance is still to be taken.
    pub fn takes_instance(&self, id: DateTime<Utc>, revision: &Revision) -> bool {
        let own = self.instances.get(&id).is_some_and(|known| revision.is_before(known));
        let whole = self.speaks_of_instances && self.whole.is_some_and(|known| revision.is_before(&known));
        !own && !whole
    }

    /// Notes the whole. What was known of instances stays where it is newer, or where the whole is silent about them.
    pub fn note_whole(&mut self, revision: Revision, speaks_of_instances: bool) {
        self.whole = Some(revision);
        self.speaks_of_instances = speaks_of_instances;
        if speaks_of_instances {
            self.instances.retain(|_, known| revision.is_before(known));
        }
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
    fn an_instance_has_a_revision_of_its_own() {
        let id = "2026-07-06T07:00:00Z".parse().unwrap();
        let mut ledger = Ledger::default();
        ledger.note_whole(revision(2, 9), false);
        // The whole says nothing of instances: an older message about one may be late.
        assert!(ledger.takes_instance(id, &revision(1, 8)) && !ledger.takes_whole(&revision(1, 8)));
        ledger.instances.insert(id, revision(3, 8));
        assert!(!ledger.takes_instance(id, &revision(2, 9)));
        ledger.note_whole(revision(4, 1), true);
        assert!(ledger.instances.is_empty() && !ledger.takes_instance(id, &revision(3, 9)) && ledger.takes_instance(id, &revision(4, 1)));
        assert_eq!(ledger.sequence(), 4);
    }
}
