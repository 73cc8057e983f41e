//! A bounded set of sessions to one server: used again while they are young, healthy and not worn out.

use super::connection::Connection;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The idle sessions, and how many more may be open.
pub struct Pool {
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
    idle_life: Duration,
    mails_per_connection: u32,
}

impl Pool {
    /// At most `size` sessions; one that was idle longer than `idle_life` or carried `mails_per_connection` isn't used again.
    pub fn new(size: usize, idle_life: Duration, mails_per_connection: u32) -> Self {
        Self { idle: Mutex::default(), places: Semaphore::new(size.max(1)), idle_life, mails_per_connection }
    }

    /// Waits for a place. `None` never happens while the pool lives: its semaphore is never closed.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }

    /// The session used last, if it is still fit. Those that were idle too long are taken leave of on the way.
    pub fn take(&self) -> Option<Connection> {
        self.fit().pop()
    }

    /// Takes leave of the sessions that were idle too long; whether none is left.
    pub fn expire(&self) -> bool {
        self.fit().is_empty()
    }

    /// The idle sessions that may still be used.
    fn fit(&self) -> MutexGuard<'_, Vec<Connection>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // In the order of their use: the oldest stand first.
        let expired = idle.iter().take_while(|connection| now.duration_since(connection.used_at) >= self.idle_life).count();
        idle.drain(..expired).for_each(Connection::take_leave);
        idle
    }

    /// Keeps a session for the next mail, unless it is broken or worn out.
    pub fn keep(&self, connection: Connection) {
        if !connection.is_healthy() {
            return;
        }
        if connection.mails >= self.mails_per_connection {
            return connection.take_leave();
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
