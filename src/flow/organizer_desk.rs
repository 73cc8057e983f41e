//! What an organizer does on their pages: write, change or cancel a meeting, and help a guest. A meeting that they write is the story of
//! a mail of theirs, without the mail.

use super::gateway::Gateway;
use super::invite::ObjectEnd;
use super::link_again::{NotAgain, again};
use super::port::{PortError, PortResult};
use crate::domain::address::NamedMailbox;
use crate::domain::id::{GuestId, MeetingId};
use crate::domain::itip::translate::{WrittenMeeting, cancel_of_organizer, request_of_organizer};
use crate::domain::itip::{self, Uid};
use crate::domain::meeting::{Guest, Meeting, MeetingStatus};
use crate::domain::organizer::Organizer;
use crate::domain::record::{AuditEvent, Committed, RoomWrite, Write};
use crate::domain::suppression::in_force;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What an organizer writes down.
#[derive(Clone, Debug)]
pub struct WrittenDown {
    /// What its UID is made of, where the same must not be written twice.
    pub key: Option<Uuid>,
    /// Title.
    pub title: String,
    /// What guests read of it; empty for nothing.
    pub description: String,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// Whom to invite.
    pub guests: Vec<NamedMailbox>,
}

/// What can be done for a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestHelp {
    /// The invitation once more.
    Resend,
    /// The invitation with a new link; the old one is dead.
    ReissueLink,
    /// Open the door for them.
    LetIn,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestHelped {
    /// Done.
    Done,
    /// The guest is not theirs, no longer invited, or the meeting is over.
    TooLate,
    /// Nothing is sent to this address.
    Stopped,
    /// It would show the organizer.
    WouldLeak,
}

impl Gateway {
    /// A meeting of this organizer's.
    pub async fn own_meeting(&self, organizer: &Organizer, id: MeetingId) -> PortResult<Option<Meeting>> {
        Ok(self.archive.meeting(id).await?.filter(|meeting| meeting.organizer == organizer.id))
    }

    /// Whether a meeting was written here: others are changed where they were made, or the organizer's calendar would not know.
    pub fn is_written_here(&self, meeting: &Meeting) -> bool {
        meeting.organizer_uid.0.ends_with(&self.page_suffix())
    }

    /// The UID of a meeting that is written here with this key.
    pub fn page_uid(&self, key: Uuid) -> Uid {
        Uid(format!("{key}{}", self.page_suffix()))
    }

    /// Invites to a new meeting, or to one written here before as it is now: whoever is no longer among the guests is told so.
    pub async fn write_meeting(&self, organizer: &Organizer, before: Option<&Meeting>, written: &WrittenDown) -> PortResult<ObjectEnd> {
        let key = written.key.unwrap_or_else(|| self.world.random());
        let uid = before.map_or_else(|| self.page_uid(key), |meeting| meeting.organizer_uid.clone());
        let named = NamedMailbox::new(organizer.name.clone(), organizer.mailbox.clone());
        let meeting = WrittenMeeting {
            uid: &uid,
            sequence: before.map_or(0, |meeting| sequence(meeting) + 1),
            now: self.world.now(),
            organizer: &named,
            guests: &written.guests,
            title: &written.title,
            description: Some(written.description.trim()).filter(|text| !text.is_empty()),
            starts_at: written.starts_at,
            ends_at: written.ends_at,
        };
        let text = request_of_organizer(&meeting);
        if let Some(before) = before {
            // Nobody is taken off for a change that is refused.
            match self.carry_out_text(&text, organizer, true).await? {
                ObjectEnd::Planned(_) => self.take_off(organizer, before, written).await?,
                end @ (ObjectEnd::Done(_)
                | ObjectEnd::Repeated
                | ObjectEnd::NoOrganizer
                | ObjectEnd::NotAnOrganizer(_)
                | ObjectEnd::Refused(_)) => return Ok(end),
            }
        }
        self.carry_out_text(&text, organizer, false).await
    }

    /// Cancels a meeting that was written here.
    pub async fn cancel_meeting(&self, organizer: &Organizer, meeting: &Meeting) -> PortResult<ObjectEnd> {
        let guests = self.still_invited(meeting).await?;
        self.cancel_for(organizer, meeting, &guests).await
    }

    /// Helps a guest of this organizer's.
    pub async fn help_guest(&self, organizer: &Organizer, guest: GuestId, help: GuestHelp, actor: &str) -> PortResult<GuestHelped> {
        let now = self.world.now();
        let Some((meeting, mut guest)) = self.archive.guest(guest).await? else { return Ok(GuestHelped::TooLate) };
        if meeting.organizer != organizer.id || guest.removed_at.is_some() || guest.is_over(&meeting, now) {
            return Ok(GuestHelped::TooLate);
        }
        let mut writes = vec![Write::Audit(audit(actor, help, &meeting, guest.id, now))];
        match help {
            GuestHelp::LetIn => {
                let waiting = self.archive.waiting(meeting.id).await?.into_iter().filter(|waiting| waiting.guest == guest.id);
                writes.extend(waiting.map(|one| Write::Room(RoomWrite::LetIn { room: one.room, guest: guest.id, at: now })));
            }
            GuestHelp::Resend | GuestHelp::ReissueLink => {
                let address = &guest.mailbox.mailbox;
                if in_force(&self.archive.suppressions_of(&[address]).await?, address, meeting.id).is_some() {
                    return Ok(GuestHelped::Stopped);
                }
                if help == GuestHelp::ReissueLink {
                    guest.link = self.world.random();
                    writes.push(Write::Guest(Box::new(guest.clone())));
                }
                match self.invitation_again(&meeting, &guest, now).await {
                    Ok(item) => writes.extend(again(&guest, item)),
                    Err(NotAgain::Unsent(super::draft::Unsent::WouldLeak(_))) => return Ok(GuestHelped::WouldLeak),
                    Err(error) => return Err(PortError::new("build an invitation", error)),
                }
            }
        }
        Ok(match self.commit(writes).await? {
            Committed::Done => GuestHelped::Done,
            Committed::Duplicate | Committed::Conflict => GuestHelped::TooLate,
        })
    }

    /// Guests who are no longer among those written down: each calendar program tells them itself (RFC 5546 §3.2.5).
    async fn take_off(&self, organizer: &Organizer, before: &Meeting, written: &WrittenDown) -> PortResult<()> {
        let guests = self.still_invited(before).await?;
        let stays = |guest: &NamedMailbox| written.guests.iter().any(|other| other.mailbox.same_as(&guest.mailbox));
        let gone: Vec<NamedMailbox> = guests.into_iter().filter(|guest| !stays(guest)).collect();
        if gone.is_empty() { Ok(()) } else { self.cancel_for(organizer, before, &gone).await.map(drop) }
    }

    async fn cancel_for(&self, organizer: &Organizer, meeting: &Meeting, guests: &[NamedMailbox]) -> PortResult<ObjectEnd> {
        let named = NamedMailbox::new(organizer.name.clone(), organizer.mailbox.clone());
        let written = WrittenMeeting {
            uid: &meeting.organizer_uid,
            sequence: sequence(meeting) + 1,
            now: self.world.now(),
            organizer: &named,
            guests,
            title: &meeting.event.title,
            description: None,
            starts_at: meeting.event.starts_at,
            ends_at: meeting.event.ends_at,
        };
        self.carry_out_text(&cancel_of_organizer(&written), organizer, false).await
    }

    async fn carry_out_text(&self, text: &str, organizer: &Organizer, is_trial: bool) -> PortResult<ObjectEnd> {
        let object = itip::read(text.as_bytes()).map_err(|error| PortError::new("write a calendar object", error))?;
        self.carry_out_written(object, organizer, is_trial).await
    }

    pub(super) async fn still_invited(&self, meeting: &Meeting) -> PortResult<Vec<NamedMailbox>> {
        let guests = self.archive.guests(meeting.id).await?;
        Ok(guests.into_iter().filter(|guest| guest.removed_at.is_none()).map(as_written).collect())
    }

    fn page_suffix(&self) -> String {
        format!("@page.{}", self.settings.domains.alias.name())
    }
}

/// A guest as the organizer wrote them.
fn as_written(guest: Guest) -> NamedMailbox {
    NamedMailbox { name: guest.mailbox.name, mailbox: guest.invited_as }
}

/// The SEQUENCE of what the organizer wrote last; that of a cancelled one is past its own.
fn sequence(meeting: &Meeting) -> u32 {
    let newest = itip::read(meeting.organizer_object.as_bytes()).ok();
    let newest = newest.as_ref().and_then(|object| object.main_event()).map_or(0, |event| event.sequence);
    newest + u32::from(meeting.status == MeetingStatus::Cancelled)
}

fn audit(actor: &str, help: GuestHelp, meeting: &Meeting, guest: GuestId, now: DateTime<Utc>) -> AuditEvent {
    let action = match help {
        GuestHelp::Resend => "guest.resent",
        GuestHelp::ReissueLink => "guest.link-reissued",
        GuestHelp::LetIn => "guest.let-in",
    };
    let (meeting, guest, detail) = (Some(meeting.id), Some(guest), "{}".to_owned());
    AuditEvent { at: now, actor: actor.to_owned(), action: action.to_owned(), meeting, guest, received: None, detail }
}
