//! Who may organize.

use serde::Deserialize;
use std::path::PathBuf;

/// Who may organize.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Directory {
    /// Folder with `organizers.csv` and `groups.csv`; read again when they change.
    pub folder: PathBuf,
}

impl Default for Directory {
    fn default() -> Self {
        Self { folder: PathBuf::from("/etc/paravent/directory") }
    }
}
