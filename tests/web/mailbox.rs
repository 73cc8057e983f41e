//! The mailbox page of localserve through its router: what it shows, and what its buttons hand to the mail doors.

use super::archive::{FixedWorld, OneDialog, noon, organizer};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use paravent::domain::address::{Mailbox, ReversePath};
use paravent::domain::delivery::AttemptOutcome;
use paravent::domain::id::OrganizerId;
use paravent::domain::itip::{self, Method};
use paravent::domain::mime::{self, MimeLimits};
use paravent::domain::organizer::Organizer;
use paravent::flow::port::{CaughtMail, CaughtMails, Directory, Injector, MailDoor, PortError, PortResult};
use paravent::web::mailbox::{MailboxCounter, Setup, router, sample_invitation};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

struct Caught(Vec<CaughtMail>);

#[async_trait]
impl CaughtMails for Caught {
    async fn list(&self) -> PortResult<Vec<CaughtMail>> {
        Ok(self.0.iter().rev().cloned().collect())
    }
    async fn get(&self, number: u64) -> PortResult<Option<CaughtMail>> {
        Ok(self.0.iter().find(|mail| mail.number == number).cloned())
    }
}

type Parcel = (MailDoor, ReversePath, Vec<Mailbox>, Vec<u8>);

#[derive(Default)]
struct Doors {
    taken: Mutex<Vec<Parcel>>,
    closed: Mutex<bool>,
}

#[async_trait]
impl Injector for Doors {
    async fn inject(&self, door: MailDoor, from: &ReversePath, to: &[Mailbox], message: &[u8]) -> PortResult<String> {
        if *self.closed.lock().unwrap() {
            return Err(PortError::new("connect", "<b>refused</b>"));
        }
        self.taken.lock().unwrap().push((door, from.clone(), to.to_vec(), message.to_vec()));
        Ok("250 2.6.0 Message accepted".to_owned())
    }
}

struct OneOrganizer;

#[async_trait]
impl Directory for OneOrganizer {
    async fn by_mailbox(&self, mailbox: &Mailbox) -> PortResult<Option<Organizer>> {
        Ok(Some(organizer()).filter(|organizer| organizer.owns(mailbox)))
    }
    async fn by_id(&self, _: OrganizerId) -> PortResult<Option<Organizer>> {
        Ok(Some(organizer()))
    }
    async fn login(&self, _: &str, _: &str) -> PortResult<Option<Organizer>> {
        Ok(None)
    }
    async fn all(&self) -> PortResult<Vec<Organizer>> {
        Ok(vec![organizer()])
    }
}

const ALIAS: &str = "oaabcdefgh@visio.example";

/// What a guest got: the sample's calendar object under an alias, with a hostile subject and body.
fn guest_mail() -> Vec<u8> {
    let sample = String::from_utf8(sample_invitation(noon())).unwrap();
    let calendar = sample.split("BEGIN:VCALENDAR").nth(1).unwrap().split("END:VCALENDAR").next().unwrap();
    let calendar =
        calendar.replace("ORGANIZER;CN=Claire Bernard:mailto:claire.bernard@agence.example", &format!("ORGANIZER:mailto:{ALIAS}"));
    format!(
        "From: <{ALIAS}>\r\nTo: Jean Martin <jean.martin@hopital.example>\r\nSubject: <script>alert(1)</script>\r\n\
         Message-ID: <m1@visio.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n--b\r\nContent-Type: text/html\r\n\r\n<p onclick=x()>Bonjour</p><script>y()</script>\r\n\
         --b\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         BEGIN:VCALENDAR{calendar}END:VCALENDAR\r\n--b--\r\n"
    )
    .into_bytes()
}

fn house() -> (Arc<Doors>, Router) {
    let caught = |number, to: &str| CaughtMail {
        number,
        at: noon(),
        reverse_path: ReversePath::Mailbox(Mailbox::parse("baabcdefgh@visio.example").unwrap()),
        recipient: Mailbox::parse(to).unwrap(),
        message: guest_mail(),
        outcome: AttemptOutcome::Delivered("250 caught".into()),
    };
    let mails =
        vec![caught(1, "jean.martin@hopital.example"), caught(2, "claire.bernard@agence.example"), caught(3, "helpdesk@agence.example")];
    let doors = Arc::new(Doors::default());
    let setup = Setup {
        mails: Arc::new(Caught(mails)),
        injector: doors.clone(),
        archive: Arc::new(OneDialog::new()),
        directory: Arc::new(OneOrganizer),
        world: Arc::new(FixedWorld(Mutex::new(noon()))),
        helpdesk: Mailbox::parse("helpdesk@agence.example").ok(),
        link: Arc::new(|_, guest| Some(format!("http://127.0.0.1:8080/j/{}", guest.id))),
        doors: vec![("MX".into(), "127.0.0.1:2525".into())],
        public_url: "http://127.0.0.1:8080".into(),
    };
    (doors, router(Arc::new(MailboxCounter::new(setup).unwrap())))
}

async fn ask(router: &Router, method: &str, path: &str, form: &str) -> (StatusCode, axum::http::HeaderMap, String) {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/x-www-form-urlencoded");
    let response = router.clone().oneshot(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, String::from_utf8_lossy(&to_bytes(body, 1 << 20).await.unwrap()).into_owned())
}

#[tokio::test]
async fn every_page_says_that_nothing_leaves_and_keeps_hostile_words_words() {
    let (_, router) = house();
    for path in ["/", "/mailbox/jean.martin@hopital.example", "/mail/1", "/mail/2", "/mail/3", "/room/salle?jwt=x", "/?said=%3Cb%3E"] {
        let (status, headers, body) = ask(&router, "GET", path, "").await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        assert!(body.contains("Nothing leaves this machine"), "{path}");
        assert!(!body.contains("<script>alert") && !body.contains("<b>said") && !body.contains("onclick=x()>"), "{path}");
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
    }
}

#[tokio::test]
async fn the_overview_shows_attendance_and_the_personal_link() {
    let (_, router) = house();
    let (_, _, body) = ask(&router, "GET", "/", "").await;
    for text in
        ["Jean Martin", "queued", "needs-action", "http://127.0.0.1:8080/j/", "127.0.0.1:2525", ">organizer<", ">guest<", ">helpdesk<"]
    {
        assert!(body.contains(text), "{text}\n{body}");
    }
}

#[tokio::test]
async fn a_mail_is_new_until_it_was_looked_at() {
    let (_, router) = house();
    let counts = |body: &str| body.matches("class=\"fresh\"").count();
    assert_eq!(counts(&ask(&router, "GET", "/", "").await.2), 3);
    ask(&router, "GET", "/mail/1", "").await;
    assert_eq!(counts(&ask(&router, "GET", "/", "").await.2), 2);
}

#[tokio::test]
async fn rendered_html_is_in_a_sandbox_and_raw_is_raw() {
    let (_, router) = house();
    let (_, headers, _) = ask(&router, "GET", "/mail/1/html", "").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox ") && policy.contains("default-src 'none'") && !policy.contains("allow-scripts"), "{policy}");
    assert!(ask(&router, "GET", "/mail/1", "").await.2.contains("sandbox=\"allow-popups"));
    assert_eq!(ask(&router, "GET", "/mail/1/raw", "").await.2.as_bytes(), guest_mail());
}

#[tokio::test]
async fn buttons_hand_the_right_message_to_the_right_door() {
    let jean = || ReversePath::Mailbox(Mailbox::parse("jean.martin@hopital.example").unwrap());
    let (doors, router) = house();
    for (form, method) in [
        ("action=accept&client=exchange&comment=Oui", Some(Method::Reply)),
        ("action=decline&client=android", Some(Method::Reply)),
        ("action=propose&client=gmail&starts=2026-11-24T09:30", Some(Method::Counter)),
        ("action=words&text=Merci", None),
    ] {
        let (status, headers, _) = ask(&router, "POST", "/mail/1", form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{form}");
        assert_eq!(headers["location"], "/mail/1?said=250%202.6.0%20Message%20accepted");
        let (door, from, to, raw) = doors.taken.lock().unwrap().pop().unwrap();
        assert_eq!((door, from, to), (MailDoor::Mx, jean(), vec![Mailbox::parse(ALIAS).unwrap()]), "{form}");
        let mail = mime::read(&raw, &MimeLimits::default());
        let read = mail.calendars.first().and_then(|part| itip::read(&part.bytes).ok()).and_then(|calendar| calendar.method);
        assert_eq!(read, method, "{form}");
    }
    ask(&router, "POST", "/mail/1", "action=other-address&text=Moi&other=jean@perso.example").await;
    let (_, from, ..) = doors.taken.lock().unwrap().pop().unwrap();
    assert_eq!(from.to_string(), "<jean@perso.example>");
    for action in ["away", "receipt"] {
        ask(&router, "POST", "/mail/1", &format!("action={action}")).await;
        assert_eq!(doors.taken.lock().unwrap().pop().unwrap().1, ReversePath::Null, "{action}");
    }
    ask(&router, "POST", "/mail/1", "action=bounce-hard").await;
    let (_, from, to, _) = doors.taken.lock().unwrap().pop().unwrap();
    assert_eq!((from, to[0].to_string()), (ReversePath::Null, "baabcdefgh@visio.example".to_owned()));
}

#[tokio::test]
async fn the_organizer_answers_and_changes_through_submission() {
    let (doors, router) = house();
    let meeting = "/meeting/00000000-0000-0000-0000-000000000002";
    for (path, form, method, recipients) in [
        ("/mail/2", "action=answer&text=Bonjour", None, 1),
        ("/sample", "", Some(Method::Request), 3),
        (meeting, "intent=later", Some(Method::Request), 1),
        (meeting, "intent=cancel", Some(Method::Cancel), 1),
    ] {
        let (status, ..) = ask(&router, "POST", path, form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path} {form}");
        let (door, from, to, raw) = doors.taken.lock().unwrap().pop().unwrap();
        assert_eq!(
            (door, from.to_string().as_str(), to.len()),
            (MailDoor::Submission, "<claire.bernard@agence.example>", recipients),
            "{path}"
        );
        let mail = mime::read(&raw, &MimeLimits::default());
        let object = mail.calendars.first().and_then(|part| itip::read(&part.bytes).ok());
        assert_eq!(object.as_ref().and_then(|object| object.method.clone()), method, "{path} {form}");
        if path == meeting {
            let object = object.unwrap();
            let event = object.main_event().unwrap();
            assert_eq!((event.uid.as_str(), event.sequence), ("sample-1@agence.example", 1));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_said() {
    let (doors, router) = house();
    for (path, form, status) in [
        ("/mail/1", "action=words&text=%20", StatusCode::BAD_REQUEST),
        ("/mail/1", "action=propose&starts=tomorrow", StatusCode::BAD_REQUEST),
        ("/mail/1", "action=other-address&text=x&other=nobody", StatusCode::BAD_REQUEST),
        ("/mail/1", "action=explode", StatusCode::UNPROCESSABLE_ENTITY),
        ("/mail/99", "action=away", StatusCode::NOT_FOUND),
        ("/meeting/x", "intent=later", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(ask(&router, "POST", path, form).await.0, status, "{path} {form}");
    }
    assert!(doors.taken.lock().unwrap().is_empty());
    *doors.closed.lock().unwrap() = true;
    let (_, headers, _) = ask(&router, "POST", "/mail/1", "action=away").await;
    let (_, _, body) = ask(&router, "GET", headers["location"].to_str().unwrap(), "").await;
    assert!(body.contains("The door said:") && body.contains("&lt;b&gt;refused&lt;/b&gt;"), "{body}");
}

#[tokio::test]
async fn a_button_on_another_site_sends_nothing() {
    let (doors, router) = house();
    let request = Request::builder().method("POST").uri("/sample").header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert!(doors.taken.lock().unwrap().is_empty());
}
