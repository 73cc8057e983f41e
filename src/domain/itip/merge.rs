//! Two objects of one meeting made one: the whole of one, with single instances of the other.

use super::CalendarObject;
use super::time::zone_name;
use super::tree::{Component, Property};

/// `base` with the VEVENTs of it that `keeps` says yes to, and those of `other` that `takes` says yes to (both by their place
/// among the VEVENTs), with the VTIMEZONEs that come with them. With `as_instances` VEVENTs of ADD, which have no RECURRENCE-ID,
/// are named by their DTSTART.
pub fn merged(
    base: &CalendarObject,
    other: &CalendarObject,
    keeps: &dyn Fn(usize) -> bool,
    takes: &dyn Fn(usize) -> bool,
    as_instances: bool,
) -> Component {
    let mut tree = base.tree.clone();
    let mut index = 0;
    tree.components.retain(|component| {
        let is_event = component.name == "VEVENT";
        index += usize::from(is_event);
        !is_event || keeps(index - 1)
    });
    let taken: Vec<Component> =
        other.tree.components_named("VEVENT").enumerate().filter(|(index, _)| takes(*index)).map(|(_, event)| event.clone()).collect();
    let missing: Vec<Component> = other
        .tree
        .components_named("VTIMEZONE")
        .filter(|zone| zone_name(zone).is_some_and(|name| base.vtimezone(&name).is_none() && taken.iter().any(|event| names(event, &name))))
        .cloned()
        .collect();
    let first = tree.components.iter().position(|component| component.name == "VEVENT").unwrap_or(tree.components.len());
    tree.components.splice(first..first, missing);
    tree.components.extend(taken.into_iter().map(|event| if as_instances { named_by_start(event) } else { event }));
    tree
}

/// Of a VEVENT what answers in the organizer's dialog are made of, and what says which instance it is.
const OF_ANSWERS: [&str; 13] = [
    "UID",
    "ORGANIZER",
    "SEQUENCE",
    "DTSTAMP",
    "RECURRENCE-ID",
    "SUMMARY",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "STATUS",
];
/// The same of a VCALENDAR.
const OF_CALENDAR: [&str; 4] = ["PRODID", "VERSION", "CALSCALE", "METHOD"];

/// An object to be kept: its lines as they were written, without those that no answer repeats. Descriptions, pictures and lists of
/// guests would make it as large as a mail, and it is read for every answer.
pub fn kept(mut tree: Component) -> Component {
    let is_one = |names: &[&str], property: &Property| names.iter().any(|name| property.is(name));
    tree.properties.retain(|property| is_one(&OF_CALENDAR, property));
    tree.components.retain(|component| matches!(component.name.as_str(), "VEVENT" | "VTIMEZONE"));
    for event in tree.components.iter_mut().filter(|component| component.name == "VEVENT") {
        event.components.clear();
        event.properties.retain(|property| is_one(&OF_ANSWERS, property));
    }
    tree
}

/// Whether a property of this component is in the zone of that name.
pub(super) fn names(event: &Component, zone: &str) -> bool {
    event.properties.iter().filter_map(|property| property.parameter("TZID")).any(|name| name.trim() == zone)
}

fn named_by_start(mut event: Component) -> Component {
    let id = event.property("DTSTART").map(|start| Property { name: "RECURRENCE-ID".to_owned(), ..start.clone() });
    event.properties.extend(id);
    event
}
