//! What changed of a meeting since its guest was told of it last: title, times and dates, since nobody should have to look for them.

use super::text::one_line;
use super::{ComposeError, Heading, Stationery};
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::Instance;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::BTreeSet;

/// Most changes that are told one by one; the mail shows the newest state of all anyway.
const TOLD_MAX: usize = 10;

impl Stationery {
    /// One line for each change, such as `date déplacée : lundi …, 09:00 → mardi …, 10:00`; none where words of the description alone
    /// changed, or dates that are over.
    pub(super) fn changes(&self, heading: &Heading<'_>, before: &MeetingEvent, after: &MeetingEvent) -> Result<Vec<String>, ComposeError> {
        let mut told = Vec::new();
        if has_new_title(before, after) {
            told.push(self.change(heading, "title", &one_line(&before.title), &one_line(&after.title))?);
        }
        if is_other_whole(before, after) {
            let (old, new) = (self.when(heading, before)?, self.when(heading, after)?);
            if old != new {
                told.push(self.change(heading, "time", &old, &new)?);
                return Ok(told);
            }
        }
        for id in singled_out(before, after) {
            told.extend(self.change_of_date(heading, after, before.instance(id), after.instance(id))?);
            if told.len() >= TOLD_MAX {
                break;
            }
        }
        Ok(told)
    }

    /// What became of one instance, where it was to come or is.
    fn change_of_date(
        &self,
        heading: &Heading<'_>,
        event: &MeetingEvent,
        old: Option<Instance>,
        new: Option<Instance>,
    ) -> Result<Option<String>, ComposeError> {
        let when = |one: &Instance| self.period(heading, event, one.starts_at, one.ends_at);
        let is_ahead = |one: &Instance| one.ends_at > heading.date;
        let is_other = |old: &Instance, new: &Instance| (old.starts_at, old.ends_at) != (new.starts_at, new.ends_at);
        Ok(match (old, new) {
            (Some(old), Some(new)) if is_other(&old, &new) && (is_ahead(&old) || is_ahead(&new)) => {
                Some(self.change(heading, "moved", &when(&old)?, &when(&new)?)?)
            }
            (Some(old), None) if is_ahead(&old) => Some(self.change(heading, "off", &when(&old)?, "")?),
            (None, Some(new)) if is_ahead(&new) => Some(self.change(heading, "added", "", &when(&new)?)?),
            (Some(_), Some(_) | None) | (None, Some(_) | None) => None,
        })
    }

    fn change(&self, heading: &Heading<'_>, what: &str, before: &str, after: &str) -> Result<String, ComposeError> {
        self.phrase(heading.language, &format!("changes.{what}"), &json!({ "before": before, "after": after }))
    }
}

/// Whether the title is one that no date had before: whose first date is taken off knows the meeting by the title of the next.
fn has_new_title(before: &MeetingEvent, after: &MeetingEvent) -> bool {
    let of_dates = before.series.iter().flat_map(|series| series.changed.values()).map(|one| &one.title);
    !std::iter::once(&before.title).chain(of_dates).any(|title| *title == after.title)
}

/// Whether the time of all dates is another. Single dates of a series have none in common: each is told of for itself.
fn is_other_whole(before: &MeetingEvent, after: &MeetingEvent) -> bool {
    let clock = |event: &MeetingEvent| (event.whole_days, event.zone());
    let time = |event: &MeetingEvent| (event.starts_at, event.ends_at, event.series.is_some());
    let rule = |event: &MeetingEvent| event.recurrence().and_then(|recurrence| recurrence.rule().cloned());
    let are_single_dates = [before, after].iter().all(|event| event.series.is_some() && event.recurrence().is_none());
    clock(before) != clock(after) || (!are_single_dates && (time(before) != time(after) || rule(before) != rule(after)))
}

/// The instances of which the two do not say the same on their own.
fn singled_out(before: &MeetingEvent, after: &MeetingEvent) -> BTreeSet<DateTime<Utc>> {
    let changed = |event: &MeetingEvent, id| event.series.as_ref().and_then(|series| series.changed.get(&id).cloned());
    let is_other = |id: &DateTime<Utc>| changed(before, *id) != changed(after, *id);
    let changed = before.changed_ids().chain(after.changed_ids()).filter(is_other);
    let (old, new) = (listed(before), listed(after));
    old.symmetric_difference(&new).map(|(id, _)| *id).chain(changed).collect()
}

/// Instances that are added to the rule or taken off it, and which of the two.
fn listed(event: &MeetingEvent) -> BTreeSet<(DateTime<Utc>, bool)> {
    let Some(recurrence) = event.recurrence() else { return BTreeSet::new() };
    let added = recurrence.dates().iter().map(|id| (*id, true));
    added.chain(recurrence.excluded().iter().map(|id| (*id, false))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::{Mailbox, NamedMailbox};
    use crate::domain::language::Language;
    use crate::domain::occurrence::Series;
    use crate::domain::series::{Recurrence, Rule};
    use crate::domain::thread::MessageId;
    use chrono::TimeDelta;
    use chrono_tz::Tz;
    use std::collections::BTreeMap;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn one(title: &str, starts_at: &str) -> Instance {
        let starts_at = at(starts_at);
        Instance { title: title.to_owned(), description: None, starts_at, ends_at: starts_at + TimeDelta::hours(1) }
    }

    /// An hour on Tuesday 24 November 2026, and every week after it on the clock of that zone without these instances.
    fn weekly(zone: Tz, excluded: &[&str]) -> MeetingEvent {
        let Instance { title, description, starts_at, ends_at } = one("Point", "2026-11-24T13:00:00Z");
        let (rule, excluded) = (Rule::parse("FREQ=WEEKLY", zone, false).unwrap(), excluded.iter().map(|id| at(id)).collect());
        let recurrence = Recurrence::new(zone, starts_at, Some(rule), vec![], excluded).ok();
        let series = Some(Box::new(Series { recurrence, ..Series::default() }));
        MeetingEvent { title, description, starts_at, ends_at, series, whole_days: None }
    }

    fn once() -> MeetingEvent {
        MeetingEvent { series: None, ..weekly(Tz::Europe__Paris, &[]) }
    }

    /// What a reader in Paris is told on 20 November.
    fn told(before: &MeetingEvent, after: &MeetingEvent) -> Vec<String> {
        let mailbox = NamedMailbox::bare(Mailbox::parse("a@visio.example").unwrap());
        let heading = Heading {
            from: &mailbox,
            to: &mailbox,
            message_id: &MessageId::parse("1@visio.example").unwrap(),
            in_reply_to: None,
            references: &[],
            date: at("2026-11-20T09:00:00Z"),
            loop_mark: "",
            language: &Language::english(),
            time_zone: Tz::Europe__Paris,
        };
        Stationery::embedded().unwrap().changes(&heading, before, after).unwrap()
    }

    #[test]
    fn other_words_of_the_description_are_not_told() {
        let described = MeetingEvent { description: Some("Salle 3".to_owned()), ..once() };
        assert_eq!(told(&once(), &described), Vec::<String>::new());
    }

    #[test]
    fn days_in_place_of_hours_are_another_time() {
        let hours = MeetingEvent { starts_at: at("2026-11-23T23:00:00Z"), ends_at: at("2026-11-24T23:00:00Z"), ..once() };
        let day = MeetingEvent { whole_days: Some(Tz::Europe__Paris), ..hours.clone() };
        let told = told(&hours, &day);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].ends_with("now: Tuesday 24 November 2026, all day"), "{told:?}");
    }

    #[test]
    fn another_clock_of_a_series_is_another_time() {
        // The first instance is at the same instant, those of summer are not.
        let told = told(&weekly(Tz::Europe__Paris, &[]), &weekly(Tz::Africa__Algiers, &[]));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("(Africa/Algiers)"), "{told:?}");
    }

    /// A guest's part of a series that is single dates, by RECURRENCE-ID, title and start.
    fn dates(all: &[(&str, &str, &str)]) -> MeetingEvent {
        once().of_instances(all.iter().map(|(id, title, start)| (at(id), one(title, start))).collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn single_dates_are_told_of_one_by_one() {
        let (first, second) = ("2026-11-24T13:00:00Z", "2026-12-01T13:00:00Z");
        let both = dates(&[(first, "Point", first), (second, "Point", second)]);
        let moved = dates(&[(first, "Point", "2026-11-25T13:00:00Z"), (second, "Point", second)]);
        let told_of = |after: &MeetingEvent| told(&both, after).join("\n");
        assert!(told_of(&moved).starts_with("date moved: Tuesday 24 November 2026"), "{}", told_of(&moved));
        let left = dates(&[(second, "Point", second)]);
        assert_eq!(told_of(&left), "date cancelled: Tuesday 24 November 2026, 14:00–15:00 (Europe/Paris, UTC+1)");
    }

    #[test]
    fn a_title_that_a_date_had_already_is_not_new() {
        let (first, second) = ("2026-11-24T13:00:00Z", "2026-12-01T13:00:00Z");
        let both = dates(&[(first, "Accueil", first), (second, "Bilan", second)]);
        let is_titled = |after: &MeetingEvent| told(&both, after).iter().any(|line| line.starts_with("title"));
        assert!(!is_titled(&dates(&[(second, "Bilan", second)])));
        assert!(is_titled(&dates(&[(second, "Synthèse", second)])));
    }

    #[test]
    fn a_date_that_was_over_and_is_to_come_again_is_moved() {
        let id = at("2026-11-24T13:00:00Z");
        let mut before = weekly(Tz::Europe__Paris, &[]);
        before.put(id, Some(one("Point", "2026-11-19T13:00:00Z")));
        let told = told(&before, &weekly(Tz::Europe__Paris, &[]));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("date moved: Thursday 19 November 2026"), "{told:?}");
    }

    #[test]
    fn dates_that_stay_as_they_were_hide_no_change() {
        let excluded: Vec<String> = (1..=12).map(|week| (at("2026-11-24T13:00:00Z") + TimeDelta::weeks(week)).to_rfc3339()).collect();
        let excluded: Vec<&str> = excluded.iter().map(String::as_str).collect();
        let before = weekly(Tz::Europe__Paris, &excluded);
        let mut after = before.clone();
        after.put(at("2027-02-23T13:00:00Z"), None);
        assert_eq!(told(&before, &after), ["date cancelled: Tuesday 23 February 2027, 14:00–15:00 (Europe/Paris, UTC+1)"]);
    }
}
