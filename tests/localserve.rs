//! The real program as a newcomer runs it: `paravent localserve`, its pages over HTTP, every button, and its end.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at a surprise")]

use crate::support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use support::http::{get, post};
use support::net::{PATIENCE, free_run};

const ORGANIZER: &str = "claire.bernard@agence.example";
const HELPDESK: &str = "helpdesk@agence.example";
const JEAN: &str = "jean.martin@hopital.example";
const LEA: &str = "lea.petit@cabinet.example";

/// A running `localserve`.
pub struct Local {
    child: Child,
    pub port: u16,
    folder: PathBuf,
}

impl Local {
    pub fn start(options: &[&str]) -> Self {
        let port = free_run(4);
        let mut child = Command::new(env!("CARGO_BIN_EXE_paravent"))
            .args(["localserve", "--port", &port.to_string()])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let folder = said.find_map(|line| line.trim().strip_prefix("everything is in ").map(PathBuf::from));
        let local = Self { child, port, folder: folder.expect("localserve ended before it said where everything is") };
        // It writes on for people; the pipe must not fill up.
        std::thread::spawn(move || said.for_each(drop));
        local
    }

    /// SIGTERM, and whether it ended well.
    fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(Instant::now() < deadline, "localserve does not end");
            pause();
        }
    }

    fn start_page(&self) -> String {
        let answer = get(self.port, "/");
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// The numbers of the mails in a mailbox, newest first.
    pub fn mails(&self, address: &str) -> Vec<u32> {
        let page = get(self.port, &format!("/mailbox/{address}")).body;
        page.split("href=\"/mail/").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
    }

    fn raw(&self, number: u32) -> String {
        get(self.port, &format!("/mail/{number}/raw")).body
    }

    /// One mail as it is shown, without its tags.
    fn shown(&self, number: u32) -> String {
        get(self.port, &format!("/mail/{number}")).body
    }

    /// Presses a button beside a mail; the door took what it made.
    pub fn press(&self, number: u32, form: &[(&str, &str)]) {
        let answer = post(self.port, &format!("/mail/{number}"), form);
        assert_eq!(answer.status, 303, "{form:?}: {}", answer.body);
        let location = answer.location.unwrap();
        assert!(location.contains("said=250"), "{form:?}: {location}");
    }

    /// The row of a guest in the newest meeting.
    fn row(&self, address: &str) -> String {
        let page = self.start_page();
        let row = page.split("<tr").find(|row| row.contains(&format!("<small>{address}</small>")));
        row.unwrap_or_else(|| panic!("{address} is not in\n{page}")).to_owned()
    }

    /// The organizer's page, by the link in the summary that they got.
    pub fn summary_page(&self) -> String {
        let summary = self.shown(self.next_mail(ORGANIZER, 0));
        let link = summary.split("/m/").nth(1).and_then(|rest| rest.split(['<', '"', '\n', ' ', '&']).next()).unwrap();
        format!("/m/{link}")
    }

    /// Mail is delivered after the door answered: waits until a mailbox has more than `before`, and gives the newest.
    pub fn next_mail(&self, address: &str, before: usize) -> u32 {
        eventually(&format!("a mail for {address} beyond {before}"), || {
            let mails = self.mails(address);
            (mails.len() > before).then(|| mails.first().copied()).flatten()
        })
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pause() {
    // The page is all that can be asked.
    std::thread::sleep(std::time::Duration::from_millis(20));
}

fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        pause();
    }
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
}

#[test]
fn a_newcomer_finds_a_meeting_and_every_mailbox() {
    let local = Local::start(&[]);
    let page = local.start_page();
    has(&page, &["Avis médical", JEAN, LEA, "temperror@hopital.example", "Nothing to worry about", "No mail waits"]);
    for address in [ORGANIZER, JEAN, LEA] {
        let number = local.next_mail(address, 0);
        has(&local.shown(number), &["As shown", "Headers", "Raw"]);
    }
    assert!(!local.raw(local.mails(JEAN)[0]).contains(ORGANIZER));

    let path = local.summary_page();
    let page = get(local.port, &path);
    assert_eq!(page.status, 200, "{path}");
    has(&page.body, &["Jean Martin", "Léa Petit", "Europe/Paris"]);

    let link = local.row(JEAN).split("/j/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let path = format!("/j/{link}");
    has(&get(local.port, &path).body, &["Entrer dans la réunion"]);
    let entered = post(local.port, &path, &[]);
    assert_eq!(entered.status, 303);
    assert!(entered.location.unwrap().contains("/room/"));
    has(&local.row(JEAN), &["entered"]);
}

#[test]
fn every_program_answers_and_the_organizer_hears() {
    let local = Local::start(&[]);
    let invitation = local.next_mail(JEAN, 0);
    local.next_mail(ORGANIZER, 0);
    let answers = [
        ("exchange", "accept", "accepted"),
        ("gmail", "decline", "declined"),
        ("apple", "tentative", "tentative"),
        ("thunderbird", "accept", "accepted"),
        ("android", "decline", "declined"),
    ];
    for (client, action, response) in answers {
        let before = local.mails(ORGANIZER).len();
        local.press(invitation, &[("action", action), ("client", client), ("comment", "Avec plaisir")]);
        has(&local.row(JEAN), &[&format!("s-{response}")]);
        let relayed = local.shown(local.next_mail(ORGANIZER, before));
        has(&relayed, &["REPLY", &response.to_uppercase(), "Jean Martin"]);
    }
    let before = local.mails(ORGANIZER).len();
    local.press(invitation, &[("action", "propose"), ("client", "exchange"), ("starts", "2030-01-15T10:00")]);
    has(&local.row(JEAN), &["proposes Tue 15 Jan 10:00 UTC", "s-declined"]);
    has(&local.shown(local.next_mail(ORGANIZER, before)), &["COUNTER"]);
    has(&local.row(LEA), &["s-needs-action"]);
}

#[test]
fn words_go_both_ways_and_the_organizer_stays_hidden() {
    let local = Local::start(&[]);
    let invitation = local.next_mail(JEAN, 0);
    local.next_mail(ORGANIZER, 0);
    local.press(invitation, &[("action", "words"), ("text", "Puis-je venir à deux ?")]);
    let words = local.next_mail(ORGANIZER, 1);
    has(&local.shown(words), &["Puis-je venir à deux"]);
    has(&local.row(JEAN), &["s-needs-action"]);

    local.press(words, &[("action", "answer"), ("text", "Bien sûr, venez.")]);
    let answer = local.next_mail(JEAN, 1);
    has(&local.shown(answer), &["Bien sûr, venez."]);
    assert!(!local.raw(answer).contains("agence.example"));

    let (told, sent) = (local.mails(ORGANIZER).len(), local.mails(JEAN).len());
    local.press(words, &[("action", "answer"), ("text", "Rappelez-moi.\n\nClaire Bernard")]);
    has(&local.start_page(), &["leak", "paravent hold show"]);
    local.next_mail(HELPDESK, 0);
    local.next_mail(ORGANIZER, told);
    assert_eq!(local.mails(JEAN).len(), sent, "what would show the organizer does not go out");
}

#[test]
fn systems_answer_too() {
    let local = Local::start(&[]);
    let (jean, lea) = (local.next_mail(JEAN, 0), local.next_mail(LEA, 0));
    local.press(jean, &[("action", "receipt")]);
    has(&local.start_page(), &["Nothing to worry about", "No mail waits"]);

    local.press(jean, &[("action", "away")]);
    has(&local.row(JEAN), &["away", "s-needs-action"]);

    local.press(lea, &[("action", "bounce-delayed")]);
    has(&local.row(LEA), &["s-delayed"]);
    local.press(lea, &[("action", "bounce-hard")]);
    has(&local.row(LEA), &["s-undeliverable"]);
    has(&local.start_page(), &["guest-undeliverable"]);
    local.next_mail(HELPDESK, 0);
}

#[test]
fn a_full_mailbox_is_told_to_the_helpdesk() {
    let local = Local::start(&[]);
    let invitation = local.next_mail(JEAN, 0);
    local.press(invitation, &[("action", "bounce-soft")]);
    let row = local.row(JEAN);
    assert!(row.contains("s-undeliverable") || row.contains("s-delayed"), "{row}");
    local.next_mail(HELPDESK, 0);
}

#[test]
fn a_stranger_with_a_guests_address_waits_for_a_person() {
    let local = Local::start(&[]);
    let invitation = local.next_mail(JEAN, 0);
    local.press(invitation, &[("action", "other-address"), ("other", "jean@ailleurs.example"), ("text", "C’est moi.")]);
    has(&local.start_page(), &["paravent hold show", "stranger"]);
    has(&local.row(JEAN), &["s-needs-action"]);
    local.next_mail(HELPDESK, 0);
}

#[test]
fn the_organizer_moves_and_cancels() {
    let local = Local::start(&[]);
    local.next_mail(JEAN, 0);
    local.next_mail(ORGANIZER, 0);
    let meeting = || {
        let page = get(local.port, &format!("/mailbox/{ORGANIZER}")).body;
        page.split("action=\"/meeting/").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
    };
    let id = meeting().unwrap();
    let starts = local.start_page();
    let change = |intent| post(local.port, &format!("/meeting/{id}"), &[("intent", intent)]);
    assert!(change("later").location.unwrap().contains("said=250"));
    has(&local.shown(local.next_mail(JEAN, 1)), &["REQUEST", "sequence 1"]);
    assert_ne!(local.start_page(), starts);
    assert!(change("cancel").location.unwrap().contains("said=250"));
    has(&local.shown(local.next_mail(JEAN, 2)), &["CANCEL", "sequence 2"]);
    has(&local.start_page(), &["cancelled"]);
    assert_eq!(meeting(), None);
}

#[test]
fn sigterm_ends_it_and_takes_the_temporary_folder_along() {
    let local = Local::start(&[]);
    let folder = local.folder.clone();
    assert!(folder.join("paravent.toml").exists());
    assert!(local.stop());
    assert!(!folder.exists());
}

#[test]
fn a_given_folder_stays_and_goes_on() {
    let kept = tempfile::tempdir().unwrap();
    let options = ["--folder", kept.path().to_str().unwrap()];
    let local = Local::start(&options);
    assert_eq!(local.folder, Path::new(options[1]));
    let invitation = local.next_mail(JEAN, 0);
    local.press(invitation, &[("action", "accept")]);
    assert!(local.stop());

    let again = Local::start(&options);
    has(&again.row(JEAN), &["s-accepted"]);
    assert_eq!(again.start_page().matches("<thead>").count(), 1, "the sample is not sent twice");
    assert!(again.stop());
    assert!(kept.path().join("paravent.toml").exists());
}
