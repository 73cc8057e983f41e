//! The bell that writes a line to the log. Evidence is masked already.

use crate::domain::alert::Alert;
use crate::flow::port::Bell;
use async_trait::async_trait;

/// Logs each alert as a warning.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogBell;

#[async_trait]
impl Bell for LogBell {
    async fn ring(&self, alert: &Alert) {
        tracing::warn!(alert = %alert.id, kind = ?alert.kind, severity = ?alert.severity, count = alert.count, evidence = %alert.evidence, "alert");
    }
}
