//! How mail is looked into by other programs.

use serde::Deserialize;

/// How mail is looked into by other programs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanSettings {
    /// Where ClamAV's clamd listens: `127.0.0.1:3310`, or the path of its socket. A mail with a virus is held, or refused where it leads to
    /// no guest.
    pub clamd: Option<String>,
    /// Where a worker of rspamd listens: `http://127.0.0.1:11333`. What it would mark or reject is held as spam.
    pub rspamd: Option<String>,
    /// How long each may take for a mail, in seconds; then it counts as down, and the mail comes again.
    pub timeout_seconds: u16,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self { clamd: None, rspamd: None, timeout_seconds: 30 }
    }
}
