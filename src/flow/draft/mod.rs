//! Drafts: values of a story become a mail of the outbox. Every guest-bound one passes the leak guard in `guest`.

mod guest;
mod organizer;

use super::gateway::Gateway;
use crate::domain::address::{Mailbox, NamedMailbox, ReversePath};
use crate::domain::attachment::Blocked;
use crate::domain::attendance::PartStat;
use crate::domain::compose::{ComposeError, Heading};
use crate::domain::delivery::{OutboxItem, OutboxPurpose, OutboxState, Urgency, turn};
use crate::domain::id::{GuestId, MeetingId, OutboxId};
use crate::domain::itip;
use crate::domain::leak::Leak;
use crate::domain::link::LinkKeyError;
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::mime::InboundMail;
use crate::domain::organizer::Organizer;
use crate::domain::thread::{MessageId, Side, ThreadLink, map_ids};
use crate::domain::token::Purpose;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

/// Why a draft did not become a mail.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsent {
    /// It would have shown the organizer to a guest.
    #[error("the mail would show the organizer ({} places)", .0.len())]
    WouldLeak(Vec<Leak>),
    /// It could not be built.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The organizer's stored object can no longer be read.
    #[error(transparent)]
    Calendar(#[from] itip::CalendarError),
    /// Of an answer with files alone none may pass.
    #[error("none of its {} files may go to a guest, and it has no text", .0.len())]
    NothingLeft(Vec<Blocked>),
    /// A link could not be signed.
    #[error(transparent)]
    Link(#[from] LinkKeyError),
}

/// The dialog that a draft belongs to.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub meeting: &'a Meeting,
    pub guest: &'a Guest,
    pub organizer: &'a Organizer,
    pub now: DateTime<Utc>,
}

/// What a guest answered, to what.
pub(super) struct Given<'a> {
    pub instance: Option<DateTime<Utc>>,
    pub and_later: bool,
    pub partstat: PartStat,
    pub delegated_to: Option<&'a NamedMailbox>,
    pub comment: Option<&'a str>,
    pub proposal: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// A guest's proposal that the organizer does not take.
pub(super) struct Refused<'a> {
    pub instance: Option<DateTime<Utc>>,
    pub proposed: (DateTime<Utc>, DateTime<Utc>),
    pub comment: Option<&'a str>,
}

/// What a new mail is known by.
struct Stamp {
    id: MessageId,
    mark: String,
}

/// Thread of a new mail, in ids of its recipient's side.
#[derive(Default)]
struct Thread {
    in_reply_to: Option<MessageId>,
    references: Vec<MessageId>,
}

impl Gateway {
    /// What the guest sees as the organizer.
    pub(super) fn organizer_alias(&self, guest: &Guest, organizer: &Organizer) -> NamedMailbox {
        let alias = self.tokens.address(Purpose::OrganizerAlias, guest.id.0, &self.settings.domains.alias);
        NamedMailbox::new(organizer.public_name(), alias)
    }

    /// What the organizer sees as the guest: the alias that they invited, else the reverse alias.
    pub(super) fn guest_alias(&self, guest: &Guest) -> NamedMailbox {
        let name = guest.mailbox.name.clone().unwrap_or_else(|| guest.mailbox.mailbox.to_string());
        let mailbox = if self.settings.domains.guest.owns(&guest.invited_as) {
            guest.invited_as.clone()
        } else {
            self.tokens.address(Purpose::GuestAlias, guest.id.0, &self.settings.domains.alias)
        };
        NamedMailbox::new(name, mailbox)
    }

    /// The guest's personal link.
    fn guest_link(&self, meeting: &Meeting, guest: &Guest, now: DateTime<Utc>) -> Result<String, Unsent> {
        Ok(format!("{}/j/{}", self.settings.public_url, self.links.mint(meeting, guest, now)?))
    }

    fn stamp(&self) -> Stamp {
        self.stamped(self.own_id(self.world.random()))
    }

    fn stamped(&self, id: MessageId) -> Stamp {
        Stamp { mark: self.tokens.loop_mark(&id), id }
    }

    /// The id of the first invitation under the guest's present link.
    fn first_id(&self, guest: &Guest) -> MessageId {
        self.own_id(guest.link)
    }

    /// What every mail to this guest refers to, so that programs show one thread: an id that stands for all of it, which no mail has and
    /// no new link changes, and the first invitation.
    fn thread_roots(&self, guest: &Guest) -> Vec<MessageId> {
        vec![self.own_id(guest.id.0), self.first_id(guest)]
    }

    fn own_id(&self, left: Uuid) -> MessageId {
        MessageId::of(&left.simple().to_string(), self.settings.domains.alias.name())
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of the one place where an item is made")]
    fn item(
        &self,
        purpose: OutboxPurpose,
        meeting: Option<MeetingId>,
        guest: Option<GuestId>,
        reverse_path: ReversePath,
        recipient: &Mailbox,
        stamp: Stamp,
        message: Vec<u8>,
        now: DateTime<Utc>,
    ) -> OutboxItem {
        OutboxItem {
            id: OutboxId(self.world.key()),
            purpose,
            guest,
            meeting,
            reverse_path,
            recipient: recipient.clone(),
            message_id: stamp.id,
            message,
            expires_at: now + self.settings.retry_for,
            state: OutboxState::Due { at: now, attempts: 0, last: String::new() },
            created_at: now,
            turn: turn(now, 0, if purpose == OutboxPurpose::Helpdesk { Urgency::Urgent } else { Urgency::Usual }),
        }
    }
}

fn heading<'a>(
    from: &'a NamedMailbox,
    to: &'a NamedMailbox,
    stamp: &'a Stamp,
    thread: &'a Thread,
    language: &'a crate::domain::language::Language,
    time_zone: Tz,
    date: DateTime<Utc>,
) -> Heading<'a> {
    Heading {
        from,
        to,
        message_id: &stamp.id,
        in_reply_to: thread.in_reply_to.as_ref(),
        references: &thread.references,
        date,
        loop_mark: &stamp.mark,
        language,
        time_zone,
    }
}

/// The thread of a relayed mail: ids that `from` the author's side are known, in the words of the other side.
fn thread_to(from: Side, mail: &InboundMail, links: &[ThreadLink]) -> Thread {
    let in_reply_to = map_ids(links, from, &mail.in_reply_to).into_iter().next_back();
    let mut references = map_ids(links, from, &mail.references);
    if let Some(id) = &in_reply_to
        && !references.contains(id)
    {
        references.push(id.clone());
    }
    Thread { in_reply_to, references }
}

/// The thread of a mail that passes a guest's on. Calendar programs often name nothing of what they answer: then that of the
/// oldest mail known on both sides, which is the invitation.
fn thread_to_organizer(mail: &InboundMail, links: &[ThreadLink]) -> Thread {
    let mut thread = thread_to(Side::Guest, mail, links);
    if thread.references.is_empty() {
        thread.references.extend(links.last().map(|link| link.organizer_side.clone()));
    }
    thread
}

fn answer_to(message: Option<&MessageId>) -> Thread {
    Thread { in_reply_to: message.cloned(), references: message.cloned().into_iter().collect() }
}
