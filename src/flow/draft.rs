//! Drafts: values of a story become a mail of the outbox. Every guest-bound one passes the leak guard here.

use super::gateway::Gateway;
use crate::domain::address::{Mailbox, NamedMailbox, ReversePath};
use crate::domain::alert::Alert;
use crate::domain::attendance::PartStat;
use crate::domain::compose::{
    AlertLetter, AnswerLetter, AwayLetter, ComposeError, Heading, InvitationKind, InvitationLetter, Problem, ProblemLetter, ReplyLetter,
    SummaryGuest, SummaryKind, SummaryLetter, WordsLetter, letter,
};
use crate::domain::delivery::{OutboxItem, OutboxPurpose, OutboxState};
use crate::domain::id::{GuestId, MeetingId, OutboxId};
use crate::domain::itip;
use crate::domain::leak::{self, Finding, Leak, Secrets, Spot};
use crate::domain::link::LinkKeyError;
use crate::domain::meeting::{Guest, Meeting, SentState};
use crate::domain::mime::InboundMail;
use crate::domain::organizer::Organizer;
use crate::domain::reply::Classified;
use crate::domain::thread::{MessageId, Side, ThreadLink, map_ids};
use crate::domain::token::Purpose;
use chrono::{DateTime, TimeDelta, Utc};
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
    pub comment: Option<&'a str>,
    pub proposal: Option<(DateTime<Utc>, DateTime<Utc>)>,
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

    /// An invitation, update or cancellation for one guest.
    pub(super) fn draft_invitation(
        &self,
        parties: &Parties<'_>,
        kind: InvitationKind,
        sent: &SentState,
        secrets: &Secrets,
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let alias = self.organizer_alias(guest, organizer);
        let link = match kind {
            InvitationKind::New | InvitationKind::Update => Some(self.guest_link(meeting, guest, now)?),
            InvitationKind::Cancellation => None,
        };
        let (stamp, thread) = match kind {
            InvitationKind::New => (self.stamped(self.thread_root(guest)), Thread::default()),
            InvitationKind::Update | InvitationKind::Cancellation => {
                (self.stamp(), Thread { in_reply_to: None, references: vec![self.thread_root(guest)] })
            }
        };
        let bytes = letter::invitation(
            &self.stationery,
            &InvitationLetter {
                heading: heading(&alias, &guest.mailbox, &stamp, &thread, &guest.language, organizer.group.time_zone, now),
                kind,
                uid: &guest.uid,
                sequence: sent.sequence,
                event: &sent.event,
                link: link.as_deref(),
                response: &guest.attendance.response,
                allow_counter: organizer.group.allow_counter,
            },
        )?;
        guarded(&bytes, secrets)?;
        Ok(self.to_guest(parties, OutboxPurpose::Invitation, stamp, bytes))
    }

    /// The guest's REPLY or COUNTER in the organizer's dialog.
    pub(super) fn draft_reply(
        &self,
        parties: &Parties<'_>,
        given: &Given<'_>,
        answered: (&InboundMail, &[ThreadLink]),
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let object = itip::read(meeting.organizer_object.as_bytes())?;
        let (from, to, stamp) = (self.guest_alias(guest), organizer_mailbox(organizer), self.stamp());
        let thread = thread_to(Side::Guest, answered.0, answered.1);
        let attendee = NamedMailbox { name: guest.mailbox.name.clone(), mailbox: guest.invited_as.clone() };
        let bytes = letter::reply(
            &self.stationery,
            &ReplyLetter {
                heading: heading(&from, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                object: &object,
                event: &meeting.event,
                instance: given.instance,
                and_later: given.and_later,
                attendee: &attendee,
                partstat: given.partstat,
                comment: given.comment,
                proposal: given.proposal,
            },
        )?;
        Ok(self.to_organizer(parties, stamp, bytes))
    }

    /// The guest's words for the organizer.
    pub(super) fn draft_words(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        understood: &Classified,
        links: &[ThreadLink],
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (from, to, stamp) = (self.guest_alias(guest), organizer_mailbox(organizer), self.stamp());
        let thread = thread_to(Side::Guest, mail, links);
        let bytes = letter::words(
            &self.stationery,
            &WordsLetter {
                heading: heading(&from, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                mail,
                new_text: &understood.new_text,
                suggestions: &understood.suggestions,
                event: &meeting.event,
            },
        )?;
        Ok(self.to_organizer(parties, stamp, bytes))
    }

    /// The note that a guest is away.
    pub(super) fn draft_away(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        text: &str,
        links: &[ThreadLink],
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (from, to, stamp) = (self.guest_alias(guest), organizer_mailbox(organizer), self.stamp());
        let thread = thread_to(Side::Guest, mail, links);
        let bytes = letter::away(
            &self.stationery,
            &AwayLetter {
                heading: heading(&from, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                text,
                guest: &guest.mailbox,
                event: &meeting.event,
            },
        )?;
        Ok(self.to_organizer(parties, stamp, bytes))
    }

    /// The organizer's words for the guest, rebuilt and scanned.
    pub(super) fn draft_answer(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        new_text: &str,
        links: &[ThreadLink],
        secrets: &Secrets,
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (alias, stamp) = (self.organizer_alias(guest, organizer), self.stamp());
        let mut thread = thread_to(Side::Organizer, mail, links);
        if thread.references.is_empty() {
            thread.references.push(self.thread_root(guest));
        }
        let bytes = letter::answer(
            &self.stationery,
            &AnswerLetter {
                heading: heading(&alias, &guest.mailbox, &stamp, &thread, &guest.language, organizer.group.time_zone, now),
                mail,
                new_text,
                event: &meeting.event,
            },
        )?;
        guarded(&bytes, secrets)?;
        Ok(self.to_guest(parties, OutboxPurpose::Answer, stamp, bytes))
    }

    /// The one mail that tells the organizer what was done.
    pub(super) fn draft_summary(
        &self,
        meeting: &Meeting,
        organizer: &Organizer,
        told: (SummaryKind, &[SummaryGuest], &[(Problem, String)]),
        answered: Option<&MessageId>,
        now: DateTime<Utc>,
    ) -> Result<OutboxItem, Unsent> {
        let (to, stamp) = (organizer_mailbox(organizer), self.stamp());
        let page = self.links.mint_meeting(meeting, now)?;
        let thread = answer_to(answered);
        let bytes = letter::summary(
            &self.stationery,
            &SummaryLetter {
                heading: heading(&self.settings.gateway, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                kind: told.0,
                event: &meeting.event,
                guests: told.1,
                meeting_page: &format!("{}/m/{page}", self.settings.public_url),
                remarks: told.2,
            },
        )?;
        Ok(self.automatic(OutboxPurpose::Organizer, Some(meeting.id), &to.mailbox, stamp, bytes, now))
    }

    /// What could not be done with an organizer's mail.
    pub(super) fn draft_problem(
        &self,
        organizer: &Organizer,
        mail: &InboundMail,
        problems: &[(Problem, String)],
        now: DateTime<Utc>,
    ) -> Result<OutboxItem, Unsent> {
        let (to, stamp) = (organizer_mailbox(organizer), self.stamp());
        let thread = answer_to(mail.message_id.as_ref());
        let bytes = letter::problem(
            &self.stationery,
            &ProblemLetter {
                heading: heading(&self.settings.gateway, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                subject: &mail.subject,
                problems,
            },
        )?;
        Ok(self.automatic(OutboxPurpose::Organizer, None, &to.mailbox, stamp, bytes, now))
    }

    /// An alert for the helpdesk; nothing where no helpdesk is configured.
    pub(super) fn draft_alert(&self, alert: &Alert, now: DateTime<Utc>) -> Result<Option<OutboxItem>, Unsent> {
        let Some(to) = &self.settings.helpdesk else { return Ok(None) };
        let stamp = self.stamp();
        let bytes = letter::alert(
            &self.stationery,
            &AlertLetter {
                heading: heading(&self.settings.gateway, to, &stamp, &Thread::default(), &self.settings.helpdesk_language, Tz::UTC, now),
                alert,
                hint: &format!("paravent alert ack {}", alert.id),
            },
        )?;
        Ok(Some(self.automatic(OutboxPurpose::Helpdesk, alert.meeting, &to.mailbox, stamp, bytes, now)))
    }

    fn stamp(&self) -> Stamp {
        self.stamped(self.own_id(self.world.random()))
    }

    fn stamped(&self, id: MessageId) -> Stamp {
        Stamp { mark: self.tokens.loop_mark(&id), id }
    }

    /// The first invitation's id: every later mail to this guest refers to it, so that programs show one thread.
    fn thread_root(&self, guest: &Guest) -> MessageId {
        self.own_id(guest.link)
    }

    fn own_id(&self, left: Uuid) -> MessageId {
        MessageId::of(&left.simple().to_string(), self.settings.domains.alias.name())
    }

    fn to_guest(&self, parties: &Parties<'_>, purpose: OutboxPurpose, stamp: Stamp, bytes: Vec<u8>) -> OutboxItem {
        let Parties { meeting, guest, now, .. } = *parties;
        let bounce = self.tokens.address(Purpose::GuestBounce, guest.id.0, &self.settings.domains.alias);
        // Of no use to a guest once the meeting is over; but never so short that one retry is impossible.
        let given_up = now + self.settings.retry_for;
        let useful_until = guest.view(meeting).over_at().map_or(given_up, |over| over.max(now + TimeDelta::minutes(15)));
        OutboxItem {
            expires_at: useful_until.min(given_up),
            ..self.item(purpose, Some(meeting.id), Some(guest.id), ReversePath::Mailbox(bounce), &guest.mailbox.mailbox, stamp, bytes, now)
        }
    }

    fn to_organizer(&self, parties: &Parties<'_>, stamp: Stamp, bytes: Vec<u8>) -> OutboxItem {
        let Parties { meeting, guest, organizer, now } = *parties;
        let bounce = self.tokens.address(Purpose::OrganizerBounce, guest.id.0, &self.settings.domains.alias);
        let path = ReversePath::Mailbox(bounce);
        self.item(OutboxPurpose::Organizer, Some(meeting.id), Some(guest.id), path, &organizer.mailbox, stamp, bytes, now)
    }

    /// Mail that nobody may answer automatically: null reverse-path (RFC 3834 §3.3).
    fn automatic(
        &self,
        purpose: OutboxPurpose,
        meeting: Option<MeetingId>,
        to: &Mailbox,
        stamp: Stamp,
        bytes: Vec<u8>,
        now: DateTime<Utc>,
    ) -> OutboxItem {
        self.item(purpose, meeting, None, ReversePath::Null, to, stamp, bytes, now)
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
        }
    }
}

fn organizer_mailbox(organizer: &Organizer) -> NamedMailbox {
    NamedMailbox::new(organizer.name.clone(), organizer.mailbox.clone())
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

fn answer_to(message: Option<&MessageId>) -> Thread {
    Thread { in_reply_to: message.cloned(), references: message.cloned().into_iter().collect() }
}

impl Gateway {
    /// What of an organizer's own words stops a mail, as problems for them.
    pub(super) fn would_leak(
        &self,
        organizer: &Organizer,
        leaks: &[Leak],
        secrets: &Secrets,
        sources: &[(Spot, &str)],
    ) -> Vec<(Problem, String)> {
        let said = |finding: &Finding| self.stationery.finding(&organizer.language, finding).unwrap_or_default();
        leak::findings(leaks, secrets, sources).iter().map(|finding| (Problem::WouldLeak, said(finding))).collect()
    }
}

fn guarded(bytes: &[u8], secrets: &Secrets) -> Result<(), Unsent> {
    let leaks = leak::scan(bytes, secrets);
    if leaks.is_empty() { Ok(()) } else { Err(Unsent::WouldLeak(leaks)) }
}
