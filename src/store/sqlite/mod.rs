//! The embedded engine: SQLite in WAL mode, one writer that commits for everybody at once, many readers.

mod alert;
mod api_key;
mod apply;
mod codec;
mod ledger;
mod list;
mod read;
mod reconcile;
mod room;
mod session;
mod suppression;
mod writer;

use crate::domain::record::{Commit, Committed};
use crate::flow::port::{PortError, PortResult};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::path::{Path, PathBuf};
use std::time::Duration;
use writer::Writer;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Readers at once.
const READERS: u32 = 4;
/// How long a statement waits while another program writes.
const BUSY: Duration = Duration::from_secs(30);

/// Why the archive cannot be opened. For the operator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not there and cannot be made, or no SQLite file.
    #[error("{}: {cause}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        cause: sqlx::Error,
    },
    /// Written by a newer program, or changed by hand.
    #[error("{}: its schema does not fit this program: {cause}", .path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        cause: MigrateError,
    },
}

/// The archive in one SQLite file. Cloning shares it.
#[derive(Clone)]
pub struct SqliteArchive {
    readers: SqlitePool,
    writer: Writer,
}

impl SqliteArchive {
    /// Opens the file, makes it where it is missing, and brings its schema up to date. Other programs may have it open.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let open = |cause| StoreError::Open { path: path.to_owned(), cause };
        private_file(path).map_err(|cause| open(sqlx::Error::Io(cause)))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let single = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(open)?;
        MIGRATOR.run(&single).await.map_err(|cause| StoreError::Schema { path: path.to_owned(), cause })?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await.map_err(open)?;
        Ok(Self { readers, writer: Writer::start(single) })
    }

    /// Writes what still waits, then lets go of the file.
    pub async fn close(self) {
        self.writer.stop().await;
        self.readers.close().await;
    }

    async fn write(&self, commit: Commit) -> PortResult<Committed> {
        self.writer.commit(commit).await
    }
}

/// Makes the file where it is missing, for its owner alone: people's mail is in it, whatever the umask says. SQLite gives
/// the files beside it the same mode.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// A failed read.
fn unread(error: impl std::fmt::Display) -> PortError {
    PortError::new("read the archive", error)
}
