//! What pages for people and programs need of the archive: long lists, page by page, and search.

use super::port::PortResult;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::id::{AlertId, OrganizerId, ReceivedId};
use crate::domain::listing::{AlertFilter, Cursor, Hit};
use crate::domain::meeting::Meeting;
use crate::domain::record::{AuditEvent, HoldState, ReceivedSummary};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The part of the archive that lists.
#[async_trait]
pub trait Lists: Send + Sync {
    /// Meetings of an organizer, or of everybody: those that end after `now`, next first; or, of the past, the newest first.
    async fn meetings_page(
        &self,
        organizer: Option<OrganizerId>,
        past: bool,
        now: DateTime<Utc>,
        after: Option<Cursor>,
        limit: u32,
    ) -> PortResult<Vec<Meeting>>;
    /// Alerts, the one that happened last first.
    async fn alerts_page(&self, filter: &AlertFilter, after: Option<Cursor>, limit: u32) -> PortResult<Vec<Alert>>;
    /// How many alerts are in each state.
    async fn alert_counts(&self) -> PortResult<Vec<(AlertState, u64)>>;
    /// What was done about an alert, oldest first.
    async fn alert_history(&self, alert: &Alert) -> PortResult<Vec<AuditEvent>>;
    /// Mails in a hold state, newest first.
    async fn holds_page(&self, state: HoldState, after: Option<Cursor>, limit: u32) -> PortResult<Vec<ReceivedSummary>>;
    /// Guests by address or message id, meetings by title; at most `limit` of each, newest first.
    async fn search(&self, text: &str, limit: u32) -> PortResult<Vec<Hit>>;
    /// The alert that a mail waits behind.
    async fn alert_of_mail(&self, received: ReceivedId) -> PortResult<Option<AlertId>>;
}
