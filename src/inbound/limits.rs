//! What one peer may ask of a mail door. Every limit is a setting.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of one mail door (RFC 5321 §4.5.3 gives the least that a server must take).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest message, in bytes, announced as SIZE. A larger one is answered with `552 5.3.4`.
    pub message_bytes: usize,
    /// Recipients of one message. Each one above is answered with `452 4.5.3`; the sender sends it again on its own.
    pub recipients: usize,
    /// Longest command line, in bytes with its line end.
    pub command_line_bytes: usize,
    /// Longest line of an AUTH exchange, in bytes with its line end (RFC 4954 §4 asks for 12288).
    pub auth_line_bytes: usize,
    /// Commands between two accepted messages; then `421 4.7.0` and the end.
    pub commands: u32,
    /// Refused commands and recipients between two accepted messages; then `421 4.7.0` and the end.
    pub errors: u32,
    /// Wrong logins in one session; then `421 4.7.0` and the end.
    pub wrong_logins: u32,
    /// How long a session may last, in seconds. A message that is complete is always answered.
    pub session_seconds: u64,
    /// How long the server waits for a command, a TLS handshake or the reading of a reply, in seconds.
    pub command_seconds: u64,
    /// How long the server waits for the next piece of a message, in seconds.
    pub content_seconds: u64,
    /// Sessions at once from one address; one more is answered with `421 4.7.0`. A unix socket counts as one address.
    pub connections_per_peer: usize,
    /// Sessions at once on this door; one more is answered with `421 4.3.2`.
    pub connections: usize,
    /// How long a transaction that is under way may go on when the server stops, in seconds.
    pub shutdown_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 35 * 1024 * 1024,
            recipients: 1000,
            command_line_bytes: 2048,
            auth_line_bytes: 12_288,
            commands: 5000,
            errors: 100,
            wrong_logins: 3,
            session_seconds: 3600,
            command_seconds: 300,
            content_seconds: 180,
            connections_per_peer: 100,
            connections: 1000,
            shutdown_seconds: 20,
        }
    }
}

impl Limits {
    pub(super) fn command_patience(&self) -> Duration {
        Duration::from_secs(self.command_seconds)
    }

    pub(super) fn content_patience(&self) -> Duration {
        Duration::from_secs(self.content_seconds)
    }

    pub(super) fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }

    pub(super) fn session_length(&self) -> Duration {
        Duration::from_secs(self.session_seconds)
    }
}
