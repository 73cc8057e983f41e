//! Pages of long lists, newest first or next first: what is asked for, and where the next page begins.

use super::alert::{Alert, AlertKind, AlertState, Severity};
use super::id::{GuestId, MeetingId};
use super::meeting::Meeting;
use super::record::ReceivedSummary;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where a page ended: the row's time and id. The next one begins after it, whatever was added meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Microseconds since 1970.
    pub at: i64,
    /// Id.
    pub id: Uuid,
}

impl Cursor {
    /// After this meeting.
    pub fn after_meeting(meeting: &Meeting) -> Self {
        Self { at: meeting.event.starts_at.timestamp_micros(), id: meeting.id.0 }
    }

    /// After this alert.
    pub fn after_alert(alert: &Alert) -> Self {
        Self { at: alert.last_at.timestamp_micros(), id: alert.id.0 }
    }

    /// After this mail.
    pub fn after_mail(mail: &ReceivedSummary) -> Self {
        Self { at: mail.received_at.timestamp_micros(), id: mail.id.0 }
    }

    /// Reads what [`Display`](std::fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self { at: at.parse().ok()?, id: id.parse().ok()? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at, self.id.simple())
    }
}

/// Which alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// In this state.
    pub state: Option<AlertState>,
    /// Of this kind.
    pub kind: Option<AlertKind>,
    /// At least so urgent.
    pub severity: Option<Severity>,
    /// Of this meeting.
    pub meeting: Option<MeetingId>,
}

/// Something that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A meeting, by its title.
    Meeting {
        /// Which.
        id: MeetingId,
        /// Title.
        title: String,
        /// Start.
        starts_at: DateTime<Utc>,
    },
    /// A guest, by their address or by a mail of theirs.
    Guest {
        /// Who.
        id: GuestId,
        /// Their address.
        address: String,
        /// Of which meeting.
        meeting: MeetingId,
        /// Its title.
        title: String,
        /// Its start.
        starts_at: DateTime<Utc>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Cursor { at: -5, id: Uuid::from_u128(7) };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        for bad in ["", "1", "1.", ".x", "x.00000000000000000000000000000007", "1.7"] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
