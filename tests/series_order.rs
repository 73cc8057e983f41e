//! Messages about one series lead to the same end in whichever order they arrive, and however often: those of the organizer,
//! and the answers of a guest.
//!
//! Three things depend on the order, and are left out here (docs/calendar.md says the same):
//! 1. A cancellation of an instance that comes before anything else of its meeting finds nothing to be noted in.
//! 2. An instance that is off for everybody who is invited at that moment is off for the meeting: so nobody is taken off single
//!    instances alone here where others are taken off the whole, or where a guest's first invitation may be later.
//! 3. A series that moves away and back forgets the exceptions of the time between: a time of day never comes twice here.

use crate::support;

use paravent::domain::attendance::Response;
use paravent::domain::meeting::{Guest, MeetingStatus};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::Mx;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::house::{House, JEAN, LEA};
use support::series::{Answered, ZONE, answer_mail, dates_of, is_well_formed, order_mail, vevent};

/// Mondays from 12 January 2026 on.
const DAYS: [&str; 4] = ["0112", "0119", "0126", "0202"];
const BOTH: &[&str] = &[JEAN, LEA];

/// One message of the organizer.
#[derive(Clone, Debug)]
enum Word {
    /// The whole, maybe an hour later than before, with instances of its own.
    Whole { moves: bool, title: u8, excluded: Option<usize>, moved: Option<usize> },
    /// One instance, moved to this hour.
    One { day: usize, hour: usize },
    /// One instance is off, for these.
    Off { day: usize, to: usize },
    /// The whole is off, for these.
    Cancel { to: usize },
}

#[derive(Clone, Debug)]
struct Case {
    words: Vec<Word>,
    /// One message a guest, as some servers send them.
    apart: bool,
    /// Deliveries by the place of their word, twice as many where they are apart: a permutation with repetitions.
    order: Vec<usize>,
}

fn word() -> impl Strategy<Value = Word> {
    let some_day = || prop::option::weighted(0.3, 0..DAYS.len());
    prop_oneof![
        3 => (prop::bool::weighted(0.3), 0..2_u8, some_day(), some_day())
            .prop_map(|(moves, title, excluded, moved)| Word::Whole { moves, title, excluded, moved }),
        3 => (0..DAYS.len(), 14..18_usize).prop_map(|(day, hour)| Word::One { day, hour }),
        2 => (0..DAYS.len(), 0..3_usize).prop_map(|(day, to)| Word::Off { day, to }),
        2 => (0..3_usize).prop_map(|to| Word::Cancel { to }),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let words = prop::collection::vec(word(), 1..6).prop_map(|mut words| {
        words.insert(0, Word::Whole { moves: false, title: 0, excluded: None, moved: None });
        let cancels = words.iter().any(|word| matches!(word, Word::Cancel { .. }));
        for word in &mut words {
            if let Word::Off { to, .. } = word
                && cancels
            {
                *to = 0;
            }
        }
        words
    });
    (words, any::<bool>())
        .prop_flat_map(|(words, apart)| {
            // What depends on the order: 2.
            let apart = apart && !words.iter().any(|word| matches!(word, Word::Off { .. }));
            let count = words.len() * if apart { 2 } else { 1 };
            let again = prop::collection::vec(0..count, 0..3);
            let all: Vec<usize> = (0..count).collect();
            (Just((words, apart)), again.prop_flat_map(move |again| Just([all.clone(), again].concat()).prop_shuffle()))
        })
        .prop_map(|((words, apart), mut order)| {
            // What depends on the order: 1.
            if let Some(first) = order.iter().position(|place| apart || !matches!(words[*place], Word::Off { .. })) {
                order.swap(0, first);
            }
            Case { words, apart, order }
        })
}

fn envelope(to: usize) -> &'static [&'static str] {
    match to {
        0 => BOTH,
        1 => &BOTH[..1],
        _ => &BOTH[1..],
    }
}

/// The mails of the words, each with a SEQUENCE that counts what it is about on its own.
fn mails(words: &[Word]) -> Vec<(String, &'static [&'static str])> {
    let mut counts: BTreeMap<Option<usize>, u32> = BTreeMap::new();
    let mut hour = 9;
    let mut count = |of: Option<usize>| {
        let count = counts.entry(of).or_default();
        *count += 1;
        *count - 1
    };
    let mut made = Vec::new();
    for (minute, word) in (1_u32..).zip(words) {
        let time = |name: &str, day: usize, hour: usize, past: u32| format!("{name};TZID={ZONE}:2026{}T{hour:02}{past:02}00\n", DAYS[day]);
        let one = |day: usize, from: usize, to: usize| {
            let times = [time("RECURRENCE-ID", day, from, 0), time("DTSTART", day, to, 0), time("DTEND", day, to, 30)];
            format!("{}SUMMARY:Un jour", times.concat())
        };
        made.push(match word {
            Word::Whole { moves, title, excluded, moved } => {
                hour += usize::from(*moves);
                let exdate = excluded.map(|day| time("EXDATE", day, hour, 0)).unwrap_or_default();
                let times = [time("DTSTART", 0, hour, 0), time("DTEND", 0, hour, 45), exdate].concat();
                let revision = (count(None), minute);
                let master = vevent(revision, BOTH, &format!("{times}RRULE:FREQ=WEEKLY;COUNT=4\nSUMMARY:Point {title}"));
                let moved = moved.filter(|day| *excluded != Some(*day));
                let exception = moved.map(|day| vevent((count(Some(day)), minute), BOTH, &one(day, hour, 19)));
                (order_mail("REQUEST", BOTH, &[vec![master], exception.into_iter().collect()].concat()), BOTH)
            }
            Word::One { day, hour: to } => {
                (order_mail("REQUEST", BOTH, &[vevent((count(Some(*day)), minute), BOTH, &one(*day, hour, *to))]), BOTH)
            }
            Word::Off { day, to } => {
                let to = envelope(*to);
                (order_mail("CANCEL", to, &[vevent((count(Some(*day)), minute), to, &one(*day, hour, hour))]), to)
            }
            Word::Cancel { to } => {
                let to = envelope(*to);
                let lines = format!("{}{}SUMMARY:Point", time("DTSTART", 0, hour, 0), time("DTEND", 0, hour, 45));
                (order_mail("CANCEL", to, &[vevent((count(None), minute), to, &lines)]), to)
            }
        });
    }
    made
}

/// What is the same in the end: what each guest is invited to and was told of, and whether the meeting takes place.
#[derive(Debug, PartialEq)]
struct End {
    status: MeetingStatus,
    all: Vec<String>,
    guests: BTreeMap<String, (bool, Vec<String>, Vec<String>)>,
}

async fn end(words: &[Word], apart: bool, order: &[usize]) -> End {
    let house = House::build().await;
    let mails = mails(words);
    for place in order {
        let (mail, to) = &mails[if apart { place / 2 } else { *place }];
        let to: Vec<&str> = to.iter().copied().filter(|guest| !apart || *guest == BOTH[place % 2]).collect();
        if !to.is_empty() {
            house.give_order(mail, &to).await;
        }
    }
    let (meeting, guests) = house.meeting().await;
    let is_off = meeting.status == MeetingStatus::Cancelled;
    assert!(is_off || is_well_formed(&meeting.organizer_object), "{}", meeting.organizer_object);
    let told = |guest: &Guest| {
        let event = guest.sent.as_ref().filter(|_| guest.removed_at.is_none()).map(|sent| sent.event.clone());
        let coming = event.map(|event| event.coming(chrono::DateTime::UNIX_EPOCH, 30)).into_iter().flatten();
        coming.map(|one| format!("{} {}", one.instance.starts_at, one.instance.title)).collect::<Vec<_>>()
    };
    // Of a meeting that is off nobody is told anything more.
    let all = if is_off {
        Vec::new()
    } else {
        dates_of(&Guest { part: Default::default(), removed_at: None, ..guests[0].clone() }, &meeting.event)
    };
    let each = guests
        .iter()
        .map(|guest| (guest.mailbox.mailbox.to_string(), (guest.removed_at.is_some(), dates_of(guest, &meeting.event), told(guest))));
    End { status: meeting.status, all, guests: each.collect() }
}

fn run<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story)
}

fn cases(usual: u32) -> u32 {
    std::env::var("PARAVENT_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// What a guest answers: to the whole, to one day, or to that and all later ones.
#[derive(Clone, Copy, Debug)]
enum To {
    Whole,
    One(usize),
    Later(usize),
}

const ANSWERS: [&str; 3] = ["ACCEPTED", "DECLINED", "TENTATIVE"];

fn replies() -> impl Strategy<Value = (Vec<(To, usize)>, Vec<usize>)> {
    let to = prop_oneof![2 => Just(To::Whole), 3 => (0..DAYS.len()).prop_map(To::One), 2 => (0..DAYS.len()).prop_map(To::Later)];
    prop::collection::vec((to, 0..ANSWERS.len()), 1..7).prop_flat_map(|said| {
        let all: Vec<usize> = (0..said.len()).collect();
        let again = prop::collection::vec(0..said.len(), 0..3);
        (Just(said), again.prop_flat_map(move |again| Just([all.clone(), again].concat()).prop_shuffle()))
    })
}

/// The answers that are kept, without the moment at which they came.
async fn response(said: &[(To, usize)], order: &[usize]) -> Response {
    let house = House::build().await;
    let (mail, to) = &mails(&[Word::Whole { moves: false, title: 0, excluded: None, moved: None }])[0];
    house.give_order(mail, to).await;
    let guest = house.guest(JEAN).await;
    let alias = house.address(Purpose::OrganizerAlias, guest.id);
    let written = (1..).zip(said).map(|(minute, (to, answer))| {
        let day = |range: &str, day: usize| format!("RECURRENCE-ID;{range}TZID=Europe/Paris:2026{}T090000", DAYS[day]);
        let lines = match to {
            To::Whole => String::new(),
            To::One(at) => day("", *at),
            To::Later(from) => day("RANGE=THISANDFUTURE;", *from),
        };
        let answered: Answered<'_> = (ANSWERS[*answer], 0, minute, &lines);
        answer_mail(JEAN, &guest.uid.0, "REPLY", &[answered])
    });
    let written: Vec<String> = written.collect();
    for place in order {
        house.accept(Mx, JEAN, &alias, &written[*place]).await;
    }
    let mut response = house.guest(JEAN).await.attendance.response;
    response.whole.received_at = None;
    response.instances.values_mut().for_each(|answer| answer.received_at = None);
    response
}

/// Of each target the newest answer.
fn newest(said: &[(To, usize)]) -> BTreeMap<Option<usize>, usize> {
    let mut newest = BTreeMap::new();
    for (to, answer) in said {
        match to {
            To::Whole => drop(newest.insert(None, *answer)),
            To::One(day) => drop(newest.insert(Some(*day), *answer)),
            To::Later(from) => newest.extend((*from..DAYS.len()).map(|day| (Some(day), *answer))),
        }
    }
    newest
}

/// A date was taken off for each guest by a message of their own; what came between these comes last, and is new for one of them.
#[test]
fn a_late_date_reaches_the_guest_for_whom_it_is_new() {
    let words = [
        Word::Whole { moves: false, title: 0, excluded: None, moved: None },
        Word::Off { day: 2, to: 2 },
        Word::One { day: 2, hour: 14 },
        Word::Off { day: 2, to: 1 },
    ];
    let (expected, found) = run(async { (end(&words, false, &[0, 1, 2, 3]).await, end(&words, false, &[0, 1, 3, 2]).await) });
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(60), max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_an_organizers_messages_makes_no_difference(case in case()) {
        let Case { words, apart, order } = &case;
        let in_order: Vec<usize> = (0..words.len() * if *apart { 2 } else { 1 }).collect();
        let (expected, found) = run(async { (end(words, *apart, &in_order).await, end(words, *apart, order).await) });
        prop_assert_eq!(found, expected);
    }
    #[test]
    fn the_order_of_a_guests_answers_makes_no_difference((said, order) in replies()) {
        let found = run(response(&said, &order));
        let mut kept: BTreeMap<Option<usize>, &str> = BTreeMap::new();
        for (id, answer) in &found.instances {
            let day = DAYS.iter().position(|day| id.format("%m%d").to_string() == *day);
            kept.insert(day, answer.partstat.as_str());
        }
        if found.whole.dtstamp.is_some() {
            kept.insert(None, found.whole.partstat.as_str());
        }
        prop_assert_eq!(kept, newest(&said).into_iter().map(|(to, answer)| (to, ANSWERS[answer])).collect());
        let in_order: Vec<usize> = (0..said.len()).collect();
        prop_assert_eq!(found, run(response(&said, &in_order)));
    }
}
