//! Taking turns: messages of one meeting that arrive at once are judged one after the other, so that they need not
//! overtake each other in the archive again and again. Only courtesy within one process: what keeps the archive right is
//! the version of each row.

use crate::domain::id::OrganizerId;
use crate::domain::itip::Uid;
use futures_util::lock::{Mutex, MutexGuard};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Meetings that share a turn wait for each other without need; so many make that rare.
const TURNS: usize = 64;

/// The turns of a process.
pub struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    /// Waits for the turn of this dialog; it ends when the guard is dropped.
    pub(super) async fn take(&self, organizer: OrganizerId, uid: &Uid) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        (organizer, uid).hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % TURNS as u64).ok()?;
        Some(self.0.get(index)?.lock().await)
    }
}
