//! Web pages: who stands in front of them, and how fast they are asked for.

use ipnet::IpNet;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

/// Web pages: who stands in front of them, and how fast they may be asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Networks of the reverse proxies: what they add to X-Forwarded-For is believed.
    pub proxies: Vec<IpNet>,
    /// Requests of one network (an IPv4 address, an IPv6 /48) a minute; a link that does not exist counts as 20. Many guests may be behind one address.
    pub network_per_minute: NonZeroU32,
    /// Requests to one link a minute.
    pub link_per_minute: NonZeroU32,
    /// Seconds after which an open page knows of a change.
    pub live_seconds: u16,
    /// Open pages that are told of changes by themselves; more of them have to be reloaded by hand.
    pub live_pages: usize,
}

impl Default for Web {
    fn default() -> Self {
        let most = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self {
            proxies: vec![IpAddr::V4(Ipv4Addr::LOCALHOST).into(), IpAddr::V6(Ipv6Addr::LOCALHOST).into()],
            network_per_minute: most(1_200),
            link_per_minute: most(120),
            live_seconds: 5,
            live_pages: 2_000,
        }
    }
}
