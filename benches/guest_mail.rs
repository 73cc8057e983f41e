//! What one guest's mail costs: writing it, and the leak guard's look at it. `cargo bench --bench guest_mail`.

#[path = "../tests/letters/desk.rs"]
#[allow(dead_code, reason = "the letters' tests use more of it")]
mod desk;

use chrono::TimeDelta;
use chrono_tz::Tz;
use desk::Desk;
use paravent::domain::attendance::Response;
use paravent::domain::compose::{InvitationKind, InvitationLetter, letter};
use paravent::domain::leak::{Limits, Secrets, scan_within};
use paravent::domain::occurrence::Series;
use paravent::domain::organizer::Organizer;
use paravent::domain::series::{Recurrence, Rule};

/// As long as the real ones.
const LINK: &str = "https://visio.example/j/eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.\
    eyJhdWQiOiJwYXJhdmVudC1saW5rIiwic3ViIjoiZTg2M2I5NjctN2U4NS00NTcxLThkMDMtOGVjZTUxY2I5NWE0IiwibXRnIjoiMDFhMjBmMjgtNzdmZC03\
    NDMxLThjMjctNDM2MGVhODA3ODc3IiwianRpIjoiOGRlOGJhZWYtMjUxZi00NTQ0LWI2MTktYzdlYzE2ZWFjMmZmIiwibmJmIjoxNzgwMzAwODAwLCJleHAi\
    OjE3ODU5MTU5MDB9.3MuJm2IXxM8z-UHb1zUp-f9Q0yw9KC9I_L3kCMTcA0s";

fn main() {
    let (mail, secrets) = (invitation(&Desk::new("fr")), secrets());
    let scan = scan_within(&mail, &secrets, &Limits::default());
    assert_eq!(scan.leaks, []);
    println!("a mail of {} octets: {} views of {} octets together", mail.len(), scan.views, scan.bytes);
    divan::main();
}

fn invitation(desk: &Desk) -> Vec<u8> {
    let letter = InvitationLetter {
        heading: desk.heading(&desk.alias, &desk.guest),
        kind: InvitationKind::New,
        uid: &desk.uid,
        sequence: 0,
        event: &desk.event,
        before: None,
        link: Some(LINK),
        response: &Response::default(),
        allow_counter: true,
    };
    letter::invitation(&desk.stationery, &letter).unwrap()
}

fn secrets() -> Secrets {
    let organizer: Organizer = serde_json::from_value(serde_json::json!({
        "id": "018f0000-0000-7000-8000-000000000001", "mailbox": "claire.bernard@agence.example", "aliases": ["cbe@agence.example"],
        "name": "Claire Bernard", "language": "fr", "secrets": ["+33 1 23 45 67 89"], "active": true,
        "group": {"name": "m", "label": "Service médical", "anonymity": "anonymous", "language": "fr",
                  "time_zone": "Europe/Paris", "allow_counter": true}
    }))
    .unwrap();
    Secrets::of(&organizer, &["rdv.example".to_owned()])
}

/// Templates, calendar object, MIME.
#[divan::bench]
fn write(bencher: divan::Bencher<'_, '_>) {
    let desk = Desk::new("fr");
    bencher.bench_local(|| invitation(&desk));
}

/// The same for the dearest of series: each instance is counted from the first on (COUNT), and its end is near.
#[divan::bench]
fn write_series(bencher: divan::Bencher<'_, '_>) {
    let mut desk = Desk::new("fr");
    let starts_at = desk.event.starts_at - TimeDelta::days(700);
    let rule = Rule::parse("FREQ=DAILY;COUNT=730", Tz::Europe__Paris, false).unwrap();
    let recurrence = Recurrence::new(Tz::Europe__Paris, starts_at, Some(rule), vec![], vec![]).unwrap();
    (desk.event.starts_at, desk.event.ends_at) = (starts_at, starts_at + TimeDelta::minutes(45));
    desk.event.series = Some(Box::new(Series { recurrence: Some(recurrence), ..Series::default() }));
    bencher.bench_local(|| invitation(&desk));
}

/// And for one as most are.
#[divan::bench]
fn write_weekly(bencher: divan::Bencher<'_, '_>) {
    let mut desk = Desk::new("fr");
    let rule = Rule::parse("FREQ=WEEKLY;COUNT=52", Tz::Europe__Paris, false).unwrap();
    let recurrence = Recurrence::new(Tz::Europe__Paris, desk.event.starts_at, Some(rule), vec![], vec![]).unwrap();
    desk.event.series = Some(Box::new(Series { recurrence: Some(recurrence), ..Series::default() }));
    bencher.bench_local(|| invitation(&desk));
}

/// Every decoding, every secret.
#[divan::bench]
fn guard(bencher: divan::Bencher<'_, '_>) {
    let (mail, secrets) = (invitation(&Desk::new("fr")), secrets());
    bencher.bench_local(|| scan_within(&mail, &secrets, &Limits::default()));
}
