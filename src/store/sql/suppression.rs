//! Addresses that nothing is sent to.

use super::engine::{Connection, Db, DbRow, Engine};
use crate::domain::address::Mailbox;
use crate::domain::id::{MeetingId, ReceivedId};
use crate::domain::record::Committed;
use crate::domain::suppression::{Lifted, Suppression};
use crate::flow::port::PortResult;
use crate::store::codec::{decode, from_word, id, micros, text, time, uuid, word};
use crate::store::unread;
use sqlx::{QueryBuilder, Row};

/// The guests that a row reaches: all of the address, or those of one meeting.
const REACHED: &str = "mailbox = $1 AND (length($2) = 0 OR meeting = $2)";

fn column(meeting: Option<MeetingId>) -> Vec<u8> {
    meeting.map(|meeting| id(meeting.0)).unwrap_or_default()
}

/// Keeps it, gives up what waits for those guests, and says so on their delivery track.
pub(super) async fn store_suppression(connection: &mut Connection, suppression: &Suppression) -> Result<Committed, sqlx::Error> {
    let (address, meeting) = (suppression.address.canonical(), column(suppression.meeting));
    let query = sqlx::query(
        "INSERT INTO suppressions (address, meeting, cause, since, received, note) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    );
    let query = query.bind(&address).bind(&meeting).bind(word(&suppression.cause)?).bind(micros(suppression.since));
    let query = query.bind(suppression.received.map(|received| id(received.0))).bind(text(&suppression.note));
    query.execute(&mut *connection).await?;
    let given_up = format!(
        "UPDATE outbox SET state = 'failed', last = $3, settled_at = due_at WHERE state = 'due' \
         AND purpose IN ('invitation', 'answer', 'notice') AND guest IN (SELECT id FROM guests WHERE {REACHED})"
    );
    let last = format!("nothing more is sent to this address: {}", word(&suppression.cause)?);
    sqlx::query(sqlx::AssertSqlSafe(given_up)).bind(&address).bind(&meeting).bind(last).execute(&mut *connection).await?;
    let stopped = format!("UPDATE guests SET delivery = 'stopped' WHERE {REACHED} AND delivery <> 'undeliverable'");
    sqlx::query(sqlx::AssertSqlSafe(stopped)).bind(&address).bind(&meeting).execute(connection).await?;
    Ok(Committed::Done)
}

/// Forgets it. Whoever answers or is named by a person has an address that works: what went out before counts as sent.
pub(super) async fn store_lift(connection: &mut Connection, address: &Mailbox, lifted: Lifted) -> Result<Committed, sqlx::Error> {
    let address = address.canonical();
    let only = match lifted {
        Lifted::All => None,
        Lifted::Meeting(meeting) => Some(id(meeting.0)),
    };
    let query = sqlx::query_scalar("DELETE FROM suppressions WHERE address = $1 AND ($2 IS NULL OR meeting = $2) RETURNING meeting");
    let meetings: Vec<Vec<u8>> = query.bind(&address).bind(only).fetch_all(&mut *connection).await?;
    for meeting in meetings {
        let sent = format!("UPDATE guests SET delivery = 'sent' WHERE {REACHED} AND delivery IN ('stopped', 'undeliverable')");
        sqlx::query(sqlx::AssertSqlSafe(sent)).bind(&address).bind(meeting).execute(&mut *connection).await?;
    }
    Ok(Committed::Done)
}

/// Whether a guest's address is suppressed at this moment of the transaction.
pub(super) async fn is_suppressed(connection: &mut Connection, guest: uuid::Uuid) -> Result<bool, sqlx::Error> {
    let query = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM guests g JOIN suppressions s ON s.address = g.mailbox WHERE g.id = $1 \
         AND (length(s.meeting) = 0 OR s.meeting = g.meeting))",
    );
    query.bind(id(guest)).fetch_one(connection).await
}

impl Engine {
    pub(super) async fn read_suppressions_of(&self, addresses: &[&Mailbox]) -> PortResult<Vec<Suppression>> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Db>::new("SELECT * FROM suppressions WHERE address IN (");
        let mut listed = query.separated(", ");
        for address in addresses {
            listed.push_bind(address.canonical());
        }
        query.push(") ORDER BY address, meeting");
        let rows = query.build().fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(suppression_of).collect::<Result<_, _>>().map_err(unread)
    }

    pub(super) async fn read_suppressions(&self, limit: u32) -> PortResult<Vec<Suppression>> {
        let query = sqlx::query("SELECT * FROM suppressions ORDER BY since DESC, address, meeting LIMIT $1").bind(i64::from(limit));
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(suppression_of).collect::<Result<_, _>>().map_err(unread)
    }
}

fn suppression_of(row: &DbRow) -> Result<Suppression, sqlx::Error> {
    let meeting: &[u8] = row.try_get("meeting")?;
    let received: Option<&[u8]> = row.try_get("received")?;
    Ok(Suppression {
        address: Mailbox::parse(row.try_get("address")?).map_err(decode)?,
        meeting: (!meeting.is_empty()).then(|| uuid(meeting).map(MeetingId)).transpose()?,
        cause: from_word(row.try_get("cause")?)?,
        since: time(row.try_get("since")?),
        received: received.map(uuid).transpose()?.map(ReceivedId),
        note: row.try_get("note")?,
    })
}
