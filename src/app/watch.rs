//! The watchman's round: what is due by the clock alone.

use crate::domain::record::{Commit, Write};
use crate::flow::Gateway;
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;
use uuid::Uuid;

/// From one round to the next.
const ROUND: Duration = Duration::from_secs(60);
/// How long events of alerts are kept for webhooks that are behind.
const EVENT_DAYS: i64 = 30;

/// How long the round is one node's, where several share an archive.
const MINE: TimeDelta = TimeDelta::seconds(150);

/// Goes round until `stop` is true or its sender is gone.
pub(super) async fn watch(gateway: Arc<Gateway>, node: Uuid, mut stop: Receiver<bool>) {
    while !*stop.borrow() {
        if is_mine(&gateway, node).await {
            round(&gateway).await;
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = sleep(ROUND) => {}
        }
    }
}

/// One node goes round at a time; another takes over when it is gone.
async fn is_mine(gateway: &Gateway, node: Uuid) -> bool {
    let now = gateway.world.now();
    gateway.archive.duty("watch", node, now, now + MINE).await.unwrap_or_else(|error| {
        tracing::error!(%error, "nobody knows whose round it is");
        false
    })
}

async fn round(gateway: &Gateway) {
    match gateway.escalate_alerts().await {
        Ok(0) => {}
        Ok(told) => tracing::info!(told, "alerts told again"),
        Err(error) => tracing::error!(%error, "open alerts could not be looked at"),
    }
    match gateway.expire_holds().await {
        Ok(0) => {}
        Ok(ended) => tracing::info!(ended, "mails ended that nobody had decided about"),
        Err(error) => tracing::error!(%error, "mails that wait could not be looked at"),
    }
    forget_old_events(gateway).await;
}

async fn forget_old_events(gateway: &Gateway) {
    let before = gateway.world.now() - TimeDelta::days(EVENT_DAYS);
    if let Err(error) = gateway.archive.commit(Commit { writes: vec![Write::AlertEventsForgotten { before }] }).await {
        tracing::error!(%error, "old events of alerts could not be forgotten");
    }
}
