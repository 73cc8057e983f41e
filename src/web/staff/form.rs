//! `/meetings/new` and `/meetings/{id}/change`: an organizer writes a meeting. What is wrong is said beside it, and nothing that was
//! written is lost.

use super::meetings::organizer;
use super::{Answer, Part, Sheet, StaffCounter};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::id::MeetingId;
use crate::domain::meeting::Meeting;
use crate::domain::organizer::Organizer;
use crate::flow::ObjectEnd;
use crate::flow::organizer_desk::WrittenDown;
use crate::flow::port::PortError;
use crate::flow::sign_in::Person;
use crate::web::request::Wish;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// Longest title, in characters.
const TITLE_MAX: usize = 200;
/// Longest description, in characters.
const TEXT_MAX: usize = 8_000;

/// What stands in the form.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    key: String,
    /// Which page it was written on: the same page is one meeting.
    form: Option<Uuid>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    date: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    guests: String,
    #[serde(default)]
    description: String,
}

/// What is wrong with it: the name of a sentence, and what it is about.
#[derive(Debug, PartialEq, Eq)]
struct Wrong(&'static str, String);

/// Reads the form; everything that is wrong at once.
fn understood(written: &Written, zone: Tz, now: DateTime<Utc>) -> Result<WrittenDown, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let title = written.title.trim();
    if title.is_empty() || title.chars().count() > TITLE_MAX {
        wrong.push(Wrong("title-missing", String::new()));
    }
    if written.description.chars().count() > TEXT_MAX {
        wrong.push(Wrong("text-long", String::new()));
    }
    let guests = guests(&written.guests, &mut wrong);
    if guests.is_empty() && wrong.iter().all(|one| one.0 != "address") {
        wrong.push(Wrong("nobody", String::new()));
    }
    let at = |time: &str| {
        let date: NaiveDate = written.date.trim().parse().ok()?;
        let time = NaiveTime::parse_from_str(time.trim(), "%H:%M").ok()?;
        // Of an hour that comes twice the first is meant; one that a clock change leaves out does not exist.
        zone.from_local_datetime(&date.and_time(time)).earliest().map(|at| at.to_utc())
    };
    let times = at(&written.from).zip(at(&written.to));
    match times {
        None => wrong.push(Wrong("time-missing", String::new())),
        Some((starts_at, ends_at)) if ends_at <= starts_at => wrong.push(Wrong("time-backwards", String::new())),
        Some((_, ends_at)) if ends_at <= now => wrong.push(Wrong("time-past", String::new())),
        Some(_) => {}
    }
    match times {
        Some((starts_at, ends_at)) if wrong.is_empty() => Ok(WrittenDown {
            key: written.form,
            title: title.to_owned(),
            description: written.description.trim().to_owned(),
            starts_at,
            ends_at,
            guests,
        }),
        Some(_) | None => Err(wrong),
    }
}

/// One guest a line, or with commas between them: `address`, or `Name <address>`.
fn guests(text: &str, wrong: &mut Vec<Wrong>) -> Vec<NamedMailbox> {
    let mut guests: Vec<NamedMailbox> = Vec::new();
    for entry in text.split(['\n', ',', ';']).map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, address) = match entry.strip_suffix('>').and_then(|entry| entry.rsplit_once('<')) {
            Some((name, address)) => (Some(name.trim().trim_matches('"')).filter(|name| !name.is_empty()), address.trim()),
            None => (None, entry),
        };
        match Mailbox::parse(address) {
            Ok(mailbox) if guests.iter().any(|guest| guest.mailbox.same_as(&mailbox)) => {}
            Ok(mailbox) => guests.push(NamedMailbox { name: name.map(str::to_owned), mailbox }),
            Err(_) => wrong.push(Wrong("address", entry.chars().take(100).collect())),
        }
    }
    guests
}

/// The form with what stands in it, and what is wrong.
struct Draft<'a> {
    written: &'a Written,
    wrong: &'a [Wrong],
    refused: &'a [String],
    meeting: Option<MeetingId>,
}

impl StaffCounter {
    fn form(&self, person: &Person, organizer: &Organizer, draft: &Draft<'_>, (headers, wish): (&HeaderMap, &Wish)) -> Response {
        let is_wrong = !draft.wrong.is_empty() || !draft.refused.is_empty();
        let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let sheet = Sheet { person, headers, wish, part: Part::Meetings, template: "staff/form", status };
        let Written { title, date, from, to, guests, description, .. } = draft.written;
        self.sheet(&sheet, |words| {
            let texts = words.staff.get("form");
            let heading = if draft.meeting.is_some() { "change" } else { "title" };
            let wrong = draft.wrong.iter().map(|Wrong(name, about)| {
                let sentence = words.staff.get("wrong").and_then(|texts| texts.get(*name)).cloned().unwrap_or_default();
                if about.is_empty() { sentence } else { format!("{sentence} {about}") }
            });
            json!({
                "title": texts.and_then(|texts| texts.get(heading)),
                "texts": texts,
                "wrong": wrong.chain(draft.refused.iter().cloned()).collect::<Vec<_>>(),
                "zone": organizer.group.time_zone.name(),
                "action": draft.meeting.map_or_else(|| "/meetings/new".to_owned(), |id| format!("/meetings/{id}/change")),
                "back": draft.meeting.map_or_else(|| "/meetings".to_owned(), |id| format!("/meetings/{id}")),
                "new": draft.meeting.is_none(),
                "form": draft.written.form,
                "written": { "title": title, "date": date, "from": from, "to": to, "guests": guests, "description": description },
                "title_max": TITLE_MAX,
                "text_max": TEXT_MAX,
            })
        })
    }

    async fn take(
        &self,
        person: &Person,
        organizer: &Organizer,
        before: Option<&Meeting>,
        written: &Written,
        asked: (&HeaderMap, &Wish),
    ) -> Result<Response, PortError> {
        let meeting = before.map(|meeting| meeting.id);
        let down = match understood(written, organizer.group.time_zone, self.gateway.world.now()) {
            Ok(down) => down,
            Err(wrong) => return Ok(self.form(person, organizer, &Draft { written, wrong: &wrong, refused: &[], meeting }, asked)),
        };
        if let (None, Some(form)) = (before, down.key)
            && let Some(known) = self.gateway.archive.meeting_by_uid(organizer.id, &self.gateway.page_uid(form)).await?
        {
            return Ok(Redirect::to(&format!("/meetings/{}?said=written", known.id)).into_response());
        }
        Ok(match self.gateway.write_meeting(organizer, before, &down).await? {
            ObjectEnd::Done(told) => {
                Redirect::to(&format!("/meetings/{}?said={}", told.meeting.id, if meeting.is_some() { "changed" } else { "written" }))
                    .into_response()
            }
            ObjectEnd::Refused(refused) => self.form(person, organizer, &Draft { written, wrong: &[], refused: &refused, meeting }, asked),
            ObjectEnd::Repeated | ObjectEnd::Planned(_) | ObjectEnd::NoOrganizer | ObjectEnd::NotAnOrganizer(_) => {
                Redirect::to("/meetings?said=not-done").into_response()
            }
        })
    }

    /// A meeting of theirs that was written here and is to come.
    async fn changeable(&self, organizer: &Organizer, id: MeetingId) -> Result<Option<Meeting>, PortError> {
        let now = self.gateway.world.now();
        let meeting = self.gateway.own_meeting(organizer, id).await?;
        Ok(meeting.filter(|meeting| self.gateway.is_written_here(meeting) && !meeting.is_over(now) && meeting.event.series.is_none()))
    }
}

/// `GET /meetings/new`
pub(super) async fn blank(State(counter): State<Arc<StaffCounter>>, Query(wish): Query<Wish>, headers: HeaderMap) -> Answer {
    let person = counter.reception.person(&headers, "/meetings/new").await?;
    let organizer = organizer(&counter, &person, &headers)?;
    let written = Written { form: Some(counter.gateway.world.random()), ..Written::default() };
    let draft = Draft { written: &written, wrong: &[], refused: &[], meeting: None };
    Ok(counter.form(&person, organizer, &draft, (&headers, &wish)))
}

/// `POST /meetings/new`
pub(super) async fn write(
    State(counter): State<Arc<StaffCounter>>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    Form(written): Form<Written>,
) -> Answer {
    let person = counter.reception.poster(&headers, &written.key).await?;
    let organizer = organizer(&counter, &person, &headers)?;
    let page = counter.take(&person, organizer, None, &written, (&headers, &wish)).await;
    counter.or_unavailable(page, &headers)
}

/// `GET /meetings/{id}/change`
pub(super) async fn filled(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<MeetingId>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = counter.reception.person(&headers, &format!("/meetings/{id}/change")).await?;
    let organizer = organizer(&counter, &person, &headers)?;
    let page = async {
        let Some(meeting) = counter.changeable(organizer, id).await? else { return Ok(counter.unknown(&headers)) };
        let guests = counter.gateway.archive.guests(id).await?;
        let written = as_written(&meeting, &guests, organizer.group.time_zone);
        let draft = Draft { written: &written, wrong: &[], refused: &[], meeting: Some(id) };
        Ok(counter.form(&person, organizer, &draft, (&headers, &wish)))
    };
    counter.or_unavailable(page.await, &headers)
}

/// `POST /meetings/{id}/change`
pub(super) async fn rewrite(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<MeetingId>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    Form(written): Form<Written>,
) -> Answer {
    let person = counter.reception.poster(&headers, &written.key).await?;
    let organizer = organizer(&counter, &person, &headers)?;
    let page = async {
        let Some(meeting) = counter.changeable(organizer, id).await? else { return Ok(counter.unknown(&headers)) };
        counter.take(&person, organizer, Some(&meeting), &written, (&headers, &wish)).await
    };
    counter.or_unavailable(page.await, &headers)
}

fn as_written(meeting: &Meeting, guests: &[crate::domain::meeting::Guest], zone: Tz) -> Written {
    let (from, to) = (meeting.event.starts_at.with_timezone(&zone), meeting.event.ends_at.with_timezone(&zone));
    let line = |guest: &crate::domain::meeting::Guest| match &guest.mailbox.name {
        Some(name) => format!("{name} <{}>", guest.invited_as),
        None => guest.invited_as.to_string(),
    };
    Written {
        key: String::new(),
        form: None,
        title: meeting.event.title.clone(),
        date: from.format("%Y-%m-%d").to_string(),
        from: from.format("%H:%M").to_string(),
        to: to.format("%H:%M").to_string(),
        guests: guests.iter().filter(|guest| guest.removed_at.is_none()).map(line).collect::<Vec<_>>().join("\n"),
        description: meeting.event.description.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Written {
        Written {
            title: " Bilan ".into(),
            date: "2026-12-01".into(),
            from: "14:00".into(),
            to: "14:45".into(),
            guests: "Jean Martin <jean@hopital.example>\nlea@cabinet.example, jean@hopital.example;".into(),
            ..Written::default()
        }
    }

    fn now() -> DateTime<Utc> {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_form_is_read_on_the_clock_of_the_organizer() {
        let down = understood(&written(), chrono_tz::Europe::Paris, now()).unwrap();
        assert_eq!((down.title.as_str(), down.starts_at.to_rfc3339().as_str()), ("Bilan", "2026-12-01T13:00:00+00:00"));
        let guests: Vec<String> = down.guests.iter().map(|guest| format!("{:?} {}", guest.name, guest.mailbox)).collect();
        assert_eq!(guests, ["Some(\"Jean Martin\") jean@hopital.example", "None lea@cabinet.example"], "each once");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        type Change = fn(&mut Written);
        let cases: [(Change, &[&str]); 7] = [
            (|form| form.title = " ".into(), &["title-missing"]),
            (|form| form.guests = "".into(), &["nobody"]),
            (|form| form.guests = "jean@, lea@cabinet.example".into(), &["address"]),
            (|form| form.to = "13:59".into(), &["time-backwards"]),
            (|form| form.date = "2026-11-01".into(), &["time-past"]),
            (|form| form.from = "25:00".into(), &["time-missing"]),
            (|form| *form = Written::default(), &["title-missing", "nobody", "time-missing"]),
        ];
        for (change, expected) in cases {
            let mut form = written();
            change(&mut form);
            let wrong = understood(&form, chrono_tz::Europe::Paris, now()).unwrap_err();
            assert_eq!(wrong.iter().map(|one| one.0).collect::<Vec<_>>(), expected, "{form:?}");
        }
        let gap = Written { date: "2027-03-28".into(), from: "02:30".into(), to: "03:30".into(), ..written() };
        assert!(understood(&gap, chrono_tz::Europe::Paris, now()).is_err(), "an hour that does not exist");
    }
}
