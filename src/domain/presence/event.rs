//! What a conference server tells of its rooms.

use chrono::{DateTime, Utc};

/// A browser in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// The conference server's name of it.
    pub jid: String,
    /// Who it is, by the token that let them in (`context.user.id`).
    pub id: Option<String>,
    /// When it came in.
    pub joined_at: DateTime<Utc>,
    /// When it left.
    pub left_at: Option<DateTime<Utc>>,
}

/// Where something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The conference server's name of the meeting's room, with or without a tenant.
    pub room: String,
    /// Its name of the breakout room, where it was in one.
    pub breakout: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// Somebody came in or left: what is known of them then.
    Occupant(Occupant),
    /// The room was closed.
    Closed {
        /// When.
        at: DateTime<Utc>,
        /// Everybody who was ever in it, as far as the server knows.
        occupants: Vec<Occupant>,
    },
}
