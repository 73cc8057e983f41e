//! A guest proposes another time or somebody else; the organizer answers in their own calendar.

use crate::support;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use futures_util::StreamExt;
use paravent::domain::delivery::OutboxPurpose::{Answer, Invitation, Organizer};
use paravent::domain::itip::{self, CalendarObject, Method};
use paravent::domain::mime::InboundMail;
use paravent::domain::record::HoldState;
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use serde_json::json;
use std::sync::atomic::Ordering;
use support::desk::{Desk, form};
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, of_purpose};
use tower::ServiceExt;

/// Jean proposes an hour later; what the organizer gets.
async fn proposed() -> (House, InboundMail) {
    let house = House::build().await;
    house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let guest = house.guest(JEAN).await;
    let counter = guests_mail("COUNTER", &guest.uid.0, "DTSTART:20260106T140000Z\nDTEND:20260106T144500Z\nCOMMENT:Plutôt à 14 h ?\n", "");
    house.accept(Mx, JEAN, &house.address(Purpose::OrganizerAlias, guest.id), &counter).await;
    let told = of_purpose(&house.sent().await, Organizer).remove(0);
    assert!(house.guest(JEAN).await.attendance.response.whole.proposal.is_some());
    (house, told)
}

fn guests_mail(method: &str, uid: &str, lines: &str, parameters: &str) -> String {
    format!(
        "From: {JEAN}\nTo: x@visio.example\nSubject: Re\nMessage-ID: <{method}@hopital.example>\nMIME-Version: 1.0\n\
         Content-Type: text/calendar; charset=utf-8; method={method}\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Guest//EN\nMETHOD:{method}\n\
         BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260105T090000Z\nSEQUENCE:0\n{lines}ATTENDEE{parameters}:mailto:{JEAN}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
}

/// The organizer's program refuses.
fn refusal(comment: &str) -> String {
    format!(
        "From: Claire Bernard <{ORGANIZER}>\nTo: {JEAN}\nSubject: Refus\nMessage-ID: <refusal@pc.agence.example>\nMIME-Version: 1.0\n\
         Content-Type: text/calendar; charset=utf-8; method=DECLINECOUNTER\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n\
         METHOD:DECLINECOUNTER\nBEGIN:VEVENT\nUID:meeting-1\nDTSTAMP:20260105T100000Z\nSEQUENCE:0\nORGANIZER:mailto:{ORGANIZER}\n\
         ATTENDEE:mailto:{JEAN}\nCOMMENT:{comment}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
}

fn object(mail: &InboundMail) -> CalendarObject {
    itip::read(&mail.calendars[0].bytes).unwrap()
}

/// The guest is told in their own dialog, and nothing is open any more.
async fn is_told(house: &House, comment: &str) {
    let waiting = house.archive.received(Some(HoldState::Waiting), 10).await.unwrap();
    assert!(waiting.is_empty(), "{waiting:?}");
    let told = of_purpose(&house.sent().await, Answer).remove(0);
    let (object, guest) = (object(&told), house.guest(JEAN).await);
    assert_eq!(object.method, Some(Method::DeclineCounter));
    assert_eq!((object.events[0].uid.as_str(), object.events[0].comments.as_slice()), (guest.uid.0.as_str(), &[comment.to_owned()][..]));
    assert!(told.text.contains("14:00") && told.text.contains(comment), "{}", told.text);
    assert_eq!(guest.attendance.response.whole.proposal, None);
    assert_eq!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_refusal_reaches_the_guest_by_whichever_address() {
    for way in ["their own", "the reverse alias"] {
        let (house, told) = proposed().await;
        let reverse = told.from[0].mailbox.to_string();
        let to = if way == "their own" { JEAN } else { reverse.as_str() };
        house.accept(Submission, ORGANIZER, to, &refusal("Jeudi est pris")).await;
        is_told(&house, "Jeudi est pris").await;
        // Another one finds nothing open.
        house.accept(Submission, ORGANIZER, to, &refusal("Encore").replace("refusal@", "again@")).await;
        assert!(house.sent().await.is_empty(), "{way}");
    }
}

#[tokio::test]
async fn a_refusal_to_a_guest_alias_finds_its_meeting() {
    let alias = "jean.martin=hopital.example@guest.visio.example";
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, alias, &calendar_mail("REQUEST", 0, 13, &[alias])).await;
    let guest = house.guest(JEAN).await;
    let counter = guests_mail("COUNTER", &guest.uid.0, "DTSTART:20260106T130000Z\n", "");
    house.accept(Mx, JEAN, &house.address(Purpose::OrganizerAlias, guest.id), &counter).await;
    house.sent().await;
    house.accept(Submission, ORGANIZER, alias, &refusal("Jeudi est pris").replace(JEAN, alias)).await;
    is_told(&house, "Jeudi est pris").await;
}

#[tokio::test]
async fn a_refusal_that_would_show_the_organizer_waits() {
    let (house, told) = proposed().await;
    house.accept(Submission, ORGANIZER, &told.from[0].mailbox.to_string(), &refusal("Claire Bernard")).await;
    assert!(of_purpose(&house.sent().await, Answer).is_empty());
    assert_eq!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 1);
    assert!(house.guest(JEAN).await.attendance.response.whole.proposal.is_some());
}

#[tokio::test]
async fn nobody_else_refuses() {
    let (house, told) = proposed().await;
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, ORGANIZER, &told.from[0].mailbox.to_string(), &refusal("Non")).await;
    assert!(of_purpose(&house.sent().await, Answer).is_empty());
    assert!(house.guest(JEAN).await.attendance.response.whole.proposal.is_some());
}

#[tokio::test]
async fn an_update_to_the_reverse_alias_reaches_the_guest() {
    let (house, told) = proposed().await;
    let reverse = told.from[0].mailbox.to_string();
    house.accept(Submission, ORGANIZER, &reverse, &calendar_mail("REQUEST", 1, 14, &[&reverse])).await;
    let sent = of_purpose(&house.sent().await, Invitation);
    assert_eq!((sent.len(), object(&sent[0]).events[0].sequence), (1, 1));
    let (meeting, guests) = house.meeting().await;
    assert_eq!((meeting.event.starts_at.to_rfc3339().as_str(), guests.len()), ("2026-01-06T14:00:00+00:00", 1));
    assert_eq!(guests[0].attendance.response.whole.proposal, None, "it was taken");
    house.accept(Submission, ORGANIZER, &reverse, &calendar_mail("CANCEL", 2, 14, &[&reverse])).await;
    assert_eq!(object(&of_purpose(&house.sent().await, Invitation)[0]).method, Some(Method::Cancel));
}

#[tokio::test]
async fn a_delegate_is_proposed_and_not_invited() {
    let house = House::build().await;
    house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let guest = house.guest(JEAN).await;
    let delegation = ";PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:anne.roche@cabinet.example\"";
    let reply = guests_mail("REPLY", &guest.uid.0, "", delegation);
    house.accept(Mx, JEAN, &house.address(Purpose::OrganizerAlias, guest.id), &reply).await;
    let sent = house.sent().await;
    let told = of_purpose(&sent, Organizer).remove(0);
    assert!(told.text.contains("anne.roche@cabinet.example"), "{}", told.text);
    let attendee = &object(&told).events[0].attendees[0];
    assert_eq!(attendee.delegated_to[0].mailbox.to_string(), "anne.roche@cabinet.example");
    assert!(of_purpose(&sent, Invitation).is_empty());

    // The organizer consents by inviting them: a link of their own.
    let anne = "anne.roche@cabinet.example";
    house.give(Submission, ORGANIZER, &[JEAN, anne], &calendar_mail("REQUEST", 1, 13, &[JEAN, anne])).await;
    let links = (house.guest(JEAN).await.link, house.guest(anne).await.link);
    assert_ne!(links.0, links.1);
}

/// Jean's COUNTER arrives at the desk's gateway.
async fn countered(desk: &Desk) {
    let guest = desk.house.guest(JEAN).await;
    let counter = guests_mail("COUNTER", &guest.uid.0, "DTSTART:20260106T150000Z\nDTEND:20260106T154500Z\n", "");
    desk.house.accept(Mx, JEAN, &desk.house.address(Purpose::OrganizerAlias, guest.id), &counter).await;
    desk.house.sent().await;
    assert!(desk.house.guest(JEAN).await.attendance.response.whole.proposal.is_some());
}

#[tokio::test]
async fn the_organizer_keeps_the_time_on_their_page() {
    let desk = Desk::open().await;
    desk.house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    desk.house.sent().await;
    countered(&desk).await;
    let (cookie, key) = desk.person("c1", json!({ "email": ORGANIZER, "email_verified": true })).await;
    let (meeting, guests) = desk.house.meeting().await;
    let (page, help) = (format!("/meetings/{}", meeting.id), format!("/meetings/{}/guests/{}", meeting.id, guests[0].id));
    let shown = desk.ask("GET", &page, &cookie, "").await.body;
    assert!(
        shown.contains("Garder l’horaire") && !shown.contains("Retenir cet horaire") && shown.contains("acceptez la proposition"),
        "{shown}"
    );

    let press = async |action| desk.ask("POST", &help, &cookie, &form(&[("key", &key), ("action", action)])).await.location().to_owned();
    assert!(press("take-time").await.ends_with("?said=take-elsewhere"), "the organizer's own calendar would not know");
    assert!(press("keep-time").await.ends_with("?said=time-kept"));
    let told = of_purpose(&desk.house.sent().await, Answer).remove(0);
    assert_eq!(object(&told).method, Some(Method::DeclineCounter));
    assert!(!told.text.contains("Claire") && !told.text.contains("agence"), "{}", told.text);
    assert_eq!(desk.house.guest(JEAN).await.attendance.response.whole.proposal, None);
    assert!(press("keep-time").await.ends_with("?said=proposal-gone"));
    assert_eq!(press("keep-time.x").await, "", "no such button");
    assert_eq!(desk.house.sent().await.len(), 0);
}

#[tokio::test]
async fn the_organizer_takes_the_other_time_of_a_meeting_written_on_a_page() {
    let desk = Desk::open().await;
    let (cookie, key) = desk.person("c1", json!({ "email": ORGANIZER, "email_verified": true })).await;
    let guests = format!("{JEAN}\n{LEA}");
    let fields =
        [("key", key.as_str()), ("title", "Bilan"), ("date", "2026-01-06"), ("from", "14:00"), ("to", "14:45"), ("guests", &guests)];
    desk.ask("POST", "/meetings/new", &cookie, &form(&fields)).await;
    desk.house.sent().await;
    desk.house.clock.move_by(TimeDelta::minutes(5));
    countered(&desk).await;
    let (meeting, _) = desk.house.meeting().await;
    let (page, guest) = (format!("/meetings/{}", meeting.id), desk.house.guest(JEAN).await.id);
    assert!(desk.ask("GET", &page, &cookie, "").await.body.contains("Retenir cet horaire"));
    // Somebody else's button does nothing.
    let (other, other_key) = desk.person("p1", json!({ "email": "paul.roux@agence.example", "email_verified": true })).await;
    let help = format!("{page}/guests/{guest}");
    let stolen = desk.ask("POST", &help, &other, &form(&[("key", &other_key), ("action", "take-time")])).await;
    assert!(stolen.location().ends_with("?said=proposal-gone"));

    let taken = desk.ask("POST", &help, &cookie, &form(&[("key", &key), ("action", "take-time")])).await;
    assert!(taken.location().ends_with("?said=changed"), "{}", taken.location());
    let (meeting, _) = desk.house.meeting().await;
    assert_eq!(meeting.event.starts_at.to_rfc3339(), "2026-01-06T15:00:00+00:00");
    let told = of_purpose(&desk.house.sent().await, Invitation);
    assert_eq!(told.len(), 2, "everybody is told");
    assert!(told.iter().all(|mail| object(mail).events[0].sequence > 0));
    assert_eq!(desk.house.guest(JEAN).await.attendance.response.whole.proposal, None);
}

#[tokio::test]
async fn an_open_page_of_an_organizer_is_told_of_an_answer() {
    let desk = Desk::open().await;
    desk.house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    let (cookie, _) = desk.person("c1", json!({ "email": ORGANIZER, "email_verified": true })).await;
    let (meeting, _) = desk.house.meeting().await;
    let path = format!("/meetings/{}/events", meeting.id);
    let shown = desk.ask("GET", &format!("/meetings/{}", meeting.id), &cookie, "").await.body;
    assert!(shown.contains(&format!("data-live=\"{path}\"")), "{shown}");
    let request = |cookie: &str| Request::get(&path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let stream = desk.router.clone().oneshot(request(&cookie)).await.unwrap();
    assert_eq!(stream.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = stream.into_body().into_data_stream();
    countered(&desk).await;
    let told = body.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&told).contains("event: changed"), "{told:?}");
    let (other, _) = desk.person("p1", json!({ "email": "paul.roux@agence.example", "email_verified": true })).await;
    assert_eq!(desk.router.clone().oneshot(request(&other)).await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(desk.router.clone().oneshot(request("")).await.unwrap().status(), StatusCode::SEE_OTHER);
}
