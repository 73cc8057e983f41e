//! The watch over alerts that nobody has taken: the nearer the meeting, the louder.

use super::gateway::Gateway;
use super::port::{PortError, PortResult};
use crate::domain::alert::{Alert, AlertState, Severity, escalation};
use crate::domain::record::{AuditEvent, Committed, Write};
use chrono::{DateTime, Utc};

/// Most open alerts that are looked at in one round, newest first.
const LOOKED_AT: u32 = 10_000;

impl Gateway {
    /// Tells again what is due, and says how many that were. Each level of an alert is told once, also by several nodes and
    /// after a restart: the mail and the mark are one commit.
    pub async fn escalate_alerts(&self) -> PortResult<usize> {
        let now = self.world.now();
        let mut told = 0;
        for alert in self.archive.alerts(Some(AlertState::Open), LOOKED_AT).await? {
            let Some(starts_at) = self.next_start(&alert, now).await? else { continue };
            let Some(level) = escalation::due(&alert, starts_at, now) else { continue };
            let louder = Alert { escalated: level, severity: Severity::High, ..alert };
            told += usize::from(self.tell_again(&louder, now).await?);
        }
        Ok(told)
    }

    /// The next date of what the alert's guest, or else everybody, is invited to.
    async fn next_start(&self, alert: &Alert, now: DateTime<Utc>) -> PortResult<Option<DateTime<Utc>>> {
        if alert.severity == Severity::Info {
            return Ok(None);
        }
        Ok(match (alert.guest, alert.meeting) {
            (Some(guest), _) => {
                let dialog = self.archive.guest(guest).await?;
                dialog.filter(|(meeting, guest)| !guest.is_over(meeting, now)).map(|(meeting, guest)| guest.view(&meeting))
            }
            (None, Some(meeting)) => {
                self.archive.meeting(meeting).await?.filter(|meeting| !meeting.is_over(now)).map(|meeting| meeting.event)
            }
            (None, None) => None,
        }
        .map(|event| event.occurrence_at(now).instance.starts_at))
    }

    async fn tell_again(&self, alert: &Alert, now: DateTime<Utc>) -> PortResult<bool> {
        let audit = AuditEvent {
            at: now,
            actor: "gateway".to_owned(),
            action: "alert.escalated".to_owned(),
            meeting: alert.meeting,
            guest: alert.guest,
            received: alert.received,
            detail: serde_json::json!({ "alert": alert.id, "level": alert.escalated }).to_string(),
        };
        let mut writes = vec![Write::AlertEscalated { id: alert.id, level: alert.escalated, at: now }, Write::Audit(audit)];
        let mail = self.draft_alert(alert, now).map_err(|error| PortError::new("build an alert mail", error))?;
        writes.extend(mail.map(|item| Write::Outbox(Box::new(item))));
        let done = self.commit(writes).await? == Committed::Done;
        if done {
            self.bell.ring(alert).await;
        }
        Ok(done)
    }
}
