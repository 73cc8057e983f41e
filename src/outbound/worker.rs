//! The outbox worker: claim what is due, have it delivered, commit what became of it, wait for more.
//!
//! A mail is repeated only when the process dies, or the connection breaks, between the next server's 250 and
//! the commit that records it: SMTP knows no better. The repetition has the same Message-ID.

use super::aftermath::aftermath;
use crate::domain::alert::Alert;
use crate::domain::delivery::{AttemptOutcome, OutboxItem, OutboxState, RetryPolicy, after_attempt};
use crate::domain::id::{AlertId, OutboxId};
use crate::domain::record::{Commit, Committed};
use crate::flow::port::{Archive, Bell, PortResult, Transport, World};
use serde::Deserialize;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How the outbox is worked off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxSettings {
    /// Most deliveries at once.
    pub concurrency: usize,
    /// Most mails read from the archive at once.
    pub batch: u32,
    /// Wait after the first failed attempt, in seconds; doubled after each further one.
    pub first_wait_seconds: u32,
    /// Longest wait between two attempts, in seconds.
    pub longest_wait_seconds: u32,
    /// Longest time without a look at the archive, in seconds: for mail that another node left.
    pub look_seconds: u64,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        let policy = RetryPolicy::default();
        Self {
            concurrency: 32,
            batch: 128,
            first_wait_seconds: policy.first_wait_seconds,
            longest_wait_seconds: policy.longest_wait_seconds,
            look_seconds: 60,
        }
    }
}

/// What the worker works with. Clones share it.
#[derive(Clone)]
pub struct Worker {
    /// Where mail waits.
    pub archive: Arc<dyn Archive>,
    /// How it leaves.
    pub transport: Arc<dyn Transport>,
    /// Clock and chance.
    pub world: Arc<dyn World>,
    /// Rung when a mail was given up.
    pub bell: Arc<dyn Bell>,
    /// Bounds.
    pub settings: OutboxSettings,
}

/// Shortest wait before the archive is asked again when it fails, or when all that is due is claimed.
const PAUSE: Duration = Duration::from_secs(1);

impl Worker {
    /// Works until `stop` is true or its sender is gone; then finishes what runs, and returns. `wake` is notified when mail was committed.
    pub async fn run(self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let mut running: JoinSet<OutboxId> = JoinSet::new();
        let mut claimed: HashSet<OutboxId> = HashSet::new();
        let mut queue: VecDeque<OutboxItem> = VecDeque::new();
        while !*stop.borrow() {
            let mut pause = None;
            if queue.is_empty() {
                match self.claim(&mut claimed).await {
                    Ok(items) => queue.extend(items),
                    Err(error) => tracing::error!(%error, "the outbox can't be read"),
                }
                if queue.is_empty() {
                    pause = Some(self.pause().await);
                }
            }
            while running.len() < self.settings.concurrency.max(1)
                && let Some(item) = queue.pop_front()
            {
                running.spawn(self.clone().attempt(item, stop.clone()));
            }
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                Some(ended) = running.join_next() => release(&mut claimed, ended),
                () = wake.notified(), if queue.is_empty() => {}
                () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Due mail that nobody here has in hand, marked as in hand.
    async fn claim(&self, claimed: &mut HashSet<OutboxId>) -> PortResult<Vec<OutboxItem>> {
        let in_hand = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
        let limit = in_hand.saturating_add(self.settings.batch.max(1));
        let due = self.archive.outbox_due(self.world.now(), limit).await?;
        Ok(due.into_iter().filter(|item| claimed.insert(item.id)).collect())
    }

    /// How long nothing new can be due.
    async fn pause(&self) -> Duration {
        let longest = Duration::from_secs(self.settings.look_seconds).max(PAUSE);
        match self.archive.outbox_next().await {
            Ok(Some(next)) => (next - self.world.now()).to_std().unwrap_or_default().clamp(PAUSE, longest),
            Ok(None) => longest,
            Err(_) => PAUSE,
        }
    }

    async fn attempt(self, item: OutboxItem, stop: watch::Receiver<bool>) -> OutboxId {
        let outcome = self.transport.deliver(&item).await;
        let (now, policy) = (self.world.now(), self.policy());
        let next = after_attempt(&item, &outcome, &policy, self.spread(), now);
        report(&item, &outcome, &next);
        let after = aftermath(&item, &outcome, next, AlertId(self.world.key()), now);
        if self.commit(after.commit, &stop).await
            && let Some(alert) = after.alert
        {
            self.ring(alert).await;
        }
        item.id
    }

    /// Insists: a delivery that isn't recorded would be made again. Gives up only when the process stops.
    async fn commit(&self, commit: Commit, stop: &watch::Receiver<bool>) -> bool {
        loop {
            match self.archive.commit(commit.clone()).await {
                Ok(Committed::Done) => return true,
                Ok(other) => {
                    tracing::error!(?other, "an attempt could not be recorded");
                    return false;
                }
                Err(error) => tracing::error!(%error, "an attempt is not recorded yet"),
            }
            if *stop.borrow() || stop.has_changed().is_err() {
                return false;
            }
            sleep(PAUSE).await;
        }
    }

    /// With the alert as it stands now: repeated ones are one.
    async fn ring(&self, alert: Alert) {
        let merged = self.archive.alert_by_key(&alert.key).await.ok().flatten();
        self.bell.ring(&merged.unwrap_or(alert)).await;
    }

    fn policy(&self) -> RetryPolicy {
        RetryPolicy { first_wait_seconds: self.settings.first_wait_seconds, longest_wait_seconds: self.settings.longest_wait_seconds }
    }

    /// Chance in 0..=1, from 32 random bits of a UUID.
    fn spread(&self) -> f64 {
        f64::from(self.world.random().as_fields().0) / f64::from(u32::MAX)
    }
}

fn release(claimed: &mut HashSet<OutboxId>, ended: Result<OutboxId, tokio::task::JoinError>) {
    match ended {
        Ok(id) => {
            claimed.remove(&id);
        }
        // The mail stays claimed, and is tried again after a restart rather than in a circle.
        Err(error) => tracing::error!(%error, "a delivery ended abnormally"),
    }
}

fn report(item: &OutboxItem, outcome: &AttemptOutcome, next: &OutboxState) {
    let kind = match outcome {
        AttemptOutcome::Delivered(_) => "delivered",
        AttemptOutcome::Deferred(_) => "deferred",
        AttemptOutcome::Bounced(_) => "bounced",
        AttemptOutcome::Uncertain(_) => "uncertain",
    };
    let given_up = matches!(next, OutboxState::Failed { .. });
    tracing::info!(outbox = %item.id, recipient = ?item.recipient, kind, given_up, "attempt");
}
