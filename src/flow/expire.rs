//! The end of mails that nobody decided about: told before, and never silent.

use super::alerts::About;
use super::gateway::Gateway;
use super::port::PortResult;
use crate::domain::alert::{AlertKind, AlertState};
use crate::domain::record::{AuditEvent, Committed, HoldState, ReceivedSummary, Write};
use chrono::{DateTime, TimeDelta, Utc};

/// Most mails that end in one round.
const AT_ONCE: u32 = 500;
/// How long before the end the helpdesk is told.
const WARNED_BEFORE: TimeDelta = TimeDelta::days(3);
/// Most mails that are counted for that.
const COUNTED: u32 = 10_000;

impl Gateway {
    /// Ends what has waited too long, and tells the helpdesk what soon will have; says how many ended.
    pub async fn expire_holds(&self) -> PortResult<usize> {
        let now = self.world.now();
        let mut ended = 0;
        for held in self.archive.waiting_before(now - self.settings.hold_for, AT_ONCE).await? {
            ended += usize::from(self.expire(&held, now).await?);
        }
        self.warn_of_expiry(now).await?;
        Ok(ended)
    }

    /// One mail, with the alerts that are about it alone.
    async fn expire(&self, held: &ReceivedSummary, now: DateTime<Utc>) -> PortResult<bool> {
        let audit = AuditEvent {
            at: now,
            actor: "gateway".to_owned(),
            action: "hold.expired".to_owned(),
            meeting: held.meeting,
            guest: held.guest,
            received: Some(held.id),
            detail: serde_json::json!({ "class": held.class }).to_string(),
        };
        let mut writes = vec![Write::Hold { id: held.id, state: HoldState::Expired }, Write::Audit(audit)];
        if let Some(meeting) = held.meeting {
            let alerts = self.archive.meeting_alerts(meeting).await?;
            let of_it = alerts.iter().filter(|alert| alert.received == Some(held.id));
            writes.extend(of_it.map(|alert| Write::AlertState { id: alert.id, state: AlertState::Resolved, at: now }));
        }
        Ok(self.commit(writes).await? == Committed::Done)
    }

    /// One alert a day, as long as there is something to decide.
    async fn warn_of_expiry(&self, now: DateTime<Utc>) -> PortResult<()> {
        let soon = self.archive.waiting_before(now - self.settings.hold_for + WARNED_BEFORE, COUNTED).await?;
        let Some(first) = soon.first() else { return Ok(()) };
        let Some(counted) = self.once_a_day("holds-expire", now).await? else { return Ok(()) };
        let evidence = format!(
            "Mails that wait for a decision and end without one within {} days: {}, the first on {} (paravent hold list).",
            WARNED_BEFORE.num_days(),
            soon.len(),
            (first.received_at + self.settings.hold_for).format("%Y-%m-%d")
        );
        let mut writes = vec![counted];
        writes.extend(self.alert_once(AlertKind::Held, "held/expiring".to_owned(), evidence, About::default(), now).await?);
        // A conflict means that another node told it.
        self.commit(writes).await.map(drop)
    }
}
