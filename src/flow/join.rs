//! A click on a link: `read → load → state → (POST) mint → commit → redirect`.
//!
//! Looking never changes anything, since link scanners and previews look too; everything that is recorded, also that
//! the link was opened, is recorded when the guest presses the button.

use super::port::{Archive, PortError, World};
use crate::domain::attendance::Presence;
use crate::domain::conference::{Conference, ConferenceError, Participant, Role, room_url};
use crate::domain::id::GuestId;
use crate::domain::language::Language;
use crate::domain::link::{Link, LinkError, LinkKeys};
use crate::domain::meeting::{Guest, Meeting, MeetingStatus};
use crate::domain::occurrence::{Instance, Occurrence};
use crate::domain::record::{AuditEvent, Commit, Write};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::sync::Arc;

/// When the door is open, around the meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinSettings {
    /// Minutes before the start at which it opens.
    pub opens_before_minutes: u32,
    /// Minutes after the end at which it closes.
    pub closes_after_minutes: u32,
}

impl JoinSettings {
    fn stays_open(self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.closes_after_minutes))
    }
}

impl Default for JoinSettings {
    fn default() -> Self {
        Self { opens_before_minutes: 10, closes_after_minutes: 0 }
    }
}

/// Why a link that we made is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The organizer no longer invites this guest.
    GuestRemoved,
    /// The guest has a newer link; this one may be in other hands.
    LinkReissued,
    /// The meeting does not take place.
    MeetingCancelled,
}

/// What a link is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinState {
    /// Not ours, or of a meeting that is no longer kept.
    Unknown,
    /// Ours, and dead.
    Revoked(Revocation),
    /// The door is not open yet.
    TooEarly {
        /// When it opens.
        opens_at: DateTime<Utc>,
    },
    /// Come in.
    Open,
    /// The meeting is over.
    Ended,
}

/// What the page may say of the meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinMeeting {
    /// Title.
    pub title: String,
    /// Who invites, as guests may know them.
    pub host: String,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// The zone in which the invitation wrote the times.
    pub time_zone: Tz,
}

/// What a page is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinPage {
    /// State.
    pub state: JoinState,
    /// The guest's language, where the guest is known.
    pub language: Option<Language>,
    /// The meeting; `None` for a bearer who may not be the guest.
    pub meeting: Option<JoinMeeting>,
    /// Whose alias is the contact; `None` for a bearer who may not be the guest.
    pub contact: Option<GuestId>,
}

impl JoinPage {
    fn unknown() -> Self {
        Self { state: JoinState::Unknown, language: None, meeting: None, contact: None }
    }
}

/// What pressing the button led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Go there: the URL has the conference token in it and is for this browser alone.
    Admitted(String),
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
    /// Tokens of the conference.
    pub conference: Arc<Conference>,
    /// Public URL of the conference server.
    pub conference_base: String,
    /// When the door is open.
    pub settings: JoinSettings,
}

impl Join {
    /// What this token is worth now. Changes nothing.
    pub async fn look(&self, token: &str) -> Result<JoinPage, PortError> {
        let now = self.world.now();
        match self.dialog(token, now).await? {
            Found::Nothing(state) => Ok(JoinPage { state, ..JoinPage::unknown() }),
            Found::Dialog(link, dialog) => self.page(&link, &dialog, now).await,
        }
    }

    /// Lets the guest in, if the door is open: mints, records, and says where to go.
    pub async fn enter(&self, token: &str) -> Result<Entry, JoinError> {
        let now = self.world.now();
        let (link, dialog) = match self.dialog(token, now).await? {
            Found::Nothing(state) => return Ok(Entry::Refused(JoinPage { state, ..JoinPage::unknown() })),
            Found::Dialog(link, dialog) => (link, dialog),
        };
        let (meeting, guest) = &*dialog;
        if state(&link, meeting, guest, self.settings, now) != JoinState::Open {
            return Ok(Entry::Refused(self.page(&link, &dialog, now).await?));
        }
        let id = guest.id.to_string();
        let participant = Participant { id: &id, name: guest.mailbox.name.as_deref(), role: Role::Guest };
        let room = meeting.room_of(occurrence(meeting, guest, self.settings, now).id);
        let conference_token = self.conference.mint(&room, &participant, now)?;
        self.archive.commit(entered(meeting, guest, now)).await?;
        Ok(Entry::Admitted(room_url(&self.conference_base, &room, &conference_token)))
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

    async fn page(&self, link: &Link, dialog: &(Meeting, Guest), now: DateTime<Utc>) -> Result<JoinPage, PortError> {
        let (meeting, guest) = dialog;
        let state = state(link, meeting, guest, self.settings, now);
        let (meeting, contact) = match state {
            // Whoever still has the old link need not be the guest: they learn nothing.
            JoinState::Unknown | JoinState::Revoked(Revocation::LinkReissued) => (None, None),
            JoinState::Revoked(Revocation::GuestRemoved) => (None, Some(guest.id)),
            JoinState::Revoked(Revocation::MeetingCancelled) | JoinState::TooEarly { .. } | JoinState::Open | JoinState::Ended => {
                let shown = occurrence(meeting, guest, self.settings, now).instance;
                (Some(self.told(meeting, shown).await?), Some(guest.id))
            }
        };
        Ok(JoinPage { state, language: Some(guest.language.clone()), meeting, contact })
    }

    async fn told(&self, meeting: &Meeting, shown: Instance) -> Result<JoinMeeting, PortError> {
        let organizer = self.archive.organizer(meeting.organizer).await?;
        let (host, time_zone) = match &organizer {
            Some(organizer) => (organizer.public_name().to_owned(), organizer.group.time_zone),
            None => (String::new(), Tz::UTC),
        };
        Ok(JoinMeeting { title: shown.title, host, starts_at: shown.starts_at, ends_at: shown.ends_at, time_zone })
    }
}

enum Found {
    Nothing(JoinState),
    Dialog(Link, Box<(Meeting, Guest)>),
}

/// What a verified link is worth at `now`: revocation first, then the clock.
fn state(link: &Link, meeting: &Meeting, guest: &Guest, settings: JoinSettings, now: DateTime<Utc>) -> JoinState {
    if guest.link != link.issue {
        return JoinState::Revoked(Revocation::LinkReissued);
    }
    if guest.removed_at.is_some() {
        return JoinState::Revoked(Revocation::GuestRemoved);
    }
    if meeting.status == MeetingStatus::Cancelled {
        return JoinState::Revoked(Revocation::MeetingCancelled);
    }
    let next = occurrence(meeting, guest, settings, now).instance;
    let opens_at = next.starts_at - TimeDelta::minutes(i64::from(settings.opens_before_minutes));
    let closes_at = next.ends_at + settings.stays_open();
    if now >= closes_at {
        JoinState::Ended
    } else if now < opens_at {
        JoinState::TooEarly { opens_at }
    } else {
        JoinState::Open
    }
}

/// The occurrence that the door is about: the one whose door isn't closed yet, of what the guest is invited to.
fn occurrence(meeting: &Meeting, guest: &Guest, settings: JoinSettings, now: DateTime<Utc>) -> Occurrence {
    guest.view(meeting).occurrence_at(now - settings.stays_open())
}

fn entered(meeting: &Meeting, guest: &Guest, now: DateTime<Utc>) -> Commit {
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
    Commit { writes: vec![Write::Presence { guest: guest.id, presence }, Write::Audit(audit)] }
}
