//! The stories of series, with several messages each, told through the reception on a real archive: what is sent to whom, and
//! what is kept.

use crate::support;

use chrono::TimeDelta;
use paravent::domain::attendance::{Delivery, PartStat};
use paravent::domain::delivery::OutboxPurpose;
use paravent::domain::meeting::MeetingStatus;
use paravent::domain::record::{Commit, Write};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::Mx;
use support::house::{House, JEAN, LEA, mailbox, of_purpose};
use support::series::{
    WEEKLY, ZONE, answer_mail, has_proposal, is_well_formed, known_guest, moved, off, own_answer, vevent, vevents, without,
};

const BOTH: &[&str] = &[JEAN, LEA];
const SECOND: &str = "RECURRENCE-ID;TZID=Europe/Paris:20260119T090000";
const THIRD: &str = "RECURRENCE-ID;TZID=Europe/Paris:20260126T090000";

/// A house where these guests have the weekly series.
async fn weekly(guests: &[&str]) -> House {
    let house = House::build().await;
    let news = house.after("REQUEST", guests, &[vevent((0, 0), guests, WEEKLY)]).await;
    assert_eq!(news.guests.len(), guests.len());
    house
}

/// What Jean and Léa are told alike.
fn both(told: &str) -> [String; 2] {
    [format!("jean {told}"), format!("lea {told}")]
}

fn master(revision: (u32, u32), guests: &[&str], more: &str) -> String {
    vevent(revision, guests, &format!("{WEEKLY}{more}"))
}

#[tokio::test]
async fn the_whole_is_accepted_and_an_instance_declined_in_one_reply() {
    let house = House::build().await;
    let news = house.after("REQUEST", BOTH, &[vevent((0, 0), BOTH, WEEKLY)]).await;
    assert_eq!(news.guests, both("REQUEST 0 [* 20260112T090000 NEEDS-ACTION]"));
    let news = house.answered(JEAN, "REPLY", &[("ACCEPTED", 0, 20, ""), ("DECLINED", 0, 20, SECOND)]).await;
    assert_eq!(news.answers, ["REPLY 0 [* 20260112T090000 ACCEPTED]", "REPLY 0 [20260119T090000 20260119T090000 DECLINED]"]);
    assert_eq!(house.response(JEAN).await, "ACCEPTED 20260119T0800=DECLINED");
    assert_eq!(house.response(LEA).await, "NEEDS-ACTION");
}

#[tokio::test]
async fn an_answer_to_an_instance_is_told_in_the_organizers_zone() {
    let house = weekly(&[JEAN]).await;
    let guest = house.guest(JEAN).await;
    let to = house.address(Purpose::OrganizerAlias, guest.id);
    // In UTC, as Google answers.
    let mail = answer_mail(JEAN, &guest.uid.0, "REPLY", &[("TENTATIVE", 0, 20, "RECURRENCE-ID:20260126T080000Z")]);
    house.accept(Mx, JEAN, &to, &mail).await;
    let sent = house.sent().await;
    let text = String::from_utf8(of_purpose(&sent, OutboxPurpose::Organizer)[0].calendars[0].bytes.clone()).unwrap();
    for line in ["RECURRENCE-ID;TZID=Romance Standard Time:20260126T090000", "TZID:Romance Standard Time", "UID:series-1"] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(!text.contains("RRULE:FREQ=WEEKLY"), "an instance has no rule: {text}");
}

#[tokio::test]
async fn a_moved_instance_alone_is_asked_for_again() {
    let house = weekly(BOTH).await;
    house.answered(JEAN, "REPLY", &[("ACCEPTED", 0, 20, ""), ("DECLINED", 0, 20, SECOND), ("TENTATIVE", 0, 20, THIRD)]).await;
    let news = house.after("REQUEST", BOTH, &[vevent((1, 5), BOTH, &moved("0119T0900", "0120T1400"))]).await;
    assert_eq!(
        news.guests,
        [
            "jean REQUEST 1 [* 20260112T090000 ACCEPTED] [20260119T090000 20260120T140000 NEEDS-ACTION] \
             [20260126T090000 20260126T090000 TENTATIVE]",
            "lea REQUEST 1 [* 20260112T090000 NEEDS-ACTION] [20260119T090000 20260120T140000 NEEDS-ACTION]"
        ]
    );
    assert_eq!(house.response(JEAN).await, "ACCEPTED 20260119T0800=NEEDS-ACTION 20260126T0800=TENTATIVE");
    // Written before they saw the update: to the whole it counts, to the moved instance not.
    let news = house.answered(LEA, "REPLY", &[("ACCEPTED", 0, 1, "")]).await;
    assert_eq!(news.answers, ["REPLY 0 [* 20260112T090000 ACCEPTED]"]);
    let news = house.answered(LEA, "REPLY", &[("DECLINED", 0, 1, SECOND)]).await;
    assert!(news.answers.is_empty());
    assert_eq!(news.guests, ["lea REQUEST 1 [* 20260112T090000 ACCEPTED] [20260119T090000 20260120T140000 NEEDS-ACTION]"]);
    let news = house.answered(LEA, "REPLY", &[("ACCEPTED", 1, 30, SECOND)]).await;
    assert_eq!(news.answers, ["REPLY 1 [20260119T090000 20260120T140000 ACCEPTED]"]);
    assert_eq!(house.response(LEA).await, "ACCEPTED 20260119T0800=ACCEPTED");
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
}

/// A mail that still waits is superseded by the next one, and its guest never learns what was in it.
#[tokio::test]
async fn what_changed_is_told_to_those_alone_who_were_sent_what_was_before() {
    let house = weekly(BOTH).await;
    let taken = Write::Delivery { guest: house.guest(JEAN).await.id, delivery: Delivery::Sent };
    house.archive.commit(Commit { writes: vec![taken] }).await.unwrap();
    house.order("REQUEST", BOTH, &[vevent((1, 5), BOTH, &moved("0119T0900", "0120T1400"))]).await;
    let updates = of_purpose(&house.sent().await, OutboxPurpose::Invitation);
    let told = |who: &str| updates.iter().any(|mail| mail.to[0].mailbox == mailbox(who) && mail.text.contains("Ce qui a changé"));
    assert_eq!((updates.len(), told(JEAN), told(LEA)), (2, true, false));
}

#[tokio::test]
async fn later_instances_are_moved_with_one_that_is_over() {
    let house = weekly(&[JEAN]).await;
    house.clock.move_by(TimeDelta::days(20));
    let lines = moved("0119T0900", "0119T1000").replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;");
    let news = house.after("REQUEST", &[JEAN], &[vevent((1, 5), &[JEAN], &lines)]).await;
    assert_eq!(news.guests.len(), 1);
    assert_eq!(house.dates(JEAN).await[2..4], ["20260126T0900", "20260202T0900"]);
}

#[tokio::test]
async fn an_instance_that_is_off_for_all_is_an_exdate() {
    let house = weekly(BOTH).await;
    let news = house.after("CANCEL", BOTH, &[vevent((1, 5), BOTH, &off("0126T0900"))]).await;
    assert_eq!(news.guests, both("REQUEST 1 [* 20260112T090000 NEEDS-ACTION -20260126T090000]"));
    let [summary] = news.notes.as_slice() else { panic!("one summary") };
    assert_eq!(summary.subject, "Invités prévenus de la modification : Point hebdo");
    assert_eq!(house.dates(JEAN).await, ["20260112T0800", "20260119T0800", "20260202T0800", "20260209T0800", "20260216T0800"]);
    // An answer that crossed it.
    let news = house.answered(JEAN, "REPLY", &[("ACCEPTED", 0, 1, THIRD)]).await;
    assert!(news.answers.is_empty() && news.guests.is_empty());
    assert_eq!(house.response(JEAN).await, "NEEDS-ACTION");
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Scheduled);
}

#[tokio::test]
async fn an_instance_that_is_off_for_one_guest() {
    let house = weekly(BOTH).await;
    let news = house.after("CANCEL", &[LEA], &[vevent((1, 5), &[LEA], &off("0126T0900"))]).await;
    assert_eq!(news.guests, ["lea REQUEST 1 [* 20260112T090000 NEEDS-ACTION -20260126T090000]"]);
    assert_eq!((without(&house.guest(LEA).await.part), without(&house.guest(JEAN).await.part)), (vec!["20260126T0800".to_owned()], vec![]));
    assert_eq!((house.dates(LEA).await.len(), house.dates(JEAN).await.len()), (5, 6));
    // And then for the other.
    let news = house.after("CANCEL", &[JEAN], &[vevent((1, 6), &[JEAN], &off("0126T0900"))]).await;
    assert_eq!(news.guests, ["jean REQUEST 1 [* 20260112T090000 NEEDS-ACTION -20260126T090000]"]);
    // Léa may come again after all.
    let news = house.after("REQUEST", &[LEA], &[vevent((2, 7), &[LEA], &moved("0126T0900", "0126T0900"))]).await;
    assert_eq!(news.guests.len(), 1);
    assert_eq!((house.dates(LEA).await.len(), house.dates(JEAN).await.len()), (6, 5));
}

#[tokio::test]
async fn somebody_is_invited_to_instances_alone() {
    let house = weekly(&[JEAN]).await;
    let second = |revision| vevent(revision, BOTH, &moved("0119T0900", "0119T0900"));
    // The override lists Léa, the master doesn't.
    let news = house.after("REQUEST", &[LEA], &[master((0, 1), &[JEAN], ""), second((0, 1))]).await;
    assert_eq!(news.guests, ["lea REQUEST 0 [* 20260119T080000Z NEEDS-ACTION]"]);
    let first_link = house.guest(LEA).await.link;
    let news = house.answered(LEA, "REPLY", &[("ACCEPTED", 0, 20, "")]).await;
    assert_eq!(news.answers, ["REPLY 0 [20260119T090000 20260119T090000 ACCEPTED]"]);
    // To a second one.
    let news = house.after("REQUEST", &[LEA], &[vevent((1, 5), BOTH, &moved("0202T0900", "0202T0900"))]).await;
    // Each with an answer of its own, so with a VEVENT of its own.
    let [first, second] = ["[20260119T090000 20260119T090000 ACCEPTED]", "[20260202T090000 20260202T090000 NEEDS-ACTION]"];
    assert_eq!(news.guests, [format!("lea REQUEST 1 [* 20260119T090000 NEEDS-ACTION -20260126T090000] {first} {second}")]);
    assert_eq!(house.dates(LEA).await, ["20260119T0800", "20260202T0800"]);
    assert_eq!(own_answer(&house.guest(LEA).await, "2026-01-19T08:00:00Z"), Some(PartStat::Accepted));
    // Off the first, then off the last.
    let news = house.after("CANCEL", &[LEA], &[vevent((2, 6), &[LEA], &off("0119T0900"))]).await;
    assert_eq!(news.guests, ["lea REQUEST 2 [* 20260202T080000Z NEEDS-ACTION]"]);
    let news = house.after("CANCEL", &[LEA], &[vevent((2, 7), &[LEA], &off("0202T0900"))]).await;
    assert_eq!(news.guests, ["lea CANCEL 3 [* 20260202T080000Z NEEDS-ACTION]"]);
    let lea = house.guest(LEA).await;
    assert!(lea.removed_at.is_some() && lea.link == first_link);
    assert_eq!((house.dates(JEAN).await.len(), house.meeting().await.0.status), (6, MeetingStatus::Scheduled));
}

#[tokio::test]
async fn a_single_instance_of_an_unknown_series() {
    let house = House::build().await;
    let news = house.after("REQUEST", &[LEA], &[vevent((0, 0), &[LEA], &moved("0119T0900", "0119T1000"))]).await;
    assert_eq!(news.guests, ["lea REQUEST 0 [* 20260119T090000Z NEEDS-ACTION]"]);
    let news = house.answered(LEA, "REPLY", &[("ACCEPTED", 0, 20, "")]).await;
    assert_eq!(news.answers, ["REPLY 0 [20260119T090000 20260119T100000 ACCEPTED]"]);
    // Then to a second: two dates, since no rule is known.
    let news = house.after("REQUEST", &[LEA], &[vevent((0, 1), &[LEA], &moved("0126T0900", "0126T1000"))]).await;
    assert_eq!(news.guests.len(), 1);
    assert_eq!(house.dates(LEA).await, ["20260119T0900", "20260126T0900"]);
    assert_eq!(own_answer(&house.guest(LEA).await, "2026-01-19T08:00:00Z"), Some(PartStat::Accepted));
    // Then to the whole.
    let news = house.after("REQUEST", &[LEA], &[vevent((1, 5), &[LEA], WEEKLY)]).await;
    assert_eq!(news.guests.len(), 1);
    assert_eq!(house.dates(LEA).await.len(), 6);
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
}

#[tokio::test]
async fn a_cancellation_overtakes_the_invitation() {
    let house = House::build().await;
    let news = house.after("CANCEL", BOTH, &[master((1, 5), BOTH, "\nSTATUS:CANCELLED")]).await;
    assert!(news.guests.is_empty() && news.notes.len() == 1);
    let news = house.after("REQUEST", BOTH, &[master((0, 0), BOTH, "")]).await;
    assert!(news.guests.is_empty(), "{:?}", news.guests);
    assert_eq!(news.notes.len(), 1);
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Cancelled);
    // A newer invitation is one.
    let news = house.after("REQUEST", BOTH, &[master((2, 8), BOTH, "")]).await;
    assert_eq!(news.guests, both("REQUEST 0 [* 20260112T090000 NEEDS-ACTION]"));
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Scheduled);
}

#[tokio::test]
async fn a_cancellation_for_a_guest_overtakes_their_invitation() {
    // One message a guest.
    let house = weekly(&[JEAN]).await;
    let cancel = house.after("CANCEL", &[LEA], &[master((1, 5), &[LEA], "\nSTATUS:CANCELLED")]).await;
    assert!(cancel.guests.is_empty());
    let late = house.after("REQUEST", &[LEA], &[master((0, 0), BOTH, "")]).await;
    assert!(late.guests.is_empty());
    assert!(known_guest(&house, LEA).await.unwrap().removed_at.is_some());
    assert_eq!((house.meeting().await.0.status, house.dates(JEAN).await.len()), (MeetingStatus::Scheduled, 6));
}

#[tokio::test]
async fn the_invitation_of_another_guest_comes_after_the_last_one_is_taken_off() {
    // One message a guest: Léa's is late, and Jean is taken off meanwhile.
    let house = House::build().await;
    house.after("REQUEST", &[JEAN], &[master((0, 0), BOTH, "")]).await;
    house.after("CANCEL", &[JEAN], &[master((1, 5), &[JEAN], "")]).await;
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Cancelled);
    let late = house.after("REQUEST", &[LEA], &[master((0, 0), BOTH, "")]).await;
    assert_eq!(late.guests, ["lea REQUEST 0 [* 20260112T090000 NEEDS-ACTION]"]);
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Scheduled, "Léa's link must live");
    let news = house.answered(LEA, "REPLY", &[("ACCEPTED", 0, 40, "")]).await;
    assert_eq!(news.answers.len(), 1);
}

#[tokio::test]
async fn an_instance_comes_back_after_all_was_cancelled() {
    let house = weekly(&[JEAN]).await;
    house.after("CANCEL", &[JEAN], &[master((1, 5), &[JEAN], "")]).await;
    let news = house.after("REQUEST", &[JEAN], &[vevent((2, 6), &[JEAN], &moved("0119T0900", "0119T1000"))]).await;
    assert_eq!(news.guests, ["jean REQUEST 2 [* 20260119T090000Z NEEDS-ACTION]"]);
    assert_eq!(house.meeting().await.0.status, MeetingStatus::Scheduled);
}

#[tokio::test]
async fn a_whole_that_is_silent_keeps_exceptions_and_one_that_speaks_replaces_them() {
    let house = weekly(&[JEAN]).await;
    house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], &moved("0119T0900", "0120T1400"))]).await;
    house.after("CANCEL", &[JEAN], &[vevent((1, 2), &[JEAN], &off("0126T0900"))]).await;
    let retitled = |revision, more: &str| vevent(revision, &[JEAN], &format!("{}{more}", WEEKLY.replace("hebdo", "du lundi")));
    let news = house.after("REQUEST", &[JEAN], &[retitled((1, 3), "")]).await;
    assert_eq!(
        news.guests,
        ["jean REQUEST 2 [* 20260112T090000 NEEDS-ACTION -20260126T090000] [20260119T090000 20260120T140000 NEEDS-ACTION]"]
    );
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
    // Outlook says it all, and the moved one is where it was.
    let exdate = format!("\nEXDATE;TZID={ZONE}:20260202T090000");
    let news = house.after("REQUEST", &[JEAN], &[retitled((2, 4), &exdate)]).await;
    // It is asked for again, so it has a status of its own.
    let second = "[20260119T090000 20260119T090000 NEEDS-ACTION]";
    assert_eq!(news.guests, [format!("jean REQUEST 3 [* 20260112T090000 NEEDS-ACTION -20260202T090000] {second}")]);
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
    let other = vevent((3, 5), &[JEAN], &moved("0209T0900", "0210T0900"));
    let news = house.after("REQUEST", &[JEAN], &[retitled((3, 5), ""), other]).await;
    assert_eq!(
        news.guests,
        [format!("jean REQUEST 4 [* 20260112T090000 NEEDS-ACTION] {second} [20260209T090000 20260210T090000 NEEDS-ACTION]")]
    );
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
}

#[tokio::test]
async fn this_and_the_later_ones() {
    let range = |lines: String| lines.replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;");
    let house = weekly(BOTH).await;
    let news = house.after("CANCEL", &[LEA], &[vevent((1, 1), &[LEA], &range(off("0209T0900")))]).await;
    assert_eq!(news.guests.len(), 1);
    assert_eq!((house.dates(LEA).await.len(), house.dates(JEAN).await.len()), (4, 6));
    let news = house.after("CANCEL", BOTH, &[vevent((2, 2), BOTH, &range(off("0202T0900")))]).await;
    assert_eq!(news.guests.len(), 2);
    assert_eq!((house.dates(LEA).await.len(), house.dates(JEAN).await.len()), (3, 3));
    // From the second on an hour later.
    let news = house.after("REQUEST", BOTH, &[vevent((3, 3), BOTH, &range(moved("0119T0900", "0119T1000")))]).await;
    assert_eq!(news.guests.len(), 2);
    assert_eq!(house.dates(JEAN).await, ["20260112T0800", "20260119T0900", "20260126T0900"]);
    let sequence = house.guest(JEAN).await.sequence();
    let range_of_second = SECOND.replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;");
    let news = house.answered(JEAN, "REPLY", &[("DECLINED", sequence, 50, &range_of_second)]).await;
    assert_eq!(news.answers, ["REPLY 3 [20260119T090000 20260119T100000 DECLINED]"]);
    assert_eq!(house.response(JEAN).await, "NEEDS-ACTION 20260119T0800=DECLINED 20260126T0800=DECLINED");
}

#[tokio::test]
async fn a_later_answer_to_one_instance_stands_beside_an_earlier_one_to_all_that_follow() {
    let house = weekly(&[JEAN]).await;
    house.answered(JEAN, "REPLY", &[("ACCEPTED", 0, 30, THIRD)]).await;
    let range_of_second = SECOND.replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;");
    let news = house.answered(JEAN, "REPLY", &[("DECLINED", 0, 20, &range_of_second)]).await;
    // The organizer's program would take the range for all of them.
    let told = ["REPLY 0 [20260119T090000 20260119T090000 DECLINED]", "REPLY 0 [20260126T090000 20260126T090000 ACCEPTED]"];
    assert_eq!(news.answers, told);
    let jean = house.guest(JEAN).await;
    let answers = ["2026-01-19T08:00:00Z", "2026-01-26T08:00:00Z", "2026-02-02T08:00:00Z"].map(|id| own_answer(&jean, id));
    assert_eq!(answers, [Some(PartStat::Declined), Some(PartStat::Accepted), Some(PartStat::Declined)]);
}

#[tokio::test]
async fn dates_are_added() {
    let house = weekly(&[JEAN]).await;
    let added = format!("DTSTART;TZID={ZONE}:20260122T140000\nDTEND;TZID={ZONE}:20260122T150000\nSUMMARY:Point de plus");
    let news = house.after("ADD", &[JEAN], &[vevent((1, 1), &[JEAN], &added)]).await;
    assert_eq!(news.guests, ["jean REQUEST 1 [* 20260112T090000 NEEDS-ACTION] [20260122T140000 20260122T140000 NEEDS-ACTION]"]);
    assert_eq!(house.dates(JEAN).await.len(), 7);
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
    let news = house.answered(JEAN, "REPLY", &[("ACCEPTED", 1, 40, "RECURRENCE-ID:20260122T130000Z")]).await;
    assert_eq!(news.answers, ["REPLY 1 [20260122T140000 20260122T140000 ACCEPTED]"]);
}

#[tokio::test]
async fn whole_days_and_clocks_without_zone() {
    let house = House::build().await;
    let days = "DTSTART;VALUE=DATE:20260112\nDTEND;VALUE=DATE:20260113\nRRULE:FREQ=WEEKLY;UNTIL=20260216\nEXDATE;VALUE=DATE:20260126\nSUMMARY:Garde";
    let news = house.after("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], days)]).await;
    assert_eq!(news.guests, ["jean REQUEST 0 [* 20260112 NEEDS-ACTION -20260126]"]);
    assert_eq!(house.dates(JEAN).await.len(), 5);
    // A day is named as a day by the organizer, and by the guest's program as a day or as its midnight in UTC.
    let moved = "RECURRENCE-ID;VALUE=DATE:20260119\nDTSTART;VALUE=DATE:20260120\nDTEND;VALUE=DATE:20260121\nSUMMARY:Garde";
    let news = house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], moved)]).await;
    assert_eq!(news.guests, ["jean REQUEST 1 [* 20260112 NEEDS-ACTION -20260126] [20260119 20260120 NEEDS-ACTION]"]);
    let news = house.answered(JEAN, "REPLY", &[("ACCEPTED", 1, 40, "RECURRENCE-ID;VALUE=DATE:20260119")]).await;
    assert_eq!(news.answers, ["REPLY 1 [20260119 20260120 ACCEPTED]"]);
    let news = house.answered(JEAN, "REPLY", &[("DECLINED", 1, 41, "RECURRENCE-ID:20260202T000000Z")]).await;
    assert_eq!(news.answers, ["REPLY 0 [20260202 20260202 DECLINED]"]);

    let house = House::build().await;
    let floating =
        "DTSTART:20260112T090000\nDTEND:20260112T094500\nRRULE:FREQ=WEEKLY;UNTIL=20260202\nEXDATE;VALUE=DATE:20260119\nSUMMARY:Point";
    let news = house.after("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], floating)]).await;
    assert_eq!(news.guests, ["jean REQUEST 0 [* 20260112T090000 NEEDS-ACTION -20260119T090000]"]);
    // UNTIL is a day: what starts on it belongs to it.
    assert_eq!(house.dates(JEAN).await, ["20260112T0800", "20260126T0800", "20260202T0800"]);
    let news = house.answered(JEAN, "REPLY", &[("ACCEPTED", 0, 40, THIRD)]).await;
    assert_eq!(news.answers, ["REPLY 0 [20260126T090000 20260126T090000 ACCEPTED]"]);
}

#[tokio::test]
async fn instances_named_as_a_day_or_in_utc_by_the_organizer() {
    let house = weekly(&[JEAN]).await;
    let by_day = moved("0119T0900", "0120T1400").replace(&format!(";TZID={ZONE}:20260119T090000"), ";VALUE=DATE:20260119");
    let news = house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], &by_day)]).await;
    assert_eq!(news.guests, ["jean REQUEST 1 [* 20260112T090000 NEEDS-ACTION] [20260119T090000 20260120T140000 NEEDS-ACTION]"]);
    let in_utc = off("0119T0900").replace(&format!("RECURRENCE-ID;TZID={ZONE}:20260119T090000"), "RECURRENCE-ID:20260119T080000Z");
    let news = house.after("CANCEL", &[JEAN], &[vevent((2, 2), &[JEAN], &in_utc)]).await;
    assert_eq!(news.guests, ["jean REQUEST 2 [* 20260112T090000 NEEDS-ACTION -20260119T090000]"]);
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
}

#[tokio::test]
async fn dates_that_are_periods_have_a_length_of_their_own() {
    let house = House::build().await;
    let lines = "DTSTART:20260112T080000Z\nDTEND:20260112T084500Z\nRDATE;VALUE=PERIOD:20260114T080000Z/PT3H,20260115T080000Z/20260115T090000Z\nSUMMARY:Point";
    let news = house.after("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], lines)]).await;
    assert_eq!(news.guests.len(), 1);
    assert_eq!(house.dates(JEAN).await, ["20260112T0800", "20260114T0800", "20260115T0800"]);
    let lengths: Vec<i64> = house
        .meeting()
        .await
        .0
        .event
        .coming(chrono::DateTime::UNIX_EPOCH, 9)
        .iter()
        .map(|one| (one.instance.ends_at - one.instance.starts_at).num_minutes())
        .collect();
    assert_eq!(lengths, [45, 180, 60]);
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
    // A second time with one of them moved.
    let moved = "RECURRENCE-ID:20260114T080000Z\nDTSTART:20260114T100000Z\nDTEND:20260114T110000Z\nSUMMARY:Point";
    house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], moved)]).await;
    assert_eq!(house.dates(JEAN).await, ["20260112T0800", "20260114T1000", "20260115T0800"]);
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
    let news = house.answered(JEAN, "REPLY", &[("ACCEPTED", 1, 40, "RECURRENCE-ID:20260115T080000Z")]).await;
    assert_eq!(news.answers, ["REPLY 0 [20260115T080000Z 20260115T080000Z ACCEPTED]"]);
}

#[tokio::test]
async fn another_title_of_one_instance_asks_for_nothing() {
    let house = weekly(&[JEAN]).await;
    house.answered(JEAN, "REPLY", &[("ACCEPTED", 0, 20, ""), ("DECLINED", 0, 20, SECOND)]).await;
    let lines = moved("0119T0900", "0119T0900").replace("T100000", "T094500").replace("hebdo", "budget");
    let news = house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], &lines)]).await;
    assert_eq!(news.guests, ["jean REQUEST 0 [* 20260112T090000 ACCEPTED] [20260119T090000 20260119T090000 DECLINED]"]);
    assert_eq!(house.response(JEAN).await, "ACCEPTED 20260119T0800=DECLINED");
}

#[tokio::test]
async fn another_time_of_day_is_another_series() {
    let house = weekly(&[JEAN]).await;
    house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], &moved("0119T0900", "0120T1400"))]).await;
    house.answered(JEAN, "REPLY", &[("ACCEPTED", 1, 20, ""), ("DECLINED", 1, 20, SECOND)]).await;
    let later = WEEKLY.replace("T090000", "T100000").replace("T094500", "T104500");
    let news = house.after("REQUEST", &[JEAN], &[vevent((2, 2), &[JEAN], &later)]).await;
    assert_eq!(news.guests, ["jean REQUEST 2 [* 20260112T100000 NEEDS-ACTION]"]);
    assert_eq!(house.response(JEAN).await, "NEEDS-ACTION");
    let (meeting, _) = house.meeting().await;
    assert!(is_well_formed(&meeting.organizer_object));
    assert_eq!(vevents(&meeting.organizer_object).len(), 1);
    assert_eq!(house.dates(JEAN).await[..2], ["20260112T0900", "20260119T0900"]);
    // A late word about an instance of the old time is one about nothing.
    house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], &moved("0126T0900", "0127T1400"))]).await;
    assert_eq!(house.dates(JEAN).await.len(), 6);
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
}

#[tokio::test]
async fn another_time_is_proposed_for_an_instance() {
    let house = weekly(&[JEAN]).await;
    let proposed = format!("{SECOND}\nDTSTART:20260119T130000Z\nDTEND:20260119T134500Z");
    let guest = house.guest(JEAN).await;
    let to = house.address(Purpose::OrganizerAlias, guest.id);
    let propose = |minute| answer_mail(JEAN, &guest.uid.0, "COUNTER", &[("TENTATIVE", 0, minute, &proposed)]);
    house.accept(Mx, JEAN, &to, &propose(20)).await;
    let sent = house.sent().await;
    let text = String::from_utf8(of_purpose(&sent, OutboxPurpose::Organizer)[0].calendars[0].bytes.clone()).unwrap();
    for line in [
        "METHOD:COUNTER",
        "RECURRENCE-ID;TZID=Romance Standard Time:20260119T090000",
        "DTSTART:20260119T130000Z",
        "X-MS-OLK-ORIGINALSTART:20260119T080000Z",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(has_proposal(&house.guest(JEAN).await));
    // Another instance moves: it stays open. The instance itself: it was answered.
    house.after("REQUEST", &[JEAN], &[vevent((1, 1), &[JEAN], &moved("0126T0900", "0126T1400"))]).await;
    assert!(has_proposal(&house.guest(JEAN).await));
    let news = house.after("REQUEST", &[JEAN], &[vevent((1, 2), &[JEAN], &moved("0119T0900", "0119T1400"))]).await;
    assert_eq!(news.guests.len(), 1);
    assert!(!has_proposal(&house.guest(JEAN).await));
    // The same for the whole.
    let whole = "DTSTART:20260112T130000Z\nDTEND:20260112T134500Z";
    house.answered(JEAN, "COUNTER", &[("TENTATIVE", 2, 50, whole)]).await;
    assert!(has_proposal(&house.guest(JEAN).await));
    let afternoon = WEEKLY.replace("T090000", "T140000").replace("T094500", "T144500");
    house.after("REQUEST", &[JEAN], &[vevent((3, 3), &[JEAN], &afternoon)]).await;
    assert!(!has_proposal(&house.guest(JEAN).await));
}

#[tokio::test]
async fn a_proposal_for_an_instance_that_is_taken_off_is_closed() {
    let house = weekly(&[JEAN]).await;
    house.answered(JEAN, "COUNTER", &[("TENTATIVE", 0, 20, &format!("{SECOND}\nDTSTART:20260119T130000Z\nDTEND:20260119T134500Z"))]).await;
    assert!(has_proposal(&house.guest(JEAN).await));
    house.after("CANCEL", &[JEAN], &[vevent((1, 1), &[JEAN], &off("0119T0900"))]).await;
    assert!(!has_proposal(&house.guest(JEAN).await));
}

#[tokio::test]
async fn a_proposal_that_an_answer_overtook_stays_closed() {
    let house = weekly(&[JEAN]).await;
    house.answered(JEAN, "REPLY", &[("ACCEPTED", 0, 30, SECOND)]).await;
    let news = house
        .answered(JEAN, "COUNTER", &[("TENTATIVE", 0, 20, &format!("{SECOND}\nDTSTART:20260119T130000Z\nDTEND:20260119T134500Z"))])
        .await;
    assert!(!has_proposal(&house.guest(JEAN).await) && news.answers.is_empty());
}

#[tokio::test]
async fn an_instance_has_its_own_sequence() {
    // As Google counts: the instance was moved twice, the whole never.
    let house = weekly(&[JEAN]).await;
    house.after("REQUEST", &[JEAN], &[vevent((2, 2), &[JEAN], &moved("0119T0900", "0120T1400"))]).await;
    house.after("CANCEL", &[JEAN], &[master((1, 5), &[JEAN], "")]).await;
    assert!(house.guest(JEAN).await.removed_at.is_some());
    let late = house.after("REQUEST", &[JEAN], &[vevent((3, 3), &[JEAN], &moved("0119T0900", "0120T1500"))]).await;
    assert!(late.guests.is_empty(), "the whole was cancelled after it: {:?}", late.guests);
    // And a whole that has more revisions than its instance says nothing against a newer word about that.
    let house = weekly(&[JEAN]).await;
    let exception = vevent((0, 2), &[JEAN], &moved("0119T0900", "0120T1400"));
    house.after("REQUEST", &[JEAN], &[master((3, 3), &[JEAN], ""), exception]).await;
    house.after("REQUEST", &[JEAN], &[vevent((1, 5), &[JEAN], &moved("0119T0900", "0121T1400"))]).await;
    assert_eq!(house.dates(JEAN).await[1], "20260121T1300");
}

#[tokio::test]
async fn the_cancellation_of_an_instance_for_a_guest_overtakes_their_invitation() {
    let house = weekly(&[JEAN]).await;
    let news = house.after("CANCEL", &[LEA], &[vevent((1, 5), &[LEA], &off("0126T0900"))]).await;
    assert!(news.guests.is_empty());
    let news = house.after("REQUEST", &[LEA], &[master((0, 0), BOTH, "")]).await;
    assert_eq!(news.guests, ["lea REQUEST 0 [* 20260112T090000 NEEDS-ACTION -20260126T090000]"]);
    assert_eq!(house.dates(JEAN).await.len(), 6);
}
