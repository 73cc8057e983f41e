//! What changed of a meeting since its guest was told of it last: times and dates, since nobody should have to look for them.

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
    /// One sentence for each change of a time to come, such as `déplacé : lundi …, 09:00 → mardi …, 10:00`.
    pub(super) fn changes(&self, heading: &Heading<'_>, before: &MeetingEvent, after: &MeetingEvent) -> Result<Vec<String>, ComposeError> {
        let (old, new) = (self.when(heading, before)?, self.when(heading, after)?);
        let mut told = Vec::new();
        if before.title != after.title {
            told.push(self.change(heading, "title", &one_line(&before.title), &one_line(&after.title))?);
        }
        if is_other_whole(before, after) && old != new {
            told.push(self.change(heading, "time", &old, &new)?);
            return Ok(told);
        }
        for id in singled_out(before, after).into_iter().take(TOLD_MAX) {
            let at = |event: &MeetingEvent| event.instance(id).filter(|one| one.ends_at > heading.date);
            let when = |one: &Instance| self.period(heading, after, one.starts_at, one.ends_at);
            told.extend(match (at(before), at(after)) {
                (Some(old), Some(new)) if (old.starts_at, old.ends_at) != (new.starts_at, new.ends_at) => {
                    Some(self.change(heading, "moved", &when(&old)?, &when(&new)?)?)
                }
                (Some(old), None) => Some(self.change(heading, "off", &when(&old)?, "")?),
                (None, Some(new)) => Some(self.change(heading, "added", "", &when(&new)?)?),
                (Some(_), Some(_)) | (None, None) => None,
            });
        }
        Ok(told)
    }

    fn change(&self, heading: &Heading<'_>, what: &str, before: &str, after: &str) -> Result<String, ComposeError> {
        self.phrase(heading.language, &format!("changes.{what}"), &json!({ "before": before, "after": after }))
    }
}

/// Whether the time of all dates is another.
fn is_other_whole(before: &MeetingEvent, after: &MeetingEvent) -> bool {
    let rule = |event: &MeetingEvent| event.series.as_ref().and_then(|series| series.recurrence.as_ref()?.rule().cloned());
    (before.starts_at, before.ends_at, before.series.is_some()) != (after.starts_at, after.ends_at, after.series.is_some())
        || rule(before) != rule(after)
}

/// The instances that are told of one by one in either.
fn singled_out(before: &MeetingEvent, after: &MeetingEvent) -> BTreeSet<DateTime<Utc>> {
    let of = |event: &MeetingEvent| {
        let series = event.series.as_deref();
        let recurrence = series.and_then(|series| series.recurrence.as_ref());
        let listed = recurrence.map(|recurrence| [recurrence.dates(), recurrence.excluded()].concat());
        event.changed_ids().chain(listed.unwrap_or_default()).collect::<Vec<_>>()
    };
    of(before).into_iter().chain(of(after)).collect()
}
