//! The start page: what runs where, who was invited and what they answered, and what needs a person.

use super::boxes::{Said, all, clock};
use super::{MailboxCounter, Trouble};
use crate::domain::alert::AlertState;
use crate::domain::meeting::{Guest, Meeting, MeetingStatus};
use crate::domain::record::HoldState;
use crate::web::pages::word;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many meetings, alerts and holds are shown.
const SHOWN: u32 = 20;

/// `GET /`
pub(super) async fn start(State(counter): State<Arc<MailboxCounter>>, Query(said): Query<Said>) -> Result<Response, Trouble> {
    let archive = &counter.setup.archive;
    let mails = counter.setup.mails.list().await?;
    let mut meetings = Vec::new();
    for meeting in archive.meetings(counter.setup.world.now() - TimeDelta::days(1), SHOWN).await? {
        let guests = archive.guests(meeting.id).await?;
        meetings.push(meeting_values(&counter, &meeting, &guests));
    }
    let alerts: Vec<Value> = archive
        .alerts(Some(AlertState::Open), SHOWN)
        .await?
        .iter()
        .map(|alert| {
            json!({ "kind": word(&alert.kind), "severity": word(&alert.severity), "evidence": alert.evidence,
                    "count": alert.count, "at": clock(alert.last_at), "repeated": alert.count > 1 })
        })
        .collect();
    let holds: Vec<Value> = archive
        .received(Some(HoldState::Waiting), SHOWN)
        .await?
        .iter()
        .map(|held| json!({ "id": held.id.to_string(), "class": word(&held.class), "reasons": held.reasons.join("; "), "at": clock(held.received_at) }))
        .collect();
    let doors: Vec<Value> = counter
        .setup
        .doors
        .iter()
        .map(|(name, place)| json!({ "name": name, "place": place, "is_url": place.starts_with("http") }))
        .collect();
    let values = json!({
        "title": "Paravent, on this machine",
        "doors": doors,
        "meetings": meetings,
        "alerts": alerts,
        "holds": holds,
        "boxes": all(&counter, &mails).await?,
        "said": said.values(),
        "live": true,
    });
    Ok(counter.html("mailbox/start", &values))
}

fn meeting_values(counter: &MailboxCounter, meeting: &Meeting, guests: &[Guest]) -> Value {
    let guests: Vec<Value> = guests
        .iter()
        .map(|guest| {
            let attendance = &guest.attendance;
            let presence = match (attendance.presence.opened_at, attendance.presence.entered_at) {
                (_, Some(at)) => format!("entered {}", at.format("%H:%M")),
                (Some(at), None) => format!("opened {}", at.format("%H:%M")),
                (None, None) => "–".to_owned(),
            };
            json!({
                "name": guest.mailbox.name.clone().unwrap_or_else(|| guest.mailbox.mailbox.to_string()),
                "address": guest.mailbox.mailbox.to_string(),
                "href": format!("/mailbox/{}", super::encoded(&guest.mailbox.mailbox.to_string())),
                "delivery": word(&attendance.delivery),
                "response": word(&attendance.response.whole.partstat).to_lowercase(),
                "proposal": attendance.response.whole.proposal.as_ref().map(|proposal| clock(proposal.starts_at)),
                "away": attendance.response.away_since.is_some(),
                "presence": presence,
                "removed": guest.removed_at.is_some(),
                "link": (counter.setup.link)(meeting, guest),
            })
        })
        .collect();
    json!({
        "title": meeting.event.title,
        "starts": meeting.event.starts_at.format("%a %d %b %H:%M").to_string(),
        "ends": meeting.event.ends_at.format("%H:%M UTC").to_string(),
        "cancelled": meeting.status == MeetingStatus::Cancelled,
        "organizer": meeting.organizer_address.mailbox.to_string(),
        "guests": guests,
    })
}
