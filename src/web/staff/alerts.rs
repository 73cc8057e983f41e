//! `/desk`: alerts for the helpdesk, and one of them with what can be done about it. Every action is somebody's.

use super::{Act, Answer, ListWish, Part, ROWS, Sheet, StaffCounter, next_page};
use crate::domain::alert::{Alert, AlertAction, AlertKind, AlertState, Severity};
use crate::domain::id::AlertId;
use crate::domain::listing::{AlertFilter, Cursor};
use crate::domain::record::AuditEvent;
use crate::flow::alert_desk::Acted;
use crate::flow::port::PortError;
use crate::flow::sign_in::Person;
use crate::web::alert::{acted_name, values};
use crate::web::pages::{Words, word};
use crate::web::request::Wish;
use crate::web::sign_in::Refused;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use chrono_tz::Tz;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// Somebody of the helpdesk.
pub(super) fn of_the_helpdesk(counter: &StaffCounter, person: Person, headers: &HeaderMap) -> Result<Person, Refused> {
    if person.roles.helpdesk { Ok(person) } else { Err(counter.forbidden(headers).into()) }
}

/// One of a closed list, by its word.
fn chosen<T: DeserializeOwned>(word: Option<&str>) -> Option<T> {
    serde_json::from_value(Value::String(word?.to_owned())).ok()
}

/// `GET /desk?state=open&kind=…&severity=…&after=…`
pub(super) async fn list(
    State(counter): State<Arc<StaffCounter>>,
    Query(asked): Query<ListWish>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.person(&headers, "/desk").await?, &headers)?;
    // What nobody has looked at comes first.
    let state = asked.state.as_deref().unwrap_or("open");
    let filter = AlertFilter {
        state: chosen::<AlertState>(Some(state)),
        kind: chosen::<AlertKind>(asked.kind.as_deref()),
        severity: chosen::<Severity>(asked.severity.as_deref()),
        meeting: None,
    };
    let page = async {
        let archive = &counter.gateway.archive;
        let alerts = archive.alerts_page(&filter, asked.after.as_deref().and_then(Cursor::parse), ROWS).await?;
        let counts = archive.alert_counts().await?;
        let last = alerts.last().filter(|_| alerts.len() == ROWS as usize).map(|alert| Cursor::after_alert(alert).to_string());
        let kept = [("state", Some(state)), ("kind", asked.kind.as_deref()), ("severity", asked.severity.as_deref())];
        let next = next_page("/desk", &kept, last);
        let sheet =
            Sheet { person: &person, headers: &headers, wish: &wish, part: Part::Desk, template: "staff/alerts", status: StatusCode::OK };
        Ok::<_, PortError>(counter.sheet(&sheet, |words| {
            let texts = words.staff.get("alerts");
            let states = ["open", "acknowledged", "resolved", "all"].map(|name| {
                let number = counts.iter().find(|(state, _)| word(state) == name).map(|(_, number)| *number);
                json!({ "name": name, "text": texts.and_then(|texts| texts.get(name)), "count": number, "current": name == state })
            });
            let severities = [Severity::Info, Severity::Warning, Severity::High].map(|severity| {
                let name = word(&severity);
                let text = words.alert.get("severity").and_then(|texts| texts.get(&name));
                json!({ "name": name, "text": text, "current": filter.severity == Some(severity) })
            });
            let kinds = AlertKind::ALL.map(|kind| choice(&word(&kind), words, "alerts", filter.kind == Some(kind)));
            json!({
                "title": texts.and_then(|texts| texts.get("title")),
                "texts": texts,
                "states": states,
                "chosen_state": state.chars().filter(|c| c.is_ascii_lowercase()).collect::<String>(),
                "kinds": kinds.as_slice(),
                "severities": severities,
                "rows": alerts.iter().map(|alert| row(alert, words)).collect::<Vec<_>>(),
                "next": next,
            })
        }))
    };
    counter.or_unavailable(page.await, &headers)
}

fn choice(name: &str, words: &Words, section: &str, current: bool) -> Value {
    json!({ "name": name, "text": words.meeting.get(section).and_then(|texts| texts.get(name)), "current": current })
}

fn row(alert: &Alert, words: &Words) -> Value {
    let severity = word(&alert.severity);
    json!({
        "href": format!("/desk/alerts/{}", alert.id),
        "kind": words.meeting.get("alerts").and_then(|texts| texts.get(&word(&alert.kind))),
        "severity": { "name": severity, "text": words.alert.get("severity").and_then(|texts| texts.get(&severity)) },
        "evidence": alert.evidence,
        "count": (alert.count > 1).then_some(alert.count),
        "at": format!("{} {} UTC", words.dates.date(alert.last_at, Tz::UTC), words.dates.clock(alert.last_at, Tz::UTC)),
    })
}

/// `GET /desk/alerts/{id}`
pub(super) async fn show(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<AlertId>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.person(&headers, &format!("/desk/alerts/{id}")).await?, &headers)?;
    let page = async {
        let Some(view) = counter.gateway.alert_view(id).await? else { return Ok(counter.unknown(&headers)) };
        let history = counter.gateway.archive.alert_history(&view.alert).await?;
        let sheet =
            Sheet { person: &person, headers: &headers, wish: &wish, part: Part::Desk, template: "staff/alert", status: StatusCode::OK };
        Ok::<_, PortError>(counter.sheet(&sheet, |words| {
            let mut all = json!({
                "texts": words.staff.get("alerts"),
                "alert_words": words.alert.get("page"),
                "history": history.iter().map(|event| done(event, words)).collect::<Vec<_>>(),
                "meeting_href": view.alert.meeting.map(|meeting| format!("/desk/meetings/{meeting}")),
            });
            for (name, value) in values(&view, None, words, &format!("/desk/alerts/{id}")) {
                all[name] = value;
            }
            // What became of an action, by the address that it led to.
            all["done"] = json!(wish.said.as_deref().and_then(|said| words.alert.get("done")?.get(said)));
            all
        }))
    };
    counter.or_unavailable(page.await, &headers)
}

fn done(event: &AuditEvent, words: &Words) -> Value {
    let action = event.action.trim_start_matches("alert.");
    json!({
        "action": words.alert.get("action").and_then(|texts| texts.get(action)),
        "actor": event.actor,
        "at": format!("{} {} UTC", words.dates.date(event.at, Tz::UTC), words.dates.clock(event.at, Tz::UTC)),
    })
}

/// `POST /desk/alerts/{id}`
pub(super) async fn act(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<AlertId>,
    headers: HeaderMap,
    Form(asked): Form<Act>,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.poster(&headers, &asked.key).await?, &headers)?;
    let acted = match AlertAction::parse(&asked.action) {
        Some(action) => counter.gateway.act(id, action, &person.as_helpdesk()).await,
        None => Ok(Acted::NotOffered),
    };
    Ok(match acted {
        Ok(acted) => Redirect::to(&format!("/desk/alerts/{id}?said={}", acted_name(acted))).into_response(),
        Err(error) => counter.unavailable(&error, &headers),
    })
}
