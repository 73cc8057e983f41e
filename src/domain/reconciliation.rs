//! The balance of the archive: everything that was accepted is in exactly one terminal state, and everything that was to be sent
//! is sent, given up or waits.

use serde::Serialize;
use std::collections::BTreeMap;

/// Most faults that are named; all are counted.
pub const FAULTS_NAMED: usize = 1_000;

/// How far a reconciliation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The rows that are read now.
    pub table: &'static str,
    /// Rows read of it.
    pub done: u64,
    /// Rows to read of it, about.
    pub total: u64,
}

/// A row that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Its table.
    pub table: &'static str,
    /// What it is known by: an id, a number, a day.
    pub row: String,
    /// What is wrong, as an English sentence without addresses.
    pub what: &'static str,
}

/// Held messages, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holds {
    /// Wait for a person.
    pub waiting: u64,
    /// Let go on.
    pub released: u64,
    /// Ended without effect.
    pub dropped: u64,
    /// Ended since nobody decided.
    pub expired: u64,
}

/// Mail to send, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outbox {
    /// Wait for an attempt.
    pub due: u64,
    /// Taken by the next server.
    pub sent: u64,
    /// Given up.
    pub failed: u64,
}

/// What was counted, and what does not add up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Deliveries answered with 250, as they were counted one by one.
    pub accepted: u64,
    /// Messages by terminal state; `duplicate` are deliveries seen before.
    pub states: BTreeMap<String, u64>,
    /// The held ones.
    pub holds: Holds,
    /// All mail of ours.
    pub outbox: Outbox,
    /// How many rows break a rule.
    pub fault_count: u64,
    /// The first of them.
    pub faults: Vec<Fault>,
}

impl Reconciliation {
    /// The sum of the terminal states.
    pub fn accounted_for(&self) -> u64 {
        self.states.values().sum()
    }

    /// Whether everything adds up.
    pub fn is_whole(&self) -> bool {
        let held = self.states.get("held").copied().unwrap_or_default();
        let Holds { waiting, released, dropped, expired } = self.holds;
        self.fault_count == 0 && self.accepted == self.accounted_for() && held == waiting + released + dropped + expired
    }

    /// Notes a row that breaks a rule.
    pub fn fault(&mut self, table: &'static str, row: impl Into<String>, what: &'static str) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_NAMED {
            self.faults.push(Fault { table, row: row.into(), what });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_whole_when_the_sums_agree_and_no_row_breaks_a_rule() {
        let states = BTreeMap::from([("applied".to_owned(), 3), ("held".to_owned(), 2), ("duplicate".to_owned(), 1)]);
        let whole = Reconciliation {
            accepted: 6,
            states,
            holds: Holds { waiting: 1, released: 1, ..Holds::default() },
            ..Reconciliation::default()
        };
        assert!(whole.is_whole());
        assert!(!Reconciliation { accepted: 7, ..whole.clone() }.is_whole());
        assert!(!Reconciliation { holds: Holds::default(), ..whole.clone() }.is_whole());
        let mut faulty = whole;
        faulty.fault("received", "x", "is in no terminal state");
        assert!(!faulty.is_whole() && faulty.faults.len() == 1);
    }
}
