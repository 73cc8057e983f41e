//! What a message makes of a guest's part of the meeting, judged by what was taken about this guest before.

use super::{Intent, Invited, Plan};
use crate::domain::meeting::Guest;
use crate::domain::part::Part;
use crate::domain::revision::{Ledger, Revision};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// What holds of a guest after a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// What they are invited to.
    pub part: Part,
    /// What was taken about them.
    pub ledger: Ledger,
}

/// What holds of the guest after this message; `None` where all of it is older than what was taken about them.
pub fn after(plan: &Plan, invited: &Invited, guest: Option<&Guest>) -> Option<After> {
    let before = After { part: part_before(guest), ledger: guest.map(|guest| guest.ledger.clone()).unwrap_or_default() };
    match plan.intent {
        Intent::Request | Intent::Add => requested(plan, invited, before),
        Intent::Cancel => cancelled(plan, before),
    }
}

/// Nobody is invited to anything before the first message, nor after the last one.
fn part_before(guest: Option<&Guest>) -> Part {
    match guest.map(|guest| (&guest.part, guest.removed_at)) {
        Some((part, None)) => part.clone(),
        Some((part @ Part::Only(_), Some(_))) => part.clone(),
        Some((Part::Whole { .. }, Some(_))) | None => Part::nothing(),
    }
}

fn requested(plan: &Plan, invited: &Invited, mut after: After) -> Option<After> {
    let mut taken = false;
    if let Some(whole) = &plan.said.whole {
        let speaks = plan.said.speaks_of_instances();
        if after.ledger.takes_whole(&whole.revision) {
            after.ledger.note_whole(whole.revision, speaks);
            let part = part_of_whole(plan, invited, (!speaks).then(|| after.part.clone()));
            after.part = with_noted_instances(part, &after);
            taken = true;
        } else if speaks && whole.event.series.is_some() {
            taken = forget_older(&mut after, whole.revision);
        }
    }
    for (id, one) in &plan.said.instances {
        if !after.ledger.takes_instance(*id, &one.revision, &one.as_of) || is_before_cancellation(&after, &one.as_of) {
            continue;
        }
        taken = true;
        after.ledger.instances.insert(*id, one.revision);
        let is_meant = plan.said.whole.is_none() && (invited.named.is_nowhere() || invited.named.instances.contains(id));
        if is_meant {
            // Who is invited to an instance of a series that they don't know is invited to that alone.
            after.part.add(*id);
        }
    }
    taken.then_some(after)
}

/// Whether the newest word about the whole is a newer one, and left them none of it.
fn is_before_cancellation(after: &After, as_of: &Revision) -> bool {
    let is_older = after.ledger.whole.is_some_and(|whole| as_of.is_older_than(&whole));
    is_older && matches!(after.part, Part::Only(_))
}

/// The part with the instances of which something is noted as they were before: that is newer, or the message is silent about
/// instances. So the order in which messages arrive makes no difference.
fn with_noted_instances(mut part: Part, before: &After) -> Part {
    for id in before.ledger.instances.keys() {
        if before.part.contains(*id) { part.add(*id) } else { part.remove(*id) }
    }
    part
}

/// A late word about the whole: of instances it may say something newer than what is noted. Says whether it does.
fn forget_older(after: &mut After, revision: Revision) -> bool {
    let forgotten = after.ledger.note_spoken(revision);
    for id in forgotten.iter().flatten().copied() {
        match &after.part {
            Part::Whole { .. } => after.part.add(id),
            Part::Only(_) => after.part.remove(id),
        }
    }
    forgotten.is_some()
}

/// The part of somebody who gets the whole: of the instances that have lists of their own, those that name them. `before` is
/// their part where the message leaves single instances to others.
fn part_of_whole(plan: &Plan, invited: &Invited, before: Option<Part>) -> Part {
    let named = &invited.named;
    if !named.whole && !named.instances.is_empty() {
        let known = match before {
            Some(Part::Only(ids)) => ids,
            Some(Part::Whole { .. }) | None => BTreeSet::new(),
        };
        return Part::Only(known.union(&named.instances).copied().collect());
    }
    let (mut without, before) = match before {
        Some(Part::Whole { without, before }) => (without, before),
        Some(Part::Only(_)) | None => (BTreeSet::new(), None),
    };
    for id in plan.said.instances.keys() {
        // Somebody else may be listed there, and they not.
        if named.whole && plan.lists_others(*id) && !named.instances.contains(id) {
            without.insert(*id);
        } else {
            without.remove(id);
        }
    }
    Part::Whole { without, before }
}

fn cancelled(plan: &Plan, mut after: After) -> Option<After> {
    let mut taken = false;
    if let Some(whole) = &plan.said.whole
        && after.ledger.takes_whole(&whole.revision)
    {
        take_cancellation(&mut after, whole.revision);
        taken = true;
    }
    for (id, one) in &plan.said.instances {
        if !after.ledger.takes_instance(*id, &one.revision, &one.as_of) {
            continue;
        }
        taken = true;
        after.ledger.instances.insert(*id, one.revision);
        if one.and_later { after.part.end_before(*id) } else { after.part.remove(*id) }
    }
    taken.then_some(after)
}

/// Nothing is left but what they were invited to since then. Instances that they were taken off stay noted: a whole that comes
/// back and is silent about instances does not bring those.
fn take_cancellation(after: &mut After, revision: Revision) {
    after.ledger.note_whole(revision, false);
    let part = std::mem::replace(&mut after.part, Part::nothing());
    after.ledger.instances.retain(|id, known| {
        let is_newer = revision.is_older_than(known);
        if is_newer && part.contains(*id) {
            after.part.add(*id);
        }
        is_newer || !part.contains(*id)
    });
}

impl Plan {
    /// Whether the VEVENT of this instance lists attendees.
    fn lists_others(&self, id: DateTime<Utc>) -> bool {
        self.said.instances.get(&id).is_some_and(|one| one.lists_attendees)
    }
}
