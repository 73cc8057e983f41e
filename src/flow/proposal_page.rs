//! An organizer answers on their page to another time that a guest proposed. To keep the time is the mail that their calendar program
//! would send; to take the other one changes a meeting that was written here.

use super::gateway::Gateway;
use super::invite::ObjectEnd;
use super::organizer_desk::WrittenDown;
use super::page_mail::PageMail;
use super::port::{PortError, PortResult};
use crate::domain::answer::AnswerClass;
use crate::domain::attendance::Proposal;
use crate::domain::authentication::Proof;
use crate::domain::id::GuestId;
use crate::domain::itip::translate::{DeclinedProposal, decline_of_organizer};
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::organizer::Organizer;
use crate::domain::reply::Door;
use crate::domain::token::Purpose;
use chrono::{DateTime, Utc};

/// What the organizer chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalChoice {
    /// The other time, for everybody.
    Take,
    /// The meeting stays as it is; of a series, the date that the other time was proposed for.
    Keep(Option<DateTime<Utc>>),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalEnd {
    /// The guest, or everybody, is told.
    Done,
    /// It is no longer open.
    Gone,
    /// The meeting was made in the organizer's calendar program, or is a series: it is changed there.
    Elsewhere,
    /// The change was refused, as a mail of theirs would be.
    Refused,
}

impl Gateway {
    /// Answers a proposal of a guest of this organizer's.
    pub async fn answer_proposal(&self, organizer: &Organizer, guest: GuestId, choice: ProposalChoice) -> PortResult<ProposalEnd> {
        let Some((meeting, guest)) = self.archive.guest(guest).await? else { return Ok(ProposalEnd::Gone) };
        let now = self.world.now();
        if meeting.organizer != organizer.id || guest.removed_at.is_some() || guest.is_over(&meeting, now) {
            return Ok(ProposalEnd::Gone);
        }
        let target = match choice {
            ProposalChoice::Take => None,
            ProposalChoice::Keep(target) => target,
        };
        let open = guest.attendance.response.own(target).and_then(|answer| answer.proposal.clone());
        match (choice, open) {
            (_, None) => Ok(ProposalEnd::Gone),
            (ProposalChoice::Take, Some(proposal)) => self.take(organizer, &meeting, &proposal).await,
            (ProposalChoice::Keep(target), Some(_)) => self.keep(organizer, &meeting, &guest, target).await,
        }
    }

    /// Whether the other time can be taken on the page.
    pub fn can_take_proposals(&self, meeting: &Meeting) -> bool {
        self.is_written_here(meeting) && meeting.event.series.is_none()
    }

    async fn take(&self, organizer: &Organizer, meeting: &Meeting, proposal: &Proposal) -> PortResult<ProposalEnd> {
        if !self.can_take_proposals(meeting) {
            return Ok(ProposalEnd::Elsewhere);
        }
        let written = WrittenDown {
            key: None,
            title: meeting.event.title.clone(),
            description: meeting.event.description.clone().unwrap_or_default(),
            starts_at: proposal.starts_at,
            ends_at: proposal.ends_at,
            guests: self.still_invited(meeting).await?,
        };
        Ok(match self.write_meeting(organizer, Some(meeting), &written).await? {
            ObjectEnd::Done(_) => ProposalEnd::Done,
            ObjectEnd::Repeated | ObjectEnd::Planned(_) | ObjectEnd::NoOrganizer | ObjectEnd::NotAnOrganizer(_) | ObjectEnd::Refused(_) => {
                ProposalEnd::Refused
            }
        })
    }

    async fn keep(
        &self,
        organizer: &Organizer,
        meeting: &Meeting,
        guest: &Guest,
        target: Option<DateTime<Utc>>,
    ) -> PortResult<ProposalEnd> {
        let now = self.world.now();
        let alias = self.tokens.address(Purpose::GuestAlias, guest.id.0, &self.settings.domains.alias);
        let body = decline_of_organizer(&DeclinedProposal {
            uid: &meeting.organizer_uid,
            organizer: &organizer.mailbox,
            guest: &alias,
            target,
            now,
        });
        let mail = PageMail {
            from: &organizer.mailbox,
            to: &alias,
            subject: &meeting.event.title,
            kind: "text/calendar; charset=utf-8; method=DECLINECOUNTER",
            body: &body,
            id: self.world.random(),
            at: now,
        };
        let message = self.handed_in(&mail, Proof::Submission, now);
        let answer = self.settle(&message, &alias, Door::GuestAlias, guest.id, None).await?;
        match answer.class() {
            AnswerClass::Accepted => Ok(ProposalEnd::Done),
            AnswerClass::Permanent => Ok(ProposalEnd::Refused),
            AnswerClass::Transient => Err(PortError::new("answer a proposal", answer)),
        }
    }
}
