//! A meeting and its guests, as they are kept.

use super::address::{Mailbox, NamedMailbox};
use super::attendance::Attendance;
use super::id::{GuestId, MeetingId, OrganizerId};
use super::itip::Uid;
use super::language::Language;
use super::occurrence::Series;
use super::part::Part;
use super::revision::Ledger;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Whether the meeting takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeetingStatus {
    /// It does.
    #[default]
    Scheduled,
    /// The organizer cancelled it.
    Cancelled,
}

/// What guests are told of the meeting: the allow-list taken from the organizer's VEVENT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingEvent {
    /// SUMMARY, one line.
    pub title: String,
    /// DESCRIPTION as plain text.
    pub description: Option<String>,
    /// Start; of a series the first instance's by its rule.
    pub starts_at: DateTime<Utc>,
    /// End, later than the start; of a series the first instance's by its rule.
    pub ends_at: DateTime<Utc>,
    /// How it recurs; `None` for a meeting that takes place once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Box<Series>>,
    /// The zone whose days are meant, where it is a matter of whole days (DTSTART is a DATE, RFC 5545 §3.8.2.4); start and
    /// end are midnights there. `None` for a meeting with a clock time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_days: Option<Tz>,
}

/// One meeting: one UID of one organizer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Key.
    pub id: MeetingId,
    /// Whose it is.
    pub organizer: OrganizerId,
    /// The ORGANIZER address of their dialog, to which replies must be addressed in it.
    pub organizer_address: NamedMailbox,
    /// The UID of their dialog.
    pub organizer_uid: Uid,
    /// SEQUENCE and DTSTAMP of what was taken from them.
    #[serde(default)]
    pub ledger: Ledger,
    /// Of their newest calendar object what replies are made of, as they wrote it: those are in its terms (RFC 5546 §3.2.3).
    pub organizer_object: String,
    /// What guests are told.
    pub event: MeetingEvent,
    /// Whether it takes place.
    pub status: MeetingStatus,
    /// The conference room: `[a-z0-9-]`, not guessable.
    pub room: String,
    /// When the first invitation arrived.
    pub created_at: DateTime<Utc>,
    /// Row version that this value was read at; 0 for one not stored yet. The archive refuses a stale write.
    pub version: u64,
}

impl Meeting {
    /// The conference room of an instance of a series, or of the meeting that takes place once: each its own, so that nobody
    /// who stays behind is found in the next one.
    pub fn room_of(&self, instance: Option<DateTime<Utc>>) -> String {
        match instance {
            Some(id) => format!("{}-{}", self.room, id.format("%Y%m%d%H%M")),
            None => self.room.clone(),
        }
    }

    /// Whether the meeting is over, or will never be.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.status == MeetingStatus::Cancelled || self.event.over_at().is_some_and(|over| now >= over)
    }
}

/// What the guest was last sent: significance of a later change is judged against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentState {
    /// Our SEQUENCE in that message.
    pub sequence: u32,
    /// Everything the guest knows of the meeting.
    pub event: MeetingEvent,
    /// Our SEQUENCE from which on an answer to the whole counts: that of the last change of its time.
    #[serde(default)]
    pub counts_from: u32,
    /// The same for instances of a series that changed on their own, by the instant of their RECURRENCE-ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances_count_from: BTreeMap<DateTime<Utc>, u32>,
}

impl SentState {
    /// Our SEQUENCE from which on an answer to the whole (`None`) or to an instance counts.
    pub fn counts_from(&self, target: Option<DateTime<Utc>>) -> u32 {
        target.and_then(|id| self.instances_count_from.get(&id)).copied().unwrap_or(self.counts_from)
    }
}

/// One guest of one meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Key; also the identity inside every address token and link of this guest.
    pub id: GuestId,
    /// The meeting.
    pub meeting: MeetingId,
    /// Their real address, with the name that the organizer gave them.
    pub mailbox: NamedMailbox,
    /// Other addresses of theirs, which a person accepted: what comes from these is theirs too. Mail goes to `mailbox` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Mailbox>,
    /// The ATTENDEE address in the organizer's dialog: the real one, or a guest alias.
    pub invited_as: Mailbox,
    /// Which instances of a series they are invited to.
    #[serde(default)]
    pub part: Part,
    /// SEQUENCE and DTSTAMP of what was taken from the organizer about this guest.
    #[serde(default)]
    pub ledger: Ledger,
    /// The language of mails and pages to them.
    pub language: Language,
    /// Our UID: never the organizer's.
    pub uid: Uid,
    /// What they were last sent; `None` before the first mail.
    pub sent: Option<SentState>,
    /// `jti` of the link in force; another one is dead.
    pub link: Uuid,
    /// The organizer took them off, or the link was revoked.
    pub removed_at: Option<DateTime<Utc>>,
    /// Delivery, response and presence.
    pub attendance: Attendance,
    /// Row version that this value was read at; 0 for one not stored yet.
    pub version: u64,
}

impl Guest {
    /// The SEQUENCE of the dialog with this guest.
    pub fn sequence(&self) -> u32 {
        self.sent.as_ref().map_or(0, |sent| sent.sequence)
    }

    /// The SEQUENCE from which on their answer to the whole (`None`) or to an instance counts.
    pub fn counts_from(&self, target: Option<DateTime<Utc>>) -> u32 {
        self.sent.as_ref().map_or(0, |sent| sent.counts_from(target))
    }

    /// What they would be sent of the meeting as it is now, where nothing of it changed for them.
    pub fn newest(&self, meeting: &Meeting) -> SentState {
        let event = self.view(meeting);
        match &self.sent {
            Some(sent) => SentState { event, ..sent.clone() },
            None => SentState { sequence: 0, event, counts_from: 0, instances_count_from: BTreeMap::new() },
        }
    }

    /// Whether an address is theirs.
    pub fn owns(&self, mailbox: &Mailbox) -> bool {
        self.mailbox.mailbox.same_as(mailbox) || self.also.iter().any(|other| other.same_as(mailbox))
    }

    /// Whether what they are invited to is over, or will never be.
    pub fn is_over(&self, meeting: &Meeting, now: DateTime<Utc>) -> bool {
        meeting.status == MeetingStatus::Cancelled || self.view(meeting).over_at().is_some_and(|over| now >= over)
    }

    /// The meeting as this guest may know it; where nothing of it is left to them, as they knew it last.
    pub fn view(&self, meeting: &Meeting) -> MeetingEvent {
        let known = || self.sent.as_ref().map_or_else(|| meeting.event.clone(), |sent| sent.event.clone());
        meeting.event.for_part(&self.part).unwrap_or_else(known)
    }
}
