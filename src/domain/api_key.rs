//! Programs that use the HTTP API: what each may do.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a key lets a program do. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Look at meetings, guests and attendance.
    #[serde(rename = "meetings:read")]
    MeetingsRead,
    /// Write, change and cancel meetings of any organizer of the directory, and help guests.
    #[serde(rename = "meetings:write")]
    MeetingsWrite,
    /// Look at alerts.
    #[serde(rename = "alerts:read")]
    AlertsRead,
    /// Act on alerts.
    #[serde(rename = "alerts:write")]
    AlertsWrite,
    /// Look at mail that waits.
    #[serde(rename = "holds:read")]
    HoldsRead,
    /// Let mail go on, or drop it.
    #[serde(rename = "holds:write")]
    HoldsWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::MeetingsRead, Self::MeetingsWrite, Self::AlertsRead, Self::AlertsWrite, Self::HoldsRead, Self::HoldsWrite];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::MeetingsRead => "meetings:read",
            Self::MeetingsWrite => "meetings:write",
            Self::AlertsRead => "alerts:read",
            Self::AlertsWrite => "alerts:write",
            Self::HoldsRead => "holds:read",
            Self::HoldsWrite => "holds:write",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| format!("`{text}` is none of {}", names()))
    }
}

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Whose: a name for people and the audit trail.
    pub name: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// What it lets do.
    pub scopes: Vec<Scope>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What is written about keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiKeyWrite {
    /// A new one; conflicts where there is one of this name.
    Created(ApiKey),
    /// It is worthless from now on; conflicts where there is none.
    Revoked(String),
}
