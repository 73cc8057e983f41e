//! What becomes of words: they are passed on or wait for a person, and never change an answer.

use super::calendar;
use super::sender;
use super::{Case, Decision, Disposition};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::attachment;
use crate::domain::itip::Method;
use crate::domain::relay::Relay;
use crate::domain::reply::{Door, Suggestion};
use chrono::TimeDelta;

/// "I can't connect" is urgent this long before the start and after the end.
const AROUND: TimeDelta = TimeDelta::hours(2);
/// Words that come after the end still reach the organizer for so long.
const GRACE: TimeDelta = TimeDelta::days(7);

/// A person answers.
pub(super) fn of_guest(case: &Case<'_>) -> Decision {
    match case.context.door {
        Door::OrganizerAlias | Door::GuestBounce | Door::Assumed => {}
        Door::GuestAlias | Door::OrganizerBounce => {
            let reason = format!("words from {} came to an address that takes reports alone", case.sender());
            return Decision::held(AlertKind::Held, Severity::Warning, reason);
        }
    }
    if let Err(decision) = sender::proved(case) {
        return *decision;
    }
    let decision = Decision::new(Disposition::Relayed, "a person's words go to the organizer").relay(Relay::WordsToOrganizer);
    let decision = with_files(case, decision);
    let event = case.occurrence_at(case.context.now - AROUND);
    let is_around = case.context.now >= event.starts_at - AROUND && case.context.now <= event.ends_at + AROUND;
    case.classified.suggestions.iter().fold(decision, |decision, suggestion| match wish(*suggestion, is_around) {
        Some((kind, severity, wish)) => decision.alert(kind, severity, format!("{} writes that {wish}", case.sender())),
        None => decision,
    })
}

/// What people are told of what the words may mean; `is_around` the time of the meeting. The rest is for the organizer alone.
fn wish(suggestion: Suggestion, is_around: bool) -> Option<(AlertKind, Severity, &'static str)> {
    match suggestion {
        Suggestion::CannotConnect => is_around.then_some((AlertKind::CannotConnect, Severity::High, "they cannot connect")),
        Suggestion::CallMe => {
            let severity = if is_around { Severity::Warning } else { Severity::Info };
            Some((AlertKind::GuestAsks, severity, "they would like to be called"))
        }
        Suggestion::WrongPerson => Some((AlertKind::GuestAsks, Severity::Warning, "they are the wrong person (paravent guest suppress)")),
        Suggestion::Unsubscribe => {
            Some((AlertKind::GuestAsks, Severity::Warning, "they want to be written to no more (paravent guest suppress)"))
        }
        Suggestion::Accepts | Suggestion::Declines | Suggestion::OtherTime => None,
    }
}

/// Whether words of the guest still reach the organizer: until some days after the end, and while they are invited.
pub(super) fn is_in_time(case: &Case<'_>) -> bool {
    let is_in_time = case.dialog.guest.view(case.dialog.meeting).over_at().is_none_or(|over| case.context.now <= over + GRACE);
    is_in_time && case.dialog.guest.removed_at.is_none()
}

/// The files go with the words, but for those of a kind that may do harm: the helpdesk hears of these.
fn with_files(case: &Case<'_>, decision: Decision) -> Decision {
    let files = attachment::for_organizer(case.mail, &case.context.attachments.to_organizer);
    let mut kinds: Vec<&str> = files.blocked.iter().filter(|file| file.reason.is_alarming()).map(|file| file.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        return decision;
    }
    let evidence = format!("{} sent files that were not passed on: {}", case.sender(), kinds.join(", "));
    decision.because([evidence.clone()]).alert(AlertKind::BlockedAttachment, Severity::Warning, evidence)
}

/// The organizer answers a guest.
pub(super) fn of_organizer(case: &Case<'_>) -> Decision {
    if let Err(decision) = sender::proved(case) {
        return *decision;
    }
    if case.dialog.guest.removed_at.is_some() {
        return Decision::held(AlertKind::Held, Severity::Info, "the organizer writes to a guest who was taken off");
    }
    if let Some(object) = case.classified.calendar.as_ref().filter(|object| object.method == Some(Method::DeclineCounter)) {
        return calendar::declined(case, object);
    }
    Decision::new(Disposition::Relayed, "the organizer's words go to the guest, rebuilt").relay(Relay::WordsToGuest)
}

/// The guest's address, unproved.
pub(super) fn forged(case: &Case<'_>) -> Decision {
    Decision::held(AlertKind::Forged, Severity::Warning, format!("a mail pretends to come from {}", case.sender()))
}

/// Somebody else has the alias.
pub(super) fn stranger(case: &Case<'_>) -> Decision {
    let guest = case.dialog.guest.mailbox.mailbox.masked();
    Decision::held(AlertKind::Stranger, Severity::Warning, format!("{} answers with the alias that {guest} was given", case.sender()))
}

/// Words after the end: passed on for a while, then answered with a notice to who is proved to be the guest, and kept.
pub(super) fn late(case: &Case<'_>) -> Decision {
    if let Err(decision) = sender::proved(case) {
        return *decision;
    }
    let is_in_time = is_in_time(case);
    if is_in_time && case.is_from_guest_side() {
        let decision = Decision::new(Disposition::Relayed, "the meeting is over; words still go to the organizer for some days");
        return with_files(case, decision.relay(Relay::WordsToOrganizer));
    }
    let is_proved = case.context.authentication.aligned && sender::is_from_guest(case) == Some(true);
    if !is_in_time && is_proved && case.is_from_guest_side() && !case.context.null_reverse_path {
        return Decision::new(Disposition::Refused, "the meeting was over long ago; the guest is told, once a day at most")
            .relay(Relay::LateToGuest);
    }
    Decision::held(
        AlertKind::Held,
        Severity::Info,
        format!("{} writes after the meeting, or without being invited any more", case.sender()),
    )
}
