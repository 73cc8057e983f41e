//! One commit as statements. The first write that cannot stand ends it.

use super::alert::{forget_events, store_alert, store_alert_state, store_escalation, store_webhook};
use super::api_key::store_api_key;
use super::engine::{Arguments, Connection, Db};
use super::ledger::{store_count, store_repeated};
use super::queue::store_queue;
use super::room::store_room;
use super::session::store_session;
use super::suppression::{is_suppressed, store_lift, store_suppression};
use crate::domain::attendance::Presence;
use crate::domain::delivery::{OutboxItem, OutboxState};
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::record::{AuditEvent, Commit, Committed, Received, Write};
use crate::store::codec::{decode, from_json, id, json, micros, path, text, word};
use chrono::{DateTime, Utc};

type Query<'q> = sqlx::query::Query<'q, Db, Arguments>;

/// Applies all writes in order.
pub(super) async fn apply(connection: &mut Connection, commit: &Commit) -> Result<Committed, sqlx::Error> {
    for write in &commit.writes {
        let outcome = one(connection, write).await?;
        if outcome != Committed::Done {
            return Ok(outcome);
        }
    }
    Ok(Committed::Done)
}

async fn one(connection: &mut Connection, write: &Write) -> Result<Committed, sqlx::Error> {
    match write {
        Write::Received(received) => store_received(connection, received).await,
        Write::Hold { id: held, state } => {
            let query = sqlx::query("UPDATE received SET hold = $2 WHERE id = $1 AND hold = 'waiting'");
            changed(connection, query.bind(id(held.0)).bind(word(state)?)).await
        }
        Write::Meeting(meeting) => store_meeting(connection, meeting).await,
        Write::Guest(guest) => store_guest(connection, guest).await,
        Write::Response { guest, version, response } => {
            let query = sqlx::query("UPDATE guests SET response = $3, version = version + 1 WHERE id = $1 AND version = $2");
            changed(connection, query.bind(id(guest.0)).bind(signed(*version)?).bind(json(response)?)).await
        }
        Write::Delivery { guest, delivery } => {
            // What a report said weighs more than that the next server took the mail.
            let query = sqlx::query(
                "UPDATE guests SET delivery = $2 WHERE id = $1 AND NOT ($2 = 'sent' AND delivery IN ('delayed', 'undeliverable', 'stopped'))",
            );
            done(connection, query.bind(id(guest.0)).bind(word(delivery)?)).await
        }
        Write::Presence { guest, presence } => store_presence(connection, guest.0, presence).await,
        Write::Outbox(item) => store_outbox(connection, item).await,
        Write::Queue(write) => store_queue(connection, write).await,
        Write::OutboxState { id: item, state } => {
            let columns = StateColumns::of(state);
            // A late worker never revives what was given up, nor takes back what was sent.
            let query = sqlx::query(
                "UPDATE outbox SET state = $2, due_at = $3, attempts = $4, last = $5, settled_at = $6, \
                 turn = CASE WHEN $2 = 'due' THEN $3 ELSE turn END, claimed_by = NULL, claimed_until = NULL WHERE id = $1 AND (state = 'due' OR (state = 'failed' AND $2 = 'sent'))",
            );
            let query = query.bind(id(item.0)).bind(columns.state).bind(columns.due_at);
            done(connection, query.bind(columns.attempts).bind(text(columns.last)).bind(columns.settled_at)).await
        }
        Write::OutboxSuperseded { guest, reason } => {
            let query = sqlx::query(
                "UPDATE outbox SET state = 'failed', last = $2, settled_at = due_at WHERE guest = $1 AND state = 'due' AND purpose = 'invitation'",
            );
            done(connection, query.bind(id(guest.0)).bind(*reason)).await
        }
        Write::Thread(link) => {
            let query = sqlx::query("INSERT INTO threads (guest, organizer_side, guest_side) VALUES ($1, $2, $3)");
            done(connection, query.bind(id(link.guest.0)).bind(link.organizer_side.as_str()).bind(link.guest_side.as_str())).await
        }
        Write::Alert(alert) => store_alert(connection, alert).await,
        Write::AlertState { id: alert, state, at } => store_alert_state(connection, *alert, *state, *at).await,
        Write::AlertEscalated { id: alert, level, at } => store_escalation(connection, *alert, *level, *at).await,
        Write::WebhookAt { name, number } => store_webhook(connection, name, *number).await,
        Write::AlertEventsForgotten { before } => forget_events(connection, *before).await,
        Write::Organizer(organizer) => {
            let query =
                sqlx::query("INSERT INTO organizers (id, facts) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET facts = excluded.facts");
            done(connection, query.bind(id(organizer.id.0)).bind(json(organizer)?)).await
        }
        Write::Audit(event) => store_audit(connection, event).await,
        Write::Repeated(repeated) => store_repeated(connection, repeated).await,
        Write::Count { counter, below } => store_count(connection, counter, *below).await,
        Write::Suppress(suppression) => store_suppression(connection, suppression).await,
        Write::Unsuppress { address, lifted } => store_lift(connection, address, *lifted).await,
        Write::Room(write) => store_room(connection, write).await,
        Write::Session(write) => store_session(connection, write).await,
        Write::ApiKey(write) => store_api_key(connection, write).await,
    }
}

pub(super) async fn done(connection: &mut Connection, query: Query<'_>) -> Result<Committed, sqlx::Error> {
    query.execute(connection).await.map(|_| Committed::Done)
}

/// A statement that must find its row, and nobody else with its unique columns; else the value was stale.
pub(super) async fn changed(connection: &mut Connection, query: Query<'_>) -> Result<Committed, sqlx::Error> {
    match query.execute(connection).await {
        Ok(result) if result.rows_affected() == 0 => Ok(Committed::Conflict),
        Ok(_) => Ok(Committed::Done),
        Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => Ok(Committed::Conflict),
        Err(error) => Err(error),
    }
}

pub(super) fn signed(version: u64) -> Result<i64, sqlx::Error> {
    i64::try_from(version).map_err(decode)
}

async fn store_received(connection: &mut Connection, received: &Received) -> Result<Committed, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO received (id, dedupe, received_at, reverse_path, recipients, class, disposition, reasons, meeting, guest, hold, size, \
         authentication) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (dedupe) DO NOTHING",
    )
    .bind(id(received.id.0))
    .bind(received.dedupe.0.to_vec())
    .bind(micros(received.received_at))
    .bind(path(&received.reverse_path))
    .bind(json(&received.recipients)?)
    .bind(word(&received.class)?)
    .bind(word(&received.disposition)?)
    .bind(json(&received.reasons)?)
    .bind(received.meeting.map(|meeting| id(meeting.0)))
    .bind(received.guest.map(|guest| id(guest.0)))
    .bind(received.hold.as_ref().map(word).transpose()?)
    .bind(i64::try_from(received.raw.len()).map_err(decode)?)
    .bind(received.authentication.as_ref().map(json).transpose()?)
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(Committed::Duplicate);
    }
    let raw = sqlx::query("INSERT INTO received_raw (id, raw) VALUES ($1, $2)");
    done(connection, raw.bind(id(received.id.0)).bind(received.raw.as_slice())).await
}

async fn store_meeting(connection: &mut Connection, meeting: &Meeting) -> Result<Committed, sqlx::Error> {
    let query = if meeting.version == 0 {
        sqlx::query(
            "INSERT INTO meetings (id, organizer, organizer_uid, starts_at, ends_at, facts, version, room) VALUES ($1, $2, $3, $4, $5, $6, $7 + 1, $8) \
             ON CONFLICT DO NOTHING",
        )
    } else {
        sqlx::query(
            "UPDATE meetings SET organizer = $2, organizer_uid = $3, starts_at = $4, ends_at = $5, facts = $6, version = version + 1, room = $8 \
             WHERE id = $1 AND version = $7",
        )
    };
    let query = query
        .bind(id(meeting.id.0))
        .bind(id(meeting.organizer.0))
        .bind(text(&meeting.organizer_uid.0))
        .bind(micros(meeting.event.starts_at))
        .bind(micros(meeting.event.over_at().unwrap_or(DateTime::<Utc>::MAX_UTC)))
        .bind(json(meeting)?)
        .bind(signed(meeting.version)?)
        .bind(meeting.room.as_str());
    changed(connection, query).await
}

async fn store_guest(connection: &mut Connection, guest: &Guest) -> Result<Committed, sqlx::Error> {
    if guest.version > 0 {
        let query = sqlx::query(
            "UPDATE guests SET mailbox = $3, invited_as = $4, facts = $5, version = version + 1 WHERE id = $1 AND version = $2",
        );
        let query = query.bind(id(guest.id.0)).bind(signed(guest.version)?);
        let query = query.bind(guest.mailbox.mailbox.canonical()).bind(guest.invited_as.canonical()).bind(json(guest)?);
        return changed(connection, query).await;
    }
    let query = sqlx::query(
        "INSERT INTO guests (id, meeting, mailbox, invited_as, version, facts, delivery, response, presence) \
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(id(guest.id.0))
    .bind(id(guest.meeting.0))
    .bind(guest.mailbox.mailbox.canonical())
    .bind(guest.invited_as.canonical())
    .bind(json(guest)?)
    .bind(word(&guest.attendance.delivery)?)
    .bind(json(&guest.attendance.response)?)
    .bind(json(&guest.attendance.presence)?);
    changed(connection, query).await
}

async fn store_presence(connection: &mut Connection, guest: uuid::Uuid, seen: &Presence) -> Result<Committed, sqlx::Error> {
    let known: Option<String> =
        sqlx::query_scalar("SELECT presence FROM guests WHERE id = $1").bind(id(guest)).fetch_optional(&mut *connection).await?;
    let Some(known) = known else { return Ok(Committed::Done) };
    let known: Presence = from_json(&known)?;
    let merged = Presence { opened_at: earlier(known.opened_at, seen.opened_at), entered_at: earlier(known.entered_at, seen.entered_at) };
    done(connection, sqlx::query("UPDATE guests SET presence = $2 WHERE id = $1").bind(id(guest)).bind(json(&merged)?)).await
}

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The columns that an outbox state is kept in.
struct StateColumns<'a> {
    state: &'static str,
    due_at: i64,
    attempts: i64,
    last: &'a str,
    settled_at: Option<i64>,
}

impl<'a> StateColumns<'a> {
    fn of(state: &'a OutboxState) -> Self {
        match state {
            OutboxState::Due { at, attempts, last } => {
                Self { state: "due", due_at: micros(*at), attempts: i64::from(*attempts), last, settled_at: None }
            }
            OutboxState::Sent { at, last } => Self { state: "sent", due_at: micros(*at), attempts: 0, last, settled_at: Some(micros(*at)) },
            OutboxState::Failed { at, last } => {
                Self { state: "failed", due_at: micros(*at), attempts: 0, last, settled_at: Some(micros(*at)) }
            }
        }
    }
}

async fn store_outbox(connection: &mut Connection, item: &OutboxItem) -> Result<Committed, sqlx::Error> {
    if let Some(guest) = item.guest.filter(|_| item.purpose.is_to_guest())
        && is_suppressed(connection, guest.0).await?
    {
        return Ok(Committed::Conflict);
    }
    let columns = StateColumns::of(&item.state);
    let query = sqlx::query(
        "INSERT INTO outbox (id, purpose, guest, meeting, reverse_path, recipient, message_id, message, expires_at, created_at, \
         state, due_at, attempts, last, settled_at, turn, destination) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(id(item.id.0))
    .bind(word(&item.purpose)?)
    .bind(item.guest.map(|guest| id(guest.0)))
    .bind(item.meeting.map(|meeting| id(meeting.0)))
    .bind(path(&item.reverse_path))
    .bind(item.recipient.to_string())
    .bind(item.message_id.as_str())
    .bind(item.message.as_slice())
    .bind(micros(item.expires_at))
    .bind(micros(item.created_at))
    .bind(columns.state)
    .bind(columns.due_at)
    .bind(columns.attempts)
    .bind(text(columns.last))
    .bind(columns.settled_at)
    .bind(micros(item.turn))
    .bind(item.destination());
    done(connection, query).await
}

async fn store_audit(connection: &mut Connection, event: &AuditEvent) -> Result<Committed, sqlx::Error> {
    let query = sqlx::query("INSERT INTO audit (at, actor, action, meeting, guest, received, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(micros(event.at))
        .bind(event.actor.as_str())
        .bind(event.action.as_str())
        .bind(event.meeting.map(|meeting| id(meeting.0)))
        .bind(event.guest.map(|guest| id(guest.0)))
        .bind(event.received.map(|received| id(received.0)))
        .bind(text(&event.detail));
    done(connection, query).await
}
