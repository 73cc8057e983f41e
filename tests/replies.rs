//! Every folder of `fixtures/replies` through read, classify and decide, with LF and with CRLF line ends, in one
//! standard dialog: Jean Martin is the guest, Claire Bernard the organizer.

use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::address::{Mailbox, NamedMailbox};
use paravent::domain::attachment::AttachmentPolicy;
use paravent::domain::attendance::{Answer, Attendance, PartStat, Response};
use paravent::domain::authentication::Authentication;
use paravent::domain::decision::policy::{Claim, Needs, policy};
use paravent::domain::decision::{Dialog, Disposition, decide};
use paravent::domain::explain::Explanation;
use paravent::domain::id::{GuestId, MeetingId, OrganizerId};
use paravent::domain::itip::Uid;
use paravent::domain::language::Language;
use paravent::domain::meeting::{Guest, Meeting, MeetingEvent, MeetingStatus, SentState};
use paravent::domain::mime::{self, MimeLimits};
use paravent::domain::occurrence::Series;
use paravent::domain::organizer::{Anonymity, Group, Organizer};
use paravent::domain::reply::{Context, Door, classify};
use paravent::domain::revision::Ledger;
use paravent::domain::series::{Recurrence, Rule};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

const OUR_UID: &str = "7f0c2a9e5b1d4e8f@visio.example";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn organizer() -> Organizer {
    Organizer {
        id: OrganizerId(Uuid::nil()),
        mailbox: mailbox("claire.bernard@agence.example"),
        aliases: Vec::new(),
        name: "Claire Bernard".into(),
        language: Language::parse("fr").unwrap(),
        secrets: Vec::new(),
        group: Group {
            name: "medical".into(),
            label: "Service médical".into(),
            anonymity: Anonymity::Anonymous,
            language: Language::parse("fr").unwrap(),
            time_zone: chrono_tz::Europe::Paris,
            allow_counter: true,
        },
        active: true,
    }
}

/// Recurs in Paris, from the start of the meeting on.
fn series(rule: &str) -> Box<Series> {
    let (zone, starts_at) = (chrono_tz::Europe::Paris, at("2026-07-06T07:00:00Z"));
    let rule = Rule::parse(rule, zone, false).unwrap();
    let recurrence = Recurrence::new(zone, starts_at, Some(rule), vec![], vec![]).unwrap();
    Box::new(Series { recurrence: Some(recurrence), changed: Default::default() })
}

/// Instants by name, as `given` has them.
fn by_instance<T>(given: &Value, read: impl Fn(&Value) -> T) -> BTreeMap<DateTime<Utc>, T> {
    given.as_object().into_iter().flatten().map(|(id, value)| (at(id), read(value))).collect()
}

fn meeting(given: &Value) -> Meeting {
    Meeting {
        id: MeetingId(Uuid::nil()),
        organizer: OrganizerId(Uuid::nil()),
        organizer_address: NamedMailbox::new("Claire Bernard", mailbox("claire.bernard@agence.example")),
        organizer_uid: Uid("their-uid@agence.example".into()),
        ledger: Ledger::default(),
        organizer_object: String::new(),
        event: MeetingEvent {
            title: "Point dossier".into(),
            description: None,
            starts_at: at("2026-07-06T07:00:00Z"),
            ends_at: at("2026-07-06T08:00:00Z"),
            series: given["rule"].as_str().map(series),
            whole_days: None,
        },
        status: if given["cancelled"] == true { MeetingStatus::Cancelled } else { MeetingStatus::Scheduled },
        room: "room".into(),
        created_at: at("2026-06-01T08:00:00Z"),
        version: 1,
    }
}

fn guest(given: &Value) -> Guest {
    let sequence = given["sequence"].as_u64().unwrap_or(0) as u32;
    let whole = Answer {
        partstat: given["partstat"].as_str().and_then(PartStat::parse).unwrap_or_default(),
        dtstamp: given["last_dtstamp"].as_str().map(at),
        ..Answer::default()
    };
    // The DTSTAMPs of answers to instances that are in force.
    let instances = by_instance(&given["instances_answered"], |stamp| Answer { dtstamp: stamp.as_str().map(at), ..Answer::default() });
    let instances_count_from = by_instance(&given["instances_count_from"], |sequence| sequence.as_u64().unwrap() as u32);
    let response = Response { whole, instances, ..Response::default() };
    let meeting = meeting(given);
    Guest {
        part: Default::default(),
        ledger: Ledger::default(),
        id: GuestId(Uuid::nil()),
        meeting: meeting.id,
        mailbox: NamedMailbox::new("Jean Martin", mailbox("jean.martin@hopital.example")),
        also: Vec::new(),
        invited_as: mailbox("jean.martin=hopital.example@guest.visio.example"),
        language: Language::parse("fr").unwrap(),
        uid: Uid(OUR_UID.into()),
        sent: Some(SentState { sequence, event: meeting.event, counts_from: sequence, instances_count_from }),
        link: Uuid::nil(),
        removed_at: (given["removed"] == true).then(|| at("2026-06-10T08:00:00Z")),
        attendance: Attendance { response, ..Attendance::default() },
        version: 1,
    }
}

fn judge(name: &str, bytes: &[u8], given: &Value) -> Value {
    let mail = mime::read(bytes, &MimeLimits::default());
    let (organizer, meeting, guest) = (organizer(), meeting(given), guest(given));
    let door = match given["door"].as_str().unwrap_or("organizer-alias") {
        "organizer-alias" => Door::OrganizerAlias,
        "guest-bounce" => Door::GuestBounce,
        "guest-alias" => Door::GuestAlias,
        "organizer-bounce" => Door::OrganizerBounce,
        other => panic!("{name}: door {other}"),
    };
    let expected = match door {
        Door::OrganizerAlias | Door::GuestBounce | Door::Assumed => &guest.mailbox.mailbox,
        Door::GuestAlias | Door::OrganizerBounce => &organizer.mailbox,
    };
    let authentication = if given["aligned"] == false { Authentication::default() } else { Authentication::vouched() };
    let now = given["now"].as_str().map_or_else(|| at("2026-06-15T09:00:00Z"), at);
    let context = Context {
        door,
        null_reverse_path: given["null_reverse_path"] == true,
        authentication: &authentication,
        sender_is_expected: mail.author().map(|author| author.mailbox.same_as(expected)),
        duplicate: given["duplicate"] == true,
        looped: given["looped"] == true,
        uid: Some(&guest.uid),
        attachments: &AttachmentPolicy::default(),
        over: meeting.is_over(now) || guest.removed_at.is_some(),
        scanned: &Default::default(),
        released: false,
        last_sent_at: given["last_sent_at"].as_str().map_or(Some(now - TimeDelta::days(2)), |text| Some(at(text))),
        now,
    };
    let classified = classify(&mail, &context);
    let dialog = Dialog { meeting: &meeting, guest: &guest, organizer: &organizer };
    let decision = decide(&mail, &classified, &dialog, &context);
    for reason in &decision.reasons {
        assert!(!reason.contains("jean.martin@"), "{name}: an address is not masked in {reason:?}");
    }
    let explanation = serde_json::to_value(Explanation::of(name, &classified, &decision, &dialog, &authentication)).unwrap();
    let found = serde_json::json!({
        "class": explanation["class"],
        "answers": explanation["answers"],
        "delivery": explanation["delivery"],
        "new_text": explanation["new_text"],
        "suggestions": explanation["suggestions"],
        "attendance": explanation["would"]["attendance"],
        "relay": explanation["would"]["relay"],
        "alerts": explanation["would"]["alerts"],
        "disposition": decision.disposition,
    });
    found
}

fn lf_to_crlf(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| if *b == b'\n' { b"\r\n".to_vec() } else { vec![*b] }).collect()
}

fn folders() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/replies");
    let mut folders: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[test]
fn every_fixture() {
    let (mut failures, mut folder_count) = (Vec::new(), 0);
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(folder.join("message.eml")).unwrap();
        assert!(folder.join("why.md").is_file(), "{name} has no why.md");
        let case: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        folder_count += 1;
        for bytes in [bytes.clone(), lf_to_crlf(&bytes)] {
            let found = judge(&name, &bytes, &case["given"]);
            for (key, expected) in case["expected"].as_object().unwrap() {
                if found[key] != *expected {
                    failures.push(format!("{name}: {key} is {}, expected {expected}", found[key]));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
    assert!(folder_count >= 60, "only {folder_count} fixtures");
}

/// Whatever a message says: what its class needs to be proved, and is not, changes nothing and is passed on to nobody.
#[test]
fn nothing_follows_without_the_proof_that_its_class_needs() {
    let mut seen = std::collections::BTreeSet::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let case: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let mail = mime::read(&std::fs::read(folder.join("message.eml")).unwrap(), &MimeLimits::default());
        let (organizer, meeting, guest) = (organizer(), meeting(&case["given"]), guest(&case["given"]));
        let nothing = Authentication::default();
        let files = AttachmentPolicy::default();
        for door in [Door::OrganizerAlias, Door::GuestBounce, Door::GuestAlias, Door::OrganizerBounce] {
            let context = Context {
                door,
                null_reverse_path: false,
                authentication: &nothing,
                sender_is_expected: Some(true),
                duplicate: false,
                looped: false,
                uid: Some(&guest.uid),
                over: false,
                attachments: &files,
                scanned: &Default::default(),
                released: false,
                last_sent_at: None,
                now: at("2026-06-15T09:00:00Z"),
            };
            let classified = classify(&mail, &context);
            let decision = decide(&mail, &classified, &Dialog { meeting: &meeting, guest: &guest, organizer: &organizer }, &context);
            let policy = policy(Claim::Reply(classified.class));
            seen.insert(classified.class.name());
            if policy.needs != Needs::ReturnPath || matches!(door, Door::OrganizerAlias | Door::GuestAlias) {
                assert!(decision.attendance.is_empty() && decision.relay.is_empty(), "{name} at {door:?}: {decision:?}");
            }
            if policy.asks_for_author() {
                let waits = [Disposition::Held, Disposition::Consumed].contains(&decision.disposition);
                assert!(waits, "{name} at {door:?}: {decision:?}");
            }
        }
    }
    assert!(seen.len() > 12, "too few classes were seen: {seen:?}");
}
