//! What the statements need to know of SQLite.

use std::time::Duration;

pub(super) use super::SqliteArchive as Engine;
pub(super) use sqlx::Sqlite as Db;
pub(super) use sqlx::sqlite::{SqliteArguments as Arguments, SqliteConnection as Connection, SqlitePool as Pool, SqliteRow as DbRow};

/// How long a transaction of the writer may take: far beyond the wait for another program.
pub(super) const LONGEST: Duration = Duration::from_secs(600);

/// Begins a transaction that sees one state of everything.
pub(super) const BEGIN_VIEW: &str = "BEGIN";

/// The number of the last event, also when it is forgotten.
pub(super) const NEWEST_ALERT_EVENT: &str = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'alert_events'";

/// Begins a transaction that writes: alone, from its first moment.
pub(super) async fn begin(connection: &mut Connection) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(connection).await.map(drop)
}

/// One gateway has the file: what it has in hand it knows itself.
pub(super) const HAS_NODES: bool = false;

/// A claim: now, limit.
pub(super) const CLAIM: &str = "SELECT * FROM outbox WHERE id IN ({chosen})";
/// How many parameters stand before its exceptions.
pub(super) const CLAIM_PARAMETERS: usize = 2;
/// How the mails of a claim are chosen.
pub(super) const CLAIM_ORDER: &str = "ORDER BY turn LIMIT $2";

/// A column that `length()` gave.
pub(super) fn length(row: &DbRow, column: &str) -> Result<i64, sqlx::Error> {
    sqlx::Row::try_get(row, column)
}
