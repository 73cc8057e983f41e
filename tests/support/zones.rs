//! Meetings of an organizer's in zones of the whole world, and the instants that they mean by tzdata.

use super::emitted::{Meant, WrittenAs};
use super::house::{JEAN, ORGANIZER};
use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

/// A zone with its offsets in minutes, each from a day of 2026 on.
pub struct Zone {
    pub tzid: &'static str,
    /// Whether the organizer's object has a VTIMEZONE for it.
    pub described: bool,
    pub first: i64,
    pub changes: &'static [(&'static str, i64)],
}

const fn zone(tzid: &'static str, described: bool, first: i64, changes: &'static [(&'static str, i64)]) -> Zone {
    Zone { tzid, described, first, changes }
}

/// From tzdata, by hand.
pub const ZONES: [Zone; 16] = [
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
    pub fn instant(&self, wall: NaiveDateTime) -> String {
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
    pub fn mail(&self, wall: NaiveDateTime, more: &str, overrides: &str) -> String {
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

    pub fn meant(&self, wall: NaiveDateTime) -> Meant {
        Meant {
            form: WrittenAs::Clock,
            method: Some("REQUEST".to_owned()),
            uid: "zone-1".to_owned(),
            sequence: 0,
            starts_at: self.instant(wall),
            ends_at: self.instant(wall + TimeDelta::minutes(45)),
            guests: vec![JEAN.to_owned()],
        }
    }
}

/// Lines of every VEVENT of such a mail.
pub const COMMON: &str = "UID:zone-1\nDTSTAMP:20260105T070000Z\nSEQUENCE:0\nSUMMARY:Bilan\n\
    ORGANIZER;CN=Claire Bernard:mailto:claire.bernard@agence.example\nATTENDEE;RSVP=TRUE:mailto:jean.martin@hopital.example\n";
pub fn wall(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

/// A series of the organizer's and its instances on the wall clock.
pub struct Series {
    pub zone: &'static Zone,
    pub start: NaiveDateTime,
    /// Lines of the master.
    pub rule: String,
    pub overrides: String,
    pub walls: Vec<NaiveDateTime>,
}

impl Series {
    pub fn mail(&self) -> String {
        self.zone.mail(self.start, &self.rule, &self.overrides)
    }

    pub fn instants(&self) -> Vec<String> {
        self.walls.iter().map(|wall| self.zone.instant(*wall)).collect()
    }
}

pub fn all_series() -> Vec<Series> {
    let start = wall("2026-01-14T09:00:00");
    // Twelve times in eleven months: over both changes of the year.
    let walls: Vec<NaiveDateTime> = (0..12).map(|number| start + TimeDelta::weeks(4 * number)).collect();
    let rule = "RRULE:FREQ=WEEKLY;INTERVAL=4;COUNT=12\n";
    let of_zone = |zone| Series { zone, start, rule: rule.to_owned(), overrides: String::new(), walls: walls.clone() };
    ZONES.iter().map(of_zone).chain([with_exceptions()]).collect()
}

/// Weekly in Paris up to and with a last one, one left out, one added, one moved.
pub fn with_exceptions() -> Series {
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

pub fn object_of(mail: &str) -> String {
    mail.split_once("\n\n").unwrap().1.replace('\n', "\r\n")
}
