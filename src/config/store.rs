//! Where everything is kept.

use serde::Deserialize;
use std::path::PathBuf;

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// SQLite file; its folder must be writable.
    pub path: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self { path: PathBuf::from("/var/lib/paravent/paravent.sqlite") }
    }
}
