//! When the clocks of a zone change: the offsets that chrono-tz knows, searched for their changes.

use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

/// Step of the search. No zone changes its clock there and back within a day.
const STEP: Duration = Duration::days(1);

/// How a zone's clock runs at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// Seconds east of UTC.
    pub(super) offset: i32,
    /// Whether it is the summer's: the later one of the two. tzdata has it as winter time where a law says so (Dublin,
    /// Casablanca), which no calendar program expects.
    pub(super) is_daylight: bool,
    /// The abbreviation, such as `CET`; `None` where people have none, and tzdata makes one of the offset.
    pub(super) name: Option<String>,
}

/// A change of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    /// The first instant of the new clock.
    pub(super) at: DateTime<Utc>,
    /// The old offset, in seconds east of UTC.
    pub(super) before: i32,
    /// The new clock.
    pub(super) after: Clock,
}

impl Transition {
    /// The wall clock of the change, as the old clock shows it (RFC 5545 §3.6.5, the DTSTART of an observance).
    pub(super) fn onset(&self) -> Option<NaiveDateTime> {
        self.at.naive_utc().checked_add_signed(Duration::seconds(i64::from(self.before)))
    }
}

/// The clock at an instant.
pub(super) fn clock_at(zone: Tz, instant: DateTime<Utc>) -> Clock {
    let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
    // Where DST is negative, that of the summer is 0.
    let is_negative_now = offset.dst_offset() < Duration::zero();
    let is_daylight = offset.dst_offset() > Duration::zero() || (!is_negative_now && has_negative_winter(zone, instant));
    Clock { offset: offset.fix().local_minus_utc(), is_daylight, name: offset.abbreviation().map(str::to_owned) }
}

/// Whether the zone had negative DST at some time of the year around that instant.
fn has_negative_winter(zone: Tz, instant: DateTime<Utc>) -> bool {
    (-12..=12).any(|fortnights| {
        let near = instant.checked_add_signed(Duration::days(15 * fortnights));
        near.is_some_and(|near| zone.offset_from_utc_datetime(&near.naive_utc()).dst_offset() < Duration::zero())
    })
}

/// The changes after `first` and until `last`, in order. Names that change alone are no change.
pub(super) fn transitions(zone: Tz, first: DateTime<Utc>, last: DateTime<Utc>) -> Vec<Transition> {
    let mut found = Vec::new();
    let mut before = first;
    while before < last {
        let after = before.checked_add_signed(STEP).map_or(last, |after| after.min(last));
        if offset_at(zone, before) != offset_at(zone, after) {
            let at = boundary(zone, before, after);
            found.push(Transition { at, before: offset_at(zone, before), after: clock_at(zone, at) });
        }
        before = after;
    }
    found
}

fn offset_at(zone: Tz, instant: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()
}

/// The first second with the offset of `after`, between the two.
fn boundary(zone: Tz, before: DateTime<Utc>, after: DateTime<Utc>) -> DateTime<Utc> {
    let new = offset_at(zone, after);
    let (mut old_until, mut new_from) = (before, after);
    while new_from - old_until > Duration::seconds(1) {
        let middle = old_until + Duration::seconds((new_from - old_until).num_seconds() / 2);
        if offset_at(zone, middle) == new {
            new_from = middle;
        } else {
            old_until = middle;
        }
    }
    new_from
}
