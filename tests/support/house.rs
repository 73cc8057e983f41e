//! The flows with a real archive, real stationery and real judgement; only the clock, the directory and the authenticity
//! of senders are the test's own.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::address::{Mailbox, NamedMailbox, ReversePath};
use paravent::domain::alert::Alert;
use paravent::domain::answer::Answer;
use paravent::domain::attachment::AttachmentPolicy;
use paravent::domain::authentication::Authentication;
use paravent::domain::budget::Budgets;
use paravent::domain::compose::Stationery;
use paravent::domain::conference::{Conference, ConferenceKey, Server, Servers};
use paravent::domain::delivery::{OutboxItem, OutboxPurpose, OutboxState};
use paravent::domain::id::{GuestId, OrganizerId};
use paravent::domain::language::Language;
use paravent::domain::link::LinkKeys;
use paravent::domain::meeting::{Guest, Meeting};
use paravent::domain::mime::{self, InboundMail, MimeLimits};
use paravent::domain::organizer::{Anonymity, Group, Organizer};
use paravent::domain::record::{Commit, Write};
use paravent::domain::token::{AliasDomain, Purpose, TokenKeys};
use paravent::flow::join::{Join, JoinSettings};
use paravent::flow::port::{
    Archive, Authenticator, Bell, Directory, Incoming, MailDoor, PortResult, Reception, Session, Submitter, Waker, World,
};
use paravent::flow::route::Domains;
use paravent::flow::{Burst, Gateway, Settings, Turns};
use paravent::store::SqliteArchive;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

pub const ORGANIZER: &str = "claire.bernard@agence.example";
pub const JEAN: &str = "jean.martin@hopital.example";
pub const LEA: &str = "lea.petit@cabinet.example";

/// A clock that stands until it is moved.
pub struct Clock(AtomicI64);

impl Clock {
    pub fn move_by(&self, delta: TimeDelta) {
        self.0.fetch_add(delta.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

impl World for Clock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn key(&self) -> Uuid {
        Uuid::now_v7()
    }
}

struct People(Vec<Organizer>);

#[async_trait]
impl Directory for People {
    async fn by_mailbox(&self, mailbox: &Mailbox) -> PortResult<Option<Organizer>> {
        Ok(self.0.iter().find(|organizer| organizer.owns(mailbox)).cloned())
    }

    async fn by_id(&self, id: OrganizerId) -> PortResult<Option<Organizer>> {
        Ok(self.0.iter().find(|organizer| organizer.id == id).cloned())
    }

    async fn login(&self, _login: &str, _password: &str) -> PortResult<Option<Organizer>> {
        Ok(None)
    }

    async fn all(&self) -> PortResult<Vec<Organizer>> {
        Ok(self.0.clone())
    }
}

/// Says of every sender what the test says.
pub struct Verdicts {
    pub aligned: AtomicBool,
}

#[async_trait]
impl Authenticator for Verdicts {
    async fn authenticate(&self, session: &Session, _reverse_path: &ReversePath, _author: Option<&Mailbox>, _raw: &[u8]) -> Authentication {
        let aligned = session.submitter.is_some() || self.aligned.load(Ordering::SeqCst);
        Authentication { aligned, ..Authentication::default() }
    }
}

/// Counts what rings.
#[derive(Default)]
pub struct Rung(pub Mutex<Vec<Alert>>);

#[async_trait]
impl Bell for Rung {
    async fn ring(&self, alert: &Alert) {
        self.0.lock().unwrap().push(alert.clone());
    }
}

impl Waker for Rung {
    fn wake(&self) {}
}

pub struct House {
    pub gateway: Arc<Gateway>,
    pub archive: Arc<dyn Archive>,
    pub clock: Arc<Clock>,
    pub verdicts: Arc<Verdicts>,
    pub bell: Arc<Rung>,
    _folder: tempfile::TempDir,
}

pub fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

pub fn organizer(mail: &str, name: &str) -> Organizer {
    Organizer {
        id: OrganizerId(Uuid::new_v5(&Uuid::NAMESPACE_URL, mail.as_bytes())),
        mailbox: mailbox(mail),
        aliases: Vec::new(),
        name: name.to_owned(),
        language: Language::parse("fr").unwrap(),
        secrets: Vec::new(),
        group: Group {
            name: "medical".to_owned(),
            label: "Service médical".to_owned(),
            anonymity: Anonymity::Anonymous,
            language: Language::parse("fr").unwrap(),
            time_zone: chrono_tz::Europe::Paris,
            allow_counter: true,
        },
        active: true,
    }
}

/// A SQLite file; or, with `PARAVENT_TEST_ENGINE=postgres`, a database: every story can be told on both (docs/postgresql.md).
async fn archive(file: &Path) -> Arc<dyn Archive> {
    if std::env::var("PARAVENT_TEST_ENGINE").is_ok_and(|engine| engine == "postgres") {
        return Arc::new(super::postgres::archive().await.expect("PostgreSQL was asked for"));
    }
    Arc::new(SqliteArchive::open(file).await.unwrap())
}

impl House {
    pub async fn build() -> Self {
        Self::of(vec![organizer(ORGANIZER, "Claire Bernard"), organizer("paul.roux@agence.example", "Paul Roux")]).await
    }

    pub async fn of(people: Vec<Organizer>) -> Self {
        Self::with(people, Budgets::default()).await
    }

    /// The same with other budgets.
    pub async fn with(people: Vec<Organizer>, budgets: Budgets) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&folder.path().join("archive.sqlite")).await;
        let start: DateTime<Utc> = "2026-01-05T08:00:00Z".parse().unwrap();
        let clock = Arc::new(Clock(AtomicI64::new(start.timestamp_micros())));
        let verdicts = Arc::new(Verdicts { aligned: AtomicBool::new(true) });
        let bell = Arc::new(Rung::default());
        let domain = |name| AliasDomain::parse(name).unwrap();
        let gateway = Gateway {
            archive: archive.clone(),
            scanners: Vec::new(),
            directory: Arc::new(People(people)),
            authenticator: verdicts.clone(),
            world: clock.clone(),
            bell: bell.clone(),
            waker: bell.clone(),
            stationery: Arc::new(Stationery::embedded().unwrap()),
            tokens: Arc::new(TokenKeys::new(&[('a', vec![7; 32])]).unwrap()),
            links: Arc::new(LinkKeys::new(&[("1".to_owned(), vec![8; 32])]).unwrap()),
            turns: Turns::default(),
            burst: Burst::default(),
            settings: Settings {
                domains: Domains { alias: domain("visio.example"), guest: domain("guest.visio.example") },
                public_url: "https://visio.example".to_owned(),
                gateway: NamedMailbox::new("Paravent", mailbox("invitations@visio.example")),
                helpdesk: Some(NamedMailbox::bare(mailbox("helpdesk@agence.example"))),
                helpdesk_staff: vec![mailbox("ana.silva@agence.example")],
                helpdesk_language: Language::english(),
                max_guests: 100,
                attachments: AttachmentPolicy::default(),
                mime: MimeLimits::default(),
                budgets,
                hold_for: TimeDelta::days(30),
                retry_for: TimeDelta::days(5),
            },
        };
        Self { gateway: Arc::new(gateway), archive, clock, verdicts, bell, _folder: folder }
    }

    /// Gives a message to a door; the answers as text.
    pub async fn give(&self, door: MailDoor, from: &str, to: &[&str], message: &str) -> Vec<String> {
        let submitter = (door == MailDoor::Submission).then_some(Submitter::TrustedNetwork);
        let reverse_path = if from.is_empty() { ReversePath::Null } else { ReversePath::Mailbox(mailbox(from)) };
        let incoming = Incoming {
            session: Session { door, peer: IpAddr::V4(Ipv4Addr::LOCALHOST), helo: "mail.example".to_owned(), encrypted: true, submitter },
            reverse_path,
            recipients: to.iter().map(|text| mailbox(text)).collect(),
            raw: message.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes(),
        };
        self.gateway.receive(incoming).await.iter().map(Answer::to_string).collect()
    }

    /// As [`Self::give`], for one recipient, which must be accepted.
    pub async fn accept(&self, door: MailDoor, from: &str, to: &str, message: &str) {
        let answers = self.give(door, from, &[to], message).await;
        assert!(answers[0].starts_with("250"), "{answers:?}");
    }

    /// The door to its meetings, with these settings.
    pub fn door(&self, settings: JoinSettings) -> Join {
        let key = ConferenceKey::shared_secret(&[5; 32]).unwrap();
        let tokens = Conference::new(key, "paravent", "jitsi", "meet.internal", 5).unwrap();
        let first = Server { url: "https://meet.example".into(), tenant: None, tokens, groups: vec![] };
        Join {
            archive: self.archive.clone(),
            world: self.clock.clone(),
            links: self.gateway.links.clone(),
            servers: Arc::new(Servers { first, others: vec![] }),
            desk: self.gateway.clone(),
            bell: self.bell.clone(),
            settings,
        }
    }

    /// Takes all mail that waits out of the outbox, oldest first.
    pub async fn sent(&self) -> Vec<OutboxItem> {
        let now = self.clock.now();
        let mut items = self.archive.outbox_due(now, 100_000).await.unwrap();
        items.sort_by_key(|item| item.id);
        let done = |item: &OutboxItem| Write::OutboxState { id: item.id, state: OutboxState::Sent { at: now, last: String::new() } };
        self.archive.commit(Commit { writes: items.iter().map(done).collect() }).await.unwrap();
        items
    }

    /// The archive's file, to tamper with.
    pub fn file(&self) -> std::path::PathBuf {
        self._folder.path().join("archive.sqlite")
    }

    /// How many rows a table of the archive has.
    pub async fn rows(&self, table: &'static str) -> i64 {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file()).read_only(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let count = match table {
            "audit" => "SELECT count(*) FROM audit WHERE action = 'session.opened'",
            "identities" => "SELECT count(*) FROM identities",
            "sessions" => "SELECT count(*) FROM sessions",
            "sign_ins" => "SELECT count(*) FROM sign_ins",
            other => panic!("nobody counts {other}"),
        };
        sqlx::query_scalar(count).fetch_one(&pool).await.unwrap()
    }

    /// The only meeting with its guests.
    pub async fn meeting(&self) -> (Meeting, Vec<Guest>) {
        let mut meetings = self.archive.meetings(DateTime::<Utc>::UNIX_EPOCH, 10).await.unwrap();
        assert_eq!(meetings.len(), 1);
        let meeting = meetings.remove(0);
        let guests = self.archive.guests(meeting.id).await.unwrap();
        (meeting, guests)
    }

    /// The guest of that address.
    pub async fn guest(&self, address: &str) -> Guest {
        self.meeting().await.1.into_iter().find(|guest| guest.mailbox.mailbox == mailbox(address)).unwrap()
    }

    pub fn address(&self, purpose: Purpose, guest: GuestId) -> String {
        self.gateway.tokens.address(purpose, guest.0, &self.gateway.settings.domains.alias).to_string()
    }
}

/// Mail of one purpose.
pub fn of_purpose(items: &[OutboxItem], purpose: OutboxPurpose) -> Vec<InboundMail> {
    items.iter().filter(|item| item.purpose == purpose).map(parsed).collect()
}

pub fn parsed(item: &OutboxItem) -> InboundMail {
    mime::read(&item.message, &MimeLimits::default())
}

/// An organizer's calendar mail about the one meeting of a test.
pub fn calendar_mail(method: &str, sequence: u32, hour: u32, guests: &[&str]) -> String {
    let attendees: String = guests.iter().map(|guest| format!("ATTENDEE;RSVP=TRUE:mailto:{guest}\n")).collect();
    format!(
        "From: Claire Bernard <{ORGANIZER}>\nTo: {to}\nSubject: Bilan\nMessage-ID: <{method}-{sequence}-{hour}-{count}@pc.agence.example>\n\
         MIME-Version: 1.0\nContent-Type: text/calendar; charset=utf-8; method={method}\n\n\
         BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\nMETHOD:{method}\nBEGIN:VEVENT\nUID:meeting-1\nDTSTAMP:20260105T07{sequence:02}00Z\n\
         SEQUENCE:{sequence}\nDTSTART:20260106T{hour:02}0000Z\nDTEND:20260106T{hour:02}4500Z\nSUMMARY:Bilan\n\
         ORGANIZER;CN=Claire Bernard:mailto:{ORGANIZER}\n{attendees}END:VEVENT\nEND:VCALENDAR\n",
        to = guests.join(", "),
        count = guests.len(),
    )
}

/// A plain mail.
pub fn words(from: &str, to: &str, id: &str, text: &str) -> String {
    format!(
        "From: {from}\nTo: {to}\nSubject: Bilan\nMessage-ID: <{id}>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
}

/// A guest's REPLY.
pub fn reply(from: &str, uid: &str, sequence: u32, stamp: &str, partstat: &str) -> String {
    format!(
        "From: {from}\nTo: x@visio.example\nSubject: Re\nMessage-ID: <{partstat}-{stamp}@{from}>\nMIME-Version: 1.0\n\
         Content-Type: text/calendar; charset=utf-8; method=REPLY\n\n\
         BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Guest//EN\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:{uid}\nDTSTAMP:{stamp}\nSEQUENCE:{sequence}\n\
         DTSTART:20260106T130000Z\nATTENDEE;PARTSTAT={partstat}:mailto:{from}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
}
