//! The embedded engine: SQLite in WAL mode, one writer that commits for everybody at once, many readers.

mod engine;
#[path = "../sql/mod.rs"]
mod sql;

use crate::domain::record::{Commit, Committed};
use crate::flow::port::PortResult;
use crate::store::StoreError;
use sql::{Readers, Writer};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Readers at once.
const READERS: u32 = 4;
/// How long a statement waits while another program writes.
const BUSY: Duration = Duration::from_secs(30);

/// The archive in one SQLite file. Cloning shares it.
#[derive(Clone)]
pub struct SqliteArchive {
    readers: Readers,
    writer: Writer,
}

impl SqliteArchive {
    /// Opens the file, makes it where it is missing, and brings its schema up to date. Other programs may have it open.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let open = |cause| StoreError::Open { place: path.display().to_string(), cause };
        private_file(path).map_err(|cause| open(sqlx::Error::Io(cause)))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let single = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(open)?;
        MIGRATOR.run(&single).await.map_err(|cause| StoreError::Schema { place: path.display().to_string(), cause })?;
        let readers = SqlitePoolOptions::new().max_connections(READERS + 1).connect_with(options).await.map_err(open)?;
        Ok(Self { readers: Readers::new(readers, READERS), writer: Writer::start(single) })
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
