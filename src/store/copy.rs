//! The archive moves house: everything of a SQLite file into an empty PostgreSQL database, or nothing.

use super::postgres::{self, PostgresArchive, PostgresSettings};
use super::{SqliteArchive, StoreError};
use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, QueryBuilder, Row};
use std::path::Path;

/// Most rows, and about most octets, of one statement.
const PIECE: (usize, usize) = (500, 4 << 20);

/// Why nothing was copied. For the operator.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of both can't be opened.
    #[error(transparent)]
    Open(#[from] StoreError),
    /// The file can't be read.
    #[error("the file: {0}")]
    Source(sqlx::Error),
    /// The database refused.
    #[error("the database: {0}")]
    Target(#[from] sqlx::Error),
    /// There is no file to copy.
    #[error("{0}: there is no such file")]
    Missing(String),
    /// Nothing is mixed with what is there.
    #[error("the database is not empty: there are rows in `{0}`")]
    NotEmpty(String),
    /// What arrived is not what was sent.
    #[error("`{table}` has {sent} rows in the file and {arrived} in the database")]
    Counts {
        /// The table.
        table: String,
        /// Rows in the file.
        sent: i64,
        /// Rows in the database.
        arrived: i64,
    },
    /// A program wrote to the file; what it wrote would be missing.
    #[error("somebody wrote to the file meanwhile: stop the gateway, and copy again")]
    Changed,
}

/// How far one table is.
#[derive(Clone, Copy, Debug)]
pub struct Copied<'a> {
    /// The table.
    pub table: &'a str,
    /// Rows that are copied.
    pub done: u64,
    /// All of them.
    pub total: u64,
}

/// Copies table by table, in one view of the file and one transaction of the database, and compares the numbers of rows before it
/// commits. Gives them by table.
pub async fn copy(
    file: &Path,
    settings: &PostgresSettings,
    progress: &(dyn Fn(Copied<'_>) + Send + Sync),
) -> Result<Vec<(String, u64)>, CopyError> {
    if !file.exists() {
        return Err(CopyError::Missing(file.display().to_string()));
    }
    // Both are brought up to date first: then each has the columns of the other.
    SqliteArchive::open(file).await?.close().await;
    PostgresArchive::open(settings).await?.close().await;
    let mut source = SqliteConnectOptions::new().filename(file).connect().await.map_err(CopyError::Source)?;
    let mut target = postgres::turn(settings).await?;
    let before = version(&mut source).await?;
    sqlx::query("BEGIN").execute(&mut source).await.map_err(CopyError::Source)?;
    let tables = tables(&mut source).await?;
    for table in &tables {
        if count(&mut target, table).await? > 0 {
            return Err(CopyError::NotEmpty(table.clone()));
        }
    }
    let mut copied = Vec::with_capacity(tables.len());
    for table in tables {
        let rows = one(&mut source, &mut target, &table, progress).await?;
        copied.push((table, rows));
    }
    sequences(&mut source, &mut target).await?;
    sqlx::query("ROLLBACK").execute(&mut source).await.map_err(CopyError::Source)?;
    if version(&mut source).await? != before {
        return Err(CopyError::Changed);
    }
    sqlx::query("COMMIT").execute(&mut target).await?;
    target.close().await?;
    Ok(copied)
}

/// A number that changes when another connection writes.
async fn version(source: &mut SqliteConnection) -> Result<i64, CopyError> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(source).await.map_err(CopyError::Source)
}

/// All tables in the order in which they were made: none refers to a later one.
async fn tables(source: &mut SqliteConnection) -> Result<Vec<String>, CopyError> {
    let query =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> '_sqlx_migrations' ORDER BY rowid";
    sqlx::query_scalar(query).fetch_all(source).await.map_err(CopyError::Source)
}

async fn count(target: &mut PgConnection, table: &str) -> Result<i64, CopyError> {
    Ok(sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(target).await?)
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    Octets,
}

struct Column {
    name: String,
    kind: Kind,
    key: i64,
}

async fn columns(source: &mut SqliteConnection, table: &str) -> Result<Vec<Column>, sqlx::Error> {
    let rows = sqlx::query("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid").bind(table).fetch_all(source).await?;
    let column = |row: &SqliteRow| {
        let kind: String = row.try_get("type")?;
        let kind = match kind.as_str() {
            "INTEGER" | "BIGINT" => Kind::Number,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Octets,
            other => return Err(super::codec::decode(format!("a column of the kind {other}"))),
        };
        Ok(Column { name: row.try_get("name")?, kind, key: row.try_get("pk")? })
    };
    rows.iter().map(column).collect()
}

async fn one(
    source: &mut SqliteConnection,
    target: &mut PgConnection,
    table: &str,
    progress: &(dyn Fn(Copied<'_>) + Send + Sync),
) -> Result<u64, CopyError> {
    let columns = columns(source, table).await.map_err(CopyError::Source)?;
    let total = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")));
    let total: i64 = total.fetch_one(&mut *source).await.map_err(CopyError::Source)?;
    let mut keys: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
    keys.sort_by_key(|column| column.key);
    let list = |columns: &[&Column]| columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let names = list(&columns.iter().collect::<Vec<_>>());
    let select = format!("SELECT {names} FROM {table} ORDER BY {}", list(&keys));
    let insert = format!("INSERT INTO {table} ({names}) ");
    let total = total.unsigned_abs();
    let mut done = 0;
    let (mut piece, mut octets) = (Vec::new(), 0);
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(source);
    progress(Copied { table, done, total });
    loop {
        let row = rows.try_next().await.map_err(CopyError::Source)?;
        let ended = row.is_none();
        if let Some(row) = row {
            let cells = columns.iter().enumerate().map(|(place, column)| cell(&row, place, column.kind));
            let cells: Vec<Cell> = cells.collect::<Result<_, _>>().map_err(CopyError::Source)?;
            octets += cells.iter().map(Cell::octets).sum::<usize>();
            piece.push(cells);
        }
        if !piece.is_empty() && (ended || piece.len() >= PIECE.0 || octets >= PIECE.1) {
            done += piece.len() as u64;
            let mut query = QueryBuilder::new(&insert);
            query.push_values(piece.drain(..), |mut values, cells| {
                for cell in cells {
                    match cell {
                        Cell::Number(number) => values.push_bind(number),
                        Cell::Text(text) => values.push_bind(text),
                        Cell::Octets(octets) => values.push_bind(octets),
                    };
                }
            });
            octets = 0;
            // Pieces differ in their number of rows: their statements need not be remembered.
            query.build().persistent(false).execute(&mut *target).await?;
            progress(Copied { table, done, total });
        }
        if ended {
            break;
        }
    }
    let (sent, arrived) = (i64::try_from(total).unwrap_or(i64::MAX), count(target, table).await?);
    if sent != arrived {
        return Err(CopyError::Counts { table: table.to_owned(), sent, arrived });
    }
    Ok(done)
}

/// A value on its way.
enum Cell {
    Number(Option<i64>),
    Text(Option<String>),
    Octets(Option<Vec<u8>>),
}

impl Cell {
    fn octets(&self) -> usize {
        match self {
            Self::Number(_) => size_of::<i64>(),
            Self::Text(text) => text.as_ref().map_or(0, String::len),
            Self::Octets(octets) => octets.as_ref().map_or(0, Vec::len),
        }
    }
}

fn cell(row: &SqliteRow, place: usize, kind: Kind) -> Result<Cell, sqlx::Error> {
    Ok(match kind {
        Kind::Number => Cell::Number(row.try_get(place)?),
        Kind::Text => Cell::Text(row.try_get::<Option<&str>, _>(place)?.map(super::codec::text)),
        Kind::Octets => Cell::Octets(row.try_get(place)?),
    })
}

/// Numbers go on where they were, also where the last row is gone.
async fn sequences(source: &mut SqliteConnection, target: &mut PgConnection) -> Result<(), CopyError> {
    let rows = sqlx::query("SELECT name, seq FROM sqlite_sequence WHERE seq > 0").fetch_all(source).await.map_err(CopyError::Source)?;
    for row in rows {
        let (table, number): (String, i64) = (row.try_get(0).map_err(CopyError::Source)?, row.try_get(1).map_err(CopyError::Source)?);
        let query = sqlx::query("SELECT setval(pg_get_serial_sequence($1, 'number'), $2)");
        query.bind(table).bind(number).execute(&mut *target).await?;
    }
    Ok(())
}
