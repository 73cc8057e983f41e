//! Who complains or does not exist gets nothing more; the organizer sees it, and there is a way back.

use crate::support;

use chrono::TimeDelta;
use paravent::domain::alert::AlertKind;
use paravent::domain::attendance::{Delivery, PartStat};
use paravent::domain::decision::Disposition;
use paravent::domain::delivery::OutboxPurpose::{Answer, Helpdesk, Invitation, Notice, Organizer};
use paravent::domain::delivery::{AttemptOutcome, OutboxItem, OutboxState};
use paravent::domain::id::{AlertId, OutboxId};
use paravent::domain::itip::{self, Method};
use paravent::domain::mime::InboundMail;
use paravent::domain::record::{Commit, Committed, HoldState, Write};
use paravent::domain::suppression::{Lifted, SuppressionCause};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::flow::port::World;
use paravent::outbound::aftermath::aftermath;
use std::sync::atomic::Ordering;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, mailbox, of_purpose, reply, words};

const FBL: &str = "fbl@fournisseur.example";

async fn invited(guests: &[&str]) -> (House, Vec<OutboxItem>) {
    let house = House::build().await;
    order(&house, "REQUEST", 0, 13, guests).await;
    let sent = house.sent().await;
    (house, sent)
}

async fn order(house: &House, method: &str, sequence: u32, hour: u32, guests: &[&str]) {
    let answers = house.give(Submission, ORGANIZER, guests, &calendar_mail(method, sequence, hour, guests)).await;
    assert!(answers.iter().all(|answer| answer.starts_with("250")), "{answers:?}");
}

/// The same of another meeting.
async fn other_meeting(house: &House, guests: &[&str]) {
    let message = calendar_mail("REQUEST", 0, 15, guests).replace("UID:meeting-1", "UID:meeting-2").replace("Bilan", "Revue");
    let answers = house.give(Submission, ORGANIZER, guests, &message).await;
    assert!(answers.iter().all(|answer| answer.starts_with("250")), "{answers:?}");
}

fn complaint(to: &str, original: &str) -> String {
    format!(
        "From: {FBL}\nTo: {to}\nSubject: Abuse report\nMessage-ID: <arf-{original}@fournisseur.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: text/plain\n\nAn abuse report.\n--b\n\
         Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\nOriginal-Mail-From: <{original}>\n--b\n\
         Content-Type: message/rfc822\n\nSubject: Bilan\n\nBonjour\n--b--\n"
    )
}

fn bounce(to: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@hopital.example\nTo: {to}\nSubject: Undelivered Mail\nMessage-ID: <dsn-{status}@hopital.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nFailed.\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.hopital.example\n\nFinal-Recipient: rfc822; {JEAN}\n\
         Action: failed\nStatus: {status}\n\n--b--\n"
    )
}

async fn path(house: &House, guest: &str) -> String {
    house.address(Purpose::GuestBounce, house.guest(guest).await.id)
}

/// To whom calendar mail went, with METHOD.
fn told(sent: &[OutboxItem]) -> Vec<String> {
    let line = |mail: &InboundMail| {
        let object = itip::read(&mail.calendars[0].bytes).unwrap();
        format!("{} {}", object.method.unwrap_or(Method::Publish).as_str(), mail.to[0].mailbox)
    };
    of_purpose(sent, Invitation).iter().map(line).collect()
}

fn summary(sent: &[OutboxItem]) -> String {
    of_purpose(sent, Organizer).last().expect("a mail to the organizer").text.clone()
}

async fn cause(house: &House, address: &str) -> Option<(SuppressionCause, bool)> {
    let known = house.archive.suppressions_of(&[&mailbox(address)]).await.unwrap();
    assert!(known.len() <= 1, "{known:?}");
    known.first().map(|one| (one.cause, one.meeting.is_none()))
}

#[tokio::test]
async fn who_complains_gets_nothing_more_of_any_meeting() {
    let (house, _) = invited(&[JEAN, LEA]).await;
    let to = path(&house, JEAN).await;
    house.accept(Mx, "", &to, &complaint(&to, "x@y.example")).await;
    assert_eq!(cause(&house, JEAN).await, Some((SuppressionCause::Complaint, true)));
    assert_eq!(house.guest(JEAN).await.attendance.delivery, Delivery::Stopped);
    let rung = house.bell.0.lock().unwrap().last().unwrap().clone();
    assert!(rung.kind == AlertKind::Complaint && rung.evidence.contains("nothing more is sent"), "{rung:?}");
    assert_eq!(of_purpose(&house.sent().await, Helpdesk).len(), 1);

    // Neither a change, nor another meeting, nor words, nor the cancellation; and each time the organizer is told.
    order(&house, "REQUEST", 1, 14, &[JEAN, LEA]).await;
    let sent = house.sent().await;
    assert_eq!(told(&sent), [format!("REQUEST {LEA}")]);
    assert!(summary(&sent).contains("a signalé nos messages comme indésirables"), "{}", summary(&sent));

    let to = house.address(Purpose::GuestAlias, house.guest(JEAN).await.id);
    house.accept(Mx, ORGANIZER, &to, &words(ORGANIZER, &to, "w1@pc.agence.example", "Venez à 14 h.")).await;
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Answer).len(), 0);
    assert!(summary(&sent).contains("Plus rien n’est envoyé à cet invité"), "{}", summary(&sent));

    order(&house, "CANCEL", 2, 14, &[JEAN, LEA]).await;
    let sent = house.sent().await;
    assert_eq!(told(&sent), [format!("CANCEL {LEA}")]);
    assert!(summary(&sent).contains("a signalé nos messages comme indésirables"), "{}", summary(&sent));

    other_meeting(&house, &[JEAN]).await;
    let sent = house.sent().await;
    assert_eq!(told(&sent), Vec::<String>::new());
    assert!(summary(&sent).contains("a signalé nos messages comme indésirables"), "{}", summary(&sent));
}

#[tokio::test]
async fn a_complaint_to_the_gateway_names_its_guest_by_the_return_path() {
    let (house, _) = invited(&[JEAN]).await;
    let path = path(&house, JEAN).await;
    house.accept(Mx, FBL, "abuse@visio.example", &complaint("abuse@visio.example", &path)).await;
    assert_eq!(cause(&house, JEAN).await, Some((SuppressionCause::Complaint, true)));
    // One that names nobody waits for a person.
    house.accept(Mx, FBL, "abuse@visio.example", &complaint("abuse@visio.example", "b2abcdefghijklmnop@visio.example")).await;
    assert_eq!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_complaint_that_nothing_proves_stops_nothing() {
    let (house, _) = invited(&[JEAN]).await;
    let to = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, "x@elsewhere.example", &to, &complaint(&to, "x@y.example")).await;
    assert_eq!(cause(&house, JEAN).await, None);
    assert_eq!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_left_alone_in_its_meeting() {
    let (house, _) = invited(&[JEAN, LEA]).await;
    let to = path(&house, JEAN).await;
    house.accept(Mx, "", &to, &bounce(&to, "5.1.1")).await;
    assert_eq!(cause(&house, JEAN).await, Some((SuppressionCause::NoSuchUser, false)));
    assert_eq!(house.guest(JEAN).await.attendance.delivery, Delivery::Undeliverable);
    house.sent().await;
    order(&house, "REQUEST", 1, 14, &[JEAN, LEA]).await;
    let sent = house.sent().await;
    assert_eq!(told(&sent), [format!("REQUEST {LEA}")]);
    assert!(summary(&sent).contains("cette adresse n’existe pas"), "{}", summary(&sent));

    // In another meeting it is tried, with a word of warning.
    other_meeting(&house, &[JEAN]).await;
    let sent = house.sent().await;
    assert_eq!(told(&sent), [format!("REQUEST {JEAN}")]);
    assert!(summary(&sent).contains("merci de la vérifier"), "{}", summary(&sent));
}

#[tokio::test]
async fn a_corrected_address_is_written_to() {
    let wrong = "jean.matrin@hopital.example";
    let (house, _) = invited(&[wrong]).await;
    let to = path(&house, wrong).await;
    house.accept(Mx, "", &to, &bounce(&to, "5.1.1")).await;
    house.sent().await;
    order(&house, "REQUEST", 1, 13, &[JEAN]).await;
    assert_eq!(told(&house.sent().await), [format!("REQUEST {JEAN}")]);
    // Taken off, the wrong one is not told, and left alone; invited anew, the organizer means it.
    order(&house, "CANCEL", 2, 13, &[wrong]).await;
    assert_eq!(told(&house.sent().await), Vec::<String>::new());
    assert!(house.guest(wrong).await.removed_at.is_some());
    order(&house, "REQUEST", 3, 13, &[wrong]).await;
    assert_eq!(told(&house.sent().await), [format!("REQUEST {wrong}")]);
    assert_eq!(cause(&house, wrong).await, None);
}

#[tokio::test]
async fn a_full_mailbox_and_a_policy_stop_nothing() {
    let (house, _) = invited(&[JEAN]).await;
    let to = path(&house, JEAN).await;
    for status in ["5.2.2", "5.7.1", "4.4.7"] {
        house.accept(Mx, "", &to, &bounce(&to, status)).await;
    }
    assert_eq!(cause(&house, JEAN).await, None);
}

#[tokio::test]
async fn who_answers_from_that_address_is_written_to_again_and_told_what_they_missed() {
    let (house, _) = invited(&[JEAN, LEA]).await;
    let guest = house.guest(JEAN).await;
    let path = path(&house, JEAN).await;
    house.accept(Mx, "", &path, &complaint(&path, "x@y.example")).await;
    order(&house, "REQUEST", 1, 15, &[JEAN, LEA]).await;
    house.sent().await;

    let alias = house.address(Purpose::OrganizerAlias, guest.id);
    // A machine, a forger and one who asks for no more mail lift nothing.
    let away = words(JEAN, &alias, "v1@hopital.example", "Je suis absent.").replace("MIME-", "Auto-Submitted: auto-replied\nMIME-");
    house.accept(Mx, JEAN, &alias, &away).await;
    house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "u1@hopital.example", "Ne m'écrivez plus.")).await;
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "f1@hopital.example", "Bonjour.")).await;
    house.verdicts.aligned.store(true, Ordering::SeqCst);
    assert_eq!(cause(&house, JEAN).await, Some((SuppressionCause::Complaint, true)));
    assert_eq!(told(&house.sent().await), Vec::<String>::new());

    house.accept(Mx, JEAN, &alias, &reply(JEAN, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    assert_eq!(cause(&house, JEAN).await, None);
    let sent = house.sent().await;
    assert_eq!(told(&sent), [format!("REQUEST {JEAN}")], "the new time that they missed");
    let after = house.guest(JEAN).await;
    assert!(after.sequence() > guest.sequence());
    assert_eq!(after.attendance.response.whole.partstat, PartStat::NeedsAction, "they answered to the old time");
    assert_eq!(after.attendance.delivery, Delivery::Queued);
    let uid = itip::read(&of_purpose(&sent, Invitation)[0].calendars[0].bytes).unwrap().events[0].uid.clone();
    assert_eq!(uid, guest.uid.0);
}

#[tokio::test]
async fn an_operator_stops_mail_and_lets_it_go_again() {
    let house = House::build().await;
    house.gateway.suppress(&mailbox(JEAN), None, "asked by telephone").await.unwrap();
    order(&house, "REQUEST", 0, 13, &[JEAN, LEA]).await;
    let sent = house.sent().await;
    assert_eq!(told(&sent), [format!("REQUEST {LEA}")]);
    assert!(summary(&sent).contains("votre assistance a arrêté"), "{}", summary(&sent));
    assert_eq!(house.guest(JEAN).await.attendance.delivery, Delivery::Stopped);

    assert_eq!(house.gateway.unsuppress(&mailbox(LEA), Lifted::All).await.unwrap(), None, "was never stopped");
    assert_eq!(house.gateway.unsuppress(&mailbox(JEAN), Lifted::All).await.unwrap(), Some(1));
    assert_eq!(told(&house.sent().await), [format!("REQUEST {JEAN}")]);
    assert_eq!(house.archive.suppressions(10).await.unwrap(), []);

    // Mail that came back since nobody had the address goes out once more.
    let to = path(&house, JEAN).await;
    house.accept(Mx, "", &to, &bounce(&to, "5.1.1")).await;
    assert_eq!(house.gateway.unsuppress(&mailbox(JEAN), Lifted::Meeting(house.meeting().await.0.id)).await.unwrap(), Some(1));
    assert_eq!(told(&house.sent().await), [format!("REQUEST {JEAN}")]);
}

#[tokio::test]
async fn nothing_is_sent_of_meetings_that_are_over_or_of_what_was_taken_off() {
    let (house, _) = invited(&[JEAN]).await;
    house.gateway.suppress(&mailbox(JEAN), None, "").await.unwrap();
    order(&house, "REQUEST", 1, 15, &[JEAN]).await;
    order(&house, "CANCEL", 2, 15, &[JEAN]).await;
    assert_eq!(house.gateway.unsuppress(&mailbox(JEAN), Lifted::All).await.unwrap(), Some(0));
    other_meeting(&house, &[LEA]).await;
    house.gateway.suppress(&mailbox(LEA), None, "").await.unwrap();
    house.clock.move_by(TimeDelta::days(5));
    assert_eq!(house.gateway.unsuppress(&mailbox(LEA), Lifted::All).await.unwrap(), Some(0));
}

#[tokio::test]
async fn a_mail_that_was_written_before_is_not_sent_after() {
    let (house, sent) = invited(&[JEAN]).await;
    let late = |purpose| {
        let item = sent.iter().find(|item| item.purpose == Invitation).unwrap();
        let item = OutboxItem { id: OutboxId(house.clock.key()), purpose, ..item.clone() };
        house.archive.commit(Commit { writes: vec![Write::Outbox(Box::new(item))] })
    };
    assert_eq!(late(Invitation).await.unwrap(), Committed::Done);
    house.gateway.suppress(&mailbox(JEAN), None, "").await.unwrap();
    for purpose in [Invitation, Answer, Notice] {
        assert_eq!(late(purpose).await.unwrap(), Committed::Conflict, "{purpose:?}");
    }
    assert_eq!(late(Organizer).await.unwrap(), Committed::Done, "about the guest, and not to them");
}

#[tokio::test]
async fn mail_that_waits_is_given_up() {
    let house = House::build().await;
    order(&house, "REQUEST", 0, 13, &[JEAN, LEA]).await;
    house.gateway.suppress(&mailbox(JEAN), None, "").await.unwrap();
    assert_eq!(told(&house.sent().await), [format!("REQUEST {LEA}")]);
}

#[tokio::test]
async fn a_server_that_has_no_such_mailbox_says_so_at_once() {
    let house = House::build().await;
    order(&house, "REQUEST", 0, 13, &[JEAN]).await;
    let items = house.archive.outbox_due(house.clock.now(), 10).await.unwrap();
    let item = items.iter().find(|item| item.purpose == Invitation).unwrap();
    let refuse = |text: &str| {
        let outcome = AttemptOutcome::Bounced(text.to_owned());
        let next = OutboxState::Failed { at: house.clock.now(), last: text.to_owned() };
        aftermath(item, &outcome, next, AlertId(house.clock.key()), house.clock.now()).writes
    };
    house.archive.commit(Commit { writes: refuse("550 5.7.1 <jean.martin@hopital.example> Rejected by policy") }).await.unwrap();
    assert_eq!(cause(&house, JEAN).await, None);
    house.archive.commit(Commit { writes: refuse("550 5.1.1 <jean.martin@hopital.example> User unknown") }).await.unwrap();
    assert_eq!(cause(&house, JEAN).await, Some((SuppressionCause::NoSuchUser, false)));
    let note = house.archive.suppressions(1).await.unwrap()[0].note.clone();
    assert!(!note.contains(JEAN), "addresses are masked: {note}");
}

#[tokio::test]
async fn who_has_answered_has_a_mailbox() {
    let (house, _) = invited(&[JEAN]).await;
    let guest = house.guest(JEAN).await;
    let alias = house.address(Purpose::OrganizerAlias, guest.id);
    house.accept(Mx, JEAN, &alias, &reply(JEAN, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    let to = path(&house, JEAN).await;
    house.accept(Mx, "", &to, &bounce(&to, "5.1.1")).await;
    assert_eq!(cause(&house, JEAN).await, None);
    let last = house.archive.received(None, 1).await.unwrap();
    assert_eq!(last[0].disposition, Disposition::Applied, "the delivery track and an alert tell of it");
}
