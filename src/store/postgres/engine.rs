//! What the statements need to know of PostgreSQL.

use std::time::Duration;

pub(super) use super::PostgresArchive as Engine;
pub(super) use sqlx::Postgres as Db;
pub(super) use sqlx::postgres::{PgArguments as Arguments, PgConnection as Connection, PgPool as Pool, PgRow as DbRow};

/// How long a transaction of the writer may take. A server that vanished without a word would else be waited for until the
/// kernel gives up, and nobody could write meanwhile.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// Begins a transaction that sees one state of everything.
pub(super) const BEGIN_VIEW: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The number of the last event, also when it is forgotten.
pub(super) const NEWEST_ALERT_EVENT: &str = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM alert_events_number_seq";

/// Begins a transaction that writes: alone in the database, as in SQLite, whichever process asks. So whatever a statement of a
/// commit has read is still true when a later one writes, numbers are given in the order in which they become visible, and no
/// two processes wait for each other in a circle. Group commit makes up for it. Each statement sees what is committed when
/// it begins; the lock is had before the first.
pub(super) async fn begin(connection: &mut Connection) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").execute(&mut *connection).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(WRITERS).execute(connection).await.map(drop)
}

/// The advisory lock of those who write. Any number will do that no other program takes in this database.
const WRITERS: i64 = i64::from_be_bytes(*b"paravent");

/// Several nodes may share the database.
pub(super) const HAS_NODES: bool = true;

/// A claim: now, limit, node, until. It locks what it takes and passes over what another node is just taking.
pub(super) const CLAIM: &str = "UPDATE outbox SET claimed_by = $3, claimed_until = $4 WHERE id IN ({chosen}) RETURNING *";
/// How many parameters stand before its exceptions.
pub(super) const CLAIM_PARAMETERS: usize = 4;
/// How the mails of a claim are chosen.
pub(super) const CLAIM_ORDER: &str =
    "AND (claimed_until IS NULL OR claimed_until <= $1 OR claimed_by = $3) ORDER BY turn LIMIT $2 FOR UPDATE SKIP LOCKED";

/// A column that `length()` gave.
pub(super) fn length(row: &DbRow, column: &str) -> Result<i64, sqlx::Error> {
    sqlx::Row::try_get::<i32, _>(row, column).map(i64::from)
}
