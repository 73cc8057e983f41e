//! A named fake that keeps what it is given, for `localserve` and tests. Magic recipients provoke failures: a
//! local part that contains `temperror`, `permerror` or `timeout` (at any position, in any letter case) is
//! deferred, bounced, or left uncertain.

use super::Fake;
use crate::domain::delivery::{AttemptOutcome, OutboxItem};
use crate::flow::port::{CaughtMail, CaughtMails, PortResult, Transport, World};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The newest mails, at most so many.
pub struct MemoryTransport {
    world: Arc<dyn World>,
    most: usize,
    caught: Mutex<Caught>,
}

#[derive(Default)]
struct Caught {
    count: u64,
    mails: VecDeque<CaughtMail>,
}

impl MemoryTransport {
    /// Keeps the newest `most` mails.
    pub fn new(_: Fake, world: Arc<dyn World>, most: usize) -> Self {
        Self { world, most, caught: Mutex::default() }
    }
}

/// What becomes of a mail to this local part.
fn magic(local: &str) -> AttemptOutcome {
    let local = local.to_lowercase();
    if local.contains("temperror") {
        AttemptOutcome::Deferred("451 4.3.0 magic recipient: temporary failure".to_owned())
    } else if local.contains("permerror") {
        AttemptOutcome::Bounced("550 5.1.1 magic recipient: permanent failure".to_owned())
    } else if local.contains("timeout") {
        AttemptOutcome::Uncertain("magic recipient: no reply to the final dot".to_owned())
    } else {
        AttemptOutcome::Delivered("250 2.0.0 caught".to_owned())
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        let outcome = magic(item.recipient.local());
        let mut caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        caught.count = caught.count.saturating_add(1);
        let mail = CaughtMail {
            number: caught.count,
            at: self.world.now(),
            reverse_path: item.reverse_path.clone(),
            recipient: item.recipient.clone(),
            message: item.message.clone(),
            outcome: outcome.clone(),
        };
        caught.mails.push_front(mail);
        caught.mails.truncate(self.most);
        outcome
    }
}

#[async_trait]
impl CaughtMails for MemoryTransport {
    async fn list(&self) -> PortResult<Vec<CaughtMail>> {
        Ok(self.caught.lock().unwrap_or_else(PoisonError::into_inner).mails.iter().cloned().collect())
    }

    async fn get(&self, number: u64) -> PortResult<Option<CaughtMail>> {
        let caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(caught.mails.iter().find(|mail| mail.number == number).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_recipients_fail_as_they_are_called() {
        assert!(matches!(magic("temperror+x"), AttemptOutcome::Deferred(_)));
        assert!(matches!(magic("x+PermError"), AttemptOutcome::Bounced(_)));
        assert!(matches!(magic("a.timeout.b"), AttemptOutcome::Uncertain(_)));
        assert!(matches!(magic("jean"), AttemptOutcome::Delivered(_)));
    }
}
