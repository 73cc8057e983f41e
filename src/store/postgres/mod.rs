//! The engine for several sites: PostgreSQL, the same statements as in SQLite, one writer a process.

mod engine;
#[path = "../sql/mod.rs"]
mod sql;

use crate::domain::record::{Commit, Committed};
use crate::flow::port::PortResult;
use crate::store::StoreError;
use secrecy::{ExposeSecret, SecretString};
use sql::{Readers, Writer};
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use std::str::FromStr;
use std::time::Duration;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// Options of every session. The server ends a session whose process fell silent in the middle of a transaction, so that it does
/// not keep the others from writing; and who waits longer than that for their turn is told.
const SESSION: [(&str, &str); 2] = [("idle_in_transaction_session_timeout", "20s"), ("lock_timeout", "30s")];

/// `250` promises that what was accepted is on disk, whatever the server's configuration says about that; more than that, such as a
/// second server, is left as it is.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Where the database is, and how it is used.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// `postgres://USER@HOST:PORT/DATABASE?sslmode=…`.
    pub url: String,
    /// The password, where the server asks for one.
    pub password: Option<SecretString>,
    /// Connections that read at once.
    pub readers: u32,
    /// Longest wait for a connection.
    pub wait: Duration,
}

/// The archive in one PostgreSQL database. Cloning shares it.
#[derive(Clone)]
pub struct PostgresArchive {
    readers: Readers,
    writer: Writer,
}

impl PostgresArchive {
    /// Connects, and brings the schema up to date. Other processes may do the same at the same time.
    pub async fn open(settings: &PostgresSettings) -> Result<Self, StoreError> {
        let options = options(settings)?;
        let place = place(&options);
        let open = |cause| StoreError::Open { place: place.clone(), cause };
        let pool = || PgPoolOptions::new().acquire_timeout(settings.wait);
        let single = pool()
            .max_connections(1)
            .after_connect(|connection, _| Box::pin(async move { sqlx::query(DURABLE).execute(connection).await.map(drop) }));
        let single = match single.connect_with(options.clone()).await {
            Ok(single) => single,
            Err(cause) => return Err(open(reason(cause, &options, settings.wait).await)),
        };
        MIGRATOR.run(&single).await.map_err(|cause| StoreError::Schema { place: place.clone(), cause })?;
        let readers = pool().max_connections(settings.readers.max(1) + 1).connect_with(options).await.map_err(open)?;
        Ok(Self { readers: Readers::new(readers, settings.readers), writer: Writer::start(single) })
    }

    /// Writes what still waits, then ends the connections.
    pub async fn close(self) {
        self.writer.stop().await;
        self.readers.close().await;
    }

    async fn write(&self, commit: Commit) -> PortResult<Committed> {
        self.writer.commit(commit).await
    }
}

/// Why there is no connection: the pool itself only says that it waited long enough.
async fn reason(cause: sqlx::Error, options: &PgConnectOptions, wait: Duration) -> sqlx::Error {
    if !matches!(cause, sqlx::Error::PoolTimedOut) {
        return cause;
    }
    match tokio::time::timeout(wait, options.connect()).await {
        Ok(Err(reason)) => reason,
        Ok(Ok(_)) | Err(_) => cause,
    }
}

/// A connection whose turn it is to write until it commits, however long it is silent in between.
pub(super) async fn turn(settings: &PostgresSettings) -> Result<PgConnection, StoreError> {
    let options = options(settings)?;
    let begun = async {
        let mut connection = options.connect().await?;
        sqlx::query("SET idle_in_transaction_session_timeout = 0").execute(&mut connection).await?;
        sqlx::query(DURABLE).execute(&mut connection).await?;
        engine::begin(&mut connection).await?;
        Ok(connection)
    };
    begun.await.map_err(|cause| StoreError::Open { place: place(&options), cause })
}

fn options(settings: &PostgresSettings) -> Result<PgConnectOptions, StoreError> {
    // What is wrong with it is said without it: a password may be in it.
    let options = PgConnectOptions::from_str(&settings.url).map_err(|cause| StoreError::Open { place: "store.url".to_owned(), cause })?;
    let options = match &settings.password {
        Some(password) => options.password(password.expose_secret()),
        None => options,
    };
    Ok(options.application_name("paravent").options(SESSION))
}

/// The database as the operator knows it, without the password.
fn place(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    let database = options.get_database().unwrap_or(options.get_username());
    format!("database {database} at {host} port {}", options.get_port())
}
