//! "Send me my link again", and the guest's calendar file: what was sent, once more, to the invited address or to whoever holds the link.

use super::bearer::Bearer;
use super::draft::{Parties, Unsent};
use super::gateway::Gateway;
use super::port::{PortError, PortResult};
use crate::domain::attendance::Delivery;
use crate::domain::compose::InvitationKind;
use crate::domain::delivery::OutboxItem;
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::mime;
use crate::domain::record::{AuditEvent, Committed, Write};
use crate::domain::suppression::in_force;
use chrono::{DateTime, Utc};

impl Gateway {
    /// Sends the invitation with the link in force once more, to the invited address alone, at most once an hour. Whoever asks learns
    /// nothing of it: an old link may be in anybody's hands.
    pub async fn send_link_again(&self, token: &str) -> PortResult<()> {
        let now = self.world.now();
        let Some(bearer) = self.bearer(token, now).await?.filter(|bearer| bearer.is_expected(now)) else { return Ok(()) };
        let Bearer { meeting, guest, .. } = bearer;
        let address = &guest.mailbox.mailbox;
        if in_force(&self.archive.suppressions_of(&[address]).await?, address, meeting.id).is_some() {
            return Ok(());
        }
        let Some(first) = self.once_an_hour("link-again", guest.id, now).await? else { return Ok(()) };
        let audit = AuditEvent {
            at: now,
            actor: format!("guest:{}", guest.id),
            action: "guest.link-again".to_owned(),
            meeting: Some(meeting.id),
            guest: Some(guest.id),
            received: None,
            detail: "{}".to_owned(),
        };
        let mut writes = vec![first, Write::Audit(audit)];
        match self.invitation_again(&meeting, &guest, now).await {
            Ok(item) => writes.extend(again(&guest, item)),
            Err(error) => return Err(PortError::new("build an invitation", error)),
        }
        match self.commit(writes).await? {
            // Another press was faster, or a newer mail is on its way.
            Committed::Done | Committed::Duplicate | Committed::Conflict => Ok(()),
        }
    }

    /// The calendar object (RFC 5545) that the guest with this link would be sent now; `None` for a link that is dead.
    pub async fn calendar_file(&self, token: &str) -> PortResult<Option<Vec<u8>>> {
        let now = self.world.now();
        let Some(bearer) = self.bearer(token, now).await? else { return Ok(None) };
        if !bearer.is_newest || !bearer.is_expected(now) {
            return Ok(None);
        }
        let item = self.invitation_again(&bearer.meeting, &bearer.guest, now).await;
        let item = item.map_err(|error| PortError::new("build a calendar file", error))?;
        let mail = mime::read(&item.message, &self.settings.mime);
        Ok(mail.calendars.into_iter().next().map(|part| part.bytes))
    }

    /// The invitation of a guest as it is now.
    pub(super) async fn invitation_again(&self, meeting: &Meeting, guest: &Guest, now: DateTime<Utc>) -> Result<OutboxItem, NotAgain> {
        let organizer = self.organizer(meeting.organizer).await?;
        let parties = Parties { meeting, guest, organizer: &organizer, now };
        let secrets = self.organizer_secrets(&organizer).allowing(&guest.mailbox);
        Ok(self.draft_invitation(&parties, InvitationKind::Update, &guest.newest(meeting), &secrets)?)
    }
}

/// Why an invitation can't be sent once more.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAgain {
    /// The archive failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// It can't be built, or would show the organizer.
    #[error(transparent)]
    Unsent(#[from] Unsent),
}

/// The writes that send it in the place of one that still waits.
pub(super) fn again(guest: &Guest, item: OutboxItem) -> [Write; 3] {
    [
        Write::OutboxSuperseded { guest: guest.id, reason: "a newer mail replaces it" },
        Write::Delivery { guest: guest.id, delivery: Delivery::Queued },
        Write::Outbox(Box::new(item)),
    ]
}
