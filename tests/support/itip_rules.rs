//! An independent judge of iTIP objects: RFC 5546's restriction tables for VEVENT and RFC 5545's rules of lines and times.
//!
//! It shares no line with the gateway: it has a reader of its own, strict where the gateway's forgives, and knows no zones.
//! EXRULE is forbidden in all methods (RFC 5545 deprecates it); names of RFC 7986 are allowed in all.

#[path = "content_lines.rs"]
mod content_lines;

use content_lines::{Form, Line, Part, content_line, is_date, is_escaped, is_offset, is_time, seconds, split};
use std::collections::{BTreeSet, HashSet};
use std::fmt;

/// A rule that an object breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// One of [`RULES`].
    pub rule: &'static str,
    /// Where, and what is there.
    pub place: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.place)
    }
}

/// Every rule, with the section that gives it.
pub const RULES: [(&str, &str); 32] = [
    ("line-end", "RFC 5545 §3.1: lines end with CRLF, none is empty"),
    ("line-length", "RFC 5545 §3.1: at most 75 octets"),
    ("utf-8", "RFC 5545 §3.1.4, and no fold within a character"),
    ("control-character", "RFC 5545 §3.1: none but a tab"),
    ("content-line", "RFC 5545 §3.1: name, parameters, colon, value; a parameter once"),
    ("nesting", "RFC 5545 §3.4, §3.6: one VCALENDAR, and each END fits its BEGIN"),
    ("calendar-property", "RFC 5545 §3.6: PRODID and VERSION:2.0 once, CALSCALE:GREGORIAN at most once"),
    ("method", "RFC 5546 §3.2: METHOD once, one of eight"),
    ("component", "RFC 5546 §3.2: which components, how many"),
    ("property", "RFC 5546 §3.2: which properties, how many"),
    ("unknown-property", "RFC 5545 §3.8.8: a name is registered or begins with X-"),
    ("text", "RFC 5545 §3.3.11: backslash, semicolon and comma are escaped in TEXT"),
    ("status", "RFC 5546 §3.2: which STATUS a method allows"),
    ("sequence", "RFC 5545 §3.8.7.4, RFC 5546 §3.2.4: a number of 0 or more; above 0 in ADD"),
    ("cancel-attendee", "RFC 5546 §3.2.5: a CANCEL names attendees"),
    ("calendar-user", "RFC 6047 §2.3, RFC 5545 §3.2: a mailto address once, with known words"),
    ("one-uid", "RFC 5546 §3.2: all VEVENTs have one UID"),
    ("one-master", "RFC 5546 §3.2: at most one VEVENT has no RECURRENCE-ID"),
    ("recurrence-id-once", "RFC 5546 §3.2: an instance is there once"),
    ("recurrence-id-type", "RFC 5545 §3.8.4.4: as the master's DTSTART"),
    ("time", "RFC 5545 §3.3.4, §3.3.5: what a time looks like, and its VALUE"),
    ("dtstamp-utc", "RFC 5545 §3.8.7.2: DTSTAMP is in UTC"),
    ("end-and-duration", "RFC 5545 §3.6.1: not both"),
    ("end-type", "RFC 5545 §3.8.2.2: as DTSTART"),
    ("end-order", "RFC 5545 §3.8.2.2: DTEND is later"),
    ("duration", "RFC 5545 §3.3.6, §3.6.1: positive, in days where DTSTART is a DATE"),
    ("tzid", "RFC 5545 §3.2.19: on local times alone, with a VTIMEZONE for each"),
    ("timezone-unused", "RFC 5546 §3.2: a VTIMEZONE is there for a time that names it, once"),
    ("timezone", "RFC 5545 §3.6.5: TZID, and observances with start and offsets"),
    ("rule", "RFC 5545 §3.3.10: FREQ once, each part once, not both COUNT and UNTIL"),
    ("until", "RFC 5545 §3.3.10: UTC where DTSTART is an instant, a DATE where it is a DATE"),
    ("date-list-type", "RFC 5545 §3.8.5: EXDATE and RDATE as DTSTART"),
];

const METHODS: [&str; 8] = ["PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"];

/// How often a name may be there; `?` is "0 or 1".
type Row = (&'static str, [&'static str; 8]);

/// RFC 5546 §3.2.1 to §3.2.8, in the order of [`METHODS`].
const PROPERTIES: [Row; 33] = [
    ("ATTENDEE", ["0", "1+", "1", "0+", "0+", "1", "0+", "1+"]),
    ("DTSTAMP", ["1"; 8]),
    ("DTSTART", ["1", "1", "?", "1", "?", "0", "1", "?"]),
    ("ORGANIZER", ["1"; 8]),
    ("SUMMARY", ["1", "1", "?", "1", "?", "0", "1", "?"]),
    ("UID", ["1"; 8]),
    ("RECURRENCE-ID", ["?", "?", "?", "0", "?", "?", "?", "?"]),
    ("SEQUENCE", ["?", "?", "?", "1", "1", "0", "1", "1"]),
    ("REQUEST-STATUS", ["0", "0", "0+", "0", "0", "0", "0+", "0+"]),
    ("ATTACH", ["0+", "0+", "0+", "0+", "0+", "0", "0+", "0+"]),
    ("CATEGORIES", ["0+", "0+", "0+", "0+", "0+", "0", "0+", "0+"]),
    ("CLASS", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("COMMENT", ["0+"; 8]),
    ("CONTACT", ["0+", "0+", "0+", "0+", "0+", "0", "0+", "0+"]),
    ("CREATED", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("DESCRIPTION", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("DTEND", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("DURATION", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("EXDATE", ["0+", "0+", "0+", "0", "0+", "0", "0+", "0+"]),
    ("EXRULE", ["0"; 8]),
    ("GEO", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("LAST-MODIFIED", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("LOCATION", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("PRIORITY", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("RDATE", ["0+", "0+", "0+", "0", "0+", "0", "0+", "0+"]),
    ("RELATED-TO", ["0+", "0+", "0+", "0+", "0+", "0", "0+", "0+"]),
    ("RESOURCES", ["0+", "0+", "0+", "0+", "0+", "0", "0+", "0+"]),
    ("RRULE", ["?", "?", "?", "0", "?", "0", "?", "?"]),
    ("STATUS", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("TRANSP", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("URL", ["?", "?", "?", "?", "?", "0", "?", "?"]),
    ("COLOR", ["?"; 8]),
    ("METHOD", ["0"; 8]),
];
/// The same of components; VALARM is within VEVENT, the others beside it.
const COMPONENTS: [Row; 6] = [
    ("VEVENT", ["1+", "1+", "1+", "1", "1+", "1", "1", "1+"]),
    ("VTIMEZONE", ["0+", "0+", "?", "0+", "0+", "0+", "0+", "0+"]),
    ("VALARM", ["0+", "0+", "0", "0+", "0", "0", "0+", "0"]),
    ("VTODO", ["0"; 8]),
    ("VJOURNAL", ["0"; 8]),
    ("VFREEBUSY", ["0"; 8]),
];
/// STATUS by method, where RFC 5546 names the words.
const STATUSES: [&[&str]; 8] = [
    &["TENTATIVE", "CONFIRMED", "CANCELLED"],
    &["TENTATIVE", "CONFIRMED"],
    &["TENTATIVE", "CONFIRMED", "CANCELLED"],
    &["TENTATIVE", "CONFIRMED"],
    &["CANCELLED"],
    &[],
    &["TENTATIVE", "CONFIRMED", "CANCELLED"],
    &["TENTATIVE", "CONFIRMED"],
];
/// Of RFC 7986 and later; any number.
const OTHER_PROPERTIES: [&str; 2] = ["CONFERENCE", "IMAGE"];
const TEXTS: [&str; 5] = ["SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "UID"];
const USER_WORDS: [(&str, &[&str]); 4] = [
    ("PARTSTAT", &["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"]),
    ("ROLE", &["CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"]),
    ("CUTYPE", &["INDIVIDUAL", "GROUP", "RESOURCE", "ROOM", "UNKNOWN"]),
    ("RSVP", &["TRUE", "FALSE"]),
];
/// Properties whose values are times.
const TIMES: [&str; 9] = ["DTSTAMP", "DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "CREATED", "LAST-MODIFIED", "COMPLETED"];

/// Everything that is wrong with the object, in no order.
pub fn violations(object: &[u8]) -> Vec<Violation> {
    let mut judge = Judge::default();
    let lines = judge.lines(object);
    if let Some(calendar) = judge.nested(lines) {
        judge.calendar(&calendar);
    }
    judge.found
}

#[derive(Default)]
struct Judge {
    found: Vec<Violation>,
}

impl Judge {
    fn unless(&mut self, right: bool, rule: &'static str, place: impl FnOnce() -> String) {
        if !right {
            self.found.push(Violation { rule, place: place() });
        }
    }

    /// The octets as content lines, folds undone.
    fn lines(&mut self, object: &[u8]) -> Vec<Line> {
        let mut joined: Vec<Vec<u8>> = Vec::new();
        let whole = object.strip_suffix(b"\r\n");
        self.unless(whole.is_some(), "line-end", || "the last line has no end".to_owned());
        for (number, physical) in split(whole.unwrap_or(object)).into_iter().enumerate() {
            let shown = || format!("line {}: {}", number + 1, String::from_utf8_lossy(physical));
            self.unless(!physical.is_empty() && !physical.iter().any(|octet| b"\r\n".contains(octet)), "line-end", shown);
            self.unless(physical.len() <= 75, "line-length", shown);
            self.unless(std::str::from_utf8(physical).is_ok(), "utf-8", shown);
            let is_control = |octet: &u8| (*octet < b' ' && !b"\t\r\n".contains(octet)) || *octet == 0x7f;
            self.unless(!physical.iter().any(is_control), "control-character", shown);
            match (physical.first(), joined.last_mut()) {
                (Some(b' ' | b'\t'), Some(last)) => last.extend_from_slice(&physical[1..]),
                (None, _) => {}
                _ => joined.push(physical.to_vec()),
            }
        }
        let mut lines = Vec::new();
        for text in joined.iter().map(|octets| String::from_utf8_lossy(octets)) {
            let line = content_line(&text);
            self.unless(line.is_some(), "content-line", || text.to_string());
            lines.extend(line);
        }
        lines
    }

    /// The lines as a tree; `None` where they are none.
    fn nested(&mut self, lines: Vec<Line>) -> Option<Part> {
        let mut open: Vec<Part> = vec![Part::default()];
        for line in lines {
            match line.name.as_str() {
                "BEGIN" => open.push(Part { name: line.value, ..Part::default() }),
                "END" if open.len() > 1 && open.last().is_some_and(|part| part.name == line.value) => {
                    let done = open.pop()?;
                    open.last_mut()?.parts.push(done);
                }
                "END" => self.unless(false, "nesting", || format!("END:{}", line.value)),
                _ => open.last_mut()?.lines.push(line),
            }
        }
        let mut root = open.swap_remove(0);
        let single = open.is_empty() && root.lines.is_empty() && root.parts.len() == 1 && root.parts[0].name == "VCALENDAR";
        self.unless(single, "nesting", || format!("{} at the top, {} never end", root.parts.len(), open.len()));
        single.then(|| root.parts.remove(0))
    }

    fn calendar(&mut self, calendar: &Part) {
        let once = |name: &str| calendar.all(name).count() == 1;
        self.unless(once("PRODID") && !calendar.value("PRODID").is_empty(), "calendar-property", || "PRODID".to_owned());
        self.unless(once("VERSION") && calendar.value("VERSION") == "2.0", "calendar-property", || "VERSION".to_owned());
        let scales: Vec<&str> = calendar.all("CALSCALE").map(|line| line.value.as_str()).collect();
        self.unless(scales.is_empty() || scales == ["GREGORIAN"], "calendar-property", || format!("CALSCALE {scales:?}"));
        for line in &calendar.lines {
            let known = ["PRODID", "VERSION", "CALSCALE", "METHOD"].contains(&line.name.as_str()) || line.name.starts_with("X-");
            self.unless(known, "unknown-property", || format!("VCALENDAR {}", line.name));
        }
        let column = METHODS.iter().position(|method| *method == calendar.value("METHOD"));
        self.unless(once("METHOD") && column.is_some(), "method", || format!("{:?}", calendar.value("METHOD")));
        self.times(calendar);
        self.zones(calendar);
        let events: Vec<&Part> = calendar.inner("VEVENT").collect();
        self.siblings(&events);
        let master = events.iter().find(|event| event.one("RECURRENCE-ID").is_none()).and_then(|event| event.one("DTSTART"));
        for event in &events {
            self.event(event, master.and_then(Line::form));
        }
        if let Some(column) = column {
            self.tables(calendar, &events, column);
        }
    }

    /// What the tables of RFC 5546 say, and the words beside them.
    fn tables(&mut self, calendar: &Part, events: &[&Part], column: usize) {
        let method = METHODS[column];
        for (name, row) in COMPONENTS.iter().filter(|(name, _)| *name != "VALARM") {
            let count = calendar.inner(name).count();
            self.unless(allows(row[column], count), "component", || format!("{method}: {count} {name}, must be {}", row[column]));
        }
        for event in events {
            for (name, row) in PROPERTIES {
                let count = event.all(name).count();
                self.unless(allows(row[column], count), "property", || format!("{method}: {count} {name}, must be {}", row[column]));
            }
            let alarms = event.inner("VALARM").count();
            let allowed = COMPONENTS.iter().any(|(name, row)| *name == "VALARM" && allows(row[column], alarms));
            self.unless(allowed && alarms == event.parts.len(), "component", || format!("{method}: parts within VEVENT"));
            if let Some(status) = event.one("STATUS").filter(|_| !STATUSES[column].is_empty()) {
                self.unless(STATUSES[column].contains(&status.value.as_str()), "status", || format!("{method}: {}", status.value));
            }
            if method == "CANCEL" {
                self.unless(event.one("ATTENDEE").is_some(), "cancel-attendee", || "nobody is named".to_owned());
            }
            if method == "ADD" {
                self.unless(event.value("SEQUENCE") != "0", "sequence", || "ADD with SEQUENCE:0".to_owned());
            }
        }
    }

    /// What the VEVENTs have in common, and what tells them apart.
    fn siblings(&mut self, events: &[&Part]) {
        let uids: HashSet<&str> = events.iter().map(|event| event.value("UID")).collect();
        self.unless(uids.len() <= 1 && !uids.contains(""), "one-uid", || format!("{uids:?}"));
        let ids: Vec<&Line> = events.iter().filter_map(|event| event.one("RECURRENCE-ID")).collect();
        self.unless(events.len() - ids.len() <= 1, "one-master", || format!("{} masters", events.len() - ids.len()));
        let distinct: HashSet<&str> = ids.iter().map(|line| line.value.as_str()).collect();
        self.unless(distinct.len() == ids.len(), "recurrence-id-once", || format!("{distinct:?} for {}", ids.len()));
    }

    fn event(&mut self, event: &Part, master: Option<Form>) {
        for line in &event.lines {
            let name = line.name.as_str();
            let known = PROPERTIES.iter().any(|(known, _)| *known == name) || OTHER_PROPERTIES.contains(&name);
            self.unless(known || name.starts_with("X-"), "unknown-property", || format!("VEVENT {name}"));
            if TEXTS.contains(&name) {
                self.unless(is_escaped(&line.value), "text", || format!("{name}:{}", line.value));
            }
        }
        if let Some(sequence) = event.one("SEQUENCE") {
            self.unless(sequence.value.parse::<u32>().is_ok_and(|n| n <= i32::MAX as u32), "sequence", || sequence.value.clone());
        }
        self.users(event);
        let start = event.one("DTSTART");
        self.end(event, start);
        let form = start.and_then(Line::form);
        let id = event.one("RECURRENCE-ID").and_then(Line::form);
        let same = |a: Option<Form>, b: Option<Form>| a.zip(b).is_none_or(|(a, b)| a.is_like(b));
        self.unless(same(id, master), "recurrence-id-type", || format!("{id:?} of a master of {master:?}"));
        for name in ["EXDATE", "RDATE"] {
            for list in event.all(name).filter_map(Line::forms) {
                let like = list.iter().all(|form_of_it| *form_of_it == Form::Period || same(Some(*form_of_it), form.or(master)));
                self.unless(like, "date-list-type", || format!("{name} {list:?} of {form:?}"));
            }
        }
        for rule in event.all("RRULE") {
            self.rule(&rule.value, form);
        }
    }

    fn users(&mut self, event: &Part) {
        let mut seen = HashSet::new();
        for line in event.lines.iter().filter(|line| ["ATTENDEE", "ORGANIZER"].contains(&line.name.as_str())) {
            let address = line.value.to_ascii_lowercase();
            let is_mail = address.strip_prefix("mailto:").is_some_and(|rest| rest.contains('@') && !rest.contains([' ', '<', '>', '"']));
            self.unless(is_mail, "calendar-user", || line.value.clone());
            self.unless(seen.insert((line.name.clone(), address)), "calendar-user", || format!("{} is there twice", line.value));
            for (name, words) in USER_WORDS {
                let known = line.parameter(name).is_none_or(|word| words.contains(&word) || word.starts_with("X-"));
                self.unless(known, "calendar-user", || format!("{name}={:?}", line.parameter(name)));
            }
        }
    }

    fn end(&mut self, event: &Part, start: Option<&Line>) {
        let (end, duration) = (event.one("DTEND"), event.one("DURATION"));
        self.unless(end.is_none() || duration.is_none(), "end-and-duration", || "both are there".to_owned());
        let form = start.and_then(Line::form);
        if let (Some(start), Some(end)) = (start, end) {
            let like = form.zip(end.form()).is_none_or(|(a, b)| a.is_like(b));
            self.unless(like, "end-type", || format!("DTSTART {form:?}, DTEND {:?}", end.form()));
            // Times of one form and zone compare as text.
            let comparable = form == end.form() && start.parameter("TZID") == end.parameter("TZID");
            self.unless(!comparable || start.value < end.value, "end-order", || format!("{} to {}", start.value, end.value));
        }
        if let Some(duration) = duration {
            let length = seconds(&duration.value);
            let in_days = form != Some(Form::Date) || !duration.value.contains('T');
            self.unless(in_days && length.is_some_and(|length| length > 0), "duration", || duration.value.clone());
        }
    }

    fn rule(&mut self, value: &str, start: Option<Form>) {
        let parts: Vec<(&str, &str)> = value.split(';').map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
        let names: BTreeSet<&str> = parts.iter().map(|(name, _)| *name).collect();
        let both = names.contains("COUNT") && names.contains("UNTIL");
        self.unless(names.len() == parts.len() && names.contains("FREQ") && !both, "rule", || value.to_owned());
        if let Some((_, until)) = parts.iter().find(|(name, _)| *name == "UNTIL") {
            let right = match start {
                Some(Form::Date) => is_date(until),
                Some(Form::Floating) => is_time(until),
                Some(Form::Utc | Form::Zoned | Form::Period) | None => until.strip_suffix('Z').is_some_and(is_time),
            };
            self.unless(right, "until", || format!("{until} of {start:?}"));
        }
    }

    /// Every time at any depth: that it is one, and what TZID does there.
    fn times(&mut self, part: &Part) {
        for line in part.lines.iter().filter(|line| TIMES.contains(&line.name.as_str())) {
            let forms = line.forms();
            self.unless(forms.is_some(), "time", || format!("{} {}", line.name, line.value));
            let zoned = forms.iter().flatten().all(|form| matches!(form, Form::Zoned | Form::Period));
            self.unless(line.parameter("TZID").is_none() || zoned, "tzid", || format!("{} {}", line.name, line.value));
            if line.name == "DTSTAMP" {
                self.unless(forms.as_deref() == Some(&[Form::Utc]), "dtstamp-utc", || line.value.clone());
            }
        }
        part.parts.iter().for_each(|inner| self.times(inner));
    }

    fn zones(&mut self, calendar: &Part) {
        let defined: Vec<&str> = calendar.inner("VTIMEZONE").map(|zone| zone.value("TZID")).collect();
        let mut named = BTreeSet::new();
        names_of_zones(calendar, &mut named);
        for name in &named {
            self.unless(defined.contains(name), "tzid", || format!("{name} has no VTIMEZONE"));
        }
        let distinct: BTreeSet<&str> = defined.iter().copied().collect();
        self.unless(distinct.len() == defined.len(), "timezone-unused", || format!("twice: {defined:?}"));
        for name in distinct.difference(&named) {
            self.unless(false, "timezone-unused", || (*name).to_owned());
        }
        for zone in calendar.inner("VTIMEZONE") {
            let once = zone.all("TZID").count() == 1 && !zone.value("TZID").is_empty() && !zone.parts.is_empty();
            self.unless(once, "timezone", || zone.value("TZID").to_owned());
            for observance in &zone.parts {
                let is_known = ["STANDARD", "DAYLIGHT"].contains(&observance.name.as_str());
                let complete = ["DTSTART", "TZOFFSETFROM", "TZOFFSETTO"].iter().all(|name| observance.all(name).count() == 1);
                let offsets = ["TZOFFSETFROM", "TZOFFSETTO"].iter().all(|name| is_offset(observance.value(name)));
                let local = observance.one("DTSTART").and_then(Line::form) == Some(Form::Floating);
                let place = || format!("{} {}", zone.value("TZID"), observance.name);
                self.unless(is_known && complete && offsets && local, "timezone", place);
                for rule in observance.all("RRULE") {
                    // Always in UTC there.
                    self.rule(&rule.value, Some(Form::Utc));
                }
            }
        }
    }
}

fn names_of_zones<'a>(part: &'a Part, names: &mut BTreeSet<&'a str>) {
    names.extend(part.lines.iter().filter_map(|line| line.parameter("TZID")));
    part.parts.iter().for_each(|inner| names_of_zones(inner, names));
}

fn allows(presence: &str, count: usize) -> bool {
    match presence {
        "0" => count == 0,
        "1" => count == 1,
        "?" => count <= 1,
        "1+" => count >= 1,
        _ => true,
    }
}
