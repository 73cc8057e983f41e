//! What an order leaves behind beside the guests' mail: the meeting, the record, and the organizer's summary.

use super::tell::Told;
use super::{Case, Effects, Gateway, Refusal};
use crate::domain::compose::{Problem, SummaryGuest, SummaryKind};
use crate::domain::invitation::{self, Intent};
use crate::domain::meeting::{Guest, Meeting, MeetingStatus};
use crate::domain::record::Write;
use crate::domain::reply::ReplyClass;
use crate::flow::port::{PortError, PortResult};

impl Gateway {
    /// The writes of an order, or why it is none: all of it is older than what is known, or is about nothing known.
    pub(super) fn write_down(&self, case: &Case<'_>, told: Vec<Told>) -> PortResult<Result<Effects, Refusal>> {
        let Case { order, plan, before, .. } = *case;
        let meeting = afterwards(case, &told);
        if let Some(before) = before
            && told.iter().all(|one| one.guest.is_none())
        {
            // What is late for all of them may be new of the meeting all the same.
            let writes = if *before == meeting { Vec::new() } else { vec![Write::Meeting(Box::new(meeting))] };
            return Ok(Err(Refusal { remarks: vec![(Problem::OutOfDate, String::new())], writes }));
        }
        if before.is_none() && plan.intent == Intent::Cancel {
            // Kept, so that an invitation that was overtaken is known to be late.
            let mut writes = vec![Write::Meeting(Box::new(meeting))];
            writes.extend(told.into_iter().flat_map(|one| one.writes));
            return Ok(Err(Refusal { remarks: vec![(Problem::UnknownMeeting, String::new())], writes }));
        }
        let (kind, class, action) = match (plan.intent, meeting.version) {
            (Intent::Cancel, _) if plan.said.whole.is_some() => (SummaryKind::Cancelled, ReplyClass::ItipCancel, "meeting.cancelled"),
            (Intent::Cancel, _) => (SummaryKind::Updated, ReplyClass::ItipCancel, "meeting.updated"),
            (Intent::Request | Intent::Add, 0) => (SummaryKind::Created, ReplyClass::ItipRequest, "meeting.created"),
            (Intent::Request | Intent::Add, _) => (SummaryKind::Updated, ReplyClass::ItipRequest, "meeting.updated"),
        };
        let lines: Vec<SummaryGuest> = told.iter().map(|one| one.line.clone()).collect();
        let organizer = order.organizer;
        let summary = self
            .draft_summary(&meeting, organizer, (kind, &lines, &plan.remarks), order.message_id(), order.now)
            .map_err(|error| PortError::new("build the summary", error))?;
        let id = meeting.id;
        let mut received = self.order_received(order, plan, class, action);
        received.meeting = Some(id);
        let mut writes =
            vec![order.noted(received), Write::Organizer(Box::new(organizer.clone())), Write::Audit(order.audit(id, None, action))];
        // Programs that send one message a guest repeat the same object: those must not wait for each other. A cancellation
        // must, since it counts who is left.
        if plan.intent == Intent::Cancel || before != Some(&meeting) {
            writes.push(Write::Meeting(Box::new(meeting.clone())));
        }
        writes.extend(told.into_iter().flat_map(|one| one.writes));
        writes.push(Write::Outbox(Box::new(summary)));
        Ok(Ok(Effects { writes, kind, meeting, guests: lines, remarks: plan.remarks.clone() }))
    }
}

/// The meeting with what is left to nobody taken off. It takes place as long as anybody is invited to anything of
/// it: a cancellation is one for those whom it reaches, and the last of them may be before the first invitation of another.
fn afterwards(case: &Case<'_>, told: &[Told]) -> Meeting {
    let mut meeting = case.meeting.clone();
    let told: Vec<&Guest> = told.iter().filter_map(|one| one.guest.as_ref()).collect();
    let others = case.guests.iter().filter(|guest| !told.iter().any(|told| told.id == guest.id));
    let guests: Vec<&Guest> = others.chain(told.iter().copied()).collect();
    invitation::taken_off_for_all(&mut meeting, case.plan, &guests);
    let is_off = guests.iter().all(|guest| guest.removed_at.is_some());
    meeting.status = if is_off { MeetingStatus::Cancelled } else { MeetingStatus::Scheduled };
    meeting
}
