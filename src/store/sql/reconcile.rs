//! The balance of the archive, read in one view of it while others write: tables piece by piece, so that progress shows and no
//! row is sorted or held in memory.

use super::engine::{BEGIN_VIEW, Connection, DbRow, Engine};
use crate::domain::reconciliation::{Progress, Reconciliation};
use crate::flow::port::PortResult;
use crate::store::codec::{micros, time, unsigned, uuid};
use crate::store::unread;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use std::collections::BTreeMap;

/// Rows of one piece.
const PIECE: i64 = 20_000;
/// How long after its end a mail may still wait: the worker may be in the middle of an attempt, or of a restart.
const LATE: TimeDelta = TimeDelta::hours(24);
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A table and the rules of its rows. The queries take a piece by its numbers, greater than `$1` and up to `$2`.
struct Rules {
    table: &'static str,
    /// The last row.
    last: &'static str,
    /// What it sums up.
    counts: &'static str,
    /// What a row must not be, and the query that finds those: their id alone. All are in one language.
    broken: &'static [(&'static str, &'static str)],
}

const RECEIVED: Rules = Rules {
    table: "received",
    last: "SELECT max(rowid) FROM received",
    counts: "SELECT disposition AS name, coalesce(hold, '') AS also, received_at / 86400000000 AS day, count(*) AS rows FROM received \
             WHERE rowid > $1 AND rowid <= $2 GROUP BY name, also, day",
    broken: &[
        (
            "is in no terminal state",
            "SELECT id FROM received WHERE rowid > $1 AND rowid <= $2 AND $3 = $3 \
             AND disposition NOT IN ('applied', 'relayed', 'held', 'consumed', 'refused')",
        ),
        (
            "is held without a hold state, or has one without being held",
            "SELECT id FROM received WHERE rowid > $1 AND rowid <= $2 AND $3 = $3 \
             AND ((disposition = 'held') <> (hold IS NOT NULL) OR coalesce(hold, 'waiting') NOT IN ('waiting', 'released', 'dropped', 'expired'))",
        ),
        (
            "has lost its bytes",
            "SELECT id FROM received WHERE rowid > $1 AND rowid <= $2 AND $3 = $3 \
             AND NOT EXISTS (SELECT 1 FROM received_raw w WHERE w.id = received.id AND length(w.raw) = received.size)",
        ),
        (
            "is about a guest or meeting that is not there",
            "SELECT id FROM received WHERE rowid > $1 AND rowid <= $2 AND $3 = $3 \
             AND ((guest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM guests g WHERE g.id = received.guest)) \
             OR (meeting IS NOT NULL AND NOT EXISTS (SELECT 1 FROM meetings m WHERE m.id = received.meeting)))",
        ),
    ],
};

const DUPLICATES: Rules = Rules {
    table: "duplicates",
    last: "SELECT max(number) FROM duplicates",
    counts: "SELECT 'duplicate' AS name, '' AS also, received_at / 86400000000 AS day, count(*) AS rows FROM duplicates \
             WHERE number > $1 AND number <= $2 GROUP BY day",
    broken: &[(
        "repeats a message that is not there",
        "SELECT number FROM duplicates WHERE number > $1 AND number <= $2 AND $3 = $3 \
         AND dedupe IS NOT NULL AND NOT EXISTS (SELECT 1 FROM received r WHERE r.dedupe = duplicates.dedupe)",
    )],
};

const OUTBOX: Rules = Rules {
    table: "outbox",
    last: "SELECT max(rowid) FROM outbox",
    counts: "SELECT state AS name, '' AS also, CAST(0 AS BIGINT) AS day, count(*) AS rows FROM outbox WHERE rowid > $1 AND rowid <= $2 GROUP BY name",
    broken: &[
        (
            "is neither due nor sent nor given up, or not settled as its state says",
            "SELECT id FROM outbox WHERE rowid > $1 AND rowid <= $2 AND $3 = $3 \
             AND (state NOT IN ('due', 'sent', 'failed') OR (state = 'due') <> (settled_at IS NULL))",
        ),
        (
            "waits long after it should have been sent or given up: is the gateway running?",
            "SELECT id FROM outbox WHERE rowid > $1 AND rowid <= $2 AND state = 'due' AND expires_at < $3",
        ),
        (
            "is for a guest who is not there",
            "SELECT id FROM outbox WHERE rowid > $1 AND rowid <= $2 AND $3 = $3 \
             AND guest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM guests g WHERE g.id = outbox.guest)",
        ),
    ],
};

const GUESTS: Rules = Rules {
    table: "guests",
    last: "SELECT max(number) FROM guests",
    counts: "SELECT '' AS name, '' AS also, CAST(0 AS BIGINT) AS day, count(*) AS rows FROM guests WHERE number > $1 AND number <= $2",
    broken: &[
        (
            "waits for a mail that nobody will send",
            "SELECT id FROM guests WHERE number > $1 AND number <= $2 AND $3 = $3 \
             AND delivery = 'queued' AND json_extract(facts, '$.sent') IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.guest = guests.id AND o.state = 'due')",
        ),
        (
            "is a guest of no meeting",
            "SELECT id FROM guests WHERE number > $1 AND number <= $2 AND $3 = $3 \
             AND NOT EXISTS (SELECT 1 FROM meetings m WHERE m.id = guests.meeting)",
        ),
    ],
};

/// One line of a table's sums.
struct Sum {
    name: String,
    also: String,
    day: i64,
    rows: u64,
}

impl Engine {
    pub(super) async fn balance(&self, now: DateTime<Utc>, progress: &(dyn Fn(Progress) + Send + Sync)) -> PortResult<Reconciliation> {
        let mut connection = self.readers.apart().await.map_err(unread)?;
        // One view for all queries: what is written meanwhile is not in it.
        sqlx::query(BEGIN_VIEW).execute(&mut *connection).await.map_err(unread)?;
        let found = reconcile(&mut connection, now, progress).await;
        let ended = sqlx::query("ROLLBACK").execute(&mut *connection).await;
        let found = found.map_err(unread)?;
        ended.map_err(unread)?;
        Ok(found)
    }
}

async fn reconcile(
    connection: &mut Connection,
    now: DateTime<Utc>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Reconciliation, sqlx::Error> {
    let mut found = Reconciliation::default();
    let mut days: BTreeMap<i64, u64> = BTreeMap::new();
    for rules in [&RECEIVED, &DUPLICATES] {
        for Sum { name, also, day, rows } in read(connection, rules, now, &mut found, progress).await? {
            *found.states.entry(name).or_default() += rows;
            *days.entry(day).or_default() += rows;
            match also.as_str() {
                "waiting" => found.holds.waiting += rows,
                "released" => found.holds.released += rows,
                "dropped" => found.holds.dropped += rows,
                "expired" => found.holds.expired += rows,
                _ => {}
            }
        }
    }
    for Sum { name, rows, .. } in read(connection, &OUTBOX, now, &mut found, progress).await? {
        match name.as_str() {
            "due" => found.outbox.due += rows,
            "sent" => found.outbox.sent += rows,
            "failed" => found.outbox.failed += rows,
            _ => {}
        }
    }
    read(connection, &GUESTS, now, &mut found, progress).await?;
    compare(connection, days, &mut found).await?;
    Ok(found)
}

/// Reads one table: its sums, and every row that breaks a rule.
async fn read(
    connection: &mut Connection,
    rules: &Rules,
    now: DateTime<Utc>,
    found: &mut Reconciliation,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Vec<Sum>, sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar(rules.last).fetch_one(&mut *connection).await?;
    let last = last.unwrap_or_default();
    let mut sums = Vec::new();
    let mut from = 0;
    while from < last {
        let to = from.saturating_add(PIECE).min(last);
        let rows = sqlx::query(rules.counts).bind(from).bind(to).fetch_all(&mut *connection).await?;
        for row in &rows {
            sums.push(sum_of(row)?);
        }
        for (what, query) in rules.broken {
            let query = sqlx::query(*query).bind(from).bind(to).bind(micros(now - LATE));
            for row in query.fetch_all(&mut *connection).await? {
                found.fault(rules.table, name_of(&row)?, what);
            }
        }
        progress(Progress { table: rules.table, done: unsigned(to)?, total: unsigned(last)? });
        from = to;
    }
    Ok(sums)
}

fn sum_of(row: &DbRow) -> Result<Sum, sqlx::Error> {
    Ok(Sum { name: row.try_get("name")?, also: row.try_get("also")?, day: row.try_get("day")?, rows: unsigned(row.try_get("rows")?)? })
}

/// An id, or a number.
fn name_of(row: &DbRow) -> Result<String, sqlx::Error> {
    match row.try_get::<&[u8], _>(0).and_then(uuid) {
        Ok(id) => Ok(id.to_string()),
        Err(_) => row.try_get::<i64, _>(0).map(|number| number.to_string()),
    }
}

/// What was counted at each 250 with what the rows say, day by day.
async fn compare(connection: &mut Connection, mut days: BTreeMap<i64, u64>, found: &mut Reconciliation) -> Result<(), sqlx::Error> {
    for row in sqlx::query("SELECT day, messages FROM accepted ORDER BY day").fetch_all(connection).await? {
        let (day, accepted): (i64, u64) = (row.try_get("day")?, unsigned(row.try_get("messages")?)?);
        found.accepted += accepted;
        if days.remove(&day).unwrap_or_default() != accepted {
            found.fault("accepted", date(day), "another number was accepted that day than rows are there");
        }
    }
    for day in days.into_keys() {
        found.fault("accepted", date(day), "rows are there of a day at which nothing was accepted");
    }
    Ok(())
}

fn date(day: i64) -> String {
    time(day.saturating_mul(DAY)).format("%Y-%m-%d").to_string()
}
