//! Series of calendar files that nobody of this project wrote (`../shared/corpus`), expanded here and by readers of other makers.
//! Without the files, or without the readers, the test says so and passes.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used)]

use crate::support;

use chrono::{DateTime, SecondsFormat, Utc};
use paravent::domain::invitation::{self, Ask};
use paravent::domain::itip::tree::{Component, Property};
use paravent::domain::itip::{self, CalendarObject};
use paravent::domain::token::AliasDomain;
use std::collections::BTreeSet;
use std::path::Path;
use support::house::{JEAN, ORGANIZER, mailbox, organizer};
use support::readers;

/// Instances that are compared; the readers give as many.
const COMPARED: usize = 12;

/// Files of which we think otherwise than the readers: an EXDATE that is a day takes the instance of that day off, one that is a
/// midnight takes the day off, and an RDATE that is a day is its midnight; libical begins in 1970.
const OTHERWISE: [&str; 3] = [
    "allenporter-ical/google_calendar_invalid_offset.ics",
    "recurring-ical-events/issue_28_rrule_with_UTC_endinginZ.ics",
    "icalendar-py/issue_1633_rdate_with_dates_and_tzid.ics",
];

/// Every recurring meeting of a file as an invitation of its own.
fn series_of(bytes: &[u8]) -> Vec<CalendarObject> {
    let Ok(object) = itip::read(bytes) else { return Vec::new() };
    let uids: BTreeSet<&str> = object.events.iter().filter(|event| event.recurs.is_some()).map(|event| event.uid.as_str()).collect();
    uids.into_iter().map(|uid| invitation(&object, uid)).collect()
}

fn invitation(object: &CalendarObject, uid: &str) -> CalendarObject {
    let mut calendar = Component::new("VCALENDAR");
    calendar.properties =
        [("PRODID", "-//x//EN"), ("VERSION", "2.0"), ("METHOD", "REQUEST")].map(|(name, value)| Property::new(name, value)).into();
    calendar.components = object.tree.components_named("VTIMEZONE").cloned().collect();
    let events = object.tree.components_named("VEVENT").zip(&object.events).filter(|(_, event)| event.uid == uid);
    calendar.components.extend(events.map(|(component, _)| Component {
        properties: component.properties.iter().filter(|line| !line.is("ORGANIZER") && !line.is("ATTENDEE")).cloned().collect(),
        components: Vec::new(),
        ..component.clone()
    }));
    itip::read(calendar.to_text().as_bytes()).unwrap()
}

/// When the first instances start, or why nobody is invited.
fn ours(object: &CalendarObject) -> Result<Vec<String>, String> {
    let organizer = organizer(ORGANIZER, "Claire Bernard");
    let guest_domain = AliasDomain::parse("guest.visio.example").unwrap();
    let recipients = [mailbox(JEAN)];
    let now = DateTime::<Utc>::UNIX_EPOCH - chrono::TimeDelta::days(100_000);
    let ask = Ask { organizer: &organizer, recipients: Some(&recipients), guest_domain: &guest_domain, max_guests: 9, known: None, now };
    let refused = |remarks: Vec<invitation::Remark>| format!("{remarks:?}");
    let plan = invitation::plan(object, &ask).map_err(refused)?;
    let content = invitation::content(None, &plan, object, organizer.group.time_zone).map_err(refused)?;
    let whole_days = content.event.whole_days;
    let shown = |at: DateTime<Utc>| match whole_days {
        Some(zone) => at.with_timezone(&zone).format("%Y-%m-%d").to_string(),
        None => at.to_rfc3339_opts(SecondsFormat::Secs, true),
    };
    Ok(content.event.coming(now, COMPARED).into_iter().map(|one| shown(one.instance.starts_at)).collect())
}

/// Those of the years that are looked at (`SeriesLimits`).
fn within_years(instances: &[String]) -> Vec<String> {
    let year = |text: &str| text[..4].parse::<i32>().unwrap();
    instances.iter().filter(|at| year(at) < year(&instances[0]) + 10).cloned().collect()
}

#[test]
fn series_of_other_makers_have_their_instances() {
    let mut objects = Vec::new();
    for set in ["ics", "imip"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(set);
        let Ok(mut labels) = csv::Reader::from_path(folder.join("labels.csv")) else {
            eprintln!("SKIPPED: no corpus at {}: nothing was tried", folder.display());
            return;
        };
        for row in labels.records().map(Result::unwrap) {
            let bytes = std::fs::read(folder.join(&row[0])).unwrap();
            let mail = (set == "imip").then(|| paravent::domain::mime::read(&bytes, &Default::default()));
            let calendars = mail.map_or_else(|| vec![bytes], |mail| mail.calendars.into_iter().map(|part| part.bytes).collect());
            objects.extend(calendars.iter().flat_map(|calendar| series_of(calendar)).map(|object| (row[0].to_owned(), object)));
        }
    }
    let Some(read) = readers::read(&objects.iter().map(|(_, object)| object.tree.to_text()).collect::<Vec<_>>()) else { return };
    let (mut compared, mut wrong, mut refused) = (0, Vec::new(), Vec::new());
    for ((file, object), readings) in objects.iter().zip(read) {
        let uid = &object.events[0].uid;
        let ours = match ours(object) {
            Ok(ours) => ours,
            Err(why) => {
                refused.push(format!("{file} {uid}: {why}"));
                continue;
            }
        };
        // A reader that finds no zone, or nothing, can't be asked.
        let is_told = |instances: &Vec<String>| !instances.is_empty() && instances.iter().all(|at| at.ends_with('Z') || !at.contains('T'));
        let theirs: Vec<_> = readings
            .iter()
            .filter(|(_, reading)| is_told(&reading.instances))
            .map(|(name, reading)| (name, within_years(&reading.instances)))
            .collect();
        compared += usize::from(!theirs.is_empty());
        if !theirs.is_empty()
            && !OTHERWISE.contains(&file.as_str())
            && !theirs.iter().any(|(_, instances)| *instances == within_years(&ours))
        {
            let all: Vec<_> = theirs.iter().map(|(name, instances)| format!("{name} {instances:?}")).collect();
            wrong.push(format!("{file} {uid}:\n  ours {ours:?}\n  {}", all.join("\n  ")));
        }
    }
    assert!(objects.len() > 100 && compared > 80, "{compared} of {} were compared", objects.len());
    println!("{} series, {compared} compared, {} refused:\n{}", objects.len(), refused.len(), refused.join("\n"));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
