//! An alert for the helpdesk.

use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{AlertLetter, ComposeError, Stationery, phrase};
use super::alternatives;
use serde_json::json;

/// `alternative{ plain, html }`.
pub fn alert(stationery: &Stationery, letter: &AlertLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, alert) = (&letter.heading, letter.alert);
    let values = json!({
        "kind": stationery.phrase(heading.language, phrase::alert(alert.kind), &json!({}))?,
        "severity": stationery.phrase(heading.language, phrase::severity(alert.severity), &json!({}))?,
        "evidence": one_line(&alert.evidence),
        "count": alert.count,
        "since": stationery.moment(heading, alert.opened_at)?,
        "last": stationery.moment(heading, alert.last_at)?,
        "meeting": alert.meeting.map(|id| id.to_string()),
        "hint": one_line(letter.hint),
        "page": letter.page,
        "again": alert.escalated > 0,
    });
    let written = stationery.write("alert", heading, values)?;
    Ok(pack(heading, Nature::Notice, &written.subject, alternatives(heading, &written, None)))
}
