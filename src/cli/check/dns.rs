//! Asks name servers for what a gateway needs, everything at once; `records` judges the answers.

use super::records;
use crate::config::{Config, Finding};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use std::net::IpAddr;
use std::time::Duration;

/// Longest wait for one answer, repetitions included.
const PATIENCE: Duration = Duration::from_secs(6);
/// Longest wait for one packet.
const PACKET: Duration = Duration::from_secs(2);

/// A finding, or why nobody answered.
type Judged = Result<Finding, String>;

/// Asks for everything. `dkim` has the names and values of the records that must be there.
pub(super) async fn findings(config: &Config, dkim: &[(String, String)]) -> Vec<Finding> {
    let names = match Names::new(&config.authentication.resolvers) {
        Ok(names) => names,
        Err(error) => return vec![unasked("DNS", &error)],
    };
    ask_all(&names, config, dkim).await
}

async fn ask_all(names: &Names, config: &Config, dkim: &[(String, String)]) -> Vec<Finding> {
    let identity = &config.identity;
    let mut asked: Vec<(String, BoxFuture<'_, Judged>)> = vec![
        (format!("address {}", identity.host_name), names.host(&identity.host_name).boxed()),
        (format!("MX {}", identity.alias_domain), names.mx(config, &identity.alias_domain).boxed()),
        (format!("MX {}", identity.guest_domain), names.mx(config, &identity.guest_domain).boxed()),
        (format!("SPF {}", identity.alias_domain), names.spf(&identity.alias_domain).boxed()),
    ];
    for (name, record) in dkim {
        asked.push((format!("DKIM {name}"), names.dkim(name, record).boxed()));
    }
    asked.push((format!("DMARC {}", identity.alias_domain), names.dmarc(&identity.alias_domain).boxed()));
    for url in [&identity.public_url, &config.conference.url] {
        if let Some(host) = host_of(url) {
            asked.push((format!("address {host}"), names.host(host).boxed()));
        }
    }
    let (subjects, questions): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    summed(subjects.into_iter().zip(join_all(questions).await).collect())
}

/// One line instead of many where nobody answers at all.
fn summed(answers: Vec<(String, Judged)>) -> Vec<Finding> {
    if let Some((_, Err(error))) = answers.first()
        && answers.iter().all(|(_, answer)| answer.is_err())
    {
        return vec![unasked("DNS", error)];
    }
    answers.into_iter().map(|(subject, answer)| answer.unwrap_or_else(|error| unasked(&subject, &error))).collect()
}

fn unasked(subject: &str, error: &str) -> Finding {
    let advice = "check the network and authentication.resolvers, and run this again";
    Finding::warning(subject, format!("could not be asked: {error}"), advice)
}

/// The host of a web address, where it is a name.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':', '?']).next()?;
    (host != "localhost" && !host.starts_with('[') && host.parse::<IpAddr>().is_err()).then_some(host)
}

/// The name servers.
struct Names(TokioResolver);

impl Names {
    /// The named ones, else those of the system.
    fn new(resolvers: &[IpAddr]) -> Result<Self, String> {
        let (config, _) = match resolvers {
            [] => read_system_conf().map_err(|error| error.to_string())?,
            named => {
                let servers = named.iter().map(|ip| NameServerConfig::udp_and_tcp(*ip)).collect();
                (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
            }
        };
        Self::of(config)
    }

    fn of(config: ResolverConfig) -> Result<Self, String> {
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.timeout = PACKET;
        options.attempts = 2;
        Ok(Self(builder.build().map_err(|error| error.to_string())?))
    }

    /// The records of a name, in the form that `take` gives; none where there is no such name or record.
    async fn ask<T>(&self, name: &str, kind: RecordType, take: impl Fn(&RData) -> Option<T>) -> Result<Vec<T>, String> {
        let absolute = format!("{}.", name.trim_end_matches('.'));
        match tokio::time::timeout(PATIENCE, self.0.lookup(absolute, kind)).await {
            Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
            Ok(Ok(found)) => Ok(found.answers().iter().filter_map(|record| take(&record.data)).collect()),
            Ok(Err(error)) if error.is_no_records_found() => Ok(Vec::new()),
            Ok(Err(error)) => Err(error.to_string()),
        }
    }

    async fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let whole = |data: &RData| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        self.ask(name, RecordType::TXT, whole).await
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let address = |data: &RData| data.ip_addr();
        let (four, six) = tokio::join!(self.ask(name, RecordType::A, address), self.ask(name, RecordType::AAAA, address));
        match (four, six) {
            (Ok(four), Ok(six)) => Ok([four, six].concat()),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => Ok(some),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    async fn host(&self, name: &str) -> Judged {
        let addresses = self.addresses(name).await?;
        let subject = format!("address {name}");
        if addresses.is_empty() {
            return Ok(Finding::problem(
                subject,
                "there is none: nobody can reach it",
                format!("publish: {name}. A (or AAAA) with its address"),
            ));
        }
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        Ok(Finding::ok(subject, shown.join(", ")))
    }

    async fn mx(&self, config: &Config, domain: &str) -> Judged {
        let host_name = config.identity.host_name.trim_end_matches('.');
        let exchange = |data: &RData| match data {
            RData::MX(mx) => Some(mx.exchange.to_utf8().trim_end_matches('.').to_owned()),
            _ => None,
        };
        let exchanges = self.ask(domain, RecordType::MX, exchange).await?;
        let leads_here = self.leads_to(&exchanges, host_name).await;
        Ok(records::mx(domain, &exchanges, host_name, leads_here, config.listen.mx.is_some()))
    }

    /// Whether one of the hosts is this one, by name or by address.
    async fn leads_to(&self, exchanges: &[String], host_name: &str) -> bool {
        if exchanges.iter().any(|exchange| exchange.eq_ignore_ascii_case(host_name)) {
            return true;
        }
        let own = self.addresses(host_name).await.unwrap_or_default();
        let theirs = join_all(exchanges.iter().filter(|exchange| !exchange.is_empty()).map(|exchange| self.addresses(exchange))).await;
        theirs.into_iter().flatten().flatten().any(|address| own.contains(&address))
    }

    async fn spf(&self, domain: &str) -> Judged {
        Ok(records::spf(domain, &self.texts(domain).await?))
    }

    async fn dkim(&self, name: &str, record: &str) -> Judged {
        Ok(records::dkim(name, record, &self.texts(name).await?))
    }

    /// A domain without a policy has its parent's (RFC 7489 §6.6.3).
    async fn dmarc(&self, domain: &str) -> Judged {
        let mut asked = domain;
        loop {
            let texts = self.texts(&format!("_dmarc.{asked}")).await?;
            let parent = asked.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'));
            match parent {
                Some(parent) if !texts.iter().any(|text| records::is_dmarc(text)) => asked = parent,
                _ => return Ok(records::dmarc(domain, asked, &texts)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Level;
    use hickory_resolver::config::ConnectionConfig;
    use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
    use hickory_resolver::proto::rr::rdata::{A, MX, TXT};
    use hickory_resolver::proto::rr::{Name, Record};
    use std::net::Ipv4Addr;
    use tokio::net::UdpSocket;

    /// A name server that has these records, and fails for names below `broken.test`.
    async fn name_server(zone: Vec<(&'static str, RData)>) -> Names {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut connection = ConnectionConfig::udp();
        connection.port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, peer)) = socket.recv_from(&mut packet).await {
                let question = Message::from_vec(&packet[..length]).unwrap();
                let query = question.queries[0].clone();
                let name = query.name().to_ascii();
                let mut answer = Message::response(question.metadata.id, OpCode::Query);
                let fits = |(owner, data): &&(&str, RData)| {
                    name.trim_end_matches('.').eq_ignore_ascii_case(owner) && data.record_type() == query.query_type()
                };
                let records = zone.iter().filter(fits).map(|(_, data)| Record::from_rdata(query.name().clone(), 60, data.clone()));
                answer.add_answers(records);
                answer.metadata.response_code = match name.as_str() {
                    name if name.ends_with("broken.test.") => ResponseCode::ServFail,
                    _ if answer.answers.is_empty() => ResponseCode::NXDomain,
                    _ => ResponseCode::NoError,
                };
                answer.add_query(query);
                socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
            }
        });
        let server = NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![connection]);
        Names::of(ResolverConfig::from_parts(None, Vec::new(), vec![server])).unwrap()
    }

    fn txt(strings: &[&str]) -> RData {
        RData::TXT(TXT::new(strings.iter().map(|text| (*text).to_owned()).collect()))
    }

    fn mx(host: &str) -> RData {
        RData::MX(MX::new(10, Name::from_ascii(format!("{host}.")).unwrap()))
    }

    fn config(domain: &str) -> Config {
        let text = format!(
            "[identity]\nhost_name = \"gw.{domain}\"\nalias_domain = \"{domain}\"\nguest_domain = \"guest.{domain}\"\n\
             public_url = \"https://{domain}\"\n[listen]\nmx = \"127.0.0.1:25\"\n\
             [conference]\nurl = \"https://127.0.0.1\"\napp_id = \"a\"\ndomain = \"meet.test\"\n"
        );
        Config::parse(std::path::Path::new("x"), &text, std::iter::empty()).unwrap()
    }

    async fn found(names: &Names, domain: &str) -> Vec<(String, Level)> {
        let dkim = [(format!("s._domainkey.{domain}"), "v=DKIM1; k=rsa; p=AAAABBBB".to_owned())];
        let findings = ask_all(names, &config(domain), &dkim).await;
        findings.into_iter().map(|finding| (finding.subject, finding.level)).collect()
    }

    fn expected(domain: &str, levels: [Level; 7]) -> Vec<(String, Level)> {
        let subjects = ["address gw.{}", "MX {}", "MX guest.{}", "SPF {}", "DKIM s._domainkey.{}", "DMARC {}", "address {}"];
        subjects.iter().map(|subject| subject.replace("{}", domain)).zip(levels).collect()
    }

    #[tokio::test]
    async fn a_well_kept_zone_is_in_order_and_an_empty_one_is_not() {
        let address = |last| RData::A(A(Ipv4Addr::new(192, 0, 2, last)));
        let names = name_server(vec![
            ("gw.good.test", address(1)),
            ("good.test", address(2)),
            ("good.test", mx("GW.good.test")),
            ("guest.good.test", mx("other.good.test")),
            ("other.good.test", address(1)),
            ("good.test", txt(&["v=spf1 ip4:192.0.2.1 ", "-all"])),
            ("s._domainkey.good.test", txt(&["v=DKIM1; k=rsa; p=AAAA", "BBBB"])),
            ("_dmarc.good.test", txt(&["v=DMARC1; p=reject"])),
            ("far.good.test", address(2)),
            ("gw.far.good.test", address(2)),
            ("far.good.test", mx("gw.good.test")),
            ("guest.far.good.test", mx("")),
            ("far.good.test", txt(&["v=spf1 ~all"])),
            ("s._domainkey.far.good.test", txt(&["v=DKIM1; p=AAAACCCC"])),
        ])
        .await;
        let (ok, warning, problem) = (Level::Ok, Level::Warning, Level::Problem);
        assert_eq!(found(&names, "good.test").await, expected("good.test", [ok; 7]));
        // The MX is another host, the guest domain takes no mail, the key is another one, the policy is the parent's.
        assert_eq!(found(&names, "far.good.test").await, expected("far.good.test", [ok, warning, problem, ok, problem, ok, ok]));
        assert_eq!(found(&names, "none.test").await, expected("none.test", [problem; 7]));
        // An error is not the answer that there is nothing.
        assert_eq!(found(&names, "broken.test").await, [("DNS".to_owned(), warning)]);
    }

    #[test]
    fn silence_is_told_once_and_never_taken_for_an_answer() {
        let silent = |subject: &str| (subject.to_owned(), Err("nobody there".to_owned()));
        let all = summed(vec![silent("SPF"), silent("MX")]);
        assert_eq!(all.iter().map(|finding| finding.subject.as_str()).collect::<Vec<_>>(), ["DNS"]);
        let some = summed(vec![silent("SPF"), ("MX".to_owned(), Ok(Finding::ok("MX", "x")))]);
        assert_eq!(some.iter().map(|finding| finding.level).collect::<Vec<_>>(), [Level::Warning, Level::Ok]);
    }

    #[test]
    fn only_names_are_looked_up() {
        assert_eq!(host_of("https://visio.test/j"), Some("visio.test"));
        assert_eq!(host_of("https://visio.test:8443"), Some("visio.test"));
        assert_eq!(host_of("http://127.0.0.1:8080"), None);
        assert_eq!(host_of("http://[::1]:8080"), None);
        assert_eq!(host_of("visio.test"), None);
    }
}
