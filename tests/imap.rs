//! Mail that is fetched: the flows on a real archive, and mailboxes on a real Dovecot. Whoever waits here waits for a message to lie
//! where it should, by IDLE, or for a word of the door; nothing is waited for by time.

use crate::support;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paravent::domain::address::{Mailbox as Address, ReversePath};
use paravent::domain::answer::Answer;
use paravent::domain::attendance::PartStat;
use paravent::domain::id::OrganizerId;
use paravent::domain::token::{AliasDomain, Purpose};
use paravent::flow::port::{Incoming, MailDoor::Submission, PortResult, Reception, Session};
use paravent::imap::{Credentials, ImapSettings, Mailbox, mailbox};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, reply, words};
use support::net::{self, Imap, PATIENCE, Smtp};
use support::servers::{Dovecot, Gateway, GatewayPorts};
use support::sink::Sink;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

const BOX: &str = "visio@hosted.example";
const DONE: &str = "Paravent.Done";
const REFUSED: &str = "Paravent.Refused";
const UNMATCHED: &str = "Paravent.Unmatched";

/// A hosted mailbox, and the gateway's flows.
struct Site {
    dovecot: Dovecot,
    lmtp: u16,
    house: House,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn set() -> Option<Self> {
        Self::set_with("").await
    }

    /// With more settings of Dovecot.
    async fn set_with(more: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir().unwrap();
        let [imap, lmtp] = net::free_ports();
        // What inotify does not tell is looked for, every half minute if nothing else is said.
        let more = format!("recipient_delimiter = +\nmailbox_idle_check_interval = 1 secs\n{more}");
        let dovecot = Dovecot::start_configured(&folder.path().join("dovecot"), imap, lmtp, &more)?;
        let house = House::build().await;
        let answers = house.give(Submission, ORGANIZER, &[JEAN, LEA], &calendar_mail("REQUEST", 0, 13, &[JEAN, LEA])).await;
        assert!(answers.iter().all(|answer| answer.starts_with("250")), "{answers:?}");
        house.sent().await;
        Some(Self { dovecot, lmtp, house, _folder: folder })
    }

    fn settings(&self, more: &str) -> ImapSettings {
        settings(self.dovecot.imap, more)
    }

    /// Starts the task of the mailbox.
    fn fetch(&self, more: &str) -> Fetching {
        self.fetch_for(self.house.gateway.clone(), more)
    }

    fn fetch_for(&self, reception: Arc<dyn Reception>, more: &str) -> Fetching {
        Fetching::start(Mailbox::new(self.settings(more), secret(), reception, self.house.clock.clone()).unwrap())
    }

    /// A look into a folder, which is made where it is missing.
    fn folder(&self, name: &str) -> Imap {
        let mut imap = self.dovecot.mailbox(BOX);
        if name != "INBOX" && imap.lines(&format!("LIST \"\" \"{name}\"")).is_empty() {
            imap.command(&format!("CREATE \"{name}\""));
        }
        imap.select(name);
        imap
    }

    async fn alias(&self, guest: &str) -> String {
        self.house.address(Purpose::OrganizerAlias, self.house.guest(guest).await.id)
    }

    /// A guest's answer as it lies in a mailbox.
    async fn answer(&self, guest: &str, partstat: &str, minute: u32) -> String {
        let (alias, known) = (self.alias(guest).await, self.house.guest(guest).await);
        let stamp = format!("20260105T09{minute:02}00Z");
        format!(
            "Return-Path: <{guest}>\nDelivered-To: {alias}\nReceived: from mail.example by mx.hosted.example\n{}",
            reply(guest, &known.uid.0, 0, &stamp, partstat)
        )
    }

    async fn partstat(&self, guest: &str) -> PartStat {
        self.house.guest(guest).await.attendance.response.whole.partstat
    }

    async fn received(&self) -> usize {
        self.house.archive.received(None, 100_000).await.unwrap().len()
    }
}

fn settings(port: u16, more: &str) -> ImapSettings {
    toml::from_str(&format!(
        "name = \"office\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nuser = \"{BOX}\"\nfirst_wait_seconds = 1\n{more}\n"
    ))
    .unwrap()
}

fn secret() -> Credentials {
    Credentials::Password("secret".into())
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

/// The task of a mailbox.
struct Fetching {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Fetching {
    fn start(mailbox: Mailbox) -> Self {
        let (stop, stopping) = watch::channel(false);
        Self { stop, task: tokio::spawn(mailbox.run(stopping)) }
    }

    /// Ends as the gateway ends.
    async fn stop(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(PATIENCE, self.task).await.expect("it ends").unwrap();
    }

    /// Ends where it stands.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Stands before the gateway: counts what comes, and may stop after it is durable, or refuse it for now.
struct Watched {
    inner: Arc<dyn Reception>,
    received: AtomicUsize,
    told: mpsc::UnboundedSender<Vec<Answer>>,
    hangs_after: AtomicBool,
    refuses: AtomicUsize,
}

impl Watched {
    fn of(inner: Arc<dyn Reception>) -> (Arc<Self>, mpsc::UnboundedReceiver<Vec<Answer>>) {
        let (told, hears) = mpsc::unbounded_channel();
        let watched =
            Self { inner, received: AtomicUsize::new(0), told, hangs_after: AtomicBool::new(false), refuses: AtomicUsize::new(0) };
        (Arc::new(watched), hears)
    }
}

#[async_trait]
impl Reception for Watched {
    async fn login(&self, login: &str, password: &str) -> PortResult<Option<OrganizerId>> {
        self.inner.login(login, password).await
    }

    async fn check_recipient(&self, session: &Session, reverse_path: &ReversePath, recipient: &Address) -> Answer {
        self.inner.check_recipient(session, reverse_path, recipient).await
    }

    async fn receive(&self, incoming: Incoming) -> Vec<Answer> {
        self.received.fetch_add(1, Ordering::SeqCst);
        let refuses = self.refuses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let answers = if refuses { vec![Answer::TRY_AGAIN; incoming.recipients.len()] } else { self.inner.receive(incoming).await };
        self.told.send(answers.clone()).unwrap();
        if self.hangs_after.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        answers
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_fetched_changes_attendance() {
    let Some(site) = Site::set().await else { return };
    site.folder("INBOX").append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    let mut done = site.folder(DONE);
    let fetching = site.fetch("");
    done.wait_for(1);
    assert_eq!(site.partstat(JEAN).await, PartStat::Accepted);
    site.folder("INBOX").wait_for_at_most(0);

    // The next one comes while it is waited for, and is told of by the server.
    site.folder("INBOX").append("INBOX", &crlf(&site.answer(LEA, "DECLINED", 1).await));
    done.wait_for(2);
    assert_eq!(site.partstat(LEA).await, PartStat::Declined);
    assert!(!done.lines("FETCH 1:2 FLAGS").iter().any(|line| line.contains("Seen")), "nothing is marked as seen");
    fetching.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plus_addresses_are_ours_and_their_mailbox_is_the_service() {
    let Some(mut site) = Site::set().await else { return };
    let hosted = AliasDomain::parse("hosted.example").unwrap().below("visio").unwrap();
    let gateway = Arc::get_mut(&mut site.house.gateway).unwrap();
    gateway.settings.domains.alias = hosted;
    let alias = site.alias(JEAN).await;
    assert!(alias.starts_with("visio+oa") && alias.ends_with("@hosted.example"), "{alias}");
    let known = site.house.guest(JEAN).await;
    let mut done = site.folder(DONE);
    let fetching = site.fetch("");

    // The server that takes it for the mailbox says itself for whom; the sender wrote another address.
    let mut lmtp = Smtp::open_lmtp(site.lmtp);
    let text = reply(JEAN, &known.uid.0, 0, "20260105T090000Z", "TENTATIVE");
    assert!(lmtp.send(JEAN, &[&alias], text.as_bytes()).starts_with("250"));
    done.wait_for(1);
    let raw = String::from_utf8(done.all().remove(0)).unwrap();
    assert!(raw.contains(&format!("for <{alias}>")) && raw.contains("To: x@visio.example"), "{raw}");
    assert_eq!(site.partstat(JEAN).await, PartStat::Tentative);

    assert!(lmtp.send(JEAN, &[BOX], words(JEAN, BOX, "s1@hopital.example", "Bonjour").as_bytes()).starts_with("250"));
    done.wait_for(2);
    fetching.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_ends_in_its_folder_and_nothing_is_lost() {
    let Some(site) = Site::set().await else { return };
    let alias = site.alias(JEAN).await;
    let mut inbox = site.folder("INBOX");
    let (mut refused, mut unmatched, mut done) = (site.folder(REFUSED), site.folder(UNMATCHED), site.folder(DONE));
    let large = words(JEAN, &alias, "large@hopital.example", &"x ".repeat(6_000));
    let two_authors = format!("From: {LEA}\n{}", words(JEAN, &alias, "two@hopital.example", "Bonjour"));
    let stranger = words(JEAN, "claire@hosted.example", "str@hopital.example", "Bonjour");
    let forged = words(JEAN, "oaaaa@visio.example", "forged@hopital.example", "Bonjour");
    let answer = site.answer(JEAN, "ACCEPTED", 0).await;
    for mail in [&large, &two_authors, &stranger, &forged, &answer, &String::new()] {
        inbox.append("INBOX", &crlf(&format!("{mail}\n")));
    }
    let fetching = site.fetch("message_bytes = 10000\nbatch = 4");
    done.wait_for(1);
    refused.wait_for(2);
    unmatched.wait_for(3);
    inbox.wait_for_at_most(0);
    assert!(refused.all().iter().any(|mail| mail.len() > 10_000), "what is too large is whole");
    fetching.stop().await;
}

/// An organizer whose program sends through the hosted mailbox's server invites guest aliases; who they are must be proved by domain.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_is_fetched_needs_a_proved_author() {
    let Some(site) = Site::set().await else { return };
    let alias = "ines.moreau=societe.example@guest.visio.example";
    let invitation = |number: u32| {
        let mail = calendar_mail("REQUEST", number, 15, &[alias]).replace("UID:meeting-1", "UID:meeting-2");
        crlf(&format!("Return-Path: <{ORGANIZER}>\nDelivered-To: visio@hosted.example\n{mail}"))
    };
    let meetings = async || site.house.archive.meetings(chrono::DateTime::UNIX_EPOCH, 10).await.unwrap().len();
    let (mut done, mut refused, mut inbox) = (site.folder(DONE), site.folder(REFUSED), site.folder("INBOX"));
    site.house.verdicts.aligned.store(false, Ordering::SeqCst);
    inbox.append("INBOX", &invitation(0));
    let fetching = site.fetch("");
    refused.wait_for(1);
    assert_eq!(meetings().await, 1);

    site.house.verdicts.aligned.store(true, Ordering::SeqCst);
    inbox.append("INBOX", &invitation(1));
    done.wait_for(1);
    fetching.stop().await;
    assert_eq!(meetings().await, 2);
    let sent = site.house.sent().await;
    assert!(sent.iter().any(|item| item.recipient.to_string() == "ines.moreau@societe.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_flag_mode_everything_stays_and_is_looked_at_once() {
    let Some(site) = Site::set().await else { return };
    let (watched, mut hears) = Watched::of(site.house.gateway.clone());
    let mut inbox = site.folder("INBOX");
    inbox.append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    inbox.append("INBOX", &crlf(&words(JEAN, "claire@hosted.example", "str@hopital.example", "Bonjour")));
    let fetching = site.fetch_for(watched.clone(), "afterwards = \"flag\"");
    hears.recv().await.unwrap();
    // A further one comes after the first were flagged: they were in one batch, or in one before it.
    inbox.append("INBOX", &crlf(&site.answer(LEA, "DECLINED", 1).await));
    hears.recv().await.unwrap();
    fetching.stop().await;

    let again = site.fetch_for(watched.clone(), "afterwards = \"flag\"");
    inbox.append("INBOX", &crlf(&site.answer(JEAN, "TENTATIVE", 2).await));
    hears.recv().await.unwrap();
    again.stop().await;
    assert_eq!(watched.received.load(Ordering::SeqCst), 3, "what was flagged is not fetched again");
    assert_eq!((site.partstat(JEAN).await, site.partstat(LEA).await), (PartStat::Tentative, PartStat::Declined));
    let numbers = |search: &str| site.folder("INBOX").lines(&format!("SEARCH {search}")).remove(0);
    assert_eq!(numbers("KEYWORD Paravent"), "* SEARCH 1 2 3 4");
    assert_eq!(numbers("KEYWORD ParaventUnmatched"), "* SEARCH 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_extensions_will_do() {
    for capability in ["IMAP4rev1", "IMAP4rev1 UIDPLUS IDLE"] {
        let Some(site) = Site::set_with(&format!("imap_capability = {capability}\n")).await else { return };
        let mut done = site.folder(DONE);
        let mut inbox = site.folder("INBOX");
        inbox.append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
        let fetching = site.fetch("poll_seconds = 1");
        done.wait_for(1);
        inbox.wait_for_at_most(0);
        inbox.append("INBOX", &crlf(&site.answer(LEA, "ACCEPTED", 1).await));
        done.wait_for(2);
        inbox.wait_for_at_most(0);
        assert_eq!((site.partstat(JEAN).await, site.partstat(LEA).await), (PartStat::Accepted, PartStat::Accepted));
        fetching.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_is_found_again() {
    let Some(mut site) = Site::set().await else { return };
    let (watched, mut hears) = Watched::of(site.house.gateway.clone());
    site.folder("INBOX").append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    let fetching = site.fetch_for(watched, "");
    hears.recv().await.unwrap();
    site.folder(DONE).wait_for(1);
    for (partstat, minute) in [("DECLINED", 1), ("TENTATIVE", 2)] {
        site.dovecot.stop();
        site.dovecot.start_again(None);
        site.folder("INBOX").append("INBOX", &crlf(&site.answer(JEAN, partstat, minute).await));
        hears.recv().await.unwrap();
    }
    assert_eq!(site.partstat(JEAN).await, PartStat::Tentative);
    fetching.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_begin_anew_change_nothing() {
    for more in ["", "afterwards = \"flag\""] {
        let Some(mut site) = Site::set().await else { return };
        let (watched, mut hears) = Watched::of(site.house.gateway.clone());
        let validity = |site: &Site| site.dovecot.mailbox(BOX).lines("STATUS INBOX (UIDVALIDITY)").remove(0);
        let mut inbox = site.folder("INBOX");
        inbox.append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
        inbox.append("INBOX", &crlf(&words(JEAN, "claire@hosted.example", "str@hopital.example", "Bonjour")));
        let fetching = site.fetch_for(watched.clone(), more);
        hears.recv().await.unwrap();
        if more.is_empty() {
            inbox.wait_for_at_most(0);
        }
        let before = validity(&site);
        // Who is signed in holds up the end of the server.
        drop(inbox);
        site.dovecot.stop();
        renumber(&site.dovecot.maildir(BOX));
        site.dovecot.start_again(None);
        assert_ne!(validity(&site), before);

        site.folder("INBOX").append("INBOX", &crlf(&site.answer(LEA, "ACCEPTED", 1).await));
        while site.partstat(LEA).await != PartStat::Accepted {
            hears.recv().await.unwrap();
        }
        fetching.stop().await;
        assert_eq!((site.partstat(JEAN).await, site.received().await), (PartStat::Accepted, 3), "the invitation and two answers");
    }
}

/// Takes away what Dovecot knows of the numbers in a Maildir.
fn renumber(maildir: &Path) {
    for file in std::fs::read_dir(maildir).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name == "dovecot-uidlist" {
            // The same messages under another validity: `3 V<validity> N<next> G<guid>` heads the list.
            let text = std::fs::read_to_string(&file).unwrap();
            let head = text.lines().next().unwrap();
            let other = head.split(' ').map(|word| if word.starts_with('V') { "V1234567" } else { word }).collect::<Vec<_>>().join(" ");
            std::fs::write(&file, text.replacen(head, &other, 1)).unwrap();
        } else if name.starts_with("dovecot.index") || name.starts_with("dovecot.list") {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_between_commit_and_move_leaves_one_effect() {
    let Some(site) = Site::set().await else { return };
    let (watched, mut hears) = Watched::of(site.house.gateway.clone());
    watched.hangs_after.store(true, Ordering::SeqCst);
    site.folder("INBOX").append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    let fetching = site.fetch_for(watched.clone(), "");
    hears.recv().await.unwrap();
    fetching.kill().await;
    let told = site.house.sent().await.len();
    assert!(told > 0, "the organizer is told of the answer");
    assert_eq!((site.partstat(JEAN).await, site.received().await), (PartStat::Accepted, 2), "its effect is durable");
    site.folder("INBOX").wait_for(1);

    watched.hangs_after.store(false, Ordering::SeqCst);
    let fetching = site.fetch_for(watched.clone(), "");
    assert_eq!(hears.recv().await.unwrap(), [Answer::ACCEPTED]);
    site.folder(DONE).wait_for(1);
    site.folder("INBOX").wait_for_at_most(0);
    fetching.stop().await;
    assert_eq!((site.house.sent().await.len(), site.received().await), (0, 2), "nobody is told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_now_stays_and_holds_up_nothing() {
    let Some(site) = Site::set().await else { return };
    let (watched, mut hears) = Watched::of(site.house.gateway.clone());
    watched.refuses.store(1, Ordering::SeqCst);
    let mut inbox = site.folder("INBOX");
    inbox.append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    inbox.append("INBOX", &crlf(&site.answer(LEA, "ACCEPTED", 1).await));
    let mut done = site.folder(DONE);
    let fetching = site.fetch_for(watched.clone(), "");
    assert_eq!(hears.recv().await.unwrap(), [Answer::TRY_AGAIN]);
    assert_eq!(hears.recv().await.unwrap(), [Answer::ACCEPTED], "the second does not wait for the first");
    assert_eq!(hears.recv().await.unwrap(), [Answer::ACCEPTED]);
    done.wait_for(2);
    assert_eq!((site.partstat(JEAN).await, site.partstat(LEA).await), (PartStat::Accepted, PartStat::Accepted));
    fetching.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_takes_nothing_is_not_asked_about_everything() {
    let Some(site) = Site::set().await else { return };
    let (watched, mut hears) = Watched::of(site.house.gateway.clone());
    watched.refuses.store(10, Ordering::SeqCst);
    let mut inbox = site.folder("INBOX");
    for minute in 0..12 {
        inbox.append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", minute).await));
    }
    let mut done = site.folder(DONE);
    let fetching = site.fetch_for(watched.clone(), "");
    done.wait_for(12);
    inbox.wait_for_at_most(0);
    fetching.stop().await;
    let mut answers = Vec::new();
    while let Ok(answer) = hears.try_recv() {
        answers.push(answer == [Answer::TRY_AGAIN]);
    }
    assert_eq!(answers, [vec![true; 10], vec![false; 12]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn further_folders_are_looked_into() {
    let Some(site) = Site::set().await else { return };
    site.folder("R&AOk-ponses").append("R&AOk-ponses", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    site.folder("INBOX").append("INBOX", &crlf(&site.answer(LEA, "DECLINED", 1).await));
    let mut done = site.folder(DONE);
    let fetching = site.fetch("folders = [\"INBOX\", \"Réponses\"]\npoll_seconds = 1");
    done.wait_for(2);
    assert_eq!((site.partstat(JEAN).await, site.partstat(LEA).await), (PartStat::Accepted, PartStat::Declined));
    // IDLE watches the first folder: it must end by itself for the second.
    site.folder("R&AOk-ponses").append("R&AOk-ponses", &crlf(&site.answer(JEAN, "TENTATIVE", 2).await));
    done.wait_for(3);
    assert_eq!(site.partstat(JEAN).await, PartStat::Tentative);
    fetching.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_tried_again() {
    let Some(mut site) = Site::set().await else { return };
    let settings = site.settings("");
    let wrong = || Credentials::Password("another".into());
    let trouble = mailbox::probe(&settings, &wrong()).await.unwrap_err().to_string();
    assert!(
        trouble.starts_with("the sign-in was refused") && trouble.contains("AUTHENTICATIONFAILED") && !trouble.contains("another"),
        "{trouble}"
    );
    assert!(mailbox::probe(&settings, &secret()).await.unwrap().contains("by itself"));
    assert!(
        mailbox::probe(&self::settings(net::free_ports::<1>()[0], ""), &secret())
            .await
            .unwrap_err()
            .to_string()
            .starts_with("no connection")
    );

    site.folder("INBOX").append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    let (watched, mut hears) = Watched::of(site.house.gateway.clone());
    let fetching = Fetching::start(Mailbox::new(settings, wrong(), watched, site.house.clock.clone()).unwrap());
    site.dovecot.stop();
    site.dovecot.start_again(Some("passdb {\n driver = static\n args = password=another\n}\n"));
    assert_eq!(hears.recv().await.unwrap(), [Answer::ACCEPTED]);
    fetching.stop().await;
    assert_eq!(site.partstat(JEAN).await, PartStat::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_and_a_stranger_is_not_believed() {
    let keys = tempfile::tempdir().unwrap();
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (keys.path().join("certificate.pem"), keys.path().join("key.pem"));
    std::fs::write(&certificate, signed.cert.pem()).unwrap();
    std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
    let [imaps] = net::free_ports();
    let more = format!(
        "ssl = yes\nssl_cert = <{}\nssl_key = <{}\nservice imap-login {{\n inet_listener imaps {{\n port = {imaps}\n ssl = yes\n }}\n}}\n",
        certificate.display(),
        key.display()
    );
    let Some(site) = Site::set_with(&more).await else { return };
    site.folder("INBOX").append("INBOX", &crlf(&site.answer(JEAN, "ACCEPTED", 0).await));
    let believed = format!("ca_file = \"{}\"", certificate.display());
    let read = |tls: &str, port: u16, more: &str| -> ImapSettings {
        toml::from_str(&format!("name = \"office\"\nhost = \"localhost\"\nport = {port}\ntls = \"{tls}\"\nuser = \"{BOX}\"\n{more}\n"))
            .unwrap()
    };
    for (tls, port) in [("implicit", imaps), ("starttls", site.dovecot.imap)] {
        mailbox::probe(&read(tls, port, &believed), &secret()).await.unwrap();
        let trouble = mailbox::probe(&read(tls, port, ""), &secret()).await.unwrap_err().to_string();
        assert!(trouble.contains("no TLS"), "{trouble}");
    }
    let mut done = site.folder(DONE);
    let settings = read("implicit", imaps, &believed);
    let fetching = Fetching::start(Mailbox::new(settings, secret(), site.house.gateway.clone(), site.house.clock.clone()).unwrap());
    done.wait_for(1);
    fetching.stop().await;
}

/// The program itself, which has no other door for guests' answers.
#[test]
fn several_mailboxes_of_one_gateway() {
    let Some(program) = Program::set(|_| ()) else { return };
    let Program { dovecot, gateway, alias, .. } = &program;
    let shown = || {
        let list = gateway.command(&["meeting", "list", "--json"]);
        let first: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
        gateway.command(&["meeting", "show", first["id"].as_str().unwrap(), "--json"])
    };
    let mut done = ["visio@hosted.example", "second@hosted.example"].map(|address| {
        let mut imap = dovecot.mailbox(address);
        imap.select(DONE);
        let mail = words(JEAN, alias, &format!("m-{address}"), &format!("Bonjour {address}"));
        imap.append("INBOX", &crlf(&format!("{}{mail}", Program::REPORT)));
        imap
    });
    done.iter_mut().for_each(|imap| imap.wait_for(1));
    assert!(shown().contains(JEAN));
    for address in ["visio@hosted.example", "second@hosted.example"] {
        let text = format!("Bonjour {address}");
        program.sink.wait_for("the words for the organizer", |taken| {
            taken.iter().find(|mail| mail.to == ORGANIZER && mail.mail().text.contains(&text)).map(drop)
        });
    }
}

/// `PARAVENT_MAILBOX=10000 cargo test --test all what_a_large_mailbox_costs -- --ignored --nocapture`; 50,000 messages without it.
#[test]
#[ignore = "prints figures"]
fn what_a_large_mailbox_costs() {
    let count: usize = std::env::var("PARAVENT_MAILBOX").ok().and_then(|count| count.parse().ok()).unwrap_or(50_000);
    let Some(mut program) = Program::set(|program| {
        drop(program.dovecot.mailbox(BOX));
        fill(&program.dovecot.maildir(BOX), count, |number| match number % 5 {
            0 => {
                let mail = words(JEAN, &program.alias, &format!("m{number}@hopital.example"), &format!("Message {number}"));
                format!("{}{mail}", Program::REPORT)
            }
            _ => words(JEAN, "claire@hosted.example", &format!("m{number}@hopital.example"), "Bonjour"),
        });
        // Dovecot counts them once before the clock runs.
        program.dovecot.mailbox(BOX).wait_for(count);
    }) else {
        return;
    };
    let begin = std::time::Instant::now();
    let [mut unmatched, mut done, mut inbox] = [UNMATCHED, DONE, "INBOX"].map(|folder| {
        let mut imap = program.dovecot.mailbox(BOX);
        imap.select(folder);
        imap
    });
    unmatched.wait_for(count / 5 * 4);
    done.wait_for(count / 5);
    inbox.wait_for_at_most(0);
    println!("{count} messages, {} of them for a guest: {:.1?}, at most {} KiB", count / 5, begin.elapsed(), program.gateway.peak_memory());
    program.gateway.kill();
}

/// The program with two mailboxes, and an invitation of Jean behind it.
struct Program {
    dovecot: Dovecot,
    gateway: Gateway,
    sink: Sink,
    /// Where Jean answers.
    alias: String,
    _folder: tempfile::TempDir,
}

impl Program {
    /// What the mailbox's server writes on top of Jean's mail.
    const REPORT: &str = "Authentication-Results: mx.hosted.example; dmarc=pass header.from=hopital.example\n";

    /// `before` puts mail into mailboxes before the gateway opens them.
    fn set(before: impl Fn(&Self)) -> Option<Self> {
        let folder = tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir().unwrap();
        let [imap, imap_lmtp, mx, submission, lmtp, web] = net::free_ports();
        let dovecot = Dovecot::start(&folder.path().join("dovecot"), imap, imap_lmtp)?;
        let sink = Sink::start();
        let place = folder.path().join("gateway");
        let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
        let head = "id,mail,aliases,name,login,password_hash,language,group,secrets,active";
        let organizers = format!("{head}\n,{ORGANIZER},,Claire Bernard,,,fr,medical,,true\n");
        let trusting = |text: &str| text.replace("[authentication]\n", "[authentication]\nmailbox_servers = [\"mx.hosted.example\"]\n");
        let gateway = Gateway::start_with(&place, ports, &organizers, trusting);
        let mail = calendar_mail("REQUEST", 0, 13, &[JEAN]).replace("20260106", "20310106");
        assert!(Smtp::open(submission).send(ORGANIZER, &[JEAN], mail.as_bytes()).starts_with("250"));
        let alias = sink.wait_for("the invitation", |taken| {
            let invitation = taken.iter().find(|mail| mail.to == JEAN)?.mail();
            invitation.author().map(|author| author.mailbox.to_string())
        });
        let mut program = Self { dovecot, gateway, sink, alias, _folder: folder };
        program.gateway.kill();
        let append = |file: &str, text: &str| {
            let path = place.join(file);
            std::fs::write(&path, format!("{}\n{text}", std::fs::read_to_string(&path).unwrap())).unwrap();
        };
        append("paravent.toml", "[budgets]\npair_per_day = 100000\nalias_per_day = 100000\nsender_per_day = 100000\n");
        for (name, user) in [("office", BOX), ("second", "second@hosted.example")] {
            let server = format!("host = \"127.0.0.1\"\nport = {imap}\ntls = \"none\"");
            append("paravent.toml", &format!("[[imap]]\nname = \"{name}\"\n{server}\nuser = \"{user}\"\n"));
            append("keys.toml", &format!("[[imap]]\nname = \"{name}\"\npassword = \"secret\"\n"));
            let mut mailbox = program.dovecot.mailbox(user);
            for folder in [DONE, UNMATCHED] {
                mailbox.command(&format!("CREATE \"{folder}\""));
            }
        }
        before(&program);
        program.gateway.restart();
        Some(program)
    }
}

/// As an operator sees it: the program with a mailbox in its configuration.
#[test]
fn check_signs_in_to_each_mailbox() {
    let folder = tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir().unwrap();
    let [imap, lmtp] = net::free_ports();
    let Some(dovecot) = Dovecot::start(&folder.path().join("dovecot"), imap, lmtp) else { return };
    drop(dovecot.mailbox(BOX));
    let place = folder.path().join("gateway");
    let paravent = || assert_cmd::Command::cargo_bin("paravent").unwrap();
    paravent().args(["init", "--domain", "visio.test", "--folder"]).arg(&place).assert().success();
    let append = |file: &str, text: &str| {
        let path = place.join(file);
        std::fs::write(&path, format!("{}\n{text}", std::fs::read_to_string(&path).unwrap())).unwrap();
    };
    for (name, password) in [("right", "secret"), ("wrong", "hunter2")] {
        append(
            "paravent.toml",
            &format!("[[imap]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {imap}\ntls = \"none\"\nuser = \"{BOX}\"\n"),
        );
        append("keys.toml", &format!("[[imap]]\nname = \"{name}\"\npassword = \"{password}\"\n"));
    }
    // No name server is asked.
    append("paravent.toml", "[authentication]\nresolvers = [\"127.0.0.1\"]\nresolver_port = 9\n");
    let output = paravent().arg("--config").arg(place.join("paravent.toml")).args(["--json", "check"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let finding =
        |subject: &str| text.lines().find(|line| line.contains(&format!("\"subject\":\"{subject}\""))).unwrap_or_else(|| panic!("{text}"));
    assert!(finding("imap.right").contains("\"level\":\"ok\"") && finding("imap.right").contains("signed in"));
    assert!(finding("imap.wrong").contains("\"level\":\"problem\"") && finding("imap.wrong").contains("refused"));
    assert!(!text.contains("hunter2"));
}

/// A server that says what the test says: a list of what is expected (a part of the line; empty for anything) and what is answered,
/// where `TAG` stands for the tag.
async fn scripted(greeting: &str, script: &[(&str, &str)]) -> (u16, JoinHandle<Vec<String>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let greeting = greeting.to_owned();
    let script: Vec<(String, String)> = script.iter().map(|(wants, says)| ((*wants).to_owned(), (*says).to_owned())).collect();
    let task = tokio::spawn(async move {
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        stream.get_mut().write_all(greeting.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        for (wants, says) in script {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                break;
            }
            assert!(line.contains(&wants), "{line} is not {wants}");
            let tag = line.split(' ').next().unwrap().to_owned();
            stream.get_mut().write_all(says.replace("TAG", &tag).as_bytes()).await.unwrap();
            heard.push(line);
        }
        heard
    });
    (port, task)
}

#[tokio::test]
async fn a_token_is_shown_as_xoauth2_and_a_refusal_of_it_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "ya29.one\n").unwrap();
    let credentials = Credentials::TokenFile(file.clone());
    let hello = "* OK ready\r\n";
    let shown = |line: &str| String::from_utf8(STANDARD.decode(line.trim()).unwrap()).unwrap();

    let refusing = [
        ("AUTHENTICATE XOAUTH2", "+ \r\n"),
        ("", "+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"),
        ("", "A0001 NO [AUTHENTICATIONFAILED] the token ran out\r\n"),
    ];
    let (port, server) = scripted(hello, &refusing).await;
    let trouble = mailbox::probe(&settings(port, ""), &credentials).await.unwrap_err().to_string();
    assert!(trouble.contains("the token ran out") && !trouble.contains("ya29"), "{trouble}");
    let heard = server.await.unwrap();
    assert_eq!(shown(&heard[1]), format!("user={BOX}\x01auth=Bearer ya29.one\x01\x01"));
    assert_eq!(heard[2], "\r\n");

    // Another program has renewed it.
    std::fs::write(&file, "ya29.two").unwrap();
    let taking = [
        ("AUTHENTICATE XOAUTH2", "+ \r\n"),
        ("", "* CAPABILITY IMAP4rev1\r\nA0001 OK in\r\n"),
        ("CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n"),
        ("LIST", "* LIST (\\Noselect) \"/\" \"\"\r\nTAG OK done\r\n"),
        ("SELECT \"INBOX\"", "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] valid\r\nTAG OK [READ-WRITE] done\r\n"),
        ("LOGOUT", "* BYE\r\nTAG OK done\r\n"),
    ];
    let (port, server) = scripted(hello, &taking).await;
    assert!(mailbox::probe(&settings(port, ""), &credentials).await.unwrap().contains("by itself"));
    assert!(shown(&server.await.unwrap()[1]).contains("ya29.two"));
}

#[tokio::test]
async fn servers_that_speak_nonsense_are_trouble_and_nothing_worse() {
    let probe = async |greeting: &str, script: &[(&str, &str)]| {
        let (port, _server) = scripted(greeting, script).await;
        let settings = settings(port, "command_timeout_seconds = 2\nconnect_timeout_seconds = 2");
        mailbox::probe(&settings, &secret()).await.unwrap_err().to_string()
    };
    assert!(probe("* BYE too many\r\n", &[]).await.contains("too many"));
    assert!(probe("* PREAUTH you are somebody\r\n", &[]).await.starts_with("no connection"));
    assert!(probe("220 smtp.example ESMTP\r\n", &[]).await.contains("can't be read"));
    assert!(probe("", &[("", "")]).await.contains("in time"));
    assert!(probe("* OK\r\n", &[("LOGIN", "TAG BAD LOGIN visio secret\r\n")]).await.contains("does not know"));
    assert!(probe("* OK\r\n", &[("LOGIN", "")]).await.contains("lost"), "the server hangs up");
    let signed_in = ("LOGIN", "TAG OK in\r\n");
    assert!(probe("* OK\r\n", &[signed_in, ("CAPABILITY", "* CAPABILITY\0\r\n")]).await.contains("can't be read"));
    assert!(probe("* OK\r\n", &[signed_in, ("CAPABILITY", "* BYE\r\n")]).await.contains("lost"));
    assert!(
        probe("* OK\r\n", &[signed_in, ("CAPABILITY", "TAG OK\r\n"), ("LIST", "TAG NO not you\r\n")])
            .await
            .contains("LIST was refused: not you")
    );
}

/// Messages put into a Maildir without a server: of each hundred one is an answer, ninety-nine are for nobody.
async fn backlog(site: &Site, count: usize) {
    site.folder("INBOX");
    let alias = site.alias(LEA).await;
    fill(&site.dovecot.maildir(BOX), count, |number| match number % 100 {
        0 => words(LEA, &alias, &format!("m{number}@cabinet.example"), &format!("Message {number}")),
        _ => words(JEAN, "claire@hosted.example", &format!("m{number}@hopital.example"), "Bonjour"),
    });
}

fn fill(maildir: &Path, count: usize, mail: impl Fn(usize) -> String) {
    for number in 0..count {
        let file = maildir.join("cur").join(format!("1700000000.M{number}P1.host:2,"));
        std::fs::write(&file, mail(number)).unwrap();
        std::os::unix::fs::chown(&file, Some(8), Some(8)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_worked_off() {
    let Some(site) = Site::set().await else { return };
    backlog(&site, 3_000).await;
    let (mut done, mut unmatched) = (site.folder(DONE), site.folder(UNMATCHED));
    let fetching = site.fetch("batch = 200");
    unmatched.wait_for(2_970);
    done.wait_for(30);
    site.folder("INBOX").wait_for_at_most(0);
    fetching.stop().await;
    assert_eq!(site.received().await, 31, "the invitation and thirty messages");
}
