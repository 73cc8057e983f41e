//! A link that is used from more places than one person is at: from many networks in half a day, or from a new one while the guest is
//! in the room. Of a network only a keyed hash is kept, for a day.

use super::Join;
use crate::domain::alert::{Alert, AlertKind, AlertState, Severity};
use crate::domain::doorstep::SharedLinks;
use crate::domain::id::AlertId;
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::record::{RoomWrite, Write};
use crate::flow::port::PortResult;
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;

/// How long a network counts.
const LATELY: TimeDelta = TimeDelta::hours(12);

/// What the place that a link is used from means.
pub(super) struct Place {
    /// What is written of it where the guest is let in.
    pub write: Option<Write>,
    /// The alert, where the link looks shared.
    pub alert: Option<Alert>,
}

impl Join {
    /// Judges from where a guest comes.
    pub(super) async fn place(&self, meeting: &Meeting, guest: &Guest, peer: Option<IpAddr>, now: DateTime<Utc>) -> PortResult<Place> {
        let nowhere = Place { write: None, alert: None };
        let (Some(peer), false) = (peer, self.settings.shared_links == SharedLinks::Ignore) else { return Ok(nowhere) };
        let network = self.links.blinded(&network(peer));
        let known = self.archive.link_networks(guest.id, now - LATELY).await?;
        let write = Some(Write::Room(RoomWrite::LinkUsed { guest: guest.id, network, at: now }));
        if known.is_empty() || known.contains(&network) {
            return Ok(Place { write, alert: None });
        }
        let is_inside = self.archive.stays(meeting.id).await?.devices(guest.id.0) > 0;
        let is_shared = is_inside || known.len() >= usize::from(self.settings.link_networks);
        Ok(Place { write, alert: is_shared.then(|| self.alert(meeting, guest, known.len() + 1, is_inside, now)) })
    }

    fn alert(&self, meeting: &Meeting, guest: &Guest, networks: usize, is_inside: bool, now: DateTime<Utc>) -> Alert {
        let masked = guest.mailbox.mailbox.masked();
        let evidence = if is_inside {
            format!("The link of {masked} was used from another network while they are in the room.")
        } else {
            format!("The link of {masked} was used from {networks} networks within half a day.")
        };
        Alert {
            id: AlertId(self.world.key()),
            kind: AlertKind::SharedLink,
            severity: Severity::Warning,
            state: AlertState::Open,
            key: format!("shared-link/{}", guest.id),
            meeting: Some(meeting.id),
            guest: Some(guest.id),
            received: None,
            escalated: 0,
            evidence,
            count: 1,
            opened_at: now,
            last_at: now,
        }
    }
}

/// The network of an address: what one household or office shares (IPv4 /24, IPv6 /48).
fn network(peer: IpAddr) -> Vec<u8> {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.octets()[..3].to_vec(),
        IpAddr::V6(address) => address.octets()[..6].to_vec(),
    }
}
