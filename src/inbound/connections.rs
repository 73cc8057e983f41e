//! How many sessions are open: in total and per peer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The sessions of one door.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// Why no further session is possible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The door has as many as it can.
    Door,
    /// This peer has as many as it may.
    Peer,
}

/// One counted session; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    peer: IpAddr,
}

impl Connections {
    /// Takes a place for this peer.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr, most: usize, most_per_peer: usize) -> Result<Place, Full> {
        // An address of the other family for the same host is one peer.
        let peer = peer.to_canonical();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= most {
            return Err(Full::Door);
        }
        let of_peer = open.by_peer.entry(peer).or_default();
        if *of_peer >= most_per_peer {
            return Err(Full::Peer);
        }
        *of_peer += 1;
        open.total += 1;
        Ok(Place { connections: Arc::clone(self), peer })
    }

    fn leave(&self, peer: IpAddr) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Some(of_peer) = open.by_peer.get_mut(&peer) {
            *of_peer = of_peer.saturating_sub(1);
            if *of_peer == 0 {
                open.by_peer.remove(&peer);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.leave(self.peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn places_are_counted_and_given_back() {
        let connections = Arc::new(Connections::default());
        let (a, b): (IpAddr, IpAddr) = (Ipv4Addr::new(192, 0, 2, 1).into(), Ipv6Addr::LOCALHOST.into());
        let first = connections.enter(a, 3, 2).unwrap();
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().into();
        let second = connections.enter(mapped, 3, 2).unwrap();
        assert_eq!(connections.enter(a, 3, 2).unwrap_err(), Full::Peer);
        let third = connections.enter(b, 3, 2).unwrap();
        assert_eq!(connections.enter(b, 3, 2).unwrap_err(), Full::Door);
        drop(first);
        assert!(connections.enter(a, 3, 2).is_ok());
        drop((second, third));
        assert!(connections.open.lock().unwrap().by_peer.is_empty());
    }
}
