//! The seeds of the fuzz targets through the same functions as under libFuzzer, on stable Rust; then the fixtures,
//! mutated by their structure; then long inputs, which anything quadratic would never finish.

use proptest::prelude::*;
use std::path::{Path, PathBuf};

#[path = "../fuzz/bodies.rs"]
mod bodies;

/// Octets of a long input: enough that a step for each pair of its lines would never end, and short for an unoptimized build.
const LONG: usize = 1 << 20;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(target: &str, body: fn(&[u8])) {
    let seeds = files(&root().join("fuzz/seeds").join(target));
    assert!(seeds.len() >= 8, "{target} has {} seeds", seeds.len());
    for seed in seeds {
        println!("{}", seed.display());
        body(&std::fs::read(&seed).unwrap());
    }
}

#[test]
fn seeds() {
    replay("mime", bodies::mime);
    replay("calendar", bodies::calendar);
    replay("token", bodies::token);
    replay("classification", bodies::classification);
    replay("tnef", bodies::tnef);
    replay("leak", bodies::leak);
    replay("series", bodies::series);
}

fn fixtures() -> Vec<Vec<u8>> {
    let mails: Vec<_> =
        files(&root().join("fixtures/replies")).iter().filter_map(|folder| std::fs::read(folder.join("message.eml")).ok()).collect();
    assert!(mails.len() >= 90, "{} fixtures", mails.len());
    mails
}

/// One change of a message, by lines or by octets; positions are taken modulo what is there.
#[derive(Clone, Debug)]
enum Change {
    Drop(usize),
    Twice(usize),
    Swap(usize, usize),
    Cut(usize),
    Octet(usize, u8),
    Insert(usize, &'static str),
    Graft(usize, usize),
    Repeat(usize, usize),
}

/// What readers stumble over.
const PIECES: [&str; 16] = [
    "--b1",
    "--b1--",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b1",
    "Content-Type: message/rfc822",
    "Content-Transfer-Encoding: base64",
    "Content-Type: text/calendar; method=REPLY; charset=utf-16",
    "BEGIN:VEVENT",
    "END:VCALENDAR",
    "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=\"tzone://Microsoft/Utc\":20260231T250000",
    "ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:\u{e9}\":mailto:%00%",
    "Action: failed",
    "Status: 5.1",
    "Le 3 mars 2026 \u{e0} 10:00, X <x@y.example> a \u{e9}crit :",
    "-----Original Message-----",
    "550-5.1.1 <\u{1f600}@x> 550 \u{e9}",
    "",
];

fn change() -> impl Strategy<Value = Change> {
    let at = || 0..10_000_usize;
    prop_oneof![
        at().prop_map(Change::Drop),
        at().prop_map(Change::Twice),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
        at().prop_map(Change::Cut),
        (at(), any::<u8>()).prop_map(|(at, octet)| Change::Octet(at, octet)),
        (at(), prop::sample::select(PIECES.to_vec())).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (at(), at()).prop_map(|(at, other)| Change::Graft(at, other)),
        (at(), 2..200_usize).prop_map(|(at, times)| Change::Repeat(at, times)),
    ]
}

fn mutate(mail: &[u8], changes: &[Change], all: &[Vec<u8>]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = mail.split(|octet| *octet == b'\n').map(<[u8]>::to_vec).collect();
    for change in changes {
        let count = lines.len();
        match *change {
            Change::Drop(at) if count > 1 => drop(lines.remove(at % count)),
            Change::Twice(at) => lines.insert(at % count, lines[at % count].clone()),
            Change::Swap(a, b) => lines.swap(a % count, b % count),
            Change::Cut(at) => lines.truncate(at % count + 1),
            Change::Octet(at, octet) => {
                let line = &mut lines[at % count];
                let place = at % (line.len() + 1);
                line.insert(place, octet);
            }
            Change::Insert(at, piece) => lines.insert(at % count, piece.as_bytes().to_vec()),
            Change::Graft(at, other) => {
                let graft = all[other % all.len()].split(|octet| *octet == b'\n').map(<[u8]>::to_vec);
                lines.splice(at % count..at % count, graft);
            }
            Change::Repeat(at, times) => lines.splice(at % count..at % count, vec![lines[at % count].clone(); times]).for_each(drop),
            Change::Drop(_) => {}
        }
    }
    lines.join(&b'\n')
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_fixtures_are_judged(which in 0..10_000_usize, changes in prop::collection::vec(change(), 1..12)) {
        let all = fixtures();
        let mutated = mutate(&all[which % all.len()], &changes, &all);
        bodies::mime(&mutated);
        bodies::classification(&mutated);
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        bodies::mime(&bytes);
        bodies::calendar(&bytes);
        bodies::token(&bytes);
        bodies::classification(&bytes);
        bodies::tnef(&bytes);
        bodies::leak(&bytes);
    }
}

/// A megabyte of what is short and repeated: no assertion on time, but a step for each pair of lines would be 10¹¹ steps.
#[test]
fn long_inputs_are_finished() {
    let shapes: [(&str, &str); 7] = [
        ("From: a@b.example\n\n", "x\n"),
        ("From: a@b.example\n\n", "\n"),
        ("From: a@b.example\n\n", "On 1 2, a@b.example wrote:\n> x\ny\n"),
        ("From: a@b.example\n\n", "From: a@b\n\n\n"),
        ("From: a@b.example\n\n", "mailbox "),
        ("From: MAILER-DAEMON\nSubject: Undelivered Mail\n\n", "<a@b.example>: 550 \u{e9}\n"),
        ("From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n"),
    ];
    for (head, piece) in shapes {
        let mail = [head, &piece.repeat(LONG / piece.len())].concat();
        let found = paravent::domain::explain::content_only(piece, mail.as_bytes(), &Default::default(), chrono::DateTime::UNIX_EPOCH);
        assert!(!found.reasons.is_empty(), "{piece:?}");
    }
}
