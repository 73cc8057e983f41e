//! Mixed messages of all classes through the doors of the real program, many sessions at once: every 250 that was said is one
//! message of the archive in one terminal state, and `paravent reconcile` says so.
//!
//! `PARAVENT_MESSAGES=50000 cargo test --release --test all balance:: -- --nocapture` is the long run; what is random comes from
//! `PARAVENT_SEED`.

use crate::support;

use paravent::domain::itip;
use paravent::domain::mime::{self, MimeLimits};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use support::dns::Zone;
use support::net;
use support::peer::{Peer, Said};
use support::servers::{Gateway, GatewayPorts};
use support::sink::{Sink, Taken};

const SESSIONS: usize = 12;
/// Messages of one session, before it is opened anew.
const A_SESSION: usize = 40;
const GUESTS: usize = 5;
/// An address that the gateway does not trust: what comes from there is proved by nothing.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A small generator (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % most.max(1) as u64) as usize
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// A message of the fixtures, and the door that it came to.
struct Seed {
    raw: String,
    door: String,
    null_path: bool,
}

fn seeds() -> Vec<Seed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/replies");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let seed = |folder: &std::path::PathBuf| {
        let raw = std::fs::read(folder.join("message.eml")).ok()?;
        let case: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).ok()?).unwrap();
        let door = case["given"]["door"].as_str().unwrap_or("organizer-alias").to_owned();
        let raw = String::from_utf8_lossy(&raw).replace("\r\n", "\n");
        Some(Seed { raw, door, null_path: case["given"]["null_reverse_path"] == true })
    };
    let seeds: Vec<Seed> = folders.iter().filter_map(seed).collect();
    assert!(seeds.len() > 100, "{} fixtures", seeds.len());
    seeds
}

/// A dialog as the mails of it show it.
#[derive(Clone, Debug)]
struct Dialog {
    organizer: usize,
    guest: String,
    alias: String,
    bounce: String,
    uid: String,
    /// What the organizer writes to.
    reverse: String,
}

fn organizer(number: usize) -> String {
    format!("o{number}@agence.example")
}

fn order(number: usize, sequence: usize, stamp: usize) -> String {
    let from = organizer(number);
    let guests: Vec<String> = (0..GUESTS).map(|guest| format!("g{number}.{guest}@hopital.example")).collect();
    let attendees: String = guests.iter().map(|guest| format!("ATTENDEE;RSVP=TRUE:mailto:{guest}\n")).collect();
    format!(
        "From: {from}\nTo: guests:;\nSubject: Point {number}\nMessage-ID: <order-{number}-{sequence}-{stamp}@agence.example>\nMIME-Version: 1.0\n\
         Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\nMETHOD:REQUEST\n\
         BEGIN:VEVENT\nUID:meeting-{number}@agence.example\nDTSTAMP:203001{day:02}T{hour:02}{minute:02}00Z\nSEQUENCE:{sequence}\n\
         DTSTART:20310706T{start:02}0000Z\nDTEND:20310706T{start:02}4500Z\nSUMMARY:Point\nORGANIZER:mailto:{from}\n{attendees}END:VEVENT\nEND:VCALENDAR\n",
        day = 1 + stamp / 1440 % 28,
        hour = stamp / 60 % 24,
        minute = stamp % 60,
        start = 6 + sequence % 12,
    )
}

fn guests_of(number: usize) -> Vec<String> {
    (0..GUESTS).map(|guest| format!("g{number}.{guest}@hopital.example")).collect()
}

struct Stage {
    gateway: Gateway,
    sink: Sink,
    /// How often 250 was said to the end of a message.
    accepted: AtomicU64,
    answers: std::sync::Mutex<BTreeMap<String, u64>>,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set(organizers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sink, resolver) = (Sink::start(), Zone::default().serve());
        let [mx, submission, lmtp, web] = net::free_ports();
        let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
        let mut directory = "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n".to_owned();
        for number in 0..organizers {
            directory.push_str(&format!(",{},,Agent {number},,,fr,medical,,true\n", organizer(number)));
        }
        let edit = |text: &str| {
            let trusted = "[authentication]\ntrusted_networks = [\"127.0.0.1/32\"]\n";
            text.replace(trusted, &format!("{trusted}resolvers = [\"127.0.0.1\"]\nresolver_port = {resolver}\n"))
        };
        let gateway = Gateway::start_with(folder.path(), ports, &directory, edit);
        Self { gateway, sink, accepted: AtomicU64::new(0), answers: std::sync::Mutex::default(), _folder: folder }
    }

    fn note(&self, said: &Said) {
        for answer in &said.end {
            self.accepted.fetch_add(u64::from(answer.starts_with("250")), Ordering::SeqCst);
            *self.answers.lock().unwrap().entry(answer.get(..9).unwrap_or(answer).to_owned()).or_default() += 1;
        }
    }

    /// Invites, and has each guest write once, so that all addresses of each dialog are known.
    fn invite(&self, organizers: usize) -> Vec<Dialog> {
        let mut session = Peer::smtp(self.gateway.ports.submission);
        for number in 0..organizers {
            let guests = guests_of(number);
            let to: Vec<&str> = guests.iter().map(String::as_str).collect();
            self.note(&session.send(&organizer(number), &to, crlf(&order(number, 0, 0)).as_bytes()));
        }
        let dialog = |taken: &Taken| {
            let mail = mime::read(&taken.raw, &MimeLimits::default());
            let uid = itip::read(&mail.calendars.first()?.bytes).ok()?.main_event()?.uid.clone();
            let number = taken.to.strip_prefix('g')?.split('.').next()?.parse().ok()?;
            let alias = mail.author()?.mailbox.to_string();
            Some(Dialog { organizer: number, guest: taken.to.clone(), alias, bounce: taken.from.clone(), uid, reverse: String::new() })
        };
        let count = organizers * GUESTS;
        let mut dialogs = self.sink.wait_for("the invitations", |taken| {
            let found: Vec<Dialog> = taken.iter().filter_map(dialog).collect();
            (found.len() == count).then_some(found)
        });
        let mut session = Peer::smtp(self.gateway.ports.mx);
        for (number, dialog) in dialogs.iter().enumerate() {
            let Dialog { guest, alias, .. } = dialog;
            let text = format!(
                "From: {guest}\r\nTo: {alias}\r\nSubject: Point\r\nMessage-ID: <first-{number}@hopital.example>\r\n\r\nBonjour de {guest}.\r\n"
            );
            self.note(&session.send(guest, &[alias], text.as_bytes()));
        }
        let reverse: BTreeMap<String, String> = self.sink.wait_for("the first words", |taken| {
            let words = taken.iter().filter_map(|one| {
                let mail = one.mail();
                let (_, rest) = mail.text.split_once("Bonjour de ")?;
                Some((rest.split_whitespace().next()?.trim_end_matches('.').to_owned(), mail.author()?.mailbox.to_string()))
            });
            let found: BTreeMap<String, String> = words.collect();
            (found.len() == count).then_some(found)
        });
        for dialog in &mut dialogs {
            dialog.reverse.clone_from(&reverse[&dialog.guest]);
        }
        dialogs
    }

    /// The share of one session.
    fn send(&self, dialogs: &[Dialog], seeds: &[Seed], share: usize, chance: &mut Chance) {
        let ports = self.gateway.ports;
        let mut earlier: VecDeque<(bool, String, Vec<String>, String)> = VecDeque::new();
        for number in 0..share.div_ceil(A_SESSION) {
            let lmtp = chance.one_in(2);
            let port = if lmtp { ports.lmtp } else { ports.mx };
            let source = if chance.one_in(4) { ELSEWHERE } else { Ipv4Addr::LOCALHOST };
            let mut session = Peer::from(source, port, lmtp);
            for _ in 0..A_SESSION.min(share - number * A_SESSION) {
                if source == Ipv4Addr::LOCALHOST && chance.one_in(40) {
                    // A change of the meeting, while its guests answer; some of them cross.
                    let (number, stamp) = (dialogs[chance.below(dialogs.len())].organizer, 1 + chance.below(40_000));
                    let guests = guests_of(number);
                    let to: Vec<&str> = guests.iter().map(String::as_str).collect();
                    let message = crlf(&order(number, 1 + stamp / 400, stamp));
                    self.note(&Peer::smtp(ports.submission).send(&organizer(number), &to, message.as_bytes()));
                    continue;
                }
                let again = (!earlier.is_empty() && chance.one_in(8)).then(|| earlier[chance.below(earlier.len())].clone());
                let (_, from, to, message) = again.filter(|one| one.0 == lmtp).unwrap_or_else(|| {
                    let one = written(dialogs, seeds, lmtp, chance);
                    earlier.push_back(one.clone());
                    if earlier.len() > 30 {
                        earlier.pop_front();
                    }
                    one
                });
                let to: Vec<&str> = to.iter().map(String::as_str).collect();
                self.note(&session.send(&from, &to, message.as_bytes()));
            }
        }
    }
}

/// A fixture in one of the dialogs, sometimes damaged: by LMTP or not, from whom, to whom, and its text.
fn written(dialogs: &[Dialog], seeds: &[Seed], lmtp: bool, chance: &mut Chance) -> (bool, String, Vec<String>, String) {
    // One dialog in which there is too much of everything.
    let dialog = if chance.one_in(10) { &dialogs[0] } else { &dialogs[chance.below(dialogs.len())] };
    let other = &dialogs[chance.below(dialogs.len())];
    let seed = &seeds[chance.below(seeds.len())];
    let mut raw = seed.raw.replace("jean.martin@hopital.example", &dialog.guest).replace("7f0c2a9e5b1d4e8f@visio.example", &dialog.uid);
    raw = raw.replace("claire.bernard@agence.example", &organizer(dialog.organizer)).replace("2026", "2031");
    let mark = format!("Message-ID: <{:x}.", chance.below(usize::MAX));
    raw = raw.replacen("Message-ID: <", &mark, 1);
    if chance.one_in(3) {
        raw.push_str(&format!("\n{:x}\n", chance.below(1_000_000)));
    }
    if chance.one_in(4) {
        raw = damaged(&raw, chance);
    }
    let recipient = match seed.door.as_str() {
        _ if chance.one_in(60) => "postmaster@visio.example".to_owned(),
        _ if chance.one_in(60) => "o2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@visio.example".to_owned(),
        "guest-bounce" => dialog.bounce.clone(),
        "guest-alias" => dialog.reverse.clone(),
        _ => dialog.alias.clone(),
    };
    let mut to = vec![recipient];
    // Each recipient is a message of its own there, with an answer of its own.
    if lmtp && chance.one_in(5) && to[0] != other.alias {
        to.push(other.alias.clone());
    }
    let from = match seed.door.as_str() {
        _ if seed.null_path || seed.door == "guest-bounce" => String::new(),
        "guest-alias" => organizer(dialog.organizer),
        _ => dialog.guest.clone(),
    };
    (lmtp, from, to, crlf(&raw))
}

/// Lines dropped, doubled, exchanged or cut.
fn damaged(raw: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<String> = raw.split('\n').map(str::to_owned).collect();
    for _ in 0..1 + chance.below(4) {
        let (at, to) = (chance.below(lines.len()), chance.below(lines.len()));
        match chance.below(5) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[to].clone()),
            2 => lines.swap(at, to),
            3 => lines.truncate(at.max(8)),
            _ => lines[at] = lines[at].chars().rev().collect(),
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\n")
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn settled(stage: &Stage) -> Value {
    let deadline = Instant::now() + 5 * net::PATIENCE;
    loop {
        let found: Value = serde_json::from_str(&stage.gateway.command(&["reconcile", "--json"])).unwrap();
        if found["outbox"]["due"] == 0 {
            return found;
        }
        assert!(Instant::now() < deadline, "mail is left in the outbox: {found}");
        // Nothing can be waited for but the outbox itself.
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

#[test]
fn everything_that_was_accepted_is_accounted_for() {
    let (messages, seed) = (setting("PARAVENT_MESSAGES", 3_000), setting("PARAVENT_SEED", 1));
    let messages = usize::try_from(messages).unwrap();
    let organizers = (messages / 500).clamp(6, 200);
    let (stage, seeds) = (Stage::set(organizers), seeds());
    let dialogs = stage.invite(organizers);
    let started = Instant::now();
    std::thread::scope(|threads| {
        for number in 0..SESSIONS {
            let (stage, dialogs, seeds) = (&stage, dialogs.as_slice(), seeds.as_slice());
            let mut chance = Chance(seed.wrapping_mul(1_000).wrapping_add(number as u64));
            threads.spawn(move || stage.send(dialogs, seeds, messages / SESSIONS, &mut chance));
        }
    });
    let took = started.elapsed();
    let found = settled(&stage);
    println!("PARAVENT_SEED={seed}: {messages} messages in {took:.1?}; what the doors said: {:?}", stage.answers.lock().unwrap());
    let looked = Instant::now();
    println!("{}reconciled in {:.1?}", stage.gateway.command(&["reconcile"]), looked.elapsed());
    let accepted = stage.accepted.load(Ordering::SeqCst);
    assert_eq!(found["whole"], true, "{found}");
    assert_eq!(found["accepted"], accepted, "what the doors said, and what the archive counted");
    let sum: u64 = found["states"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(sum, accepted);
    for state in ["applied", "relayed", "held", "consumed", "refused", "duplicate"] {
        assert!(found["states"][state].as_u64().is_some_and(|count| count > 0), "nothing is {state}: {found}");
    }
    // What was sent is at the next server, once.
    assert_eq!(found["outbox"]["sent"], stage.sink.taken().len());

    // A person decides on some of what waits: it stays accounted for.
    let held = stage.gateway.command(&["hold", "list", "--json", "--limit", "40"]);
    for (number, line) in held.lines().enumerate() {
        let mail: Value = serde_json::from_str(line).unwrap();
        let decided = if number % 2 == 0 { "release" } else { "drop" };
        // A mail that would show somebody, or leads nowhere, stays as it is.
        stage.gateway.status(&["hold", decided, mail["id"].as_str().unwrap()]);
    }
    let after = settled(&stage);
    assert_eq!((&after["whole"], &after["accepted"]), (&true.into(), &found["accepted"]), "{after}");
    assert!(after["holds"]["dropped"].as_u64() > Some(0), "{after}");
}

#[test]
fn the_commands_say_what_is_stopped_and_what_is_missing() {
    let stage = Stage::set(1);
    let guest = &stage.invite(1)[0].guest;
    settled(&stage);
    let commands = &stage.gateway;
    assert_eq!(commands.status(&["guest", "unsuppress", guest]), Some(4), "nothing is stopped");
    commands.command(&["guest", "suppress", guest, "--note", "asked by telephone"]);
    let listed: Value = serde_json::from_str(&commands.command(&["guest", "suppressed", "--json"])).unwrap();
    assert_eq!((&listed["address"], &listed["cause"]), (&guest.as_str().into(), &"operator".into()));
    assert!(commands.command(&["guest", "suppressed"]).contains("asked by telephone"));
    let meeting: Value = serde_json::from_str(&commands.command(&["meeting", "list", "--json"])).unwrap();
    let id = meeting["id"].as_str().unwrap();
    assert!(commands.command(&["meeting", "show", id]).contains("nothing is sent: stopped by an operator"));
    let shown: Value = serde_json::from_str(&commands.command(&["meeting", "show", id, "--json"])).unwrap();
    let stopped: Vec<&Value> = shown["guests"].as_array().unwrap().iter().filter(|one| !one["suppressed"].is_null()).collect();
    assert_eq!(stopped.len(), 1);
    assert_eq!((&stopped[0]["mailbox"], &stopped[0]["attendance"]["delivery"]), (&guest.as_str().into(), &"stopped".into()));
    assert!(commands.command(&["guest", "unsuppress", guest]).contains("again"));

    assert_eq!(commands.status(&["reconcile"]), Some(0));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(commands.archive());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("UPDATE accepted SET messages = messages + 1").execute(&pool).await.unwrap();
    });
    assert_eq!(commands.status(&["reconcile"]), Some(3));
}
