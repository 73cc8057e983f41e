//! An archive of one dialog that counts what is committed.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::address::{Mailbox, NamedMailbox};
use paravent::domain::alert::{Alert, AlertEvent, AlertState};
use paravent::domain::api_key::ApiKey;
use paravent::domain::attendance::Attendance;
use paravent::domain::budget::Counter;
use paravent::domain::delivery::OutboxItem;
use paravent::domain::doorstep::{Doorstep, Waiting};
use paravent::domain::id::{AlertId, GuestId, MeetingId, OrganizerId, OutboxId, ReceivedId};
use paravent::domain::itip::Uid;
use paravent::domain::language::Language;
use paravent::domain::listing::{AlertFilter, Cursor, Hit};
use paravent::domain::meeting::{Guest, Meeting, MeetingEvent, MeetingStatus};
use paravent::domain::organizer::{Anonymity, Group, Organizer};
use paravent::domain::person::{BrowserKey, Identity, Session};
use paravent::domain::presence::Stays;
use paravent::domain::queue::{Claim, Paused, QueueFilter, QueueRow};
use paravent::domain::reconciliation::{Progress, Reconciliation};
use paravent::domain::record::{AuditEvent, Commit, Committed, DedupeKey, HoldState, Received, ReceivedSummary, Write};
use paravent::domain::revision::Ledger;
use paravent::domain::suppression::Suppression;
use paravent::domain::thread::{MessageId, ThreadLink};
use paravent::flow::api_key::ApiKeys;
use paravent::flow::list_port::Lists;
use paravent::flow::port::{AlertDesk, Archive, Bell, PortError, PortResult, World};
use paravent::flow::queue_port::Queue;
use paravent::flow::room_port::Rooms;
use paravent::flow::session_port::Sessions;
use std::sync::Mutex;
use uuid::Uuid;

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub(crate) struct FixedWorld(pub(crate) Mutex<DateTime<Utc>>);

impl World for FixedWorld {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
    fn random(&self) -> Uuid {
        Uuid::from_u128(77)
    }
    fn key(&self) -> Uuid {
        Uuid::from_u128(78)
    }
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

pub(crate) fn organizer() -> Organizer {
    Organizer {
        id: OrganizerId(Uuid::from_u128(1)),
        mailbox: mailbox("claire.bernard@agence.example"),
        aliases: Vec::new(),
        name: "Claire Bernard".into(),
        language: Language::parse("fr").unwrap(),
        secrets: Vec::new(),
        group: Group {
            name: "medical".into(),
            label: "Service médical".into(),
            anonymity: Anonymity::Anonymous,
            language: Language::parse("fr").unwrap(),
            time_zone: chrono_tz::Europe::Paris,
            allow_counter: true,
        },
        active: true,
    }
}

pub(crate) fn meeting() -> Meeting {
    Meeting {
        id: MeetingId(Uuid::from_u128(2)),
        organizer: organizer().id,
        organizer_address: NamedMailbox::new("Claire Bernard", mailbox("claire.bernard@agence.example")),
        organizer_uid: Uid("sample-1@agence.example".into()),
        ledger: Ledger::default(),
        organizer_object: String::new(),
        event: MeetingEvent {
            title: "Avis médical".into(),
            description: None,
            starts_at: noon() + TimeDelta::hours(1),
            ends_at: noon() + TimeDelta::hours(2),
            series: None,
            whole_days: None,
        },
        status: MeetingStatus::Scheduled,
        room: "k3v7q2salle".into(),
        created_at: noon(),
        version: 1,
    }
}

pub(crate) fn guest() -> Guest {
    Guest {
        part: Default::default(),
        ledger: Ledger::default(),
        id: GuestId(Uuid::from_u128(3)),
        meeting: meeting().id,
        mailbox: NamedMailbox::new("Jean Martin", mailbox("jean.martin@hopital.example")),
        also: Vec::new(),
        invited_as: mailbox("jean.martin@hopital.example"),
        language: Language::parse("fr").unwrap(),
        uid: Uid("g-1@visio.example".into()),
        sent: None,
        link: Uuid::from_u128(4),
        removed_at: None,
        attendance: Attendance::default(),
        version: 1,
    }
}

pub(crate) struct OneDialog {
    pub(crate) meeting: Mutex<Meeting>,
    pub(crate) guest: Mutex<Guest>,
    pub(crate) writes: Mutex<Vec<Write>>,
    pub(crate) down: Mutex<bool>,
    pub(crate) alerts: Mutex<Vec<Alert>>,
    pub(crate) suppressions: Mutex<Vec<Suppression>>,
    pub(crate) doorstep: Mutex<Doorstep>,
    pub(crate) group: Mutex<String>,
}

impl OneDialog {
    pub(crate) fn new() -> Self {
        Self {
            meeting: Mutex::new(meeting()),
            guest: Mutex::new(guest()),
            writes: Mutex::default(),
            down: Mutex::new(false),
            alerts: Mutex::default(),
            suppressions: Mutex::default(),
            doorstep: Mutex::default(),
            group: Mutex::new(organizer().group.name),
        }
    }

    fn up(&self) -> PortResult<()> {
        if *self.down.lock().unwrap() { Err(PortError::new("read", "the disk is gone")) } else { Ok(()) }
    }
}

#[async_trait]
impl Rooms for OneDialog {
    async fn meeting_of_room(&self, _: &str) -> PortResult<Option<Meeting>> {
        Ok(None)
    }
    async fn stays(&self, _: MeetingId) -> PortResult<Stays> {
        Ok(Stays::default())
    }
    async fn doorstep(&self, _: &str, _: GuestId) -> PortResult<Doorstep> {
        Ok(*self.doorstep.lock().unwrap())
    }
    async fn waiting(&self, _: MeetingId) -> PortResult<Vec<Waiting>> {
        Ok(Vec::new())
    }
    async fn link_networks(&self, _: GuestId, _: DateTime<Utc>) -> PortResult<Vec<[u8; 16]>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Sessions for OneDialog {
    async fn session(&self, _: BrowserKey, _: DateTime<Utc>) -> PortResult<Option<(Session, DateTime<Utc>)>> {
        Ok(None)
    }
    async fn bound(&self, _: &Identity) -> PortResult<Option<OrganizerId>> {
        Ok(None)
    }
    async fn is_taken(&self, _: OrganizerId, _: &str) -> PortResult<bool> {
        Ok(false)
    }
}

#[async_trait]
impl Lists for OneDialog {
    async fn meetings_page(
        &self,
        _: Option<OrganizerId>,
        _: bool,
        _: DateTime<Utc>,
        _: Option<Cursor>,
        _: u32,
    ) -> PortResult<Vec<Meeting>> {
        Ok(Vec::new())
    }
    async fn alerts_page(&self, _: &AlertFilter, _: Option<Cursor>, _: u32) -> PortResult<Vec<Alert>> {
        Ok(Vec::new())
    }
    async fn alert_counts(&self) -> PortResult<Vec<(AlertState, u64)>> {
        Ok(Vec::new())
    }
    async fn alert_history(&self, _: &Alert) -> PortResult<Vec<AuditEvent>> {
        Ok(Vec::new())
    }
    async fn holds_page(&self, _: HoldState, _: Option<Cursor>, _: u32) -> PortResult<Vec<ReceivedSummary>> {
        Ok(Vec::new())
    }
    async fn search(&self, _: &str, _: u32) -> PortResult<Vec<Hit>> {
        Ok(Vec::new())
    }
    async fn alert_of_mail(&self, _: ReceivedId) -> PortResult<Option<AlertId>> {
        Ok(None)
    }
}

#[async_trait]
impl ApiKeys for OneDialog {
    async fn api_key(&self, _: &[u8; 32]) -> PortResult<Option<ApiKey>> {
        Ok(None)
    }
    async fn api_keys(&self) -> PortResult<Vec<ApiKey>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl AlertDesk for OneDialog {
    async fn alert_writes(&self, alert: &Alert) -> PortResult<Vec<Write>> {
        Ok(vec![Write::Alert(Box::new(alert.clone()))])
    }
}

#[async_trait]
impl Bell for OneDialog {
    async fn ring(&self, _: &Alert) {}
}

#[async_trait]
impl Queue for OneDialog {
    async fn outbox_claim(&self, _: &Claim<'_>) -> PortResult<Vec<OutboxItem>> {
        unreachable!("a page sends nothing")
    }

    async fn outbox_renew(&self, _: Uuid, _: DateTime<Utc>, _: DateTime<Utc>) -> PortResult<()> {
        unreachable!("a page sends nothing")
    }

    async fn outbox_expired(&self, _: DateTime<Utc>, _: u32) -> PortResult<Vec<OutboxItem>> {
        unreachable!("a page sends nothing")
    }

    async fn outbox_rows(&self, _: &QueueFilter, _: u32) -> PortResult<Vec<QueueRow>> {
        unreachable!("a page sends nothing")
    }

    async fn outbox_one(&self, _: OutboxId) -> PortResult<Option<OutboxItem>> {
        unreachable!("a page sends nothing")
    }

    async fn duty(&self, _: &str, _: Uuid, _: DateTime<Utc>, _: DateTime<Utc>) -> PortResult<bool> {
        unreachable!("a page has none")
    }

    async fn paused(&self) -> PortResult<Vec<Paused>> {
        unreachable!("a page sends nothing")
    }
}

#[async_trait]
impl Archive for OneDialog {
    async fn commit(&self, commit: Commit) -> PortResult<Committed> {
        self.up()?;
        self.writes.lock().unwrap().extend(commit.writes);
        Ok(Committed::Done)
    }
    async fn seen(&self, _: &DedupeKey) -> PortResult<bool> {
        Ok(false)
    }
    async fn meeting(&self, id: MeetingId) -> PortResult<Option<Meeting>> {
        self.up()?;
        Ok(Some(self.meeting.lock().unwrap().clone()).filter(|m| m.id == id))
    }
    async fn meeting_by_uid(&self, _: OrganizerId, _: &Uid) -> PortResult<Option<Meeting>> {
        Ok(None)
    }
    async fn meetings(&self, _: DateTime<Utc>, _: u32) -> PortResult<Vec<Meeting>> {
        self.up()?;
        Ok(vec![self.meeting.lock().unwrap().clone()])
    }
    async fn guests(&self, _: MeetingId) -> PortResult<Vec<Guest>> {
        Ok(vec![self.guest.lock().unwrap().clone()])
    }
    async fn guest(&self, id: GuestId) -> PortResult<Option<(Meeting, Guest)>> {
        self.up()?;
        let (meeting, guest) = (self.meeting.lock().unwrap().clone(), self.guest.lock().unwrap().clone());
        Ok((guest.id == id).then_some((meeting, guest)))
    }
    async fn newest_dialog(&self, _: OrganizerId, _: &Mailbox) -> PortResult<Option<(Meeting, Guest)>> {
        Ok(None)
    }
    async fn thread(&self, _: GuestId) -> PortResult<Vec<ThreadLink>> {
        Ok(Vec::new())
    }
    async fn thread_by_organizer_ids(&self, _: &[MessageId]) -> PortResult<Vec<ThreadLink>> {
        Ok(Vec::new())
    }
    async fn outbox_due(&self, _: DateTime<Utc>, _: u32) -> PortResult<Vec<OutboxItem>> {
        Ok(Vec::new())
    }
    async fn outbox_next(&self) -> PortResult<Option<DateTime<Utc>>> {
        Ok(None)
    }
    async fn outbox_waiting(&self) -> PortResult<u64> {
        Ok(0)
    }
    async fn last_sent_at(&self, _: GuestId) -> PortResult<Option<DateTime<Utc>>> {
        Ok(None)
    }
    async fn received(&self, _: Option<HoldState>, _: u32) -> PortResult<Vec<ReceivedSummary>> {
        Ok(Vec::new())
    }
    async fn received_one(&self, _: ReceivedId) -> PortResult<Option<Received>> {
        Ok(None)
    }
    async fn alerts(&self, _: Option<AlertState>, _: u32) -> PortResult<Vec<Alert>> {
        Ok(Vec::new())
    }
    async fn alert(&self, _: AlertId) -> PortResult<Option<Alert>> {
        Ok(None)
    }
    async fn meeting_alerts(&self, _: MeetingId) -> PortResult<Vec<Alert>> {
        Ok(self.alerts.lock().unwrap().clone())
    }
    async fn alert_by_key(&self, _: &str) -> PortResult<Option<Alert>> {
        Ok(None)
    }
    async fn organizer(&self, _: OrganizerId) -> PortResult<Option<Organizer>> {
        let organizer = organizer();
        let group = Group { name: self.group.lock().unwrap().clone(), ..organizer.group };
        Ok(Some(Organizer { group, ..organizer }))
    }
    async fn waiting_before(&self, _: DateTime<Utc>, _: u32) -> PortResult<Vec<ReceivedSummary>> {
        Ok(Vec::new())
    }
    async fn alert_events(&self, _: u64, _: u32) -> PortResult<Vec<AlertEvent>> {
        Ok(Vec::new())
    }
    async fn newest_alert_event(&self) -> PortResult<u64> {
        Ok(0)
    }
    async fn webhook_at(&self, _: &str) -> PortResult<Option<u64>> {
        Ok(None)
    }
    async fn audit(&self, _: MeetingId) -> PortResult<Vec<AuditEvent>> {
        Ok(Vec::new())
    }
    async fn guests_of_address(&self, _: &Mailbox, _: DateTime<Utc>) -> PortResult<Vec<(Meeting, Guest)>> {
        Ok(Vec::new())
    }
    async fn counts(&self, counters: &[Counter]) -> PortResult<Vec<u32>> {
        Ok(vec![0; counters.len()])
    }
    async fn suppressions_of(&self, _: &[&Mailbox]) -> PortResult<Vec<Suppression>> {
        Ok(self.suppressions.lock().unwrap().clone())
    }
    async fn suppressions(&self, _: u32) -> PortResult<Vec<Suppression>> {
        Ok(Vec::new())
    }
    async fn reconcile(&self, _: DateTime<Utc>, _: &(dyn Fn(Progress) + Send + Sync)) -> PortResult<Reconciliation> {
        Ok(Reconciliation::default())
    }
    async fn disposition_counts(&self) -> PortResult<Vec<(String, u64)>> {
        Ok(Vec::new())
    }
}
