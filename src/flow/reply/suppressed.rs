//! What a message changes of what may be sent to its guest.

use super::{Decision, Identified, SuppressionChange, in_force};
use crate::domain::id::ReceivedId;
use crate::domain::record::{AuditEvent, Write};
use crate::domain::suppression::{Lifted, Suppression};
use chrono::{DateTime, Utc};

impl Identified {
    /// Whether nothing may be sent to the guest, and this message doesn't end that.
    pub(super) fn is_stopped(&self, decision: &Decision) -> bool {
        decision.suppression != Some(SuppressionChange::Lift)
            && in_force(&self.suppressions, &self.guest.mailbox.mailbox, self.meeting.id).is_some()
    }

    /// Whether it ends that.
    pub(super) fn is_lifted_by(&self, decision: &Decision) -> bool {
        decision.suppression == Some(SuppressionChange::Lift) && !self.suppressions.is_empty()
    }

    /// The writes of the change, before any mail to the guest.
    pub(super) fn suppression_writes(&self, decision: &Decision, received: ReceivedId, now: DateTime<Utc>) -> Vec<Write> {
        let address = self.guest.mailbox.mailbox.clone();
        let (write, action) = match decision.suppression {
            None => return Vec::new(),
            Some(SuppressionChange::Stop(cause)) => {
                let meeting = cause.reaches(self.meeting.id);
                let note = decision.reasons.first().cloned().unwrap_or_default();
                let suppression = Suppression { address, meeting, cause, since: now, received: Some(received), note };
                (Write::Suppress(Box::new(suppression)), "guest.suppressed")
            }
            Some(SuppressionChange::Lift) if self.suppressions.is_empty() => return Vec::new(),
            Some(SuppressionChange::Lift) => (Write::Unsuppress { address, lifted: Lifted::All }, "guest.unsuppressed"),
        };
        let audit = AuditEvent {
            at: now,
            actor: format!("guest:{}", self.guest.id),
            action: action.to_owned(),
            meeting: Some(self.meeting.id),
            guest: Some(self.guest.id),
            received: Some(received),
            detail: serde_json::json!({}).to_string(),
        };
        vec![write, Write::Audit(audit)]
    }
}
