//! A guest answers on their page: the same story as when they answer by mail. A mail is made of what they chose and wrote, as their
//! calendar program would, and goes through the same door; that they have the link is the proof.

use super::bearer::Bearer;
use super::gateway::Gateway;
use super::page_mail::PageMail;
use super::port::PortResult;
use crate::domain::address::NamedMailbox;
use crate::domain::answer::{Answer, AnswerClass};
use crate::domain::attendance::PartStat;
use crate::domain::authentication::Proof;
use crate::domain::itip::tree::escape_text;
use crate::domain::meeting::Guest;
use crate::domain::reply::Door;
use crate::domain::token::Purpose;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How long a form is good for saying when its page was made.
const FORM_DAYS: i64 = 7;
/// Longest text that is taken, in characters.
pub const WORDS_MAX: usize = 4_000;

/// What a guest chose and wrote.
#[derive(Clone, Debug)]
pub struct PageAnswer {
    /// Accepted, tentative or declined; none for words alone.
    pub partstat: Option<PartStat>,
    /// Their words; empty for none.
    pub words: String,
    /// Which page they answered on: the same answer of the same page counts once.
    pub form: Uuid,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was taken, or had been before.
    Taken,
    /// There was nothing in it.
    Empty,
    /// The link is dead, or the meeting is over or does not take place.
    TooLate,
    /// More was answered than is worked on.
    TooMuch,
}

impl Gateway {
    /// Takes an answer of whoever has this link.
    pub async fn answer_by_page(&self, token: &str, given: &PageAnswer) -> PortResult<Answered> {
        let now = self.world.now();
        let Some(bearer) = self.bearer(token, now).await? else { return Ok(Answered::TooLate) };
        if !bearer.is_newest || !bearer.is_expected(now) {
            return Ok(Answered::TooLate);
        }
        let Bearer { meeting, guest, .. } = bearer;
        let words: String = given.words.trim().chars().take(WORDS_MAX).collect();
        if words.is_empty() && given.partstat.is_none() {
            return Ok(Answered::Empty);
        }
        let alias = self.tokens.address(Purpose::OrganizerAlias, guest.id.0, &self.settings.domains.alias);
        let at = answered_at(&guest, given.form, now);
        let (kind, body) = match given.partstat {
            None => ("text/plain; charset=utf-8", words),
            Some(partstat) => ("text/calendar; charset=utf-8; method=REPLY", reply(&guest, partstat, &words, at)),
        };
        let subject = &guest.view(&meeting).title;
        let mail = PageMail { from: &guest.mailbox.mailbox, to: &alias, subject, kind, body: &body, id: given.form, at };
        let message = self.handed_in(&mail, Proof::Link, now);
        let answer: Answer = self.settle(&message, &alias, Door::OrganizerAlias, guest.id, None).await?;
        Ok(match answer.class() {
            AnswerClass::Accepted => Answered::Taken,
            AnswerClass::Transient | AnswerClass::Permanent => Answered::TooMuch,
        })
    }
}

/// When the page was made, so that a second press is the same answer; now, where the guest has answered elsewhere since.
fn answered_at(guest: &Guest, form: Uuid, now: DateTime<Utc>) -> DateTime<Utc> {
    let made = form.get_timestamp().and_then(|stamp| {
        let (seconds, nanoseconds) = stamp.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
    });
    let newest = guest.attendance.response.whole.dtstamp;
    let is_of_use = |made: &DateTime<Utc>| {
        // Calendar programs count in seconds.
        *made <= now && *made > now - TimeDelta::days(FORM_DAYS) && newest.is_none_or(|newest| made.timestamp() >= newest.timestamp())
    };
    made.filter(is_of_use).unwrap_or(now)
}

/// A REPLY (RFC 5546 §3.2.3) with the guest's words as its COMMENT.
fn reply(guest: &Guest, partstat: PartStat, words: &str, at: DateTime<Utc>) -> String {
    let NamedMailbox { mailbox, .. } = &guest.mailbox;
    let comment = if words.is_empty() { String::new() } else { format!("COMMENT:{}\r\n", escape_text(words)) };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Paravent//Guest page//EN\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:{}\r\n\
         DTSTAMP:{}\r\nSEQUENCE:{}\r\nATTENDEE;PARTSTAT={}:mailto:{mailbox}\r\n{comment}END:VEVENT\r\nEND:VCALENDAR\r\n",
        guest.uid.0,
        at.format("%Y%m%dT%H%M%SZ"),
        guest.sequence(),
        partstat.as_str(),
    )
}
