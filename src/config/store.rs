//! Where everything is kept.

use super::Finding;
use super::validate::readable_by_others;
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

impl Store {
    /// What is wrong with where PostgreSQL is; nothing is connected to.
    pub(super) fn findings(&self, findings: &mut Vec<Finding>) {
        let Some(url) = &self.url else { return };
        let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
            let advice = "give postgres://USER@HOST/DATABASE, or leave it out for SQLite";
            return findings.push(Finding::problem("store.url", "it is no address of a PostgreSQL database", advice));
        };
        let place = rest.split(['/', '?']).next().unwrap_or_default();
        let (user, host) = place.rsplit_once('@').unwrap_or(("", place));
        // Settings are shown and logged; whoever reads this file need not know the password.
        if user.contains(':') || rest.contains("password=") {
            findings.push(Finding::problem("store.url", "a password is in it", "put it into the file that store.password_file names"));
        }
        let here = rest.contains("host=/") || ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.starts_with(name));
        if !here && !rest.contains("sslmode=verify-full") {
            let advice = "add sslmode=verify-full, and sslrootcert where the authority is your own";
            findings.push(Finding::warning("store.url", "nothing proves that the server is the right one", advice));
        }
        match &self.password_file {
            Some(file) if file.exists() => readable_by_others(file, findings),
            Some(file) => {
                let found = format!("{} is not there", file.display());
                findings.push(Finding::problem("store.password_file", found, "write the password on its first line, mode 0600 or 0640"));
            }
            None => {}
        }
    }
}
