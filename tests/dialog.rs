//! One dialog of a series from the first invitation to the last cancellation: beside real servers, where each party's mailbox
//! has exactly what it should; and in process, where any two messages that are under way at the same time may change places.

use crate::support;

use paravent::domain::mime::{self, InboundMail, MimeLimits};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::Mx;
use support::house::{House, JEAN, LEA, ORGANIZER};
use support::net::Imap;
use support::series::{WEEKLY, ZONE, answer_mail, has_proposal, moved, off, order_mail, shown, vevent};
use support::stage::Stage;

const BOTH: &[&str] = &[JEAN, LEA];

/// What one party sends.
#[derive(Clone)]
enum Sends {
    /// The organizer: METHOD, to whom, VEVENTs.
    Order(&'static str, &'static [&'static str], Vec<String>),
    /// A guest: METHOD, and the VEVENTs with how many revisions behind the newest they were written.
    Answer(&'static str, &'static str, Vec<(&'static str, u32, String)>),
}

/// What is sent, and what comes of it: to Jean, to Léa, and the answers to the organizer. Each order has a summary beside.
struct Step {
    sends: Sends,
    jean: &'static str,
    lea: &'static str,
    answers: &'static [&'static str],
}

fn order(method: &'static str, to: &'static [&'static str], events: Vec<String>, jean: &'static str, lea: &'static str) -> Step {
    // Far enough ahead of any clock.
    let events = events.into_iter().map(|event| in_2031(&event)).collect();
    Step { sends: Sends::Order(method, to, events), jean, lea, answers: &[] }
}

fn answer(who: &'static str, said: &[(&'static str, u32, &str)], answers: &'static [&'static str]) -> Step {
    let said = said.iter().map(|(partstat, behind, lines)| (*partstat, *behind, in_2031(lines))).collect();
    Step { sends: Sends::Answer(who, "REPLY", said), jean: "", lea: "", answers }
}

/// A stale answer: the guest gets the newest invitation again.
fn stale(who: &'static str, said: &[(&'static str, u32, &str)], again: &'static str) -> Step {
    let step = answer(who, said, &[]);
    if who == JEAN { Step { jean: again, ..step } } else { Step { lea: again, ..step } }
}

fn counter(who: &'static str, lines: &str, answers: &'static [&'static str]) -> Step {
    let said = vec![("TENTATIVE", 0, in_2031(lines))];
    Step { sends: Sends::Answer(who, "COUNTER", said), jean: "", lea: "", answers }
}

fn in_2031(lines: &str) -> String {
    let stamped = |line: &str| if line.starts_with("DTSTAMP") { line.to_owned() } else { line.replace("2026", "2031") };
    lines.split('\n').map(stamped).collect::<Vec<_>>().join("\n")
}

/// The RECURRENCE-ID of an instance as Léa's and Jean's programs write it.
fn at(id: &str) -> String {
    format!("RECURRENCE-ID;TZID=Europe/Paris:2026{id}00")
}

fn master(revision: (u32, u32), guests: &[&str], hour: u32, more: &str) -> String {
    let lines = WEEKLY.replace("T0900", &format!("T{hour:02}00")).replace("T0945", &format!("T{hour:02}45"));
    vevent(revision, guests, &format!("{lines}{more}"))
}

/// Sundays in Paris at nine, six times from 12 January 2031 on.
fn dialog() -> Vec<Step> {
    let added = format!("DTSTART;TZID={ZONE}:20260122T140000\nDTEND;TZID={ZONE}:20260122T150000\nSUMMARY:Point de plus");
    let proposed = |id: &str, day: &str| {
        let times = format!("DTSTART:2026{day}T140000Z\nDTEND:2026{day}T144500Z");
        if id.is_empty() { times } else { format!("{}\n{times}", at(id)) }
    };
    vec![
        order(
            "REQUEST",
            BOTH,
            vec![master((0, 0), BOTH, 9, "")],
            "REQUEST 0 [* 20310112T090000 NEEDS-ACTION]",
            "REQUEST 0 [* 20310112T090000 NEEDS-ACTION]",
        ),
        answer(JEAN, &[("ACCEPTED", 0, "")], &["REPLY 0 [* 20310112T090000 ACCEPTED]"]),
        answer(LEA, &[("TENTATIVE", 0, "")], &["REPLY 0 [* 20310112T090000 TENTATIVE]"]),
        answer(JEAN, &[("DECLINED", 0, &at("0126T0900"))], &["REPLY 0 [20310126T090000 20310126T090000 DECLINED]"]),
        answer(
            LEA,
            &[("ACCEPTED", 0, ""), ("DECLINED", 0, &at("0119T0900"))],
            &["REPLY 0 [* 20310112T090000 ACCEPTED]", "REPLY 0 [20310119T090000 20310119T090000 DECLINED]"],
        ),
        // One instance moves.
        order(
            "REQUEST",
            BOTH,
            vec![vevent((1, 1), BOTH, &moved("0119T0900", "0120T1400"))],
            "REQUEST 1 [* 20310112T090000 ACCEPTED] [20310119T090000 20310120T140000 NEEDS-ACTION] [20310126T090000 20310126T090000 DECLINED]",
            "REQUEST 1 [* 20310112T090000 ACCEPTED] [20310119T090000 20310120T140000 NEEDS-ACTION]",
        ),
        stale(
            JEAN,
            &[("ACCEPTED", 1, &at("0119T0900"))],
            "REQUEST 1 [* 20310112T090000 ACCEPTED] [20310119T090000 20310120T140000 NEEDS-ACTION] [20310126T090000 20310126T090000 DECLINED]",
        ),
        answer(JEAN, &[("ACCEPTED", 0, &at("0119T0900"))], &["REPLY 1 [20310119T090000 20310120T140000 ACCEPTED]"]),
        // Another time is proposed for one, and taken.
        counter(LEA, &proposed("0202T0900", "0202"), &["COUNTER 0 [20310202T090000 20310202T140000Z ACCEPTED]"]),
        order(
            "REQUEST",
            BOTH,
            vec![vevent((1, 2), BOTH, &moved("0202T0900", "0202T1500"))],
            "REQUEST 2 [* 20310112T090000 ACCEPTED] [20310119T090000 20310120T140000 ACCEPTED] [20310126T090000 20310126T090000 DECLINED] [20310202T090000 20310202T150000 NEEDS-ACTION]",
            "REQUEST 2 [* 20310112T090000 ACCEPTED] [20310119T090000 20310120T140000 NEEDS-ACTION] [20310202T090000 20310202T150000 NEEDS-ACTION]",
        ),
        answer(LEA, &[("ACCEPTED", 0, &at("0202T0900"))], &["REPLY 1 [20310202T090000 20310202T150000 ACCEPTED]"]),
        // One is off for all, and one for Léa.
        order(
            "CANCEL",
            BOTH,
            vec![vevent((1, 3), BOTH, &off("0209T0900"))],
            "REQUEST 3 [* 20310112T090000 ACCEPTED -20310209T090000] [20310119T090000 20310120T140000 ACCEPTED] [20310126T090000 20310126T090000 DECLINED] [20310202T090000 20310202T150000 NEEDS-ACTION]",
            "REQUEST 3 [* 20310112T090000 ACCEPTED -20310209T090000] [20310119T090000 20310120T140000 NEEDS-ACTION] [20310202T090000 20310202T150000 ACCEPTED]",
        ),
        answer(JEAN, &[("ACCEPTED", 1, &at("0209T0900"))], &[]),
        order(
            "CANCEL",
            &BOTH[1..],
            vec![vevent((1, 4), &BOTH[1..], &off("0216T0900"))],
            "",
            "REQUEST 4 [* 20310112T090000 ACCEPTED -20310209T090000 -20310216T090000] [20310119T090000 20310120T140000 NEEDS-ACTION] [20310202T090000 20310202T150000 ACCEPTED]",
        ),
        answer(JEAN, &[("TENTATIVE", 0, &at("0216T0900"))], &["REPLY 0 [20310216T090000 20310216T090000 TENTATIVE]"]),
        // The whole is an hour later, as Outlook says it.
        order(
            "REQUEST",
            BOTH,
            vec![master((2, 5), BOTH, 10, &format!("\nEXDATE;TZID={ZONE}:20260209T100000"))],
            "REQUEST 4 [* 20310112T100000 NEEDS-ACTION -20310209T100000]",
            "REQUEST 5 [* 20310112T100000 NEEDS-ACTION -20310209T100000]",
        ),
        stale(JEAN, &[("ACCEPTED", 1, "")], "REQUEST 4 [* 20310112T100000 NEEDS-ACTION -20310209T100000]"),
        answer(JEAN, &[("ACCEPTED", 0, "")], &["REPLY 2 [* 20310112T100000 ACCEPTED]"]),
        answer(LEA, &[("DECLINED", 0, "")], &["REPLY 2 [* 20310112T100000 DECLINED]"]),
        // Léa is taken off, and comes to one of them.
        order("CANCEL", &BOTH[1..], vec![master((3, 6), &BOTH[1..], 10, "")], "", "CANCEL 6 [* 20310112T100000 DECLINED -20310209T100000]"),
        order(
            "REQUEST",
            &BOTH[1..],
            vec![vevent((3, 7), BOTH, &moved("0119T1000", "0119T1000"))],
            "",
            "REQUEST 7 [* 20310119T090000Z NEEDS-ACTION]",
        ),
        answer(LEA, &[("ACCEPTED", 0, "")], &["REPLY 3 [20310119T100000 20310119T100000 ACCEPTED]"]),
        // One more for Jean; with it he learns that Léa's is longer.
        order(
            "ADD",
            &BOTH[..1],
            vec![vevent((4, 8), &BOTH[..1], &added)],
            "REQUEST 5 [* 20310112T100000 ACCEPTED -20310209T100000] [20310119T100000 20310119T100000 NEEDS-ACTION] [20310122T140000 20310122T140000 ACCEPTED]",
            "",
        ),
        answer(JEAN, &[("DECLINED", 0, &at("0122T1400"))], &["REPLY 4 [20310122T140000 20310122T140000 DECLINED]"]),
        // Another time is proposed for the whole, and taken: Léa is in the list of one instance.
        counter(JEAN, &proposed("", "0112"), &["COUNTER 2 [* 20310112T140000Z ACCEPTED]"]),
        order(
            "REQUEST",
            BOTH,
            vec![master((5, 9), &BOTH[..1], 15, ""), vevent((5, 9), BOTH, &moved("0119T1500", "0119T1600"))],
            "REQUEST 6 [* 20310112T150000 NEEDS-ACTION] [20310119T150000 20310119T160000 NEEDS-ACTION]",
            "REQUEST 8 [* 20310119T150000Z NEEDS-ACTION]",
        ),
        answer(JEAN, &[("ACCEPTED", 0, "")], &["REPLY 5 [* 20310112T150000 ACCEPTED]"]),
        answer(LEA, &[("TENTATIVE", 0, "")], &["REPLY 5 [20310119T150000 20310119T160000 TENTATIVE]"]),
        answer(JEAN, &[("DECLINED", 0, &at("0119T1500"))], &["REPLY 5 [20310119T150000 20310119T160000 DECLINED]"]),
        order(
            "CANCEL",
            BOTH,
            vec![master((6, 10), BOTH, 15, "")],
            "CANCEL 7 [* 20310112T150000 ACCEPTED]",
            "CANCEL 9 [* 20310119T150000Z TENTATIVE]",
        ),
    ]
}

/// What is kept of both in the end.
const JEAN_KEPT: &str = "ACCEPTED 20310119T1400=DECLINED";
const LEA_KEPT: &str = "NEEDS-ACTION 20310119T1400=TENTATIVE";

/// The mail of an answer, by the UID and SEQUENCE that the guest's program knows.
fn written(sends: &Sends, minute: u32, uid: &str, sequence: u32) -> String {
    match sends {
        Sends::Order(method, to, events) => order_mail(method, to, events),
        Sends::Answer(who, method, said) => {
            let said: Vec<_> = said
                .iter()
                .map(|(partstat, behind, lines)| (*partstat, sequence.saturating_sub(*behind), minute, lines.as_str()))
                .collect();
            answer_mail(who, uid, method, &said)
        }
    }
}

fn minute_of(place: usize) -> u32 {
    u32::try_from(place).unwrap()
}

/// The step's mail as it is written now, and to whom it goes.
async fn write(house: &House, steps: &[Step], place: usize) -> (String, Option<String>) {
    let sends = &steps[place].sends;
    match sends {
        Sends::Order(..) => (written(sends, 0, "", 0), None),
        Sends::Answer(who, ..) => {
            let guest = house.guest(who).await;
            let mail = written(sends, minute_of(place), &guest.uid.0, guest.sequence());
            (mail, Some(house.address(Purpose::OrganizerAlias, guest.id)))
        }
    }
}

async fn give(house: &House, sends: &Sends, (mail, alias): (String, Option<String>)) {
    match (sends, alias) {
        (Sends::Answer(who, ..), Some(alias)) => house.accept(Mx, who, &alias, &mail).await,
        (Sends::Order(_, to, _), _) => house.give_order(&mail, to).await,
        (Sends::Answer(..), None) => unreachable!(),
    }
}

/// What is kept of both guests, and whether they have an open proposal.
async fn kept(house: &House) -> [(String, bool, Vec<String>); 2] {
    let mut kept = Vec::new();
    for who in BOTH {
        kept.push((house.response(who).await, has_proposal(&house.guest(who).await), house.dates(who).await));
    }
    kept.try_into().unwrap()
}

#[tokio::test]
async fn a_dialog_in_order() {
    let (house, steps) = (House::build().await, dialog());
    for (place, step) in steps.iter().enumerate() {
        let mail = write(&house, &steps, place).await;
        give(&house, &step.sends, mail).await;
        let news = house.news().await;
        let expected: Vec<String> = [("jean", step.jean), ("lea", step.lea)]
            .into_iter()
            .filter(|(_, told)| !told.is_empty())
            .map(|(who, told)| format!("{who} {told}"))
            .collect();
        assert_eq!(news.guests, expected, "step {place}");
        assert_eq!(news.answers, step.answers, "step {place}");
        assert_eq!(news.notes.len(), usize::from(matches!(step.sends, Sends::Order(..))), "step {place}");
    }
    assert_eq!((house.response(JEAN).await.as_str(), house.response(LEA).await.as_str()), (JEAN_KEPT, LEA_KEPT));
}

/// Whether two messages that follow each other may change places on their way: nobody wrote the second one because of the
/// first. Two answers of one guest are told apart by their DTSTAMPs, and orders by theirs.
fn may_cross(steps: &[Step], first: usize) -> bool {
    match (&steps[first].sends, &steps[first + 1].sends) {
        // Who answers when they are taken off already is brought before a person, and what they answered changes nothing.
        (Sends::Answer(who, ..), Sends::Order("CANCEL", to, events)) => !to.contains(who) || events[0].contains("RECURRENCE-ID"),
        (Sends::Order(..), Sends::Order(..)) | (Sends::Answer(..), Sends::Order(..) | Sends::Answer(..)) => true,
        // A guest answers what they have seen.
        (Sends::Order(_, to, _), Sends::Answer(who, _, said)) => !to.contains(who) || said.iter().all(|(_, behind, _)| *behind > 0),
    }
}

#[tokio::test]
async fn messages_that_cross_lead_to_the_same_attendance() {
    let steps = dialog();
    // What is kept after each step, in order.
    let in_order = House::build().await;
    let mut expected = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let mail = write(&in_order, &steps, place).await;
        give(&in_order, &step.sends, mail).await;
        expected.push(kept(&in_order).await);
    }
    let mut wrong = Vec::new();
    let mut crossed = 0;
    for first in (1..steps.len() - 1).filter(|first| may_cross(&steps, *first)) {
        crossed += 1;
        let house = House::build().await;
        for (place, step) in steps.iter().enumerate().filter(|(place, _)| *place != first + 1) {
            if place != first {
                let mail = write(&house, &steps, place).await;
                give(&house, &step.sends, mail).await;
                continue;
            }
            let mails = [write(&house, &steps, first).await, write(&house, &steps, first + 1).await];
            let [earlier, later] = mails;
            give(&house, &steps[first + 1].sends, later).await;
            give(&house, &steps[first].sends, earlier).await;
            let (found, meant) = (kept(&house).await, &expected[first + 1]);
            if found != *meant {
                wrong.push(format!("{first} after {}:\n  {found:?}\n  {meant:?}", first + 1));
            }
        }
        if kept(&house).await != expected[steps.len() - 1] {
            wrong.push(format!("{first} after {}: another end", first + 1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(crossed > 12, "only {crossed} pairs");
}

/// All mail of a mailbox: calendar objects as they are told in the steps, and subjects, of mails with an object and of others.
fn mailbox(imap: &mut Imap) -> (Vec<String>, Vec<String>, Vec<String>) {
    let mails: Vec<_> = imap.all().iter().map(|raw| mime::read(raw, &MimeLimits::default())).collect();
    let (objects, others): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| !mail.calendars.is_empty());
    let subjects = |mails: &[&InboundMail]| mails.iter().map(|mail| mail.subject.clone()).collect();
    (objects.iter().map(|mail| shown(mail)).collect(), subjects(&objects), subjects(&others))
}

/// The subjects of what a guest is told.
fn subjects(told: &[&str]) -> Vec<String> {
    let mut is_invited = false;
    let mut subject = |told: &&str| {
        let was_invited = std::mem::replace(&mut is_invited, told.starts_with("REQUEST"));
        let kind = match (was_invited, is_invited) {
            (false, _) => "Invitation",
            (true, true) => "Modification",
            (true, false) => "Annulation",
        };
        format!("{kind} : Point hebdo")
    };
    told.iter().map(&mut subject).collect()
}

/// The subject of an order's summary.
fn summary(place: usize, sends: &Sends) -> Option<String> {
    let Sends::Order(method, _, events) = sends else { return None };
    let done = match (place, *method) {
        (0, _) => "Invitations envoyées",
        (_, "CANCEL") if !events[0].contains("RECURRENCE-ID") => "Invités prévenus de l’annulation",
        _ => "Invités prévenus de la modification",
    };
    Some(format!("{done} : Point hebdo"))
}

#[test]
fn a_dialog_beside_postfix_and_dovecot() {
    let Some(stage) = Stage::set() else { return };
    let steps = dialog();
    let mut organizer = stage.dovecot.mailbox(ORGANIZER);
    let mut guests = [stage.dovecot.mailbox(JEAN), stage.dovecot.mailbox(LEA)];
    let (mut count, mut counts) = (0, [0, 0]);
    for (place, step) in steps.iter().enumerate() {
        match &step.sends {
            Sends::Order(_, to, _) => stage.organizer_sends(to, &crlf(&written(&step.sends, 0, "", 0))),
            Sends::Answer(who, ..) => {
                let own = &mut guests[usize::from(*who == LEA)];
                let newest = mime::read(&own.all().pop().unwrap(), &MimeLimits::default());
                let object = paravent::domain::itip::read(&newest.calendars[0].bytes).unwrap();
                let event = object.main_event().unwrap();
                let mail = written(&step.sends, minute_of(place), &event.uid, event.sequence);
                stage.guest_sends(who, &newest.author().unwrap().mailbox.to_string(), &crlf(&mail));
            }
        }
        // An order is summed up for the organizer beside.
        count += step.answers.len() + usize::from(matches!(step.sends, Sends::Order(..)));
        organizer.wait_for(count);
        for (of, told) in [step.jean, step.lea].into_iter().enumerate() {
            counts[of] += usize::from(!told.is_empty());
            guests[of].wait_for(counts[of]);
        }
    }
    let told = |pick: fn(&Step) -> &'static str| steps.iter().map(pick).filter(|told| !told.is_empty()).collect::<Vec<_>>();
    for (imap, told) in guests.iter_mut().zip([told(|step| step.jean), told(|step| step.lea)]) {
        let expected = (told.iter().map(|told| (*told).to_owned()).collect(), subjects(&told), vec![]);
        assert_eq!(mailbox(imap), expected);
    }
    let (mut answers, _, summaries) = mailbox(&mut organizer);
    // Several answers that one mail brought leave at the same time.
    let (mut told, mut at) = (Vec::new(), 0);
    for step in &steps {
        told.extend(sorted(step.answers.iter().map(|answer| (*answer).to_owned())));
        answers.get_mut(at..told.len()).into_iter().for_each(<[String]>::sort);
        at = told.len();
    }
    assert_eq!(answers, told);
    let expected: Vec<String> = steps.iter().enumerate().filter_map(|(place, step)| summary(place, &step.sends)).collect();
    assert_eq!(summaries, expected);
    for (who, whole, instance) in [(JEAN, "ACCEPTED", "DECLINED"), (LEA, "NEEDS-ACTION", "TENTATIVE")] {
        let response = &stage.attendance(who)["response"];
        assert_eq!((&response["partstat"], &response["instances"]["2031-01-19T14:00:00Z"]["partstat"]), (&whole.into(), &instance.into()));
    }
    assert!(stage.gateway.command(&["hold", "list", "--json"]).is_empty(), "nothing is left waiting");
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}
