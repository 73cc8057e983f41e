//! What a link is worth, as values.

use super::JoinSettings;
use crate::domain::id::GuestId;
use crate::domain::language::Language;
use crate::domain::link::Link;
use crate::domain::meeting::{Guest, Meeting, MeetingStatus};
use crate::domain::occurrence::Occurrence;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

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
    /// Come in; or, where guests wait for the moderator, knock.
    Open,
    /// They knocked, and nobody has opened yet.
    Waiting,
    /// Used from more places than one person is at.
    Shared,
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
    pub(super) fn nothing(state: JoinState) -> Self {
        Self { state, language: None, meeting: None, contact: None }
    }
}

/// What a verified link is worth at `now` by the meeting alone: revocation first, then the clock.
pub(super) fn state(link: &Link, meeting: &Meeting, guest: &Guest, settings: JoinSettings, now: DateTime<Utc>) -> JoinState {
    if guest.link != link.issue {
        return JoinState::Revoked(Revocation::LinkReissued);
    }
    if guest.removed_at.is_some() {
        return JoinState::Revoked(Revocation::GuestRemoved);
    }
    if meeting.status == MeetingStatus::Cancelled {
        return JoinState::Revoked(Revocation::MeetingCancelled);
    }
    let Slot { opens_at, closes_at } = settings.slot(&occurrence(meeting, guest, settings, now));
    if now >= closes_at {
        JoinState::Ended
    } else if now < opens_at {
        JoinState::TooEarly { opens_at }
    } else {
        JoinState::Open
    }
}

/// The occurrence that the door is about: the one whose door isn't closed yet, of what the guest is invited to.
pub(super) fn occurrence(meeting: &Meeting, guest: &Guest, settings: JoinSettings, now: DateTime<Utc>) -> Occurrence {
    guest.view(meeting).occurrence_at(now - settings.stays_open())
}

/// When a door is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// From then on.
    pub opens_at: DateTime<Utc>,
    /// Until then.
    pub closes_at: DateTime<Utc>,
}

impl JoinSettings {
    /// The slot of a date of a meeting.
    pub fn slot(self, occurrence: &Occurrence) -> Slot {
        Slot {
            opens_at: occurrence.instance.starts_at - TimeDelta::minutes(i64::from(self.opens_before_minutes)),
            closes_at: occurrence.instance.ends_at + self.stays_open(),
        }
    }

    /// For how long after the end the door is open.
    pub(in crate::flow) fn stays_open(self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.closes_after_minutes))
    }
}
