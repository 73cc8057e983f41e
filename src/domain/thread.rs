//! Threading across the screen: message ids of one dialog never cross into the other (RFC 5322 §3.6.4);
//! pairs of them are remembered, and mapped both ways.

use super::id::GuestId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The content of a Message-ID without its angle brackets.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// Takes an id with or without angle brackets; `None` when it is empty, longer than 998 octets or has
    /// spaces, brackets or control characters inside.
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
        let plausible =
            !inner.is_empty() && inner.len() <= 998 && !inner.chars().any(|c| c.is_control() || c.is_whitespace() || c == '<' || c == '>');
        plausible.then(|| Self(inner.to_owned()))
    }

    /// An id of ours: `left@domain`, both from a closed alphabet.
    pub fn of(left: &str, domain: &str) -> Self {
        Self(format!("{left}@{domain}"))
    }

    /// The content, without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// One message known under two ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadLink {
    /// Whose dialog.
    pub guest: GuestId,
    /// Its id in the organizer's mailbox.
    pub organizer_side: MessageId,
    /// Its id in the guest's mailbox.
    pub guest_side: MessageId,
}

/// Which mailbox a message id was seen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The organizer's.
    Organizer,
    /// The guest's.
    Guest,
}

/// Translates the ids that `from` the one side knows into those of the other; unknown ones are dropped.
pub fn map_ids(links: &[ThreadLink], from: Side, ids: &[MessageId]) -> Vec<MessageId> {
    ids.iter()
        .filter_map(|id| {
            links.iter().find_map(|link| match from {
                Side::Organizer => (link.organizer_side == *id).then(|| link.guest_side.clone()),
                Side::Guest => (link.guest_side == *id).then(|| link.organizer_side.clone()),
            })
        })
        .collect()
}
