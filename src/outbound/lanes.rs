//! What one node has in hand, and where it may send more: limits of each destination, and ways that can't be reached just now.

use crate::domain::delivery::RetryPolicy;
use crate::domain::id::OutboxId;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Bounds of each destination.
#[derive(Clone, Copy, Debug)]
pub struct LaneLimits {
    /// Most deliveries at once.
    pub at_once: usize,
    /// Most deliveries a minute; 0 for no limit.
    pub per_minute: u32,
}

/// A way that could not be reached.
struct Closed {
    until: Instant,
    failures: u32,
}

/// The lanes of a node. One key for all where every mail takes the same way.
pub struct Lanes {
    limits: LaneLimits,
    backoff: RetryPolicy,
    in_hand: HashMap<OutboxId, String>,
    busy: HashMap<String, usize>,
    starts: HashMap<String, Vec<Instant>>,
    closed: HashMap<String, Closed>,
}

/// A minute.
const MINUTE: Duration = Duration::from_secs(60);

impl Lanes {
    /// None in hand yet.
    pub fn new(limits: LaneLimits, backoff: RetryPolicy) -> Self {
        Self { limits, backoff, in_hand: HashMap::new(), busy: HashMap::new(), starts: HashMap::new(), closed: HashMap::new() }
    }

    /// How many are in hand.
    pub fn count(&self) -> usize {
        self.in_hand.len()
    }

    /// Which.
    pub fn ids(&self) -> Vec<OutboxId> {
        self.in_hand.keys().copied().collect()
    }

    /// Takes a mail in hand; `false` where it is already, or its destination can take no more.
    pub fn take(&mut self, id: OutboxId, destination: &str, now: Instant) -> bool {
        if self.in_hand.contains_key(&id) || self.is_full(destination, now) {
            return false;
        }
        self.in_hand.insert(id, destination.to_owned());
        *self.busy.entry(destination.to_owned()).or_default() += 1;
        if self.limits.per_minute > 0 {
            self.starts.entry(destination.to_owned()).or_default().push(now);
        }
        true
    }

    /// A delivery has ended.
    pub fn release(&mut self, id: OutboxId) {
        let Some(destination) = self.in_hand.remove(&id) else { return };
        if let Some(count) = self.busy.get_mut(&destination) {
            *count -= 1;
            if *count == 0 {
                self.busy.remove(&destination);
            }
        }
    }

    /// Destinations that can take no more now.
    pub fn full(&mut self, now: Instant) -> Vec<String> {
        self.starts.retain(|_, starts| {
            starts.retain(|start| now.duration_since(*start) < MINUTE);
            !starts.is_empty()
        });
        let mut full: Vec<String> = self.busy.keys().chain(self.starts.keys()).filter(|key| self.is_full(key, now)).cloned().collect();
        full.extend(self.closed.iter().filter(|(_, closed)| now < closed.until).map(|(key, _)| key.clone()));
        full.sort_unstable();
        full.dedup();
        full
    }

    fn is_full(&self, destination: &str, now: Instant) -> bool {
        let at_once = self.busy.get(destination).copied().unwrap_or_default();
        let recent = |starts: &Vec<Instant>| starts.iter().filter(|start| now.duration_since(**start) < MINUTE).count();
        at_once >= self.limits.at_once.max(1)
            || (self.limits.per_minute > 0 && self.starts.get(destination).map_or(0, recent) >= self.limits.per_minute as usize)
    }

    /// A way could not be reached: it rests, the longer the more often.
    pub fn close(&mut self, key: &str, now: Instant, spread: f64) {
        let failures = self.closed.get(key).map_or(0, |closed| closed.failures);
        if self.closed.get(key).is_some_and(|closed| now < closed.until) {
            // Others that were under way at the same time say the same.
            return;
        }
        let rests = self.backoff.wait(failures, spread).to_std().unwrap_or_default();
        self.closed.insert(key.to_owned(), Closed { until: now + rests, failures: failures.saturating_add(1) });
    }

    /// A way was reached.
    pub fn reopen(&mut self, key: &str) {
        self.closed.remove(key);
    }

    /// How long a way still rests; `None` where it is open.
    pub fn rests(&self, key: &str, now: Instant) -> Option<Duration> {
        self.closed.get(key).and_then(|closed| closed.until.checked_duration_since(now)).filter(|rest| !rest.is_zero())
    }

    /// Whether a way was closed and has not been reached since: one mail tries it before many do.
    pub fn is_doubtful(&self, key: &str) -> bool {
        self.closed.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> OutboxId {
        OutboxId(Uuid::from_u128(number))
    }

    fn lanes(at_once: usize, per_minute: u32) -> Lanes {
        Lanes::new(LaneLimits { at_once, per_minute }, RetryPolicy { first_wait_seconds: 2, longest_wait_seconds: 8 })
    }

    #[test]
    fn a_destination_takes_so_many_at_once_and_others_are_not_kept() {
        let (mut lanes, now) = (lanes(2, 0), Instant::now());
        assert!(lanes.take(id(1), "a.example", now) && lanes.take(id(2), "a.example", now));
        assert!(!lanes.take(id(3), "a.example", now) && !lanes.take(id(1), "b.example", now));
        assert!(lanes.take(id(4), "b.example", now));
        assert_eq!((lanes.full(now), lanes.count()), (vec!["a.example".to_owned()], 3));
        lanes.release(id(1));
        assert!(lanes.full(now).is_empty() && lanes.take(id(3), "a.example", now));
        lanes.release(id(9));
        assert_eq!(lanes.count(), 3, "what is not in hand can't be released");
    }

    #[test]
    fn a_minute_takes_so_many() {
        let (mut lanes, now) = (lanes(9, 2), Instant::now());
        for number in 1..=2 {
            assert!(lanes.take(id(number), "a.example", now));
            lanes.release(id(number));
        }
        assert!(!lanes.take(id(3), "a.example", now));
        assert_eq!(lanes.full(now), ["a.example"]);
        let later = now + MINUTE;
        assert!(lanes.full(later).is_empty() && lanes.take(id(3), "a.example", later));
    }

    #[test]
    fn a_way_that_is_down_rests_longer_and_longer_until_it_is_reached() {
        let (mut lanes, now) = (lanes(9, 0), Instant::now());
        lanes.close("a.example", now, 0.5);
        lanes.close("a.example", now, 0.5);
        assert_eq!(lanes.rests("a.example", now), Some(Duration::from_secs(2)), "those under way at once count once");
        assert_eq!(lanes.full(now), ["a.example"]);
        let mut at = now;
        for seconds in [4, 8, 8] {
            at += lanes.rests("a.example", at).unwrap();
            assert!(lanes.rests("a.example", at).is_none() && lanes.is_doubtful("a.example"));
            lanes.close("a.example", at, 0.5);
            assert_eq!(lanes.rests("a.example", at), Some(Duration::from_secs(seconds)));
        }
        lanes.reopen("a.example");
        assert!(lanes.full(at).is_empty() && !lanes.is_doubtful("a.example"));
    }
}
