//! `paravent meeting create`: a calendar file is carried out as if its organizer had mailed it. Through the flow, and through the
//! real binary, each with a real archive.

use crate::support;

use paravent::domain::delivery::OutboxPurpose::{Invitation, Organizer};
use paravent::domain::itip::{self, CalendarLimits, Method};
use paravent::domain::meeting::MeetingStatus;
use paravent::domain::token::Purpose;
use paravent::flow::ObjectEnd;
use paravent::flow::port::Archive;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::store::SqliteArchive;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, mailbox, of_purpose, organizer, reply};
use support::net;
use support::peer::Peer;
use support::servers::{Gateway, GatewayPorts};
use support::sink::Sink;

/// A calendar file of one meeting.
fn file(head: &str, uid: &str, sequence: u32, guests: &[&str]) -> String {
    let attendees: String = guests.iter().map(|guest| format!("ATTENDEE:mailto:{guest}\n")).collect();
    format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n{head}BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260105T07{sequence:02}00Z\n\
         SEQUENCE:{sequence}\nDTSTART:20360106T130000Z\nDTEND:20360106T134500Z\nSUMMARY:Bilan\n\
         ORGANIZER:mailto:{ORGANIZER}\nATTENDEE:mailto:{ORGANIZER}\n{attendees}END:VEVENT\nEND:VCALENDAR\n"
    )
}

async fn carry_out(house: &House, file: &str) -> ObjectEnd {
    house.gateway.carry_out_object(itip::read(file.as_bytes()).unwrap(), None, false).await.unwrap()
}

fn refusal(end: ObjectEnd) -> String {
    let ObjectEnd::Refused(sentences) = end else { panic!("{end:?}") };
    sentences.join(" ")
}

#[tokio::test]
async fn a_file_is_carried_out_as_a_mail_would_be() {
    let house = House::build().await;
    let end = carry_out(&house, &file("", "f-1", 0, &[JEAN, LEA])).await;
    let ObjectEnd::Done(told) = end else { panic!("{end:?}") };
    assert_eq!(told.guests.iter().map(|one| one.outcome).collect::<Vec<_>>(), ["invited", "invited"]);

    let sent = house.sent().await;
    let invitations = of_purpose(&sent, Invitation);
    assert_eq!(invitations.len(), 2);
    assert!(sent.iter().filter(|item| item.purpose == Invitation).all(|item| !String::from_utf8_lossy(&item.message).contains("agence")));
    assert_eq!(of_purpose(&sent, Organizer).len(), 1, "the summary");

    // The operator did it, for Claire; no address in the audit trail.
    let (meeting, _) = house.meeting().await;
    let audit = house.archive.audit(meeting.id).await.unwrap();
    assert_eq!(audit.iter().map(|line| line.action.as_str()).collect::<Vec<_>>(), ["meeting.created", "guest.invited", "guest.invited"]);
    let claire = organizer(ORGANIZER, "").id;
    assert!(audit.iter().all(|line| line.actor == "operator" && line.detail == format!(r#"{{"for":"organizer:{claire}"}}"#)), "{audit:?}");
    let received = house.archive.received(None, 10).await.unwrap();
    let received = house.archive.received_one(received[0].id).await.unwrap().unwrap();
    assert_eq!((received.meeting, received.recipients), (Some(meeting.id), vec![mailbox(JEAN), mailbox(LEA)]));
    assert!(itip::read(&received.raw).is_ok());

    // What comes back finds its way.
    let jean = house.guest(JEAN).await;
    let to = house.address(Purpose::OrganizerAlias, jean.id);
    house.accept(Mx, JEAN, &to, &reply(JEAN, &jean.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    let sent = house.sent().await;
    let object = itip::read(&of_purpose(&sent, Organizer)[0].calendars[0].bytes).unwrap();
    assert_eq!((object.method, object.events[0].uid.as_str()), (Some(Method::Reply), "f-1"));
}

#[tokio::test]
async fn twice_is_once_a_newer_one_updates_and_a_cancellation_cancels() {
    let house = House::build().await;
    let first = file("", "f-1", 0, &[JEAN]);
    carry_out(&house, &first).await;
    house.sent().await;
    assert!(matches!(carry_out(&house, &first.replace('\n', "\r\n")).await, ObjectEnd::Repeated));
    assert!(house.sent().await.is_empty());

    let moved = file("METHOD:REQUEST\n", "f-1", 1, &[JEAN, LEA]).replace("T13", "T15");
    let ObjectEnd::Done(told) = carry_out(&house, &moved).await else { panic!() };
    assert_eq!(told.guests.iter().map(|one| one.outcome).collect::<Vec<_>>(), ["updated", "invited"]);
    house.sent().await;
    // Another text, but nothing new in it.
    let older = refusal(carry_out(&house, &first.replace("PRODID:-//Test", "PRODID:-//Other")).await);
    assert!(older.contains("newer version"), "{older}");
    assert!(house.sent().await.is_empty(), "the operator is told, not the organizer");

    let ObjectEnd::Done(told) = carry_out(&house, &file("METHOD:CANCEL\n", "f-1", 2, &[JEAN, LEA])).await else { panic!() };
    assert!(told.guests.iter().all(|one| one.outcome == "removed"));
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Cancelled);
    let sent = house.sent().await;
    assert_eq!((of_purpose(&sent, Invitation).len(), of_purpose(&sent, Organizer).len()), (2, 1));
}

#[tokio::test]
async fn a_stored_meeting_that_is_off_invites_nobody() {
    let house = House::build().await;
    let off = |sequence| file("", "f-1", sequence, &[JEAN]).replace("SUMMARY", "STATUS:CANCELLED\nSUMMARY");
    assert!(refusal(carry_out(&house, &off(0)).await).contains("not known here"));
    assert!(house.sent().await.is_empty());
    // It is known to be off all the same: an older invitation comes late.
    assert!(refusal(carry_out(&house, &file("", "f-1", 0, &[JEAN]).replace("T0700", "T0600")).await).contains("newer version"));
}

#[tokio::test]
async fn a_file_and_a_mail_of_one_meeting_are_one() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let ObjectEnd::Done(told) = carry_out(&house, &file("METHOD:CANCEL\n", "meeting-1", 1, &[JEAN])).await else { panic!() };
    assert_eq!(told.guests[0].outcome, "removed");
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Cancelled);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_english_and_mailed_to_nobody() {
    let house = House::build().await;
    let good = file("", "f-1", 0, &[JEAN]);
    for (text, said) in [
        (good.replace("VEVENT", "VTODO"), "(VTODO)"),
        (good.replace("VEVENT", "VJOURNAL"), "(VJOURNAL)"),
        (good.replace("VEVENT", "VFREEBUSY"), "(VFREEBUSY)"),
        (good.replace("BEGIN:VEVENT", "METHOD:PUBLISH\nBEGIN:VEVENT"), "(METHOD:PUBLISH)"),
        (good.replace("2036", "2025"), "already over"),
        (good.replace("DTSTART:", "DTSTART;TZID=Mars/Phobos:").replace("0000Z", "0000"), "Mars/Phobos"),
        (file("", "f-1", 0, &[]), "nobody to invite"),
        (good.replace("SUMMARY:Bilan", "SUMMARY:Bilan avec Claire Bernard"), "your name in the title"),
    ] {
        let refused = refusal(carry_out(&house, &text).await);
        assert!(refused.contains(said), "{refused}");
    }
    let anonymous = good.replace(&format!("ORGANIZER:mailto:{ORGANIZER}\n"), "");
    assert!(matches!(carry_out(&house, &anonymous).await, ObjectEnd::NoOrganizer));
    let stranger = good.replace(ORGANIZER, "mallory@elsewhere.example");
    assert!(matches!(carry_out(&house, &stranger).await, ObjectEnd::NotAnOrganizer(_)));
    // Who acts for somebody acts for them alone.
    let paul = mailbox("paul.roux@agence.example");
    let of_claire = house.gateway.carry_out_object(itip::read(good.as_bytes()).unwrap(), Some(&paul), false).await.unwrap();
    assert_eq!(refusal(of_claire), format!("Its ORGANIZER is somebody else: {ORGANIZER}."));

    assert!(house.sent().await.is_empty());
    assert!(house.bell.0.lock().unwrap().is_empty());
    assert!(house.archive.received(None, 10).await.unwrap().is_empty());
    // Nothing of it was kept: once it is mended it is done.
    assert!(matches!(carry_out(&house, &good).await, ObjectEnd::Done(_)));
}

#[tokio::test]
async fn who_left_invites_no_longer() {
    let gone = paravent::domain::organizer::Organizer { active: false, ..organizer(ORGANIZER, "Claire Bernard") };
    let house = House::of(vec![gone]).await;
    assert!(matches!(carry_out(&house, &file("", "f-1", 0, &[JEAN])).await, ObjectEnd::NotAnOrganizer(_)));
}

#[tokio::test]
async fn a_trial_says_what_would_be_sent_and_changes_nothing() {
    let house = House::build().await;
    let object = |text: &str| itip::read_several(text.as_bytes(), &CalendarLimits::default()).next().unwrap().unwrap();
    let first = file("", "f-1", 0, &[JEAN]);
    let ObjectEnd::Planned(told) = house.gateway.carry_out_object(object(&first), None, true).await.unwrap() else { panic!() };
    assert_eq!((told.guests[0].outcome, told.summary_to), ("invited", mailbox(ORGANIZER)));
    let off = file("METHOD:CANCEL\n", "f-2", 0, &[JEAN]);
    assert!(matches!(house.gateway.carry_out_object(object(&off), None, true).await.unwrap(), ObjectEnd::Refused(_)));
    assert!(house.sent().await.is_empty());
    assert!(house.archive.meetings(chrono::DateTime::UNIX_EPOCH, 10).await.unwrap().is_empty());
    assert!(house.archive.received(None, 10).await.unwrap().is_empty());
}

/// A fresh gateway on disk, with Claire in its directory.
struct Desk {
    folder: tempfile::TempDir,
    config: PathBuf,
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paravent"));
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        assert!(run(&["init", "--domain", "visio.example", "--folder", root], b"").status.success());
        let config = folder.path().join("paravent.toml");
        let toml = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, toml.replace("/var/lib/paravent", root)).unwrap();
        let desk = Self { folder, config };
        let add = ["organizer", "add", ORGANIZER, "--name", "Claire Bernard", "--group", "default", "--login", "claire"];
        assert!(desk.run(&add, b"correct horse battery\n").status.success());
        desk
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let all: Vec<&str> = ["--config", self.config.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
        run(&all, input)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The exit code and the lines of `meeting create --json`.
    fn create(&self, arguments: &[&str], input: &[u8]) -> (Option<i32>, Vec<Value>) {
        let output = self.run(&[&["meeting", "create", "--json", "--ics"], arguments].concat(), input);
        let lines = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// To whom mail waits, once the gateway serves.
    async fn waiting(&self) -> Vec<String> {
        let database = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let path = database.into_iter().find(|path| is_database(path)).unwrap();
        let archive = SqliteArchive::open(&path).await.unwrap();
        let mut to: Vec<String> =
            archive.outbox_due(chrono::Utc::now(), 100).await.unwrap().iter().map(|item| item.recipient.to_string()).collect();
        to.sort();
        to
    }
}

fn is_database(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3"))
}

#[tokio::test]
async fn the_command_creates_repeats_and_cancels() {
    let desk = Desk::new();
    let path = desk.write("bilan.ics", &file("", "f-1", 0, &[JEAN, LEA]));
    let (code, lines) = desk.create(&[&path, "--dry-run"], b"");
    assert_eq!(
        (code, &lines[0]["result"], &lines[0]["dry_run"], &lines[0]["meeting"]),
        (Some(0), &json!("created"), &json!(true), &Value::Null)
    );
    assert_eq!(lines[0]["guests"], json!([{"mailbox": JEAN, "outcome": "invited"}, {"mailbox": LEA, "outcome": "invited"}]));
    assert!(desk.waiting().await.is_empty());

    let (code, lines) = desk.create(&[&path], b"");
    assert_eq!((code, lines.len(), &lines[0]["result"], &lines[0]["uid"]), (Some(0), 1, &json!("created"), &json!("f-1")));
    assert_eq!(desk.waiting().await, [ORGANIZER, JEAN, LEA]);
    let shown = desk.run(&["meeting", "show", lines[0]["meeting"].as_str().unwrap()], b"");
    assert!(String::from_utf8(shown.stdout).unwrap().contains(JEAN));

    let (code, lines) = desk.create(&[&path], b"");
    assert_eq!((code, &lines[0]["result"]), (Some(0), &json!("unchanged")));
    assert_eq!(desk.waiting().await.len(), 3);

    // From standard input, for people.
    let cancelled = desk.run(&["meeting", "create", "--ics", "-"], file("METHOD:CANCEL\n", "f-1", 1, &[JEAN, LEA]).as_bytes());
    let said = String::from_utf8(cancelled.stdout).unwrap();
    assert!(cancelled.status.success() && said.starts_with("cancelled  "), "{said}");
    assert!(said.contains(&format!("Bilan, 2036-01-06 13:00 UTC: cancellation to {JEAN}, {LEA}; summary to {ORGANIZER}")), "{said}");
}

#[tokio::test]
async fn each_meeting_of_a_file_is_for_itself() {
    let desk = Desk::new();
    let event = |uid: &str, guest: &str| {
        let text = file("", uid, 0, &[guest]);
        text[text.find("BEGIN:VEVENT").unwrap()..text.find("END:VCALENDAR").unwrap()].to_owned()
    };
    let two = format!("BEGIN:VCALENDAR\n{}{}END:VCALENDAR\n", event("a", JEAN), event("b", LEA));
    let broken = "BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR\n";
    let task = event("t", JEAN).replace("VEVENT", "VTODO");
    let stranger = event("s", JEAN).replace(ORGANIZER, "mallory@elsewhere.example");
    let all = format!("{two}{broken}BEGIN:VCALENDAR\n{task}{stranger}{}END:VCALENDAR\n", event("c", JEAN));
    let (code, lines) = desk.create(&["-"], all.as_bytes());
    let results: Vec<_> = lines.iter().map(|line| (line["uid"].as_str().unwrap(), line["result"].as_str().unwrap())).collect();
    assert_eq!(results, [("a", "created"), ("b", "created"), ("", "refused"), ("", "refused"), ("s", "refused"), ("c", "created")]);
    assert_eq!(code, Some(1), "not all of it could be done");
    let said: Vec<&str> = lines.iter().filter_map(|line| line["problems"][0].as_str()).collect();
    assert!(
        said[0].contains("END without its BEGIN") && said[1].contains("VTODO") && said[2].contains("mallory@elsewhere.example"),
        "{said:?}"
    );
    assert_eq!(desk.waiting().await.len(), 6, "three invitations, three summaries");

    // Another's name is not taken; an own one is not needed in the file.
    let nameless = file("", "n", 0, &[JEAN]).replace(&format!("ORGANIZER:mailto:{ORGANIZER}\n"), "");
    let (code, lines) = desk.create(&["-"], nameless.as_bytes());
    assert_eq!((code, &lines[0]["result"]), (Some(1), &json!("refused")));
    let (code, lines) = desk.create(&["-", "--as", ORGANIZER], nameless.as_bytes());
    assert_eq!((code, &lines[0]["organizer"]), (Some(0), &json!(ORGANIZER)));
    let (code, _) = desk.create(&["-", "--as", "paul.roux@agence.example"], file("", "p", 0, &[JEAN]).as_bytes());
    assert_eq!(code, Some(1));

    // For people a refusal is on the error output, and a file that is none is no crash.
    for (input, words) in [(&b"hello"[..], "no VCALENDAR in it"), (b"", "no VCALENDAR in it"), (task.as_bytes(), "no VCALENDAR in it")] {
        let output = desk.run(&["meeting", "create", "--ics", "-"], input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(words) && output.stdout.is_empty(), "{said}");
    }
    assert_eq!(desk.create(&[desk.folder.path().join("gone.ics").to_str().unwrap()], b"").0, Some(1));
}

/// The gateway that serves sends what a command beside it left, and takes the answers.
#[test]
fn a_running_gateway_sends_what_the_command_left() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start();
    let [mx, submission, lmtp, web] = net::free_ports();
    let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
    let look = |toml: &str| toml.replace("[delivery.outbox]\n", "[delivery.outbox]\nlook_seconds = 1\n");
    let people = format!(
        "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n,{ORGANIZER},,Claire Bernard,,,fr,medical,,true\n"
    );
    let gateway = Gateway::start_with(folder.path(), ports, &people, look);
    let path = folder.path().join("bilan.ics");
    std::fs::write(&path, file("", "f-1", 0, &[JEAN])).unwrap();
    let said = gateway.command(&["meeting", "create", "--ics", path.to_str().unwrap()]);
    assert!(said.starts_with("created  "), "{said}");

    let invitation = sink.wait_for("the invitation", |taken| taken.iter().find(|one| one.to.contains(JEAN)).cloned());
    let object = itip::read(&invitation.mail().calendars[0].bytes).unwrap();
    assert_eq!(object.method, Some(Method::Request));
    sink.wait_for("the summary", |taken| taken.iter().find(|one| one.to.contains(ORGANIZER)).map(|_| ()));
    // Its answer reaches her, in terms of her file.
    let alias = object.events[0].organizer.as_ref().unwrap().mailbox.to_string();
    let answer = reply(JEAN, &object.events[0].uid, 0, "20360101T090000Z", "ACCEPTED").replace('\n', "\r\n");
    let taken = Peer::smtp(mx).send(JEAN, &[&alias], answer.as_bytes());
    assert!(taken.answer().starts_with("250"), "{taken:?}");
    sink.wait_for("the answer", |taken| {
        let objects = taken.iter().filter(|one| one.to.contains(ORGANIZER)).filter_map(|one| one.mail().calendars.first().cloned());
        objects.filter_map(|part| itip::read(&part.bytes).ok()).find(|object| object.events[0].uid == "f-1")
    });
}
