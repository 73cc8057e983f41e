//! Budgets: loops and floods end, nothing is lost, nobody is written to again and again, and one alert tells of it.

use crate::support;

use chrono::TimeDelta;
use paravent::domain::alert::{Alert, AlertKind};
use paravent::domain::budget::Budgets;
use paravent::domain::decision::Disposition;
use paravent::domain::delivery::OutboxPurpose::{Helpdesk, Invitation, Notice, Organizer};
use paravent::domain::record::{HoldState, ReceivedSummary};
use paravent::domain::reply::ReplyClass;
use paravent::domain::token::Purpose;
use paravent::flow::hold::HoldOutcome;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::flow::port::{Archive, MailDoor, Reception, Session};
use std::sync::atomic::Ordering;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, mailbox, of_purpose, organizer, reply, words};

fn small() -> Budgets {
    Budgets { pair_per_day: 3, alias_per_day: 4, sender_per_day: 6, orders_per_day: 4, same_text_per_hour: 2, ..Budgets::default() }
}

async fn invited(budgets: Budgets, guests: &[&str]) -> House {
    let house = House::with(vec![organizer(ORGANIZER, "Claire Bernard")], budgets).await;
    let answers = house.give(Submission, ORGANIZER, guests, &calendar_mail("REQUEST", 0, 13, guests)).await;
    assert!(answers.iter().all(|answer| answer.starts_with("250")), "{answers:?}");
    house.sent().await;
    house
}

async fn alias(house: &House, guest: &str) -> String {
    house.address(Purpose::OrganizerAlias, house.guest(guest).await.id)
}

/// A message of its own.
fn said(from: &str, to: &str, number: usize) -> String {
    words(from, to, &format!("m{number}@hopital.example"), &format!("Message {number}"))
}

async fn received(house: &House) -> Vec<ReceivedSummary> {
    let mut all = house.archive.received(None, 10_000).await.unwrap();
    all.reverse();
    all
}

fn rung(house: &House, kind: AlertKind) -> Vec<Alert> {
    house.bell.0.lock().unwrap().iter().filter(|alert| alert.kind == kind).cloned().collect()
}

#[tokio::test]
async fn one_sender_to_one_alias_has_a_budget_a_day() {
    let house = invited(small(), &[JEAN]).await;
    let to = alias(&house, JEAN).await;
    for number in 0..8 {
        house.accept(Mx, JEAN, &to, &said(JEAN, &to, number)).await;
    }
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Organizer).len(), 3, "the fourth and later ones wait");
    let held = house.archive.received(Some(HoldState::Waiting), 10).await.unwrap();
    assert_eq!(held.len(), 5, "nothing is lost");
    assert!(held.iter().all(|mail| mail.reasons.iter().any(|why| why.contains("budget pair"))), "{held:?}");
    // One alert, then quiet.
    assert_eq!(rung(&house, AlertKind::Flood).len(), 1);
    assert_eq!(of_purpose(&sent, Helpdesk).len(), 1);

    // A person may let one go on, whatever the budget.
    assert_eq!(house.gateway.release(held[0].id).await.unwrap(), HoldOutcome::Done);
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 1);

    // The next day has a budget, and an alert, of its own.
    house.clock.move_by(TimeDelta::days(1));
    for number in 10..16 {
        house.accept(Mx, JEAN, &to, &said(JEAN, &to, number)).await;
    }
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 3);
    assert_eq!(rung(&house, AlertKind::Flood).len(), 2);
}

#[tokio::test]
async fn a_forger_does_not_spend_the_guests_budget() {
    let house = invited(small(), &[JEAN]).await;
    let to = alias(&house, JEAN).await;
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    for number in 0..10 {
        house.accept(Mx, JEAN, &to, &said(JEAN, &to, number)).await;
    }
    house.sent().await;
    house.verdicts.aligned.store(true, Ordering::SeqCst);
    let guest = house.guest(JEAN).await;
    house.accept(Mx, JEAN, &to, &reply(JEAN, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    assert_eq!(received(&house).await.last().unwrap().disposition, Disposition::Applied);
}

#[tokio::test]
async fn an_alias_and_a_sender_have_budgets() {
    let house = invited(small(), &[JEAN, LEA]).await;
    let (to_jean, to_lea) = (alias(&house, JEAN).await, alias(&house, LEA).await);
    // Strangers, each once: the alias has room for four.
    for number in 0..6 {
        let stranger = format!("s{number}@elsewhere.example");
        house.accept(Mx, &stranger, &to_jean, &said(&stranger, &to_jean, number)).await;
    }
    let over = |all: &[ReceivedSummary], budget: &str| {
        all.iter().filter(|mail| mail.reasons.iter().any(|why| why.contains(&format!("budget {budget}")))).count()
    };
    let all = received(&house).await;
    assert_eq!((over(&all, "alias"), over(&all, "pair")), (2, 0));
    // One who writes to all: three to each alias, six together.
    for number in 0..4 {
        house.accept(Mx, JEAN, &to_lea, &said(JEAN, &to_lea, 20 + number)).await;
        house.accept(Mx, JEAN, "postmaster@visio.example", &said(JEAN, "postmaster", 30 + number)).await;
    }
    let all = received(&house).await;
    assert!(over(&all, "sender") > 0, "{all:?}");
    assert_eq!(all.len(), 1 + 6 + 8, "all of it is kept");
}

#[tokio::test]
async fn the_same_text_again_and_again_is_a_loop() {
    let house = invited(Budgets { same_text_per_hour: 2, ..Budgets::default() }, &[JEAN]).await;
    let to = alias(&house, JEAN).await;
    for number in 0..5 {
        // Spaces, ids, boundaries and trace fields differ.
        let text = format!("Je   suis{}absent.", " ".repeat(number + 1));
        house.accept(Mx, JEAN, &to, &words(JEAN, &to, &format!("r{number}@hopital.example"), &text)).await;
    }
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 2);
    let all = received(&house).await;
    let looped: Vec<_> = all.iter().filter(|mail| mail.class == ReplyClass::Loop).collect();
    assert_eq!(looped.len(), 3);
    assert!(looped.iter().all(|mail| mail.disposition == Disposition::Consumed));
    assert_eq!(rung(&house, AlertKind::Loop).len(), 1);
    // The hour is over: the text is one like any other again.
    house.clock.move_by(TimeDelta::hours(1));
    house.accept(Mx, JEAN, &to, &words(JEAN, &to, "r9@hopital.example", "Je suis absent.")).await;
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 1);
}

#[tokio::test]
async fn our_own_mail_that_comes_back_again_and_again_gets_quiet() {
    let house = House::with(vec![organizer(ORGANIZER, "Claire Bernard")], Budgets { pair_per_day: 3, ..Budgets::default() }).await;
    house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    let sent = house.sent().await;
    let invitation = String::from_utf8(sent.iter().find(|item| item.purpose == Invitation).unwrap().message.clone()).unwrap();
    let to = alias(&house, JEAN).await;
    for number in 0..8 {
        house.accept(Mx, JEAN, &to, &format!("{invitation}\r\n{number}")).await;
    }
    assert_eq!(rung(&house, AlertKind::Loop).len(), 3);
    assert_eq!(rung(&house, AlertKind::Flood).len(), 1);
    assert_eq!(received(&house).await.iter().filter(|mail| mail.disposition == Disposition::Consumed).count(), 8);
}

#[tokio::test]
async fn answers_to_many_dates_are_no_loop() {
    let house = invited(Budgets { same_text_per_hour: 2, ..Budgets::default() }, &[JEAN]).await;
    let (to, guest) = (alias(&house, JEAN).await, house.guest(JEAN).await);
    for minute in 10..16 {
        let stamp = format!("20260105T09{minute}00Z");
        house.accept(Mx, JEAN, &to, &reply(JEAN, &guest.uid.0, 0, &stamp, "ACCEPTED")).await;
    }
    assert!(received(&house).await.iter().all(|mail| mail.class != ReplyClass::Loop));
}

#[tokio::test]
async fn a_budget_holds_for_messages_that_come_at_once() {
    let house = invited(Budgets { pair_per_day: 5, ..Budgets::default() }, &[JEAN]).await;
    let to = alias(&house, JEAN).await;
    let sends = (0..30).map(|number| {
        let (house, to) = (&house, to.as_str());
        async move { house.give(Mx, JEAN, &[to], &said(JEAN, to, number)).await }
    });
    let answers: Vec<String> = futures_util::future::join_all(sends).await.concat();
    assert!(answers.iter().all(|answer| answer.starts_with("250") || answer.starts_with("451")), "{answers:?}");
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 5, "not one more");
    let taken = answers.iter().filter(|answer| answer.starts_with("250")).count();
    assert_eq!(received(&house).await.len(), 1 + taken);
}

#[tokio::test]
async fn what_is_far_over_a_budget_is_left_with_its_sender() {
    let house = invited(Budgets { pair_per_day: 1, ..Budgets::default() }, &[JEAN]).await;
    let to = alias(&house, JEAN).await;
    let mut answers = Vec::new();
    for number in 0..14 {
        answers.extend(house.give(Mx, JEAN, &[&to], &said(JEAN, &to, number)).await);
    }
    assert_eq!(answers.iter().filter(|answer| answer.starts_with("250")).count(), 10);
    assert!(answers[13].starts_with("450 4.7.1"), "{answers:?}");
}

#[tokio::test]
async fn a_budget_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.sqlite");
    use paravent::domain::budget::{Counter, CounterKey};
    use paravent::domain::record::{Commit, Committed, Write};
    use paravent::store::SqliteArchive;
    let day = |number: i64| chrono::DateTime::from_timestamp(number * 86_400, 0).unwrap();
    let counter = |until| Counter { key: CounterKey([7; 16]), until };
    let count = |until, below| Commit { writes: vec![Write::Count { counter: counter(until), below }] };
    let archive = SqliteArchive::open(&file).await.unwrap();
    for expected in [Committed::Done, Committed::Done, Committed::Conflict] {
        assert_eq!(archive.commit(count(day(10), Some(2))).await.unwrap(), expected);
    }
    archive.close().await;
    let archive = SqliteArchive::open(&file).await.unwrap();
    assert_eq!(archive.commit(count(day(10), Some(2))).await.unwrap(), Committed::Conflict);
    assert_eq!(archive.commit(count(day(10), None)).await.unwrap(), Committed::Done);
    assert_eq!(archive.counts(&[counter(day(10)), counter(day(11))]).await.unwrap(), [3, 0]);
    // Windows that are over go when the next one begins.
    assert_eq!(archive.commit(count(day(11), Some(0))).await.unwrap(), Committed::Conflict, "nothing is allowed");
    assert_eq!(archive.commit(count(day(11), Some(1))).await.unwrap(), Committed::Done);
    assert_eq!(archive.counts(&[counter(day(10)), counter(day(11))]).await.unwrap(), [0, 1]);
}

#[tokio::test]
async fn the_same_problem_is_told_once_a_day() {
    let house = House::build().await;
    let leaking = |number: u32, title: &str| {
        let message = calendar_mail("REQUEST", 0, 13, &[JEAN]).replace("SUMMARY:Bilan", "SUMMARY:Bilan avec Claire Bernard");
        message.replace("<REQUEST", &format!("<{number}")).replace("Subject: Bilan", &format!("Subject: {title}"))
    };
    for number in 0..4 {
        house.accept(Submission, ORGANIZER, JEAN, &leaking(number, "Bilan")).await;
    }
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Organizer).len(), 1);
    let all = received(&house).await;
    assert_eq!(all.iter().filter(|mail| mail.disposition == Disposition::Held).count(), 4);
    assert_eq!(rung(&house, AlertKind::Flood).len(), 1, "the helpdesk hears that it goes on");
    // Another meeting is another matter, and tomorrow another day.
    house.accept(Submission, ORGANIZER, JEAN, &leaking(7, "Bilan de juin")).await;
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 1);
    house.clock.move_by(TimeDelta::hours(17));
    house.accept(Submission, ORGANIZER, JEAN, &leaking(8, "Bilan")).await;
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 1);
}

#[tokio::test]
async fn an_organizer_has_a_budget_of_orders() {
    let house = invited(small(), &[JEAN]).await;
    let mut sent = Vec::new();
    for number in 1..8 {
        house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", number, 13 + number, &[JEAN])).await;
        sent.extend(house.sent().await);
    }
    assert_eq!(of_purpose(&sent, Invitation).len(), 3, "the first was the invitation");
    assert_eq!(of_purpose(&sent, Organizer).len(), 3 + 1, "summaries, and one mail that says why");
    assert_eq!(received(&house).await.iter().filter(|mail| mail.disposition == Disposition::Refused).count(), 4);
    assert_eq!(rung(&house, AlertKind::Flood).len(), 1);
}

#[tokio::test]
async fn late_words_get_one_notice_a_day() {
    let house = invited(Budgets::default(), &[JEAN, LEA]).await;
    let (to, to_lea) = (alias(&house, JEAN).await, alias(&house, LEA).await);
    house.clock.move_by(TimeDelta::days(3));
    house.accept(Mx, JEAN, &to, &said(JEAN, &to, 1)).await;
    let sent = house.sent().await;
    assert_eq!((of_purpose(&sent, Organizer).len(), of_purpose(&sent, Notice).len()), (1, 0), "within the grace period");

    house.clock.move_by(TimeDelta::days(10));
    for number in 2..5 {
        house.accept(Mx, JEAN, &to, &said(JEAN, &to, number)).await;
    }
    // Nobody is written to who isn't proved, and no machine.
    house.accept(Mx, "", &to_lea, &said(LEA, &to_lea, 20)).await;
    house.accept(Mx, LEA, &to_lea, &said(LEA, &to_lea, 21).replace("MIME-", "Auto-Submitted: auto-replied\nMIME-")).await;
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, LEA, &to_lea, &said(LEA, &to_lea, 22)).await;
    house.verdicts.aligned.store(true, Ordering::SeqCst);
    let sent = house.sent().await;
    let notices: Vec<_> = sent.iter().filter(|item| item.purpose == Notice).collect();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].recipient, mailbox(JEAN));
    assert!(notices[0].reverse_path.mailbox().is_none(), "RFC 3834 §3.3");
    let notice = &of_purpose(&sent, Notice)[0];
    assert_eq!(notice.header("Auto-Submitted").map(str::trim), Some("auto-replied"));
    assert_eq!(notice.in_reply_to[0].as_str(), "m2@hopital.example");
    assert!(notice.subject.starts_with("Auto: "), "RFC 3834 §3.1.5: {}", notice.subject);
    assert!(notice.text.contains("n’a pas été transmis"), "in the guest's language: {}", notice.text);
    let late: Vec<_> = received(&house).await.into_iter().filter(|mail| mail.disposition == Disposition::Refused).collect();
    assert_eq!(late.len(), 3, "the words are kept");

    house.clock.move_by(TimeDelta::days(1));
    house.accept(Mx, JEAN, &to, &said(JEAN, &to, 9)).await;
    assert_eq!(of_purpose(&house.sent().await, Notice).len(), 1);
}

#[tokio::test]
async fn a_burst_of_unknown_recipients_is_told_once() {
    let budgets = Budgets { unknown_per_hour: 10, ..Budgets::default() };
    let house = House::with(vec![organizer(ORGANIZER, "Claire Bernard")], budgets).await;
    let session = Session {
        door: MailDoor::Mx,
        peer: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        helo: "x.example".into(),
        encrypted: false,
        submitter: None,
    };
    let path = paravent::domain::address::ReversePath::Null;
    for number in 0..50 {
        let answer = house.gateway.check_recipient(&session, &path, &mailbox(&format!("o{number}@visio.example"))).await;
        assert_eq!(answer.to_string(), "550 5.1.1 Unknown recipient");
    }
    assert_eq!(house.gateway.burst.refused(), 50);
    assert_eq!(rung(&house, AlertKind::Flood).len(), 1);
    assert_eq!(of_purpose(&house.sent().await, Helpdesk).len(), 1);
}

#[tokio::test]
async fn mail_to_the_helpdesk_has_a_budget() {
    let house = invited(Budgets { helpdesk_per_day: 2, ..Budgets::default() }, &[JEAN, LEA, "a@h.example", "b@h.example"]).await;
    for (number, guest) in [JEAN, LEA, "a@h.example", "b@h.example"].into_iter().enumerate() {
        let to = alias(&house, guest).await;
        house.accept(Mx, "x@elsewhere.example", &to, &said("x@elsewhere.example", &to, number)).await;
    }
    let mails = of_purpose(&house.sent().await, Helpdesk);
    let last: Vec<bool> = mails.iter().map(|mail| mail.text.contains("last mail about alerts today")).collect();
    assert_eq!(last, [false, true], "nobody waits for mails that do not come");
    assert_eq!(rung(&house, AlertKind::Stranger).len(), 4, "every alert is kept and rung");
}

/// The worst of responders: it answers each mail, with the same words, marks nothing, and listens to no mark.
async fn deaf(house: &House, number: &mut usize) -> usize {
    let mut answered = 0;
    for item in house.sent().await {
        let mail = support::house::parsed(&item);
        let (from, to) = (item.recipient.to_string(), mail.author().unwrap().mailbox.to_string());
        if to.starts_with("invitations@") || from.starts_with("helpdesk@") {
            continue;
        }
        *number += 1;
        let door = if from == ORGANIZER { Submission } else { Mx };
        let text = format!("Absent. {}", if from == ORGANIZER { "C." } else { "J." });
        let id = format!("deaf{number}@{}", from.split_once('@').unwrap().1);
        let answers = house.give(door, &from, &[&to], &words(&from, &to, &id, &text)).await;
        assert!(answers[0].starts_with("250"), "{answers:?}");
        answered += 1;
    }
    answered
}

#[tokio::test]
async fn two_deaf_responders_end() {
    let house = House::with(vec![organizer(ORGANIZER, "Claire Bernard")], Budgets { same_text_per_hour: 4, ..Budgets::default() }).await;
    house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    let (mut number, mut answered) = (0, 0);
    for _ in 0..100 {
        match deaf(&house, &mut number).await {
            0 => break,
            more => answered += more,
        }
    }
    // Four of each side are passed on, and the fifth of one of them is stopped.
    assert_eq!(answered, 9);
    assert_eq!(rung(&house, AlertKind::Loop).len(), 1);
    assert_eq!(received(&house).await.len(), 10, "and all of it is kept");
}
