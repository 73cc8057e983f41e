//! Several ways to one end: the next is tried where one can't be reached, and a way that failed is left alone for a while.

use crate::domain::delivery::{AttemptOutcome, OutboxItem};
use crate::flow::port::Transport;
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a way that could not be reached is passed over while another is open.
const CLOSED_FOR: Duration = Duration::from_secs(30);

struct Way<T> {
    transport: T,
    closed_until: Mutex<Option<Instant>>,
}

/// Ways in the order of preference.
pub struct Failover<T>(Vec<Way<T>>);

impl<T> Failover<T> {
    /// The first is the usual one.
    pub fn new(ways: Vec<T>) -> Self {
        Self(ways.into_iter().map(|transport| Way { transport, closed_until: Mutex::default() }).collect())
    }
}

impl<T> Way<T> {
    fn is_open(&self) -> bool {
        self.closed_until.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|until| Instant::now() >= until)
    }

    fn set(&self, closed_until: Option<Instant>) {
        *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner) = closed_until;
    }
}

#[async_trait]
impl<T: Transport> Transport for Failover<T> {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        let (open, closed): (Vec<_>, Vec<_>) = self.0.iter().partition(|way| way.is_open());
        // Where all are closed, each may be back.
        let ways = if open.is_empty() { closed } else { open };
        let mut said = "no way is set up".to_owned();
        for way in ways {
            match way.transport.deliver(item).await {
                AttemptOutcome::Unreachable(text) => {
                    tracing::warn!(cause = %text, "a way out can't be reached");
                    way.set(Some(Instant::now() + CLOSED_FOR));
                    said = text;
                }
                outcome @ (AttemptOutcome::Delivered(_)
                | AttemptOutcome::Deferred(_)
                | AttemptOutcome::Bounced(_)
                | AttemptOutcome::Uncertain(_)) => {
                    way.set(None);
                    return outcome;
                }
            }
        }
        AttemptOutcome::Unreachable(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Says the same to every mail, and counts them.
    struct Says(AttemptOutcome, Arc<AtomicUsize>);

    #[async_trait]
    impl Transport for Says {
        async fn deliver(&self, _: &OutboxItem) -> AttemptOutcome {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.clone()
        }
    }

    fn item() -> OutboxItem {
        use crate::domain::address::{Mailbox, ReversePath};
        use crate::domain::delivery::{OutboxPurpose, OutboxState};
        let now = chrono::DateTime::UNIX_EPOCH;
        OutboxItem {
            id: crate::domain::id::OutboxId(uuid::Uuid::nil()),
            purpose: OutboxPurpose::Organizer,
            guest: None,
            meeting: None,
            reverse_path: ReversePath::Null,
            recipient: Mailbox::parse("a@b.example").unwrap(),
            message_id: crate::domain::thread::MessageId::parse("a@b.example").unwrap(),
            message: Vec::new(),
            expires_at: now,
            state: OutboxState::Due { at: now, attempts: 0, last: String::new() },
            created_at: now,
            turn: now,
        }
    }

    #[tokio::test]
    async fn the_next_way_is_taken_where_one_is_closed_and_never_after_an_answer() {
        let (down, refusing, other) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let ways = Failover::new(vec![
            Says(AttemptOutcome::Unreachable("down".into()), down.clone()),
            Says(AttemptOutcome::Bounced("550 no".into()), refusing.clone()),
            Says(AttemptOutcome::Delivered("250 ok".into()), other.clone()),
        ]);
        for _ in 0..3 {
            assert_eq!(ways.deliver(&item()).await, AttemptOutcome::Bounced("550 no".into()), "a refusal is an answer");
        }
        let asked = [&down, &refusing, &other].map(|count| count.load(Ordering::SeqCst));
        assert_eq!(asked, [1, 3, 0], "what is down is left alone for a while");
    }

    #[tokio::test]
    async fn where_all_are_closed_each_is_tried() {
        let (one, two) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let down = |count: &Arc<AtomicUsize>| Says(AttemptOutcome::Unreachable("down".into()), count.clone());
        let ways = Failover::new(vec![down(&one), down(&two)]);
        for _ in 0..2 {
            assert_eq!(ways.deliver(&item()).await, AttemptOutcome::Unreachable("down".into()));
        }
        assert_eq!((one.load(Ordering::SeqCst), two.load(Ordering::SeqCst)), (2, 2));
    }
}
