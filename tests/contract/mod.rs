//! What every archive must do, written against the port so that each engine runs the same suite.

mod beside;
mod queue;

pub(crate) use queue::{duties, nodes, queue};

pub(crate) use beside::{alert_pages, api_keys, balance, counters, pages, search, sessions, suppressions};

use chrono::{DateTime, Utc};
use paravent::domain::address::{Mailbox, NamedMailbox, ReversePath};
use paravent::domain::alert::{Alert, AlertKind, AlertOccasion, AlertState, Severity};
use paravent::domain::attendance::{Answer, Attendance, Delivery, PartStat, Presence, Response};
use paravent::domain::authentication::{Authentication, Proof};
use paravent::domain::decision::Disposition;
use paravent::domain::delivery::{OutboxItem, OutboxPurpose, OutboxState};
use paravent::domain::doorstep::{Doorstep, Waiting};
use paravent::domain::id::{AlertId, GuestId, MeetingId, OrganizerId, OutboxId, ReceivedId};
use paravent::domain::itip::Uid;
use paravent::domain::language::Language;
use paravent::domain::meeting::{Guest, Meeting, MeetingEvent, MeetingStatus};
use paravent::domain::presence::{Closing, Stay, Stays};
use paravent::domain::record::RoomWrite;
use paravent::domain::record::{AuditEvent, Commit, Committed, DedupeKey, HoldState, Received, Write};
use paravent::domain::reply::ReplyClass;
use paravent::domain::revision::Ledger;
use paravent::domain::thread::{MessageId, ThreadLink};
use paravent::flow::port::Archive;
use uuid::Uuid;

/// Every case as a test, on what `$open` opens: the archive, and what must live as long; `None` skips.
macro_rules! suite {
    ($open:ident) => {
        crate::contract::suite!(
            $open: versions_and_unique_rows, tracks, received_messages, outbox, alerts, alert_events, threads_and_audit, concurrent, rooms,
            suppressions, counters, pages, alert_pages, search, sessions, api_keys, balance, queue
        );
    };
    ($open:ident: $($name:ident),+) => {$(
        #[tokio::test]
        async fn $name() {
            let Some((_guard, archive)) = $open().await else { return };
            crate::contract::$name(&archive).await;
            archive.close().await;
        }
    )+};
}
pub(crate) use suite;

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000 + seconds, 123_456_000).unwrap()
}

fn mailbox(local: &str) -> Mailbox {
    Mailbox::parse(&format!("{local}@clinic.example")).unwrap()
}

pub(crate) fn meeting() -> Meeting {
    Meeting {
        id: MeetingId(Uuid::now_v7()),
        organizer: OrganizerId(Uuid::now_v7()),
        organizer_address: NamedMailbox::bare(mailbox("claire.bernard")),
        organizer_uid: Uid(Uuid::now_v7().to_string()),
        ledger: Ledger::default(),
        organizer_object: "BEGIN:VCALENDAR\r\n".into(),
        event: MeetingEvent {
            title: "Visite".into(),
            description: None,
            starts_at: at(0),
            ends_at: at(3600),
            series: None,
            whole_days: None,
        },
        status: MeetingStatus::Scheduled,
        room: "room".into(),
        created_at: at(-10),
        version: 0,
    }
}

pub(crate) fn guest(meeting: &Meeting, local: &str) -> Guest {
    Guest {
        part: Default::default(),
        ledger: Ledger::default(),
        id: GuestId(Uuid::now_v7()),
        meeting: meeting.id,
        mailbox: NamedMailbox::new("Jean Martin", mailbox(local)),
        also: Vec::new(),
        invited_as: mailbox(local),
        language: Language::english(),
        uid: Uid(Uuid::now_v7().to_string()),
        sent: None,
        link: Uuid::now_v7(),
        removed_at: None,
        attendance: Attendance::default(),
        version: 0,
    }
}

pub(crate) fn received(key: u8) -> Received {
    Received {
        id: ReceivedId(Uuid::now_v7()),
        dedupe: DedupeKey([key; 32]),
        received_at: at(i64::from(key)),
        reverse_path: ReversePath::Null,
        recipients: vec![mailbox("alias")],
        raw: b"Subject: x\r\n\r\n\0\xff".to_vec(),
        class: ReplyClass::Human,
        disposition: Disposition::Held,
        reasons: vec!["words".into()],
        meeting: None,
        guest: None,
        hold: Some(HoldState::Waiting),
        authentication: (key % 2 == 1).then(|| Authentication::proved(Proof::Arc { sealer: "liste.example".into() })),
    }
}

fn item(guest: GuestId, purpose: OutboxPurpose, due: i64) -> OutboxItem {
    OutboxItem {
        id: OutboxId(Uuid::now_v7()),
        purpose,
        guest: Some(guest),
        meeting: None,
        reverse_path: ReversePath::Mailbox(mailbox("verp")),
        recipient: mailbox("jean.martin"),
        message_id: MessageId::parse("<1@clinic.example>").unwrap(),
        message: b"Subject: y\r\n\r\n".to_vec(),
        expires_at: at(99_999),
        state: OutboxState::Due { at: at(due), attempts: 0, last: String::new() },
        created_at: at(-1),
        turn: at(due),
    }
}

pub(crate) async fn commit(archive: &dyn Archive, writes: Vec<Write>) -> Committed {
    archive.commit(Commit { writes }).await.unwrap()
}

async fn stored_guest(archive: &dyn Archive) -> (Meeting, Guest) {
    let meeting = meeting();
    let guest = guest(&meeting, "jean.martin");
    let writes = vec![Write::Meeting(Box::new(meeting)), Write::Guest(Box::new(guest.clone()))];
    assert_eq!(commit(archive, writes).await, Committed::Done);
    archive.guest(guest.id).await.unwrap().unwrap()
}

pub(crate) async fn versions_and_unique_rows(archive: &dyn Archive) {
    let (stored, invited) = stored_guest(archive).await;
    assert_eq!((stored.version, invited.version), (1, 1));
    assert_eq!(archive.meeting(stored.id).await.unwrap().as_ref(), Some(&stored));
    assert_eq!(archive.meeting_by_uid(stored.organizer, &stored.organizer_uid).await.unwrap().as_ref(), Some(&stored));
    assert_eq!(commit(archive, vec![Write::Meeting(Box::new(stored.clone()))]).await, Committed::Done);
    assert_eq!(commit(archive, vec![Write::Meeting(Box::new(stored.clone()))]).await, Committed::Conflict, "stale");
    let twin = Meeting { id: MeetingId(Uuid::now_v7()), version: 0, ..stored.clone() };
    assert_eq!(commit(archive, vec![Write::Meeting(Box::new(twin))]).await, Committed::Conflict, "same dialog");
    let other = guest(&stored, "JEAN.martin");
    assert_eq!(commit(archive, vec![Write::Guest(Box::new(other))]).await, Committed::Conflict, "same mailbox");
    let second = guest(&stored, "second");
    assert_eq!(commit(archive, vec![Write::Guest(Box::new(second.clone()))]).await, Committed::Done);
    let renamed = Guest { mailbox: invited.mailbox.clone(), version: 1, ..second.clone() };
    assert_eq!(commit(archive, vec![Write::Guest(Box::new(renamed))]).await, Committed::Conflict, "a mailbox that is taken");
    let guests = archive.guests(stored.id).await.unwrap();
    assert_eq!(guests.iter().map(|guest| guest.id).collect::<Vec<_>>(), [invited.id, second.id]);
    let later = Meeting { event: MeetingEvent { starts_at: at(10), ..stored.event.clone() }, ..meeting() };
    commit(archive, vec![Write::Meeting(Box::new(later.clone()))]).await;
    let listed = archive.meetings(at(0), 2).await.unwrap();
    assert_eq!(listed.iter().map(|meeting| meeting.id).collect::<Vec<_>>(), [later.id, stored.id]);
    assert!(archive.meetings(at(3600), 9).await.unwrap().is_empty(), "ends at `since`");
    let found = archive.newest_dialog(stored.organizer, &mailbox("Second")).await.unwrap().unwrap();
    assert_eq!(found.1.id, second.id);
}

pub(crate) async fn tracks(archive: &dyn Archive) {
    let (_, guest) = stored_guest(archive).await;
    let accepted =
        Response { whole: Answer { partstat: PartStat::Accepted, received_at: Some(at(1)), ..Answer::default() }, ..Response::default() };
    let respond = |version| Write::Response { guest: guest.id, version, response: Box::new(accepted.clone()) };
    assert_eq!(commit(archive, vec![respond(1)]).await, Committed::Done);
    assert_eq!(commit(archive, vec![respond(1)]).await, Committed::Conflict);
    let facts = Guest { removed_at: Some(at(2)), version: 2, ..guest.clone() };
    assert_eq!(commit(archive, vec![Write::Guest(Box::new(facts))]).await, Committed::Done);
    for (seen, kept) in [(5, 5), (9, 5), (3, 3)] {
        let presence = Presence { opened_at: Some(at(seen)), entered_at: None };
        commit(archive, vec![Write::Presence { guest: guest.id, presence }]).await;
        let read = archive.guest(guest.id).await.unwrap().unwrap().1.attendance.presence;
        assert_eq!(read, Presence { opened_at: Some(at(kept)), entered_at: None });
    }
    use Delivery::{Delayed, Queued, Sent, Undeliverable};
    for (written, kept) in
        [(Sent, Sent), (Undeliverable, Undeliverable), (Sent, Undeliverable), (Queued, Queued), (Delayed, Delayed), (Sent, Delayed)]
    {
        commit(archive, vec![Write::Delivery { guest: guest.id, delivery: written }]).await;
        assert_eq!(archive.guest(guest.id).await.unwrap().unwrap().1.attendance.delivery, kept);
    }
    let read = archive.guest(guest.id).await.unwrap().unwrap().1;
    assert_eq!((read.version, read.attendance.response, read.removed_at), (3, accepted, Some(at(2))));
}

pub(crate) async fn received_messages(archive: &dyn Archive) {
    let first = received(1);
    assert!(!archive.seen(&first.dedupe).await.unwrap());
    assert_eq!(commit(archive, vec![Write::Received(Box::new(first.clone()))]).await, Committed::Done);
    assert!(archive.seen(&first.dedupe).await.unwrap());
    let lost = meeting();
    let again = Received { id: ReceivedId(Uuid::now_v7()), ..first.clone() };
    let writes = vec![Write::Meeting(Box::new(lost.clone())), Write::Received(Box::new(again))];
    assert_eq!(commit(archive, writes).await, Committed::Duplicate);
    assert_eq!(archive.meeting(lost.id).await.unwrap(), None, "nothing of a duplicate is written");
    assert_eq!(archive.received_one(first.id).await.unwrap(), Some(first.clone()));
    let second = received(2);
    commit(archive, vec![Write::Received(Box::new(second.clone()))]).await;
    let listed = archive.received(None, 9).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [second.id, first.id]);
    assert_eq!(listed[0].size, 16);
    let hold = |state| vec![Write::Hold { id: first.id, state }];
    assert_eq!(commit(archive, hold(HoldState::Released)).await, Committed::Done);
    assert_eq!(commit(archive, hold(HoldState::Dropped)).await, Committed::Conflict);
    assert_eq!(archive.received(Some(HoldState::Waiting), 9).await.unwrap().len(), 1);
    assert_eq!(archive.disposition_counts().await.unwrap(), [("held".to_owned(), 2)]);
}

pub(crate) async fn outbox(archive: &dyn Archive) {
    let guest = GuestId(Uuid::now_v7());
    let (late, early) = (item(guest, OutboxPurpose::Invitation, 20), item(guest, OutboxPurpose::Answer, 10));
    commit(archive, vec![Write::Outbox(Box::new(late.clone())), Write::Outbox(Box::new(early.clone()))]).await;
    assert_eq!(archive.outbox_due(at(30), 9).await.unwrap(), [early.clone(), late.clone()]);
    assert_eq!(archive.outbox_due(at(30), 1).await.unwrap().len(), 1);
    assert_eq!(archive.outbox_due(at(10), 9).await.unwrap(), std::slice::from_ref(&early));
    assert_eq!((archive.outbox_next().await.unwrap(), archive.outbox_waiting().await.unwrap()), (Some(at(10)), 2));
    commit(archive, vec![Write::OutboxSuperseded { guest, reason: "newer" }]).await;
    assert_eq!(archive.outbox_due(at(30), 9).await.unwrap(), std::slice::from_ref(&early), "an answer is not superseded");
    let due = OutboxState::Due { at: at(1), attempts: 1, last: "451".into() };
    commit(archive, vec![Write::OutboxState { id: late.id, state: due }]).await;
    assert_eq!(archive.outbox_waiting().await.unwrap(), 1, "what was given up is not revived");
    assert_eq!(archive.last_sent_at(guest).await.unwrap(), None);
    for id in [late.id, early.id] {
        commit(archive, vec![Write::OutboxState { id, state: OutboxState::Sent { at: at(40), last: "250".into() } }]).await;
    }
    assert_eq!(archive.last_sent_at(guest).await.unwrap(), Some(at(40)));
    assert_eq!(archive.outbox_next().await.unwrap(), None);
}

pub(crate) async fn alerts(archive: &dyn Archive) {
    let alert = |severity, seconds| Alert {
        id: AlertId(Uuid::now_v7()),
        kind: AlertKind::Held,
        severity,
        state: AlertState::Open,
        key: "held/1".into(),
        meeting: None,
        guest: None,
        received: None,
        escalated: 0,
        evidence: format!("evidence {seconds}"),
        count: 1,
        opened_at: at(seconds),
        last_at: at(seconds),
    };
    let first = alert(Severity::High, 1);
    commit(archive, vec![Write::Alert(Box::new(first.clone())), Write::Alert(Box::new(alert(Severity::Info, 2)))]).await;
    let merged = Alert { evidence: "evidence 2".into(), count: 2, last_at: at(2), ..first.clone() };
    assert_eq!(archive.alert_by_key("held/1").await.unwrap(), Some(merged));
    commit(archive, vec![Write::AlertState { id: first.id, state: AlertState::Resolved, at: at(9) }]).await;
    assert_eq!(archive.alert_by_key("held/1").await.unwrap(), None);
    commit(archive, vec![Write::Alert(Box::new(alert(Severity::Info, 3)))]).await;
    assert_eq!(archive.alerts(None, 9).await.unwrap().iter().map(|alert| alert.last_at).collect::<Vec<_>>(), [at(3), at(2)]);
    assert_eq!(archive.alerts(Some(AlertState::Resolved), 9).await.unwrap()[0].id, first.id);
    assert!(archive.alert(first.id).await.unwrap().is_some());

    let about = MeetingId(Uuid::now_v7());
    let of = |key: &str, seconds, meeting| Alert { key: key.into(), meeting, ..alert(Severity::Info, seconds) };
    let (older, newer, resolved) = (of("held/2", 4, Some(about)), of("held/3", 5, Some(about)), of("held/4", 6, Some(about)));
    let elsewhere = of("held/5", 7, Some(MeetingId(Uuid::now_v7())));
    for one in [&older, &newer, &resolved, &elsewhere] {
        commit(archive, vec![Write::Alert(Box::new(one.clone()))]).await;
    }
    commit(archive, vec![Write::AlertState { id: resolved.id, state: AlertState::Resolved, at: at(9) }]).await;
    commit(archive, vec![Write::AlertState { id: older.id, state: AlertState::Acknowledged, at: at(9) }]).await;
    assert_eq!(archive.meeting_alerts(about).await.unwrap().iter().map(|alert| alert.id).collect::<Vec<_>>(), [newer.id, older.id]);
}

pub(crate) async fn alert_events(archive: &dyn Archive) {
    let alert = |key: &str, severity, seconds| Alert {
        id: AlertId(Uuid::now_v7()),
        kind: AlertKind::Held,
        severity,
        state: AlertState::Open,
        key: key.into(),
        meeting: None,
        guest: None,
        received: None,
        escalated: 0,
        evidence: String::new(),
        count: 1,
        opened_at: at(seconds),
        last_at: at(seconds),
    };
    let raise = |one: &Alert| Write::Alert(Box::new(one.clone()));
    assert_eq!(archive.newest_alert_event().await.unwrap(), 0);
    let (first, other) = (alert("held/1", Severity::Info, 1), alert("held/2", Severity::Warning, 2));
    // One more of an open alert is no event, unless it is more severe; what is done again is none either.
    commit(archive, vec![raise(&first), raise(&alert("held/1", Severity::Info, 3)), raise(&other)]).await;
    commit(archive, vec![raise(&alert("held/1", Severity::Warning, 4))]).await;
    for _ in 0..2 {
        commit(archive, vec![Write::AlertState { id: first.id, state: AlertState::Acknowledged, at: at(5) }]).await;
    }
    commit(archive, vec![Write::AlertEscalated { id: other.id, level: 1, at: at(6) }]).await;
    let again = Commit { writes: vec![Write::AlertEscalated { id: other.id, level: 1, at: at(7) }] };
    assert_eq!(archive.commit(again).await.unwrap(), Committed::Conflict);
    commit(archive, vec![Write::AlertState { id: first.id, state: AlertState::Resolved, at: at(8) }]).await;

    let events = archive.alert_events(0, 99).await.unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.alert.id, event.occasion, event.at)).collect();
    let expected = [
        (first.id, AlertOccasion::Raised, at(1)),
        (other.id, AlertOccasion::Raised, at(2)),
        (first.id, AlertOccasion::Escalated, at(4)),
        (first.id, AlertOccasion::Acknowledged, at(5)),
        (other.id, AlertOccasion::Escalated, at(6)),
        (first.id, AlertOccasion::Resolved, at(8)),
    ];
    assert_eq!(told, expected);
    assert!(events.iter().filter(|event| event.alert.id == first.id).all(|event| event.alert.state == AlertState::Resolved));
    let (second, newest) = (events[1].number, events[5].number);
    assert_eq!(archive.alert_events(second, 2).await.unwrap(), events[2..4]);
    assert_eq!(archive.newest_alert_event().await.unwrap(), newest);

    assert_eq!(archive.webhook_at("desk").await.unwrap(), None);
    for number in [newest, second] {
        commit(archive, vec![Write::WebhookAt { name: "desk".into(), number }]).await;
        assert_eq!(archive.webhook_at("desk").await.unwrap(), Some(newest), "never back");
    }
    commit(archive, vec![Write::AlertEventsForgotten { before: at(6) }]).await;
    assert_eq!(archive.alert_events(0, 99).await.unwrap(), events[4..]);
    commit(archive, vec![Write::AlertEventsForgotten { before: at(9) }]).await;
    assert_eq!(archive.newest_alert_event().await.unwrap(), newest, "numbers are never used again");
}

pub(crate) async fn threads_and_audit(archive: &dyn Archive) {
    let guest = GuestId(Uuid::now_v7());
    let id = |number: u32, side: &str| MessageId::parse(&format!("{number}@{side}.example")).unwrap();
    let link = |number| ThreadLink { guest, organizer_side: id(number, "organizer"), guest_side: id(number, "guest") };
    commit(archive, (0..205).map(|number| Write::Thread(link(number))).collect()).await;
    let links = archive.thread(guest).await.unwrap();
    assert_eq!((links.len(), &links[0]), (200, &link(204)));
    assert_eq!(archive.thread_by_organizer_ids(&[id(3, "organizer"), id(9, "nowhere")]).await.unwrap(), [link(3)]);
    let meeting = MeetingId(Uuid::now_v7());
    let event = |action: &str| AuditEvent {
        at: at(0),
        actor: "gateway".into(),
        action: action.into(),
        meeting: Some(meeting),
        guest: None,
        received: None,
        detail: "{}".into(),
    };
    commit(archive, vec![Write::Audit(event("one")), Write::Audit(event("two"))]).await;
    assert_eq!(archive.audit(meeting).await.unwrap(), [event("one"), event("two")]);
    assert_eq!(archive.organizer(OrganizerId(Uuid::now_v7())).await.unwrap(), None);
}

/// 200 at once: 100 deliveries twice, and 100 versions of one meeting of which one can win. One bad commit spoils no other.
pub(crate) async fn concurrent(archive: &dyn Archive) {
    let (meeting, guest) = stored_guest(archive).await;
    let twice = item(guest.id, OutboxPurpose::Invitation, 1);
    let commits = (0..200_u8).map(|n| match n {
        0..100 => vec![Write::Received(Box::new(received(n / 2)))],
        100..199 => vec![Write::Meeting(Box::new(meeting.clone()))],
        _ => vec![Write::Outbox(Box::new(twice.clone())), Write::Outbox(Box::new(twice.clone()))],
    });
    let results = futures_util::future::join_all(commits.map(|writes| archive.commit(Commit { writes }))).await;
    let count = |wanted| results.iter().flatten().filter(|result| **result == wanted).count();
    assert_eq!((count(Committed::Done), count(Committed::Duplicate), count(Committed::Conflict)), (51, 50, 98));
    assert!(results[199].is_err() && archive.outbox_waiting().await.unwrap() == 0);
    assert_eq!(archive.meeting(meeting.id).await.unwrap().unwrap().version, 2);
}

/// Whatever order events come in, and however often: what is known is the same.
pub(crate) async fn rooms(archive: &dyn Archive) {
    let (meeting, guest) = stored_guest(archive).await;
    assert_eq!(archive.meeting_of_room(&meeting.room).await.unwrap().map(|found| found.id), Some(meeting.id));
    assert!(archive.meeting_of_room("another").await.unwrap().is_none());

    let room = || meeting.room.clone();
    let door = async || archive.doorstep(&meeting.room, guest.id).await.unwrap();
    assert_eq!(door().await, Doorstep::default());
    let waits = |seconds| Write::Room(RoomWrite::Waits { room: room(), guest: guest.id, at: at(seconds) });
    commit(archive, vec![waits(5), waits(9)]).await;
    assert_eq!(door().await.waits_since, Some(at(5)));
    assert_eq!(archive.waiting(meeting.id).await.unwrap(), [Waiting { room: room(), guest: guest.id, since: at(5) }]);
    let opened = |seconds| Write::Room(RoomWrite::Opened { room: room(), at: at(seconds) });
    commit(archive, vec![opened(20), opened(12), Write::Room(RoomWrite::LetIn { room: room(), guest: guest.id, at: at(15) })]).await;
    assert_eq!(door().await, Doorstep { opened_at: Some(at(12)), waits_since: Some(at(5)), let_in_at: Some(at(15)) });
    assert_eq!(archive.waiting(meeting.id).await.unwrap(), []);
    assert_eq!(archive.doorstep("another", guest.id).await.unwrap(), Doorstep::default());

    let stay = |person: Option<Uuid>, left: Option<i64>| {
        let stay = Stay { room: room(), occupant: "o".into(), person, joined_at: at(30), left_at: left.map(at) };
        Write::Room(RoomWrite::Stay { meeting: meeting.id, stay })
    };
    // Left, then joined, then left again.
    for write in [stay(None, Some(60)), stay(Some(guest.id.0), None), stay(None, Some(60)), stay(None, None)] {
        commit(archive, vec![write]).await;
    }
    let closing = Closing { room: room(), at: at(90) };
    let closed = Write::Room(RoomWrite::Closed { meeting: meeting.id, closing: closing.clone() });
    commit(archive, vec![closed.clone(), closed]).await;
    let stays = archive.stays(meeting.id).await.unwrap();
    let one = Stay { room: room(), occupant: "o".into(), person: Some(guest.id.0), joined_at: at(30), left_at: Some(at(60)) };
    assert_eq!(stays, Stays { stays: vec![one], closings: vec![closing] });

    let used = |network, seconds| Write::Room(RoomWrite::LinkUsed { guest: guest.id, network: [network; 16], at: at(seconds) });
    commit(archive, vec![used(1, 10), used(2, 20), used(1, 30)]).await;
    let networks = async |since| {
        let mut networks = archive.link_networks(guest.id, at(since)).await.unwrap();
        networks.sort_unstable();
        networks
    };
    assert_eq!(networks(0).await, [[1; 16], [2; 16]]);
    assert_eq!(networks(25).await, [[1; 16]]);
    commit(archive, vec![used(3, 30 + 86_400)]).await;
    assert_eq!(networks(0).await, [[1; 16], [3; 16]], "forgotten after a day");
}
