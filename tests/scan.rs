//! Programs that look into mail: clamd and rspamd by their own protocols, and what follows from what they say.

use crate::support;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use paravent::domain::alert::AlertKind;
use paravent::domain::delivery::OutboxPurpose;
use paravent::domain::record::HoldState;
use paravent::domain::reply::ReplyClass;
use paravent::domain::scan::Scanned;
use paravent::domain::token::Purpose;
use paravent::flow::hold::HoldOutcome;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::flow::port::{PortResult, Scanner, ToScan};
use paravent::scan::{Clamd, Rspamd, ScanSettings, scanners};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::house::{House, JEAN, ORGANIZER, calendar_mail, words};
use support::net::PATIENCE;
use support::parts;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};

/// Harmless octets that a fake clamd, and a real one with the signature of this test, call a virus.
const MARK: &str = "paravent-test-mark-of-a-virus";

/// What a fake clamd does when it was given a message.
#[derive(Clone, Copy)]
enum Does {
    /// Looks for the mark.
    Look,
    /// Says this.
    Say(&'static str),
    /// Says this without having read the message, and closes.
    SayEarly(&'static str),
    /// Closes.
    Close,
    /// Nothing at all.
    Silence,
}

/// Speaks clamd's protocol on a stream, once.
async fn clamd(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, does: Does) {
    let mut command = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(0) => break,
            Ok(byte) => command.push(byte),
            Err(_) => return,
        }
    }
    if command == b"zPING" {
        return stream.write_all(b"PONG\0").await.unwrap();
    }
    assert_eq!(command, b"zINSTREAM");
    match does {
        Does::Close => return,
        Does::Silence => return std::future::pending().await,
        Does::SayEarly(answer) => return stream.write_all(answer.as_bytes()).await.unwrap(),
        Does::Look | Does::Say(_) => {}
    }
    let mut message = Vec::new();
    loop {
        let length = stream.read_u32().await.unwrap();
        if length == 0 {
            break;
        }
        let mut piece = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut piece).await.unwrap();
        message.extend(piece);
    }
    let found = String::from_utf8_lossy(&message).contains(MARK);
    let answer = match does {
        Does::Say(answer) => answer,
        _ if found => "stream: Test.Mark FOUND\0",
        _ => "stream: OK\0",
    };
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// A fake clamd until the test ends; where it listens.
async fn start_clamd(does: Does) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _): (TcpStream, _) = listener.accept().await.unwrap();
            tokio::spawn(clamd(stream, does));
        }
    });
    address
}

async fn scanned(scanner: &dyn Scanner, raw: &[u8], is_trusted: bool) -> PortResult<Scanned> {
    let recipients = ["o@visio.example".to_owned()];
    let mail = ToScan {
        peer: "192.0.2.1".parse().unwrap(),
        helo: "mail.elsewhere.example",
        from: Some("x@elsewhere.example"),
        recipients: &recipients,
        is_trusted,
        raw,
    };
    scanner.scan(&mail).await
}

fn virus(name: &str) -> Scanned {
    Scanned { virus: Some(name.to_owned()), spam: None }
}

#[tokio::test]
async fn every_answer_of_clamd_has_its_meaning() {
    let large = vec![b'x'; 3 << 20];
    for (does, expected) in [
        (Does::Look, Some(Scanned::default())),
        (Does::Say("stream: Win.Test FOUND\0"), Some(virus("Win.Test"))),
        (Does::Say("INSTREAM size limit exceeded. ERROR\0"), Some(virus("too large to be scanned"))),
        (Does::SayEarly("INSTREAM size limit exceeded. ERROR\0"), Some(virus("too large to be scanned"))),
        (Does::Say("stream: Can't allocate memory ERROR\0"), None),
        (Does::Say("what?"), None),
        (Does::Say(""), None),
        (Does::Close, None),
    ] {
        let found = scanned(&Clamd::new(&start_clamd(does).await, PATIENCE).unwrap(), &large, false).await;
        match expected {
            // Whether the last words of a server that closes early arrive is up to the system.
            Some(expected) if matches!(does, Does::SayEarly(_)) => assert!(found.is_err() || found.unwrap() == expected),
            Some(expected) => assert_eq!(found.unwrap(), expected),
            None => assert!(found.is_err(), "{found:?}"),
        }
    }
    let silent = Clamd::new(&start_clamd(Does::Silence).await, Duration::from_millis(50)).unwrap();
    assert!(scanned(&silent, b"x", false).await.unwrap_err().to_string().contains("no answer in time"));
}

#[tokio::test]
async fn clamd_is_found_at_a_socket_too_and_wrong_places_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clamd.ctl");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(clamd(stream, Does::Look));
        }
    });
    let scanner = Clamd::new(path.to_str().unwrap(), PATIENCE).unwrap();
    scanner.ping().await.unwrap();
    assert_eq!(scanned(&scanner, format!("x {MARK}").as_bytes(), false).await.unwrap(), virus("Test.Mark"));
    assert!(Clamd::new("clamd.example:3310", PATIENCE).is_err() && Rspamd::new("unix:/x", PATIENCE).is_err());
    let settings = ScanSettings { clamd: Some("nonsense".to_owned()), ..ScanSettings::default() };
    assert!(scanners(&settings).err().unwrap().to_string().starts_with("scan.clamd: `nonsense`"));
}

/// A fake rspamd that answers this; where it listens, and the headers that it was given last.
async fn start_rspamd(status: StatusCode, body: &'static str) -> (String, Arc<Mutex<HeaderMap>>) {
    let given: Arc<Mutex<HeaderMap>> = Arc::default();
    let kept = given.clone();
    let check = post(move |headers: HeaderMap| async move {
        *kept.lock().unwrap() = headers;
        (status, body)
    });
    let app = Router::new().route("/checkv2", check).route("/ping", get(|| async { "pong" }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, given)
}

#[tokio::test]
async fn every_answer_of_rspamd_has_its_meaning() {
    for (status, body, expected) in [
        (200, r#"{"action":"no action","score":1.2,"required_score":15}"#, Some(false)),
        (200, r#"{"action":"greylist","score":5}"#, Some(false)),
        (200, r#"{"action":"add header","score":7.5,"required_score":15,"symbols":{}}"#, Some(true)),
        (200, r#"{"action":"reject","score":20}"#, Some(true)),
        (200, r#"{"action":"soft reject"}"#, None),
        (200, r#"{"action":"dance"}"#, None),
        (200, "no JSON", None),
        (500, "", None),
        (403, "", None),
    ] {
        let (url, given) = start_rspamd(StatusCode::from_u16(status).unwrap(), body).await;
        let rspamd = Rspamd::new(&url, PATIENCE).unwrap();
        rspamd.ping().await.unwrap();
        let found = scanned(&rspamd, b"Subject: x\r\n\r\ny\r\n", false).await;
        assert_eq!(found.as_ref().ok().map(|found| found.spam.is_some()), expected, "{status} {body}: {found:?}");
        let given = given.lock().unwrap().clone();
        for (name, value) in
            [("ip", "192.0.2.1"), ("helo", "mail.elsewhere.example"), ("from", "x@elsewhere.example"), ("rcpt", "o@visio.example")]
        {
            assert_eq!(given[name], value);
        }
        assert_eq!(scanned(&rspamd, b"x", true).await.unwrap(), Scanned::default(), "an organizer's own mail is not asked about");
    }
}

/// A house with these scanners, an invitation for Jean out, and his alias.
async fn house(scanners: Vec<Arc<dyn Scanner>>) -> (House, String) {
    let mut house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let alias = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    Arc::get_mut(&mut house.gateway).unwrap().scanners = scanners;
    (house, alias)
}

#[tokio::test]
async fn a_virus_waits_and_nobodys_word_lets_it_go() {
    let (house, alias) = house(vec![Arc::new(Clamd::new(&start_clamd(Does::Look).await, PATIENCE).unwrap())]).await;
    house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "1@hopital.example", "Bonjour")).await;
    assert!(house.sent().await.iter().any(|item| item.purpose == OutboxPurpose::Organizer), "clean mail goes on");
    house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "2@hopital.example", MARK)).await;
    assert!(house.sent().await.iter().all(|item| item.purpose == OutboxPurpose::Helpdesk));
    let held = house.archive.received(Some(HoldState::Waiting), 9).await.unwrap();
    assert_eq!((held.len(), held[0].class), (1, ReplyClass::Virus));
    assert!(held[0].reasons.iter().any(|reason| reason.contains("Test.Mark")), "{:?}", held[0].reasons);
    assert_eq!(house.bell.0.lock().unwrap().last().unwrap().kind, AlertKind::Virus);
    assert_eq!(house.gateway.release(held[0].id).await.unwrap(), HoldOutcome::StillHeld);
    // What leads to no dialog is told to who sends it.
    let invitation = calendar_mail("REQUEST", 1, 14, &[JEAN]).replace("SUMMARY:Bilan", &format!("SUMMARY:{MARK}"));
    assert_eq!(house.give(Submission, ORGANIZER, &[JEAN], &invitation).await, ["554 5.7.1 The message has a virus in it"]);
    assert_eq!(house.sent().await.len(), 0);
}

#[tokio::test]
async fn spam_waits_and_a_person_lets_it_go() {
    let (url, _) = start_rspamd(StatusCode::OK, r#"{"action":"add header","score":7.5,"required_score":15}"#).await;
    let (house, alias) = house(vec![Arc::new(Rspamd::new(&url, PATIENCE).unwrap())]).await;
    house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "1@hopital.example", "Bonjour")).await;
    assert_eq!(house.sent().await.len(), 0);
    let held = house.archive.received(Some(HoldState::Waiting), 9).await.unwrap();
    assert_eq!(held[0].class, ReplyClass::Spam);
    assert!(held[0].reasons.iter().any(|reason| reason == "rspamd says `add header` (7.5 of 15.0)"), "{:?}", held[0].reasons);
    assert_eq!(house.gateway.release(held[0].id).await.unwrap(), HoldOutcome::Done);
    assert!(house.sent().await.iter().any(|item| item.purpose == OutboxPurpose::Organizer));
}

#[tokio::test]
async fn where_a_scanner_is_down_mail_comes_again() {
    let (house, alias) = house(vec![Arc::new(Clamd::new(&start_clamd(Does::Close).await, PATIENCE).unwrap())]).await;
    let mail = words(JEAN, &alias, "1@hopital.example", "Bonjour");
    let answers = house.give(Mx, JEAN, &[&alias], &mail).await;
    assert!(answers[0].starts_with("451"), "{answers:?}");
    assert_eq!(house.archive.received(None, 9).await.unwrap().len(), 1, "nothing but the invitation was taken");
    assert_eq!(house.sent().await.len(), 0);
}

/// The real one from Debian's packages, with one signature of our own and nothing fetched.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_clamd() {
    let Some(program) = parts::find_file("/usr/sbin/clamd", "clamav-daemon") else { return };
    let folder = tempfile::tempdir().unwrap();
    let [data, socket, config] = ["data", "clamd.ctl", "clamd.conf"].map(|name| folder.path().join(name));
    std::fs::create_dir(&data).unwrap();
    let mark: String = MARK.bytes().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(data.join("own.ndb"), format!("Test.Mark:0:*:{mark}\n")).unwrap();
    let user = String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let text = format!(
        "LocalSocket {}\nDatabaseDirectory {}\nForeground yes\nUser {}\nStreamMaxLength 1M\n",
        socket.display(),
        data.display(),
        user.trim()
    );
    std::fs::write(&config, text).unwrap();
    let mut child = std::process::Command::new(program).arg("--config-file").arg(&config).spawn().unwrap();
    let scanner = Clamd::new(socket.to_str().unwrap(), PATIENCE).unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    while scanner.ping().await.is_err() {
        assert!(child.try_wait().unwrap().is_none() && std::time::Instant::now() < deadline, "clamd does not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = [
        scanned(&scanner, b"Subject: x\r\n\r\nBonjour\r\n", false).await,
        scanned(&scanner, format!("Subject: x\r\n\r\n{MARK}\r\n").as_bytes(), false).await,
        scanned(&scanner, &vec![b'x'; 2 << 20], false).await,
    ];
    child.kill().unwrap();
    child.wait().unwrap();
    let [clean, infected, large] = found.map(Result::unwrap);
    assert_eq!(clean, Scanned::default());
    assert!(infected.virus.is_some_and(|name| name.starts_with("Test.Mark")));
    assert_eq!(large, virus("too large to be scanned"));
}
