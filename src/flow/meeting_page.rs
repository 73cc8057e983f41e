//! The organizer's page of a meeting: `read → load → gather`. It shows and changes nothing; its token is in the summary mail.

use super::port::{Archive, PortError, World};
use crate::domain::address::Mailbox;
use crate::domain::alert::Alert;
use crate::domain::language::Language;
use crate::domain::link::{LinkError, LinkKeys};
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::presence::Stays;
use crate::domain::suppression::Suppression;
use chrono_tz::Tz;
use std::sync::Arc;

/// What the token of a page is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not ours, or of a meeting that is no longer kept.
    Unknown,
    /// Ours, and the meeting ended long ago.
    Expired,
    /// The meeting.
    Meeting(Box<MeetingView>),
}

/// What the page is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetingView {
    /// The meeting.
    pub meeting: Meeting,
    /// Everybody who was ever invited, in the order of their invitation.
    pub guests: Vec<Guest>,
    /// What is not resolved, newest first.
    pub alerts: Vec<Alert>,
    /// What is suppressed of the guests' addresses.
    pub suppressions: Vec<Suppression>,
    /// Who was in the rooms of the meeting.
    pub stays: Stays,
    /// The organizer's language.
    pub language: Language,
    /// The zone of the organizer's group.
    pub time_zone: Tz,
}

/// The window.
pub struct MeetingPages {
    /// Where meetings are kept.
    pub archive: Arc<dyn Archive>,
    /// Clock.
    pub world: Arc<dyn World>,
    /// Keys of the links.
    pub links: Arc<LinkKeys>,
}

impl MeetingPages {
    /// What this token shows now. Changes nothing.
    pub async fn look(&self, token: &str) -> Result<Seen, PortError> {
        let id = match self.links.read_meeting(token, self.world.now()) {
            Ok(id) => id,
            Err(LinkError::Expired) => return Ok(Seen::Expired),
            Err(LinkError::TooLong | LinkError::Form | LinkError::UnknownKey | LinkError::Forged | LinkError::NotYet) => {
                return Ok(Seen::Unknown);
            }
        };
        Ok(match self.archive.meeting(id).await? {
            Some(meeting) => Seen::Meeting(Box::new(self.gather(meeting).await?)),
            None => Seen::Unknown,
        })
    }

    /// A meeting with all that a page shows of it.
    pub async fn gather(&self, meeting: Meeting) -> Result<MeetingView, PortError> {
        let organizer = self.archive.organizer(meeting.organizer).await?;
        let (language, time_zone) = match organizer {
            Some(organizer) => (organizer.language, organizer.group.time_zone),
            None => (Language::english(), Tz::UTC),
        };
        let guests = self.archive.guests(meeting.id).await?;
        let alerts = self.archive.meeting_alerts(meeting.id).await?;
        let addresses: Vec<&Mailbox> = guests.iter().map(|guest| &guest.mailbox.mailbox).collect();
        let suppressions = self.archive.suppressions_of(&addresses).await?;
        let stays = self.archive.stays(meeting.id).await?;
        Ok(MeetingView { meeting, guests, alerts, suppressions, stays, language, time_zone })
    }
}
