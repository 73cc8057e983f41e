//! What a guest must not learn of a series that they have a part of, and what neither a guest nor an organizer can make the gateway
//! do: mail by the hundred, answers without end, objects that nobody can read any more.

use crate::support;

use paravent::domain::delivery::{OutboxItem, OutboxPurpose};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use support::house::{House, JEAN, LEA, ORGANIZER, mailbox, of_purpose, parsed, words};
use support::series::{ZONE, answer_mail, is_well_formed, moved, vevent};

const DAILY: &str = "DTSTART:20260112T080000Z\nDTEND:20260112T084500Z\nRRULE:FREQ=DAILY\nSUMMARY:Point du jour";
const WEEKLY: &str = "DTSTART;TZID=Romance Standard Time:20260112T090000\nDTEND;TZID=Romance Standard Time:20260112T094500\n\
                      RRULE:FREQ=WEEKLY;COUNT=6\nSUMMARY:Comité secret\nDESCRIPTION:Fermeture du site";

/// RECURRENCE-IDs of the days from the first on.
fn days(first: &str, count: usize) -> Vec<String> {
    let first: chrono::NaiveDate = first.parse().unwrap();
    first.iter_days().take(count).map(|day| format!("RECURRENCE-ID:{}T080000Z", day.format("%Y%m%d"))).collect()
}

/// Jean's answer to each of these.
async fn answer_each(house: &House, minute: u32, ids: &[String]) {
    let guest = house.guest(JEAN).await;
    let events: Vec<_> = ids.iter().map(|id| ("DECLINED", 0, minute, id.as_str())).collect();
    let to = house.address(Purpose::OrganizerAlias, guest.id);
    house.accept(Mx, JEAN, &to, &answer_mail(JEAN, &guest.uid.0, "REPLY", &events)).await;
}

fn to_organizer(items: &[OutboxItem]) -> usize {
    items.iter().filter(|item| item.recipient == mailbox(ORGANIZER)).count()
}

/// Every byte that a guest can read of a mail, decoded.
fn readable(item: &OutboxItem) -> String {
    let mail = parsed(item);
    let parts = mail.parts.iter().map(|part| String::from_utf8_lossy(&part.bytes).into_owned());
    let objects = mail.calendars.iter().map(|part| String::from_utf8_lossy(&part.bytes).into_owned());
    let unfolded = parts.chain(objects).collect::<Vec<_>>().join("\n").replace("\r\n ", "");
    format!("{}\n{}\n{unfolded}", mail.subject, mail.text)
}

async fn daily() -> House {
    let house = House::build().await;
    house.order("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], DAILY)]).await;
    house.sent().await;
    house
}

#[tokio::test]
async fn a_thousand_answers_at_once_wait_for_a_person() {
    let house = daily().await;
    for (minute, count) in [(20, 1_000), (21, 61)] {
        answer_each(&house, minute, &days("2026-01-12", count)).await;
        assert_eq!(to_organizer(&house.sent().await), 0, "{count}");
        assert!(house.guest(JEAN).await.attendance.response.instances.is_empty());
    }
    assert_eq!(house.bell.0.lock().unwrap().len(), 2, "a person is told");
    answer_each(&house, 22, &days("2026-01-12", 60)).await;
    assert_eq!(to_organizer(&house.sent().await), 60);
}

#[tokio::test]
async fn answers_do_not_gather_without_end() {
    let house = daily().await;
    for (minute, first) in
        [(20, "2026-01-12"), (21, "2026-03-13"), (22, "2026-05-12"), (23, "2026-07-11"), (24, "2026-09-09"), (25, "2026-11-08")]
    {
        answer_each(&house, minute, &days(first, 60)).await;
    }
    assert_eq!(house.guest(JEAN).await.attendance.response.instances.len(), 300, "the sixth is too many");
    assert_eq!(to_organizer(&house.sent().await), 300);
    // Much later those of the year before are forgotten, and can't be given any more.
    house.clock.move_by(chrono::TimeDelta::days(500));
    answer_each(&house, 30, &days("2027-06-01", 1)).await;
    assert_eq!(house.guest(JEAN).await.attendance.response.instances.len(), 1);
    assert_eq!(to_organizer(&house.sent().await), 1);
    answer_each(&house, 31, &days("2026-02-01", 2)).await;
    assert_eq!(house.guest(JEAN).await.attendance.response.instances.len(), 1);
    assert_eq!(to_organizer(&house.sent().await), 0);
}

/// Léa is invited to the second and the fourth instance alone, which have words of their own.
async fn lea_has_two() -> (House, Vec<OutboxItem>) {
    let house = House::build().await;
    house.order("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], WEEKLY)]).await;
    house.sent().await;
    let own = |id: &str| vevent((0, 1), &[JEAN, LEA], &moved(id, id));
    let events = [vevent((0, 1), &[JEAN], WEEKLY), own("0119T0900"), own("0202T0900")];
    house.order("REQUEST", &[LEA], &events).await;
    let sent = house.sent().await;
    (house, sent)
}

#[tokio::test]
async fn the_words_of_the_whole_are_not_for_who_knows_single_instances() {
    let (_, sent) = lea_has_two().await;
    let told: Vec<String> = sent.iter().filter(|item| item.recipient == mailbox(LEA)).map(readable).collect();
    assert!(told.len() == 1 && told[0].contains("RRULE") && told[0].contains("Point hebdo"), "{told:?}");
    assert!(!told[0].contains("secret") && !told[0].contains("Fermeture"), "{}", told[0]);
}

#[tokio::test]
async fn a_refused_proposal_names_no_instance_of_others() {
    let (house, _) = lea_has_two().await;
    let lea = house.guest(LEA).await;
    let proposed = "DTSTART:20260119T130000Z\nDTEND:20260119T134500Z";
    let to = house.address(Purpose::OrganizerAlias, lea.id);
    house.accept(Mx, LEA, &to, &answer_mail(LEA, &lea.uid.0, "COUNTER", &[("TENTATIVE", 0, 20, proposed)])).await;
    assert_eq!(to_organizer(&house.sent().await), 1);
    // The organizer's program names the third, of which Léa knows nothing.
    let declined = format!("RECURRENCE-ID;TZID={ZONE}:20260126T090000\nCOMMENT:Trop tard");
    let mail = support::series::order_mail("DECLINECOUNTER", &[LEA], &[vevent((0, 30), &[LEA], &declined)]);
    house.give(Submission, ORGANIZER, &[LEA], &mail).await;
    let sent = house.sent().await;
    let told: Vec<String> = sent.iter().filter(|item| item.recipient == mailbox(LEA)).map(readable).collect();
    assert!(told.len() == 1 && told[0].contains("DECLINECOUNTER") && told[0].contains("Trop tard"), "{told:?}");
    assert!(!told[0].contains("20260126") && !told[0].contains("26 janvier"), "{}", told[0]);
}

#[tokio::test]
async fn what_a_guest_is_invited_to_is_over_while_the_series_goes_on() {
    let house = House::build().await;
    house.order("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], DAILY)]).await;
    let one = "RECURRENCE-ID:20260119T080000Z\nDTSTART:20260119T080000Z\nDTEND:20260119T084500Z\nSUMMARY:Point du jour";
    house.order("REQUEST", &[LEA], &[vevent((0, 1), &[JEAN, LEA], one)]).await;
    house.sent().await;
    let to = house.address(Purpose::OrganizerAlias, house.guest(LEA).await.id);
    house.clock.move_by(chrono::TimeDelta::days(60));
    house.accept(Mx, LEA, &to, &words(LEA, &to, "late-1@cabinet.example", "Et la suite ?")).await;
    assert_eq!(to_organizer(&house.sent().await), 0, "words after the end wait for a person, as they do of a single meeting");
    let to = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    house.accept(Mx, JEAN, &to, &words(JEAN, &to, "now-1@hopital.example", "À demain.")).await;
    assert_eq!(to_organizer(&house.sent().await), 1);
}

#[tokio::test]
async fn a_late_date_with_an_end_makes_no_second_master() {
    let house = House::build().await;
    house.order("REQUEST", &[JEAN], &[vevent((1, 9), &[JEAN], DAILY)]).await;
    house.order("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], &format!("{DAILY}\nRDATE;VALUE=PERIOD:20260301T080000Z/PT3H"))]).await;
    assert!(is_well_formed(&house.meeting().await.0.organizer_object));
}

#[tokio::test]
async fn what_an_organizers_program_piles_up_leaves_answers_possible() {
    let house = daily().await;
    let heap = format!("X-HEAP:{}\nATTACH:{}\nDESCRIPTION:Ordre du jour\n", "x".repeat(900_000), "y".repeat(900_000));
    for (minute, day) in [(1, 13), (2, 14), (3, 15)] {
        let times = format!("RECURRENCE-ID:202601{day}T080000Z\nDTSTART:202601{day}T090000Z\nDTEND:202601{day}T100000Z\nSUMMARY:Autre");
        house.order("REQUEST", &[JEAN], &[vevent((0, minute), &[JEAN], &format!("{heap}{times}"))]).await;
    }
    house.sent().await;
    let object = house.meeting().await.0.organizer_object;
    assert!(object.len() < 10_000 && is_well_formed(&object), "{}", object.len());
    answer_each(&house, 40, &days("2026-01-20", 1)).await;
    assert_eq!(to_organizer(&house.sent().await), 1);
}

#[tokio::test]
async fn texts_of_instances_have_a_bound_all_together() {
    let house = daily().await;
    let text = "lorem ipsum ".repeat(1_600);
    let one = |day: usize| {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 12).unwrap() + chrono::Days::new(u64::try_from(day).unwrap());
        let at = day.format("%Y%m%d");
        let times = format!("RECURRENCE-ID:{at}T080000Z\nDTSTART:{at}T090000Z\nDTEND:{at}T100000Z\nSUMMARY:Autre\nDESCRIPTION:{text}");
        vevent((0, 1), &[JEAN], &times)
    };
    let events: Vec<String> = (0..40).map(one).collect();
    house.order("REQUEST", &[JEAN], &events).await;
    let sent = house.sent().await;
    assert_eq!(sent.len(), 1, "the organizer is told why");
    let told = &of_purpose(&sent, OutboxPurpose::Organizer)[0].text;
    assert!(told.contains("500000 B"), "{told}");
    house.order("REQUEST", &[JEAN], &events[..20]).await;
    assert_eq!(house.sent().await.len(), 2);
}

#[tokio::test]
async fn an_answer_to_all_that_was_known_is_none_to_an_instance_that_comes_new() {
    let (house, _) = lea_has_two().await;
    let news = house.answered(LEA, "REPLY", &[("ACCEPTED", 0, 20, "")]).await;
    assert_eq!(news.answers.len(), 2);
    let news = house.after("REQUEST", &[LEA], &[vevent((1, 40), &[JEAN, LEA], &moved("0209T0900", "0209T0900"))]).await;
    let [second, fourth, fifth] = [("0119", "ACCEPTED"), ("0202", "ACCEPTED"), ("0209", "NEEDS-ACTION")]
        .map(|(day, partstat)| format!("[2026{day}T090000 2026{day}T090000 {partstat}]"));
    assert!(news.guests.len() == 1 && news.guests[0].ends_with(&format!("{second} {fourth} {fifth}")), "{:?}", news.guests);
}

#[tokio::test]
async fn whole_days_of_which_one_has_a_clock_and_lists_that_have_one() {
    let house = House::build().await;
    let days = "DTSTART;VALUE=DATE:20260112\nDTEND;VALUE=DATE:20260113\nRRULE:FREQ=DAILY;COUNT=5\nSUMMARY:Salon\nEXDATE:20260113T000000Z";
    let timed = "RECURRENCE-ID;VALUE=DATE:20260114\nDTSTART:20260114T083000Z\nDTEND:20260114T093000Z\nSUMMARY:Salon";
    house.order("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], days), vevent((0, 0), &[JEAN], timed)]).await;
    assert_eq!(house.dates(JEAN).await, ["20260111T2300", "20260114T0830", "20260114T2300", "20260115T2300"]);
    let told = &house.news().await.guests;
    assert_eq!(*told, ["jean REQUEST 0 [* 20260112 NEEDS-ACTION -20260113] [20260114 20260114T083000Z NEEDS-ACTION]"]);
}

#[tokio::test]
async fn a_whole_day_on_which_the_clock_changes_is_a_day() {
    let house = House::build().await;
    let days = "DTSTART;VALUE=DATE:20260327\nDTEND;VALUE=DATE:20260328\nRRULE:FREQ=DAILY;COUNT=4\nSUMMARY:Salon";
    house.order("REQUEST", &[JEAN], &[vevent((0, 0), &[JEAN], days)]).await;
    house.sent().await;
    let event = house.meeting().await.0.event;
    for one in event.coming(chrono::DateTime::UNIX_EPOCH, 9) {
        assert!(event.days_of(one.instance.starts_at, one.instance.ends_at).is_some(), "{one:?}");
    }
    house.answered(JEAN, "REPLY", &[("DECLINED", 0, 20, "RECURRENCE-ID;VALUE=DATE:20260329")]).await;
    let news = house.after("REQUEST", &[JEAN], &[vevent((1, 10), &[JEAN], &days.replace("Salon", "Foire"))]).await;
    assert_eq!(news.guests, ["jean REQUEST 0 [* 20260327 NEEDS-ACTION] [20260329 20260329 DECLINED]"]);
}
