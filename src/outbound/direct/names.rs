//! Asks name servers where mail goes. Over a cache; or, where their word about DNSSEC is wanted, each time anew.

use super::dane::Association;
use super::exchangers::Exchanger;
use super::settings::{DirectSettings, Dnssec};
use futures_util::StreamExt;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, RetryDnsHandle};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, Query};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig, TokioResolver};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for one answer, repetitions included.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest wait for one packet.
const PACKET: Duration = Duration::from_secs(4);
/// How often a question is asked.
const ATTEMPTS: usize = 2;
/// Most answers that are kept: guests' addresses choose the names that are asked.
const CACHE_ANSWERS: u64 = 4_096;
/// Longest time for which it is kept that a name has no answer.
const CACHE_NOTHING: Duration = Duration::from_secs(300);
/// Longest time for which an answer is kept.
const CACHE_ANYTHING: Duration = Duration::from_secs(3_600);

/// What the DNS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// There are records.
    Found {
        /// They.
        records: Vec<T>,
        /// Whether DNSSEC proves them.
        secure: bool,
    },
    /// The name exists, without such a record.
    Nothing,
    /// The name does not exist (NXDOMAIN, RFC 8020).
    NoName,
    /// Nobody knows now: why.
    Failed(String),
}

impl<T> Answer<T> {
    /// The records; none where there are none, the cause where nobody knows.
    pub fn records(self) -> Result<Vec<T>, String> {
        match self {
            Self::Found { records, .. } => Ok(records),
            Self::Nothing | Self::NoName => Ok(Vec::new()),
            Self::Failed(cause) => Err(cause),
        }
    }

    /// Whether DNSSEC proves that there are such records.
    pub fn is_secure(&self) -> bool {
        match self {
            Self::Found { secure, .. } => *secure,
            Self::Nothing | Self::NoName | Self::Failed(_) => false,
        }
    }
}

/// The name servers.
pub struct Names(Source);

enum Source {
    /// Cached here; nothing is proved.
    Cached(Box<TokioResolver>),
    /// Asked with the DO bit (RFC 3225): only then a resolver says what it has proved. It caches for us.
    Validating(RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>),
}

impl Names {
    /// Uses the named resolvers, else those of the system. The error says what is wrong with the settings.
    pub fn new(settings: &DirectSettings) -> Result<Self, String> {
        let (config, mut options) = match settings.resolvers.as_slice() {
            [] => read_system_conf().map_err(|error| format!("no DNS resolver: {error}"))?,
            named => {
                let servers = named.iter().map(|ip| server(*ip, settings.resolver_port)).collect();
                (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
            }
        };
        options.timeout = PACKET;
        options.attempts = ATTEMPTS;
        options.cache_size = CACHE_ANSWERS;
        options.negative_max_ttl = Some(CACHE_NOTHING);
        options.positive_max_ttl = Some(CACHE_ANYTHING);
        let provider = TokioRuntimeProvider::default();
        let source = match settings.dnssec {
            Dnssec::None => {
                let mut builder = TokioResolver::builder_with_config(config, provider);
                *builder.options_mut() = options;
                Source::Cached(Box::new(builder.build().map_err(|error| format!("no DNS resolver: {error}"))?))
            }
            Dnssec::TrustLocalResolver => {
                // Whoever sits on the line to a resolver could set the bit: there must be no line.
                if let Some(far) = config.name_servers().iter().find(|server| !server.ip.is_loopback()) {
                    return Err(format!("delivery.direct.dnssec trusts resolvers on this machine alone, and {} is none", far.ip));
                }
                let tls = TlsConfig::new().map_err(|error| format!("no DNS resolver: {error}"))?;
                let context = Arc::new(PoolContext::new(options, tls));
                let pool = NameServerPool::from_config(config.name_servers().iter().cloned(), context, provider);
                Source::Validating(RetryDnsHandle::new(pool, ATTEMPTS))
            }
        };
        Ok(Self(source))
    }

    /// The MX records of a domain.
    pub async fn exchangers(&self, domain: &str) -> Answer<Exchanger> {
        let take = |data: &RData| match data {
            RData::MX(mx) => Some(Exchanger { preference: mx.preference, host: plain(&mx.exchange) }),
            _ => None,
        };
        self.ask(domain, RecordType::MX, take).await
    }

    /// The AAAA and the A records of a host.
    pub async fn addresses(&self, host: &str) -> (Answer<IpAddr>, Answer<IpAddr>) {
        tokio::join!(self.ask(host, RecordType::AAAA, RData::ip_addr), self.ask(host, RecordType::A, RData::ip_addr))
    }

    /// The TXT records of a name, each in one piece.
    pub async fn texts(&self, name: &str) -> Answer<String> {
        let take = |data: &RData| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        self.ask(name, RecordType::TXT, take).await
    }

    /// The TLSA records of a host's port (RFC 6698 §3).
    pub async fn associations(&self, host: &str, port: u16) -> Answer<Association> {
        let take = |data: &RData| match data {
            RData::TLSA(tlsa) => Some(Association {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data.clone(),
            }),
            _ => None,
        };
        self.ask(&format!("_{port}._tcp.{host}"), RecordType::TLSA, take).await
    }

    /// The names to which an address leads back.
    pub async fn reverse(&self, address: IpAddr) -> Answer<String> {
        let take = |data: &RData| match data {
            RData::PTR(name) => Some(plain(&name.0)),
            _ => None,
        };
        self.ask(&Name::from(address).to_ascii(), RecordType::PTR, take).await
    }

    async fn ask<T>(&self, name: &str, kind: RecordType, take: impl Fn(&RData) -> Option<T>) -> Answer<T> {
        let Ok(absolute) = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))) else { return Answer::NoName };
        let asked = tokio::time::timeout(PATIENCE, self.asked(absolute, kind)).await;
        let (records, secure) = match asked {
            Err(_) => return Answer::Failed(format!("no answer about {name} within {} seconds", PATIENCE.as_secs())),
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.is_nx_domain() => return Answer::NoName,
            Ok(Err(error)) if error.is_no_records_found() => return Answer::Nothing,
            Ok(Err(error)) => return Answer::Failed(format!("{name}: {error}")),
        };
        // Aliases that lead there are among the answers, and were followed.
        let records: Vec<T> = records.iter().filter_map(|record| take(&record.data)).collect();
        if records.is_empty() { Answer::Nothing } else { Answer::Found { records, secure } }
    }

    async fn asked(&self, name: Name, kind: RecordType) -> Result<(Vec<Record>, bool), NetError> {
        match &self.0 {
            Source::Cached(resolver) => Ok((resolver.lookup(name, kind).await?.answers().to_vec(), false)),
            Source::Validating(pool) => {
                let mut options = DnsRequestOptions::default();
                options.edns_set_dnssec_ok = true;
                let answered = pool.lookup(Query::query(name, kind), options).next().await;
                let response = answered.unwrap_or_else(|| Err("no answer".into()))?;
                let response = DnsError::from_response(response)?;
                Ok((response.answers.clone(), response.metadata.authentic_data))
            }
        }
    }
}

fn server(ip: IpAddr, port: u16) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(ip);
    server.connections.iter_mut().for_each(|connection| connection.port = port);
    server
}

/// A name in ASCII and lower case, without the dot at its end.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
