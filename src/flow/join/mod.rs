//! A click on a link: `read → load → state → (POST) place → mint → commit → admit`.
//!
//! Looking never changes anything, since link scanners and previews look too; everything that is recorded, also that
//! the link was opened, is recorded when the guest presses the button.

mod moderate;
mod shared;
mod state;

use super::port::{AlertDesk, Archive, Bell, PortError, World};
use crate::domain::attendance::Presence;
use crate::domain::conference::{ConferenceError, Participant, Role, Servers, room_url};
use crate::domain::doorstep::{JoinBy, SharedLinks, WaitingRoom};
use crate::domain::link::{Link, LinkError, LinkKeys};
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::occurrence::{Instance, Occurrence};
use crate::domain::organizer::Organizer;
use crate::domain::record::{AuditEvent, Commit, RoomWrite, Write};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use shared::Place;
use state::{occurrence, state};
use std::net::IpAddr;
use std::sync::Arc;

pub use state::{JoinMeeting, JoinPage, JoinState, Revocation, Slot};

/// When the door is open, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinSettings {
    /// Minutes before the start at which it opens.
    pub opens_before_minutes: u32,
    /// Minutes after the end at which it closes.
    pub closes_after_minutes: u32,
    /// How guests come in.
    pub by: JoinBy,
    /// Whether guests wait.
    pub waiting_room: WaitingRoom,
    /// What is done about shared links.
    pub shared_links: SharedLinks,
    /// From how many networks one person may come within half a day.
    pub link_networks: u16,
}

impl Default for JoinSettings {
    fn default() -> Self {
        Self {
            opens_before_minutes: 10,
            closes_after_minutes: 0,
            by: JoinBy::Redirect,
            waiting_room: WaitingRoom::Off,
            shared_links: SharedLinks::Alert,
            link_networks: 3,
        }
    }
}

/// Who was let in, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The URL of the room with the conference token in it: for this browser alone.
    pub url: String,
    /// The conference server's public URL.
    pub server: String,
    /// The room.
    pub room: String,
    /// The conference token.
    pub token: String,
    /// When guests leave by themselves.
    pub closes_at: DateTime<Utc>,
    /// The page that it was asked for on.
    pub page: JoinPage,
}

/// What pressing the button led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Go there.
    Admitted(Box<Admission>),
    /// Wait: the page says for what.
    Waits,
    /// The door is not open: the page says why.
    Refused(JoinPage),
}

/// The door could not be opened; transient for the guest.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The archive failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Configuration or a stored value is wrong.
    #[error(transparent)]
    Conference(#[from] ConferenceError),
}

/// The door.
pub struct Join {
    /// Where meetings are kept.
    pub archive: Arc<dyn Archive>,
    /// Clock.
    pub world: Arc<dyn World>,
    /// Keys of the links.
    pub links: Arc<LinkKeys>,
    /// Where meetings take place.
    pub servers: Arc<Servers>,
    /// Who is told of what is odd.
    pub desk: Arc<dyn AlertDesk>,
    /// Rings for it.
    pub bell: Arc<dyn Bell>,
    /// When the door is open, and for whom.
    pub settings: JoinSettings,
}

impl Join {
    /// What this token is worth now. Changes nothing.
    pub async fn look(&self, token: &str) -> Result<JoinPage, PortError> {
        let now = self.world.now();
        match self.dialog(token, now).await? {
            Found::Nothing(state) => Ok(JoinPage::nothing(state)),
            Found::Dialog(link, dialog) => {
                let state = self.state(&link, &dialog, now).await?;
                self.page(state, &dialog, now).await
            }
        }
    }

    /// Lets the guest in, if the door is open: mints, records, and says where to go. `peer` is where they come from, if that is known.
    pub async fn enter(&self, token: &str, peer: Option<IpAddr>) -> Result<Entry, JoinError> {
        let now = self.world.now();
        let (link, dialog) = match self.dialog(token, now).await? {
            Found::Nothing(state) => return Ok(Entry::Refused(JoinPage::nothing(state))),
            Found::Dialog(link, dialog) => (link, dialog),
        };
        let state = self.state(&link, &dialog, now).await?;
        match state {
            JoinState::Open => {}
            JoinState::Waiting => return Ok(Entry::Waits),
            JoinState::Unknown | JoinState::Revoked(_) | JoinState::TooEarly { .. } | JoinState::Shared | JoinState::Ended => {
                return Ok(Entry::Refused(self.page(state, &dialog, now).await?));
            }
        }
        let (meeting, guest) = &*dialog;
        let Place { write, alert } = self.place(meeting, guest, peer, now).await?;
        if let Some(alert) = alert {
            self.archive.commit(Commit { writes: self.desk.alert_writes(&alert).await? }).await?;
            self.bell.ring(&alert).await;
            if self.settings.shared_links == SharedLinks::Refuse {
                return Ok(Entry::Refused(self.page(JoinState::Shared, &dialog, now).await?));
            }
        }
        let occurrence = occurrence(meeting, guest, self.settings, now);
        let room = meeting.room_of(occurrence.id);
        if self.must_wait(&room, guest).await? {
            let knock = RoomWrite::Waits { room, guest: guest.id, at: now };
            self.archive.commit(Commit { writes: vec![opened(guest, now), Write::Room(knock)] }).await?;
            return Ok(Entry::Waits);
        }
        let page = self.page(state, &dialog, now).await?;
        let admission = self.admit(meeting, guest, &occurrence, room, page, now).await?;
        let mut writes = entered(meeting, guest, now);
        writes.extend(write);
        self.archive.commit(Commit { writes }).await?;
        Ok(Entry::Admitted(Box::new(admission)))
    }

    async fn admit(
        &self,
        meeting: &Meeting,
        guest: &Guest,
        occurrence: &Occurrence,
        room: String,
        page: JoinPage,
        now: DateTime<Utc>,
    ) -> Result<Admission, JoinError> {
        let organizer = self.archive.organizer(meeting.organizer).await?;
        let server = self.servers.of_group(organizer.as_ref().map(|organizer| organizer.group.name.as_str()));
        let id = guest.id.to_string();
        let participant = Participant {
            id: &id,
            name: guest.mailbox.name.as_deref(),
            role: Role::Guest { lobby_bypass: self.settings.waiting_room != WaitingRoom::Off },
        };
        let token = server.tokens.mint(&room, &participant, now)?;
        let closes_at = self.settings.slot(occurrence).closes_at;
        Ok(Admission { url: room_url(&server.url, &room, &token), server: server.url.clone(), room, token, closes_at, page })
    }

    async fn dialog(&self, token: &str, now: DateTime<Utc>) -> Result<Found, PortError> {
        let link = match self.links.read(token, now) {
            Ok(link) => link,
            Err(LinkError::Expired) => return Ok(Found::Nothing(JoinState::Ended)),
            Err(LinkError::TooLong | LinkError::Form | LinkError::UnknownKey | LinkError::Forged | LinkError::NotYet) => {
                return Ok(Found::Nothing(JoinState::Unknown));
            }
        };
        Ok(match self.archive.guest(link.guest).await? {
            Some((meeting, guest)) if meeting.id == link.meeting => Found::Dialog(link, Box::new((meeting, guest))),
            Some(_) | None => Found::Nothing(JoinState::Unknown),
        })
    }

    /// What the link is worth, by the meeting and by who is at its door.
    async fn state(&self, link: &Link, dialog: &(Meeting, Guest), now: DateTime<Utc>) -> Result<JoinState, PortError> {
        let (meeting, guest) = dialog;
        let state = state(link, meeting, guest, self.settings, now);
        if state != JoinState::Open || self.settings.waiting_room == WaitingRoom::Off {
            return Ok(state);
        }
        let room = meeting.room_of(occurrence(meeting, guest, self.settings, now).id);
        let doorstep = self.archive.doorstep(&room, guest.id).await?;
        Ok(if doorstep.waits_since.is_some() && !doorstep.is_free() { JoinState::Waiting } else { JoinState::Open })
    }

    async fn must_wait(&self, room: &str, guest: &Guest) -> Result<bool, PortError> {
        Ok(match self.settings.waiting_room {
            WaitingRoom::Off => false,
            WaitingRoom::UntilModerator => !self.archive.doorstep(room, guest.id).await?.is_free(),
        })
    }

    async fn page(&self, state: JoinState, dialog: &(Meeting, Guest), now: DateTime<Utc>) -> Result<JoinPage, PortError> {
        let (meeting, guest) = dialog;
        let (meeting, contact) = match state {
            // Whoever still has the old link need not be the guest: they learn nothing.
            JoinState::Unknown | JoinState::Revoked(Revocation::LinkReissued) => (None, None),
            JoinState::Revoked(Revocation::GuestRemoved) | JoinState::Shared => (None, Some(guest.id)),
            JoinState::Revoked(Revocation::MeetingCancelled)
            | JoinState::TooEarly { .. }
            | JoinState::Open
            | JoinState::Waiting
            | JoinState::Ended => {
                let shown = occurrence(meeting, guest, self.settings, now).instance;
                let organizer = self.archive.organizer(meeting.organizer).await?;
                (Some(told(organizer.as_ref(), shown)), Some(guest.id))
            }
        };
        Ok(JoinPage { state, language: Some(guest.language.clone()), meeting, contact })
    }
}

enum Found {
    Nothing(JoinState),
    Dialog(Link, Box<(Meeting, Guest)>),
}

fn told(organizer: Option<&Organizer>, shown: Instance) -> JoinMeeting {
    let (host, time_zone) = match organizer {
        Some(organizer) => (organizer.public_name().to_owned(), organizer.group.time_zone),
        None => (String::new(), Tz::UTC),
    };
    JoinMeeting { title: shown.title, host, starts_at: shown.starts_at, ends_at: shown.ends_at, time_zone }
}

fn opened(guest: &Guest, now: DateTime<Utc>) -> Write {
    Write::Presence { guest: guest.id, presence: Presence { opened_at: Some(now), entered_at: None } }
}

fn entered(meeting: &Meeting, guest: &Guest, now: DateTime<Utc>) -> Vec<Write> {
    let presence = Presence { opened_at: Some(now), entered_at: Some(now) };
    let audit = AuditEvent {
        at: now,
        actor: format!("guest:{}", guest.id),
        action: "guest.entered".to_owned(),
        meeting: Some(meeting.id),
        guest: Some(guest.id),
        received: None,
        detail: serde_json::json!({ "link": guest.link }).to_string(),
    };
    vec![Write::Presence { guest: guest.id, presence }, Write::Audit(audit)]
}
