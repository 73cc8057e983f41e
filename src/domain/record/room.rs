//! What is written about conference rooms.

use crate::domain::id::{GuestId, MeetingId};
use crate::domain::presence::{Closing, Stay};
use chrono::{DateTime, Utc};

/// One change. None ever conflicts: told again, or in another order, it comes to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomWrite {
    /// A moderator is in the room; the earliest time is kept.
    Opened {
        /// Which.
        room: String,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// A guest waits before it; the earliest time is kept.
    Waits {
        /// Which.
        room: String,
        /// Who.
        guest: GuestId,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// A person lets a guest in.
    LetIn {
        /// Where.
        room: String,
        /// Whom.
        guest: GuestId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody was in it.
    Stay {
        /// Whose room.
        meeting: MeetingId,
        /// The stay, as far as it is known.
        stay: Stay,
    },
    /// It was closed.
    Closed {
        /// Whose room.
        meeting: MeetingId,
        /// Which, and when.
        closing: Closing,
    },
    /// A guest's link was used.
    LinkUsed {
        /// Whose.
        guest: GuestId,
        /// From where: a keyed hash of the network.
        network: [u8; 16],
        /// When.
        at: DateTime<Utc>,
    },
}
