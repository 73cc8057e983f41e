//! What machines say: absences, challenges, complaints, loops, viruses.

use super::sender;
use super::{AttendanceChange, Case, Decision, Disposition};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::attendance::Response;
use crate::domain::relay::Relay;
use crate::domain::reply::Door;
use crate::domain::suppression::SuppressionCause;
use chrono::TimeDelta;

/// An absence this close to the start is worth an alert.
const NEAR: TimeDelta = TimeDelta::hours(24);

/// Out-of-office: a flag for people, never an answer. On the organizer's side it goes no further.
pub(super) fn away(case: &Case<'_>) -> Decision {
    if !case.is_from_guest_side() {
        return Decision::new(Disposition::Consumed, "automatic answers of the organizer's side are never relayed");
    }
    if !case.classified.tells_absence(&case.mail.subject) {
        return Decision::new(Disposition::Consumed, "an automatic acknowledgement that tells of no absence");
    }
    let reason = format!("the mail system of {} says that they are away", case.sender());
    let decision = match sender::proved(case) {
        Ok(_) => record(case, reason.clone()),
        Err(instead) => instead.because(["an absence that nothing proves is not recorded".to_owned()]),
    };
    if case.is_near(NEAR) { decision.alert(AlertKind::GuestAway, Severity::Warning, reason) } else { decision }
}

fn record(case: &Case<'_>, reason: String) -> Decision {
    let before = &case.dialog.guest.attendance.response;
    let response = Response { away_since: Some(case.context.now), ..before.clone() };
    let decision = Decision::new(Disposition::Applied, reason).change(AttendanceChange::Response(response));
    match before.away_since {
        // The organizer knows: responders answer each of our mails.
        Some(_) => decision,
        None => decision.relay(Relay::AwayToOrganizer),
    }
}

/// A person must answer it; we never open its link.
pub(super) fn challenge(case: &Case<'_>) -> Decision {
    let reason = format!("{} asks for proof of a human before it delivers", case.sender());
    Decision::held(AlertKind::Challenge, Severity::Warning, reason)
}

/// The guest's provider reports our mail as abuse: nothing more is sent to them. A report that came to an alias counts when its
/// sender is proved, since whoever was forwarded the invitation knows that address; return paths are known to mail servers alone.
pub(super) fn complaint(case: &Case<'_>) -> Decision {
    let guest = case.dialog.guest.mailbox.mailbox.masked();
    let reason = format!("a feedback report about mail to {guest}");
    let is_believed = match case.context.door {
        Door::GuestBounce | Door::Assumed => true,
        Door::OrganizerAlias => case.context.authentication.aligned,
        Door::GuestAlias | Door::OrganizerBounce => false,
    };
    if !is_believed {
        return Decision::held(AlertKind::Complaint, Severity::High, reason);
    }
    Decision::new(Disposition::Applied, format!("{reason}: nothing more is sent to them")).stop(SuppressionCause::Complaint).alert(
        AlertKind::Complaint,
        Severity::High,
        format!("{reason}; nothing more is sent to {guest} (paravent guest unsuppress)"),
    )
}

/// A mail that circles is stopped here.
pub(super) fn circling(case: &Case<'_>) -> Decision {
    Decision::new(Disposition::Consumed, "a mail that circles goes no further")
        .alert(AlertKind::Loop, Severity::Warning, "a mail came back to us")
        .because(case.classified.reasons.iter().cloned())
}

/// Quarantine.
pub(super) fn infected(case: &Case<'_>) -> Decision {
    Decision::held(AlertKind::Virus, Severity::High, format!("a virus was found in a mail from {}", case.sender()))
}
