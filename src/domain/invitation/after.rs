//! What a message makes of a guest's part of the meeting, judged by what was taken about this guest before.

use super::{Intent, Invited, Plan};
use crate::domain::meeting::Guest;
use crate::domain::part::Part;
use crate::domain::revision::Ledger;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// What holds of a guest after a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// What they are invited to; `None` for nothing.
    pub part: Option<Part>,
    /// What was taken about them.
    pub ledger: Ledger,
}

/// What holds of the guest after this message; `None` where all of it is older than what was taken about them.
pub fn after(plan: &Plan, invited: &Invited, guest: Option<&Guest>) -> Option<After> {
    let before = After {
        part: guest.filter(|guest| guest.removed_at.is_none()).map(|guest| guest.part.clone()),
        ledger: guest.map(|guest| guest.ledger.clone()).unwrap_or_default(),
    };
    match plan.intent {
        Intent::Request | Intent::Add => requested(plan, invited, before),
        Intent::Cancel => cancelled(plan, before),
    }
}

fn requested(plan: &Plan, invited: &Invited, before: After) -> Option<After> {
    let mut after = before;
    let mut taken = false;
    if let Some(whole) = &plan.said.whole
        && after.ledger.takes_whole(&whole.revision)
    {
        let speaks = plan.said.speaks_of_instances();
        after.part = Some(part_of_whole(plan, invited, after.part.filter(|_| !speaks)));
        after.ledger.note_whole(whole.revision, speaks);
        taken = true;
    }
    for (id, one) in &plan.said.instances {
        if !after.ledger.takes_instance(*id, &one.revision) {
            continue;
        }
        taken = true;
        after.ledger.instances.insert(*id, one.revision);
        let is_meant = plan.said.whole.is_none() && (invited.named.is_nowhere() || invited.named.instances.contains(id));
        if is_meant {
            // Who is invited to an instance of a series that they don't know is invited to that alone.
            after.part.get_or_insert_with(|| Part::Only(BTreeSet::new())).add(*id);
        }
    }
    taken.then_some(after)
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

fn cancelled(plan: &Plan, before: After) -> Option<After> {
    let mut after = before;
    let mut taken = false;
    if let Some(whole) = &plan.said.whole
        && after.ledger.takes_whole(&whole.revision)
    {
        after.part = None;
        after.ledger.note_whole(whole.revision, true);
        taken = true;
    }
    for (id, one) in &plan.said.instances {
        if !after.ledger.takes_instance(*id, &one.revision) {
            continue;
        }
        taken = true;
        after.ledger.instances.insert(*id, one.revision);
        if let Some(part) = &mut after.part {
            if one.and_later { part.end_before(*id) } else { part.remove(*id) }
        }
    }
    taken.then_some(after)
}

impl Plan {
    /// Whether the VEVENT of this instance lists attendees.
    fn lists_others(&self, id: DateTime<Utc>) -> bool {
        self.said.instances.get(&id).is_some_and(|one| one.lists_attendees)
    }
}
