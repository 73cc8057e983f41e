//! The outbox worker: claim what is due, have it delivered, commit what became of it, wait for more.
//!
//! A mail is repeated only when the process dies, or the connection breaks, between the next server's 250 and
//! the commit that records it: SMTP knows no better. The repetition has the same Message-ID.

use super::aftermath::{Aftermath, aftermath};
use crate::domain::alert::Alert;
use crate::domain::delivery::{AttemptOutcome, OutboxItem, OutboxState, RetryPolicy, after_attempt};
use crate::domain::id::{AlertId, OutboxId};
use crate::domain::record::{Commit, Committed};
use crate::flow::port::{AlertDesk, Archive, Bell, PortResult, Transport, World};
use futures_util::FutureExt;
use serde::Deserialize;
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How the outbox is worked off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxSettings {
    /// Most deliveries at once. No more than the smarthost's `pool_size`, so that none waits for a connection.
    pub concurrency: usize,
    /// Wait after the first failed attempt, in seconds; doubled after each further one.
    pub first_wait_seconds: u32,
    /// Longest wait between two attempts, in seconds.
    pub longest_wait_seconds: u32,
    /// Longest time without a look at the archive, in seconds: for mail that another process left, such as a command.
    pub look_seconds: u64,
    /// How long deliveries may still run when the gateway stops, in seconds.
    pub stop_seconds: u64,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        let policy = RetryPolicy::default();
        Self {
            concurrency: 16,
            first_wait_seconds: policy.first_wait_seconds,
            longest_wait_seconds: policy.longest_wait_seconds,
            look_seconds: 5,
            stop_seconds: 30,
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
    /// Writes the mail to the helpdesk then.
    pub desk: Arc<dyn AlertDesk>,
    /// Bounds.
    pub settings: OutboxSettings,
}

/// Shortest wait before the archive is asked again when it fails, or when all that is due is in hand.
const PAUSE: Duration = Duration::from_secs(1);

impl Worker {
    /// Works until `stop` is true or its sender is gone; then lets what runs end within `stop_seconds`, and returns.
    /// `wake` is notified when mail was committed.
    pub async fn run(self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let mut running: JoinSet<OutboxId> = JoinSet::new();
        let mut in_hand: HashSet<OutboxId> = HashSet::new();
        let places = self.settings.concurrency.max(1);
        while !*stop.borrow() {
            // Half the places at a time, since a look also reads what is in hand. Nothing is claimed that can't be sent
            // at once: what waits here could be superseded unseen.
            let looks = in_hand.len() <= places / 2;
            let mut pause = self.longest_pause();
            if looks {
                match self.claim(&mut in_hand, places).await {
                    Ok(items) => items.into_iter().for_each(|item| drop(running.spawn(self.clone().attempt(item, stop.clone())))),
                    Err(error) => tracing::error!(%error, "the outbox can't be read"),
                }
                pause = self.pause().await;
            }
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                Some(ended) = running.join_next() => release(&mut in_hand, ended),
                () = wake.notified(), if looks => {}
                () = sleep(pause), if looks => {}
            }
        }
        self.finish(running).await;
    }

    /// What is cut off here is due again at the next start.
    async fn finish(&self, mut running: JoinSet<OutboxId>) {
        let all = async { while running.join_next().await.is_some() {} };
        if timeout(Duration::from_secs(self.settings.stop_seconds), all).await.is_err() {
            tracing::warn!(cut_off = running.len(), "deliveries did not end in time");
        }
    }

    /// Due mail that nobody here has in hand, as much as there are places left, marked as in hand.
    async fn claim(&self, in_hand: &mut HashSet<OutboxId>, places: usize) -> PortResult<Vec<OutboxItem>> {
        let free = places.saturating_sub(in_hand.len());
        let due = self.archive.outbox_due(self.world.now(), u32::try_from(places).unwrap_or(u32::MAX)).await?;
        Ok(due.into_iter().filter(|item| in_hand.insert(item.id)).take(free).collect())
    }

    fn longest_pause(&self) -> Duration {
        Duration::from_secs(self.settings.look_seconds).max(PAUSE)
    }

    /// How long nothing new can be due.
    async fn pause(&self) -> Duration {
        match self.archive.outbox_next().await {
            Ok(Some(next)) => (next - self.world.now()).to_std().unwrap_or_default().clamp(PAUSE, self.longest_pause()),
            Ok(None) => self.longest_pause(),
            Err(_) => PAUSE,
        }
    }

    async fn attempt(self, item: OutboxItem, stop: watch::Receiver<bool>) -> OutboxId {
        let outcome = self.deliver(&item).await;
        let now = self.world.now();
        let next = after_attempt(&item, &outcome, &self.policy(), self.world.spread(), now);
        report(&item, &outcome, &next);
        self.record(&aftermath(&item, &outcome, next, AlertId(self.world.key()), now), &stop).await;
        item.id
    }

    /// A transport that panics may have sent the mail before.
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        let attempt = AssertUnwindSafe(self.transport.deliver(item)).catch_unwind();
        attempt.await.unwrap_or_else(|_| {
            tracing::error!(outbox = %item.id, "a delivery ended abnormally");
            AttemptOutcome::Uncertain("451 4.3.0 the delivery ended abnormally".to_owned())
        })
    }

    /// Insists: a delivery that isn't recorded would be made again. Gives up only when the process stops.
    async fn record(&self, after: &Aftermath, stop: &watch::Receiver<bool>) {
        loop {
            match self.try_record(after).await {
                Ok(Committed::Done) => break,
                Ok(other) => return tracing::error!(?other, "an attempt could not be recorded"),
                Err(error) => tracing::error!(%error, "an attempt is not recorded yet"),
            }
            if *stop.borrow() || stop.has_changed().is_err() {
                return;
            }
            sleep(PAUSE).await;
        }
        if let Some(alert) = &after.alert {
            self.ring(alert).await;
        }
    }

    async fn try_record(&self, after: &Aftermath) -> PortResult<Committed> {
        let mut writes = after.writes.clone();
        if let Some(alert) = &after.alert {
            writes.extend(self.desk.alert_writes(alert).await?);
        }
        self.archive.commit(Commit { writes }).await
    }

    /// With the alert as it stands now: repeated ones are one.
    async fn ring(&self, alert: &Alert) {
        let merged = self.archive.alert_by_key(&alert.key).await.ok().flatten();
        self.bell.ring(merged.as_ref().unwrap_or(alert)).await;
    }

    fn policy(&self) -> RetryPolicy {
        RetryPolicy { first_wait_seconds: self.settings.first_wait_seconds, longest_wait_seconds: self.settings.longest_wait_seconds }
    }
}

fn release(in_hand: &mut HashSet<OutboxId>, ended: Result<OutboxId, tokio::task::JoinError>) {
    match ended {
        Ok(id) => drop(in_hand.remove(&id)),
        // The mail stays in hand, and is tried again after a restart rather than in a circle.
        Err(error) => tracing::error!(%error, "an attempt ended abnormally"),
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
