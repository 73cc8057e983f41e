//! The transport to the next mail server.

use super::connection::{Connection, Endpoint, Verdict};
use super::pool::Pool;
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::delivery::{AttemptOutcome, OutboxItem};
use crate::flow::port::Transport;
use crate::tls_client::connector;
use async_trait::async_trait;
use secrecy::SecretString;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio_rustls::TlsConnector;

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Never.
    None,
    /// By STARTTLS (RFC 3207), usual on ports 25 and 587.
    Starttls,
    /// From the first octet (RFC 8314), usual on port 465.
    Implicit,
}

/// The next mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmarthostSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The name given in EHLO.
    pub helo: String,
    /// Encryption: `none`, `starttls` or `implicit`.
    pub tls: TlsMode,
    /// With `starttls`: whether mail waits while the server offers none.
    pub tls_required: bool,
    /// PEM file of the authorities to believe instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Login, where the server asks for one.
    pub login: Option<String>,
    /// Password of the login. Sent over TLS or to loopback only.
    pub password: Option<SecretString>,
    /// Longest wait for a connection, and for a TLS handshake, in seconds.
    pub connect_timeout_seconds: u64,
    /// Longest wait for the reply to a command, in seconds (RFC 5321 §4.5.3.2 recommends 300).
    pub command_timeout_seconds: u64,
    /// Longest wait for the reply to the final dot, in seconds (RFC 5321 §4.5.3.2.6 recommends 600).
    pub data_timeout_seconds: u64,
    /// Most connections at once.
    pub pool_size: usize,
    /// How long an unused connection is kept, in seconds.
    pub idle_seconds: u64,
    /// Mails over one connection before a new one is made.
    pub messages_per_connection: u32,
}

impl Default for SmarthostSettings {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 25,
            helo: "localhost".to_owned(),
            tls: TlsMode::Starttls,
            tls_required: true,
            ca_file: None,
            login: None,
            password: None,
            connect_timeout_seconds: 30,
            command_timeout_seconds: 300,
            data_timeout_seconds: 600,
            pool_size: 16,
            idle_seconds: 30,
            messages_per_connection: 1_000,
        }
    }
}

impl SmarthostSettings {
    /// Whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl From<&SmarthostSettings> for Endpoint {
    fn from(settings: &SmarthostSettings) -> Self {
        Self {
            host: settings.host.clone(),
            address: None,
            port: settings.port,
            helo: settings.helo.clone(),
            tls: settings.tls,
            tls_required: settings.tls_required,
            login: settings.login.clone().zip(settings.password.clone()),
            clear_login: settings.is_loopback(),
            connect_limit: Duration::from_secs(settings.connect_timeout_seconds),
            command_limit: Duration::from_secs(settings.command_timeout_seconds),
            data_limit: Duration::from_secs(settings.data_timeout_seconds),
        }
    }
}

/// Sends everything to one server.
pub struct Smarthost {
    settings: SmarthostSettings,
    tls: TlsConnector,
    pool: Pool,
}

impl Smarthost {
    /// Prepares; connects at the first mail. The error says what is wrong with the settings.
    pub fn new(settings: SmarthostSettings) -> Result<Self, String> {
        if settings.helo.is_empty() || settings.helo.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("smarthost.helo must be a host name".to_owned());
        }
        let tls = connector(settings.ca_file.as_deref())?;
        let pool = Pool::new(settings.pool_size, Duration::from_secs(settings.idle_seconds), settings.messages_per_connection);
        Ok(Self { settings, tls, pool })
    }

    /// Tries the way to the server without sending: connection, TLS and login. For `check`.
    pub async fn probe(&self) -> Result<(), String> {
        Connection::open(&Endpoint::from(&self.settings), &self.tls).await?.close().await;
        Ok(())
    }

    async fn send(&self, from: &ReversePath, to: &[Mailbox], message: &[u8]) -> Verdict {
        let Some(_place) = self.pool.place().await else { return Verdict::LostBefore("shutting down".to_owned()) };
        if let Some(connection) = self.pool.take() {
            let verdict = self.send_over(connection, from, to, message).await;
            if !is_stale(&verdict) {
                return verdict;
            }
        }
        match Connection::open(&Endpoint::from(&self.settings), &self.tls).await {
            Ok(connection) => self.send_over(connection, from, to, message).await,
            Err(error) => Verdict::Unreached(error.to_string()),
        }
    }

    async fn send_over(&self, mut connection: Connection, from: &ReversePath, to: &[Mailbox], message: &[u8]) -> Verdict {
        let verdict = connection.send(from, to, message).await;
        self.pool.keep(connection);
        verdict
    }
}

/// Whether a used session had just been closed by the server: nothing was taken, a fresh one may do.
pub(super) fn is_stale(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::LostBefore(_) => true,
        Verdict::Answered(reply) => reply.code == 421,
        Verdict::LostAfter(_) | Verdict::Unreached(_) => false,
    }
}

/// What a verdict means for the mail.
pub(super) fn outcome(verdict: Verdict) -> AttemptOutcome {
    match verdict {
        Verdict::Answered(reply) => match reply.code {
            200..=299 => AttemptOutcome::Delivered(reply.text),
            // About the session, not the mail: unknown command, wrong order, TLS or a login wanted (RFC 4954 §6). A slip
            // in the settings must not fail all mail for good.
            500 | 502 | 503 | 530 => AttemptOutcome::Deferred(reply.text),
            500..=599 => AttemptOutcome::Bounced(reply.text),
            _ => AttemptOutcome::Deferred(reply.text),
        },
        Verdict::LostBefore(text) => AttemptOutcome::Deferred(text),
        Verdict::Unreached(text) => AttemptOutcome::Unreachable(text),
        Verdict::LostAfter(text) => AttemptOutcome::Uncertain(text),
    }
}

#[async_trait]
impl Transport for Smarthost {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        outcome(self.send(&item.reverse_path, std::slice::from_ref(&item.recipient), &item.message).await)
    }
}
