//! Every calendar object that leaves the gateway, before judges that are not its own: RFC 5546's tables
//! (`tests/support/itip_rules.rs`), and icalendar, vobject and libical (`tests/support/read_calendar.py`), which must find
//! no fault and read the instants that the organizer means.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used)]

use crate::support;

use chrono::{DateTime, NaiveDateTime, Utc};
use paravent::domain::mime::{self, MimeLimits};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::emitted::{Emitted, Meant, WrittenAs, life, proposed};
use support::house::JEAN;
use support::itip_rules::violations;
use support::readers::{self, READERS, Reading};
use support::zones::{Series, ZONES, Zone, all_series, object_of, wall, with_exceptions};

/// Where a reader has a view of its own of the organizer's lines that a REPLY repeats: a VTIMEZONE that never differs from UTC is
/// no zone for vobject; an hour that is left out in spring is the one before for both (RFC 5545 §3.3.5 takes the one after).
const OWN_VIEWS: [(&str, &str); 3] =
    [("02-outlook-com-utc", "vobject"), ("45-summer-time-gap", "vobject"), ("45-summer-time-gap", "libical")];

/// The rules of a zone that nobody in the world lives by: a series in it is refused, since guests' programs could not follow it.
const NO_ZONE: &str = "Customized Time Zone 7";

/// An object for the organizer with a fault that is known: case, cause, and the rule. Readers may misread its times and
/// numbers then. The fault must still be there, so that one that is mended leaves its list.
type Known = (String, &'static str, &'static str);

/// A REPLY has the organizer's own lines, faults included: a SEQUENCE above 2³¹.
const KNOWN: [(&str, &str, &str); 2] = [("51-sequence-overflow", "REPLY", "sequence"), ("51-sequence-overflow", "COUNTER", "sequence")];

/// An object with what must be read in it.
struct Judged {
    emitted: Emitted,
    meant: Meant,
    /// Instances of the series by reader; `None` for a single event.
    instances: Option<BTreeMap<String, Vec<String>>>,
}

/// What a judge says of an object.
struct Fault {
    case: String,
    to_guest: bool,
    cause: &'static str,
    complaint: String,
}

impl Fault {
    fn of(judged: &Judged, complaint: String) -> Self {
        let Emitted { case, to_guest, cause, .. } = &judged.emitted;
        Self { case: case.clone(), to_guest: *to_guest, cause, complaint }
    }

    fn breaks(&self, (case, cause, rule): &Known) -> bool {
        self.is_about(case, cause) && self.complaint.starts_with(&format!("{rule}: "))
    }

    fn is_known(&self, known @ (case, cause, _): &Known) -> bool {
        self.breaks(known) || (self.is_about(case, cause) && self.complaint.contains(MISREAD))
    }

    fn is_about(&self, case: &str, cause: &str) -> bool {
        !self.to_guest && self.case == case && self.cause == cause
    }
}

const MISREAD: &str = " is read as ";

/// What the judges say of all objects; the readers nothing where they are missing.
fn faults(judged: &[Judged]) -> Vec<Fault> {
    let mut found: Vec<Fault> = Vec::new();
    let mut read: Vec<(&Judged, &str, String)> = Vec::new();
    for each in judged {
        found.extend(violations(each.emitted.text.as_bytes()).iter().map(|violation| Fault::of(each, violation.to_string())));
        read.push((each, "", each.emitted.text.clone()));
        read.extend(renamed(&each.emitted.text).filter(|_| each.emitted.to_guest).map(|text| (each, ", by our VTIMEZONE", text)));
    }
    let texts: Vec<String> = read.iter().map(|(_, _, text)| text.clone()).collect();
    for ((each, how, _), readings) in read.iter().zip(readers::read(&texts).unwrap_or_default()) {
        for (reader, reading) in readings {
            let complaints = misread(each, &reader, &reading).into_iter();
            found.extend(complaints.map(|complaint| Fault::of(each, format!("{reader}{how}: {complaint}"))));
        }
    }
    found
}

/// The object with zones of other names, so that no reader knows better than the VTIMEZONEs; `None` if it has none.
fn renamed(text: &str) -> Option<String> {
    let names: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("TZID:")).collect();
    let mut renamed = text.to_owned();
    for name in &names {
        renamed = renamed.replace(&format!("TZID:{name}\r"), &format!("TZID:{name} here\r"));
        for after in [':', ';'] {
            renamed = renamed.replace(&format!("TZID={name}{after}"), &format!("TZID={name} here{after}"));
        }
    }
    (!names.is_empty()).then_some(renamed)
}

/// Where a reader complains, or reads something else than was meant.
fn misread(judged: &Judged, reader: &str, reading: &Reading) -> Vec<String> {
    let (emitted, meant) = (&judged.emitted, &judged.meant);
    if !emitted.to_guest && OWN_VIEWS.contains(&(emitted.case.as_str(), reader)) {
        return reading.errors.clone();
    }
    let mut complaints = reading.errors.clone();
    let mut expect = |what: &str, read: String, wanted: String| {
        if read != wanted {
            complaints.push(format!("{what}{MISREAD}{read}, meant is {wanted}"));
        }
    };
    let method = match (emitted.cause, emitted.to_guest) {
        ("REFRESH", true) => "REQUEST",
        (cause, _) => cause,
    };
    expect("METHOD", reading.method.clone(), method.to_owned());
    expect("method of the part", emitted.method.clone(), method.to_owned());
    let main = reading.events.iter().find(|event| event.recurrence_id.is_none()).or(reading.events.first());
    let Some(main) = main else { return complaints };
    for event in &reading.events {
        expect("UID", event.uid.clone(), emitted.uid.clone());
    }
    if !emitted.to_guest {
        expect("SEQUENCE", main.sequence.to_string(), meant.sequence.to_string());
    }
    let (start, end) = if method == "COUNTER" { proposed(meant) } else { as_written(meant, emitted.to_guest) };
    expect("start", main.start.clone().unwrap_or_default(), start.clone());
    expect("end", main.end.clone().unwrap_or_default(), end);
    if method == "REQUEST" {
        let instances = judged.instances.as_ref().map_or(Some(vec![start]), |by_reader| by_reader.get(reader).cloned());
        // A reader that can't read the organizer's own object can't be asked.
        if let Some(instances) = instances {
            expect("series", format!("{:?}", reading.instances), format!("{instances:?}"));
        }
    }
    complaints
}

/// Start and end as they must stand there: days stay days, and the organizer's own time without zone stays one for them.
fn as_written(meant: &Meant, to_guest: bool) -> (String, String) {
    let at = |instant: &str| {
        let local = instant.parse::<DateTime<Utc>>().unwrap().with_timezone(&chrono_tz::Europe::Paris);
        match meant.form {
            WrittenAs::Days => local.format("%Y-%m-%d").to_string(),
            WrittenAs::Floating if !to_guest => local.format("%Y-%m-%dT%H:%M:%S").to_string(),
            WrittenAs::Floating | WrittenAs::Clock => instant.to_owned(),
        }
    };
    (at(&meant.starts_at), at(&meant.ends_at))
}

/// Fails over faults that are not known, and over known ones that are gone.
fn settle(faults: &[Fault], known: &[Known]) {
    let shown = |fault: &Fault| {
        format!("{}, to the {} upon {}: {}", fault.case, if fault.to_guest { "guest" } else { "organizer" }, fault.cause, fault.complaint)
    };
    let new: Vec<String> = faults.iter().filter(|fault| !known.iter().any(|known| fault.is_known(known))).map(shown).collect();
    assert!(new.is_empty(), "{} faults:\n{}", new.len(), new.join("\n"));
    let gone: Vec<&Known> = known.iter().filter(|known| !faults.iter().any(|fault| fault.breaks(known))).collect();
    assert!(gone.is_empty(), "no longer there, to be taken from the list: {gone:?}");
}

/// By reader the instances of an organizer's own object, from those who read it without a floating time; `None` where no
/// reader is installed.
fn instances_of(object: &[u8]) -> Option<BTreeMap<String, Vec<String>>> {
    let readings = readers::read(&[String::from_utf8_lossy(object).into_owned()])?.remove(0);
    let is_read = |reading: &Reading| {
        !reading.instances.is_empty() && reading.instances.iter().all(|time| time.ends_with('Z') || !time.contains('T'))
    };
    let read: BTreeMap<_, _> = readings.into_iter().filter(|(_, reading)| is_read(reading)).map(|(name, r)| (name, r.instances)).collect();
    let first = read.values().next();
    assert!(read.values().all(|instances| Some(instances) == first), "the readers do not agree on the organizer's series: {read:?}");
    Some(read)
}

#[tokio::test]
async fn what_comes_of_every_invitation() {
    let mut cases: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/invites"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    let (mut judged, mut invited) = (Vec::new(), 0);
    for folder in cases {
        let case = folder.file_name().unwrap().to_string_lossy().into_owned();
        let message = std::fs::read(folder.join("message.eml")).unwrap();
        let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let text = |name: &str| expected[name].as_str().unwrap_or_default().to_owned();
        let guests: Vec<String> = expected["guests"].as_array().unwrap().iter().map(|guest| guest.as_str().unwrap().to_owned()).collect();
        let meant = Meant {
            method: expected["method"].as_str().map(str::to_owned),
            uid: text("uid"),
            sequence: expected["sequence"].as_u64().unwrap_or_default() as u32,
            starts_at: text("starts_at"),
            ends_at: text("ends_at"),
            form: match case.as_str() {
                "21-floating" => WrittenAs::Floating,
                "22-all-day" => WrittenAs::Days,
                _ => WrittenAs::Clock,
            },
            guests: if guests.is_empty() { vec![JEAN.to_owned()] } else { guests },
        };
        let story = life(&case, "2026-06-01T08:00:00Z", &message, &meant).await;
        assert!(story.invited || expected["problem"].is_string(), "{case}: nobody was invited");
        let is_series = expected["series"] == true && story.invited;
        let own = mime::read(&message, &MimeLimits::default()).calendars.first().map(|calendar| calendar.bytes.to_vec());
        let instances = is_series.then(|| instances_of(&own.unwrap_or_default()));
        assert!(instances.iter().flatten().all(|read| !read.is_empty()), "{case}: no reader reads the organizer's own series");
        let instances = instances.map(Option::unwrap_or_default);
        invited += u32::from(story.invited);
        judged.extend(story.emitted.into_iter().map(|emitted| Judged { emitted, meant: meant.clone(), instances: instances.clone() }));
    }
    assert!(invited >= 35, "only {invited} invitations");
    settle(&faults(&judged), &KNOWN.map(|(case, cause, rule)| (case.to_owned(), cause, rule)));
}

/// When these meetings are asked for.
const EARLY: &str = "2026-01-05T08:00:00Z";

fn by_reader(series: &Series) -> BTreeMap<String, Vec<String>> {
    READERS.iter().map(|reader| ((*reader).to_owned(), series.instants())).collect()
}

#[tokio::test]
async fn a_meeting_in_any_zone_is_at_its_instant() {
    let mut judged = Vec::new();
    for zone in &ZONES {
        for start in ["2026-01-14T09:00:00", "2026-07-15T09:00:00"] {
            let case = format!("{} {start}", zone.tzid);
            let meant = zone.meant(wall(start));
            let story = life(&case, EARLY, zone.mail(wall(start), "", "").as_bytes(), &meant).await;
            assert!(story.invited, "{case}: nobody was invited");
            judged.extend(story.emitted.into_iter().map(|emitted| Judged { emitted, meant: meant.clone(), instances: None }));
        }
    }
    settle(&faults(&judged), &[]);
}

#[tokio::test]
async fn a_series_in_any_zone_keeps_its_wall_clock() {
    let (mut judged, mut refused) = (Vec::new(), Vec::new());
    for series in all_series() {
        let case = format!("series {} {}", series.zone.tzid, series.start);
        own_readings(&case, &series);
        let meant = series.zone.meant(series.start);
        let story = life(&case, EARLY, series.mail().as_bytes(), &meant).await;
        if !story.invited {
            refused.push(series.zone.tzid);
            continue;
        }
        let instances = Some(by_reader(&series));
        judged.extend(story.emitted.into_iter().map(|emitted| Judged { emitted, meant: meant.clone(), instances: instances.clone() }));
    }
    assert!(refused.iter().all(|tzid| *tzid == NO_ZONE), "refused: {refused:?}");
    assert!(!refused.is_empty(), "{NO_ZONE} is a zone now");
    settle(&faults(&judged), &[]);
}

/// The readers and this table mean the same by the organizer's own object: whoever of them knows its zone.
fn own_readings(case: &str, series: &Series) {
    let Some(read) = instances_of(object_of(&series.mail()).as_bytes()) else { return };
    for (reader, instances) in &read {
        assert_eq!(*instances, series.instants(), "{case}: {reader} reads the organizer's own object otherwise");
    }
    assert!(!series.zone.described || read.len() == READERS.len(), "{case}: only {:?} can read the organizer's object", read.keys());
}

/// What is said of an organizer's object as if a guest got it.
fn complaints(text: &str, zone: &Zone, start: NaiveDateTime, instances: Option<BTreeMap<String, Vec<String>>>) -> Vec<String> {
    let emitted = Emitted {
        case: "x".to_owned(),
        to_guest: true,
        cause: "REQUEST",
        method: "REQUEST".to_owned(),
        uid: "zone-1".to_owned(),
        text: text.to_owned(),
    };
    faults(&[Judged { emitted, meant: zone.meant(start), instances }]).into_iter().map(|fault| fault.complaint).collect()
}

/// Fails if one of the readers says nothing.
fn all_see(found: &[String], readers: &[impl AsRef<str>]) {
    for reader in readers {
        let beginning = format!("{}: ", reader.as_ref());
        assert!(found.iter().any(|complaint| complaint.starts_with(&beginning)), "{beginning}nothing, among {found:?}");
    }
}

/// The readers and the comparison can fail.
#[test]
fn a_wrong_object_is_seen() {
    let (zone, start) = (&ZONES[0], wall("2026-07-15T09:00:00"));
    let whole = object_of(&zone.mail(start, "", ""));
    assert_eq!(complaints(&whole, zone, start, None), Vec::<String>::new());
    if readers::read(&[]).is_none() {
        return;
    }
    let seen_by = |text: &str, readers: Vec<String>| all_see(&complaints(text, zone, start, None), &readers);
    fn names(readers: &[impl AsRef<str>]) -> Vec<String> {
        readers.iter().map(|reader| reader.as_ref().to_owned()).collect()
    }
    seen_by(&whole.replace("SUMMARY", "SUM MARY"), names(&["icalendar", "vobject"]));
    seen_by(&whole.replace("SUMMARY:Bilan", "STATUS:CANCELLED"), names(&["libical"]));
    seen_by(&whole.replace("UID:zone-1", "UID:zone-2"), names(&READERS));
    seen_by(&whole.replace("T090000", "T080000"), names(&READERS));
    seen_by(&whole.replace("END:VEVENT", "RRULE:FREQ=DAILY;COUNT=2\r\nEND:VEVENT"), names(&READERS));
    // They know Paris, and its VTIMEZONE is wrong: two of them would not look at it.
    seen_by(&whole.replace("TZOFFSETTO:+0200", "TZOFFSETTO:+0100"), names(&READERS.map(|reader| format!("{reader}, by our VTIMEZONE"))));
}

/// As above, of series.
#[test]
fn a_wrong_series_is_seen() {
    // vobject takes a VTIMEZONE for UTC, and so for nothing, that is like UTC from 2000 to 2020.
    for zone in ZONES.iter().filter(|zone| zone.described && zone.first != 0) {
        let series = all_series().into_iter().find(|series| series.zone.tzid == zone.tzid).unwrap();
        let found = complaints(&object_of(&series.mail()), zone, series.start, Some(by_reader(&series)));
        assert_eq!(found, Vec::<String>::new(), "{}", zone.tzid);
    }
    if readers::read(&[]).is_none() {
        return;
    }
    let series = with_exceptions();
    let whole = object_of(&series.mail());
    let found = |text: &str| complaints(text, series.zone, series.start, Some(by_reader(&series)));
    assert_eq!(found(&whole), Vec::<String>::new());
    let without = |beginning: &str| whole.split_inclusive("\r\n").filter(|line| !line.starts_with(beginning)).collect::<String>();
    let wrong = [
        without("EXDATE"),
        without("RDATE"),
        without("RECURRENCE-ID"),
        whole.replace("20260422T090000", "20260422T100000"),
        whole.replace("UNTIL=20260506T070000Z", "UNTIL=20260506T065959Z"),
        whole.replace("EXDATE;TZID=Europe/Paris:20260408T090000", "EXDATE:20260408T080000Z"),
    ];
    for text in wrong {
        all_see(&found(&text), &READERS);
    }
}
