//! The door of a conference room: who is before it, and what an operator may choose of it.

use super::id::GuestId;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// What is known of a guest before a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doorstep {
    /// Since when a moderator has been in the room at all.
    pub opened_at: Option<DateTime<Utc>>,
    /// Since when the guest waits.
    pub waits_since: Option<DateTime<Utc>>,
    /// When a person let them in.
    pub let_in_at: Option<DateTime<Utc>>,
}

impl Doorstep {
    /// Whether the guest may pass.
    pub fn is_free(&self) -> bool {
        self.opened_at.is_some() || self.let_in_at.is_some()
    }
}

/// A guest who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Before which room.
    pub room: String,
    /// Who.
    pub guest: GuestId,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Whether guests wait before the door until somebody opens it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingRoom {
    /// They go in at once; the conference server may have a lobby of its own.
    #[default]
    Off,
    /// Until the moderator has come, or has let them in.
    UntilModerator,
}

/// What is done about a link that is used from more places than one person is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharedLinks {
    /// Nothing, and nothing is noted of networks.
    Ignore,
    /// The helpdesk is told.
    #[default]
    Alert,
    /// The helpdesk is told, and the door stays closed from there.
    Refuse,
}

/// How a guest comes into the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinBy {
    /// The browser is sent to the conference server's own page.
    #[default]
    Redirect,
    /// The conference is shown in a page of ours.
    Embedded,
}
