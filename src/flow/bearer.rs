//! Who holds a guest's link: the dialog behind it, for what is sent from the guest's page. Looking changes nothing.

use super::gateway::Gateway;
use super::port::PortResult;
use crate::domain::meeting::{Guest, Meeting};
use chrono::{DateTime, Utc};

/// The dialog of a link that we made.
pub(super) struct Bearer {
    pub meeting: Meeting,
    pub guest: Guest,
    /// Whether this is the newest issue of the link. Whoever has an older one need not be the guest.
    pub is_newest: bool,
}

impl Bearer {
    /// Whether the guest still has a meeting before them.
    pub(super) fn is_expected(&self, now: DateTime<Utc>) -> bool {
        self.guest.removed_at.is_none() && !self.guest.is_over(&self.meeting, now)
    }
}

impl Gateway {
    /// The dialog of this link; `None` for what is no link of ours, or of a meeting that is no longer kept.
    pub(super) async fn bearer(&self, token: &str, now: DateTime<Utc>) -> PortResult<Option<Bearer>> {
        let Ok(link) = self.links.read(token, now) else { return Ok(None) };
        let dialog = self.archive.guest(link.guest).await?.filter(|(meeting, _)| meeting.id == link.meeting);
        Ok(dialog.map(|(meeting, guest)| Bearer { is_newest: guest.link == link.issue, meeting, guest }))
    }
}
