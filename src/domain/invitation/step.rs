//! What a guest is to be sent, judged against what was sent to them before (RFC 5546 §2.1.4).

use super::After;
use crate::domain::attendance::Response;
use crate::domain::compose::InvitationKind;
use crate::domain::meeting::{Guest, MeetingEvent, SentState};
use crate::domain::part::Part;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// What one guest must be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this.
    Send {
        /// First invitation, change or cancellation.
        kind: InvitationKind,
        /// What the guest knows after it.
        sent: Box<SentState>,
        /// Their answers as far as they still count; `None` where all do.
        response: Option<Box<Response>>,
    },
    /// They know all of it.
    Nothing,
}

/// What to send to a guest of a meeting that is now `event`.
pub fn step(guest: Option<&Guest>, after: &After, event: &MeetingEvent) -> Step {
    let view = event.for_part(&after.part);
    let present = guest.filter(|guest| guest.removed_at.is_none());
    let sent = guest.and_then(|guest| guest.sent.as_ref());
    match (present, view, sent) {
        (None, None, _) | (Some(_), None, None) => Step::Nothing,
        (Some(_), None, Some(sent)) => Step::Send {
            kind: InvitationKind::Cancellation,
            sent: Box::new(SentState { sequence: sent.sequence.saturating_add(1), ..sent.clone() }),
            response: None,
        },
        (Some(_), Some(view), None) | (None, Some(view), _) => first(sent, view),
        (Some(guest), Some(view), Some(sent)) => update(guest, after, sent, view),
    }
}

fn first(sent: Option<&SentState>, event: MeetingEvent) -> Step {
    let sequence = sent.map_or(0, |sent| sent.sequence.saturating_add(1));
    let sent = SentState { sequence, event, counts_from: sequence, instances_count_from: BTreeMap::new() };
    Step::Send { kind: InvitationKind::New, sent: Box::new(sent), response: Some(Box::default()) }
}

fn update(guest: &Guest, after: &After, sent: &SentState, view: MeetingEvent) -> Step {
    let change = match (&guest.part, &after.part) {
        (Part::Only(before), Part::Only(after)) => Change::of_instances(&sent.event, &view, before, after),
        (Part::Whole { .. }, _) | (_, Part::Whole { .. }) => Change::of_whole(&sent.event, &view),
    };
    // The same object again (one message a guest, or a repeated one) tells nothing new; a fresh DTSTAMP is the organizer's wish.
    let takes_as_much = guest.ledger.whole == after.ledger.whole && guest.ledger.instances == after.ledger.instances;
    if sent.event == view && takes_as_much {
        return Step::Nothing;
    }
    let sequence = if change.is_significant() { sent.sequence.saturating_add(1) } else { sent.sequence };
    let (counts_from, mut instances_count_from) =
        if change.whole { (sequence, BTreeMap::new()) } else { (sent.counts_from, sent.instances_count_from.clone()) };
    instances_count_from.extend(change.instances.iter().map(|id| (*id, sequence)));
    let response = change.response(&guest.attendance.response, &view);
    let sent = SentState { sequence, event: view, counts_from, instances_count_from };
    Step::Send { kind: InvitationKind::Update, sent: Box::new(sent), response: response.map(Box::new) }
}

/// What changed of the times that a guest knows: to what of it they must answer anew.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    /// The time of the whole, or how it recurs.
    whole: bool,
    /// The time of these instances.
    instances: BTreeSet<DateTime<Utc>>,
    /// Instances came or went.
    others: bool,
}

impl Change {
    /// For somebody who is invited to the whole.
    fn of_whole(before: &MeetingEvent, after: &MeetingEvent) -> Self {
        let changed: BTreeSet<DateTime<Utc>> = before.changed_ids().chain(after.changed_ids()).collect();
        let came_or_went = |id: &DateTime<Utc>| times(before, *id).is_some() != times(after, *id).is_some();
        Self {
            whole: is_other_whole(before, after),
            others: changed.iter().any(came_or_went) || instances_of(before) != instances_of(after) || before.over_at() != after.over_at(),
            instances: changed.into_iter().filter(|id| is_moved(before, after, *id)).collect(),
        }
    }

    /// For somebody who is invited to some instances alone: each stands for itself.
    fn of_instances(before: &MeetingEvent, after: &MeetingEvent, old: &BTreeSet<DateTime<Utc>>, new: &BTreeSet<DateTime<Utc>>) -> Self {
        // Nobody has answered to one that is new to them, whatever they said of those that they knew.
        let is_new = |id: &DateTime<Utc>| !old.contains(id) && after.instance(*id).is_some();
        let instances = new.iter().copied().filter(|id| is_new(id) || is_moved(before, after, *id)).collect();
        Self { whole: false, instances, others: old != new }
    }

    fn is_significant(&self) -> bool {
        self.whole || self.others || !self.instances.is_empty()
    }

    /// The answers without those that count no longer; `None` where all do. With them go proposals: a time that was changed since
    /// was judged by the organizer.
    fn response(&self, before: &Response, view: &MeetingEvent) -> Option<Response> {
        let mut response = before.clone();
        if self.whole {
            response = Response { away_since: before.away_since, ..Response::default() };
        }
        for id in &self.instances {
            // What was answered to the whole says nothing of a time that nobody knew then.
            response.put(Some(*id), Default::default());
        }
        response.instances.retain(|id, _| view.instance(*id).is_some());
        (response != *before).then_some(response)
    }
}

fn times(event: &MeetingEvent, id: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    event.instance(id).map(|one| (one.starts_at, one.ends_at))
}

fn is_moved(before: &MeetingEvent, after: &MeetingEvent, id: DateTime<Utc>) -> bool {
    matches!((times(before, id), times(after, id)), (Some(old), Some(new)) if old != new)
}

/// Whether the time of the whole is another, or it recurs otherwise or longer. Single dates that come or go, and an earlier end,
/// leave the others as they are.
fn is_other_whole(before: &MeetingEvent, after: &MeetingEvent) -> bool {
    let time = |event: &MeetingEvent| (event.starts_at, event.ends_at, event.whole_days, event.zone());
    let rule = |event: &MeetingEvent| event.recurrence()?.rule().cloned();
    let recurs_alike = match (rule(before), rule(after)) {
        (Some(before), Some(after)) => before.recurs_like(&after),
        (before, after) => before.is_none() && after.is_none(),
    };
    let has_other_end = rule(before).map(|rule| rule.end()) != rule(after).map(|rule| rule.end());
    let is_longer = match (before.over_at(), after.over_at()) {
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => true,
        (None, _) => false,
    };
    time(before) != time(after) || !recurs_alike || (has_other_end && is_longer)
}

/// What says which instances there are, beside the rule.
fn instances_of(event: &MeetingEvent) -> Option<[&[DateTime<Utc>]; 2]> {
    let recurrence = event.recurrence()?;
    Some([recurrence.dates(), recurrence.excluded()])
}
