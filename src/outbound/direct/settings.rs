//! How mail is delivered straight to the recipients' mail servers.

use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// How far the answers of name servers are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dnssec {
    /// Not at all: DANE is not used.
    None,
    /// What a validating resolver on this machine says was signed (the AD bit, RFC 4035 §3.2.3), was signed.
    TrustLocalResolver,
}

/// Delivery straight to the recipients' mail servers, where `route` is `"direct"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirectSettings {
    /// The name given in EHLO: a public host name whose address is that of this machine, and to which that address leads back.
    pub helo: String,
    /// Port of the mail servers.
    pub port: u16,
    /// Longest wait for a connection, and for a TLS handshake, in seconds.
    pub connect_timeout_seconds: u64,
    /// Longest wait for the greeting and for the reply to a command, in seconds (RFC 5321 §4.5.3.2 recommends 300).
    pub command_timeout_seconds: u64,
    /// Longest wait for the reply to the final dot, in seconds (RFC 5321 §4.5.3.2.6 recommends 600).
    pub data_timeout_seconds: u64,
    /// How long a mail server is looked for, all hosts and addresses of a domain together, in seconds. A message under way is never cut off.
    pub search_timeout_seconds: u64,
    /// Most sessions at once with the servers of one domain. A mail that gets none within `connect_timeout_seconds` is tried later.
    pub per_destination: usize,
    /// How long an unused session is kept, in seconds.
    pub idle_seconds: u64,
    /// Mails over one session before a new one is made.
    pub messages_per_connection: u32,
    /// DNS resolvers to ask; those of the system when empty. They should cache, and be near.
    pub resolvers: Vec<IpAddr>,
    /// The port at which they are asked, over UDP and TCP.
    pub resolver_port: u16,
    /// Whether the answers of the resolvers count as signed, which DANE needs (RFC 7672). With `"trust-local-resolver"` every resolver
    /// must be on this machine, and validate.
    pub dnssec: Dnssec,
    /// Whether domains may demand verified TLS by MTA-STS (RFC 8461).
    pub mta_sts: bool,
    /// PEM file of the authorities to believe instead of the system's, where MTA-STS demands a verified certificate.
    pub ca_file: Option<PathBuf>,
    /// Whether servers at loopback and private addresses are used. Else a domain in the DNS could make the gateway speak to machines of
    /// your network.
    pub private_networks: bool,
}

impl Default for DirectSettings {
    fn default() -> Self {
        Self {
            helo: "localhost".to_owned(),
            port: 25,
            connect_timeout_seconds: 30,
            command_timeout_seconds: 300,
            data_timeout_seconds: 600,
            search_timeout_seconds: 600,
            per_destination: 4,
            idle_seconds: 30,
            messages_per_connection: 100,
            resolvers: Vec::new(),
            resolver_port: 53,
            dnssec: Dnssec::None,
            mta_sts: true,
            ca_file: None,
            private_networks: false,
        }
    }
}
