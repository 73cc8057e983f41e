//! What is counted beside the rows: accepted deliveries a day, deliveries seen before, and budgets.

use super::engine::{Connection, Engine};
use crate::domain::budget::Counter;
use crate::domain::record::{Commit, Committed, Repeated, Write};
use crate::flow::port::PortResult;
use crate::store::codec::{decode, micros, unsigned};
use crate::store::unread;
use sqlx::{AssertSqlSafe, Row};
use std::collections::{BTreeMap, HashMap};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The day of an accepted message; `None` of a commit that is about none.
fn day_of(commit: &Commit) -> Option<i64> {
    let received_at = commit.writes.iter().find_map(|write| match write {
        Write::Received(received) => Some(received.received_at),
        Write::Repeated(repeated) => Some(repeated.received_at),
        Write::Hold { .. }
        | Write::Meeting(_)
        | Write::Guest(_)
        | Write::Response { .. }
        | Write::Delivery { .. }
        | Write::Presence { .. }
        | Write::Outbox(_)
        | Write::Queue(_)
        | Write::OutboxState { .. }
        | Write::OutboxSuperseded { .. }
        | Write::Thread(_)
        | Write::Alert(_)
        | Write::AlertState { .. }
        | Write::AlertEscalated { .. }
        | Write::WebhookAt { .. }
        | Write::AlertEventsForgotten { .. }
        | Write::Organizer(_)
        | Write::Audit(_)
        | Write::Count { .. }
        | Write::Suppress(_)
        | Write::Unsuppress { .. }
        | Write::Room(_)
        | Write::Session(_)
        | Write::ApiKey(_) => None,
    });
    received_at.map(|at| micros(at).div_euclid(DAY))
}

/// What a transaction writes once for all its commits: accepted messages by day, and how far counters are forgotten.
#[derive(Default)]
pub(super) struct Accepted {
    days: BTreeMap<i64, i64>,
    /// No window of a counter is longer than a day: one that was counted began after whatever ended a day before its own end.
    forget: Option<i64>,
}

impl Accepted {
    /// Notes how a commit ended: done and seen before are answered with 250.
    pub(super) fn note(&mut self, commit: &Commit, outcome: Committed) {
        match outcome {
            Committed::Done | Committed::Duplicate => {}
            Committed::Conflict => return,
        }
        if let Some(day) = day_of(commit) {
            *self.days.entry(day).or_default() += 1;
        }
        let ends = commit
            .writes
            .iter()
            .filter_map(|write| if let Write::Count { counter, .. } = write { Some(micros(counter.until)) } else { None });
        self.forget = self.forget.max(ends.max().map(|end| end - DAY));
    }

    /// One upsert a day and transaction, however many messages share it.
    pub(super) async fn write(self, connection: &mut Connection) -> Result<(), sqlx::Error> {
        if let Some(end) = self.forget {
            sqlx::query("DELETE FROM counters WHERE until <= $1").bind(end).execute(&mut *connection).await?;
        }
        for (day, messages) in self.days {
            let query = sqlx::query(
                "INSERT INTO accepted (day, messages) VALUES ($1, $2) ON CONFLICT (day) DO UPDATE SET messages = accepted.messages + excluded.messages",
            );
            query.bind(day).bind(messages).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// Notes a commit that turned out to be a delivery seen before: nothing of it was written.
pub(super) async fn store_duplicate(connection: &mut Connection, commit: &Commit) -> Result<(), sqlx::Error> {
    for write in &commit.writes {
        if let Write::Received(received) = write {
            store_repeated(connection, &Repeated { dedupe: received.dedupe, received_at: received.received_at }).await?;
        }
    }
    Ok(())
}

pub(super) async fn store_repeated(connection: &mut Connection, repeated: &Repeated) -> Result<Committed, sqlx::Error> {
    let query = sqlx::query("INSERT INTO duplicates (received_at, dedupe) VALUES ($1, $2)");
    query.bind(micros(repeated.received_at)).bind(repeated.dedupe.0.to_vec()).execute(connection).await?;
    Ok(Committed::Done)
}

/// One upsert, unless the counter has reached `below`.
pub(super) async fn store_count(connection: &mut Connection, counter: &Counter, below: Option<u32>) -> Result<Committed, sqlx::Error> {
    let until = micros(counter.until);
    let query = sqlx::query(
        "INSERT INTO counters (until, key, count) SELECT $1, $2, 1 WHERE $3 IS NULL OR $3 > 0 \
         ON CONFLICT (until, key) DO UPDATE SET count = counters.count + 1 WHERE $3 IS NULL OR counters.count < $3",
    );
    let query = query.bind(until).bind(counter.key.0.to_vec()).bind(below.map(i64::from));
    let counted = query.execute(connection).await?.rows_affected();
    Ok(if counted == 0 { Committed::Conflict } else { Committed::Done })
}

impl Engine {
    pub(super) async fn read_counts(&self, counters: &[Counter]) -> PortResult<Vec<u32>> {
        if counters.is_empty() {
            return Ok(Vec::new());
        }
        let pairs: Vec<String> =
            (0..counters.len()).map(|place| format!("(until = ${} AND key = ${})", place * 2 + 1, place * 2 + 2)).collect();
        let statement = format!("SELECT until, key, count FROM counters WHERE {}", pairs.join(" OR "));
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for counter in counters {
            query = query.bind(micros(counter.until)).bind(counter.key.0.to_vec());
        }
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        let found = rows.iter().map(|row| Ok(((row.try_get("until")?, row.try_get("key")?), row.try_get("count")?)));
        let found: HashMap<(i64, Vec<u8>), i64> = found.collect::<Result<_, sqlx::Error>>().map_err(unread)?;
        let count = |counter: &Counter| found.get(&(micros(counter.until), counter.key.0.to_vec())).copied().unwrap_or_default();
        counters.iter().map(|counter| unsigned(count(counter)).map_err(decode).map_err(unread)).collect()
    }
}
