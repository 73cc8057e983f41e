//! Doors: which are open, and who is trusted at them.

use ipnet::IpNet;
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Doors: which are open, and who is trusted at them. A door without an address stays closed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// SMTP for mail from everywhere to our own addresses, such as `0.0.0.0:25`.
    pub mx: Option<SocketAddr>,
    /// SMTP submission for organizers (RFC 6409), STARTTLS, such as `0.0.0.0:587`.
    pub submission: Option<SocketAddr>,
    /// SMTP submission with TLS from the first octet (RFC 8314), such as `0.0.0.0:465`.
    pub submissions: Option<SocketAddr>,
    /// LMTP over TCP (RFC 2033), for a mail server on the same host or network.
    pub lmtp: Option<SocketAddr>,
    /// LMTP on a unix socket.
    pub lmtp_socket: Option<PathBuf>,
    /// HTTP for guests' links; a reverse proxy in front speaks TLS.
    pub web: SocketAddr,
    /// PEM file with the certificate chain of the mail doors. Without it there is no STARTTLS.
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with its private key.
    pub tls_key: Option<PathBuf>,
    /// Networks whose submissions need no login: their From address is believed. Only hosts that check it themselves.
    pub trusted_networks: Vec<IpNet>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            mx: None,
            submission: None,
            submissions: None,
            lmtp: None,
            lmtp_socket: None,
            web: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls_certificate: None,
            tls_key: None,
            trusted_networks: Vec::new(),
        }
    }
}
