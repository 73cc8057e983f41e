//! Mails to send.

use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::address::{Mailbox, ReversePath};
use paravent::domain::delivery::{OutboxItem, OutboxPurpose, OutboxState};
use paravent::domain::id::OutboxId;
use paravent::domain::thread::MessageId;
use uuid::Uuid;

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000, 0).unwrap()
}

/// Due now, for a day, about nobody.
pub(crate) fn item(recipient: &str, message: &[u8]) -> OutboxItem {
    let id = Uuid::now_v7();
    OutboxItem {
        id: OutboxId(id),
        purpose: OutboxPurpose::Organizer,
        guest: None,
        meeting: None,
        reverse_path: ReversePath::Mailbox(Mailbox::parse("r.token@visio.example").unwrap()),
        recipient: Mailbox::parse(recipient).unwrap(),
        message_id: MessageId::parse(&format!("{id}@visio.example")).unwrap(),
        message: message.to_vec(),
        expires_at: now() + TimeDelta::days(1),
        state: OutboxState::Due { at: now(), attempts: 0, last: String::new() },
        created_at: now(),
        turn: now(),
    }
}
