//! One mail door: its role, its name, its limits, and whom it asks.

use super::limits::Limits;
use super::tls::Tls;
use crate::flow::port::{MailDoor, Reception};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// One mail door. Several listeners may share it.
pub struct Door {
    /// Its role.
    pub role: MailDoor,
    /// The name in the greeting, and the domain of `<postmaster>` (RFC 5321 §4.1.1.3).
    pub host_name: String,
    /// What one peer may ask.
    pub limits: Limits,
    /// The certificate: with it, STARTTLS is offered (RFC 3207).
    pub tls: Option<Tls>,
    /// Whether a session starts with the TLS handshake (RFC 8314 §3.3). Needs `tls`.
    pub implicit_tls: bool,
    /// Networks that may submit without a login. Asked on the submission door alone.
    pub trusted_networks: Vec<IpNet>,
    /// Whether a peer on the loopback interface may log in without TLS.
    pub plain_login_on_loopback: bool,
    /// Who knows what a login, a recipient and a message mean.
    pub reception: Arc<dyn Reception>,
}

impl Door {
    /// Whether this peer may submit without a login.
    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        self.role == MailDoor::Submission && self.trusted_networks.iter().any(|network| network.contains(&peer.to_canonical()))
    }

    /// Whether this peer may log in (RFC 4954 §4: no plain password over an open line).
    pub(super) fn offers_login(&self, peer: IpAddr, encrypted: bool) -> bool {
        let safe = encrypted || self.plain_login_on_loopback && peer.to_canonical().is_loopback();
        self.role == MailDoor::Submission && safe
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("role", &self.role).field("host_name", &self.host_name).finish_non_exhaustive()
    }
}
