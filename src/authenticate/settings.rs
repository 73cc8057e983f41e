//! How SPF, DKIM, DMARC and ARC are checked.

use ipnet::IpNet;
use serde::Deserialize;
use std::net::IpAddr;

/// How SPF, DKIM, DMARC and ARC are checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Networks of mail servers in front that have checked DMARC and refused what failed: their mail counts as proved.
    /// Leave it empty while guests' servers reach this gateway directly.
    pub trusted_networks: Vec<IpNet>,
    /// Domains whose ARC seals are believed (RFC 8617), such as `liste.hopital.example`: lists and forwarders that check who wrote a
    /// mail before they change it. When DMARC fails and the newest seal is one of theirs, their report about the author counts.
    /// Whoever is named here can speak in every guest's name.
    pub arc_sealers: Vec<String>,
    /// Names (the first word of Authentication-Results) of servers that keep the mailboxes which `[[imap]]` fetches from, such as
    /// `mx.google.com`: who had sent a mail is known to them alone, so that their topmost report about the author counts (RFC 8601).
    /// Only servers that take away or push down what senders write under their name. Without it DKIM and ARC must prove the author.
    pub mailbox_servers: Vec<String>,
    /// DNS resolvers to ask; those of the system when empty. They should cache, and be near.
    pub resolvers: Vec<IpAddr>,
    /// The port at which they are asked, over UDP and TCP.
    pub resolver_port: u16,
    /// How long the checks of one message may take, in seconds; longer is a temporary error, and the mail comes again.
    pub seconds: u64,
    /// Our own name, where an SPF record asks for it (RFC 7208 §7.2, macro `r`). Authentication-Results that bear it are never read,
    /// whoever wrote them, and are taken off what is shown to the spam scanner (RFC 8601 §5).
    pub authserv_id: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trusted_networks: Vec::new(),
            arc_sealers: Vec::new(),
            mailbox_servers: Vec::new(),
            resolvers: Vec::new(),
            resolver_port: 53,
            seconds: 20,
            authserv_id: "paravent".to_owned(),
        }
    }
}
