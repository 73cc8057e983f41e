//! A calendar file: several VCALENDARs, and several meetings in one of them, as iTIP objects of one meeting each.

use super::merge::names;
use super::parse::{CalendarLimits, parse_all};
use super::read::typed;
use super::time::zone_name;
use super::tree::{Component, unescape_text};
use super::{CalendarError, CalendarObject};
use std::collections::HashMap;

/// Components that are said to be none of ours beside meetings, too. All others (VTIMEZONE, those of single makers) belong to them.
const OF_THEIR_OWN: [&str; 3] = ["VTODO", "VJOURNAL", "VFREEBUSY"];

/// Reads a file within these limits, which are those of the whole file. Each VCALENDAR is for itself, and each UID in it is an
/// object (RFC 5546 §3.2 wants one UID an object): the VEVENTs of that UID with the VTIMEZONEs that they name. Objects come one
/// by one, in the order of the file, since they may be many.
pub fn read_several(bytes: &[u8], limits: &CalendarLimits) -> impl Iterator<Item = Result<CalendarObject, CalendarError>> {
    let calendars = parse_all(bytes, limits).unwrap_or_else(|error| vec![Err(error)]);
    calendars.into_iter().flat_map(|parsed| {
        let (tree, defects, error) = match parsed {
            Ok((tree, defects)) => (Some(tree), defects, None),
            Err(error) => (None, Vec::new(), Some(error)),
        };
        let objects = tree.into_iter().flat_map(move |tree| {
            let defects = defects.clone();
            groups(&tree).into_iter().map(move |group| Ok(typed(of_group(&tree, &group), defects.clone())))
        });
        error.map(Err).into_iter().chain(objects)
    })
}

/// Which components are one object: their places in the VCALENDAR. Without any, the VCALENDAR itself is the object.
fn groups(calendar: &Component) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for (index, component) in calendar.components.iter().enumerate() {
        if component.name != "VEVENT" && !OF_THEIR_OWN.contains(&component.name.as_str()) {
            continue;
        }
        let uid = component.property("UID").map(|uid| unescape_text(&uid.value).trim().to_owned()).unwrap_or_default();
        let place = *known.entry((component.name.clone(), uid)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    if groups.is_empty() { vec![Vec::new()] } else { groups }
}

fn of_group(calendar: &Component, group: &[usize]) -> Component {
    let chosen: Vec<&Component> = group.iter().filter_map(|index| calendar.components.get(*index)).collect();
    let is_named = |zone: &Component| zone_name(zone).is_some_and(|name| chosen.iter().any(|one| names(one, &name)));
    let belongs = |component: &Component| match component.name.as_str() {
        "VEVENT" => false,
        "VTIMEZONE" => is_named(component),
        name => !OF_THEIR_OWN.contains(&name),
    };
    let beside = calendar.components.iter().filter(|component| belongs(component));
    let components = beside.chain(chosen.iter().copied()).cloned().collect();
    Component { name: calendar.name.clone(), properties: calendar.properties.clone(), components }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::itip::Method;

    fn read(text: &str) -> Vec<Result<CalendarObject, CalendarError>> {
        read_several(text.as_bytes(), &CalendarLimits::default()).collect()
    }

    fn event(uid: &str, more: &str) -> String {
        format!("BEGIN:VEVENT\nUID:{uid}\n{more}END:VEVENT\n")
    }

    fn zone(name: &str) -> String {
        format!(
            "BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
        )
    }

    #[test]
    fn each_uid_is_an_object_with_its_exceptions_and_zones() {
        let moved = "RECURRENCE-ID:20260112T090000Z\n";
        let start = "DTSTART;TZID=House:20260105T090000\n";
        let file = format!(
            "BEGIN:VCALENDAR\nMETHOD:REQUEST\nPRODID:x\n{}{}{}{}{}END:VCALENDAR\n",
            event("a", start),
            zone("House"),
            zone("Other"),
            event("b", ""),
            event("a", moved)
        );
        let objects: Vec<CalendarObject> = read(&file).into_iter().map(Result::unwrap).collect();
        let seen: Vec<_> = objects.iter().map(|object| (object.events[0].uid.as_str(), object.events.len(), object.others.len())).collect();
        assert_eq!(seen, [("a", 2, 0), ("b", 1, 0)]);
        assert!(objects.iter().all(|object| object.method == Some(Method::Request) && object.prodid.as_deref() == Some("x")));
        assert!(objects[0].vtimezone("House").is_some() && objects[0].vtimezone("Other").is_none());
        assert!(objects[0].events[0].start.as_ref().unwrap().instant().is_some());
        assert!(objects[1].vtimezone("House").is_none());
    }

    #[test]
    fn each_calendar_is_for_itself() {
        let broken = "BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR\n";
        let of = |method: &str, uid: &str| format!("BEGIN:VCALENDAR\nMETHOD:{method}\n{}END:VCALENDAR\n", event(uid, ""));
        let objects = read(&format!("{}{broken}\n{}", of("REQUEST", "a"), of("CANCEL", "a")));
        let methods: Vec<_> = objects.iter().map(|read| read.as_ref().map(|object| object.method.clone())).collect();
        let error = CalendarError::Broken { line: 8, what: "END without its BEGIN" };
        assert_eq!(methods, [Ok(Some(Method::Request)), Err(&error), Ok(Some(Method::Cancel))]);
        // One that ends early does not swallow the next.
        let cut = read(&format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:c\n{}", of("REQUEST", "a")));
        assert_eq!(cut.iter().map(|read| read.as_ref().unwrap().events[0].uid.as_str()).collect::<Vec<_>>(), ["c", "a"]);
    }

    #[test]
    fn what_is_no_meeting_stands_for_itself() {
        let task = "BEGIN:VTODO\nUID:t\nEND:VTODO\n";
        let mixed = read(&format!("BEGIN:VCALENDAR\n{}{task}BEGIN:X-MAKER\nEND:X-MAKER\nEND:VCALENDAR\n", event("a", "")));
        let seen: Vec<_> =
            mixed.iter().map(|read| read.as_ref().unwrap()).map(|object| (object.events.len(), object.others.clone())).collect();
        let own = |name: &str| vec!["X-MAKER".to_owned(), name.to_owned()];
        assert_eq!(seen, [(1, vec!["X-MAKER".to_owned()]), (0, own("VTODO"))]);
        assert_eq!(read("BEGIN:VCALENDAR\nEND:VCALENDAR\n").len(), 1);
        assert_eq!(read("hello").into_iter().map(Result::unwrap_err).collect::<Vec<_>>(), [CalendarError::NotACalendar]);
        let small = CalendarLimits { bytes: 10, ..CalendarLimits::default() };
        let large: Vec<_> = read_several(b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", &small).map(Result::unwrap_err).collect();
        assert_eq!(large, [CalendarError::TooLarge("octets")]);
    }
}
