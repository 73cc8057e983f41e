//! Alerts as they change, and the numbered events that webhooks are told of: each is written with what it tells.

use super::apply::{changed, done, signed};
use super::engine::{Connection, DbRow, Engine, NEWEST_ALERT_EVENT};
use super::read::{alert_of, rank};
use crate::domain::alert::{Alert, AlertEvent, AlertOccasion, AlertState};
use crate::domain::id::AlertId;
use crate::domain::record::Committed;
use crate::flow::port::PortResult;
use crate::store::codec::{from_word, id, micros, text, time, unsigned, word};
use crate::store::unread;
use chrono::{DateTime, Utc};
use sqlx::Row;

/// A new alert; or one more of the open one of its key, which is an event only where it is more severe.
pub(super) async fn store_alert(connection: &mut Connection, alert: &Alert) -> Result<Committed, sqlx::Error> {
    let open = sqlx::query("SELECT id, severity FROM alerts WHERE key = $1 AND state <> 'resolved'").bind(text(&alert.key));
    let open = open.fetch_optional(&mut *connection).await?;
    let query = sqlx::query(
        "INSERT INTO alerts (id, kind, severity, state, key, meeting, guest, evidence, count, opened_at, last_at, received) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (key) WHERE state <> 'resolved' DO UPDATE SET count = alerts.count + 1, evidence = excluded.evidence, \
         last_at = excluded.last_at, received = coalesce(excluded.received, alerts.received), \
         severity = CASE WHEN alerts.severity < excluded.severity THEN excluded.severity ELSE alerts.severity END",
    )
    .bind(id(alert.id.0))
    .bind(word(&alert.kind)?)
    .bind(rank(alert.severity))
    .bind(word(&alert.state)?)
    .bind(text(&alert.key))
    .bind(alert.meeting.map(|meeting| id(meeting.0)))
    .bind(alert.guest.map(|guest| id(guest.0)))
    .bind(text(&alert.evidence))
    .bind(i64::from(alert.count))
    .bind(micros(alert.opened_at))
    .bind(micros(alert.last_at))
    .bind(alert.received.map(|received| id(received.0)));
    query.execute(&mut *connection).await?;
    match open {
        None => note(connection, id(alert.id.0), AlertOccasion::Raised, alert.last_at).await,
        Some(row) if row.try_get::<i64, _>("severity")? < rank(alert.severity) => {
            note(connection, row.try_get("id")?, AlertOccasion::Escalated, alert.last_at).await
        }
        Some(_) => Ok(Committed::Done),
    }
}

/// What a person did; nothing where it was done before.
pub(super) async fn store_alert_state(
    connection: &mut Connection,
    alert: AlertId,
    state: AlertState,
    at: DateTime<Utc>,
) -> Result<Committed, sqlx::Error> {
    let query = sqlx::query("UPDATE alerts SET state = $2 WHERE id = $1 AND state <> $2").bind(id(alert.0)).bind(word(&state)?);
    match (query.execute(&mut *connection).await?.rows_affected(), AlertOccasion::of(state)) {
        (0, _) | (_, None) => Ok(Committed::Done),
        (_, Some(occasion)) => note(connection, id(alert.0), occasion, at).await,
    }
}

/// A level higher, once.
pub(super) async fn store_escalation(
    connection: &mut Connection,
    alert: AlertId,
    level: u8,
    at: DateTime<Utc>,
) -> Result<Committed, sqlx::Error> {
    let query = sqlx::query("UPDATE alerts SET escalated = $2, severity = 2 WHERE id = $1 AND escalated < $2 AND state = 'open'");
    match changed(&mut *connection, query.bind(id(alert.0)).bind(i64::from(level))).await? {
        Committed::Done => note(connection, id(alert.0), AlertOccasion::Escalated, at).await,
        Committed::Duplicate => Ok(Committed::Duplicate),
        Committed::Conflict => Ok(Committed::Conflict),
    }
}

async fn note(connection: &mut Connection, alert: Vec<u8>, occasion: AlertOccasion, at: DateTime<Utc>) -> Result<Committed, sqlx::Error> {
    let query = sqlx::query("INSERT INTO alert_events (alert, occasion, at) VALUES ($1, $2, $3)");
    done(connection, query.bind(alert).bind(word(&occasion)?).bind(micros(at))).await
}

/// How far a webhook is; never back.
pub(super) async fn store_webhook(connection: &mut Connection, name: &str, number: u64) -> Result<Committed, sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO webhooks (name, number) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET number = excluded.number \
         WHERE webhooks.number < excluded.number",
    );
    done(connection, query.bind(name).bind(signed(number)?)).await
}

/// Forgets what is old.
pub(super) async fn forget_events(connection: &mut Connection, before: DateTime<Utc>) -> Result<Committed, sqlx::Error> {
    done(connection, sqlx::query("DELETE FROM alert_events WHERE at < $1").bind(micros(before))).await
}

impl Engine {
    pub(super) async fn read_alert_events(&self, after: u64, limit: u32) -> PortResult<Vec<AlertEvent>> {
        let query = sqlx::query(
            "SELECT a.*, e.number, e.occasion, e.at FROM alert_events e JOIN alerts a ON a.id = e.alert WHERE e.number > $1 ORDER BY e.number LIMIT $2",
        );
        let query = query.bind(signed(after).map_err(unread)?).bind(i64::from(limit));
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(event_of).collect::<Result<_, _>>().map_err(unread)
    }

    pub(super) async fn read_newest_alert_event(&self) -> PortResult<u64> {
        let query = sqlx::query_scalar(NEWEST_ALERT_EVENT);
        unsigned(query.fetch_one(&self.readers).await.map_err(unread)?).map_err(unread)
    }

    pub(super) async fn read_webhook(&self, name: &str) -> PortResult<Option<u64>> {
        let query = sqlx::query_scalar("SELECT number FROM webhooks WHERE name = $1").bind(name);
        query.fetch_optional(&self.readers).await.map_err(unread)?.map(unsigned).transpose().map_err(unread)
    }
}

fn event_of(row: &DbRow) -> Result<AlertEvent, sqlx::Error> {
    Ok(AlertEvent {
        number: unsigned(row.try_get("number")?)?,
        occasion: from_word(row.try_get("occasion")?)?,
        at: time(row.try_get("at")?),
        alert: alert_of(row)?,
    })
}
