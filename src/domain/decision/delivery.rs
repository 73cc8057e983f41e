//! What a delivery report changes: the delivery track of the guest whose return path it came to, and nothing else.

use super::sender;
use super::{AttendanceChange, Case, Decision, Disposition};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::attendance::{Delivery, PartStat};
use crate::domain::reply::{DeliveryReport, Door};
use crate::domain::suppression::{SuppressionCause, is_no_such_user};
use chrono::TimeDelta;

/// A delay or failure this close to the start is urgent.
const NEAR: TimeDelta = TimeDelta::hours(24);

pub(super) fn report(case: &Case<'_>) -> Decision {
    let Some(report) = &case.classified.delivery else {
        return Decision::held(AlertKind::Held, Severity::Warning, "a delivery report that says nothing");
    };
    if let Err(decision) = sender::proved(case) {
        return *decision;
    }
    match case.context.door {
        Door::OrganizerBounce => of_organizer(case, report),
        Door::GuestBounce | Door::Assumed | Door::OrganizerAlias | Door::GuestAlias => of_guest(case, report),
    }
}

fn of_guest(case: &Case<'_>, report: &DeliveryReport) -> Decision {
    let guest = case.dialog.guest;
    let masked = guest.mailbox.mailbox.masked();
    let status = if report.status.is_empty() { "no status given".to_owned() } else { format!("status {}", report.status) };
    let said = if report.action == "failed" { format!("{}, {status}", report.reason.words()) } else { status };
    let is_lost = guest.attendance.delivery == Delivery::Undeliverable;
    match report.action.as_str() {
        "failed" => {
            let severity = if case.is_near(NEAR) { Severity::High } else { Severity::Warning };
            let kind = if report.permanent { "for good" } else { "after all attempts" };
            let evidence = format!("mail to {masked} failed {kind}: {said}");
            let has_answered = guest.attendance.response.whole.partstat != PartStat::NeedsAction;
            let answered =
                has_answered.then(|| format!("the guest had answered {} before", guest.attendance.response.whole.partstat.as_str()));
            // Who has answered has a mailbox: more likely one that they forward to is gone.
            let is_gone = report.permanent && is_no_such_user(&report.status) && !has_answered;
            let stops = if is_gone { "; nothing more of this meeting is sent there (paravent guest unsuppress)" } else { "" };
            let decision = Decision::new(Disposition::Applied, evidence.clone())
                .change(AttendanceChange::Delivery(Delivery::Undeliverable))
                .alert(AlertKind::GuestUndeliverable, severity, format!("{evidence}{stops}"))
                .because(answered);
            if is_gone { decision.stop(SuppressionCause::NoSuchUser) } else { decision }
        }
        _ if is_lost => Decision::new(Disposition::Consumed, "the mail had failed for good before"),
        "delayed" => {
            let evidence = format!("mail to {masked} is late: {said}");
            let decision = Decision::new(Disposition::Applied, evidence.clone()).change(AttendanceChange::Delivery(Delivery::Delayed));
            if case.is_near(NEAR) { decision.alert(AlertKind::GuestDelayed, Severity::High, evidence) } else { decision }
        }
        // delivered, relayed, expanded (RFC 3464 §2.3.3): some server has it.
        _ => Decision::new(Disposition::Applied, format!("mail to {masked} was {}", report.action))
            .change(AttendanceChange::Delivery(Delivery::Sent)),
    }
}

fn of_organizer(case: &Case<'_>, report: &DeliveryReport) -> Decision {
    let decision = Decision::new(Disposition::Consumed, "bounces of the organizer's side are never relayed");
    if report.action != "failed" {
        return decision;
    }
    let evidence = format!("mail to the organizer {} failed, status {}", case.dialog.organizer.mailbox.masked(), report.status);
    decision.alert(AlertKind::OrganizerUndeliverable, Severity::High, evidence)
}
