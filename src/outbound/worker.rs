//! The outbox worker: claim what is due, have it delivered, commit what became of it, wait for more.
//!
//! A mail is repeated only when the process dies, or the connection breaks, between the next server's 250 and
//! the commit that records it: SMTP knows no better. The repetition has the same Message-ID.

use super::aftermath::{Aftermath, aftermath};
use super::lanes::{LaneLimits, Lanes};
use crate::domain::alert::Alert;
use crate::domain::delivery::{AttemptOutcome, OutboxItem, OutboxState, RetryPolicy, after_attempt};
use crate::domain::id::{AlertId, OutboxId};
use crate::domain::queue::Claim;
use crate::domain::record::{Commit, Committed};
use crate::flow::port::{AlertDesk, Archive, Bell, PortResult, Transport, World};
use chrono::TimeDelta;
use futures_util::FutureExt;
use serde::Deserialize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, sleep, timeout};
use uuid::Uuid;

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
    /// Most deliveries at once to one recipient domain.
    pub destination_concurrency: usize,
    /// Most deliveries a minute to one recipient domain; 0 for no limit.
    pub destination_per_minute: u32,
    /// Longest time that a way which could not be reached is left alone, in seconds; it begins with one second and doubles.
    pub longest_rest_seconds: u32,
    /// How long what a node has in hand is its own where several share a database, in seconds; renewed while it lives. Longer than
    /// clocks of the nodes may differ.
    pub lease_seconds: u32,
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
            destination_concurrency: 16,
            destination_per_minute: 0,
            longest_rest_seconds: 60,
            lease_seconds: 120,
        }
    }
}

/// What the worker works with. Clones share it.
#[derive(Clone)]
pub struct Worker {
    /// Which node this is, where several share an archive.
    pub node: Uuid,
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

/// What came of a delivery.
struct Attempted {
    id: OutboxId,
    destination: String,
    was_reached: bool,
}

/// The name of the way where every mail takes the same.
const ONE_WAY: &str = "";
/// How often what waited too long is looked for.
const SWEEP: Duration = Duration::from_secs(60);
/// How much is given up at a time.
const SWEPT: u32 = 200;
/// What is on its way just when it expires ends by itself.
const GRACE: TimeDelta = TimeDelta::minutes(20);
/// Why a mail was given up that was never tried.
const NO_WAY: &str = "451 4.4.1 it waited too long for a way to its server";

/// Shortest wait before the archive is asked again when it fails, or when all that is due is in hand.
const PAUSE: Duration = Duration::from_secs(1);

impl Worker {
    /// Works until `stop` is true or its sender is gone; then lets what runs end within `stop_seconds`, and returns.
    /// `wake` is notified when mail was committed.
    pub async fn run(self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let mut running: JoinSet<Attempted> = JoinSet::new();
        let mut lanes = Lanes::new(self.limits(), self.rests());
        let places = self.settings.concurrency.max(1);
        let mut renewal = interval(self.lease() / 3);
        let mut sweep = interval(SWEEP);
        while !*stop.borrow() {
            // Half the places at a time, so that each look at the archive brings several. Nothing is claimed that can't be sent at
            // once: what waits here could be superseded unseen.
            let looks = lanes.count() <= places / 2;
            let mut pause = self.longest_pause();
            if looks {
                match self.claim(&mut lanes, places).await {
                    Ok(items) => items.into_iter().for_each(|item| drop(running.spawn(self.clone().attempt(item, stop.clone())))),
                    Err(error) => tracing::error!(%error, "the outbox can't be read"),
                }
                pause = self.pause(&lanes).await;
            }
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { break },
                Some(ended) = running.join_next() => self.note(&mut lanes, ended),
                () = wake.notified(), if looks => {}
                () = sleep(pause), if looks => {}
                _ = renewal.tick(), if lanes.count() > 0 => self.renew().await,
                _ = sweep.tick() => self.sweep(&stop).await,
            }
        }
        self.finish(running).await;
    }

    /// What is cut off here is due again at the next start.
    async fn finish(&self, mut running: JoinSet<Attempted>) {
        let all = async { while running.join_next().await.is_some() {} };
        if timeout(Duration::from_secs(self.settings.stop_seconds), all).await.is_err() {
            tracing::warn!(cut_off = running.len(), "deliveries did not end in time");
        }
    }

    /// Due mail that nobody has in hand, as much as there are places left, marked as in hand.
    async fn claim(&self, lanes: &mut Lanes, places: usize) -> PortResult<Vec<OutboxItem>> {
        let (now, at) = (self.world.now(), Instant::now());
        if self.transport.is_one_way() && lanes.rests(ONE_WAY, at).is_some() {
            return Ok(Vec::new());
        }
        // One mail tries a way that could not be reached.
        let places = if lanes.is_doubtful(ONE_WAY) { 1 } else { places };
        let limit = u32::try_from(places.saturating_sub(lanes.count())).unwrap_or(u32::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (not_to, not) = (lanes.full(at), lanes.ids());
        let claim = Claim { node: self.node, now, until: now + self.lease(), limit, not_to: &not_to, not: &not };
        let due = self.archive.outbox_claim(&claim).await?;
        Ok(due.into_iter().filter(|item| lanes.take(item.id, &item.destination(), at)).collect())
    }

    /// An attempt has ended.
    fn note(&self, lanes: &mut Lanes, ended: Result<Attempted, tokio::task::JoinError>) {
        match ended {
            Ok(Attempted { id, destination, was_reached }) => {
                lanes.release(id);
                let way = if self.transport.is_one_way() { ONE_WAY } else { destination.as_str() };
                if was_reached {
                    lanes.reopen(way);
                } else {
                    lanes.close(way, Instant::now(), self.world.spread());
                }
            }
            // The mail stays in hand, and is tried again after a restart rather than in a circle.
            Err(error) => tracing::error!(%error, "an attempt ended abnormally"),
        }
    }

    /// Says that this node lives. Where that fails, another takes over when the lease ends.
    async fn renew(&self) {
        let now = self.world.now();
        if let Err(error) = self.archive.outbox_renew(self.node, now, now + self.lease()).await {
            tracing::error!(%error, "what is in hand is no longer sure to be ours");
        }
    }

    /// Gives up what waited too long behind a way that is closed or paused: nobody else would say so.
    async fn sweep(&self, stop: &watch::Receiver<bool>) {
        let now = self.world.now();
        match self.archive.duty("sweep", self.node, now, now + TimeDelta::minutes(5)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::error!(%error, "the outbox can't be swept"),
        }
        match self.archive.outbox_expired(now - GRACE, SWEPT).await {
            Ok(expired) => {
                for item in expired {
                    let text = match &item.state {
                        OutboxState::Due { last, .. } if !last.is_empty() => last.clone(),
                        OutboxState::Due { .. } | OutboxState::Sent { .. } | OutboxState::Failed { .. } => NO_WAY.to_owned(),
                    };
                    self.settle(&item, &AttemptOutcome::Unreachable(text), stop).await;
                }
            }
            Err(error) => tracing::error!(%error, "the outbox can't be swept"),
        }
    }

    fn longest_pause(&self) -> Duration {
        Duration::from_secs(self.settings.look_seconds).max(PAUSE)
    }

    /// One length for a claim and for the rhythm in which it is renewed: one that ended before its renewal would let two nodes send one mail.
    fn lease(&self) -> Duration {
        Duration::from_secs(self.settings.lease_seconds.max(3).into())
    }

    fn limits(&self) -> LaneLimits {
        LaneLimits { at_once: self.settings.destination_concurrency, per_minute: self.settings.destination_per_minute }
    }

    fn rests(&self) -> RetryPolicy {
        RetryPolicy { first_wait_seconds: 1, longest_wait_seconds: self.settings.longest_rest_seconds }
    }

    /// How long nothing new can be due.
    async fn pause(&self, lanes: &Lanes) -> Duration {
        if let Some(rest) = lanes.rests(ONE_WAY, Instant::now()) {
            return rest.min(self.longest_pause());
        }
        match self.archive.outbox_next().await {
            Ok(Some(next)) => (next - self.world.now()).to_std().unwrap_or_default().clamp(PAUSE, self.longest_pause()),
            Ok(None) => self.longest_pause(),
            Err(_) => PAUSE,
        }
    }

    async fn attempt(self, item: OutboxItem, stop: watch::Receiver<bool>) -> Attempted {
        let outcome = self.deliver(&item).await;
        self.settle(&item, &outcome, &stop).await;
        let was_reached = !matches!(outcome, AttemptOutcome::Unreachable(_));
        Attempted { id: item.id, destination: item.destination(), was_reached }
    }

    async fn settle(&self, item: &OutboxItem, outcome: &AttemptOutcome, stop: &watch::Receiver<bool>) {
        let now = self.world.now();
        let next = after_attempt(item, outcome, &self.policy(), self.world.spread(), now);
        report(item, outcome, &next);
        self.record(&aftermath(item, outcome, next, AlertId(self.world.key()), now), stop).await;
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

/// Ticks from one period on.
fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn report(item: &OutboxItem, outcome: &AttemptOutcome, next: &OutboxState) {
    let kind = match outcome {
        AttemptOutcome::Delivered(_) => "delivered",
        AttemptOutcome::Deferred(_) => "deferred",
        AttemptOutcome::Bounced(_) => "bounced",
        AttemptOutcome::Uncertain(_) => "uncertain",
        AttemptOutcome::Unreachable(_) => "unreachable",
    };
    let given_up = matches!(next, OutboxState::Failed { .. });
    tracing::info!(outbox = %item.id, recipient = ?item.recipient, kind, given_up, "attempt");
}
