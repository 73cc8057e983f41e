//! Which zone of the world the TZID of a series means, where need be by the rules of its VTIMEZONE.

use super::transitions::transitions;
use crate::domain::itip::time::{common_zones, instant_in, known_zone};
use crate::domain::itip::tree::Component;
use crate::domain::itip::zone::{OwnZone, Timeline};
use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use std::ops::RangeInclusive;

/// Years, beside the first, in which a zone must agree with the VTIMEZONE.
const YEARS: i32 = 5;
/// Most changes of the VTIMEZONE's clock that are compared: those of six years, twice.
const CHANGES_MAX: usize = 24;
/// Minutes from a change at which clocks are compared. Within an hour after it the old and the new clock still differ in
/// what they call a gap or a fold.
const AROUND: [i64; 7] = [-61, -31, -1, 0, 29, 59, 61];

/// The zone of a series: the one that the TZID names, else one whose clock agrees with the VTIMEZONE ("Customized Time
/// Zone", "tzone://Microsoft/Custom") on the first and the middle day of every month and around every change, from the
/// year of `start` on for six years. `start` is the local time from which on it matters: DTSTART, or later where the
/// series is old; `last` is the day of its last instance, where it has one: what the world's clocks do later does not matter. Of several zones a common one is taken, Europe/Paris first. A clock that never changes by whole hours
/// is UTC or Etc/GMT±n. `None` where no zone agrees, or nothing is known of the zone.
pub fn series_zone(tzid: &str, vtimezone: Option<&Component>, start: NaiveDateTime, last: Option<NaiveDate>) -> Option<Tz> {
    known_zone(tzid).or_else(|| match OwnZone::read(vtimezone?) {
        OwnZone::Located(zone) => Some(zone),
        own @ OwnZone::Rules(_) => {
            let lasting = start.year().checked_add(YEARS)?;
            let last = last.map_or(lasting, |last| last.year().clamp(start.year(), lasting));
            zone_like(&own, start.year()..=last)
        }
    })
}

/// A local time, and how far it is from UTC.
type Probe = (NaiveDateTime, Duration);

fn zone_like(own: &OwnZone, years: RangeInclusive<i32>) -> Option<Tz> {
    let timeline = own.timeline(years.clone())?;
    let probes = probes(&timeline, &years);
    let (_, offset) = probes.first()?;
    if probes.iter().all(|(_, other)| other == offset)
        && let Some(zone) = fixed_zone(*offset)
    {
        return Some(zone);
    }
    let candidates = std::iter::once(Tz::Europe__Paris).chain(common_zones()).chain(TZ_VARIANTS);
    candidates.into_iter().find(|zone| agrees(*zone, &probes) && agrees_at_its_changes(*zone, &timeline, &years))
}

/// UTC, or `Etc/GMT-1` for one hour east of it (POSIX counts westwards).
fn fixed_zone(offset: Duration) -> Option<Tz> {
    let hours = offset.num_hours();
    if offset != Duration::hours(hours) {
        return None;
    }
    match hours {
        0 => Some(Tz::UTC),
        _ => format!("Etc/GMT{:+}", -hours).parse().ok(),
    }
}

/// The times at which clocks are compared, with what the VTIMEZONE says of them.
fn probes(timeline: &Timeline, years: &RangeInclusive<i32>) -> Vec<Probe> {
    let days = years.clone().flat_map(|year| (1..=12).flat_map(move |month| [1, 15].map(|day| (year, month, day))));
    let noons = days.filter_map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(12, 0, 0));
    let changes = timeline.onsets().filter(|onset| years.contains(&onset.year())).take(CHANGES_MAX).flat_map(around);
    noons.chain(changes).filter_map(|local| Some((local, offset(local, timeline.instant(local)?)))).collect()
}

fn around(change: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
    AROUND.into_iter().filter_map(move |minutes| change.checked_add_signed(Duration::minutes(minutes)))
}

fn offset(local: NaiveDateTime, instant: chrono::DateTime<Utc>) -> Duration {
    local - instant.naive_utc()
}

fn agrees(zone: Tz, probes: &[Probe]) -> bool {
    probes.iter().all(|(local, said)| instant_in(zone, *local).is_some_and(|instant| offset(*local, instant) == *said))
}

/// Whether the VTIMEZONE has the zone's own changes too.
fn agrees_at_its_changes(zone: Tz, timeline: &Timeline, years: &RangeInclusive<i32>) -> bool {
    let new_year = |year: i32| Some(NaiveDate::from_ymd_opt(year, 1, 1)?.and_time(NaiveTime::MIN).and_utc());
    let (Some(first), Some(last)) = (new_year(*years.start()), new_year(years.end().saturating_add(1))) else { return false };
    let locals = transitions(zone, first, last).into_iter().filter_map(|change| change.onset()).flat_map(around);
    locals.into_iter().all(|local| instant_in(zone, local) == timeline.instant(local))
}
