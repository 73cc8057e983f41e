//! The sessions that are open, by destination: each has a bounded pool of its own, so that a slow one takes no place of another.

use super::settings::DirectSettings;
use crate::outbound::pool::Pool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The pools.
pub struct Destinations {
    pools: Mutex<HashMap<String, Arc<Pool>>>,
    size: usize,
    idle_life: Duration,
    mails: u32,
}

impl Destinations {
    /// With the bounds of the settings.
    pub fn new(settings: &DirectSettings) -> Self {
        Self {
            pools: Mutex::default(),
            size: settings.per_destination,
            idle_life: Duration::from_secs(settings.idle_seconds),
            mails: settings.messages_per_connection,
        }
    }

    /// The pool of a destination.
    pub fn pool(&self, name: &str) -> Arc<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Pool::new(self.size, self.idle_life, self.mails));
        pools.entry(name.to_owned()).or_insert_with(new).clone()
    }

    /// Ends what was idle too long, and forgets destinations that nobody uses. Whoever holds a pool keeps it: a second one beside it
    /// would double its bound.
    pub fn expire(&self) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|_, pool| !pool.expire() || Arc::strong_count(pool) > 1);
    }

    /// How many are known.
    pub fn count(&self) -> usize {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_used_is_kept_and_who_is_not_is_forgotten() {
        let destinations = Destinations::new(&DirectSettings::default());
        let held = destinations.pool("a.example");
        destinations.pool("b.example");
        destinations.expire();
        assert_eq!(destinations.count(), 1);
        assert!(Arc::ptr_eq(&held, &destinations.pool("a.example")));
        drop(held);
        destinations.expire();
        assert_eq!(destinations.count(), 0);
    }
}
