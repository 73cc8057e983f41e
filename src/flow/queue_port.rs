//! What the worker and operators need of the archive about the queue of mail to send, and what several nodes share.

use super::port::PortResult;
use crate::domain::delivery::OutboxItem;
use crate::domain::id::OutboxId;
use crate::domain::queue::{Claim, Paused, QueueFilter, QueueRow};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The part of the archive that is about the queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Due mail in the order of its turns, for this node. Where several nodes share the archive, no other gets it before the claim ends.
    async fn outbox_claim(&self, claim: &Claim<'_>) -> PortResult<Vec<OutboxItem>>;
    /// The node lives: what it has in hand stays its own until then.
    async fn outbox_renew(&self, node: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> PortResult<()>;
    /// What waited too long, whyever it was not tried; oldest first.
    async fn outbox_expired(&self, now: DateTime<Utc>, limit: u32) -> PortResult<Vec<OutboxItem>>;
    /// Mails of the queue, oldest first.
    async fn outbox_rows(&self, filter: &QueueFilter, limit: u32) -> PortResult<Vec<QueueRow>>;
    /// One mail, whatever its state.
    async fn outbox_one(&self, id: OutboxId) -> PortResult<Option<OutboxItem>>;
    /// Whether a duty that one node has at a time is this node's, and then until when: it is kept by asking again. Where one process
    /// has the archive, every duty is its own.
    async fn duty(&self, duty: &str, node: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> PortResult<bool>;
    /// Destinations that are paused.
    async fn paused(&self) -> PortResult<Vec<Paused>>;
}
