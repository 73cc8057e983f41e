//! Calendar answers (RFC 5546 §3.2.3 and on): the token says which guest, the object says what they answer, and
//! only a proved sender changes anything.

use super::sender::{self, Proof};
use super::target::{ANSWERS_MAX, Bound, Target, bound, is_bound};
use super::{AttendanceChange, Case, Decision, Disposition, Instead};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::attendance::{Answer, PartStat, Proposal, Response};
use crate::domain::itip::{Attendee, CalendarObject, Event};
use crate::domain::meeting::MeetingStatus;
use crate::domain::relay::Relay;
use chrono::{DateTime, TimeDelta, Utc};

/// Most answers to other instances that an alert shows.
const OTHERS_SHOWN: usize = 5;

/// Longest COMMENT that is kept and passed on, in characters: it stands beside an answer, and each instance may have one. Some
/// programs repeat the whole text of the mail in it.
const COMMENT_MAX: usize = 2_000;

/// For how long after the start of an instance an answer to it is taken and kept: a series without end must not gather answers for
/// ever, and nobody plans by them any more.
const ANSWERED_UNTIL: TimeDelta = TimeDelta::days(90);

/// Most answers to single instances that are kept of one guest: all of a daily meeting for most of a year.
const KEPT_MAX: usize = 300;

/// REPLY: the response track.
pub(super) fn reply(case: &Case<'_>) -> Decision {
    answers(case).map_or_else(|decision| *decision, |answers| apply(case, &answers))
}

/// REPLY with DELEGATED: the organizer is asked; nobody is invited by it.
pub(super) fn delegation(case: &Case<'_>) -> Decision {
    let answers = match answers(case) {
        Ok(answers) => answers,
        Err(decision) => return *decision,
    };
    let decision = apply(case, &answers);
    let delegated = answers.each.iter().find(|answer| answer.attendee.partstat == PartStat::Delegated);
    let Some(delegated) = delegated.filter(|_| !decision.attendance.is_empty()) else { return decision };
    let evidence = match delegated.attendee.delegated_to.first() {
        Some(other) => format!("{} wants to send {} instead", case.sender(), other.mailbox.masked()),
        None => format!("{} wants to send somebody else", case.sender()),
    };
    decision.alert(AlertKind::Delegation, Severity::Warning, evidence)
}

/// COUNTER (RFC 5546 §3.2.7): a proposal beside the answer, which stays as it is.
pub(super) fn counter(case: &Case<'_>) -> Decision {
    let bound = match proved(case).and_then(|_| bound(case)).and_then(|bound| still_open(case).map(|()| bound)) {
        Ok(bound) => bound,
        Err(decision) => return *decision,
    };
    let proposed = bound.events.iter().find_map(|(target, event)| Some((*target, *event, event.start.as_ref()?.instant()?)));
    let Some((target, event, starts_at)) = proposed else {
        return unexpected_because("a proposal without a time that can be understood");
    };
    if is_overtaken(&case.dialog.guest.attendance.response, target.id(), event) {
        return Decision::new(Disposition::Consumed, "a proposal older than the answer in force: out of date");
    }
    if is_of_older_invitation(case, target.id(), event) {
        let decision = Decision::new(Disposition::Refused, "a proposal for a time that has changed since: the guest is asked again");
        return decision.relay(Relay::InvitationToGuest);
    }
    let instance = bound.instance_of(target);
    let ends_at = event.end.as_ref().and_then(|time| time.instant()).filter(|end| *end > starts_at);
    let ends_at = ends_at.unwrap_or(starts_at + bound.view.length());
    let comment = comment(event);
    let proposal = Proposal { starts_at, ends_at, comment: comment.clone(), received_at: case.context.now };
    let mut response = case.dialog.guest.attendance.response.clone();
    let stored = target.id();
    let before = response.own(stored).cloned().unwrap_or_else(|| Answer { partstat: response.partstat(stored), ..Answer::default() });
    response.put(stored, Answer { proposal: Some(proposal), ..before });
    Decision::new(Disposition::Applied, "another time is proposed; the answer stays as it is")
        .change(AttendanceChange::Response(response))
        .relay(Relay::CounterToOrganizer { instance, starts_at, ends_at, comment })
}

/// REFRESH (RFC 5546 §3.2.6): the newest invitation, to the known guest alone.
pub(super) fn refresh(case: &Case<'_>) -> Decision {
    match proved(case).and_then(|_| bound(case)).and_then(|_| still_open(case)) {
        Err(decision) => *decision,
        Ok(()) => Decision::new(Disposition::Relayed, "the guest asks for the newest invitation").relay(Relay::InvitationToGuest),
    }
}

/// DECLINECOUNTER (RFC 5546 §3.2.8) of the organizer, who is proved: the guest is told, and nothing is open any more.
pub(super) fn declined(case: &Case<'_>, object: &CalendarObject) -> Decision {
    let meeting = case.dialog.meeting;
    let Some(event) = object.events.iter().find(|event| event.uid == meeting.organizer_uid.0) else {
        return unexpected_because("the organizer refuses a proposal for another meeting than the guest's");
    };
    let home = case.dialog.organizer.group.time_zone;
    let view = case.dialog.guest.view(meeting);
    // An instance that is not the guest's is none of their business.
    let named = event.recurrence_time.as_ref().and_then(|time| meeting.event.recurrence_id(time, home));
    let named = named.filter(|id| view.instance(*id).is_some());
    let mut response = case.dialog.guest.attendance.response.clone();
    // Who knows one instance alone, or none but some, may have proposed it for all that they know.
    let open = |target: &Option<_>| response.own(*target).and_then(|answer| Some((*target, answer.clone(), answer.proposal.clone()?)));
    let Some((target, answer, proposal)) = [named, None].iter().find_map(open) else {
        return Decision::new(Disposition::Consumed, "the organizer refuses a proposal that is no longer open");
    };
    response.put(target, Answer { proposal: None, ..answer });
    let relay =
        Relay::DeclineToGuest { instance: target.or(named), proposed: (proposal.starts_at, proposal.ends_at), comment: comment(event) };
    Decision::new(Disposition::Applied, "the organizer does not take the other time")
        .change(AttendanceChange::Response(response))
        .relay(relay)
}

/// REQUEST, CANCEL and the rest: a guest cannot change the meeting.
pub(super) fn unexpected(case: &Case<'_>) -> Decision {
    let Some(object) = &case.classified.calendar else {
        return unexpected_because(&format!("{} sends {}", case.sender(), case.classified.reasons.join("; ")));
    };
    let method = object.method.as_ref().map_or("none", |method| method.as_str());
    unexpected_because(&format!("{} sends a calendar object with method {method}, which is never applied", case.sender()))
}

/// The answers of one message: sender, UID and attendees are clear.
struct Answers<'a> {
    bound: Bound<'a>,
    each: Vec<Answered<'a>>,
    reasons: Vec<String>,
}

/// What is answered to the whole or to an instance.
struct Answered<'a> {
    target: Target,
    event: &'a Event,
    attendee: &'a Attendee,
}

fn answers<'a>(case: &Case<'a>) -> Result<Answers<'a>, Instead> {
    let proof = proved(case)?;
    let bound = bound(case)?;
    still_open(case)?;
    let guest = case.dialog.guest;
    let answered = |(target, event): &(Target, &'a Event)| Some(Answered { target: *target, event, attendee: attendee(event, case)? });
    let each: Vec<Answered<'a>> = bound.events.iter().filter_map(answered).collect();
    let Some(first) = each.first() else {
        return Err(Box::new(unexpected_because("an answer that names no attendee")));
    };
    let names = first.attendee.mailbox.as_ref().map(|named| &named.mailbox);
    let is_theirs = names.is_some_and(|mailbox| mailbox.same_as(&guest.mailbox.mailbox) || mailbox.same_as(&guest.invited_as));
    let mismatch = (!is_theirs).then(|| {
        let named = names.map_or_else(|| "an unreadable address".to_owned(), |mailbox| mailbox.masked());
        format!("the answer names {named}; the token says {}", guest.mailbox.mailbox.masked())
    });
    let by_program = (proof == Proof::Program).then(|| format!("{}, a program of the guest's domain, answers for them", case.sender()));
    Ok(Answers { bound, each, reasons: mismatch.into_iter().chain(by_program).collect() })
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

const OUT_OF_DATE: &str = "an answer older than the one in force: out of date";
const CHANGED_SINCE: &str = "an answer to an invitation that has changed since: the guest is asked again";

/// The answer as it is kept; a proposal from before is closed by it.
fn given(case: &Case<'_>, answer: &Answered<'_>, before: &Answer) -> Answer {
    Answer {
        partstat: answer.attendee.partstat,
        sequence: answer.event.sequence,
        dtstamp: answer.event.dtstamp.or(before.dtstamp),
        received_at: Some(case.context.now),
        comment: comment(answer.event),
        proposal: None,
    }
}

/// What the organizer is told of an answer: to an instance and all later ones from the first on for which it counts.
fn told(answers: &Answers<'_>, answer: &Answered<'_>, counted: &[Option<DateTime<Utc>>]) -> Vec<Relay> {
    let (and_later, instances) = match answer.target {
        Target::Later(_) => (true, counted.iter().copied().take(1).collect()),
        Target::Whole | Target::Instance(_) => (false, answers.bound.told(answer.target)),
    };
    let (partstat, comment) = (answer.attendee.partstat, comment(answer.event));
    let delegated_to = answer.attendee.delegated_to.first().filter(|_| partstat == PartStat::Delegated).cloned();
    let told =
        |instance| Relay::ReplyToOrganizer { instance, and_later, partstat, delegated_to: delegated_to.clone(), comment: comment.clone() };
    instances.into_iter().map(told).collect()
}

/// A newer answer to one of the instances that an older one to all later ones would hide from the organizer.
fn told_again(response: &Response, about: Option<DateTime<Utc>>) -> Option<Relay> {
    let Answer { partstat, comment, .. } = response.own(about)?.clone();
    Some(Relay::ReplyToOrganizer { instance: about, and_later: false, partstat, delegated_to: None, comment })
}

/// Puts every answer that counts in its place, and says of the others why they don't.
fn apply(case: &Case<'_>, answers: &Answers<'_>) -> Decision {
    let mut response = case.dialog.guest.attendance.response.clone();
    let (mut relay, mut reasons, mut asks_again) = (Vec::new(), Vec::new(), false);
    response.instances.retain(|id, _| !is_long_past(case, *id));
    for answer in &answers.each {
        if answer.target.id().is_some_and(|id| answers.bound.recurs() && is_long_past(case, id)) {
            reasons.push(format!("an answer{}, which is long past", answer.target));
            continue;
        }
        let about = answers.bound.stored(answer.target);
        let (overtaken, still): (Vec<_>, Vec<_>) = about.into_iter().partition(|about| is_overtaken(&response, *about, answer.event));
        // Of an instance and the later ones each may have changed or been answered since.
        let (changed, counted): (Vec<_>, Vec<_>) = still.into_iter().partition(|about| is_of_older_invitation(case, *about, answer.event));
        if counted.is_empty() {
            asks_again |= !changed.is_empty();
            reasons.push(if changed.is_empty() { OUT_OF_DATE } else { CHANGED_SINCE }.to_owned());
            continue;
        }
        for about in &counted {
            let before = response.own(*about).cloned().unwrap_or_default();
            response.put(*about, given(case, answer, &before));
        }
        reasons.push(format!("the guest answers {}{}", answer.attendee.partstat.as_str(), answer.target));
        relay.extend(told(answers, answer, &counted));
        relay.extend(overtaken.into_iter().filter_map(|about| told_again(&response, about)));
    }
    if relay.is_empty() && !asks_again {
        return Decision::new(Disposition::Consumed, "nothing in it is new").because(reasons);
    }
    if relay.len() > ANSWERS_MAX || response.instances.len() > KEPT_MAX {
        return unexpected_because("an answer to more instances than anybody answers at once");
    }
    let again = asks_again.then_some(Relay::InvitationToGuest);
    if relay.is_empty() {
        let decision = Decision::new(Disposition::Refused, reasons.join("; "));
        return again.into_iter().fold(decision, Decision::relay);
    }
    let decision = Decision::new(Disposition::Applied, reasons.join("; ")).change(AttendanceChange::Response(response));
    let decision = relay.into_iter().chain(again).fold(decision, Decision::relay).because(answers.reasons.iter().cloned());
    match beside(case, answers) {
        Some(evidence) => decision.because([evidence.clone()]).alert(AlertKind::UnexpectedCalendar, Severity::Info, evidence),
        None => decision,
    }
}

/// What the same reply says otherwise of instances of a meeting that takes place once: shown and not applied.
fn beside(case: &Case<'_>, answers: &Answers<'_>) -> Option<String> {
    let [answer] = answers.each.as_slice() else { return None };
    if answers.bound.recurs() {
        return None;
    }
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

/// Our SEQUENCE grows on a significant change alone, and an answer counts from the last one of what it is about. Clients that
/// always write 0 are believed when they wrote after our newest mail.
fn is_of_older_invitation(case: &Case<'_>, target: Option<DateTime<Utc>>, event: &Event) -> bool {
    if event.sequence >= case.dialog.guest.counts_from(target) {
        return false;
    }
    let wrote_after = matches!((event.dtstamp, case.context.last_sent_at), (Some(wrote), Some(sent)) if wrote >= sent);
    !(event.sequence == 0 && wrote_after)
}

/// Whether an instance is over for so long that nothing is kept of it.
fn is_long_past(case: &Case<'_>, id: DateTime<Utc>) -> bool {
    let starts_at = case.dialog.meeting.event.series.as_ref().and_then(|series| series.changed.get(&id)).map_or(id, |one| one.starts_at);
    starts_at.checked_add_signed(ANSWERED_UNTIL).is_some_and(|until| until < case.context.now)
}

/// Whether a newer answer to the same is in force. The guest's clock is compared with itself alone.
fn is_overtaken(response: &Response, target: Option<DateTime<Utc>>, event: &Event) -> bool {
    let newest = response.own(target).and_then(|known| known.dtstamp);
    matches!((event.dtstamp, newest), (Some(new), Some(old)) if new < old)
}

fn comment(event: &Event) -> Option<String> {
    let comment: String = event.comments.join("\n").trim().chars().take(COMMENT_MAX).collect();
    (!comment.is_empty()).then_some(comment)
}

pub(super) fn unexpected_because(reason: &str) -> Decision {
    Decision::held(AlertKind::UnexpectedCalendar, Severity::Warning, reason)
}
