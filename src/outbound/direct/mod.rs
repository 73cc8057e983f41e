//! The transport straight to the recipients' mail servers (RFC 5321 §5), for where there is no smarthost.
//!
//! | file | what it is for |
//! |---|---|
//! | [`settings`] | how |
//! | [`names`] | asks name servers |
//! | [`exchangers`], [`addresses`] | which hosts take a domain's mail, and where each is tried |
//! | [`policy`] | how TLS is required of a host, from [`dane`] and [`mta_sts`] |
//! | [`trust`] | whom a session believes then |
//! | [`destinations`] | the open sessions, a bounded pool for each destination |
//! | [`report`] | counts how sessions were encrypted |

pub mod addresses;
pub mod dane;
pub mod destinations;
pub mod exchangers;
pub mod mta_sts;
pub mod names;
pub mod policy;
pub mod report;
pub mod settings;
pub mod trust;

use super::connection::{Connection, Endpoint, Stage, Unopened, Verdict};
use super::pool::Pool;
use super::smarthost::{TlsMode, is_stale, outcome};
use super::wire::{Reply, clean};
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::authentication::domain_name;
use crate::domain::delivery::{AttemptOutcome, OutboxItem};
use crate::flow::port::Transport;
use async_trait::async_trait;
use destinations::Destinations;
use exchangers::{Way, way};
use mta_sts::{Fault, HttpsPolicies, Mode, Policies, PolicySource, StsPolicy};
use names::{Answer, Names};
use policy::{Demand, Unfit, demand};
use report::{PolicyKind, Report, TlsResult};
use settings::{DirectSettings, Dnssec};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use trust::Trust;
use uuid::Uuid;

/// Longest wait between two looks at what is idle.
const UPKEEP: Duration = Duration::from_secs(60);

/// Sends each mail to the servers of its recipient's domain.
pub struct Direct(Arc<Office>);

struct Office {
    settings: DirectSettings,
    /// Our own names: mail must not come back to us.
    own: Vec<String>,
    names: Names,
    policies: Option<Policies>,
    trust: Trust,
    destinations: Destinations,
    report: Report,
    upkeep: OnceLock<()>,
}

/// Where a recipient's mail goes.
enum Goal {
    /// A domain in A-labels.
    Domain(String),
    /// An address literal (RFC 5321 §4.1.3).
    Address(IpAddr),
}

/// What is sent.
struct Letter<'a> {
    from: &'a ReversePath,
    to: &'a Mailbox,
    message: &'a [u8],
}

/// A host, and what is demanded of it.
struct Host<'a> {
    name: &'a str,
    domain: &'a str,
    demand: Demand,
    kind: PolicyKind,
    /// Whether the domain's policy, were it enforced, would allow the host.
    named: bool,
}

impl Direct {
    /// Prepares; asks nobody before the first mail. `host_name` is this gateway's, beside the one given in EHLO. The error says what is
    /// wrong with the settings.
    pub fn new(settings: DirectSettings, host_name: &str) -> Result<Self, String> {
        let source = HttpsPolicies::new().map_err(|error| error.to_string())?;
        Self::with_policies(settings, host_name, Box::new(source))
    }

    /// The same with another source of MTA-STS policies.
    pub fn with_policies(settings: DirectSettings, host_name: &str, source: Box<dyn PolicySource>) -> Result<Self, String> {
        if settings.helo.is_empty() || settings.helo.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("direct.helo must be a host name".to_owned());
        }
        Ok(Self(Arc::new(Office {
            own: [settings.helo.as_str(), host_name].map(|name| name.trim_end_matches('.').to_owned()).to_vec(),
            names: Names::new(&settings)?,
            policies: settings.mta_sts.then(|| Policies::new(source)),
            trust: Trust::new(settings.ca_file.as_deref())?,
            destinations: Destinations::new(&settings),
            report: Report::default(),
            upkeep: OnceLock::new(),
            settings,
        })))
    }

    /// How sessions were encrypted since it was logged last: domain, what demanded something, how it ended, how often.
    pub fn tls_report(&self) -> Vec<(String, PolicyKind, TlsResult, u64)> {
        self.0.report.counted()
    }
}

#[async_trait]
impl Transport for Direct {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        Office::keep_up(&self.0);
        let letter = Letter { from: &item.reverse_path, to: &item.recipient, message: &item.message };
        outcome(self.0.send(&letter).await)
    }

    fn is_one_way(&self) -> bool {
        false
    }
}

impl Goal {
    fn of(recipient: &Mailbox) -> Option<Self> {
        let domain = recipient.domain();
        if domain.starts_with('[') { addresses::literal(domain).map(Self::Address) } else { domain_name(domain).map(Self::Domain) }
    }

    fn name(&self) -> String {
        match self {
            Self::Domain(domain) => domain.clone(),
            Self::Address(address) => address.to_string(),
        }
    }
}

impl Office {
    /// One task for what nobody waits for: sessions that are idle, counters that are a day old. It ends with the transport.
    fn keep_up(office: &Arc<Self>) {
        office.upkeep.get_or_init(|| {
            let every = Duration::from_secs(office.settings.idle_seconds).clamp(Duration::from_secs(1), UPKEEP);
            let office = Arc::downgrade(office);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(every).await;
                    let Some(office) = office.upgrade() else { return };
                    let now = std::time::Instant::now();
                    office.destinations.expire(now);
                    office.report.log_when_due(now);
                }
            });
        });
    }

    async fn send(&self, letter: &Letter<'_>) -> Verdict {
        let Some(goal) = Goal::of(letter.to) else {
            return Verdict::Answered(Reply::own(550, "5.1.2 the address has no domain to which mail can be sent"));
        };
        let domain = goal.name();
        let policy = self.policy(&goal).await;
        let deadline = Instant::now() + Duration::from_secs(self.settings.search_timeout_seconds);
        // A session that was opened under another policy is no session of this destination.
        let enforced = policy.as_ref().filter(|policy| policy.mode == Mode::Enforce);
        let destination = self.destinations.of(&enforced.map_or_else(|| domain.clone(), |policy| format!("{domain} {}", policy.id)));
        let pool = &destination.pool;
        // Whoever waits for a session takes a place of the worker's: not for long.
        let patience = Instant::now() + Duration::from_secs(self.settings.connect_timeout_seconds);
        let Ok(Some(_place)) = timeout_at(patience.min(deadline), pool.place()).await else {
            return Verdict::LostBefore("451 4.4.5 every session with the domain's mail servers is in use".to_owned());
        };
        if let Some(connection) = pool.take() {
            let verdict = send_over(pool, connection, letter).await;
            if !is_stale(&verdict) {
                return verdict;
            }
        }
        if let Some(cause) = destination.silence(std::time::Instant::now()) {
            return Verdict::LostBefore(cause);
        }
        match self.search(&goal, &domain, policy.as_deref(), deadline, pool, letter).await {
            Searched::Said(verdict) => verdict,
            Searched::Nobody(cause) => {
                let cause = clean(&cause);
                destination.note_silence(&cause, std::time::Instant::now());
                Verdict::LostBefore(cause)
            }
        }
    }

    /// The MTA-STS policy that holds for a goal.
    async fn policy(&self, goal: &Goal) -> Option<Arc<StsPolicy>> {
        let (Some(policies), Goal::Domain(domain)) = (&self.policies, goal) else { return None };
        let found = policies.of(domain, &self.names).await;
        match found.fault {
            Some(Fault::Fetch) => self.report.count(domain, PolicyKind::Sts, TlsResult::StsPolicyFetchError),
            Some(Fault::Invalid) => self.report.count(domain, PolicyKind::Sts, TlsResult::StsPolicyInvalid),
            None => {}
        }
        found.policy
    }

    /// Host after host and address after address, until one takes a session; what it says to the mail then counts. A host that ends
    /// the session before it has the mail is passed by as well.
    async fn search(
        &self,
        goal: &Goal,
        domain: &str,
        policy: Option<&StsPolicy>,
        deadline: Instant,
        pool: &Pool,
        letter: &Letter<'_>,
    ) -> Searched {
        let late = || Searched::Nobody(format!("451 4.4.1 no mail server of {domain} was reached in time"));
        let (hosts, secure) = match timeout_at(deadline, self.way(goal, domain)).await {
            Err(_) => return late(),
            Ok(Way::Hosts { hosts, secure }) => (hosts, secure),
            Ok(Way::Never(code, words)) => return Searched::never(code, words),
            Ok(Way::Later(cause)) => return Searched::Nobody(format!("451 4.4.3 {cause}")),
        };
        let mut last = None;
        for name in &hosts {
            let Ok(found) = timeout_at(deadline, self.addresses(goal, name)).await else { return last.unwrap_or_else(late) };
            let Addresses { order, proved } = match found {
                Ok(Some(found)) => found,
                // Nothing is there for good: if that is so of every host, the mail can't be delivered (RFC 5321 §5.1).
                Ok(None) => continue,
                Err(cause) => {
                    last = Some(Searched::Nobody(format!("451 4.4.3 {cause}")));
                    continue;
                }
            };
            let Ok(judged) = timeout_at(deadline, self.judged(name, domain, policy, secure && proved)).await else {
                return last.unwrap_or_else(late);
            };
            let host = match judged {
                Ok(host) => host,
                Err(why) => {
                    last = Some(Searched::Nobody(format!("451 4.7.5 {why}")));
                    continue;
                }
            };
            for address in order {
                match timeout_at(deadline, self.open(&host, address)).await {
                    Err(_) => return last.unwrap_or_else(late),
                    Ok(Err(cause)) => last = Some(Searched::Nobody(cause)),
                    Ok(Ok(connection)) => {
                        let verdict = send_over(pool, connection, letter).await;
                        if !is_stale(&verdict) {
                            return Searched::Said(verdict);
                        }
                        last = Some(Searched::Said(verdict));
                    }
                }
            }
        }
        last.unwrap_or_else(|| Searched::never(550, "5.4.4 no mail server of the domain has an address"))
    }

    async fn way(&self, goal: &Goal, domain: &str) -> Way {
        match goal {
            Goal::Address(_) => Way::Hosts { hosts: vec![domain.to_owned()], secure: false },
            Goal::Domain(domain) => {
                let answer = self.names.exchangers(domain).await;
                way(domain, answer, &self.own, &mut |below| (Uuid::new_v4().as_u64_pair().1 % below.max(1) as u64) as usize)
            }
        }
    }

    /// Where a host is tried; `None` where it has no address.
    async fn addresses(&self, goal: &Goal, host: &str) -> Result<Option<Addresses>, String> {
        let private = self.settings.private_networks;
        let (six, four) = match goal {
            Goal::Address(address) => (Answer::Found { records: vec![*address], secure: false }, Answer::Nothing),
            Goal::Domain(_) => self.names.addresses(host).await,
        };
        // RFC 7672 §2.2.2: of an alias or a zone that isn't signed nothing is proved.
        let proved = six.is_secure() || four.is_secure();
        let (six, four) = match (six.records(), four.records()) {
            (Ok(six), Ok(four)) => (six, four),
            // One family is enough.
            (Ok(some), Err(_)) if !some.is_empty() => (some, Vec::new()),
            (Err(_), Ok(some)) if !some.is_empty() => (Vec::new(), some),
            (Err(cause), _) | (_, Err(cause)) => return Err(cause),
        };
        if six.is_empty() && four.is_empty() {
            return Ok(None);
        }
        let order = addresses::in_order(&six, &four, private);
        if order.is_empty() {
            return Err(format!("{host} has no public address (delivery.direct.private_networks)"));
        }
        Ok(Some(Addresses { order, proved }))
    }

    /// What is demanded of a host; the error says why it may not be used. `proved` is whether DNSSEC proves the way to it.
    async fn judged<'a>(&self, name: &'a str, domain: &'a str, policy: Option<&StsPolicy>, proved: bool) -> Result<Host<'a>, String> {
        let tlsa = match self.settings.dnssec {
            Dnssec::TrustLocalResolver if proved => self.names.associations(name, self.settings.port).await,
            Dnssec::TrustLocalResolver | Dnssec::None => Answer::Nothing,
        };
        let held = policy.filter(|policy| policy.mode != Mode::None);
        let without = if held.is_some() { PolicyKind::Sts } else { PolicyKind::NoPolicyFound };
        match demand(policy, tlsa, name) {
            Ok(demand) => {
                let kind = match &demand {
                    Demand::Dane(_) | Demand::Encrypted => PolicyKind::Tlsa,
                    Demand::Opportunistic | Demand::Tested | Demand::Verified => without,
                };
                Ok(Host { name, domain, demand, kind, named: held.is_none_or(|policy| policy.names(name)) })
            }
            Err(Unfit { result, why }) => {
                let kind = if result == TlsResult::DnssecInvalid { PolicyKind::Tlsa } else { without };
                self.report.count(domain, kind, result);
                Err(why)
            }
        }
    }

    /// A session with a host. One that TLS spoils is tried again in clear, unless something demands TLS (RFC 7435 §3).
    async fn open(&self, host: &Host<'_>, address: IpAddr) -> Result<Connection, String> {
        let (connector, remark) = self.trust.connector(&host.demand, host.name, host.domain)?;
        let endpoint = self.endpoint(host, address);
        let count = |result| self.report.count(host.domain, host.kind, result);
        match Connection::open(&endpoint, &connector).await {
            Ok(connection) => {
                let remark = *remark.lock().unwrap_or_else(PoisonError::into_inner);
                count(match remark {
                    _ if !connection.is_encrypted() => TlsResult::StarttlsNotSupported,
                    Some(result) => result,
                    None if host.demand == Demand::Tested && !host.named => TlsResult::ValidationFailure,
                    None => TlsResult::Successful,
                });
                Ok(connection)
            }
            Err(unopened) => {
                match unopened.stage {
                    Stage::Reach | Stage::Greet => return Err(unopened.to_string()),
                    Stage::Offer => count(TlsResult::StarttlsNotSupported),
                    Stage::Handshake => count(unopened.tls_error().map_or(TlsResult::ValidationFailure, TlsResult::of)),
                }
                if host.demand.requires_tls() {
                    return Err(unopened.to_string());
                }
                let clear = Endpoint { tls: TlsMode::None, ..endpoint };
                Connection::open(&clear, &connector).await.map_err(|again: Unopened| again.to_string())
            }
        }
    }

    fn endpoint(&self, host: &Host<'_>, address: IpAddr) -> Endpoint {
        let settings = &self.settings;
        Endpoint {
            host: host.name.to_owned(),
            address: Some(address),
            port: settings.port,
            helo: settings.helo.clone(),
            tls: TlsMode::Starttls,
            tls_required: host.demand.requires_tls(),
            login: None,
            clear_login: false,
            connect_limit: Duration::from_secs(settings.connect_timeout_seconds),
            command_limit: Duration::from_secs(settings.command_timeout_seconds),
            data_limit: Duration::from_secs(settings.data_timeout_seconds),
        }
    }
}

impl Drop for Office {
    /// What was counted since the last day is not lost when the gateway stops.
    fn drop(&mut self) {
        self.report.log(std::time::Instant::now());
    }
}

/// How a search ended.
enum Searched {
    /// With what a server, or the DNS, says of the mail.
    Said(Verdict),
    /// Without a session: why.
    Nobody(String),
}

impl Searched {
    fn never(code: u16, words: &str) -> Self {
        Self::Said(Verdict::Answered(Reply::own(code, words)))
    }
}

/// Where a host is tried, and whether DNSSEC proves that.
struct Addresses {
    order: Vec<IpAddr>,
    proved: bool,
}

async fn send_over(pool: &Pool, mut connection: Connection, letter: &Letter<'_>) -> Verdict {
    let verdict = connection.send(letter.from, std::slice::from_ref(letter.to), letter.message).await;
    pool.keep(connection);
    verdict
}
