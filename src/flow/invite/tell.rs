//! One guest of an order: judged, composed, and written down.

use super::{Case, Gateway};
use crate::domain::attendance::{Attendance, Delivery};
use crate::domain::compose::{InvitationKind, SummaryGuest};
use crate::domain::id::GuestId;
use crate::domain::invitation::{self, After, Invited, Step};
use crate::domain::itip::Uid;
use crate::domain::meeting::{Guest, SentState};
use crate::domain::record::Write;
use crate::domain::suppression::{Lifted, SuppressionCause, in_force, is_doubtful};
use crate::domain::thread::ThreadLink;
use crate::flow::draft::{Parties, Unsent};

/// What became of one guest.
pub(super) struct Told {
    /// The guest afterwards; `None` where nothing of it was new to them.
    pub guest: Option<Guest>,
    pub writes: Vec<Write>,
    pub line: SummaryGuest,
}

impl Gateway {
    /// Judges and composes for one guest.
    pub(super) fn tell(&self, case: &Case<'_>, invited: &Invited) -> Result<Told, Unsent> {
        let known = case.guests.iter().find(|guest| guest.mailbox.mailbox.same_as(&invited.guest.mailbox));
        let line = |outcome| SummaryGuest { guest: invited.guest.clone(), outcome };
        let Some(after) = invitation::after(case.plan, invited, known) else {
            return Ok(Told { guest: None, writes: Vec::new(), line: line("unchanged") });
        };
        let mut guest = self.changed_guest(case, known, invited, &after);
        match invitation::step(known, &after, &case.meeting.event) {
            Step::Nothing => {
                // Whom a cancellation reaches before the invitation is kept, so that the late invitation is known to be late.
                if case.meeting.event.for_part(&guest.part).is_none() {
                    guest.removed_at = guest.removed_at.or(Some(case.order.now));
                }
                let writes = if known == Some(&guest) { Vec::new() } else { vec![Write::Guest(Box::new(guest.clone()))] };
                Ok(Told { guest: Some(guest), writes, line: line("unchanged") })
            }
            Step::Send { kind, sent, response } => {
                if kind == InvitationKind::New && known.is_some() {
                    // Someone invited anew after being dropped gets a new link: the old one may have travelled.
                    guest.link = self.world.random();
                }
                guest.removed_at = (kind == InvitationKind::Cancellation).then_some(case.order.now);
                if let Some(response) = response {
                    guest.attendance.response = *response;
                }
                let (address, meeting) = (guest.mailbox.mailbox.clone(), case.meeting.id);
                let is_doubtful = kind == InvitationKind::New && is_doubtful(case.suppressions, &address, meeting);
                match in_force(case.suppressions, &address, meeting).map(|one| one.cause) {
                    None => {
                        let writes = self.send(case, known, &mut guest, kind, *sent)?;
                        let outcome = if is_doubtful { "doubtful" } else { summary_outcome(kind) };
                        Ok(Told { guest: Some(guest), writes, line: line(outcome) })
                    }
                    // Taken off, and invited anew to the same address: its owner may have it by now, and the organizer says so.
                    Some(SuppressionCause::NoSuchUser) if kind == InvitationKind::New && known.is_some() => {
                        let mut writes = vec![Write::Unsuppress { address, lifted: Lifted::Meeting(meeting) }];
                        writes.extend(self.send(case, known, &mut guest, kind, *sent)?);
                        Ok(Told { guest: Some(guest), writes, line: line(summary_outcome(kind)) })
                    }
                    Some(cause) => {
                        let writes = not_told(case, known, &mut guest);
                        Ok(Told { guest: Some(guest), writes, line: line(stopped_outcome(cause)) })
                    }
                }
            }
        }
    }

    fn send(
        &self,
        case: &Case<'_>,
        known: Option<&Guest>,
        guest: &mut Guest,
        kind: InvitationKind,
        sent: SentState,
    ) -> Result<Vec<Write>, Unsent> {
        let secrets = case.secrets.allowing(&guest.mailbox);
        let parties = Parties { meeting: case.meeting, guest, organizer: case.order.organizer, now: case.order.now };
        let item = self.draft_invitation(&parties, kind, &sent, &secrets)?;
        guest.sent = Some(sent);
        let thread = case.order.message_id().cloned().map(|organizer_side| ThreadLink {
            guest: guest.id,
            organizer_side,
            guest_side: item.message_id.clone(),
        });
        let mut writes = Vec::with_capacity(6);
        let (id, version, response) = (guest.id, guest.version, &guest.attendance.response);
        writes.push(Write::Audit(case.order.audit(case.meeting.id, Some(id), audit_action(kind))));
        writes.push(Write::Guest(Box::new(guest.clone())));
        if known.is_some_and(|known| known.attendance.response != *response) {
            writes.push(Write::Response { guest: id, version: version + 1, response: Box::new(response.clone()) });
        }
        if known.is_some() {
            writes.push(Write::OutboxSuperseded { guest: id, reason: "a newer mail replaces it" });
            // What became of an older mail says nothing of this one.
            writes.push(Write::Delivery { guest: id, delivery: Delivery::Queued });
        }
        writes.push(Write::Outbox(Box::new(item)));
        writes.extend(thread.map(Write::Thread));
        Ok(writes)
    }

    fn changed_guest(&self, case: &Case<'_>, known: Option<&Guest>, invited: &Invited, after: &After) -> Guest {
        let After { part, ledger } = after.clone();
        match known {
            Some(guest) => Guest { invited_as: invited.invited_as.clone(), part, ledger, ..guest.clone() },
            None => Guest {
                id: GuestId(self.world.random()),
                meeting: case.meeting.id,
                mailbox: invited.guest.clone(),
                also: Vec::new(),
                invited_as: invited.invited_as.clone(),
                part,
                ledger,
                language: case.order.organizer.group.language.clone(),
                uid: Uid(format!("{}@{}", self.world.random(), self.settings.domains.alias.name())),
                sent: None,
                link: self.world.random(),
                removed_at: None,
                attendance: Attendance::default(),
                version: 0,
            },
        }
    }
}

/// The writes of what a suppressed guest is not told. What they were sent stays as it was: mail that may go out again starts there.
fn not_told(case: &Case<'_>, known: Option<&Guest>, guest: &mut Guest) -> Vec<Write> {
    if guest.attendance.delivery != Delivery::Undeliverable {
        guest.attendance.delivery = Delivery::Stopped;
    }
    let (id, version, response) = (guest.id, guest.version, &guest.attendance.response);
    let mut writes =
        vec![Write::Audit(case.order.audit(case.meeting.id, Some(id), "guest.not-told")), Write::Guest(Box::new(guest.clone()))];
    if known.is_some_and(|known| known.attendance.response != *response) {
        writes.push(Write::Response { guest: id, version: version + 1, response: Box::new(response.clone()) });
    }
    writes.push(Write::Delivery { guest: id, delivery: guest.attendance.delivery });
    writes
}

fn stopped_outcome(cause: SuppressionCause) -> &'static str {
    match cause {
        SuppressionCause::Complaint => "complaint",
        SuppressionCause::NoSuchUser => "no-such-user",
        SuppressionCause::Operator => "stopped",
    }
}

fn audit_action(kind: InvitationKind) -> &'static str {
    match kind {
        InvitationKind::New => "guest.invited",
        InvitationKind::Update => "guest.updated",
        InvitationKind::Cancellation => "guest.removed",
    }
}

fn summary_outcome(kind: InvitationKind) -> &'static str {
    match kind {
        InvitationKind::New => "invited",
        InvitationKind::Update => "updated",
        InvitationKind::Cancellation => "removed",
    }
}
