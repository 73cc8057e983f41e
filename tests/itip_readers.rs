//! Every calendar object that leaves the gateway, before judges that are not its own: RFC 5546's tables
//! (`tests/support/itip_rules.rs`), and icalendar, vobject and libical (`tests/support/read_calendar.py`), which must find
//! no fault and read the instants that the organizer means.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used)]

mod support;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use paravent::domain::mime::{self, MimeLimits};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::emitted::{Emitted, Meant, life, proposed};
use support::house::{JEAN, ORGANIZER};
use support::itip_rules::violations;
use support::readers::{self, Reading};

/// Whether series are invited to. Until then a series may be refused; a single event never.
const SERIES_LANDED: bool = false;

/// An object for the organizer with a fault that is known: case, cause, and the rule. Readers may misread its times and
/// numbers then. The fault must still be there, so that one that is mended leaves its list.
type Known = (String, &'static str, &'static str);

/// A REPLY has the organizer's own lines, faults included: a TZID whose VTIMEZONE they left out, a SEQUENCE above 2³¹.
/// (Readers other than ours take the hour before for one that is left out in spring.)
const KNOWN: [(&str, &str, &str); 6] = [
    ("02-outlook-com-utc", "REPLY", "tzid"),
    ("18-evolution-prefixed-zone", "REPLY", "tzid"),
    ("19-windows-zone-alone", "REPLY", "tzid"),
    ("45-summer-time-gap", "REPLY", "tzid"),
    ("51-sequence-overflow", "REPLY", "sequence"),
    ("51-sequence-overflow", "COUNTER", "sequence"),
];

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
    let (start, end) = if method == "COUNTER" { proposed(meant) } else { (meant.starts_at.clone(), meant.ends_at.clone()) };
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

/// By reader the instances of an organizer's own object, from those who read it without a floating time.
fn instances_of(object: &[u8]) -> Option<BTreeMap<String, Vec<String>>> {
    let readings = readers::read(&[String::from_utf8_lossy(object).into_owned()])?.remove(0);
    let is_read = |reading: &Reading| !reading.instances.is_empty() && reading.instances.iter().all(|time| time.ends_with('Z'));
    let read: BTreeMap<_, _> = readings.into_iter().filter(|(_, reading)| is_read(reading)).map(|(name, r)| (name, r.instances)).collect();
    let first = read.values().next();
    assert!(read.values().all(|instances| Some(instances) == first), "the readers do not agree on the organizer's series: {read:?}");
    (!read.is_empty()).then_some(read)
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
            guests: if guests.is_empty() { vec![JEAN.to_owned()] } else { guests },
        };
        let story = life(&case, "2026-06-01T08:00:00Z", &message, &meant).await;
        assert!(story.invited || expected["problem"].is_string(), "{case}: nobody was invited");
        let is_series = expected["series"] == true && story.invited;
        let own = mime::read(&message, &MimeLimits::default()).calendars.first().map(|calendar| calendar.bytes.to_vec());
        let instances = is_series.then(|| instances_of(&own.unwrap_or_default()).unwrap_or_default());
        invited += u32::from(story.invited);
        judged.extend(story.emitted.into_iter().map(|emitted| Judged { emitted, meant: meant.clone(), instances: instances.clone() }));
    }
    assert!(invited >= 35, "only {invited} invitations");
    settle(&faults(&judged), &KNOWN.map(|(case, cause, rule)| (case.to_owned(), cause, rule)));
}

/// A zone with its offsets in minutes, each from a day of 2026 on.
struct Zone {
    tzid: &'static str,
    /// Whether the organizer's object has a VTIMEZONE for it.
    described: bool,
    first: i64,
    changes: &'static [(&'static str, i64)],
}

const fn zone(tzid: &'static str, described: bool, first: i64, changes: &'static [(&'static str, i64)]) -> Zone {
    Zone { tzid, described, first, changes }
}

/// From tzdata, by hand.
const ZONES: [Zone; 16] = [
    zone("Europe/Paris", true, 60, &[("2026-03-29", 120), ("2026-10-25", 60)]),
    zone("Europe/Dublin", true, 0, &[("2026-03-29", 60), ("2026-10-25", 0)]),
    zone("America/New_York", true, -300, &[("2026-03-08", -240), ("2026-11-01", -300)]),
    zone("America/Sao_Paulo", true, -180, &[]),
    zone("Africa/Casablanca", true, 60, &[("2026-02-15", 0), ("2026-03-22", 60)]),
    zone("Asia/Kolkata", true, 330, &[]),
    zone("Asia/Kathmandu", true, 345, &[]),
    zone("Australia/Lord_Howe", true, 660, &[("2026-04-05", 630), ("2026-10-04", 660)]),
    zone("Pacific/Auckland", true, 780, &[("2026-04-05", 720), ("2026-09-27", 780)]),
    zone("America/Los_Angeles", false, -480, &[("2026-03-08", -420), ("2026-11-01", -480)]),
    zone("Romance Standard Time", false, 60, &[("2026-03-29", 120), ("2026-10-25", 60)]),
    zone("Eastern Standard Time", false, -300, &[("2026-03-08", -240), ("2026-11-01", -300)]),
    zone("AUS Eastern Standard Time", true, 660, &[("2026-04-05", 600), ("2026-10-04", 660)]),
    zone("India Standard Time", false, 330, &[]),
    zone("GMT Standard Time", false, 0, &[("2026-03-29", 60), ("2026-10-25", 0)]),
    zone("Customized Time Zone 7", true, 90, &[("2026-03-29", 120), ("2026-10-25", 90)]),
];

impl Zone {
    fn offset(&self, day: NaiveDate) -> i64 {
        let passed = self.changes.iter().rfind(|(from, _)| from.parse::<NaiveDate>().unwrap() <= day);
        passed.map_or(self.first, |(_, offset)| *offset)
    }

    /// The instant that a wall clock shows there, not close to a change.
    fn instant(&self, wall: NaiveDateTime) -> String {
        let instant: DateTime<Utc> = (wall - TimeDelta::minutes(self.offset(wall.date()))).and_utc();
        instant.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// VTIMEZONE with one observance for each change.
    fn described(&self) -> String {
        let written = |minutes: i64| format!("{}{:02}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60);
        let mut text = format!("BEGIN:VTIMEZONE\nTZID:{}\n", self.tzid);
        let mut before = self.first;
        for (day, offset) in [("1970-01-01", self.first)].iter().chain(self.changes) {
            text += &format!(
                "BEGIN:STANDARD\nDTSTART:{}T020000\nTZOFFSETFROM:{}\nTZOFFSETTO:{}\nEND:STANDARD\n",
                day.replace('-', ""),
                written(before),
                written(*offset)
            );
            before = *offset;
        }
        text + "END:VTIMEZONE\n"
    }

    /// The organizer's mail: a meeting of 45 minutes from this wall clock on, with more lines, and more VEVENTs.
    fn mail(&self, wall: NaiveDateTime, more: &str, overrides: &str) -> String {
        let local = |wall: NaiveDateTime| format!(";TZID={}:{}", self.tzid, wall.format("%Y%m%dT%H%M%S"));
        format!(
            "From: Claire Bernard <{ORGANIZER}>\nTo: {JEAN}\nSubject: Bilan\nMessage-ID: <z1@pc.agence.example>\nMIME-Version: 1.0\n\
             Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n\
             BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\nMETHOD:REQUEST\n{zone}BEGIN:VEVENT\n{COMMON}DTSTART{start}\nDTEND{end}\n\
             {more}END:VEVENT\n{overrides}END:VCALENDAR\n",
            zone = if self.described { self.described() } else { String::new() },
            start = local(wall),
            end = local(wall + TimeDelta::minutes(45)),
        )
    }

    fn meant(&self, wall: NaiveDateTime) -> Meant {
        Meant {
            method: Some("REQUEST".to_owned()),
            uid: "zone-1".to_owned(),
            sequence: 0,
            starts_at: self.instant(wall),
            ends_at: self.instant(wall + TimeDelta::minutes(45)),
            guests: vec![JEAN.to_owned()],
        }
    }

    /// What the organizer's object lacks, our REPLY lacks.
    fn known(&self, case: &str) -> Option<Known> {
        (!self.described).then(|| (case.to_owned(), "REPLY", "tzid"))
    }
}

/// Lines of every VEVENT of such a mail.
const COMMON: &str = "UID:zone-1\nDTSTAMP:20260105T070000Z\nSEQUENCE:0\nSUMMARY:Bilan\n\
    ORGANIZER;CN=Claire Bernard:mailto:claire.bernard@agence.example\nATTENDEE;RSVP=TRUE:mailto:jean.martin@hopital.example\n";
/// When these meetings are asked for.
const EARLY: &str = "2026-01-05T08:00:00Z";

fn wall(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_meeting_in_any_zone_is_at_its_instant() {
    let (mut judged, mut known) = (Vec::new(), Vec::new());
    for zone in &ZONES {
        for start in ["2026-01-14T09:00:00", "2026-07-15T09:00:00"] {
            let case = format!("{} {start}", zone.tzid);
            let meant = zone.meant(wall(start));
            let story = life(&case, EARLY, zone.mail(wall(start), "", "").as_bytes(), &meant).await;
            assert!(story.invited, "{case}: nobody was invited");
            known.extend(zone.known(&case));
            judged.extend(story.emitted.into_iter().map(|emitted| Judged { emitted, meant: meant.clone(), instances: None }));
        }
    }
    settle(&faults(&judged), &known);
}

/// A series of the organizer's and its instances on the wall clock.
struct Series {
    zone: &'static Zone,
    start: NaiveDateTime,
    /// Lines of the master.
    rule: String,
    overrides: String,
    walls: Vec<NaiveDateTime>,
}

impl Series {
    fn mail(&self) -> String {
        self.zone.mail(self.start, &self.rule, &self.overrides)
    }

    fn instants(&self) -> Vec<String> {
        self.walls.iter().map(|wall| self.zone.instant(*wall)).collect()
    }

    fn by_reader(&self) -> BTreeMap<String, Vec<String>> {
        READERS.iter().map(|reader| ((*reader).to_owned(), self.instants())).collect()
    }
}

fn all_series() -> Vec<Series> {
    let start = wall("2026-01-14T09:00:00");
    // Twelve times in eleven months: over both changes of the year.
    let walls: Vec<NaiveDateTime> = (0..12).map(|number| start + TimeDelta::weeks(4 * number)).collect();
    let rule = "RRULE:FREQ=WEEKLY;INTERVAL=4;COUNT=12\n";
    let of_zone = |zone| Series { zone, start, rule: rule.to_owned(), overrides: String::new(), walls: walls.clone() };
    ZONES.iter().map(of_zone).chain([with_exceptions()]).collect()
}

/// Weekly in Paris up to and with a last one, one left out, one added, one moved.
fn with_exceptions() -> Series {
    let rule = "RRULE:FREQ=WEEKLY;UNTIL=20260506T070000Z\nEXDATE;TZID=Europe/Paris:20260408T090000\n\
        RDATE;TZID=Europe/Paris:20260410T140000\n";
    let overrides = format!(
        "BEGIN:VEVENT\n{COMMON}RECURRENCE-ID;TZID=Europe/Paris:20260422T090000\nDTSTART;TZID=Europe/Paris:20260423T103000\n\
         DTEND;TZID=Europe/Paris:20260423T111500\nEND:VEVENT\n"
    );
    let days = [
        "03-11T09:00",
        "03-18T09:00",
        "03-25T09:00",
        "04-01T09:00",
        "04-10T14:00",
        "04-15T09:00",
        "04-23T10:30",
        "04-29T09:00",
        "05-06T09:00",
    ];
    let walls = days.map(|day| wall(&format!("2026-{day}:00"))).to_vec();
    Series { zone: &ZONES[0], start: wall("2026-03-11T09:00:00"), rule: rule.to_owned(), overrides, walls }
}

#[tokio::test]
async fn a_series_in_any_zone_keeps_its_wall_clock() {
    let (mut judged, mut known, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for series in all_series() {
        let case = format!("series {} {}", series.zone.tzid, series.start);
        own_readings(&case, &series);
        let meant = series.zone.meant(series.start);
        let story = life(&case, EARLY, series.mail().as_bytes(), &meant).await;
        if !story.invited {
            refused.push(case);
            continue;
        }
        known.extend(series.zone.known(&case));
        let instances = Some(series.by_reader());
        judged.extend(story.emitted.into_iter().map(|emitted| Judged { emitted, meant: meant.clone(), instances: instances.clone() }));
    }
    assert!(!SERIES_LANDED || refused.is_empty(), "refused: {refused:?}");
    settle(&faults(&judged), &known);
}

const READERS: [&str; 3] = ["icalendar", "libical", "vobject"];

/// The readers and this table mean the same by the organizer's own object: whoever of them knows its zone.
fn own_readings(case: &str, series: &Series) {
    let Some(read) = instances_of(object_of(&series.mail()).as_bytes()) else { return };
    for (reader, instances) in &read {
        assert_eq!(*instances, series.instants(), "{case}: {reader} reads the organizer's own object otherwise");
    }
    assert!(!series.zone.described || read.len() == READERS.len(), "{case}: only {:?} can read the organizer's object", read.keys());
}

fn object_of(mail: &str) -> String {
    mail.split_once("\n\n").unwrap().1.replace('\n', "\r\n")
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
        let found = complaints(&object_of(&series.mail()), zone, series.start, Some(series.by_reader()));
        assert_eq!(found, Vec::<String>::new(), "{}", zone.tzid);
    }
    if readers::read(&[]).is_none() {
        return;
    }
    let series = with_exceptions();
    let whole = object_of(&series.mail());
    let found = |text: &str| complaints(text, series.zone, series.start, Some(series.by_reader()));
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
