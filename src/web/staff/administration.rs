//! `/administration`: keys by name, who may organize, what waits, and the settings in force. It shows; changes are made in the files.

use super::{Answer, Part, Sheet, StaffCounter};
use crate::flow::port::PortError;
use crate::web::request::Wish;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `GET /administration`
pub(super) async fn show(State(counter): State<Arc<StaffCounter>>, Query(wish): Query<Wish>, headers: HeaderMap) -> Answer {
    let person = match counter.reception.person(&headers, "/administration").await {
        Ok(person) if person.roles.administrator => person,
        Ok(_) => return Ok(counter.forbidden(&headers)),
        Err(refused) => return Err(refused),
    };
    let page = async {
        let organizers = counter.gateway.directory.all().await?;
        let mut groups: BTreeMap<String, usize> = BTreeMap::new();
        for organizer in organizers.iter().filter(|organizer| organizer.active) {
            *groups.entry(organizer.group.name.clone()).or_default() += 1;
        }
        let waiting = counter.gateway.archive.outbox_waiting().await?;
        let dispositions = counter.gateway.archive.disposition_counts().await?;
        let sheet = Sheet {
            person: &person,
            headers: &headers,
            wish: &wish,
            part: Part::Administration,
            template: "staff/administration",
            status: StatusCode::OK,
        };
        Ok::<_, PortError>(counter.sheet(&sheet, |words| {
            let texts = words.staff.get("administration");
            json!({
                "title": texts.and_then(|texts| texts.get("title")),
                "texts": texts,
                "keys": counter.keys.iter().map(|(kind, name, role)| json!({ "kind": kind, "name": name, "role": role })).collect::<Vec<_>>(),
                "organizers": organizers.iter().filter(|organizer| organizer.active).count(),
                "former": organizers.iter().filter(|organizer| !organizer.active).count(),
                "groups": groups.iter().map(|(name, number)| json!({ "name": name, "number": number })).collect::<Vec<_>>(),
                "queue": waiting,
                "dispositions": dispositions.iter().map(|(name, number)| json!({ "name": name, "number": number })).collect::<Vec<_>>(),
                "settings": counter.settings.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
            })
        }))
    };
    counter.or_unavailable(page.await, &headers)
}
