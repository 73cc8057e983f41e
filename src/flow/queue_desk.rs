//! What an operator does to mail that waits to be sent: try it now, give it up, stop or let go what is for a destination.

use super::gateway::Gateway;
use super::port::PortResult;
use crate::domain::attendance::Delivery;
use crate::domain::delivery::{OutboxPurpose, OutboxState};
use crate::domain::id::OutboxId;
use crate::domain::queue::{Paused, QueueWrite};
use crate::domain::record::{AuditEvent, Committed, Write};
use chrono::TimeDelta;

/// How long a mail is tried at least that an operator sends again.
const AGAIN_FOR: TimeDelta = TimeDelta::hours(1);

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueEnd {
    /// Done.
    Done,
    /// There is no such mail, or it was sent; or the destination was not paused.
    Unknown,
    /// A node is just sending it.
    UnderWay,
}

impl Gateway {
    /// Tries a mail at once, also one that was given up.
    pub async fn queue_again(&self, id: OutboxId, actor: &str) -> PortResult<QueueEnd> {
        let Some(item) = self.archive.outbox_one(id).await? else { return Ok(QueueEnd::Unknown) };
        let now = self.world.now();
        let mut writes = vec![
            Write::Queue(QueueWrite::Again { id, at: now, expires_at: now + AGAIN_FOR }),
            self.queue_audit(actor, "queue.retried", serde_json::json!({ "outbox": id })),
        ];
        match item.state {
            OutboxState::Sent { .. } => return Ok(QueueEnd::Unknown),
            OutboxState::Due { .. } => {}
            // It is on its way again.
            OutboxState::Failed { .. } => writes.extend(delivery(item.purpose, item.guest, Delivery::Queued)),
        }
        let end = self.commit(writes).await?;
        self.waker.wake();
        Ok(if end == Committed::Done { QueueEnd::Done } else { QueueEnd::UnderWay })
    }

    /// Gives up a mail that waits.
    pub async fn queue_drop(&self, id: OutboxId, actor: &str) -> PortResult<QueueEnd> {
        let Some(item) = self.archive.outbox_one(id).await? else { return Ok(QueueEnd::Unknown) };
        let OutboxState::Due { .. } = item.state else { return Ok(QueueEnd::Unknown) };
        let state = OutboxState::Failed { at: self.world.now(), last: "an operator dropped it".to_owned() };
        let mut writes =
            vec![Write::OutboxState { id, state }, self.queue_audit(actor, "queue.dropped", serde_json::json!({ "outbox": id }))];
        writes.extend(delivery(item.purpose, item.guest, Delivery::Undeliverable));
        self.commit(writes).await.map(|_| QueueEnd::Done)
    }

    /// From now on nothing is sent to a destination; what is for it waits.
    pub async fn queue_pause(&self, destination: &str, actor: &str) -> PortResult<QueueEnd> {
        let paused = Paused { destination: destination.to_lowercase(), since: self.world.now(), actor: actor.to_owned() };
        let audit = self.queue_audit(actor, "queue.paused", serde_json::json!({ "destination": paused.destination }));
        self.commit(vec![Write::Queue(QueueWrite::Pause(paused)), audit]).await.map(|_| QueueEnd::Done)
    }

    /// What is for a destination goes again.
    pub async fn queue_resume(&self, destination: &str, actor: &str) -> PortResult<QueueEnd> {
        let destination = destination.to_lowercase();
        let audit = self.queue_audit(actor, "queue.resumed", serde_json::json!({ "destination": destination }));
        let end = self.commit(vec![Write::Queue(QueueWrite::Resume(destination)), audit]).await?;
        self.waker.wake();
        Ok(if end == Committed::Done { QueueEnd::Done } else { QueueEnd::Unknown })
    }

    fn queue_audit(&self, actor: &str, action: &str, detail: serde_json::Value) -> Write {
        Write::Audit(AuditEvent {
            at: self.world.now(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            meeting: None,
            guest: None,
            received: None,
            detail: detail.to_string(),
        })
    }
}

/// What the guest's delivery track says then; only an invitation has one.
fn delivery(purpose: OutboxPurpose, guest: Option<crate::domain::id::GuestId>, delivery: Delivery) -> Option<Write> {
    match purpose {
        OutboxPurpose::Invitation => guest.map(|guest| Write::Delivery { guest, delivery }),
        OutboxPurpose::Answer | OutboxPurpose::Organizer | OutboxPurpose::Helpdesk | OutboxPurpose::Notice => None,
    }
}
