//! A guest answers on their page: what follows is what follows of a mail of theirs, once.

use crate::support;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use paravent::domain::attendance::PartStat;
use paravent::domain::budget::Budgets;
use paravent::domain::delivery::OutboxPurpose::Organizer;
use paravent::domain::meeting::Guest;
use paravent::domain::mime::InboundMail;
use paravent::domain::record::{Commit, Write};
use paravent::domain::suppression::{Suppression, SuppressionCause};
use paravent::flow::port::MailDoor::Submission;
use paravent::web::answer::{AnswerCounter, router};
use std::sync::Arc;
use support::house::{House, JEAN, ORGANIZER, calendar_mail, of_purpose, organizer};
use tower::ServiceExt;
use uuid::{NoContext, Timestamp, Uuid};

/// Jean is invited; his link.
async fn invited() -> (House, String) {
    at(House::build().await).await
}

async fn at(house: House) -> (House, String) {
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let token = link(&house).await;
    (house, token)
}

async fn link(house: &House) -> String {
    let (meeting, guests) = house.meeting().await;
    house.gateway.links.mint(&meeting, &guests[0], house.gateway.world.now()).unwrap()
}

/// The number of a page that is made now.
fn form(house: &House) -> Uuid {
    let now = house.gateway.world.now();
    Uuid::new_v7(Timestamp::from_unix(NoContext, u64::try_from(now.timestamp()).unwrap(), now.timestamp_subsec_nanos()))
}

async fn post(house: &House, token: &str, site: &str, body: &str) -> (StatusCode, String) {
    let router = router(Arc::new(AnswerCounter::new(house.gateway.clone())));
    let request = Request::builder().method("POST").uri(format!("/j/{token}/answer?lang=fr")).header("sec-fetch-site", site);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body.to_owned())).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let to = response.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    (response.status(), to.rsplit_once('?').map(|(_, said)| said.to_owned()).unwrap_or_default())
}

async fn answer(house: &House, token: &str, body: &str) -> String {
    let (status, said) = post(house, token, "same-origin", body).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    said
}

async fn told(house: &House) -> Vec<InboundMail> {
    of_purpose(&house.sent().await, Organizer)
}

async fn partstat(house: &House) -> PartStat {
    house.guest(JEAN).await.attendance.response.whole.partstat
}

fn calendar(mail: &InboundMail) -> String {
    mail.calendars.iter().map(|part| String::from_utf8_lossy(&part.bytes).replace("\r\n ", "")).collect()
}

#[tokio::test]
async fn an_answer_counts_once_and_another_one_takes_its_place() {
    let (house, token) = invited().await;
    let page = form(&house);
    house.clock.move_by(TimeDelta::minutes(3));
    let accepted = format!("form={page}&answer=accepted&words=Je+viens%2C+avec+plaisir");
    for _ in 0..2 {
        assert_eq!(answer(&house, &token, &accepted).await, "said=taken&lang=fr");
    }
    assert_eq!(partstat(&house).await, PartStat::Accepted);
    let mails = told(&house).await;
    assert_eq!(mails.len(), 1, "a second press is no second answer");
    let object = calendar(&mails[0]);
    assert!(object.contains("METHOD:REPLY") && object.contains("PARTSTAT=ACCEPTED") && object.contains("UID:meeting-1"), "{object}");
    assert!(mails[0].text.contains("Je viens, avec plaisir"), "{}", mails[0].text);
    // They think better of it on the same page, and then on an older one in another tab.
    assert_eq!(answer(&house, &token, &format!("form={page}&answer=declined&words=")).await, "said=taken&lang=fr");
    assert_eq!((partstat(&house).await, told(&house).await.len()), (PartStat::Declined, 1));
    house.clock.move_by(TimeDelta::minutes(3));
    let newer = form(&house);
    answer(&house, &token, &format!("form={newer}&answer=accepted&words=")).await;
    house.clock.move_by(TimeDelta::minutes(3));
    answer(&house, &token, &format!("form={page}&answer=tentative&words=")).await;
    assert_eq!(
        (partstat(&house).await, told(&house).await.len()),
        (PartStat::Tentative, 2),
        "the newest press counts, not the newest page"
    );
}

#[tokio::test]
async fn words_alone_are_passed_on_and_change_nothing() {
    let (house, token) = invited().await;
    let page = form(&house);
    assert_eq!(
        answer(&house, &token, &format!("form={page}&answer=words&words=Faut-il+venir+%C3%A0+jeun+%3F")).await,
        "said=taken&lang=fr"
    );
    assert_eq!(partstat(&house).await, PartStat::NeedsAction);
    let mails = told(&house).await;
    assert!(mails.len() == 1 && mails[0].text.contains("Faut-il venir à jeun ?"), "{mails:?}");
    assert_eq!(answer(&house, &token, &format!("form={page}&answer=words&words=+")).await, "said=empty&lang=fr");
    assert_eq!(told(&house).await.len(), 0);
}

#[tokio::test]
async fn hostile_words_stay_words() {
    let (house, token) = invited().await;
    let page = form(&house);
    let words = "x%0D%0AEND%3AVEVENT%0D%0AATTENDEE%3BPARTSTAT%3DDECLINED%3Amailto%3Ajean.martin%40hopital.example%0D%0A--b%0D%0ABcc%3A+x%40y.example";
    answer(&house, &token, &format!("form={page}&answer=accepted&words={words}")).await;
    assert_eq!(partstat(&house).await, PartStat::Accepted);
    let mails = told(&house).await;
    assert!(!calendar(&mails[0]).contains("\nATTENDEE;PARTSTAT=DECLINED"), "{}", calendar(&mails[0]));
    for body in ["form=x&answer=accepted", "answer=accepted", "form=00000000-0000-0000-0000-000000000000&answer=needs-action"] {
        let (status, _) = post(&house, &token, "same-origin", body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    assert_eq!(told(&house).await.len(), 0);
}

#[tokio::test]
async fn dead_links_other_sites_and_other_pages_answer_nothing() {
    let (house, token) = invited().await;
    let body = format!("form={}&answer=accepted&words=x", form(&house));
    assert_eq!(post(&house, &token, "cross-site", &body).await.0, StatusCode::FORBIDDEN);
    let page = house.gateway.links.mint_meeting(&house.meeting().await.0, house.gateway.world.now()).unwrap();
    for bad in ["x".to_owned(), format!("{token}x"), page] {
        assert_eq!(answer(&house, &bad, &body).await, "said=late&lang=fr");
    }
    let jean = house.guest(JEAN).await;
    let reissued = Guest { link: Uuid::now_v7(), ..jean };
    house.archive.commit(Commit { writes: vec![Write::Guest(Box::new(reissued))] }).await.unwrap();
    assert_eq!(answer(&house, &token, &body).await, "said=late&lang=fr", "an older link of theirs");
    let token = link(&house).await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("CANCEL", 1, 13, &[JEAN])).await;
    house.sent().await;
    assert_eq!(answer(&house, &token, &body).await, "said=late&lang=fr", "a meeting that was cancelled");
    assert_eq!((partstat(&house).await, told(&house).await.len()), (PartStat::NeedsAction, 0));
}

#[tokio::test]
async fn after_the_end_nothing_is_answered_and_floods_end() {
    let budgets = Budgets { pair_per_day: 3, ..Budgets::default() };
    let (house, token) = at(House::with(vec![organizer(ORGANIZER, "Claire Bernard")], budgets).await).await;
    for number in 0..6 {
        house.clock.move_by(TimeDelta::seconds(2));
        answer(&house, &token, &format!("form={}&answer=words&words=Bonjour+{number}", form(&house))).await;
    }
    assert_eq!(told(&house).await.len(), 3, "what is more than the budget of a day waits");
    house.clock.move_by(TimeDelta::days(3));
    assert_eq!(answer(&house, &token, &format!("form={}&answer=accepted&words=", form(&house))).await, "said=late&lang=fr");
}

#[tokio::test]
async fn an_answer_on_the_page_says_nothing_of_the_address() {
    let (house, token) = invited().await;
    let suppression = Suppression {
        address: house.guest(JEAN).await.mailbox.mailbox,
        meeting: None,
        cause: SuppressionCause::NoSuchUser,
        since: house.gateway.world.now(),
        received: None,
        note: String::new(),
    };
    house.archive.commit(Commit { writes: vec![Write::Suppress(Box::new(suppression))] }).await.unwrap();
    assert_eq!(answer(&house, &token, &format!("form={}&answer=accepted&words=", form(&house))).await, "said=taken&lang=fr");
    assert_eq!((partstat(&house).await, told(&house).await.len()), (PartStat::Accepted, 1));
    assert_eq!(house.archive.suppressions(9).await.unwrap().len(), 1, "nothing is sent there all the same");
}
