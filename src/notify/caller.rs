//! Calls a webhook with what happened to alerts: in order, each until it is taken, refused for good, or too old.

use super::webhook::{Called, Webhook};
use crate::domain::alert::{Alert, AlertEvent, Severity};
use crate::domain::delivery::RetryPolicy;
use crate::domain::id::AlertId;
use crate::domain::record::{AuditEvent, Commit, Write};
use crate::flow::port::{Archive, Bell, PortResult, World};
use async_trait::async_trait;
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// Longest time without a look at the archive: for what commands and other nodes did.
const LOOK: Duration = Duration::from_secs(5);
/// Between attempts; a receiver that is back is not kept waiting for long.
const RETRY: RetryPolicy = RetryPolicy { first_wait_seconds: 2, longest_wait_seconds: 300 };
/// How much longer than its longest call a webhook is one node's.
const MARGIN: TimeDelta = TimeDelta::seconds(30);
/// Events that are read at once.
const AT_ONCE: u32 = 100;

/// Where the alert of this id can be acted on; `None` where no link can be made.
pub type Page = Arc<dyn Fn(AlertId) -> Option<String> + Send + Sync>;

/// The task of one webhook.
pub struct Caller {
    /// Which node calls, where several share an archive.
    pub node: Uuid,
    /// Its name.
    pub name: String,
    /// Who is called.
    pub webhook: Webhook,
    /// The least severe that is told.
    pub severity: Severity,
    /// How long an event is tried.
    pub give_up: TimeDelta,
    /// Where events are.
    pub archive: Arc<dyn Archive>,
    /// Clock and chance.
    pub world: Arc<dyn World>,
    /// Links.
    pub page: Page,
}

/// Wakes the callers when an alert is raised.
pub struct CallerBell(pub Vec<Arc<Notify>>);

#[async_trait]
impl Bell for CallerBell {
    async fn ring(&self, _: &Alert) {
        self.0.iter().for_each(|caller| caller.notify_one());
    }
}

impl Caller {
    /// Works until `stop` is true or its sender is gone. A call that is cut off then is made again, with the same id.
    pub async fn run(self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            // An error means that the sender is gone, which is the end too.
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.go_on(&wake) => {}
        }
    }

    async fn go_on(&self, wake: &Notify) {
        let mut failures = 0_u32;
        loop {
            let wait = match self.round().await {
                Ok(true) => {
                    failures = 0;
                    continue;
                }
                Ok(false) => {
                    failures = 0;
                    // Woken or not, the archive is asked.
                    let _ = timeout(LOOK, wake.notified()).await;
                    continue;
                }
                Err(why) => {
                    tracing::warn!(webhook = %self.name, %why, failures, "a webhook was not told; it is called again");
                    RETRY.wait(failures, self.world.spread())
                }
            };
            failures = failures.saturating_add(1);
            tokio::time::sleep(wait.to_std().unwrap_or(LOOK)).await;
        }
    }

    /// Tells what there is; whether there was anything. An error says why it has to be tried again.
    async fn round(&self) -> Result<bool, String> {
        let said = |error: crate::flow::port::PortError| error.to_string();
        if !self.is_mine().await.map_err(said)? {
            return Ok(false);
        }
        let Some(from) = self.archive.webhook_at(&self.name).await.map_err(said)? else {
            // A webhook that is new hears of what comes, not of what was.
            let newest = self.archive.newest_alert_event().await.map_err(said)?;
            self.done_with(newest, None).await.map_err(said)?;
            return Ok(false);
        };
        let events = self.archive.alert_events(from, AT_ONCE).await.map_err(said)?;
        let Some(last) = events.last().map(|event| event.number) else { return Ok(false) };
        for event in &events {
            if event.alert.severity >= self.severity {
                self.tell(event).await?;
            } else if event.number == last {
                self.done_with(last, None).await.map_err(said)?;
            }
        }
        Ok(true)
    }

    /// One node calls at a time; another takes over when it is gone. A call ends before that.
    async fn is_mine(&self) -> PortResult<bool> {
        let now = self.world.now();
        self.archive.duty(&format!("webhook/{}", self.name), self.node, now, now + self.webhook.longest() + MARGIN).await
    }

    async fn tell(&self, event: &AlertEvent) -> Result<(), String> {
        let page = (self.page)(event.alert.id);
        if !self.is_mine().await.map_err(|error| error.to_string())? {
            return Err("another node calls now".to_owned());
        }
        let now = self.world.now();
        let passed_over = match self.webhook.tell(event, page.as_deref(), now).await {
            Called::Taken => None,
            Called::Refused(why) => Some(why),
            Called::Later(why) if now - event.at >= self.give_up => Some(why),
            Called::Later(why) => return Err(why),
        };
        if let Some(why) = &passed_over {
            tracing::error!(webhook = %self.name, alert = %event.alert.id, %why, "a webhook was not told of an alert, and won't be");
        }
        self.done_with(event.number, passed_over.map(|why| self.passed_over(event, &why))).await.map_err(|error| error.to_string())
    }

    async fn done_with(&self, number: u64, also: Option<AuditEvent>) -> PortResult<()> {
        let mut writes = vec![Write::WebhookAt { name: self.name.clone(), number }];
        writes.extend(also.map(Write::Audit));
        self.archive.commit(Commit { writes }).await.map(drop)
    }

    fn passed_over(&self, event: &AlertEvent, why: &str) -> AuditEvent {
        AuditEvent {
            at: self.world.now(),
            actor: "gateway".to_owned(),
            action: "webhook.passed-over".to_owned(),
            meeting: event.alert.meeting,
            guest: event.alert.guest,
            received: event.alert.received,
            detail: serde_json::json!({ "webhook": self.name, "alert": event.alert.id, "event": event.occasion.name(), "why": why })
                .to_string(),
        }
    }
}
