//! Mail to organizers and to the helpdesk.

use super::{Gateway, Given, Parties, Stamp, Thread, Unsent, answer_to, heading, thread_to_organizer};
use crate::domain::address::{Mailbox, NamedMailbox, ReversePath};
use crate::domain::alert::Alert;
use crate::domain::attachment::{self, Blocked};
use crate::domain::compose::{
    AlertLetter, AwayLetter, Problem, ProblemLetter, ReplyLetter, SummaryGuest, SummaryKind, SummaryLetter, UnreadableLetter, WordsLetter,
    letter,
};
use crate::domain::delivery::{OutboxItem, OutboxPurpose};
use crate::domain::id::{MeetingId, ReceivedId};
use crate::domain::itip::CalendarObject;
use crate::domain::meeting::Meeting;
use crate::domain::mime::{InboundMail, Seal};
use crate::domain::organizer::Organizer;
use crate::domain::reply::Classified;
use crate::domain::thread::{MessageId, ThreadLink};
use crate::domain::token::Purpose;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

impl Gateway {
    /// The guest's REPLY or COUNTER in the organizer's dialog, in the terms of their `object`.
    pub(in crate::flow) fn draft_reply(
        &self,
        parties: &Parties<'_>,
        object: &CalendarObject,
        given: &Given<'_>,
        answered: (&InboundMail, &[ThreadLink]),
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (from, to, stamp) = (self.guest_alias(guest), organizer_mailbox(organizer), self.stamp());
        let thread = thread_to_organizer(answered.0, answered.1);
        let attendee = NamedMailbox { name: guest.mailbox.name.clone(), mailbox: guest.invited_as.clone() };
        let bytes = letter::reply(
            &self.stationery,
            &ReplyLetter {
                heading: heading(&from, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                object,
                event: &meeting.event,
                instance: given.instance,
                and_later: given.and_later,
                attendee: &attendee,
                partstat: given.partstat,
                delegated_to: given.delegated_to,
                comment: given.comment,
                proposal: given.proposal,
            },
        )?;
        Ok(self.to_organizer(parties, stamp, bytes))
    }

    /// The guest's words for the organizer.
    pub(in crate::flow) fn draft_words(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        understood: &Classified,
        links: &[ThreadLink],
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (from, to, stamp) = (self.guest_alias(guest), organizer_mailbox(organizer), self.stamp());
        let thread = thread_to_organizer(mail, links);
        let files = attachment::for_organizer(mail, &self.settings.attachments.to_organizer);
        let bytes = letter::words(
            &self.stationery,
            &WordsLetter {
                heading: heading(&from, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                mail,
                new_text: &understood.new_text,
                suggestions: &understood.suggestions,
                files: &files,
                event: &meeting.event,
            },
        )?;
        Ok(self.to_organizer(parties, stamp, bytes))
    }

    /// The note that a guest is away.
    pub(in crate::flow) fn draft_away(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        text: &str,
        links: &[ThreadLink],
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (from, to, stamp) = (self.guest_alias(guest), organizer_mailbox(organizer), self.stamp());
        let thread = thread_to_organizer(mail, links);
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

    /// The one mail that tells the organizer what was done.
    pub(in crate::flow) fn draft_summary(
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

    /// The note that a guest wrote something that can't be read.
    pub(in crate::flow) fn draft_unreadable(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        seal: Seal,
        links: &[ThreadLink],
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (from, to, stamp) = (self.guest_alias(guest), organizer_mailbox(organizer), self.stamp());
        let thread = thread_to_organizer(mail, links);
        let bytes = letter::unreadable(
            &self.stationery,
            &UnreadableLetter {
                heading: heading(&from, &to, &stamp, &thread, &organizer.language, organizer.group.time_zone, now),
                guest: &guest.mailbox,
                seal,
                event: &meeting.event,
            },
        )?;
        Ok(self.to_organizer(parties, stamp, bytes))
    }

    /// What could not be done with an organizer's mail: nothing was sent.
    pub(in crate::flow) fn draft_problem(
        &self,
        organizer: &Organizer,
        mail: &InboundMail,
        problems: &[(Problem, String)],
        now: DateTime<Utc>,
    ) -> Result<OutboxItem, Unsent> {
        self.draft_problems(organizer, mail, problems, (false, None), now)
    }

    /// What would have shown the organizer; the mail waits, and they may have it sent without that.
    pub(in crate::flow) fn draft_leak(
        &self,
        organizer: &Organizer,
        mail: &InboundMail,
        problems: &[(Problem, String)],
        held: ReceivedId,
        now: DateTime<Utc>,
    ) -> Result<OutboxItem, Unsent> {
        let page = self.hold_link(held, now)?;
        self.draft_problems(organizer, mail, problems, (false, Some(&page)), now)
    }

    /// The files that were not passed on; `rest_was_sent` where the rest of the mail was.
    pub(in crate::flow) fn draft_blocked(
        &self,
        organizer: &Organizer,
        mail: &InboundMail,
        blocked: &[Blocked],
        rest_was_sent: bool,
        now: DateTime<Utc>,
    ) -> Result<OutboxItem, Unsent> {
        let sentences = self.stationery.blocked(&organizer.language, blocked)?;
        let problems: Vec<(Problem, String)> = sentences.into_iter().map(|sentence| (Problem::Attachments, sentence)).collect();
        self.draft_problems(organizer, mail, &problems, (rest_was_sent, None), now)
    }

    fn draft_problems(
        &self,
        organizer: &Organizer,
        mail: &InboundMail,
        problems: &[(Problem, String)],
        (rest_was_sent, page): (bool, Option<&str>),
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
                rest_was_sent,
                page,
            },
        )?;
        Ok(self.automatic(OutboxPurpose::Organizer, None, &to.mailbox, stamp, bytes, now))
    }

    /// An alert for the helpdesk; nothing where no helpdesk is configured.
    pub(in crate::flow) fn draft_alert(&self, alert: &Alert, now: DateTime<Utc>) -> Result<Option<OutboxItem>, Unsent> {
        let Some(to) = &self.settings.helpdesk else { return Ok(None) };
        let stamp = self.stamp();
        // An answer to it names the alert; all of a meeting are one thread.
        let from = NamedMailbox::new(
            self.settings.gateway.name.clone().unwrap_or_default(),
            self.tokens.address(Purpose::Alert, alert.id.0, &self.settings.domains.alias),
        );
        let root = alert.meeting.map_or(alert.id.0, |meeting| meeting.0);
        let thread =
            Thread { in_reply_to: None, references: vec![MessageId::of(&format!("alerts-{root}"), self.settings.domains.alias.name())] };
        let page = self.alert_link(alert.id, now)?;
        let bytes = letter::alert(
            &self.stationery,
            &AlertLetter {
                heading: heading(&from, to, &stamp, &thread, &self.settings.helpdesk_language, Tz::UTC, now),
                alert,
                hint: &format!("paravent alert ack {}", alert.id),
                page: &page,
            },
        )?;
        Ok(Some(self.automatic(OutboxPurpose::Helpdesk, alert.meeting, &to.mailbox, stamp, bytes, now)))
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
}

fn organizer_mailbox(organizer: &Organizer) -> NamedMailbox {
    NamedMailbox::new(organizer.name.clone(), organizer.mailbox.clone())
}
