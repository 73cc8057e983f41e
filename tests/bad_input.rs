//! Bad input at every door of the running program: a clear answer or a clear mail, nothing crashes, nothing is lost.
//!
//! One process takes it all, one case after the other; every case that fails is told, not the first alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use crate::support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::letter::{Invited, Letter, ORGANIZER};
use support::net;
use support::peer::{Peer, Said, data_form};
use support::servers::{Gateway, GatewayPorts};
use support::sink::{Sink, Taken};

const ORGANIZERS: &str = "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n\
    ,claire.bernard@agence.example,,Claire Bernard,,,en,medical,,true\n";
const NO_CALENDAR: &str = "550 5.6.1 Only calendar invitations are taken here, and this message has none";
const NOT_AN_ORGANIZER: &str = "550 5.7.1 This sender may not invite through this gateway";
const UNKNOWN: &str = "550 5.1.1 Unknown recipient";
const TAKEN: &str = "250 2.6.0 Message accepted";
/// Much more than one message of the largest size, much less than everything that was sent here.
const MOST_MEMORY_KIB: u64 = 600 * 1024;

/// Most guests of an invitation here; an unoptimized program needs its time. `PARAVENT_CROWD=1000` is the long run.
fn crowd() -> usize {
    std::env::var("PARAVENT_CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

struct Stage {
    gateway: Gateway,
    sink: Sink,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start();
        let [mx, submission, lmtp, web] = net::free_ports();
        let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
        let policy = |text: &str| format!("{text}\n[policy]\nmax_guests = {}\n", crowd());
        Self { gateway: Gateway::start_with(folder.path(), ports, ORGANIZERS, policy), sink, _folder: folder }
    }

    fn submit(&self, to: &[&str], message: &[u8]) -> Said {
        Peer::smtp(self.gateway.ports.submission).send(ORGANIZER, to, message)
    }

    fn mx(&self, from: &str, to: &[&str], message: &[u8]) -> Said {
        Peer::smtp(self.gateway.ports.mx).send(from, to, message)
    }

    /// Submits and is taken; the guest of this address gets the invitation.
    fn invites(&self, letter: &Letter<'_>, to: &[&str], message: &[u8]) -> Invited {
        same(self.submit(to, message).answer(), TAKEN);
        self.invitation(&letter.title(), to[0])
    }

    fn invitation(&self, title: &str, guest: &str) -> Invited {
        let is_it = |taken: &Taken| taken.to.eq_ignore_ascii_case(guest);
        self.sink.wait_for(&format!("the invitation `{title}` to {guest}"), |taken| {
            taken.iter().rev().filter(|taken| is_it(taken)).find_map(|taken| Invited::read(taken, title))
        })
    }

    /// Submits and is taken; nobody is invited, and the organizer is told why in words that hold `why`.
    fn is_told(&self, letter: &Letter<'_>, to: &[&str], message: &[u8], why: &str) {
        same(self.submit(to, message).answer(), TAKEN);
        let subject = format!("Nothing was sent: {}", letter.title());
        let text = self.sink.wait_for(&subject, |taken| {
            let mut told = taken.iter().filter(|taken| taken.to == ORGANIZER).map(Taken::mail);
            told.find(|mail| mail.subject == subject).map(|mail| mail.text)
        });
        assert!(text.contains(why), "`{why}` is not in: {text}");
        let invited = self.sink.taken().iter().filter_map(|taken| Invited::read(taken, &letter.title())).count();
        assert_eq!(invited, 0, "somebody was invited all the same");
    }

    fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        self.gateway.command(arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn partstat(&self, title: &str, guest: &str) -> String {
        let meetings = self.rows(&["meeting", "list", "--json", "--limit", "1000"]);
        let id = meetings.iter().find(|meeting| meeting["title"] == title).unwrap()["id"].as_str().unwrap().to_owned();
        let shown = self.rows(&["meeting", "show", &id, "--json"]);
        let guests = shown[0]["guests"].as_array().unwrap().clone();
        let found = guests.iter().find(|row| row["mailbox"] == guest).unwrap();
        found["attendance"]["response"]["partstat"].as_str().unwrap().to_owned()
    }

    fn held(&self) -> usize {
        self.rows(&["hold", "list", "--json"]).len()
    }
}

#[track_caller]
fn same(found: &str, expected: &str) {
    assert_eq!(found, expected);
}

fn one(guest: &str) -> Vec<String> {
    vec![guest.to_owned()]
}

type Case = (&'static str, fn(&Stage));

#[test]
fn bad_input_is_answered_and_survived() {
    let stage = Stage::set();
    let cases: &[&[Case]] = &[ENVELOPES, BYTES, CALENDARS, GUESTS, ANSWERS];
    let failed: Vec<&str> = cases
        .iter()
        .flat_map(|part| part.iter())
        .filter(|(name, case)| {
            let began = std::time::Instant::now();
            let failed = catch_unwind(AssertUnwindSafe(|| case(&stage))).is_err();
            println!("{} {name}: {:?}, peak {} KiB", if failed { "FAILED" } else { "ok" }, began.elapsed(), stage.gateway.peak_memory());
            failed
        })
        .map(|(name, _)| *name)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");

    // The same process goes on, and everything can be listed.
    let guests = one("after@cabinet.example");
    let letter = Letter::new("afterwards", &guests);
    stage.invites(&letter, &["after@cabinet.example"], &letter.mail());
    for list in [["hold", "list"], ["alert", "list"], ["meeting", "list"]] {
        assert!(!stage.rows(&[list[0], list[1], "--json"]).is_empty(), "{list:?}");
        assert!(stage.gateway.command(&list).lines().count() > 1, "{list:?}");
    }
    let peak = stage.gateway.peak_memory();
    println!("peak memory: {peak} KiB");
    assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
}

const ENVELOPES: &[Case] = &[
    ("ten thousand recipients", |stage| {
        let many: Vec<String> = (0..10_000).map(|number| format!("many{number}@cabinet.example")).collect();
        let to: Vec<&str> = many.iter().map(String::as_str).collect();
        let (said, _) = Peer::smtp(stage.gateway.ports.submission).envelope(ORGANIZER, &to).unwrap();
        let count = |answer: &str| said.recipients.iter().filter(|said| said.as_str() == answer).count();
        assert_eq!(count("250 2.1.5 Recipient OK"), 1000);
        assert!(count("452 4.5.3 Too many recipients") >= 99, "{:?}", said.recipients.last());
        assert!(said.recipients.iter().all(|answer| answer.starts_with(['2', '4'])), "{:?}", said.recipients.last());
    }),
    ("unknown organizer", |stage| {
        let guests = one("u@cabinet.example");
        let text = String::from_utf8(Letter::new("unknown", &guests).mail()).unwrap().replace(ORGANIZER, "nobody@agence.example");
        same(stage.submit(&["u@cabinet.example"], text.as_bytes()).answer(), NOT_AN_ORGANIZER);
    }),
    ("non-organizer over MX", |stage| {
        let guests = one("jean.martin=hopital.example@guest.visio.example");
        let text = String::from_utf8(Letter::new("stranger", &guests).mail()).unwrap().replace(ORGANIZER, "nobody@elsewhere.example");
        same(stage.mx("nobody@elsewhere.example", &[&guests[0]], text.as_bytes()).answer(), NOT_AN_ORGANIZER);
    }),
    ("forged token", |stage| {
        for forged in [format!("oa{}@visio.example", "a".repeat(42)), "oa@visio.example".to_owned(), "nothing@visio.example".to_owned()] {
            same(stage.mx("x@cabinet.example", &[&forged], b"From: x@cabinet.example\r\n\r\nx\r\n").answer(), UNKNOWN);
        }
    }),
    ("guest in our own domains", |stage| {
        let guests = one("somebody@visio.example");
        let letter = Letter::new("own-domain", &guests);
        same(stage.submit(&[&guests[0]], &letter.mail()).answer(), UNKNOWN);
        same(stage.submit(&["a=visio.example@guest.visio.example"], &letter.mail()).answer(), UNKNOWN);
        same(stage.submit(&["plain@guest.visio.example"], &letter.mail()).answer(), UNKNOWN);
    }),
    ("addresses that are none", |stage| {
        let mut peer = Peer::smtp(stage.gateway.ports.submission);
        assert!(peer.say("MAIL FROM:<claire.bernard@agence.example>").starts_with("250"));
        for address in ["", "a", "a@", "@b.example", "a b@c.example", "a@b..example", "a@-b.example", "\"a@b.example"] {
            let answer = peer.say(&format!("RCPT TO:<{address}>"));
            assert!(answer.starts_with("501 5.") || answer.starts_with("553 5."), "{address:?}: {answer}");
        }
        let long = format!("RCPT TO:<{}@b.example>", "a".repeat(5000));
        same(&peer.say(&long), "500 5.5.2 Line too long");
    }),
];

const BYTES: &[Case] = &[
    ("a hundred megabytes", |stage| {
        let mut peer = Peer::smtp(stage.gateway.ports.submission);
        let announced = peer.say("MAIL FROM:<claire.bernard@agence.example> SIZE=104857600");
        same(&announced, "552 5.3.4 Message too large");
        assert_eq!(peer.envelope(ORGANIZER, &["big@cabinet.example"]).unwrap().1, 1);
        assert!(peer.say("DATA").starts_with("354"));
        let piece = [b"x".repeat(1022), b"\r\n".to_vec()].concat().repeat(1024);
        for _ in 0..100 {
            peer.write(&piece).unwrap();
        }
        peer.write(b".\r\n").unwrap();
        same(&peer.read().unwrap(), "552 5.3.4 Message too large");
        same(&peer.say("NOOP"), "250 2.0.0 OK");
    }),
    ("nested a thousand deep", |stage| {
        let guests = one("deep@cabinet.example");
        let letter = Letter::new("deep", &guests);
        let mut text = String::from("MIME-Version: 1.0\r\n");
        for level in 0..1000 {
            text.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"));
        }
        text.push_str("Content-Type: text/calendar; method=REQUEST\r\n\r\n");
        text.push_str(&letter.calendar());
        same(stage.submit(&["deep@cabinet.example"], &letter.headed(&text)).answer(), NO_CALENDAR);
    }),
    ("two From fields", |stage| {
        let guests = one("two@cabinet.example");
        let text = [b"From: other@agence.example\r\n".to_vec(), Letter::new("two-from", &guests).mail()].concat();
        same(stage.submit(&["two@cabinet.example"], &text).answer(), "550 5.6.0 The message has more than one From field");
    }),
    ("no From field", |stage| {
        let guests = one("no@cabinet.example");
        let text = String::from_utf8(Letter::new("no-from", &guests).mail()).unwrap().replacen("From: ", "X-From: ", 1);
        same(stage.submit(&["no@cabinet.example"], text.as_bytes()).answer(), NOT_AN_ORGANIZER);
    }),
    ("an empty message", |stage| same(stage.submit(&["e@cabinet.example"], b"").answer(), NOT_AN_ORGANIZER)),
    ("only header fields", |stage| {
        let text = Letter::new("only-header", &[]).headed("");
        same(stage.submit(&["h@cabinet.example"], &text).answer(), NO_CALENDAR);
    }),
    ("an ordinary mail in submission", |stage| {
        let text = Letter::new("ordinary", &[]).headed("\r\nBonjour\r\n");
        same(stage.submit(&["h@cabinet.example"], &text).answer(), NO_CALENDAR);
    }),
    ("garbage", |stage| {
        let garbage: Vec<u8> = (1..=255_u8).filter(|byte| !b"\r\n".contains(byte)).cycle().take(100_000).collect();
        let letter = Letter::new("garbage", &[]);
        let text = [letter.headed("Content-Type: text/calendar; method=REQUEST\r\n\r\n"), garbage.clone()].concat();
        stage.is_told(&letter, &["g@cabinet.example"], &text, "Your invitation cannot be read");
        same(stage.submit(&["g@cabinet.example"], &garbage).answer(), NOT_AN_ORGANIZER);
    }),
    ("NUL, bare CR and bare LF", |stage| {
        for bad in ["a\0b\r\n", "a\rb\r\n", "a\nb\r\n"] {
            let text = Letter::new("bare", &[]).headed(&format!("\r\n{bad}"));
            let mut peer = Peer::smtp(stage.gateway.ports.submission);
            let said = peer.send(ORGANIZER, &["n@cabinet.example"], &text);
            same(said.answer(), "550 5.6.11 A bare CR, a bare LF or a NUL is not allowed in a message; closing");
            assert!(peer.read().is_err(), "the session goes on");
        }
    }),
    ("lines beyond 998 octets", |stage| {
        let guests = one("long@cabinet.example");
        let lines = format!("DTSTART:20310115T130000Z\r\nDTEND:20310115T134500Z\r\nDESCRIPTION:{}\r\n", "long ".repeat(4000));
        let letter = Letter { lines: &lines, ..Letter::new("long-lines", &guests) };
        stage.invites(&letter, &["long@cabinet.example"], &letter.mail());
        let sent = stage.sink.taken().pop().unwrap();
        assert!(sent.raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999), "a line beyond RFC 5322 §2.1.1");
    }),
    ("a header of a megabyte", |stage| {
        let guests = one("header@cabinet.example");
        let letter = Letter::new("big-header", &guests);
        let text = [format!("X-Long: {}\r\n", "x".repeat(1 << 20)).into_bytes(), letter.mail()].concat();
        stage.invites(&letter, &["header@cabinet.example"], &text);
    }),
    ("a hundred thousand header fields", |stage| {
        let guests = one("fields@cabinet.example");
        let letter = Letter::new("many-fields", &guests);
        let text = ["X-Field: y\r\n".repeat(100_000).into_bytes(), letter.mail()].concat();
        stage.invites(&letter, &["fields@cabinet.example"], &text);
    }),
    ("a base64 bomb", |stage| {
        let letter = Letter::new("bomb", &[]);
        let text =
            format!("Content-Type: text/calendar; method=REQUEST\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", "QUFB".repeat(5 << 20));
        stage.is_told(&letter, &["bomb@cabinet.example"], &letter.headed(&text), "Your invitation cannot be read");
    }),
];

const NOT_READ: &str = "Your invitation cannot be read";

const CALENDARS: &[Case] = &[
    ("no ATTENDEE: the envelope names the guests", |stage| {
        let letter = Letter::new("no-attendee", &[]);
        stage.invites(&letter, &["envelope@cabinet.example"], &letter.mail());
    }),
    ("broken iCalendar", |stage| {
        for (name, calendar) in [
            ("broken-start", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:x\r\n"),
            ("broken-nothing", "what is this?\r\n"),
            (
                "broken-uid",
                "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nDTSTART:20310115T130000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            ),
            ("broken-start-time", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
        ] {
            let letter = Letter::new(name, &[]);
            stage.is_told(&letter, &["b@cabinet.example"], &letter.around(calendar), NOT_READ);
        }
    }),
    ("an empty calendar", |stage| {
        same(stage.submit(&["b@cabinet.example"], &Letter::new("empty", &[]).around("\r\n")).answer(), NO_CALENDAR);
    }),
    ("a calendar of five megabytes", |stage| {
        let lines = format!("DTSTART:20310115T130000Z\r\nDTEND:20310115T134500Z\r\nDESCRIPTION:{}\r\n", "x".repeat(5 << 20));
        let letter = Letter { lines: &lines, ..Letter::new("five-megabytes", &[]) };
        stage.is_told(&letter, &["b@cabinet.example"], &letter.mail(), NOT_READ);
    }),
    ("nested components", |stage| {
        let letter = Letter::new("nested-components", &[]);
        let calendar = format!("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n{}", "BEGIN:VEVENT\r\n".repeat(10_000));
        stage.is_told(&letter, &["b@cabinet.example"], &letter.around(&calendar), NOT_READ);
    }),
    ("times that can't be", |stage| {
        let cases = [
            ("alarm", "DTSTART:20310115T130000Z\r\nDTEND:20310115T134500Z\r\nRRULE:FREQ=MINUTELY\r\n", "(FREQ=MINUTELY)"),
            ("no-rule", "DTSTART:20310115T130000Z\r\nRRULE:every other day\r\n", "(every other day)"),
            ("no-instance", "DTSTART:20310115T130000Z\r\nRRULE:FREQ=DAILY;COUNT=1\r\nEXDATE:20310115T130000Z\r\n", "is already over"),
            (
                "unknown-zone",
                "DTSTART;TZID=Mars/Olympus:20310115T130000\r\nDTEND;TZID=Mars/Olympus:20310115T134500\r\n",
                "The time zone “Mars/Olympus” is not known",
            ),
            ("past", "DTSTART:20010115T130000Z\r\nDTEND:20010115T134500Z\r\n", "is already over"),
            ("backwards", "DTSTART:20310115T130000Z\r\nDTEND:20310115T120000Z\r\n", "ends before it starts"),
            ("no-date", "DTSTART:99999999T999999Z\r\n", NOT_READ),
        ];
        for (name, lines, why) in cases {
            let letter = Letter { lines, ..Letter::new(name, &[]) };
            stage.is_told(&letter, &["b@cabinet.example"], &letter.mail(), why);
        }
    }),
    ("a method that is no invitation", |stage| {
        for method in ["PUBLISH", "REPLY", "NONSENSE"] {
            let name = format!("method-{method}");
            let letter = Letter { method, ..Letter::new(&name, &[]) };
            stage.is_told(&letter, &["b@cabinet.example"], &letter.mail(), "This is not an invitation");
        }
    }),
    ("Content-Type says another method: the calendar decides", |stage| {
        let guests = one("mismatch@cabinet.example");
        let letter = Letter::new("mismatch", &guests);
        let text = String::from_utf8(letter.mail()).unwrap().replace("method=REQUEST", "method=CANCEL");
        stage.invites(&letter, &["mismatch@cabinet.example"], text.as_bytes());
    }),
    ("a cancellation of nothing", |stage| {
        let letter = Letter { method: "CANCEL", ..Letter::new("cancel-nothing", &[]) };
        stage.is_told(&letter, &["b@cabinet.example"], &letter.mail(), "This meeting is not known here");
    }),
    ("another's ORGANIZER", |stage| {
        let letter = Letter::new("others", &[]);
        let calendar = letter.calendar().replace(ORGANIZER, "other@agence.example");
        stage.is_told(&letter, &["b@cabinet.example"], &letter.around(&calendar), "not registered as somebody who may invite");
    }),
    ("SEQUENCE beyond 2^40", |stage| {
        let guests = one("sequence@cabinet.example");
        let letter = Letter { sequence: 1 << 40, ..Letter::new("sequence", &guests) };
        let invited = stage.invites(&letter, &["sequence@cabinet.example"], &letter.mail());
        let reply = invited.reply("sequence-reply", "ACCEPTED", "20300101T090000Z");
        let reply = String::from_utf8(reply).unwrap().replace("SEQUENCE:0", "SEQUENCE:1099511627776");
        same(stage.mx(&invited.guest, &[&invited.alias], reply.as_bytes()).answer(), TAKEN);
        same(&stage.partstat(&letter.title(), &invited.guest), "ACCEPTED");
    }),
    ("base64 of a calendar", |stage| {
        let guests = one("base64@cabinet.example");
        let letter = Letter::new("base64", &guests);
        let body = STANDARD.encode(letter.calendar());
        let text = format!("Content-Type: text/calendar; method=REQUEST\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n");
        stage.invites(&letter, &["base64@cabinet.example"], &letter.headed(&text));
    }),
];

const GUESTS: &[Case] = &[
    ("ten thousand attendees, two recipients", |stage| {
        let guests: Vec<String> = (0..10_000).map(|number| format!("attendee{number}@cabinet.example")).collect();
        let letter = Letter::new("ten-thousand", &guests);
        stage.invites(&letter, &["attendee7@cabinet.example", "attendee8@cabinet.example"], &letter.mail());
    }),
    ("one guest too many", |stage| {
        let guests: Vec<String> = (0..=crowd()).map(|number| format!("toomany{number}@cabinet.example")).collect();
        let to: Vec<&str> = guests.iter().map(String::as_str).collect();
        let letter = Letter::new("too-many", &guests);
        stage.is_told(&letter, &to, &letter.mail(), &format!("There are too many guests: at most {} are possible.", crowd()));
    }),
    ("the guest is the organizer", |stage| {
        let letter = Letter::new("alone", &[]);
        stage.is_told(&letter, &[ORGANIZER], &letter.mail(), "There is nobody to invite");
    }),
    ("addresses with quotes and beyond ASCII", |stage| {
        for (name, guest) in [("quotes", "\"jean martin\"@cabinet.example"), ("utf8", "élodie@cabinet.example")] {
            let guests = one(guest);
            let letter = Letter::new(name, &guests);
            let invited = stage.invites(&letter, &[guest], &letter.mail());
            same(&invited.guest, guest);
        }
    }),
    ("recipients again in another case", |stage| {
        let guests = one("twice@cabinet.example");
        let letter = Letter::new("twice", &guests);
        let to = ["twice@cabinet.example", "Twice@cabinet.example", "TWICE@CABINET.EXAMPLE"];
        stage.invites(&letter, &to, &letter.mail());
        let meetings = stage.rows(&["meeting", "list", "--json", "--limit", "1000"]);
        let id = meetings.iter().find(|meeting| meeting["title"] == letter.title()).unwrap()["id"].as_str().unwrap().to_owned();
        assert_eq!(stage.rows(&["meeting", "show", &id, "--json"])[0]["guests"].as_array().unwrap().len(), 1);
    }),
    ("as many guests as there may be", |stage| {
        let guests: Vec<String> = (0..crowd()).map(|number| format!("crowd{number}@cabinet.example")).collect();
        let to: Vec<&str> = guests.iter().map(String::as_str).collect();
        let letter = Letter::new("crowd", &guests);
        same(stage.submit(&to, &letter.mail()).answer(), TAKEN);
        let came = |taken: &[Taken]| taken.iter().filter(|taken| taken.to.starts_with("crowd")).count();
        stage.sink.wait_for("the crowd's invitations", |taken| (came(taken) == crowd()).then_some(()));
    }),
];

/// Invites these guests to a meeting of this name.
fn invited(stage: &Stage, name: &str, guests: &[&str]) -> Vec<Invited> {
    let addresses: Vec<String> = guests.iter().map(|guest| (*guest).to_owned()).collect();
    let letter = Letter::new(name, &addresses);
    stage.invites(&letter, guests, &letter.mail());
    guests.iter().map(|guest| stage.invitation(&letter.title(), guest)).collect()
}

const ANSWERS: &[Case] = &[
    ("an alias in capitals", |stage| {
        let jean = invited(stage, "capitals", &["capitals@cabinet.example"]).remove(0);
        let reply = jean.reply("capitals", "ACCEPTED", "20300101T090000Z");
        same(stage.mx(&jean.guest, &[&jean.alias.to_uppercase()], &reply).answer(), TAKEN);
        same(&stage.partstat("Case capitals", &jean.guest), "ACCEPTED");
    }),
    ("a reply to two aliases", |stage| {
        let both = invited(stage, "two-aliases", &["first@cabinet.example", "second@cabinet.example"]);
        let held = stage.held();
        let reply = both[0].reply("two-aliases", "DECLINED", "20300101T090000Z");
        same(stage.mx(&both[0].guest, &[&both[0].alias, &both[1].alias], &reply).answer(), TAKEN);
        same(&stage.partstat("Case two-aliases", &both[0].guest), "DECLINED");
        same(&stage.partstat("Case two-aliases", &both[1].guest), "NEEDS-ACTION");
        assert_eq!(stage.held(), held + 1, "the second alias was a stranger's");
    }),
    ("a reply to an alias and to somebody else", |stage| {
        let jean = invited(stage, "and-foreign", &["foreign@cabinet.example"]).remove(0);
        let reply = jean.reply("and-foreign", "TENTATIVE", "20300101T090000Z");
        let said = stage.mx(&jean.guest, &[&jean.alias, "else@elsewhere.example"], &reply);
        assert_eq!(said.recipients, ["250 2.1.5 Recipient OK", "550 5.7.1 Relaying denied"]);
        same(said.answer(), TAKEN);
        same(&stage.partstat("Case and-foreign", &jean.guest), "TENTATIVE");
        assert!(stage.sink.taken().iter().all(|taken| taken.to != "else@elsewhere.example"), "relayed");
    }),
    ("a reply for another UID", |stage| {
        let jean = invited(stage, "foreign-uid", &["uid@cabinet.example"]).remove(0);
        let held = stage.held();
        let other = Invited { uid: "another@elsewhere.example".to_owned(), ..jean.clone() };
        same(stage.mx(&jean.guest, &[&jean.alias], &other.reply("foreign-uid", "ACCEPTED", "20300101T090000Z")).answer(), TAKEN);
        same(&stage.partstat("Case foreign-uid", &jean.guest), "NEEDS-ACTION");
        assert_eq!(stage.held(), held + 1);
    }),
    ("a null sender at an alias", |stage| {
        let jean = invited(stage, "null-sender", &["null@cabinet.example"]).remove(0);
        let (held, sent) = (stage.held(), stage.sink.taken().len());
        let text = format!("From: mailer-daemon@cabinet.example\r\nTo: {}\r\nSubject: Undelivered\r\n\r\nIt did not go.\r\n", jean.alias);
        same(stage.mx("", &[&jean.alias], text.as_bytes()).answer(), TAKEN);
        same(&stage.partstat("Case null-sender", &jean.guest), "NEEDS-ACTION");
        // It is either put aside without a word, or held with an alert; the organizer gets nothing of it.
        let (held_now, new) = (stage.held(), stage.sink.taken().split_off(sent));
        assert!(held_now <= held + 1 && new.iter().all(|taken| taken.to != ORGANIZER), "{held} {held_now}");
    }),
    ("the alias of a guest who was taken off", |stage| {
        let jean = invited(stage, "taken-off", &["off@cabinet.example", "on@cabinet.example"]).remove(0);
        let guests = one("off@cabinet.example");
        let cancel = Letter { method: "CANCEL", sequence: 1, ..Letter::new("taken-off", &guests) };
        same(stage.submit(&["off@cabinet.example"], &cancel.mail()).answer(), TAKEN);
        let held = stage.held();
        same(stage.mx(&jean.guest, &[&jean.alias], &jean.reply("taken-off", "ACCEPTED", "20300101T090000Z")).answer(), TAKEN);
        same(&stage.partstat("Case taken-off", &jean.guest), "NEEDS-ACTION");
        assert_eq!(stage.held(), held + 1, "a late answer waits for a person");
    }),
    ("bytes at an alias that are no mail", |stage| {
        let jean = invited(stage, "no-mail", &["nomail@cabinet.example"]).remove(0);
        let garbage: Vec<u8> = (1..=255_u8).filter(|byte| !b"\r\n".contains(byte)).cycle().take(100_000).collect();
        for text in [b"".as_slice(), b"\r\n", b"Subject: x\r\n", &garbage] {
            let mut peer = Peer::lmtp(stage.gateway.ports.lmtp);
            let (_, accepted) = peer.envelope(&jean.guest, &[&jean.alias]).unwrap();
            assert_eq!(accepted, 1);
            assert!(peer.say("DATA").starts_with("354"));
            peer.write(&data_form(text)).unwrap();
            same(&peer.read().unwrap(), TAKEN);
        }
        same(&stage.partstat("Case no-mail", &jean.guest), "NEEDS-ACTION");
    }),
];
