//! Where everything is kept.

use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// SQLite file; its folder must be writable. Not used where `url` is set.
    pub path: PathBuf,
    /// A PostgreSQL database in place of the file (docs/postgresql.md), as `postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full`.
    pub url: Option<String>,
    /// Password of the PostgreSQL user, where the server asks for one. Rather in `password_file`, or in the environment.
    pub password: Option<SecretString>,
    /// File with that password on its first line, for the gateway alone: mode 0600 or 0640.
    pub password_file: Option<PathBuf>,
    /// Connections to PostgreSQL that read; one more writes.
    pub connections: u32,
    /// Longest wait for a connection to PostgreSQL, in seconds; after it mail is answered with 451 and pages with 503.
    pub wait_seconds: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: PathBuf::from("/var/lib/paravent/paravent.sqlite"),
            url: None,
            password: None,
            password_file: None,
            connections: 8,
            wait_seconds: 10,
        }
    }
}
