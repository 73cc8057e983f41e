//! What an attempt leaves behind, as writes that happen together. Pure.

use crate::domain::address::Mailbox;
use crate::domain::alert::{Alert, AlertKind, AlertState, Severity};
use crate::domain::attendance::Delivery;
use crate::domain::delivery::{AttemptOutcome, OutboxItem, OutboxPurpose, OutboxState};
use crate::domain::id::AlertId;
use crate::domain::record::{AuditEvent, Write};
use crate::domain::suppression::{Suppression, SuppressionCause, is_no_such_user};
use chrono::{DateTime, Utc};

/// What to commit, and the alert to raise with it.
pub struct Aftermath {
    /// All of it, or none.
    pub writes: Vec<Write>,
    /// Set when the mail was given up.
    pub alert: Option<Alert>,
}

/// From the attempt and the state that follows from it. `alert_id` is used when an alert is due.
pub fn aftermath(item: &OutboxItem, outcome: &AttemptOutcome, next: OutboxState, alert_id: AlertId, now: DateTime<Utc>) -> Aftermath {
    let mut writes = Vec::new();
    let mut alert = None;
    match &next {
        OutboxState::Sent { .. } => writes.extend(delivery(item, Delivery::Sent)),
        OutboxState::Failed { last, .. } => {
            writes.extend(delivery(item, Delivery::Undeliverable));
            writes.extend(suppression(item, last, now));
            alert = failure_alert(item, last, alert_id, now);
        }
        OutboxState::Due { .. } => {}
    }
    writes.push(Write::Audit(audit(item, outcome, &next, now)));
    writes.insert(0, Write::OutboxState { id: item.id, state: next });
    Aftermath { writes, alert }
}

/// The guest's delivery track: the invitation's fate in both ways, an answer's failure alone.
fn delivery(item: &OutboxItem, delivery: Delivery) -> Option<Write> {
    let guest = item.guest?;
    let concerns_track = match item.purpose {
        OutboxPurpose::Invitation => true,
        OutboxPurpose::Answer => delivery == Delivery::Undeliverable,
        OutboxPurpose::Organizer | OutboxPurpose::Helpdesk | OutboxPurpose::Notice => false,
    };
    concerns_track.then_some(Write::Delivery { guest, delivery })
}

/// A server that has no such mailbox gets no more mail of this meeting.
fn suppression(item: &OutboxItem, last: &str, now: DateTime<Utc>) -> Option<Write> {
    let is_refused = last.starts_with('5') && last.split_whitespace().nth(1).is_some_and(is_no_such_user);
    let meeting = item.meeting.filter(|_| item.guest.is_some() && item.purpose.is_to_guest() && is_refused)?;
    let cause = SuppressionCause::NoSuchUser;
    Some(Write::Suppress(Box::new(Suppression {
        address: item.recipient.clone(),
        meeting: cause.reaches(meeting),
        cause,
        since: now,
        received: None,
        note: masked(last),
    })))
}

fn failure_alert(item: &OutboxItem, last: &str, id: AlertId, now: DateTime<Utc>) -> Option<Alert> {
    let (kind, name) = match item.purpose {
        OutboxPurpose::Invitation | OutboxPurpose::Answer => (AlertKind::GuestUndeliverable, "guest-undeliverable"),
        OutboxPurpose::Organizer => (AlertKind::OrganizerUndeliverable, "organizer-undeliverable"),
        // An alert about an alert that can't be sent would go the same way.
        OutboxPurpose::Helpdesk | OutboxPurpose::Notice => return None,
    };
    let about = item.guest.map(|guest| guest.to_string()).or(item.meeting.map(|meeting| meeting.to_string()));
    Some(Alert {
        id,
        kind,
        severity: Severity::High,
        state: AlertState::Open,
        key: format!("{name}/{}", about.unwrap_or_else(|| item.id.to_string())),
        meeting: item.meeting,
        guest: item.guest,
        received: None,
        escalated: 0,
        evidence: format!("Mail to {} failed for good: {}", item.recipient.masked(), masked(last)),
        count: 1,
        opened_at: now,
        last_at: now,
    })
}

/// Servers like to repeat the address in their answer: each one is masked.
fn masked(text: &str) -> String {
    let word = |word: &str| {
        if !word.contains('@') {
            return word.to_owned();
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        Mailbox::parse(bare).map_or_else(|_| "…@…".to_owned(), |mailbox| mailbox.masked())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn audit(item: &OutboxItem, outcome: &AttemptOutcome, next: &OutboxState, now: DateTime<Utc>) -> AuditEvent {
    let (AttemptOutcome::Delivered(text)
    | AttemptOutcome::Deferred(text)
    | AttemptOutcome::Unreachable(text)
    | AttemptOutcome::Bounced(text)
    | AttemptOutcome::Uncertain(text)) = outcome;
    let action = match (next, outcome) {
        (OutboxState::Sent { .. }, _) => "mail.sent",
        (OutboxState::Failed { .. }, _) => "mail.failed",
        (OutboxState::Due { .. }, AttemptOutcome::Uncertain(_)) => "mail.uncertain",
        (
            OutboxState::Due { .. },
            AttemptOutcome::Deferred(_) | AttemptOutcome::Unreachable(_) | AttemptOutcome::Bounced(_) | AttemptOutcome::Delivered(_),
        ) => "mail.deferred",
    };
    // Codes alone: the words of a server may name people.
    let is_code = |word: &&str| word.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    let codes: Vec<&str> = text.split(' ').take(2).take_while(is_code).collect();
    AuditEvent {
        at: now,
        actor: "gateway".to_owned(),
        action: action.to_owned(),
        meeting: item.meeting,
        guest: item.guest,
        received: None,
        detail: serde_json::json!({ "outbox": item.id, "purpose": item.purpose, "answer": codes.join(" ") }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_servers_lose_their_addresses() {
        assert_eq!(masked("550 <jean.martin@hopital.example>: no such user"), "550 j…@hopital.example no such user");
        assert_eq!(masked("550 x@@y"), "550 …@…");
    }
}
