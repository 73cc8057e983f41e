//! The conference server asks whether a room may be opened, and tells who is in it. `name → meeting → slot → answer`; `event → people → commit`.

use super::join::{JoinSettings, Slot};
use super::port::{Archive, PortResult, World};
use crate::domain::conference::Servers;
use crate::domain::id::MeetingId;
use crate::domain::meeting::{Meeting, MeetingStatus};
use crate::domain::occurrence::Occurrence;
use crate::domain::organizer::Organizer;
use crate::domain::presence::{Closing, Occupant, Place, RoomEvent, Stay, breakout_room};
use crate::domain::record::{AuditEvent, Commit, RoomWrite, Write};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// Longest name of a browser or a breakout room that is kept, in octets; XMPP allows more (RFC 7622 §3.1), conference servers use less.
const JID_MAX: usize = 1_024;

/// A room that may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its id; needs no escaping in a URL.
    pub id: String,
    /// The name that was asked for.
    pub name: String,
    /// From then on.
    pub starts_at: DateTime<Utc>,
    /// For so long: then everybody is outside.
    pub lasts: TimeDelta,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It may.
    Granted(Reservation),
    /// It may not, for a reason that people are shown.
    Refused(Refusal),
}

/// Why a room may not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No meeting has this room on this server.
    Unknown,
    /// The meeting was cancelled.
    Cancelled,
    /// The door is not open: too early, or over.
    Closed,
}

/// What the conference server is answered with.
pub struct ConferenceDesk {
    /// Where meetings are kept.
    pub archive: Arc<dyn Archive>,
    /// Clock.
    pub world: Arc<dyn World>,
    /// Where meetings take place.
    pub servers: Arc<Servers>,
    /// When doors are open.
    pub settings: JoinSettings,
}

/// A room that is ours.
struct Found {
    meeting: Meeting,
    organizer: Option<Organizer>,
    room: String,
}

impl ConferenceDesk {
    /// Whether a room of this name (`room`, or `[tenant]room`) may be opened now. The same question has the same answer.
    pub async fn reserve(&self, name: &str) -> PortResult<Reserved> {
        let now = self.world.now();
        let Some(found) = self.find(name).await? else { return Ok(Reserved::Refused(Refusal::Unknown)) };
        let judged = self.judge(&found, name, now);
        if let Reserved::Granted(_) = judged {
            self.archive.commit(Commit { writes: vec![audit("room.reserved", &found, now)] }).await?;
        }
        Ok(judged)
    }

    /// The reservation of this id, as long as its room may be open.
    pub async fn reservation(&self, id: &str) -> PortResult<Option<Reservation>> {
        let Some(found) = self.find_anywhere(id).await? else { return Ok(None) };
        Ok(match self.judge(&found, id, self.world.now()) {
            Reserved::Granted(reservation) => Some(reservation),
            Reserved::Refused(_) => None,
        })
    }

    /// The room is closed: whoever was in it has left. `false` where it is none of ours.
    pub async fn release(&self, id: &str) -> PortResult<bool> {
        let now = self.world.now();
        let Some(found) = self.find_anywhere(id).await? else { return Ok(false) };
        let closing = Closing { room: found.room.clone(), at: now };
        let closed = Write::Room(RoomWrite::Closed { meeting: found.meeting.id, closing });
        self.archive.commit(Commit { writes: vec![closed, audit("room.released", &found, now)] }).await?;
        Ok(true)
    }

    /// Takes what happened in a room. Rooms and people that are not ours change nothing.
    pub async fn note(&self, place: &Place, event: RoomEvent) -> PortResult<()> {
        let Some(found) = self.find_anywhere(bare(&place.room).1).await? else { return Ok(()) };
        let room = match place.breakout.as_deref() {
            Some(breakout) if breakout.len() > JID_MAX => return Ok(()),
            Some(breakout) => breakout_room(&found.room, breakout),
            None => found.room.clone(),
        };
        let guests = self.archive.guests(found.meeting.id).await?;
        let host = found.meeting.organizer.0;
        let person = |occupant: &Occupant| {
            let id: Uuid = occupant.id.as_deref()?.parse().ok()?;
            (id == host || guests.iter().any(|guest| guest.id.0 == id)).then_some(id)
        };
        let (occupants, closed_at) = match event {
            RoomEvent::Occupant(occupant) => (vec![occupant], None),
            RoomEvent::Closed { at, occupants } => (occupants, Some(at)),
        };
        let mut writes = Vec::new();
        for occupant in occupants.into_iter().filter(|occupant| occupant.jid.len() <= JID_MAX) {
            let (person, joined_at) = (person(&occupant), occupant.joined_at);
            if person == Some(host) {
                writes.push(RoomWrite::Opened { room: found.room.clone(), at: joined_at });
            }
            let stay = Stay { room: room.clone(), occupant: occupant.jid, person, joined_at, left_at: occupant.left_at };
            writes.push(RoomWrite::Stay { meeting: found.meeting.id, stay });
        }
        writes.extend(closed_at.map(|at| RoomWrite::Closed { meeting: found.meeting.id, closing: Closing { room, at } }));
        self.archive.commit(Commit { writes: writes.into_iter().map(Write::Room).collect() }).await.map(drop)
    }

    /// The group whose meeting has this room.
    pub async fn group_of(&self, name: &str) -> PortResult<Option<String>> {
        Ok(self.find_anywhere(bare(name).1).await?.and_then(|found| found.organizer).map(|organizer| organizer.group.name))
    }

    /// The meeting of a room, where it takes place on the server or tenant of that name.
    async fn find(&self, name: &str) -> PortResult<Option<Found>> {
        let (tenant, room) = bare(name);
        Ok(self.find_anywhere(room).await?.filter(|found| {
            let group = found.organizer.as_ref().map(|organizer| organizer.group.name.as_str());
            self.servers.of_group(group).tenant.as_deref() == tenant
        }))
    }

    async fn find_anywhere(&self, room: &str) -> PortResult<Option<Found>> {
        let room = room.to_ascii_lowercase();
        let whole = room.split('-').next().unwrap_or_default();
        let Some(meeting) = self.archive.meeting_of_room(whole).await? else { return Ok(None) };
        let organizer = self.archive.organizer(meeting.organizer).await?;
        Ok(Some(Found { meeting, organizer, room }))
    }

    fn judge(&self, found: &Found, name: &str, now: DateTime<Utc>) -> Reserved {
        let meeting = &found.meeting;
        if meeting.status == MeetingStatus::Cancelled {
            return Reserved::Refused(Refusal::Cancelled);
        }
        let Some(occurrence) = self.occurrence(meeting, &found.room, now) else { return Reserved::Refused(Refusal::Unknown) };
        let Slot { opens_at, closes_at } = self.settings.slot(&occurrence);
        if now < opens_at || now >= closes_at {
            return Reserved::Refused(Refusal::Closed);
        }
        let (id, name) = (found.room.clone(), name.to_owned());
        Reserved::Granted(Reservation { id, name, starts_at: now, lasts: closes_at - now })
    }

    /// The date of a meeting that has this room.
    fn occurrence(&self, meeting: &Meeting, room: &str, now: DateTime<Utc>) -> Option<Occurrence> {
        let next = meeting.event.occurrence_at(now - self.settings.stays_open());
        if meeting.room_of(next.id) == room {
            return Some(next);
        }
        let (_, id) = room.split_once('-')?;
        let id = NaiveDateTime::parse_from_str(id, "%Y%m%d%H%M").ok()?.and_utc();
        Some(Occurrence { id: Some(id), instance: meeting.event.instance(id)? })
    }
}

/// The tenant and the room of a name of the conference server's.
fn bare(name: &str) -> (Option<&str>, &str) {
    match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((tenant, room)) => (Some(tenant), room),
        None => (None, name),
    }
}

fn audit(action: &str, found: &Found, now: DateTime<Utc>) -> Write {
    let meeting: Option<MeetingId> = Some(found.meeting.id);
    let detail = serde_json::json!({ "room": found.room }).to_string();
    let actor = "conference".to_owned();
    Write::Audit(AuditEvent { at: now, actor, action: action.to_owned(), meeting, guest: None, received: None, detail })
}
