//! The list of the next dates of a recurring meeting, on the reader's clock.

use super::text::one_line;
use super::{ComposeError, Heading, Stationery};
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::Occurrence;
use crate::domain::series::{End, Rule};
use serde_json::{Value, json};

/// Most dates of a list.
const LISTED_MAX: usize = 5;
/// Most dates that are counted to say how many more there are: a year of weeks, and some.
const COUNTED_MAX: usize = 60;

/// What the dates of a list are to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// Those that come next.
    Next,
    /// Those at which they are no longer expected.
    Off,
    /// Those that they cancelled.
    Cancelled,
}

impl Listed {
    fn phrase(self) -> &'static str {
        match self {
            Self::Next => "dates.next",
            Self::Off => "dates.off",
            Self::Cancelled => "dates.cancelled",
        }
    }
}

impl Stationery {
    /// `heading`, `rows` with the next dates and `more`, how many follow them, for templates; `null` for a meeting with one date
    /// alone or none to come.
    pub(super) fn dates(&self, heading: &Heading<'_>, event: &MeetingEvent, listed: Listed) -> Result<Value, ComposeError> {
        if !is_several(event) {
            return Ok(Value::Null);
        }
        let ahead = event.ahead(heading.date, if is_endless(event) { LISTED_MAX } else { COUNTED_MAX });
        let (shown, rest) = ahead.occurrences.split_at(ahead.occurrences.len().min(LISTED_MAX));
        if shown.is_empty() {
            return Ok(Value::Null);
        }
        let rows: Vec<Value> = shown.iter().map(|one| self.row(heading, event, one)).collect::<Result<_, _>>()?;
        let name = format!("{}.{}", listed.phrase(), if shown.len() == 1 { "one" } else { "several" });
        let more = match (ahead.complete, rest.len()) {
            (true, 0) => None,
            (true, 1) => Some("dates.more.one"),
            (true, _) => Some("dates.more.several"),
            (false, _) => Some("dates.more.unknown"),
        };
        let more = more.map(|more| self.phrase(heading.language, more, &json!({ "count": rest.len() }))).transpose()?;
        Ok(json!({ "heading": self.phrase(heading.language, &name, &json!({}))?, "rows": rows, "more": more }))
    }

    fn row(&self, heading: &Heading<'_>, event: &MeetingEvent, one: &Occurrence) -> Result<Value, ComposeError> {
        let instance = &one.instance;
        let when = self.period(heading, event, instance.starts_at, instance.ends_at)?;
        let title = (instance.title != event.title).then(|| one_line(&instance.title));
        Ok(json!({ "when": when, "title": title }))
    }
}

/// Whether the meeting has more than one date.
pub(super) fn is_several(event: &MeetingEvent) -> bool {
    event.series.as_ref().is_some_and(|series| match &series.recurrence {
        None => series.changed.len() > 1,
        Some(recurrence) => {
            let once = recurrence.rule().is_none_or(|rule| rule.end() == End::Count(1));
            !once || !recurrence.dates().is_empty() || series.changed.keys().any(|id| *id != event.starts_at)
        }
    })
}

fn is_endless(event: &MeetingEvent) -> bool {
    let rule = event.recurrence().and_then(|recurrence| recurrence.rule());
    rule.map(Rule::end) == Some(End::Never)
}
