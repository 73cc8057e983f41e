//! How SPF, DKIM and DMARC are checked.

use ipnet::IpNet;
use serde::Deserialize;
use std::net::IpAddr;

/// How SPF, DKIM and DMARC are checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Networks of mail servers in front that have checked DMARC and refused what failed: their mail counts as proved.
    /// Leave it empty while guests' servers reach this gateway directly.
    pub trusted_networks: Vec<IpNet>,
    /// DNS resolvers to ask; those of the system when empty. They should cache, and be near.
    pub resolvers: Vec<IpAddr>,
    /// The port at which they are asked, over UDP and TCP.
    pub resolver_port: u16,
    /// How long the checks of one message may take, in seconds; longer is a temporary error, and the mail comes again.
    pub seconds: u64,
    /// Our own name, where an SPF record asks for it (RFC 7208 §7.2, macro `r`).
    pub authserv_id: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { trusted_networks: Vec::new(), resolvers: Vec::new(), resolver_port: 53, seconds: 20, authserv_id: "paravent".to_owned() }
    }
}
