//! The queue: who has what in hand, what operators see of it and do to it.

use super::apply::{changed, done};
use super::engine::{self, Connection, DbRow, Engine};
use super::read::{item_of, optional_id};
use crate::domain::delivery::{OutboxItem, OutboxState};
use crate::domain::id::{GuestId, MeetingId, OutboxId};
use crate::domain::queue::{Claim, Paused, QueueFilter, QueueRow, QueueWrite};
use crate::domain::record::Committed;
use crate::flow::port::PortResult;
use crate::flow::queue_port::Queue;
use crate::store::codec::{from_word, id, micros, time, unsigned, uuid};
use crate::store::unread;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

/// What an operator does.
pub(super) async fn store_queue(connection: &mut Connection, write: &QueueWrite) -> Result<Committed, sqlx::Error> {
    match write {
        QueueWrite::Again { id: item, at, expires_at } => {
            let query = sqlx::query(
                "UPDATE outbox SET state = 'due', due_at = $2, turn = $2, attempts = 0, settled_at = NULL, \
                 expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END \
                 WHERE id = $1 AND state IN ('due', 'failed') AND (claimed_until IS NULL OR claimed_until <= $2)",
            );
            changed(connection, query.bind(id(item.0)).bind(micros(*at)).bind(micros(*expires_at))).await
        }
        QueueWrite::Pause(paused) => {
            let query = sqlx::query("INSERT INTO paused (destination, since, actor) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
            done(connection, query.bind(paused.destination.as_str()).bind(micros(paused.since)).bind(paused.actor.as_str())).await
        }
        QueueWrite::Resume(destination) => {
            changed(connection, sqlx::query("DELETE FROM paused WHERE destination = $1").bind(destination.as_str())).await
        }
    }
}

/// `$n, $n+1, …`
fn places(from: usize, count: usize) -> String {
    (from..from + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

/// The statement of a claim with so many exceptions. Nothing but numbers goes into it.
fn claim_statement(destinations: usize, items: usize) -> String {
    let first = engine::CLAIM_PARAMETERS + 1;
    let (mut but, last) = (String::new(), first + destinations);
    if destinations > 0 {
        but.push_str(&format!(" AND destination NOT IN ({})", places(first, destinations)));
    }
    if items > 0 {
        but.push_str(&format!(" AND id NOT IN ({})", places(last, items)));
    }
    let chosen = format!(
        "SELECT id FROM outbox WHERE state = 'due' AND due_at <= $1 AND destination NOT IN (SELECT destination FROM paused){but} {}",
        engine::CLAIM_ORDER
    );
    engine::CLAIM.replace("{chosen}", &chosen)
}

#[async_trait]
impl Queue for Engine {
    async fn outbox_claim(&self, claim: &Claim<'_>) -> PortResult<Vec<OutboxItem>> {
        let statement = claim_statement(claim.not_to.len(), claim.not.len());
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(micros(claim.now)).bind(i64::from(claim.limit));
        if engine::HAS_NODES {
            query = query.bind(id(claim.node)).bind(micros(claim.until));
        }
        for destination in claim.not_to {
            query = query.bind(destination.as_str());
        }
        for item in claim.not {
            query = query.bind(id(item.0));
        }
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        let mut items: Vec<OutboxItem> = rows.iter().map(item_of).collect::<Result<_, _>>().map_err(unread)?;
        items.sort_by_key(|item| item.turn);
        Ok(items)
    }

    async fn outbox_renew(&self, node: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> PortResult<()> {
        if !engine::HAS_NODES {
            return Ok(());
        }
        let query = sqlx::query("UPDATE outbox SET claimed_until = $3 WHERE claimed_by = $1 AND state = 'due' AND claimed_until > $2");
        query.bind(id(node)).bind(micros(now)).bind(micros(until)).execute(&self.readers).await.map(drop).map_err(unread)
    }

    async fn outbox_expired(&self, now: DateTime<Utc>, limit: u32) -> PortResult<Vec<OutboxItem>> {
        let query = sqlx::query("SELECT * FROM outbox WHERE state = 'due' AND expires_at <= $1 ORDER BY expires_at LIMIT $2");
        let rows = query.bind(micros(now)).bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(item_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn outbox_rows(&self, filter: &QueueFilter, limit: u32) -> PortResult<Vec<QueueRow>> {
        let query = sqlx::query(
            "SELECT id, purpose, recipient, guest, meeting, created_at, expires_at, state, due_at, attempts, last, length(message) AS size \
             FROM outbox WHERE state = $1 AND ($2 = '' OR destination = $2) ORDER BY created_at, id LIMIT $3",
        );
        let query = query.bind(if filter.failed { "failed" } else { "due" }).bind(filter.destination.as_deref().unwrap_or_default());
        let rows = query.bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(row_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn outbox_one(&self, item: OutboxId) -> PortResult<Option<OutboxItem>> {
        let row = sqlx::query("SELECT * FROM outbox WHERE id = $1").bind(id(item.0)).fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(item_of).transpose().map_err(unread)
    }

    async fn duty(&self, duty: &str, node: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> PortResult<bool> {
        if !engine::HAS_NODES {
            return Ok(true);
        }
        let query = sqlx::query(
            "INSERT INTO duties (name, node, until) VALUES ($1, $2, $4) ON CONFLICT (name) DO UPDATE SET node = excluded.node, \
             until = excluded.until WHERE duties.node = excluded.node OR duties.until <= $3",
        );
        let query = query.bind(duty).bind(id(node)).bind(micros(now)).bind(micros(until));
        query.execute(&self.readers).await.map(|done| done.rows_affected() == 1).map_err(unread)
    }

    async fn paused(&self) -> PortResult<Vec<Paused>> {
        let query = sqlx::query("SELECT destination, since, actor FROM paused ORDER BY destination");
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(paused_of).collect::<Result<_, _>>().map_err(unread)
    }
}

fn row_of(row: &DbRow) -> Result<QueueRow, sqlx::Error> {
    Ok(QueueRow {
        id: OutboxId(uuid(row.try_get("id")?)?),
        purpose: from_word(row.try_get("purpose")?)?,
        recipient: row.try_get("recipient")?,
        guest: optional_id(row, "guest")?.map(GuestId),
        meeting: optional_id(row, "meeting")?.map(MeetingId),
        created_at: time(row.try_get("created_at")?),
        expires_at: time(row.try_get("expires_at")?),
        state: state_of(row)?,
        size: unsigned(engine::length(row, "size")?)?,
    })
}

/// The state that the columns of a row are.
pub(super) fn state_of(row: &DbRow) -> Result<OutboxState, sqlx::Error> {
    let (at, last) = (time(row.try_get("due_at")?), row.try_get("last")?);
    let state: String = row.try_get("state")?;
    Ok(match state.as_str() {
        "due" => OutboxState::Due { at, attempts: unsigned(row.try_get("attempts")?)?, last },
        "sent" => OutboxState::Sent { at, last },
        _ => OutboxState::Failed { at, last },
    })
}

fn paused_of(row: &DbRow) -> Result<Paused, sqlx::Error> {
    Ok(Paused { destination: row.try_get("destination")?, since: time(row.try_get("since")?), actor: row.try_get("actor")? })
}
