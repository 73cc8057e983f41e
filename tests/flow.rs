//! The stories told through the reception, on a real archive: what is sent, what changes, what is held.

use crate::support;

use paravent::domain::alert::AlertKind;
use paravent::domain::attendance::PartStat;
use paravent::domain::delivery::OutboxPurpose::{Answer, Helpdesk, Invitation, Organizer};
use paravent::domain::itip::{self, Method};
use paravent::domain::meeting::MeetingStatus;
use paravent::domain::record::HoldState;
use paravent::domain::token::Purpose;
use paravent::flow::hold::HoldOutcome;
use paravent::flow::port::MailDoor::{Lmtp, Mx, Submission};
use paravent::flow::port::World;
use std::sync::atomic::Ordering;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, of_purpose, parsed, reply, words};

async fn invited(guests: &[&str]) -> House {
    let house = House::build().await;
    let answers = house.give(Submission, ORGANIZER, guests, &calendar_mail("REQUEST", 0, 13, guests)).await;
    assert!(answers.iter().all(|answer| answer.starts_with("250")), "{answers:?}");
    house
}

#[tokio::test]
async fn one_message_a_guest_at_once_is_one_meeting() {
    let house = House::build().await;
    let guests: Vec<String> = (0..40).map(|number| format!("guest{number}@hopital.example")).collect();
    let sends = guests.iter().map(|guest| {
        let house = &house;
        let all: Vec<&str> = guests.iter().map(String::as_str).collect();
        async move { house.give(Submission, ORGANIZER, &[guest], &calendar_mail("REQUEST", 0, 13, &all)).await }
    });
    for answers in futures_util::future::join_all(sends).await {
        assert!(answers[0].starts_with("250"), "{answers:?}");
    }
    let (meeting, known) = house.meeting().await;
    assert_eq!(known.len(), 40);
    assert_eq!(of_purpose(&house.sent().await, Invitation).len(), 40);

    // And called off one by one, at once: the last one ends the meeting.
    let cancels = guests.iter().map(|guest| {
        let house = &house;
        async move { house.give(Submission, ORGANIZER, &[guest], &calendar_mail("CANCEL", 1, 13, &[guest])).await }
    });
    for answers in futures_util::future::join_all(cancels).await {
        assert!(answers[0].starts_with("250"), "{answers:?}");
    }
    assert_eq!(house.archive.meeting(meeting.id).await.unwrap().unwrap().status, MeetingStatus::Cancelled);
    assert_eq!(of_purpose(&house.sent().await, Invitation).len(), 40);
}

#[tokio::test]
async fn a_dropped_guest_alone_is_told_and_a_returning_one_gets_a_new_link() {
    let house = invited(&[JEAN, LEA]).await;
    house.sent().await;
    let before = house.guest(LEA).await;
    house.give(Submission, ORGANIZER, &[LEA], &calendar_mail("CANCEL", 1, 13, &[LEA])).await;
    let sent = house.sent().await;
    let told = of_purpose(&sent, Invitation);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to[0].mailbox.to_string(), LEA);
    assert_eq!(itip::read(&told[0].calendars[0].bytes).unwrap().method, Some(Method::Cancel));
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Scheduled);
    assert!(house.guest(LEA).await.removed_at.is_some());

    house.give(Submission, ORGANIZER, &[LEA], &calendar_mail("REQUEST", 2, 13, &[JEAN, LEA])).await;
    let after = house.guest(LEA).await;
    assert!(after.removed_at.is_none());
    assert_ne!(after.link, before.link);
    assert_eq!(after.uid, before.uid);
    assert!(after.sequence() > before.sequence(), "SEQUENCE never goes back");
}

#[tokio::test]
async fn the_same_invitation_twice_is_sent_once() {
    let house = invited(&[JEAN]).await;
    assert_eq!(of_purpose(&house.sent().await, Invitation).len(), 1);
    house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    assert!(house.sent().await.is_empty());
}

#[tokio::test]
async fn an_older_invitation_changes_nothing_and_is_said() {
    let house = invited(&[JEAN]).await;
    house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 2, 15, &[JEAN])).await;
    house.sent().await;
    house.give(Submission, ORGANIZER, &[JEAN], &calendar_mail("REQUEST", 1, 9, &[JEAN])).await;
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Invitation).len(), 0);
    assert_eq!(of_purpose(&sent, Organizer).len(), 1);
    assert_eq!(house.meeting().await.0.event.starts_at.to_rfc3339(), "2026-01-06T15:00:00+00:00");
}

#[tokio::test]
async fn a_guest_alias_invites_and_answers_come_from_it() {
    let house = House::build().await;
    let alias = "jean.martin=hopital.example@guest.visio.example";
    let message = calendar_mail("REQUEST", 0, 13, &[alias]);
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    let refused = house.give(Mx, ORGANIZER, &[alias], &message).await;
    assert!(refused[0].starts_with("550 5.7.1"), "{refused:?}");
    house.verdicts.aligned.store(true, Ordering::SeqCst);
    house.accept(Mx, ORGANIZER, alias, &message).await;

    let guest = house.guest(JEAN).await;
    assert_eq!(guest.invited_as.to_string(), alias);
    house.sent().await;
    let to = house.address(Purpose::OrganizerAlias, guest.id);
    house.accept(Mx, JEAN, &to, &reply(JEAN, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    let sent = house.sent().await;
    let relayed = of_purpose(&sent, Organizer);
    assert_eq!(relayed[0].author().unwrap().mailbox.to_string(), alias);
    let object = itip::read(&relayed[0].calendars[0].bytes).unwrap();
    assert_eq!(object.events[0].attendees[0].address, alias);

    // What the organizer writes to the alias reaches the guest.
    house.accept(Mx, ORGANIZER, alias, &words(ORGANIZER, alias, "w1@pc.agence.example", "Bonjour, apportez le dossier.")).await;
    let answers = of_purpose(&house.sent().await, Answer);
    assert_eq!(answers.len(), 1);
    assert!(answers[0].text.contains("apportez le dossier"));
    assert_eq!(answers[0].author().unwrap().mailbox.to_string(), to);
}

#[tokio::test]
async fn a_guest_cannot_find_the_organizer_by_guessing() {
    let house = House::build().await;
    let alias = "jean.martin=hopital.example@guest.visio.example";
    house.accept(Mx, ORGANIZER, alias, &calendar_mail("REQUEST", 0, 13, &[alias])).await;
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    let mut answers = Vec::new();
    for guess in [ORGANIZER, "paul.roux@agence.example", "nobody@agence.example"] {
        answers.extend(house.give(Mx, guess, &[alias], &words(guess, alias, "g1@hopital.example", "Bonjour")).await);
    }
    assert!(answers[0].starts_with("550 5.7.1") && answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn two_mails_without_message_id_are_two() {
    let house = invited(&[JEAN]).await;
    house.sent().await;
    let to = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    for hour in ["09", "10"] {
        let mail = format!("From: {JEAN}\nTo: {to}\nDate: Mon, 05 Jan 2026 {hour}:00:00 +0000\nSubject: Bilan\n\nD'accord.\n");
        house.accept(Mx, JEAN, &to, &mail).await;
    }
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 2);
}

#[tokio::test]
async fn nobody_else_may_invite() {
    let house = House::build().await;
    let message = calendar_mail("REQUEST", 0, 13, &[JEAN]).replace(ORGANIZER, "mallory@elsewhere.example");
    let refused = house.give(Submission, "mallory@elsewhere.example", &[JEAN], &message).await;
    assert!(refused[0].starts_with("550 5.7.1"), "{refused:?}");
    // Nor for a colleague: the author must own the ORGANIZER address.
    let other = calendar_mail("REQUEST", 0, 13, &[JEAN]).replacen(ORGANIZER, "paul.roux@agence.example", 1);
    house.give(Submission, "paul.roux@agence.example", &[JEAN], &other).await;
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Invitation).len(), 0);
    assert_eq!(of_purpose(&sent, Organizer).len(), 1);
}

#[tokio::test]
async fn late_and_repeated_answers_change_nothing() {
    let house = invited(&[JEAN]).await;
    let guest = house.guest(JEAN).await;
    let to = house.address(Purpose::OrganizerAlias, guest.id);
    let declined = reply(JEAN, &guest.uid.0, 0, "20260105T100000Z", "DECLINED");
    house.accept(Mx, JEAN, &to, &declined).await;
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 2, "summary and reply");
    // The same delivery again, by another door and with other trace fields.
    house.accept(Lmtp, JEAN, &to.to_uppercase(), &format!("Received: by mail.example\n{declined}")).await;
    // An earlier answer that was overtaken.
    house.accept(Mx, JEAN, &to, &reply(JEAN, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    assert!(house.sent().await.is_empty());
    assert_eq!(house.guest(JEAN).await.attendance.response.whole.partstat, PartStat::Declined);
    let counts = house.archive.disposition_counts().await.unwrap();
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 3, "each accepted message but the repeated one is kept: {counts:?}");
}

#[tokio::test]
async fn answers_that_are_not_proved_wait_and_can_be_released() {
    let house = invited(&[JEAN]).await;
    house.sent().await;
    let guest = house.guest(JEAN).await;
    let to = house.address(Purpose::OrganizerAlias, guest.id);
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, JEAN, &to, &reply(JEAN, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    assert_eq!(house.guest(JEAN).await.attendance.response.whole.partstat, PartStat::NeedsAction);
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Organizer).len(), 0);
    assert_eq!(of_purpose(&sent, Helpdesk).len(), 1);

    let held = house.archive.received(Some(HoldState::Waiting), 10).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(house.gateway.release(held[0].id).await.unwrap(), HoldOutcome::Done);
    assert_eq!(house.guest(JEAN).await.attendance.response.whole.partstat, PartStat::Accepted);
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 1);
    assert_eq!(house.gateway.release(held[0].id).await.unwrap(), HoldOutcome::NotWaiting, "once");
}

#[tokio::test]
async fn strangers_wait_and_a_dropped_mail_does_nothing() {
    let house = invited(&[JEAN]).await;
    house.sent().await;
    let to = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    house.accept(Mx, "x@elsewhere.example", &to, &words("x@elsewhere.example", &to, "s1@elsewhere.example", "Puis-je venir ?")).await;
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Organizer).len(), 0);
    assert_eq!(house.bell.0.lock().unwrap().last().unwrap().kind, AlertKind::Stranger);
    let held = house.archive.received(Some(HoldState::Waiting), 10).await.unwrap();
    assert_eq!(house.gateway.drop_held(held[0].id, "operator").await.unwrap(), HoldOutcome::Done);
    assert!(house.sent().await.is_empty());
    assert!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_shows_the_organizer_is_held_and_said() {
    let house = invited(&[JEAN]).await;
    house.sent().await;
    let to = house.address(Purpose::GuestAlias, house.guest(JEAN).await.id);
    let message = words(ORGANIZER, &to, "a1@pc.agence.example", "Appelez-moi, ou écrivez à claire.bernard@agence.example.");
    house.accept(Mx, ORGANIZER, &to, &message).await;
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Answer).len(), 0);
    assert_eq!(of_purpose(&sent, Organizer).len(), 1);
    assert_eq!(house.bell.0.lock().unwrap().last().unwrap().kind, AlertKind::Leak);
    // Not even a person lets it through.
    let held = house.archive.received(Some(HoldState::Waiting), 10).await.unwrap();
    assert_eq!(house.gateway.release(held[0].id).await.unwrap(), HoldOutcome::StillHeld);
    assert_eq!(of_purpose(&house.sent().await, Answer).len(), 0);
    assert_eq!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 1, "it waits as before");
}

#[tokio::test]
async fn files_of_an_answer_are_left_out_and_that_is_said() {
    let house = invited(&[JEAN]).await;
    house.sent().await;
    let to = house.address(Purpose::GuestAlias, house.guest(JEAN).await.id);
    let message = format!(
        "From: {ORGANIZER}\nTo: {to}\nSubject: Bilan\nMessage-ID: <f1@pc.agence.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nVoici le plan.\n--b\n\
         Content-Type: application/pdf; name=plan.pdf\nContent-Disposition: attachment; filename=plan.pdf\n\n%PDF\n--b--\n"
    );
    house.accept(Mx, ORGANIZER, &to, &message).await;
    let sent = house.sent().await;
    let answers = of_purpose(&sent, Answer);
    assert!(answers[0].text.contains("Voici le plan."));
    assert!(answers[0].parts.iter().all(|part| part.file_name.is_none()));
    let told = of_purpose(&sent, Organizer);
    assert!(told[0].text.contains("plan.pdf"), "{}", told[0].text);
}

#[tokio::test]
async fn an_invitation_that_shows_its_organizer_is_sent_to_nobody() {
    let house = House::build().await;
    let message = calendar_mail("REQUEST", 0, 13, &[JEAN]).replace("SUMMARY:Bilan", "SUMMARY:Bilan avec Claire Bernard");
    house.accept(Submission, ORGANIZER, JEAN, &message).await;
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Invitation).len(), 0);
    let told = of_purpose(&sent, Organizer);
    assert_eq!(told.len(), 1);
    assert!(house.archive.meetings(house.clock.now(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn mail_that_circles_stops() {
    let house = invited(&[JEAN]).await;
    let sent = house.sent().await;
    let invitation = sent.iter().find(|item| item.purpose == Invitation).unwrap();
    let to = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    house.accept(Mx, JEAN, &to, &String::from_utf8(invitation.message.clone()).unwrap()).await;
    let after = house.sent().await;
    assert_eq!(of_purpose(&after, Organizer).len(), 0);
    assert_eq!(of_purpose(&after, Invitation).len(), 0);
    assert_eq!(parsed(invitation).header("X-Paravent-Loop").map(str::len), Some(21));
}

#[tokio::test]
async fn the_postmaster_is_heard() {
    let house = House::build().await;
    house.accept(Mx, "x@elsewhere.example", "Postmaster@visio.example", &words("x@elsewhere.example", "p", "p1@e.example", "Help")).await;
    assert_eq!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 1);
    assert_eq!(of_purpose(&house.sent().await, Helpdesk).len(), 1);
}

#[tokio::test]
async fn a_mail_without_a_calendar_is_refused_at_the_submission() {
    let house = House::build().await;
    let refused = house.give(Submission, ORGANIZER, &[JEAN], &words(ORGANIZER, JEAN, "n1@agence.example", "Bonjour")).await;
    assert!(refused[0].starts_with("550 5.6.1"), "{refused:?}");
    assert!(house.sent().await.is_empty());
}
