//! Identifiers of what Paravent keeps. They are UUIDs (version 7, so that rows sort by time) and
//! carry no meaning: never an address, a name or a title.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

identifiers! {
    /// One meeting: one UID of one organizer.
    MeetingId,
    /// One guest of one meeting: the same person invited twice is two guests.
    GuestId,
    /// One person of the directory who may invite.
    OrganizerId,
    /// One accepted inbound message, per recipient.
    ReceivedId,
    /// One mail to deliver to one recipient.
    OutboxId,
    /// One alert.
    AlertId,
}
