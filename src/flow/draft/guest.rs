//! Mail to guests. Nothing leaves here that the leak guard has not seen as it would be sent.

use super::{Gateway, Parties, Refused, Stamp, Thread, Unsent, answer_to, heading, thread_to};
use crate::domain::address::ReversePath;
use crate::domain::attachment::{self, Blocked, ForGuest};
use crate::domain::attendance::Delivery;
use crate::domain::compose::{AnswerLetter, DeclineLetter, InvitationKind, InvitationLetter, LateLetter, Problem, SealedLetter, letter};
use crate::domain::delivery::{OutboxItem, OutboxPurpose, Urgency, turn};
use crate::domain::leak::{self, Finding, Leak, SecretKind, Secrets, Spot};
use crate::domain::meeting::{Guest, MeetingEvent, SentState};
use crate::domain::mime::{InboundMail, Seal};
use crate::domain::organizer::Organizer;
use crate::domain::thread::{Side, ThreadLink};
use crate::domain::token::Purpose;
use chrono::{DateTime, TimeDelta, Utc};

impl Gateway {
    /// An invitation, update or cancellation for one guest.
    pub(in crate::flow) fn draft_invitation(
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
            InvitationKind::New => {
                (self.stamped(self.first_id(guest)), Thread { in_reply_to: None, references: vec![self.own_id(guest.id.0)] })
            }
            InvitationKind::Update | InvitationKind::Cancellation => {
                (self.stamp(), Thread { in_reply_to: None, references: self.thread_roots(guest) })
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
                before: told_before(guest),
                link: link.as_deref(),
                response: &guest.attendance.response,
                allow_counter: organizer.group.allow_counter,
            },
        )?;
        guarded(&bytes, secrets)?;
        let item = self.to_guest(parties, OutboxPurpose::Invitation, stamp, bytes);
        Ok(match urgency(kind, &sent.event, now) {
            Urgency::Urgent => OutboxItem { turn: turn(now, 0, Urgency::Urgent), ..item },
            Urgency::Usual => item,
        })
    }

    /// The organizer's words for the guest, rebuilt, with their files scrubbed, and all of it scanned; and the files that do not go.
    /// `without` leaves out files that would show the organizer, as they chose.
    pub(in crate::flow) fn draft_answer(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        new_text: &str,
        links: &[ThreadLink],
        secrets: &Secrets,
        without: bool,
    ) -> Result<(OutboxItem, Vec<Blocked>), Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (alias, stamp) = (self.organizer_alias(guest, organizer), self.stamp());
        let thread = self.thread_to_guest(guest, mail, links);
        let (text, event) = (attachment::without_markers(new_text), guest.view(meeting));
        let mut files = self.files_for_guest(mail, new_text, secrets);
        if without {
            files.files.retain(|file| leak::scan(&file.bytes, secrets).is_empty());
        }
        let compose = |files: &ForGuest| {
            let heading = heading(&alias, &guest.mailbox, &stamp, &thread, &guest.language, organizer.group.time_zone, now);
            letter::answer(
                &self.stationery,
                &AnswerLetter { heading, subject: &mail.subject, new_text: &text, files: &files.files, event: &event },
            )
        };
        let mut bytes = compose(&files)?;
        let mut leaks = leak::scan(&bytes, secrets);
        // What can't be looked into is left out, and the rest goes: only a secret holds the whole.
        if !files.files.is_empty() && leaks.iter().any(is_unreadable) {
            files.without_unreadable(|file| !leak::scan(&file.bytes, secrets).iter().any(is_unreadable));
            bytes = compose(&files)?;
            leaks = leak::scan(&bytes, secrets);
        }
        if !leaks.is_empty() {
            return Err(Unsent::WouldLeak(leaks));
        }
        if text.trim().is_empty() && files.files.is_empty() && !files.blocked.is_empty() {
            return Err(Unsent::NothingLeft(files.blocked));
        }
        Ok((self.to_guest(parties, OutboxPurpose::Answer, stamp, bytes), files.blocked))
    }

    /// The organizer's files as a guest may have them. A name that would show the organizer gives way to a plain one.
    pub(in crate::flow) fn files_for_guest(&self, mail: &InboundMail, new_text: &str, secrets: &Secrets) -> ForGuest {
        let aside = attachment::pictures_aside(mail, new_text);
        let mut files = attachment::for_guest(mail, &aside, &self.settings.attachments.to_guest);
        for (index, file) in files.files.iter_mut().enumerate() {
            if !leak::scan(file.name.as_bytes(), secrets).is_empty() {
                file.name = attachment::plain_name(file.kind, &file.name, index + 1);
            }
        }
        files
    }

    /// The guest's encrypted mail can't be read here. Nobody wrote this answer, and nobody is to answer it (RFC 3834 §3.3).
    pub(in crate::flow) fn draft_sealed(
        &self,
        parties: &Parties<'_>,
        mail: &InboundMail,
        seal: Seal,
        links: &[ThreadLink],
        secrets: &Secrets,
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (alias, stamp) = (self.organizer_alias(guest, organizer), self.stamp());
        let answered = answer_to(mail.message_id.as_ref());
        let thread = if answered.references.is_empty() { self.thread_to_guest(guest, mail, links) } else { answered };
        let bytes = letter::sealed(
            &self.stationery,
            &SealedLetter {
                heading: heading(&alias, &guest.mailbox, &stamp, &thread, &guest.language, organizer.group.time_zone, now),
                seal,
                event: &guest.view(meeting),
            },
        )?;
        guarded(&bytes, secrets)?;
        Ok(OutboxItem { reverse_path: ReversePath::Null, ..self.to_guest(parties, OutboxPurpose::Answer, stamp, bytes) })
    }

    /// The organizer does not take the time that the guest proposed.
    pub(in crate::flow) fn draft_declined(
        &self,
        parties: &Parties<'_>,
        refused: &Refused<'_>,
        answered: (&InboundMail, &[ThreadLink]),
        secrets: &Secrets,
    ) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (alias, stamp) = (self.organizer_alias(guest, organizer), self.stamp());
        let thread = self.thread_to_guest(guest, answered.0, answered.1);
        let bytes = letter::declined(
            &self.stationery,
            &DeclineLetter {
                heading: heading(&alias, &guest.mailbox, &stamp, &thread, &guest.language, organizer.group.time_zone, now),
                uid: &guest.uid,
                sequence: guest.sequence(),
                event: &guest.view(meeting),
                instance: refused.instance,
                proposed: refused.proposed,
                response: &guest.attendance.response,
                comment: refused.comment,
            },
        )?;
        guarded(&bytes, secrets)?;
        Ok(self.to_guest(parties, OutboxPurpose::Answer, stamp, bytes))
    }

    /// That the guest's words came too late. Null reverse-path (RFC 3834 §3.3): no machine answers it.
    pub(in crate::flow) fn draft_late(&self, parties: &Parties<'_>, mail: &InboundMail, secrets: &Secrets) -> Result<OutboxItem, Unsent> {
        let Parties { meeting, guest, organizer, now } = *parties;
        let (alias, stamp, thread) = (self.organizer_alias(guest, organizer), self.stamp(), answer_to(mail.message_id.as_ref()));
        let bytes = letter::late(
            &self.stationery,
            &LateLetter {
                heading: heading(&alias, &guest.mailbox, &stamp, &thread, &guest.language, organizer.group.time_zone, now),
                event: &guest.view(meeting),
            },
        )?;
        guarded(&bytes, secrets)?;
        let to = &guest.mailbox.mailbox;
        Ok(self.item(OutboxPurpose::Notice, Some(meeting.id), Some(guest.id), ReversePath::Null, to, stamp, bytes, now))
    }

    /// What of an organizer's own words stops a mail, as problems for them.
    pub(in crate::flow) fn would_leak<S: AsRef<[u8]>>(
        &self,
        organizer: &Organizer,
        leaks: &[Leak],
        secrets: &Secrets,
        sources: &[(Spot, S)],
    ) -> Vec<(Problem, String)> {
        let said = |finding: &Finding| self.stationery.finding(&organizer.language, finding).unwrap_or_default();
        leak::findings(leaks, secrets, sources).iter().map(|finding| (Problem::WouldLeak, said(finding))).collect()
    }

    /// The thread of a mail that passes the organizer's on; at least that of the invitation.
    fn thread_to_guest(&self, guest: &Guest, mail: &InboundMail, links: &[ThreadLink]) -> Thread {
        let mut thread = thread_to(Side::Organizer, mail, links);
        if thread.references.is_empty() {
            thread.references = self.thread_roots(guest);
        }
        thread
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
}

/// What is near: then every minute counts.
const NEAR: TimeDelta = TimeDelta::hours(2);

/// A cancellation goes before invitations, and so does what is about to begin.
fn urgency(kind: InvitationKind, event: &MeetingEvent, now: DateTime<Utc>) -> Urgency {
    let next = event.occurrence_at(now).instance;
    let is_near = next.ends_at > now && next.starts_at < now + NEAR;
    match kind {
        InvitationKind::Cancellation => Urgency::Urgent,
        InvitationKind::New | InvitationKind::Update if is_near => Urgency::Urgent,
        InvitationKind::New | InvitationKind::Update => Urgency::Usual,
    }
}

/// What the guest knows. Of a mail that did not leave nothing is known to them: this one takes its place.
fn told_before(guest: &Guest) -> Option<&MeetingEvent> {
    let was_sent = guest.attendance.delivery == Delivery::Sent;
    guest.sent.as_ref().filter(|_| was_sent).map(|sent| &sent.event)
}

fn is_unreadable(leak: &Leak) -> bool {
    leak.secret == SecretKind::Unscannable
}

fn guarded(bytes: &[u8], secrets: &Secrets) -> Result<(), Unsent> {
    let leaks = leak::scan(bytes, secrets);
    if leaks.is_empty() { Ok(()) } else { Err(Unsent::WouldLeak(leaks)) }
}
