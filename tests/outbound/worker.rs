//! The worker over a real archive and a transport that does as it is told.

use super::items::item;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::address::{Mailbox, NamedMailbox};
use paravent::domain::alert::{Alert, AlertKind, AlertState, Severity};
use paravent::domain::attendance::{Attendance, Delivery};
use paravent::domain::delivery::AttemptOutcome::{self, Bounced, Deferred, Delivered, Uncertain};
use paravent::domain::delivery::{OutboxItem, OutboxPurpose, OutboxState};
use paravent::domain::id::{GuestId, MeetingId, OrganizerId};
use paravent::domain::itip::Uid;
use paravent::domain::language::Language;
use paravent::domain::meeting::{Guest, Meeting, MeetingEvent, MeetingStatus};
use paravent::domain::record::{Commit, Committed, Write};
use paravent::domain::revision::Ledger;
use paravent::flow::port::{AlertDesk, Archive, Bell, PortResult, Transport, World};
use paravent::outbound::worker::{OutboxSettings, Worker};
use paravent::store::SqliteArchive;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

fn start() -> DateTime<Utc> {
    super::items::now()
}

/// A clock that a test moves.
#[derive(Default)]
struct Clock(AtomicI64);

impl World for Clock {
    fn now(&self) -> DateTime<Utc> {
        start() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }

    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn key(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// What a test says to a mail: the outcome, or nothing at all for a panic.
type Say = tokio::sync::oneshot::Sender<AttemptOutcome>;

/// Tells the test of each mail, and waits for what it says.
struct Scripted {
    given: mpsc::UnboundedSender<(OutboxItem, Say)>,
    under_way: Arc<Mutex<HashSet<Uuid>>>,
}

/// A delivery under way, until it ends in any way.
struct UnderWay(Arc<Mutex<HashSet<Uuid>>>, Uuid);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().unwrap().remove(&self.1);
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        let alone = self.under_way.lock().unwrap().insert(item.id.0);
        assert!(alone, "one mail, two deliveries at once");
        let _under_way = UnderWay(self.under_way.clone(), item.id.0);
        let (say, said) = tokio::sync::oneshot::channel();
        let _ = self.given.send((item.clone(), say));
        said.await.expect("the test wants a panic")
    }
}

/// Rings and writes down; its mail to the helpdesk is one that a test can find.
#[derive(Default)]
struct Helpdesk {
    rung: Mutex<Vec<Alert>>,
}

#[async_trait]
impl Bell for Helpdesk {
    async fn ring(&self, alert: &Alert) {
        self.rung.lock().unwrap().push(alert.clone());
    }
}

#[async_trait]
impl AlertDesk for Helpdesk {
    async fn alert_writes(&self, alert: &Alert) -> PortResult<Vec<Write>> {
        let mail = OutboxItem { purpose: OutboxPurpose::Helpdesk, ..item("helpdesk@agence.example", b"Subject: alert\r\n\r\n") };
        Ok(vec![Write::Alert(Box::new(alert.clone())), Write::Outbox(Box::new(mail))])
    }
}

pub(crate) struct House {
    _folder: tempfile::TempDir,
    file: PathBuf,
    pub archive: SqliteArchive,
    clock: Arc<Clock>,
    desk: Arc<Helpdesk>,
    pub wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    given: mpsc::UnboundedReceiver<(OutboxItem, Say)>,
    worker: JoinHandle<()>,
}

impl House {
    async fn new(settings: OutboxSettings) -> Self {
        let (sender, given) = mpsc::unbounded_channel();
        let scripted = Scripted { given: sender, under_way: Arc::default() };
        Self { given, ..Self::over(Arc::new(scripted), settings).await }
    }

    /// With another transport.
    pub(crate) async fn over(transport: Arc<dyn Transport>, settings: OutboxSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.sqlite");
        let archive = SqliteArchive::open(&file).await.unwrap();
        let (clock, desk, wake) = (Arc::new(Clock::default()), Arc::new(Helpdesk::default()), Arc::new(Notify::new()));
        let (stop, stopping) = watch::channel(false);
        let worker = Worker {
            node: Uuid::new_v4(),
            archive: Arc::new(archive.clone()),
            transport,
            world: clock.clone(),
            bell: desk.clone(),
            desk: desk.clone(),
            settings,
        };
        let worker = tokio::spawn(worker.run(wake.clone(), stopping));
        Self { _folder: folder, file, archive, clock, desk, wake, stop, given: mpsc::unbounded_channel().1, worker }
    }

    /// With a clock that stands still, the worker looks only when it is woken.
    async fn patient() -> Self {
        Self::new(OutboxSettings { look_seconds: 3_600, ..OutboxSettings::default() }).await
    }

    async fn put(&self, writes: Vec<Write>) {
        assert_eq!(self.archive.commit(Commit { writes }).await.unwrap(), Committed::Done);
        self.wake.notify_one();
    }

    /// The next mail that the worker hands over.
    async fn next(&mut self) -> (OutboxItem, Say) {
        tokio::time::timeout(Duration::from_secs(60), self.given.recv()).await.expect("no mail comes").unwrap()
    }

    /// Takes the next mail, answers, and gives it with what became of it.
    async fn answer(&mut self, outcome: AttemptOutcome) -> (OutboxItem, Option<OutboxState>) {
        let (item, answer) = self.next().await;
        let before = item.state.clone();
        answer.send(outcome).unwrap();
        let state = self.changed(&item, &before).await;
        (item, state)
    }

    /// The state as it stands when it is no longer as before; `None` when the mail waits no more.
    async fn changed(&self, item: &OutboxItem, before: &OutboxState) -> Option<OutboxState> {
        loop {
            let far = start() + TimeDelta::days(1_000);
            let due = self.archive.outbox_due(far, 1_000).await.unwrap();
            let state = due.into_iter().find(|found| found.id == item.id).map(|found| found.state);
            if state.as_ref() != Some(before) {
                return state;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn delivery(&self, guest: &Guest) -> Delivery {
        self.archive.guest(guest.id).await.unwrap().unwrap().1.attendance.delivery
    }

    async fn actions(&self, meeting: &Meeting) -> Vec<String> {
        self.archive.audit(meeting.id).await.unwrap().into_iter().map(|event| event.action).collect()
    }

    /// Stops and waits for the end.
    async fn end(&mut self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(60), &mut self.worker).await.expect("the worker ends").unwrap();
    }
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn meeting() -> Meeting {
    Meeting {
        id: MeetingId(Uuid::now_v7()),
        organizer: OrganizerId(Uuid::now_v7()),
        organizer_address: NamedMailbox::bare(mailbox("claire.bernard@agence.example")),
        organizer_uid: Uid(Uuid::now_v7().to_string()),
        ledger: Ledger::default(),
        organizer_object: "BEGIN:VCALENDAR\r\n".into(),
        event: MeetingEvent {
            title: "Visite".into(),
            description: None,
            starts_at: start(),
            ends_at: start(),
            series: None,
            whole_days: None,
        },
        status: MeetingStatus::Scheduled,
        room: "room".into(),
        created_at: start(),
        version: 0,
    }
}

fn guest(meeting: &Meeting) -> Guest {
    Guest {
        part: Default::default(),
        ledger: Ledger::default(),
        id: GuestId(Uuid::now_v7()),
        meeting: meeting.id,
        mailbox: NamedMailbox::new("Jean Martin", mailbox("jean.martin@hopital.example")),
        also: Vec::new(),
        invited_as: mailbox("jean.martin@hopital.example"),
        language: Language::english(),
        uid: Uid(Uuid::now_v7().to_string()),
        sent: None,
        link: Uuid::now_v7(),
        removed_at: None,
        attendance: Attendance::default(),
        version: 0,
    }
}

fn invitation(meeting: &Meeting, guest: &Guest) -> OutboxItem {
    OutboxItem {
        purpose: OutboxPurpose::Invitation,
        guest: Some(guest.id),
        meeting: Some(meeting.id),
        ..item("jean.martin@hopital.example", b"Subject: x\r\n\r\n")
    }
}

/// A house with an invitation in its outbox.
async fn invited() -> (House, Meeting, Guest) {
    let house = House::patient().await;
    let meeting = meeting();
    let guest = guest(&meeting);
    house
        .put(vec![
            Write::Meeting(Box::new(meeting.clone())),
            Write::Guest(Box::new(guest.clone())),
            Write::Outbox(Box::new(invitation(&meeting, &guest))),
        ])
        .await;
    (house, meeting, guest)
}

fn delivered() -> AttemptOutcome {
    Delivered("250 2.0.0 taken".to_owned())
}

#[tokio::test]
async fn delivered_mail_is_sent_and_the_guests_track_says_so() {
    let (mut house, meeting, guest) = invited().await;
    let (_, state) = house.answer(delivered()).await;
    assert_eq!(state, None);
    assert_eq!(house.delivery(&guest).await, Delivery::Sent);
    assert_eq!(house.actions(&meeting).await, ["mail.sent"]);
    assert_eq!(house.archive.last_sent_at(guest.id).await.unwrap(), Some(start()));
    assert!(house.desk.rung.lock().unwrap().is_empty());
}

#[tokio::test]
async fn deferred_mail_comes_back_later_and_later() {
    let (mut house, meeting, guest) = invited().await;
    let mut waits = Vec::new();
    for attempt in 1..=4 {
        let asked = house.clock.now();
        let (_, state) = house.answer(Deferred("451 4.3.0 later".to_owned())).await;
        let Some(OutboxState::Due { at, attempts, last }) = state else { panic!("{state:?}") };
        assert_eq!((attempts, last.as_str()), (attempt, "451 4.3.0 later"));
        waits.push((at - asked).num_seconds());
        house.clock.0.store((at - start()).num_seconds() + 1, Ordering::SeqCst);
        house.wake.notify_one();
    }
    // One, two, four, eight minutes, each a quarter more or less.
    for (wait, expected) in waits.iter().zip([60, 120, 240, 480]) {
        assert!((expected * 3 / 4 - 1..=expected * 5 / 4 + 1).contains(wait), "{waits:?}");
    }
    assert_eq!(house.delivery(&guest).await, Delivery::Queued);
    assert_eq!(house.actions(&meeting).await, ["mail.deferred"; 4]);
}

#[tokio::test]
async fn what_bounces_or_expires_is_undeliverable_and_the_helpdesk_hears_of_it_in_the_same_commit() {
    for outcome in [Bounced("550 5.1.1 <jean.martin@hopital.example> unknown".to_owned()), Deferred("451 later".to_owned())] {
        let (mut house, meeting, guest) = invited().await;
        let expires = matches!(outcome, Deferred(_));
        if expires {
            house.clock.0.store(24 * 3600 - 1, Ordering::SeqCst);
        }
        let (_, state) = house.answer(outcome).await;
        assert_eq!(state, None);
        assert_eq!(house.delivery(&guest).await, Delivery::Undeliverable);
        assert_eq!(house.actions(&meeting).await, ["mail.failed"]);
        let alerts = house.archive.alerts(None, 10).await.unwrap();
        let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
        assert_eq!((alert.kind, alert.severity, alert.state), (AlertKind::GuestUndeliverable, Severity::High, AlertState::Open));
        assert_eq!(alert.guest, Some(guest.id));
        assert!(!alert.evidence.contains("jean.martin@"), "{}", alert.evidence);
        let (mail, answer) = house.next().await;
        assert_eq!((mail.purpose, mail.recipient), (OutboxPurpose::Helpdesk, mailbox("helpdesk@agence.example")));
        // A mail to the helpdesk that fails raises nothing: it would go the same way.
        answer.send(Bounced("550 no".to_owned())).unwrap();
        house.end().await;
        assert_eq!(house.archive.alerts(None, 10).await.unwrap().len(), 1);
        assert_eq!(house.desk.rung.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn uncertain_mail_is_sent_again_as_the_same_message() {
    let (mut house, meeting, _) = invited().await;
    let (first, state) = house.answer(Uncertain("connection lost".to_owned())).await;
    let Some(OutboxState::Due { at, .. }) = state else { panic!("{state:?}") };
    house.clock.0.store((at - start()).num_seconds() + 1, Ordering::SeqCst);
    house.wake.notify_one();
    let (second, _) = house.answer(delivered()).await;
    assert_eq!((first.message_id, first.message), (second.message_id, second.message));
    assert_eq!(house.actions(&meeting).await, ["mail.uncertain", "mail.sent"]);
}

#[tokio::test]
async fn a_transport_that_panics_lets_its_mail_go() {
    let (mut house, meeting, _) = invited().await;
    let (item, answer) = house.next().await;
    drop(answer);
    let state = house.changed(&item, &item.state).await;
    let Some(OutboxState::Due { at, attempts: 1, .. }) = state else { panic!("{state:?}") };
    house.clock.0.store((at - start()).num_seconds() + 1, Ordering::SeqCst);
    house.wake.notify_one();
    assert_eq!(house.answer(delivered()).await.1, None);
    assert_eq!(house.actions(&meeting).await, ["mail.uncertain", "mail.sent"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mail_is_sent_once_however_often_the_worker_is_woken() {
    let mut house = House::patient().await;
    let mails: Vec<OutboxItem> = (0..300).map(|_| item("jean.martin@hopital.example", b"Subject: x\r\n\r\n")).collect();
    house.put(mails.iter().map(|mail| Write::Outbox(Box::new(mail.clone()))).collect()).await;
    let mut counts: HashMap<Uuid, u32> = HashMap::new();
    for _ in 0..mails.len() {
        house.wake.notify_one();
        let (mail, answer) = house.next().await;
        house.wake.notify_one();
        tokio::task::yield_now().await;
        *counts.entry(mail.id.0).or_default() += 1;
        answer.send(delivered()).unwrap();
    }
    house.end().await;
    assert!(house.given.try_recv().is_err(), "no mail comes twice");
    assert_eq!(counts.len(), mails.len());
    assert_eq!(house.archive.outbox_waiting().await.unwrap(), 0);
}

#[tokio::test]
async fn superseded_mail_is_not_sent_even_when_it_was_due_before() {
    let mut house = House::new(OutboxSettings { concurrency: 1, look_seconds: 3_600, ..OutboxSettings::default() }).await;
    let meeting = meeting();
    let guest = guest(&meeting);
    let older = OutboxItem { state: due(-1), ..item("first@hopital.example", b"Subject: x\r\n\r\n") };
    house
        .put(vec![
            Write::Meeting(Box::new(meeting.clone())),
            Write::Guest(Box::new(guest.clone())),
            Write::Outbox(Box::new(older)),
            Write::Outbox(Box::new(invitation(&meeting, &guest))),
        ])
        .await;
    let (first, answer) = house.next().await;
    assert_eq!(first.recipient, mailbox("first@hopital.example"));
    let newer = OutboxItem { state: due(0), ..invitation(&meeting, &guest) };
    let superseded = Write::OutboxSuperseded { guest: guest.id, reason: "superseded" };
    house.put(vec![superseded, Write::Outbox(Box::new(newer.clone()))]).await;
    answer.send(delivered()).unwrap();
    let (second, _) = house.answer(delivered()).await;
    assert_eq!(second.id, newer.id);
    house.end().await;
    assert!(house.given.try_recv().is_err());
}

fn due(seconds: i64) -> OutboxState {
    OutboxState::Due { at: start() + TimeDelta::seconds(seconds), attempts: 0, last: String::new() }
}

#[tokio::test]
async fn mail_of_another_process_is_found_without_being_woken() {
    assert_eq!(OutboxSettings::default().look_seconds, 5);
    let mut house = House::new(OutboxSettings { look_seconds: 1, ..OutboxSettings::default() }).await;
    let other = SqliteArchive::open(&house.file).await.unwrap();
    let mail = item("jean.martin@hopital.example", b"Subject: x\r\n\r\n");
    other.commit(Commit { writes: vec![Write::Outbox(Box::new(mail.clone()))] }).await.unwrap();
    assert_eq!(house.next().await.0.id, mail.id);
}

#[tokio::test]
async fn at_the_end_what_runs_is_finished_and_recorded() {
    let (mut house, meeting, guest) = invited().await;
    let (_, answer) = house.next().await;
    house.stop.send(true).unwrap();
    // More mail is left for the next start.
    house.put(vec![Write::Outbox(Box::new(item("later@hopital.example", b"Subject: x\r\n\r\n")))]).await;
    assert!(!house.worker.is_finished());
    answer.send(delivered()).unwrap();
    house.end().await;
    assert_eq!(house.delivery(&guest).await, Delivery::Sent);
    assert_eq!(house.actions(&meeting).await, ["mail.sent"]);
    assert_eq!(house.archive.outbox_waiting().await.unwrap(), 1);
}

#[tokio::test]
async fn a_delivery_without_end_does_not_keep_the_gateway_from_stopping() {
    let mut house = House::new(OutboxSettings { stop_seconds: 0, ..OutboxSettings::default() }).await;
    house.put(vec![Write::Outbox(Box::new(item("jean.martin@hopital.example", b"Subject: x\r\n\r\n")))]).await;
    let (_, _answer) = house.next().await;
    house.end().await;
    assert_eq!(house.archive.outbox_waiting().await.unwrap(), 1, "it is due again");
}

/// A mail of this turn to somebody of this domain.
fn to(domain: &str, turn: i64) -> OutboxItem {
    OutboxItem { turn: start() + TimeDelta::seconds(turn), ..item(&format!("x@{domain}"), b"Subject: x\r\n\r\n") }
}

fn outbox(items: &[&OutboxItem]) -> Vec<Write> {
    items.iter().map(|item| Write::Outbox(Box::new((*item).clone()))).collect()
}

#[tokio::test]
async fn whose_turn_it_is_goes_first() {
    let mut house = House::new(OutboxSettings { concurrency: 1, look_seconds: 3_600, ..OutboxSettings::default() }).await;
    let crowd: Vec<OutboxItem> = (0..20).map(|place| to("a.example", 10 + place)).collect();
    let (other, urgent) = (to("b.example", 12), to("c.example", -3_600));
    house.put(outbox(&crowd.iter().chain([&other, &urgent]).collect::<Vec<_>>())).await;
    let mut order = Vec::new();
    for _ in 0..6 {
        order.push(house.answer(delivered()).await.0.id);
    }
    let place = |id| order.iter().position(|one| *one == id);
    assert_eq!(place(urgent.id), Some(0));
    assert!(place(other.id).is_some_and(|place| place <= 4), "a crowd of twenty does not keep another waiting");
}

#[tokio::test]
async fn a_destination_takes_so_many_at_once_and_keeps_nobody_else() {
    let settings = OutboxSettings { concurrency: 8, destination_concurrency: 2, look_seconds: 3_600, ..OutboxSettings::default() };
    let mut house = House::new(settings).await;
    let crowd: Vec<OutboxItem> = (0..6).map(|place| to("slow.example", place)).collect();
    let other = to("fast.example", 100);
    house.put(outbox(&crowd.iter().chain([&other]).collect::<Vec<_>>())).await;
    let mut under_way = vec![house.next().await, house.next().await, house.next().await];
    let domains = |under_way: &[(OutboxItem, Say)]| {
        let mut all: Vec<String> = under_way.iter().map(|(item, _)| item.destination()).collect();
        all.sort();
        all
    };
    assert_eq!(domains(&under_way), ["fast.example", "slow.example", "slow.example"]);
    // The next of the slow one comes when one of it has ended.
    let place = under_way.iter().position(|(item, _)| item.destination() == "slow.example").unwrap();
    under_way.remove(place).1.send(delivered()).unwrap();
    assert_eq!(house.next().await.0.destination(), "slow.example");
}

#[tokio::test]
async fn a_way_that_is_down_is_tried_by_one_mail_and_costs_the_others_nothing() {
    let settings = OutboxSettings { concurrency: 4, look_seconds: 3_600, longest_rest_seconds: 1, ..OutboxSettings::default() };
    let mut house = House::new(settings).await;
    let crowd: Vec<OutboxItem> = (0..30).map(|place| to("a.example", place)).collect();
    house.put(outbox(&crowd.iter().collect::<Vec<_>>())).await;
    for _ in 0..4 {
        house.next().await.1.send(AttemptOutcome::Unreachable("no connection".to_owned())).unwrap();
    }
    // One comes after the rest, and no other beside it.
    let (probe, say) = house.next().await;
    assert!(house.given.try_recv().is_err(), "one mail tries the way");
    say.send(delivered()).unwrap();
    let (_, second) = house.next().await;
    let (_, third) = house.next().await;
    drop((second, third));
    let untouched = |item: &&OutboxItem| matches!(item.state, OutboxState::Due { attempts: 0, ref last, .. } if last.is_empty());
    let left = house.archive.outbox_due(start() + TimeDelta::days(1), 100).await.unwrap();
    assert!(left.iter().filter(untouched).count() >= 20, "{}", left.len());
    assert!(left.iter().all(|item| item.id != probe.id || !matches!(item.state, OutboxState::Due { attempts: 1.., .. })));
}
