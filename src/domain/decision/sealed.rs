//! What becomes of encrypted mail: its sender is told, where they are proved; anybody else would be answered in a stranger's name.

use super::{Case, Decision, Disposition, sender, words};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::relay::Relay;
use crate::domain::reply::Door;

pub(super) fn of(case: &Case<'_>) -> Decision {
    if case.context.null_reverse_path {
        // RFC 3834 §2: no answer to what was sent so that nobody answers.
        let reason = format!("an encrypted mail of {} that asks for no answer", case.sender());
        return Decision::held(AlertKind::Held, Severity::Warning, reason);
    }
    match case.context.door {
        Door::OrganizerAlias | Door::GuestBounce | Door::Assumed => of_guest(case),
        Door::GuestAlias | Door::OrganizerBounce => of_organizer(case),
    }
}

fn of_guest(case: &Case<'_>) -> Decision {
    if let Err(decision) = sender::proved(case) {
        return *decision;
    }
    if !words::is_in_time(case) {
        let reason = format!("{} writes an encrypted mail after the meeting, or without being invited any more", case.sender());
        return Decision::held(AlertKind::Held, Severity::Info, reason);
    }
    Decision::new(Disposition::Refused, "an encrypted mail can't be read here; its sender and the organizer are told")
        .relay(Relay::SealedToGuest)
        .relay(Relay::UnreadableToOrganizer)
}

fn of_organizer(case: &Case<'_>) -> Decision {
    if !case.context.authentication.aligned || case.context.sender_is_expected != Some(true) {
        let reason = format!("{} sends a guest an encrypted mail and is not proved to be the organizer", case.sender());
        return Decision::held(AlertKind::Forged, Severity::Warning, reason);
    }
    Decision::new(Disposition::Refused, "an encrypted mail can't be rebuilt for a guest; the organizer is told")
        .relay(Relay::SealedToOrganizer)
}
