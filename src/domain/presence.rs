//! Who was in the conference room, and how long. The conference server tells of it in any order, again and again, and sometimes not
//! at all; what follows from it is the same in any order.

mod event;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub use event::{Occupant, Place, RoomEvent};

/// Stands between a room and one that was split off from it.
const PART: char = '/';

/// The name of a breakout room: it belongs to `room`, and ends with it or by itself.
pub fn breakout_room(room: &str, breakout: &str) -> String {
    format!("{room}{PART}{breakout}")
}

/// Whether `room` is `whole`, or was split off from it.
fn is_part(room: &str, whole: &str) -> bool {
    room.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(PART))
}

/// One time that a browser was in a room. `room`, `occupant` and `joined_at` together tell it from every other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The room.
    pub room: String,
    /// The conference server's name of the browser.
    pub occupant: String,
    /// Whose it was: the guest's or organizer's id. `None` where the server named nobody of the meeting.
    pub person: Option<Uuid>,
    /// When it came in.
    pub joined_at: DateTime<Utc>,
    /// When it left; `None` as long as nothing was told of it.
    pub left_at: Option<DateTime<Utc>>,
}

/// When a room was closed with everybody in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The room.
    pub room: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// All that is known of a meeting's rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stays {
    /// In no order.
    pub stays: Vec<Stay>,
    /// In no order.
    pub closings: Vec<Closing>,
}

/// What one person's stays come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// First time in.
    pub first_at: DateTime<Utc>,
    /// Last time out; `None` while they are in.
    pub left_at: Option<DateTime<Utc>>,
    /// How long in all: two browsers at once count once.
    pub lasted: TimeDelta,
}

impl Stays {
    /// A person's presence as far as it is known at `now`; `None` for who was never there.
    pub fn of(&self, person: Uuid, now: DateTime<Utc>) -> Option<Present> {
        let mut spans: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> =
            self.stays.iter().filter(|stay| stay.person == Some(person)).map(|stay| (stay.joined_at, self.end(stay))).collect();
        spans.sort_unstable();
        let (first_at, _) = *spans.first()?;
        let (mut lasted, mut counted) = (TimeDelta::zero(), first_at);
        for (from, to) in &spans {
            let (from, to) = ((*from).max(counted), to.unwrap_or(now));
            if to > from {
                lasted += to - from;
                counted = to;
            }
        }
        let is_in = spans.iter().any(|(_, to)| to.is_none());
        Some(Present { first_at, left_at: (!is_in).then(|| spans.iter().filter_map(|(_, to)| *to).max()).flatten(), lasted })
    }

    /// What is known of one room and of those that were split off from it.
    pub fn in_room(&self, room: &str) -> Self {
        Self {
            stays: self.stays.iter().filter(|stay| is_part(&stay.room, room)).cloned().collect(),
            closings: self.closings.iter().filter(|closing| is_part(&closing.room, room)).cloned().collect(),
        }
    }

    /// How a person attended a date of a meeting in the room that these stays are of; `None` where nothing is known of the room, which
    /// says nothing of anybody.
    pub fn attended(&self, person: Uuid, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Attended> {
        if self.stays.is_empty() {
            return None;
        }
        let present = self.of(person, now);
        Some(Attended { present, punctual: punctual(present.as_ref(), starts_at, ends_at, now) })
    }

    /// How many browsers of this person are in a room.
    pub fn devices(&self, person: Uuid) -> usize {
        self.stays.iter().filter(|stay| stay.person == Some(person) && self.end(stay).is_none()).count()
    }

    /// When a stay ended: what was told of it, else the first closing of its room since.
    fn end(&self, stay: &Stay) -> Option<DateTime<Utc>> {
        let closed = || {
            self.closings.iter().filter(|closing| is_part(&stay.room, &closing.room) && closing.at >= stay.joined_at).map(|c| c.at).min()
        };
        stay.left_at.or_else(closed).map(|end| end.max(stay.joined_at))
    }
}

/// How a person kept the time of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Punctual {
    /// Not there, and it is not over.
    Awaited,
    /// Not there, and it is over.
    NoShow,
    /// There from the start, or soon after.
    InTime,
    /// There, this long after the start.
    Late(TimeDelta),
}

/// How a person attended a date of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attended {
    /// Their presence; `None` for who was not there.
    pub present: Option<Present>,
    /// How they kept the time.
    pub punctual: Punctual,
}

/// From when on somebody is late.
pub const LATE_AFTER: TimeDelta = TimeDelta::minutes(5);

/// Judges a presence by the meeting's time.
pub fn punctual(present: Option<&Present>, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Punctual {
    match present {
        None if now >= ends_at => Punctual::NoShow,
        None => Punctual::Awaited,
        Some(present) if present.first_at > starts_at + LATE_AFTER => Punctual::Late(present.first_at - starts_at),
        Some(_) => Punctual::InTime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn stay(occupant: &str, joined: i64, left: Option<i64>) -> Stay {
        Stay {
            room: "r".to_owned(),
            occupant: occupant.to_owned(),
            person: Some(Uuid::from_u128(1)),
            joined_at: at(joined),
            left_at: left.map(at),
        }
    }

    fn present(stays: Vec<Stay>, closings: &[i64], now: i64) -> Option<Present> {
        let closings = closings.iter().map(|closed| Closing { room: "r".to_owned(), at: at(*closed) }).collect();
        Stays { stays, closings }.of(Uuid::from_u128(1), at(now))
    }

    #[test]
    fn intervals_are_added_up_and_two_devices_count_once() {
        let found = present(vec![stay("a", 100, Some(160)), stay("b", 200, Some(230))], &[], 999).unwrap();
        assert_eq!(found, Present { first_at: at(100), left_at: Some(at(230)), lasted: TimeDelta::seconds(90) });
        let found = present(vec![stay("a", 100, Some(200)), stay("b", 150, Some(160)), stay("c", 190, Some(210))], &[], 999).unwrap();
        assert_eq!((found.lasted, found.left_at), (TimeDelta::seconds(110), Some(at(210))));
    }

    #[test]
    fn who_is_in_counts_until_now_and_a_lost_leaving_until_the_room_closed() {
        let found = present(vec![stay("a", 100, None)], &[], 130).unwrap();
        assert_eq!((found.lasted, found.left_at), (TimeDelta::seconds(30), None));
        let found = present(vec![stay("a", 100, None), stay("b", 110, Some(115))], &[400, 90, 200], 999).unwrap();
        assert_eq!((found.lasted, found.left_at), (TimeDelta::seconds(100), Some(at(200))));
        assert_eq!(present(Vec::new(), &[200], 999), None);
    }

    #[test]
    fn a_breakout_room_ends_alone_and_its_room_ends_it() {
        let split = breakout_room("r", "b");
        let mut stays = Stays { stays: vec![stay("a", 100, None), stay("b", 100, None)], closings: Vec::new() };
        stays.stays[1].room.clone_from(&split);
        stays.stays[1].person = Some(Uuid::from_u128(2));
        let lasted = |stays: &Stays, person| stays.of(Uuid::from_u128(person), at(999)).unwrap().lasted.num_seconds();
        stays.closings = vec![Closing { room: split, at: at(200) }];
        assert_eq!((lasted(&stays, 1), lasted(&stays, 2)), (899, 100));
        stays.closings[0].room = "r".to_owned();
        assert_eq!((lasted(&stays, 1), lasted(&stays, 2)), (100, 100));
        assert_eq!((stays.in_room("r"), stays.in_room("r-1").stays.len(), stays.in_room("").stays.len()), (stays.clone(), 0, 0));
    }

    #[test]
    fn clocks_that_run_backwards_do_no_harm() {
        let found = present(vec![stay("a", 100, Some(50))], &[], 10).unwrap();
        assert_eq!((found.lasted, found.left_at), (TimeDelta::zero(), Some(at(100))));
        assert_eq!(present(vec![stay("a", 100, None)], &[], 10).unwrap().lasted, TimeDelta::zero());
    }

    #[test]
    fn five_minutes_are_forgiven() {
        let judged = |first: i64| punctual(present(vec![stay("a", first, None)], &[], 2_000).as_ref(), at(1_000), at(4_600), at(2_000));
        assert_eq!((judged(900), judged(1_300)), (Punctual::InTime, Punctual::InTime));
        assert_eq!(judged(1_301), Punctual::Late(TimeDelta::seconds(301)));
        assert_eq!(punctual(None, at(1_000), at(4_600), at(4_599)), Punctual::Awaited);
        assert_eq!(punctual(None, at(1_000), at(4_600), at(4_600)), Punctual::NoShow);
    }

    proptest! {
        #[test]
        fn any_order_comes_to_the_same(spans in prop::collection::vec((0i64..500, 0i64..100), 1..12), seed in any::<u64>()) {
            let stays: Vec<Stay> = spans.iter().enumerate().map(|(n, (from, long))| stay(&n.to_string(), *from, Some(from + long))).collect();
            let mut mixed = stays.clone();
            mixed.sort_by_key(|one| (one.joined_at.timestamp() as u64).wrapping_mul(seed | 1).rotate_left(17));
            prop_assert_eq!(present(stays, &[], 999), present(mixed, &[], 999));
            // Second by second, by hand.
            let seconds = (0..700).filter(|second| spans.iter().any(|(from, long)| (*from..from + long).contains(second))).count();
            let lasted = present(spans.iter().enumerate().map(|(n, (from, long))| stay(&n.to_string(), *from, Some(from + long))).collect(), &[], 999);
            prop_assert_eq!(lasted.unwrap().lasted, TimeDelta::seconds(seconds as i64));
        }
    }
}
