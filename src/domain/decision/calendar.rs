//! Calendar answers (RFC 5546 §3.2.3 and on): the token says which guest, the object says what they answer, and
//! only a proved sender changes anything.

use super::sender::{self, Proof};
use super::{AttendanceChange, Case, Decision, Disposition};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::attendance::{PartStat, Proposal, Response};
use crate::domain::itip::{Attendee, Event};
use crate::domain::meeting::MeetingStatus;
use crate::domain::relay::Relay;
use chrono::{DateTime, Utc};

/// Most answers to other instances that an alert shows.
const OTHERS_SHOWN: usize = 5;

/// REPLY: the response track.
pub(super) fn reply(case: &Case<'_>) -> Decision {
    answer(case).map_or_else(|decision| *decision, |answer| apply(case, &answer))
}

/// REPLY with DELEGATED: the organizer is asked; nobody is invited by it.
pub(super) fn delegation(case: &Case<'_>) -> Decision {
    let answer = match answer(case) {
        Ok(answer) => answer,
        Err(decision) => return *decision,
    };
    let decision = apply(case, &answer);
    if answer.attendee.partstat != PartStat::Delegated || decision.attendance.is_empty() {
        return decision;
    }
    let evidence = match answer.attendee.delegated_to.first() {
        Some(other) => format!("{} wants to send {} instead", case.sender(), other.mailbox.masked()),
        None => format!("{} wants to send somebody else", case.sender()),
    };
    decision.alert(AlertKind::Delegation, Severity::Warning, evidence)
}

/// COUNTER (RFC 5546 §3.2.7): a proposal beside the answer, which stays as it is.
pub(super) fn counter(case: &Case<'_>) -> Decision {
    let event = match proved(case).and_then(|_| bound_event(case)).and_then(|event| still_open(case).map(|()| event)) {
        Ok(event) => event,
        Err(decision) => return *decision,
    };
    let Some(starts_at) = event.start.as_ref().and_then(|time| time.instant()) else {
        return unexpected_because("a proposal without a time that can be understood");
    };
    let meeting = &case.dialog.meeting.event;
    let ends_at = event.end.as_ref().and_then(|time| time.instant()).filter(|end| *end > starts_at);
    let ends_at = ends_at.unwrap_or(starts_at + (meeting.ends_at - meeting.starts_at));
    let comment = comment(event);
    let proposal = Proposal { starts_at, ends_at, comment: comment.clone(), received_at: case.context.now };
    let response = Response { proposal: Some(proposal), ..case.dialog.guest.attendance.response.clone() };
    Decision::new(Disposition::Applied, "another time is proposed; the answer stays as it is")
        .change(AttendanceChange::Response(response))
        .relay(Relay::CounterToOrganizer { starts_at, ends_at, comment })
}

/// REFRESH (RFC 5546 §3.2.6): the newest invitation, to the known guest alone.
pub(super) fn refresh(case: &Case<'_>) -> Decision {
    match proved(case).and_then(|_| bound_event(case)).and_then(|_| still_open(case)) {
        Err(decision) => *decision,
        Ok(()) => Decision::new(Disposition::Relayed, "the guest asks for the newest invitation").relay(Relay::InvitationToGuest),
    }
}

/// REQUEST, CANCEL and the rest: a guest cannot change the meeting.
pub(super) fn unexpected(case: &Case<'_>) -> Decision {
    let Some(object) = &case.classified.calendar else {
        return unexpected_because(&format!("{} sends {}", case.sender(), case.classified.reasons.join("; ")));
    };
    let method = object.method.as_ref().map_or("none", |method| method.as_str());
    unexpected_because(&format!("{} sends a calendar object with method {method}, which is never applied", case.sender()))
}

/// A decision in the place of what could not go on.
type Instead = Box<Decision>;

/// An answer whose sender, UID and attendee are clear.
struct Answer<'a> {
    event: &'a Event,
    attendee: &'a Attendee,
    reasons: Vec<String>,
}

fn answer<'a>(case: &Case<'a>) -> Result<Answer<'a>, Instead> {
    let proof = proved(case)?;
    let event = bound_event(case)?;
    still_open(case)?;
    let guest = case.dialog.guest;
    let Some(attendee) = attendee(event, case) else {
        return Err(Box::new(unexpected_because("an answer that names no attendee")));
    };
    let names = attendee.mailbox.as_ref().map(|named| &named.mailbox);
    let is_theirs = names.is_some_and(|mailbox| mailbox.same_as(&guest.mailbox.mailbox) || mailbox.same_as(&guest.invited_as));
    let mismatch = (!is_theirs).then(|| {
        let named = names.map_or_else(|| "an unreadable address".to_owned(), |mailbox| mailbox.masked());
        format!("the answer names {named}; the token says {}", guest.mailbox.mailbox.masked())
    });
    let by_program = (proof == Proof::Program).then(|| format!("{}, a program of the guest's domain, answers for them", case.sender()));
    Ok(Answer { event, attendee, reasons: mismatch.into_iter().chain(by_program).collect() })
}

/// A calendar answer is applied only when its sender is proved to be the guest, at an address that takes answers; else it
/// is a claim.
fn proved(case: &Case<'_>) -> Result<Proof, Instead> {
    if !case.is_from_guest_side() {
        let reason = format!("{} sends a calendar answer to an address that takes none", case.sender());
        return Err(Box::new(unexpected_because(&reason)));
    }
    sender::proved(case)
}

/// Whether the meeting and the guest still take answers.
fn still_open(case: &Case<'_>) -> Result<(), Instead> {
    if case.dialog.guest.removed_at.is_some() {
        return Err(Box::new(unexpected_because("a guest who was taken off answers")));
    }
    if case.dialog.meeting.status == MeetingStatus::Cancelled {
        return Err(Box::new(Decision::new(Disposition::Consumed, "an answer to a meeting that was cancelled")));
    }
    Ok(())
}

/// The event that the token's UID names and that speaks of the meeting: its own instance goes before a range that
/// reaches it, and that before the master.
fn bound_event<'a>(case: &Case<'a>) -> Result<&'a Event, Instead> {
    let events = case.classified.calendar.as_ref().map(|object| object.events.as_slice()).unwrap_or_default();
    let bound: Vec<&Event> = events.iter().filter(|event| is_bound(case, event)).collect();
    if bound.is_empty() {
        return Err(Box::new(unexpected_because("a calendar answer for another event than its token's")));
    }
    let starts_at = case.dialog.meeting.event.starts_at;
    // RECURRENCE-ID in whichever zone: matched by instant.
    let instance = || bound.iter().find(|event| instant(event) == Some(starts_at));
    let range = || {
        let reaching = bound.iter().filter(|event| event.is_this_and_future && instant(event).is_some_and(|from| from <= starts_at));
        reaching.max_by_key(|event| instant(event))
    };
    let master = || bound.iter().find(|event| event.recurrence_id.is_none());
    // A day or a clock without zone: nobody can tell which instant it is, and the meeting has one alone.
    let unclear = || bound.iter().find(|event| event.recurrence_time.is_some() && instant(event).is_none());
    let found = instance().or_else(range).or_else(master).or_else(unclear).copied();
    found
        .or_else(|| without_uid_to_check(case, events))
        .ok_or_else(|| Box::new(Decision::new(Disposition::Consumed, "an answer to an instance that the meeting does not have")))
}

fn is_bound(case: &Case<'_>, event: &Event) -> bool {
    case.context.uid.is_none_or(|uid| uid.0 == event.uid)
}

fn instant(event: &Event) -> Option<DateTime<Utc>> {
    event.recurrence_time.as_ref().and_then(|time| time.instant())
}

/// With content alone there is no meeting to compare an instance with.
fn without_uid_to_check<'a>(case: &Case<'_>, events: &'a [Event]) -> Option<&'a Event> {
    if case.context.uid.is_none() { events.first() } else { None }
}

/// Whose PARTSTAT counts: the guest's, else the only one, else the one that answers.
fn attendee<'a>(event: &'a Event, case: &Case<'_>) -> Option<&'a Attendee> {
    let guest = case.dialog.guest;
    let is_theirs = |attendee: &&Attendee| {
        let mailbox = attendee.mailbox.as_ref().map(|named| &named.mailbox);
        mailbox.is_some_and(|mailbox| mailbox.same_as(&guest.mailbox.mailbox) || mailbox.same_as(&guest.invited_as))
    };
    let answers = |attendee: &&Attendee| attendee.partstat != PartStat::NeedsAction && attendee.role != "CHAIR";
    let only = match event.attendees.as_slice() {
        [one] => Some(one),
        _ => None,
    };
    event.attendees.iter().find(is_theirs).or(only).or_else(|| event.attendees.iter().find(answers))
}

fn apply(case: &Case<'_>, answer: &Answer<'_>) -> Decision {
    let before = &case.dialog.guest.attendance.response;
    let partstat = answer.attendee.partstat;
    // The guest's clock is compared with itself alone.
    if let (Some(new), Some(old)) = (answer.event.dtstamp, before.dtstamp)
        && new < old
    {
        return Decision::new(Disposition::Consumed, "an answer older than the one in force: out of date");
    }
    if is_of_older_invitation(case, answer.event) {
        return Decision::new(Disposition::Refused, "an answer to an invitation that has changed since: the guest is asked again")
            .relay(Relay::InvitationToGuest);
    }
    let comment = comment(answer.event);
    let response = Response {
        partstat,
        sequence: answer.event.sequence.max(before.sequence),
        dtstamp: answer.event.dtstamp.or(before.dtstamp),
        received_at: Some(case.context.now),
        comment: comment.clone(),
        proposal: None,
        away_since: before.away_since,
    };
    let decision = Decision::new(Disposition::Applied, format!("the guest answers {}", partstat.as_str()))
        .change(AttendanceChange::Response(response))
        .relay(Relay::ReplyToOrganizer { partstat, comment })
        .because(answer.reasons.iter().cloned());
    match beside(case, answer) {
        Some(evidence) => decision.because([evidence.clone()]).alert(AlertKind::UnexpectedCalendar, Severity::Info, evidence),
        None => decision,
    }
}

/// What the same reply says otherwise of other instances (hard case 11): the meeting is one, so it is shown and not applied.
fn beside(case: &Case<'_>, answer: &Answer<'_>) -> Option<String> {
    let events = case.classified.calendar.as_ref().map(|object| object.events.as_slice()).unwrap_or_default();
    let others = events.iter().filter(|event| is_bound(case, event) && event.recurrence_id != answer.event.recurrence_id);
    let said: Vec<String> = others
        .filter_map(|event| Some((event, attendee(event, case)?.partstat)))
        .filter(|(_, partstat)| *partstat != answer.attendee.partstat)
        .map(|(event, partstat)| match &event.recurrence_id {
            Some(id) => format!("{} for {}", partstat.as_str(), id.chars().take(20).collect::<String>()),
            None => format!("{} for the rest", partstat.as_str()),
        })
        .take(OTHERS_SHOWN)
        .collect();
    (!said.is_empty()).then(|| format!("the same reply says otherwise of other instances: {}", said.join(", ")))
}

/// Our SEQUENCE grows on a significant change alone. Clients that always write 0 are believed when they wrote after
/// our newest mail.
fn is_of_older_invitation(case: &Case<'_>, event: &Event) -> bool {
    if event.sequence >= case.dialog.guest.sequence() {
        return false;
    }
    let wrote_after = matches!((event.dtstamp, case.context.last_sent_at), (Some(wrote), Some(sent)) if wrote >= sent);
    !(event.sequence == 0 && wrote_after)
}

fn comment(event: &Event) -> Option<String> {
    let comment = event.comments.join("\n").trim().to_owned();
    (!comment.is_empty()).then_some(comment)
}

fn unexpected_because(reason: &str) -> Decision {
    Decision::held(AlertKind::UnexpectedCalendar, Severity::Warning, reason)
}
