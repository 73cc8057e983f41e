//! The judge of `tests/support/itip_rules.rs` can fail: a broken object for each of its rules, and whole ones that pass.

use crate::support::itip_rules;

use itip_rules::{RULES, violations};
use std::collections::BTreeSet;

const ZONE: &str = "BEGIN:VTIMEZONE\nTZID:Europe/Paris\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
    RRULE:FREQ=YEARLY;UNTIL=20361026T010000Z;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n";
const ORGANIZER: &str = "ORGANIZER;CN=\"Service; médical\":mailto:o@visio.example\n";
const ATTENDEE: &str = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:jean@hopital.example\n";

/// A VEVENT of a series, with these lines added.
fn event(more: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:u1\nDTSTAMP:20260601T080000Z\nSEQUENCE:1\nDTSTART;TZID=Europe/Paris:20260706T090000\n\
         DTEND;TZID=Europe/Paris:20260706T094500\nSUMMARY:Un\\, deux\n{ORGANIZER}{more}END:VEVENT\n"
    )
}

fn calendar(method: &str, events: &str) -> String {
    format!("BEGIN:VCALENDAR\nPRODID:x\nVERSION:2.0\nCALSCALE:GREGORIAN\nMETHOD:{method}\n{ZONE}{events}END:VCALENDAR\n")
}

/// A REQUEST for a series with one instance moved.
fn series() -> String {
    let master = event(&format!("{ATTENDEE}RRULE:FREQ=WEEKLY;UNTIL=20261231T000000Z\nEXDATE;TZID=Europe/Paris:20260720T090000\n"));
    let moved = event(&format!("{ATTENDEE}RECURRENCE-ID;TZID=Europe/Paris:20260713T090000\n"));
    calendar("REQUEST", &(master + &moved))
}

/// The rules that this text breaks, its line feeds made CRLF.
fn broken(text: &str) -> BTreeSet<&'static str> {
    violations(text.replace('\n', "\r\n").as_bytes()).iter().map(|violation| violation.rule).collect()
}

#[test]
fn whole_objects_pass() {
    let refresh = format!("BEGIN:VEVENT\nUID:u1\nDTSTAMP:20260601T080000Z\n{ORGANIZER}{ATTENDEE}COMMENT:a\nCOMMENT:b\nEND:VEVENT\n");
    let all_day = event(ATTENDEE)
        .replace(";TZID=Europe/Paris:20260706T090000", ";VALUE=DATE:20260706")
        .replace("DTEND;TZID=Europe/Paris:20260706T094500\n", "DURATION:P1D\nRRULE:FREQ=DAILY;UNTIL=20260710\n");
    let whole = [
        series(),
        calendar("PUBLISH", &event("")),
        calendar("REPLY", &event(ATTENDEE)),
        calendar("ADD", &event(ATTENDEE)),
        calendar("CANCEL", &event(&format!("{ATTENDEE}STATUS:CANCELLED\n"))),
        calendar("REFRESH", &refresh).replace(ZONE, ""),
        calendar("COUNTER", &event("")),
        calendar("DECLINECOUNTER", &event(ATTENDEE)),
        calendar("REQUEST", &all_day).replace(ZONE, ""),
    ];
    for text in whole {
        let found = violations(text.replace('\n', "\r\n").as_bytes());
        assert!(found.is_empty(), "{text}\n{found:?}");
    }
}

#[test]
fn each_rule_is_seen_to_fail() {
    let long = format!("SUMMARY:{}\n", "x".repeat(68));
    let none = "";
    let start = "DTSTART;TZID=Europe/Paris:20260706T090000\n";
    let end = "DTEND;TZID=Europe/Paris:20260706T094500\n";
    let summary = "SUMMARY:Un\\, deux\n";
    let until = "UNTIL=20261231T000000Z";
    let id = "RECURRENCE-ID;TZID=Europe/Paris:20260713T090000\n";
    let exdate = "EXDATE;TZID=Europe/Paris:20260720T090000\n";
    // What is replaced in the series, by what, and the one rule that this breaks.
    let rows: [(&str, &str, &str); 56] = [
        (summary, "SUMMARY:a\n\n", "line-end"),
        (summary, &long, "line-length"),
        (summary, "SUMMARY:\u{7}\n", "control-character"),
        (summary, "SUMMARY:a\nX-NOTE\n", "content-line"),
        (summary, "SUMMARY:a\nX-NOTE;LANGUAGE=fr;LANGUAGE=en:x\n", "content-line"),
        (summary, "SUMMARY:a\nX NOTE:x\n", "content-line"),
        ("END:VTIMEZONE\n", "END:VALARM\nEND:VTIMEZONE\n", "nesting"),
        ("END:VCALENDAR\n", "END:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR\n", "nesting"),
        ("PRODID:x\n", none, "calendar-property"),
        ("VERSION:2.0\n", "VERSION:2.0\nVERSION:2.0\n", "calendar-property"),
        ("VERSION:2.0\n", "VERSION:1.0\n", "calendar-property"),
        ("CALSCALE:GREGORIAN", "CALSCALE:CHINESE", "calendar-property"),
        ("METHOD:REQUEST\n", none, "method"),
        ("METHOD:REQUEST\n", "METHOD:REQUEST\nMETHOD:REQUEST\n", "method"),
        ("METHOD:REQUEST\n", "METHOD:ASK\n", "method"),
        ("END:VCALENDAR\n", "BEGIN:VTODO\nUID:u1\nEND:VTODO\nEND:VCALENDAR\n", "component"),
        (ATTENDEE, none, "property"),
        (ORGANIZER, none, "property"),
        (summary, none, "property"),
        (summary, "SUMMARY:a\nSUMMARY:b\n", "property"),
        (summary, "SUMMARY:a\nEXRULE:FREQ=DAILY\n", "property"),
        (summary, "SUMMARY:a\nREQUEST-STATUS:2.0;Success\n", "property"),
        ("DTSTAMP:20260601T080000Z\n", none, "property"),
        (start, none, "property"),
        ("PRODID:x\n", "PRODID:x\nCOLOUR:red\n", "unknown-property"),
        (summary, "SUMMARY:a\nCOLOUR:red\n", "unknown-property"),
        (summary, "SUMMARY:a, b\n", "text"),
        (summary, "SUMMARY:a\\b\n", "text"),
        (summary, "SUMMARY:a\nSTATUS:CANCELLED\n", "status"),
        ("SEQUENCE:1\n", "SEQUENCE:-1\n", "sequence"),
        ("SEQUENCE:1\n", "SEQUENCE:2147483648\n", "sequence"),
        ("mailto:jean", "jean", "calendar-user"),
        ("PARTSTAT=ACCEPTED", "PARTSTAT=PERHAPS", "calendar-user"),
        (ATTENDEE, "ATTENDEE:mailto:a@b.example\nATTENDEE:MAILTO:A@b.example\n", "calendar-user"),
        (id, none, "one-master"),
        ("RECURRENCE-ID;TZID=Europe/Paris:20260713T090000\n", "RECURRENCE-ID;VALUE=DATE:20260713\n", "recurrence-id-type"),
        (exdate, "EXDATE;VALUE=DATE:20260720\n", "date-list-type"),
        (exdate, "RDATE:20260720T090000\n", "date-list-type"),
        ("20260706T090000", "20261306T090000", "time"),
        ("20260706T090000", "20260706T250000", "time"),
        ("DTSTAMP:20260601T080000Z", "DTSTAMP:20260601T080000", "dtstamp-utc"),
        (end, "DTEND;TZID=Europe/Paris:20260706T094500\nDURATION:PT45M\n", "end-and-duration"),
        (end, "DTEND;VALUE=DATE:20260707\n", "end-type"),
        (end, "DTEND:20260706T094500\n", "end-type"),
        (end, "DTEND;TZID=Europe/Paris:20260706T090000\n", "end-order"),
        (end, "DURATION:-PT45M\n", "duration"),
        (end, "DURATION:45M\n", "duration"),
        (end, "DTEND;TZID=Europe/Rome:20260706T094500\n", "tzid"),
        ("DTSTAMP:", "DTSTAMP;TZID=Europe/Paris:", "tzid"),
        (
            "BEGIN:VTIMEZONE\n",
            "BEGIN:VTIMEZONE\nTZID:Z\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0000\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VTIMEZONE\n",
            "timezone-unused",
        ),
        ("TZOFFSETTO:+0100\n", none, "timezone"),
        ("DTSTART:19701025T030000", "DTSTART:19701025T030000Z", "timezone"),
        ("FREQ=WEEKLY;", none, "rule"),
        (until, "UNTIL=20261231T000000Z;COUNT=5", "rule"),
        (until, "UNTIL=20261231T000000", "until"),
        ("20361026T010000Z", "20361026T010000", "until"),
    ];
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (whole, replacement, rule) in rows {
        let text = series();
        assert!(text.contains(whole), "{whole} is not in the series");
        let found = broken(&text.replace(whole, replacement));
        if found != BTreeSet::from([rule]) {
            wrong.push(format!("{whole} replaced by {replacement} breaks {found:?}, and should {rule}"));
        }
        seen.insert(rule);
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // What no replacement in a series makes.
    let fold = series().replace("Service; médical", &format!("{}é", "x".repeat(45)));
    let inside = fold
        .replace('\n', "\r\n")
        .into_bytes()
        .iter()
        .flat_map(|b| if *b == 0xa9 { vec![b'\r', b'\n', b' ', *b] } else { vec![*b] })
        .collect::<Vec<u8>>();
    let twice = series().replace("END:VCALENDAR", &format!("{}END:VCALENDAR", event(&format!("{ATTENDEE}{id}"))));
    let other = series().replacen("UID:u1\n", "UID:u2\n", 1);
    let uninvited = calendar("CANCEL", &event("STATUS:CANCELLED\n"));
    let bytes: [(Vec<u8>, &str); 4] = [
        (inside, "utf-8"),
        (twice.replace('\n', "\r\n").into_bytes(), "recurrence-id-once"),
        (other.replace('\n', "\r\n").into_bytes(), "one-uid"),
        (uninvited.replace('\n', "\r\n").into_bytes(), "cancel-attendee"),
    ];
    for (object, rule) in bytes {
        let found: BTreeSet<&str> = violations(&object).iter().map(|violation| violation.rule).collect();
        assert_eq!(found, BTreeSet::from([rule]), "{}", String::from_utf8_lossy(&object));
        seen.insert(rule);
    }
    assert_eq!(seen, RULES.iter().map(|(rule, _)| *rule).collect(), "a rule that was never seen to fail");
}

/// The columns differ: what one method asks for, another forbids.
#[test]
fn each_method_has_its_own_table() {
    let rows = [
        ("PUBLISH", event(ATTENDEE), "property"),
        ("REPLY", event(""), "property"),
        ("REPLY", event(&format!("{ATTENDEE}ATTENDEE:mailto:lea@cabinet.example\n")), "property"),
        ("REPLY", event(&format!("{ATTENDEE}BEGIN:VALARM\nACTION:DISPLAY\nEND:VALARM\n")), "component"),
        ("ADD", event(&format!("{ATTENDEE}RRULE:FREQ=DAILY\n")), "property"),
        ("ADD", event(ATTENDEE).replace("SEQUENCE:1", "SEQUENCE:0"), "sequence"),
        ("ADD", event(ATTENDEE) + &event(&format!("{ATTENDEE}RECURRENCE-ID;TZID=Europe/Paris:20260713T090000\n")), "component"),
        ("CANCEL", event(ATTENDEE).replace("SEQUENCE:1\n", ""), "property"),
        ("CANCEL", event(&format!("{ATTENDEE}STATUS:CONFIRMED\n")), "status"),
        ("REFRESH", event(ATTENDEE), "property"),
        ("COUNTER", event(ATTENDEE).replace("SEQUENCE:1\n", ""), "property"),
        ("DECLINECOUNTER", event(""), "property"),
    ];
    for (method, events, rule) in rows {
        let found = broken(&calendar(method, &events));
        assert!(found.contains(rule), "{method}: {found:?}\n{events}");
    }
}
