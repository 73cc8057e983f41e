//! MTA-STS (RFC 8461): a domain's word, over HTTPS, that its mail servers speak verified TLS.

use super::names::{Answer, Names};
use crate::http_client::{self, HttpClientError};
use async_trait::async_trait;
use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Largest policy that is read, in octets: a sensible one has some hundred.
const POLICY_MAX: usize = 64 * 1024;
/// Longest a policy holds (RFC 8461 §3.2).
const AGE_MAX: u64 = 31_557_600;
/// After a policy could not be fetched it is left alone so long (RFC 8461 §3.3).
const PAUSE: Duration = Duration::from_secs(300);
/// The record is asked for no more often than this: a domain whose name servers are slow must not slow down each mail.
const FRESH: Duration = Duration::from_secs(60);
/// Longest wait for the policy (RFC 8461 §3.3 suggests one minute).
const PATIENCE: Duration = Duration::from_secs(30);
/// Most domains that are kept.
const DOMAINS_MAX: usize = 10_000;

/// How a policy is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Mail goes over verified TLS, or not at all.
    Enforce,
    /// Failures are counted, and nothing else.
    Testing,
    /// There is none any more.
    None,
}

/// A policy (RFC 8461 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsPolicy {
    /// The `id` of the record that announced it.
    pub id: String,
    /// How it is meant.
    pub mode: Mode,
    /// Patterns of the mail servers' names.
    pub mx: Vec<String>,
    /// How long it holds.
    pub max_age: Duration,
}

impl StsPolicy {
    /// Reads the text of a policy. The error says which line is wrong.
    pub fn parse(id: &str, text: &str) -> Result<Self, String> {
        let (mut version, mut mode, mut age, mut mx) = (None, None, None, Vec::new());
        for line in text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':').ok_or_else(|| format!("no key: {line}"))?;
            let value = value.trim();
            // Of a key that stands twice the first counts; unknown ones are left to those who know them.
            match key.trim() {
                "version" => version = version.or(Some(value == "STSv1")),
                "mode" => mode = mode.or(Some(value.to_owned())),
                "max_age" => age = age.or(Some(value.parse::<u64>().map_err(|_| format!("no age: {value}"))?)),
                "mx" => mx.push(value.trim_end_matches('.').to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some(true) {
            return Err("it is no STSv1".to_owned());
        }
        let mode = match mode.as_deref() {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            Some(_) | None => return Err("it has no mode".to_owned()),
        };
        let age = age.ok_or("it has no max_age")?.min(AGE_MAX);
        if mx.is_empty() && mode != Mode::None {
            return Err("it names no mx".to_owned());
        }
        Ok(Self { id: id.to_owned(), mode, mx, max_age: Duration::from_secs(age) })
    }

    /// Whether a host is one of its mail servers (RFC 8461 §4.1): `*.` stands for one label.
    pub fn names(&self, host: &str) -> bool {
        self.mx.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
            None => host.eq_ignore_ascii_case(pattern),
        })
    }
}

/// The `id` of a TXT record at `_mta-sts` (RFC 8461 §3.1). Several such records are none.
pub fn record_id(texts: &[String]) -> Option<String> {
    let mut records = texts.iter().filter(|text| text.starts_with("v=STSv1"));
    let (record, None) = (records.next()?, records.next()) else { return None };
    let mut fields = record.split(';').map(str::trim);
    if fields.next() != Some("v=STSv1") {
        return None;
    }
    let id = fields.find_map(|field| field.strip_prefix("id="))?.trim();
    (!id.is_empty() && id.len() <= 32 && id.bytes().all(|octet| octet.is_ascii_alphanumeric())).then(|| id.to_owned())
}

/// Who gives the text of a domain's policy.
#[async_trait]
pub trait PolicySource: Send + Sync {
    /// The text, or why there is none.
    async fn fetch(&self, domain: &str) -> Result<String, String>;
}

/// Fetches policies where RFC 8461 §3.2 has them.
pub struct HttpsPolicies(Client);

impl HttpsPolicies {
    /// Prepares; follows no redirection (RFC 8461 §3.3).
    pub fn new() -> Result<Self, HttpClientError> {
        http_client::new(PATIENCE).map(Self)
    }
}

#[async_trait]
impl PolicySource for HttpsPolicies {
    async fn fetch(&self, domain: &str) -> Result<String, String> {
        read(&self.0, &format!("https://mta-sts.{domain}/.well-known/mta-sts.txt")).await
    }
}

/// RFC 8461 §3.3: 200 and nothing else, text/plain, of bounded length.
async fn read(client: &Client, url: &str) -> Result<String, String> {
    let mut response = client.get(url).send().await.map_err(|error| error.without_url().to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("it answers {}", response.status()));
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain") {
        return Err("it is no text/plain".to_owned());
    }
    let mut octets = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        octets.extend_from_slice(&piece);
        if octets.len() > POLICY_MAX {
            return Err("it is too long".to_owned());
        }
    }
    String::from_utf8(octets).map_err(|_| "it is no UTF-8".to_owned())
}

/// What became of the policy of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The policy that holds, unless there is none.
    pub policy: Option<Arc<StsPolicy>>,
    /// Why a newer one could not be had.
    pub fault: Option<Fault>,
}

/// Why an announced policy could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It could not be fetched.
    Fetch,
    /// It can't be read.
    Invalid,
}

/// The policies of all domains, in memory: the next start asks anew.
pub struct Policies {
    source: Box<dyn PolicySource>,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Clone, Default)]
struct Kept {
    policy: Option<(Arc<StsPolicy>, Instant)>,
    /// When the record was asked for.
    asked: Option<Instant>,
    /// The id that could not be had, and since when.
    missed: Option<(String, Instant)>,
}

impl Kept {
    fn holds(&self, now: Instant) -> Option<Arc<StsPolicy>> {
        self.policy.as_ref().filter(|(policy, since)| now.duration_since(*since) < policy.max_age).map(|(policy, _)| policy.clone())
    }
}

impl Policies {
    /// Over a source.
    pub fn new(source: Box<dyn PolicySource>) -> Self {
        Self { source, kept: Mutex::default() }
    }

    /// The policy of a domain. Nothing that fails here takes away a policy that holds (RFC 8461 §3.3).
    pub async fn of(&self, domain: &str, names: &Names) -> Found {
        let (kept, now) = (self.kept(domain), Instant::now());
        if kept.asked.is_some_and(|asked| now.duration_since(asked) < FRESH) {
            return Found { policy: kept.holds(now), fault: None };
        }
        let id = match names.texts(&format!("_mta-sts.{domain}")).await {
            Answer::Found { records, .. } => record_id(&records),
            Answer::Nothing | Answer::NoName | Answer::Failed(_) => None,
        };
        self.announced(domain, id, Instant::now()).await
    }

    /// What holds once the record says this id, or nothing.
    async fn announced(&self, domain: &str, id: Option<String>, now: Instant) -> Found {
        let kept = Kept { asked: Some(now), ..self.kept(domain) };
        self.keep(domain, kept.clone(), now);
        let holds = kept.holds(now);
        let Some(id) = id else { return Found { policy: holds, fault: None } };
        if holds.as_ref().is_some_and(|policy| policy.id == id) {
            return Found { policy: holds, fault: None };
        }
        if kept.missed.is_some_and(|(missed, since)| missed == id && now.duration_since(since) < PAUSE) {
            return Found { policy: holds, fault: Some(Fault::Fetch) };
        }
        let (fault, cause) = match self.source.fetch(domain).await {
            Ok(text) => match StsPolicy::parse(&id, &text) {
                Ok(policy) => {
                    let policy = Arc::new(policy);
                    self.keep(domain, Kept { policy: Some((policy.clone(), now)), asked: Some(now), missed: None }, now);
                    return Found { policy: Some(policy), fault: None };
                }
                Err(cause) => (Fault::Invalid, cause),
            },
            Err(cause) => (Fault::Fetch, cause),
        };
        tracing::warn!(domain, cause, "an MTA-STS policy that is announced can't be had");
        self.keep(domain, Kept { missed: Some((id, now)), ..self.kept(domain) }, now);
        Found { policy: holds, fault: Some(fault) }
    }

    fn kept(&self, domain: &str) -> Kept {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(domain).cloned().unwrap_or_default()
    }

    fn keep(&self, domain: &str, new: Kept, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= DOMAINS_MAX && !kept.contains_key(domain) {
            kept.retain(|_, one| one.holds(now).is_some());
        }
        if kept.len() < DOMAINS_MAX || kept.contains_key(domain) {
            kept.insert(domain.to_owned(), new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_the_standard_has_it() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: Mail.Example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\nnew: x\r\n";
        let policy = StsPolicy::parse("1", text).unwrap();
        assert_eq!((policy.mode, policy.max_age), (Mode::Enforce, Duration::from_secs(604_800)));
        assert!(policy.names("mail.example.com") && policy.names("MX1.example.net"));
        for other in ["example.net", "a.b.example.net", ".example.net", "mail.example.com.evil.example", "xexample.net"] {
            assert!(!policy.names(other), "{other}");
        }
        let long = text.replace("604800", "99999999999");
        assert_eq!(StsPolicy::parse("1", &long).unwrap().max_age.as_secs(), AGE_MAX);
        let faults = [("STSv1", "STSv2"), ("enforce", "force"), ("mx: Mail.Example.com\r\nmx: *.example.net\r\n", ""), ("604800", "soon")];
        for (right, wrong) in faults {
            assert!(StsPolicy::parse("1", &text.replace(right, wrong)).is_err(), "{wrong}");
        }
        assert!(StsPolicy::parse("1", "").is_err());
        assert!(StsPolicy::parse("1", "version: STSv1\nmode: none\nmax_age: 1\n").is_ok());
    }

    /// Gives what is on the shelf, and counts.
    #[derive(Clone, Default)]
    struct Shelf(Arc<Mutex<(Option<String>, usize)>>);

    #[async_trait]
    impl PolicySource for Shelf {
        async fn fetch(&self, _: &str) -> Result<String, String> {
            let mut shelf = self.0.lock().unwrap();
            shelf.1 += 1;
            shelf.0.clone().ok_or_else(|| "nobody there".to_owned())
        }
    }

    #[tokio::test]
    async fn a_policy_holds_until_it_is_too_old_or_another_is_had() {
        let shelf = Shelf::default();
        let put = |text: Option<&str>| shelf.0.lock().unwrap().0 = text.map(str::to_owned);
        let policies = Policies::new(Box::new(shelf.clone()));
        let start = Instant::now();
        let at = async |seconds, id: Option<&str>| {
            let found = policies.announced("a.example", id.map(str::to_owned), start + Duration::from_secs(seconds)).await;
            (found.policy.map(|policy| policy.id.clone()), found.fault, shelf.0.lock().unwrap().1)
        };
        let one = || Some("1".to_owned());
        assert_eq!(at(0, None).await, (None, None, 0), "nothing is announced");
        assert_eq!(at(0, Some("1")).await, (None, Some(Fault::Fetch), 1));
        assert_eq!(at(10, Some("1")).await, (None, Some(Fault::Fetch), 1), "it is left alone for a while");
        put(Some("version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 1000\n"));
        assert_eq!(at(310, Some("1")).await, (one(), None, 2));
        assert_eq!(at(320, Some("1")).await, (one(), None, 2));
        assert_eq!(at(330, None).await, (one(), None, 2), "a record that is gone, or hidden, takes nothing away");
        put(Some("version: STSv1\n"));
        assert_eq!(at(340, Some("2")).await, (one(), Some(Fault::Invalid), 3), "nor does one whose policy can't be read");
        put(Some("version: STSv1\nmode: none\nmax_age: 1000\n"));
        assert_eq!(at(350, Some("3")).await, (Some("3".to_owned()), None, 4));
        assert_eq!(at(1_350, None).await, (None, None, 4), "it is too old");
        assert_eq!(at(1_360, Some("3")).await, (Some("3".to_owned()), None, 5));
    }

    /// What is read of a web server that gives this answer.
    async fn answered(answer: String) -> Result<String, String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/.well-known/mta-sts.txt", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut asked).await.unwrap() > 0);
            }
            // The client may have seen enough before all of it is written.
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let read = read(&http_client::new(PATIENCE).unwrap(), &url).await;
        serving.await.unwrap();
        read
    }

    #[tokio::test]
    async fn only_a_plain_answer_is_a_policy() {
        let answer = |status: &str, kind: &str, text: &str| {
            answered(format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nLocation: /x\r\nContent-Length: {}\r\n\r\n{text}", text.len()))
        };
        assert_eq!(answer("200 OK", "text/plain; charset=utf-8", "version: STSv1").await.unwrap(), "version: STSv1");
        assert!(answer("404 Not Found", "text/plain", "x").await.unwrap_err().contains("404"));
        assert!(answer("302 Found", "text/plain", "x").await.unwrap_err().contains("302"), "no redirection is followed");
        assert!(answer("200 OK", "text/html", "x").await.unwrap_err().contains("text/plain"));
        assert!(answer("200 OK", "text/plain", &"x".repeat(POLICY_MAX + 1)).await.unwrap_err().contains("too long"));
    }

    #[test]
    fn one_record_announces_and_several_are_none() {
        let id = |texts: &[&str]| record_id(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(id(&["v=STSv1; id=20160831085700Z;"]).as_deref(), Some("20160831085700Z"));
        assert_eq!(id(&["v=spf1 -all", "v=STSv1;id=1"]).as_deref(), Some("1"));
        for none in [&["v=STSv1; id=1", "v=STSv1; id=2"][..], &["v=STSv1;"], &["v=STSv10; id=1"], &["v=STSv1; id=a b"], &[]] {
            assert_eq!(id(none), None, "{none:?}");
        }
    }
}
