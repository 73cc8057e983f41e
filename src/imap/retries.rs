//! When what failed is tried again: pure, the time is an argument.

use super::ImapSettings;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How waits grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    first: Duration,
    longest: Duration,
}

impl Pace {
    pub(super) fn of(settings: &ImapSettings) -> Self {
        let first = Duration::from_secs(settings.first_wait_seconds);
        Self { first, longest: Duration::from_secs(settings.longest_wait_seconds).max(first) }
    }

    /// The wait after so many failures in a row: twice as long each time, and up to half of it shorter by chance (`spread` in 0..=1), so
    /// that what failed at one time is not tried again at one time.
    pub(super) fn wait(self, failures: u32, spread: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(31));
        let whole = self.first.saturating_mul(doubled).min(self.longest);
        whole.mul_f64(1.0 - spread.clamp(0.0, 1.0) / 2.0)
    }
}

/// One message that was tried.
#[derive(Clone, Copy, Debug)]
struct Tried {
    times: u32,
    due: Instant,
}

/// Messages of one folder that were tried and still lie there: they were not taken, or fetching them broke the connection, or they
/// were settled and the server keeps them all the same.
#[derive(Debug, Default)]
pub(super) struct Retries {
    validity: u32,
    tried: BTreeMap<u32, Tried>,
}

impl Retries {
    /// A folder was listed: what is gone is forgotten, and everything where the numbers have got another meaning. The rest that may be
    /// tried now: first what never was, so that nobody's mail waits behind what fails again and again.
    pub(super) fn due(&mut self, validity: u32, listed: &BTreeSet<u32>, now: Instant) -> Vec<u32> {
        if self.validity != validity {
            self.tried.clear();
            self.validity = validity;
        }
        self.tried.retain(|uid, _| listed.contains(uid));
        let again = self.tried.iter().filter(|(_, tried)| tried.due <= now).map(|(uid, _)| *uid);
        listed.iter().copied().filter(|uid| !self.tried.contains_key(uid)).chain(again).collect()
    }

    /// A message is tried now. How often it was before.
    pub(super) fn tries(&mut self, uid: u32, now: Instant, pace: Pace, spread: f64) -> u32 {
        let tried = self.tried.entry(uid).or_insert(Tried { times: 0, due: now });
        tried.times = tried.times.saturating_add(1);
        tried.due = now + pace.wait(tried.times, spread);
        tried.times - 1
    }

    /// When the next one may be tried.
    pub(super) fn next(&self) -> Option<Instant> {
        self.tried.values().map(|tried| tried.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { first: Duration::from_secs(5), longest: Duration::from_secs(60) };

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<u64> = [1, 2, 3, 4, 5, 6, 1_000].map(|failures| PACE.wait(failures, 0.0).as_secs()).to_vec();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60]);
        assert_eq!(PACE.wait(5, 1.0), Duration::from_secs(30));
    }

    #[test]
    fn what_failed_lets_the_others_pass() {
        let (now, listed) = (Instant::now(), BTreeSet::from([1, 2, 3]));
        let mut retries = Retries::default();
        assert_eq!(retries.due(7, &listed, now), [1, 2, 3]);
        assert_eq!(retries.tries(2, now, PACE, 0.0), 0);
        assert_eq!(retries.due(7, &listed, now), [1, 3]);
        assert_eq!(retries.next(), Some(now + Duration::from_secs(5)));
        let later = now + Duration::from_secs(5);
        assert_eq!(retries.due(7, &listed, later), [1, 3, 2]);
        assert_eq!(retries.tries(2, later, PACE, 0.0), 1);
        assert_eq!(retries.due(7, &listed, later + Duration::from_secs(9)), [1, 3]);
    }

    #[test]
    fn numbers_of_another_validity_are_other_messages() {
        let (now, listed) = (Instant::now(), BTreeSet::from([1, 2]));
        let mut retries = Retries::default();
        retries.due(7, &listed, now);
        retries.tries(1, now, PACE, 0.0);
        assert_eq!(retries.due(8, &listed, now), [1, 2]);
        retries.tries(1, now, PACE, 0.0);
        assert_eq!(retries.due(8, &BTreeSet::from([2]), now), [2]);
        assert_eq!(retries.next(), None, "what is gone is forgotten");
    }
}
