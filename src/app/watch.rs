//! The watchman's round: what is due by the clock alone.

use crate::flow::Gateway;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;

/// From one round to the next.
const ROUND: Duration = Duration::from_secs(60);

/// Goes round until `stop` is true or its sender is gone.
pub(super) async fn watch(gateway: Arc<Gateway>, mut stop: Receiver<bool>) {
    while !*stop.borrow() {
        match gateway.escalate_alerts().await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "alerts told again"),
            Err(error) => tracing::error!(%error, "open alerts could not be looked at"),
        }
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = sleep(ROUND) => {}
        }
    }
}
