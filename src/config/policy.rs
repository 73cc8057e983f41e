//! What applies to every meeting.

use crate::domain::doorstep::{SharedLinks, WaitingRoom};
use serde::Deserialize;

/// What applies to every meeting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Most guests of one invitation.
    pub max_guests: usize,
    /// Minutes before the start at which a guest's link opens.
    pub opens_before_minutes: u16,
    /// Minutes after the end at which it closes.
    pub closes_after_minutes: u16,
    /// Whether guests wait before the door: `off`, or `until-moderator` has come or has let them in.
    pub waiting_room: WaitingRoom,
    /// What is done about a guest's link that is used from more places than one person is at: `alert`, `refuse` (and alert), or `ignore`.
    pub shared_links: SharedLinks,
    /// From how many networks (IPv4 /24, IPv6 /48) one person may come within half a day.
    pub link_networks: u16,
    /// Days for which a mail waits for a decision; then it ends without effect. Three days before, the helpdesk is told.
    pub hold_days: u32,
    /// Deepest nesting of MIME parts that is looked into.
    pub mime_depth: usize,
    /// Most MIME parts that are looked at.
    pub mime_parts: usize,
}

impl Default for Policy {
    fn default() -> Self {
        let mime = crate::domain::mime::MimeLimits::default();
        Self {
            max_guests: 1_000,
            opens_before_minutes: 10,
            closes_after_minutes: 0,
            waiting_room: WaitingRoom::Off,
            shared_links: SharedLinks::Alert,
            link_networks: 3,
            hold_days: 30,
            mime_depth: mime.depth,
            mime_parts: mime.parts,
        }
    }
}
