//! An organizer opens their meeting: they are its moderator, and guests who wait may come in.

use super::{Admission, Join, JoinError, JoinPage, JoinState, Slot};
use crate::domain::conference::{Participant, Role, room_url};
use crate::domain::meeting::{Meeting, MeetingStatus};
use crate::domain::organizer::{Anonymity, Organizer};
use crate::domain::record::{AuditEvent, Commit, RoomWrite, Write};
use crate::flow::port::PortResult;
use chrono::{DateTime, Utc};

impl Join {
    /// When the door of a meeting is open next, or now; `None` for one that is over or does not take place.
    pub fn open_at(&self, meeting: &Meeting, now: DateTime<Utc>) -> Option<Slot> {
        let occurrence = meeting.event.occurrence_at(now - self.settings.stays_open());
        let slot = self.settings.slot(&occurrence);
        (meeting.status == MeetingStatus::Scheduled && now < slot.closes_at).then_some(slot)
    }

    /// Lets the organizer into the room of their meeting as its moderator; `None` while the door is closed.
    pub async fn moderate(&self, meeting: &Meeting, organizer: &Organizer, actor: &str) -> Result<Option<Admission>, JoinError> {
        let now = self.world.now();
        let Some(slot) = self.open_at(meeting, now).filter(|slot| now >= slot.opens_at) else { return Ok(None) };
        let occurrence = meeting.event.occurrence_at(now - self.settings.stays_open());
        let room = meeting.room_of(occurrence.id);
        let server = self.servers.of_group(Some(&organizer.group.name));
        let (id, mail) = (organizer.id.to_string(), organizer.mailbox.to_string());
        // What guests see of them in the room is what they see in the invitation.
        let mail = match organizer.group.anonymity {
            Anonymity::Open => Some(mail.as_str()),
            Anonymity::Anonymous | Anonymity::Named => None,
        };
        let participant = Participant { id: &id, name: Some(organizer.public_name()), role: Role::Moderator { mail } };
        let token = server.tokens.mint(&room, &participant, now)?;
        self.opened(meeting, &room, actor, now).await?;
        let page = JoinPage { language: Some(organizer.language.clone()), ..JoinPage::nothing(JoinState::Open) };
        let url = room_url(&server.url, &room, &token);
        Ok(Some(Admission { url, server: server.url.clone(), room, token, closes_at: slot.closes_at, page }))
    }

    async fn opened(&self, meeting: &Meeting, room: &str, actor: &str, now: DateTime<Utc>) -> PortResult<()> {
        let audit = AuditEvent {
            at: now,
            actor: actor.to_owned(),
            action: "meeting.moderated".to_owned(),
            meeting: Some(meeting.id),
            guest: None,
            received: None,
            detail: serde_json::json!({ "room": room }).to_string(),
        };
        let opened = Write::Room(RoomWrite::Opened { room: room.to_owned(), at: now });
        self.archive.commit(Commit { writes: vec![opened, Write::Audit(audit)] }).await.map(drop)
    }
}
