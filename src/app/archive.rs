//! The archive of the configuration: a SQLite file, or a PostgreSQL database.

use crate::config::Store;
use crate::flow::port::Archive;
use crate::store::{PostgresArchive, PostgresSettings, SqliteArchive};
use anyhow::Context;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// Opens the archive.
pub async fn open_archive(settings: &Store) -> anyhow::Result<Arc<dyn Archive>> {
    Ok(match &settings.url {
        Some(url) => Arc::new(PostgresArchive::open(&postgres(settings, url)?).await?),
        None => Arc::new(SqliteArchive::open(&settings.path).await?),
    })
}

/// The database of this URL, with the password and the bounds of the configuration.
pub fn postgres(settings: &Store, url: &str) -> anyhow::Result<PostgresSettings> {
    let password = match &settings.password_file {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("store.password_file: {}", file.display()))?;
            Some(SecretString::from(text.lines().next().unwrap_or_default()))
        }
        None => settings.password.clone(),
    };
    let wait = Duration::from_secs(settings.wait_seconds.max(1));
    Ok(PostgresSettings { url: url.to_owned(), password, readers: settings.connections, wait })
}
