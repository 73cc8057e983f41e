//! The sessions that are open, by destination: each has a bounded pool of its own, so that a slow one takes no place of another.

use super::settings::DirectSettings;
use crate::outbound::pool::Pool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So long nobody is looked for where nobody was reached: the mails of a crowd to one domain must not wait for it one after the other,
/// in places that other mail needs. Shorter than the wait before a second attempt.
const PAUSE: Duration = Duration::from_secs(30);

/// One destination.
pub struct Destination {
    /// Its sessions.
    pub pool: Pool,
    silent: Mutex<Option<(Instant, String)>>,
}

impl Destination {
    /// Nobody was reached, for this reason.
    pub fn note_silence(&self, cause: &str, now: Instant) {
        *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, cause.to_owned()));
    }

    /// Why nobody was reached just before.
    pub fn silence(&self, now: Instant) -> Option<String> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.as_ref().filter(|(since, _)| now.duration_since(*since) < PAUSE).map(|(_, cause)| cause.clone())
    }
}

/// All of them.
pub struct Destinations {
    known: Mutex<HashMap<String, Arc<Destination>>>,
    size: usize,
    idle_life: Duration,
    mails: u32,
}

impl Destinations {
    /// With the bounds of the settings.
    pub fn new(settings: &DirectSettings) -> Self {
        Self {
            known: Mutex::default(),
            size: settings.per_destination,
            idle_life: Duration::from_secs(settings.idle_seconds),
            mails: settings.messages_per_connection,
        }
    }

    /// The one of this name.
    pub fn of(&self, name: &str) -> Arc<Destination> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Destination { pool: Pool::new(self.size, self.idle_life, self.mails), silent: Mutex::default() };
        known.entry(name.to_owned()).or_insert_with(|| Arc::new(new())).clone()
    }

    /// Ends sessions that were idle too long, and forgets destinations that nobody uses. One that somebody holds is kept: a second one
    /// beside it would double its bound.
    pub fn expire(&self, now: Instant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, one| !one.pool.expire() || Arc::strong_count(one) > 1 || one.silence(now).is_some());
    }

    /// How many are known.
    pub fn count(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_used_is_kept_and_who_is_not_is_forgotten() {
        let (destinations, now) = (Destinations::new(&DirectSettings::default()), Instant::now());
        let held = destinations.of("a.example");
        destinations.of("b.example");
        destinations.of("c.example").note_silence("nobody", now);
        destinations.expire(now);
        assert_eq!(destinations.count(), 2);
        assert!(Arc::ptr_eq(&held, &destinations.of("a.example")));
        assert_eq!(destinations.of("c.example").silence(now).as_deref(), Some("nobody"));
        drop(held);
        assert_eq!(destinations.of("c.example").silence(now + PAUSE), None);
        destinations.expire(now + PAUSE);
        assert_eq!(destinations.count(), 0);
    }
}
