//! Alerts: a draft of a decision becomes an alert of the archive and, the first time, a mail to the helpdesk.

use super::gateway::Gateway;
use super::port::{AlertDesk, PortResult};
use crate::domain::alert::{Alert, AlertDraft, AlertState, Severity};
use crate::domain::id::{AlertId, GuestId, MeetingId, ReceivedId};
use crate::domain::record::Write;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// What the last mail of a day says beside its alert.
const LAST: &str = " This is the last mail about alerts today: there were as many as the budget allows. Further ones are kept and rung all the same; please look at the desk.";

/// What an alert is about.
#[derive(Clone, Copy, Default)]
pub(super) struct About {
    pub meeting: Option<MeetingId>,
    pub guest: Option<GuestId>,
    pub received: Option<ReceivedId>,
}

impl Gateway {
    /// The writes that raise these alerts. A repeated one is counted, and mailed once.
    pub(super) async fn raise(&self, drafts: &[AlertDraft], about: About, now: DateTime<Utc>, writes: &mut Vec<Write>) -> PortResult<()> {
        for draft in drafts {
            writes.extend(self.alert_writes(&self.alert(draft, about, now)).await?);
        }
        Ok(())
    }

    /// The writes of an alert that is not open yet: its mail to the helpdesk, where there is room for one, and itself.
    pub(super) async fn new_alert_writes(&self, alert: &Alert) -> PortResult<Vec<Write>> {
        let mut writes = Vec::new();
        if alert.severity > Severity::Info
            && let Some((count, is_last)) = self.helpdesk_room(alert.opened_at).await?
        {
            let mut told = alert.clone();
            if is_last {
                told.evidence.push_str(LAST);
            }
            match self.draft_alert(&told, alert.opened_at) {
                Ok(Some(item)) => writes.extend([Write::Outbox(Box::new(item)), count]),
                Ok(None) => {}
                // The alert itself is kept and rings; only its mail could not be built.
                Err(error) => tracing::error!(%error, "alert mail not built"),
            }
        }
        writes.push(Write::Alert(Box::new(alert.clone())));
        Ok(writes)
    }

    fn alert(&self, draft: &AlertDraft, about: About, now: DateTime<Utc>) -> Alert {
        let subject = match (about.guest, about.meeting) {
            (Some(guest), _) => guest.to_string(),
            (None, Some(meeting)) => meeting.to_string(),
            (None, None) => "gateway".to_owned(),
        };
        let kind = serde_json::to_value(draft.kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        Alert {
            id: AlertId(self.world.key()),
            kind: draft.kind,
            severity: draft.severity,
            state: AlertState::Open,
            key: format!("{kind}/{subject}"),
            meeting: about.meeting,
            guest: about.guest,
            received: about.received,
            escalated: 0,
            evidence: draft.evidence.clone(),
            count: 1,
            opened_at: now,
            last_at: now,
        }
    }
}

#[async_trait]
impl AlertDesk for Gateway {
    async fn alert_writes(&self, alert: &Alert) -> PortResult<Vec<Write>> {
        match self.archive.alert_by_key(&alert.key).await? {
            Some(_) => Ok(vec![Write::Alert(Box::new(alert.clone()))]),
            None => self.new_alert_writes(alert).await,
        }
    }
}
