//! What is beside meetings and mail: suppressions, counters, pages and search, sessions, keys of programs, the balance.

use super::{at, commit, guest, item, mailbox, meeting, received, stored_guest};
use paravent::domain::alert::{Alert, AlertKind, AlertState, Severity};
use paravent::domain::api_key::{ApiKey, ApiKeyWrite, Scope};
use paravent::domain::attendance::Delivery;
use paravent::domain::budget::{Counter, CounterKey};
use paravent::domain::delivery::{OutboxPurpose, OutboxState};
use paravent::domain::id::{AlertId, MeetingId, OrganizerId, ReceivedId};
use paravent::domain::itip::Uid;
use paravent::domain::listing::{AlertFilter, Cursor, Hit};
use paravent::domain::meeting::{Meeting, MeetingEvent};
use paravent::domain::person::{BrowserKey, Identity, Roles, Session, SessionWrite};
use paravent::domain::record::{AuditEvent, Committed, HoldState, Received, Write};
use paravent::domain::suppression::{Lifted, Suppression, SuppressionCause};
use paravent::flow::port::Archive;
use uuid::Uuid;

/// What waits for a suppressed address is given up, nothing more is taken for it, and it can be lifted for one meeting or for all.
pub(crate) async fn suppressions(archive: &dyn Archive) {
    let (meeting, jean) = stored_guest(archive).await;
    let waits = item(jean.id, OutboxPurpose::Invitation, 1);
    commit(archive, vec![Write::Outbox(Box::new(waits.clone()))]).await;
    let suppressed = |meeting, cause| Suppression {
        address: jean.mailbox.mailbox.clone(),
        meeting,
        cause,
        since: at(5),
        received: Some(ReceivedId(Uuid::now_v7())),
        note: "said so".into(),
    };
    let (one, all) = (suppressed(Some(meeting.id), SuppressionCause::NoSuchUser), suppressed(None, SuppressionCause::Complaint));
    for _ in 0..2 {
        let writes = [&one, &all].map(|one| Write::Suppress(Box::new(one.clone())));
        assert_eq!(commit(archive, writes.into()).await, Committed::Done, "again is nothing new");
    }
    let (other, nobody) = (mailbox("other"), mailbox("nobody"));
    assert_eq!(archive.suppressions_of(&[&jean.mailbox.mailbox, &nobody]).await.unwrap(), [all.clone(), one.clone()]);
    assert_eq!(archive.suppressions_of(&[&other]).await.unwrap(), []);
    assert_eq!(archive.suppressions_of(&[]).await.unwrap(), []);
    assert_eq!(archive.suppressions(1).await.unwrap(), std::slice::from_ref(&all));
    assert_eq!(archive.outbox_waiting().await.unwrap(), 0);
    let delivery = async || archive.guest(jean.id).await.unwrap().unwrap().1.attendance.delivery;
    assert_eq!(delivery().await, Delivery::Stopped);
    let more = || vec![Write::Outbox(Box::new(item(jean.id, OutboxPurpose::Answer, 1)))];
    assert_eq!(commit(archive, more()).await, Committed::Conflict);
    let lift = |lifted| vec![Write::Unsuppress { address: jean.mailbox.mailbox.clone(), lifted }];
    commit(archive, lift(Lifted::Meeting(MeetingId(Uuid::now_v7())))).await;
    commit(archive, lift(Lifted::Meeting(meeting.id))).await;
    assert_eq!(archive.suppressions(9).await.unwrap(), [all]);
    assert_eq!(commit(archive, more()).await, Committed::Conflict);
    commit(archive, lift(Lifted::All)).await;
    assert_eq!((archive.suppressions(9).await.unwrap(), delivery().await), (vec![], Delivery::Sent));
    assert_eq!(commit(archive, more()).await, Committed::Done);
}

/// A counter stops at its bound, and windows that are long over are forgotten.
pub(crate) async fn counters(archive: &dyn Archive) {
    let counter = |key, seconds| Counter { key: CounterKey([key; 16]), until: at(seconds) };
    let count = |counter, below| vec![Write::Count { counter, below }];
    let (one, other) = (counter(1, 60), counter(2, 60));
    for expected in [Committed::Done, Committed::Done, Committed::Conflict] {
        assert_eq!(commit(archive, count(one, Some(2))).await, expected);
    }
    assert_eq!(commit(archive, count(other, Some(0))).await, Committed::Conflict);
    for _ in 0..3 {
        assert_eq!(commit(archive, count(other, None)).await, Committed::Done);
    }
    assert_eq!(archive.counts(&[other, one, counter(3, 60)]).await.unwrap(), [3, 2, 0]);
    commit(archive, count(counter(1, 60 + 86_400), None)).await;
    assert_eq!(archive.counts(&[one, other]).await.unwrap(), [0, 0]);
}

fn ids(meetings: &[Meeting]) -> Vec<MeetingId> {
    meetings.iter().map(|meeting| meeting.id).collect()
}

/// Pages join without gap or overlap, also where times are equal.
pub(crate) async fn pages(archive: &dyn Archive) {
    let organizer = OrganizerId(Uuid::now_v7());
    let starting = |seconds| Meeting { organizer, event: MeetingEvent { starts_at: at(seconds), ..meeting().event }, ..meeting() };
    let mut meetings: Vec<Meeting> = [10, 10, 20, 20, 30].map(starting).into();
    commit(archive, meetings.iter().cloned().map(|one| Write::Meeting(Box::new(one))).collect()).await;
    commit(archive, vec![Write::Meeting(Box::new(meeting()))]).await;
    meetings.sort_by_key(|meeting| (meeting.event.starts_at, meeting.id.0));
    for past in [false, true] {
        let now = if past { at(9_999) } else { at(0) };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = archive.meetings_page(Some(organizer), past, now, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(Cursor::after_meeting(last));
            found.extend(ids(&page));
        }
        assert_eq!(found, ids(&meetings));
        meetings.reverse();
    }
    assert_eq!(archive.meetings_page(None, false, at(0), None, 9).await.unwrap().len(), 6);

    for key in 1..=3 {
        commit(archive, vec![Write::Received(Box::new(Received { received_at: at(1), ..received(key) }))]).await;
    }
    let first = archive.holds_page(HoldState::Waiting, None, 2).await.unwrap();
    let rest = archive.holds_page(HoldState::Waiting, Some(Cursor::after_mail(&first[1])), 2).await.unwrap();
    assert_eq!((first.len(), rest.len()), (2, 1));
    assert!(first[0].id.0 > first[1].id.0 && first[1].id.0 > rest[0].id.0);
}

/// Alerts by filter, what was done about one, and that of a mail.
pub(crate) async fn alert_pages(archive: &dyn Archive) {
    let alert = |key: &str, kind, severity, received| Alert {
        id: AlertId(Uuid::now_v7()),
        kind,
        severity,
        state: AlertState::Open,
        key: key.into(),
        meeting: None,
        guest: None,
        received,
        escalated: 0,
        evidence: "a\0b".into(),
        count: 1,
        opened_at: at(1),
        last_at: at(1),
    };
    let mail = ReceivedId(Uuid::now_v7());
    let about_mail = alert("1", AlertKind::Held, Severity::High, Some(mail));
    let other = alert("2", AlertKind::Held, Severity::Info, None);
    commit(archive, [&about_mail, &other].map(|alert| Write::Alert(Box::new(alert.clone()))).into()).await;
    assert_eq!(archive.alert(other.id).await.unwrap().unwrap().evidence, "a\u{fffd}b", "what no engine may refuse");
    let page = async |filter| archive.alerts_page(&filter, None, 9).await.unwrap().iter().map(|alert| alert.id).collect::<Vec<_>>();
    let every = AlertFilter::default();
    assert_eq!(page(every).await, [other.id, about_mail.id]);
    assert_eq!(page(AlertFilter { severity: Some(Severity::Warning), ..every }).await, [about_mail.id]);
    assert_eq!(page(AlertFilter { state: Some(AlertState::Open), kind: Some(AlertKind::Held), ..every }).await.len(), 2);
    assert_eq!(page(AlertFilter { meeting: Some(MeetingId(Uuid::now_v7())), ..every }).await, []);
    let after = Some(Cursor::after_alert(&other));
    assert_eq!(archive.alerts_page(&every, after, 9).await.unwrap()[0].id, about_mail.id);
    assert_eq!(archive.alert_counts().await.unwrap(), [(AlertState::Open, 2)]);
    assert_eq!(archive.alert_of_mail(mail).await.unwrap(), Some(about_mail.id));
    assert_eq!(archive.alert_of_mail(ReceivedId(Uuid::now_v7())).await.unwrap(), None);
    let event = AuditEvent {
        at: at(2),
        actor: "ana".into(),
        action: "alert.acknowledged".into(),
        meeting: None,
        guest: None,
        received: Some(mail),
        detail: format!("{{\"alert\":\"{}\"}}", about_mail.id),
    };
    commit(archive, vec![Write::Audit(event.clone())]).await;
    assert_eq!(archive.alert_history(&about_mail).await.unwrap(), [event]);
    assert_eq!(archive.alert_history(&other).await.unwrap(), []);
}

/// Guests by address, its beginning or a message id; meetings by a part of their title, whatever the case.
pub(crate) async fn search(archive: &dyn Archive) {
    let titled = |title: &str| Meeting { event: MeetingEvent { title: title.into(), ..meeting().event }, ..meeting() };
    let (visit, percent, odd) = (titled("Visite du Service"), titled("100% de_fait"), titled("Visite\0étrange"));
    let invited: Vec<_> = ["jean-luc", "jean.martin", "jeanne", "jérôme"].map(|local| guest(&visit, local)).into();
    let mut writes: Vec<Write> = [&visit, &percent, &odd].map(|meeting| Write::Meeting(Box::new(meeting.clone()))).into();
    writes.extend(invited.iter().cloned().map(|guest| Write::Guest(Box::new(guest))));
    writes.push(Write::Outbox(Box::new(item(invited[0].id, OutboxPurpose::Invitation, 1))));
    commit(archive, writes).await;
    let names = async |text: &str| {
        let hits = archive.search(text, 9).await.unwrap();
        hits.into_iter()
            .map(|hit| match hit {
                Hit::Meeting { title, .. } => title,
                Hit::Guest { address, .. } => address.split('@').next().unwrap().to_owned(),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(names("jean").await, ["jeanne", "jean.martin", "jean-luc"]);
    assert_eq!(names("jean.").await, ["jean.martin"]);
    assert_eq!(names("j").await, ["jérôme", "jeanne", "jean.martin", "jean-luc"], "octets in order, not letters");
    assert_eq!(names("Jean.Martin@clinic.example").await, ["jean.martin"]);
    assert_eq!(names("<1@clinic.example>").await, ["jean-luc"]);
    assert_eq!(names("du SERVICE").await, ["Visite du Service"]);
    assert_eq!(names("0% DE_").await, ["100% de_fait"]);
    for nothing in ["", "  ", "\0", "_e\\", "%x"] {
        assert!(names(nothing).await.is_empty(), "{nothing:?}");
    }
    let strange = Meeting { organizer_uid: Uid("a\0b".into()), ..meeting() };
    commit(archive, vec![Write::Meeting(Box::new(strange.clone()))]).await;
    assert!(archive.meeting_by_uid(strange.organizer, &strange.organizer_uid).await.unwrap().is_some());
}

/// A sign-in is taken once, a person is one organizer, a session ends by time, by itself or with all others of its person.
pub(crate) async fn sessions(archive: &dyn Archive) {
    let write = async |write: SessionWrite| commit(archive, vec![Write::Session(Box::new(write))]).await;
    let key = |number| BrowserKey([number; 32]);
    let words = |text: &str| text.to_owned();
    let taken = |number| SessionWrite::Taken { key: key(number), until: at(60), at: at(0) };
    assert_eq!(write(taken(1)).await, Committed::Done);
    assert_eq!(write(taken(1)).await, Committed::Conflict);
    assert_eq!(
        write(SessionWrite::Taken { key: key(1), until: at(120), at: at(61) }).await,
        Committed::Done,
        "what is too late is forgotten"
    );

    let identity = |subject: &str| Identity { issuer: words("https://id.example"), subject: words(subject) };
    let organizer = OrganizerId(Uuid::now_v7());
    let bound = |subject, organizer| SessionWrite::Bound { identity: identity(subject), organizer, at: at(0) };
    assert_eq!(write(bound("claire", organizer)).await, Committed::Done);
    assert_eq!(write(bound("paul", organizer)).await, Committed::Conflict, "somebody else is that organizer");
    assert_eq!(write(bound("claire", OrganizerId(Uuid::now_v7()))).await, Committed::Conflict, "they are another");
    assert_eq!(archive.bound(&identity("claire")).await.unwrap(), Some(organizer));
    assert_eq!(archive.bound(&identity("paul")).await.unwrap(), None);

    let session = |subject, sid: Option<&str>| Session {
        identity: identity(subject),
        sid: sid.map(words),
        name: words("Claire"),
        organizer: None,
        roles: Roles::default(),
        id_token: words("t"),
        until: at(99),
    };
    let opened = [("claire", Some("1")), ("claire", Some("2")), ("claire", None), ("paul", Some("3"))];
    for (number, (subject, sid)) in opened.into_iter().enumerate() {
        let session = session(subject, sid);
        write(SessionWrite::Opened { key: key(number as u8), session: Box::new(session.clone()), at: at(1) }).await;
        assert_eq!(archive.session(key(number as u8), at(2)).await.unwrap(), Some((session, at(1))));
    }
    write(SessionWrite::Seen { key: key(3), at: at(50) }).await;
    write(SessionWrite::Seen { key: key(3), at: at(40) }).await;
    assert_eq!(archive.session(key(3), at(51)).await.unwrap().unwrap().1, at(50));
    assert_eq!(archive.session(key(3), at(99)).await.unwrap(), None);
    let ended = |subject: Option<&str>, sid: Option<&str>| SessionWrite::EndedAll {
        issuer: words("https://id.example"),
        subject: subject.map(words),
        sid: sid.map(words),
    };
    let open = async || {
        let mut open = Vec::new();
        for number in 0..4 {
            if archive.session(key(number), at(2)).await.unwrap().is_some() {
                open.push(number);
            }
        }
        open
    };
    write(ended(None, None)).await;
    assert_eq!(open().await, [0, 1, 2, 3], "of nobody");
    write(ended(None, Some("1"))).await;
    assert_eq!(open().await, [1, 2, 3]);
    write(ended(Some("claire"), Some("9"))).await;
    assert_eq!(open().await, [1, 3], "one without a name may be the one");
    write(ended(Some("claire"), None)).await;
    assert_eq!(open().await, [3]);
    write(SessionWrite::Ended(key(3))).await;
    assert!(open().await.is_empty());
    let token = |at| SessionWrite::LogoutToken { jti: words("j"), until: super::at(60), at };
    assert_eq!(write(token(at(1))).await, Committed::Done);
    assert_eq!(write(token(at(2))).await, Committed::Conflict, "obeyed once");
    assert_eq!(write(token(at(61))).await, Committed::Done, "forgotten when it is over");
}

/// Names in the order of their octets; a name or a key once.
pub(crate) async fn api_keys(archive: &dyn Archive) {
    let write = async |write: ApiKeyWrite| commit(archive, vec![Write::ApiKey(write)]).await;
    let key = |name: &str, hash| ApiKey { name: name.into(), hash: [hash; 32], scopes: vec![Scope::HoldsRead], created_at: at(1) };
    let keys = [key("B", 1), key("a", 2), key("é", 3)];
    for key in &keys {
        assert_eq!(write(ApiKeyWrite::Created(key.clone())).await, Committed::Done);
    }
    assert_eq!(archive.api_keys().await.unwrap(), keys);
    assert_eq!(write(ApiKeyWrite::Created(key("a", 9))).await, Committed::Conflict);
    assert_eq!(archive.api_key(&[2; 32]).await.unwrap(), Some(keys[1].clone()));
    assert_eq!(write(ApiKeyWrite::Revoked("a".into())).await, Committed::Done);
    assert_eq!(write(ApiKeyWrite::Revoked("a".into())).await, Committed::Conflict);
    assert_eq!(archive.api_key(&[2; 32]).await.unwrap(), None);
}

/// What adds up, and a row that breaks a rule in each table.
pub(crate) async fn balance(archive: &dyn Archive) {
    let reconcile = async || archive.reconcile(at(0), &|_| {}).await.unwrap();
    assert!(reconcile().await.is_whole(), "an empty one");
    let (_, jean) = stored_guest(archive).await;
    let mut mail = item(jean.id, OutboxPurpose::Invitation, 1);
    commit(archive, vec![Write::Outbox(Box::new(mail.clone()))]).await;
    for key in [1, 2, 3, 1, 2] {
        commit(archive, vec![Write::Received(Box::new(received(key)))]).await;
    }
    let found = reconcile().await;
    assert!(found.is_whole(), "{found:#?}");
    assert_eq!((found.accepted, found.states["held"], found.states["duplicate"], found.outbox.due), (5, 3, 2, 1));
    mail = item(jean.id, OutboxPurpose::Answer, 1);
    mail.expires_at = at(-99 * 86_400);
    let stray = Received { guest: Some(paravent::domain::id::GuestId(Uuid::now_v7())), ..received(4) };
    commit(archive, vec![Write::Outbox(Box::new(mail.clone())), Write::Received(Box::new(stray.clone()))]).await;
    let found = reconcile().await;
    let named: Vec<_> = found.faults.iter().map(|fault| (fault.table, fault.row.clone())).collect();
    assert_eq!(named, [("received", stray.id.0.to_string()), ("outbox", mail.id.0.to_string())]);
    let sent = OutboxState::Sent { at: at(2), last: "250\0".into() };
    assert_eq!(commit(archive, vec![Write::OutboxState { id: mail.id, state: sent }]).await, Committed::Done);
    assert_eq!(reconcile().await.outbox.sent, 1);
}
