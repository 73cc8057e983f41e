//! What the flows need of the archive about conference rooms: who waits before them, who was in them, from where links were used.

use super::port::PortResult;
use crate::domain::doorstep::{Doorstep, Waiting};
use crate::domain::id::{GuestId, MeetingId};
use crate::domain::meeting::Meeting;
use crate::domain::presence::Stays;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The part of the archive that is about conference rooms.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// The meeting whose room this is; of a series the room without its instance.
    async fn meeting_of_room(&self, room: &str) -> PortResult<Option<Meeting>>;
    /// Who was in the rooms of a meeting.
    async fn stays(&self, meeting: MeetingId) -> PortResult<Stays>;
    /// A guest before the door of a room.
    async fn doorstep(&self, room: &str, guest: GuestId) -> PortResult<Doorstep>;
    /// Who waits before a room of this meeting and was not let in, longest first.
    async fn waiting(&self, meeting: MeetingId) -> PortResult<Vec<Waiting>>;
    /// From which networks (keyed hashes) a guest's link was used since.
    async fn link_networks(&self, guest: GuestId, since: DateTime<Utc>) -> PortResult<Vec<[u8; 16]>>;
}
