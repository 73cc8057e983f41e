//! Delivery straight to mail servers: a name server and several of them on loopback, one port, an address for each.

use crate::outbound::items::item;
use crate::outbound::server::{CLOSE, Rules, SILENCE, Server};
use crate::outbound::smarthost::certificate;
use crate::support::dns::Zone;
use async_trait::async_trait;
use paravent::domain::delivery::AttemptOutcome::{self, Bounced, Deferred, Delivered};
use paravent::flow::port::Transport;
use paravent::outbound::direct::Direct;
use paravent::outbound::direct::mta_sts::PolicySource;
use paravent::outbound::direct::report::TlsResult;
use paravent::outbound::direct::settings::{DirectSettings, Dnssec};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const MAIL: &[u8] = b"Subject: x\r\n\r\nHello\r\n";
const TO: &str = "jean@hopital.example";

/// Servers at 127.0.0.1, 127.0.0.2 and so on, at one port.
async fn servers(rules: Vec<Rules>) -> Vec<Server> {
    let mut servers: Vec<Server> = Vec::new();
    for (at, rules) in rules.into_iter().enumerate() {
        let port = servers.first().map_or(0, |first| first.port);
        servers.push(Server::start_at(SocketAddr::from(([127, 0, 0, u8::try_from(at).unwrap() + 1], port)), rules).await);
    }
    servers
}

/// Policies as a test gives them, and how often one was fetched.
#[derive(Clone, Default)]
struct Shelf {
    text: Option<String>,
    fetched: Arc<AtomicUsize>,
}

#[async_trait]
impl PolicySource for Shelf {
    async fn fetch(&self, domain: &str) -> Result<String, String> {
        assert_eq!(domain, "hopital.example");
        self.fetched.fetch_add(1, Ordering::SeqCst);
        self.text.clone().ok_or_else(|| "nobody there".to_owned())
    }
}

fn settings(zone: Zone, port: u16) -> DirectSettings {
    DirectSettings {
        helo: "gateway.visio.example".to_owned(),
        port,
        resolvers: vec!["127.0.0.1".parse().unwrap()],
        resolver_port: zone.serve(),
        private_networks: true,
        ..DirectSettings::default()
    }
}

fn direct(settings: DirectSettings) -> Direct {
    Direct::with_policies(settings, "gateway.visio.example", Box::new(Shelf::default())).unwrap()
}

async fn send(settings: DirectSettings) -> AttemptOutcome {
    direct(settings).deliver(&item(TO, MAIL)).await
}

/// Two mail servers: `one` at 127.0.0.1 is preferred to `two` at 127.0.0.2.
fn two() -> Zone {
    let zone = Zone::default().mx("hopital.example", 20, "two.example").mx("hopital.example", 10, "one.example");
    zone.address("one.example", "127.0.0.1").address("two.example", "127.0.0.2")
}

fn one() -> Zone {
    Zone::default().mx("hopital.example", 10, "one.example").address("one.example", "127.0.0.1")
}

fn counts(servers: &[Server], line: &str) -> Vec<usize> {
    servers.iter().map(|server| server.count(line)).collect()
}

fn taken(servers: &[Server]) -> Vec<usize> {
    servers.iter().map(|server| server.mails().len()).collect()
}

#[tokio::test]
async fn the_preferred_server_gets_the_mail() {
    let servers = servers(vec![Rules::usual(), Rules::usual()]).await;
    assert_eq!(send(settings(two(), servers[0].port)).await, Delivered("250 2.0.0 taken".to_owned()));
    assert_eq!(taken(&servers), [1, 0]);
    assert_eq!(servers[0].count("EHLO gateway.visio.example"), 1);
    assert_eq!(servers[0].mails(), [MAIL]);
}

#[tokio::test]
async fn a_server_that_does_not_come_to_the_mail_is_passed_by() {
    for greeting in ["421 4.3.2 too busy", "450 later", "554 5.7.1 I know you not", CLOSE] {
        let refusing = Rules::usual().answering(move |_, line| (line == "GREETING").then_some(greeting));
        let servers = servers(vec![refusing, Rules::usual()]).await;
        assert!(matches!(send(settings(two(), servers[0].port)).await, Delivered(_)), "{greeting}");
        assert_eq!(taken(&servers), [0, 1], "{greeting}");
    }
    // Nobody listens at the first address.
    let servers = servers(vec![Rules::usual(), Rules::usual()]).await;
    let zone = Zone::default().mx("hopital.example", 10, "gone.example").mx("hopital.example", 20, "two.example");
    let zone = zone.address("gone.example", "127.0.0.9").address("two.example", "127.0.0.2");
    assert!(matches!(send(settings(zone, servers[0].port)).await, Delivered(_)));
    // A server that closes in the middle of the envelope has taken nothing.
    for last_words in [CLOSE, "421 4.3.2 closing"] {
        let leaving = Rules::offering(&[]).answering(move |_, line| line.starts_with("RCPT").then_some(last_words));
        let servers = self::servers(vec![leaving, Rules::usual()]).await;
        assert!(matches!(send(settings(two(), servers[0].port)).await, Delivered(_)));
        assert_eq!(taken(&servers), [0, 1]);
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_passed_by() {
    let silent = Rules::usual().answering(|_, line| (line == "GREETING").then_some(SILENCE));
    let servers = servers(vec![silent.clone(), Rules::usual()]).await;
    let patient = DirectSettings { command_timeout_seconds: 1, ..settings(two(), servers[0].port) };
    assert!(matches!(send(patient).await, Delivered(_)));
    assert_eq!(taken(&servers), [0, 1]);

    // The bound over all hosts holds too.
    let servers = self::servers(vec![silent]).await;
    let hurried = DirectSettings { search_timeout_seconds: 1, ..settings(one(), servers[0].port) };
    assert!(matches!(send(hurried).await, Deferred(why) if why.contains("in time")));
}

#[tokio::test]
async fn where_nobody_answers_nobody_is_asked_again_at_once() {
    let server = Server::start(Rules::usual().answering(|_, line| (line == "GREETING").then_some("421 4.3.2 too busy"))).await;
    let zone = one().mx("clinique.example", 10, "one.example");
    let direct = direct(settings(zone, server.port));
    let Deferred(first) = direct.deliver(&item(TO, MAIL)).await else { panic!() };
    assert_eq!(direct.deliver(&item("other@hopital.example", MAIL)).await, Deferred(first));
    assert_eq!(server.sessions(), 1);
    assert!(matches!(direct.deliver(&item("a@clinique.example", MAIL)).await, Deferred(_)));
    assert_eq!(server.sessions(), 2, "another domain is another destination");
}

#[tokio::test]
async fn what_a_server_says_of_the_recipient_counts() {
    for (said, bounced) in [("550 5.1.1 no such user", true), ("452 4.2.2 full", false)] {
        let refusing = Rules::usual().answering(move |_, line| line.starts_with("RCPT").then_some(said));
        let servers = servers(vec![refusing, Rules::usual()]).await;
        let outcome = send(settings(two(), servers[0].port)).await;
        assert_eq!(outcome, if bounced { Bounced(said.to_owned()) } else { Deferred(said.to_owned()) });
        assert_eq!(counts(&servers, "EHLO"), [1, 0], "nobody else is asked");
    }
}

#[tokio::test]
async fn the_dns_says_where_there_is_no_mail() {
    let server = Server::start(Rules::usual()).await;
    let outcome = |zone| send(settings(zone, server.port));
    let null = Zone::default().mx("hopital.example", 0, ".").address("hopital.example", "127.0.0.1");
    assert!(matches!(outcome(null).await, Bounced(why) if why.starts_with("556 5.1.10")));
    assert!(matches!(outcome(Zone::default()).await, Bounced(why) if why.starts_with("550 5.1.2")));
    assert!(matches!(outcome(Zone::default().broken("hopital.example")).await, Deferred(why) if why.starts_with("451 4.4.3")));
    assert!(matches!(outcome(one().broken("one.example")).await, Deferred(why) if why.starts_with("451 4.4.3")));
    let empty = Zone::default().mx("hopital.example", 10, "one.example").txt("hopital.example", "x");
    assert!(matches!(outcome(empty).await, Bounced(why) if why.starts_with("550 5.4.4")));
    let circle = Zone::default().mx("hopital.example", 10, "Gateway.visio.example").address("gateway.visio.example", "127.0.0.1");
    assert!(matches!(outcome(circle).await, Bounced(why) if why.starts_with("554 5.4.6")));
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn a_domain_without_mx_takes_mail_at_its_own_address() {
    let server = Server::start(Rules::usual()).await;
    let zone = Zone::default().address("hopital.example", "127.0.0.1");
    assert!(matches!(send(settings(zone, server.port)).await, Delivered(_)));
    // By another name too: the resolver follows it.
    let zone = Zone::default().alias("hopital.example", "real.example").mx("real.example", 5, "one.example");
    let zone = zone.address("one.example", "127.0.0.1");
    assert!(matches!(send(settings(zone, server.port)).await, Delivered(_)));
    // And an address literal is its own server (RFC 5321 §4.1.3).
    let direct = direct(settings(Zone::default(), server.port));
    assert!(matches!(direct.deliver(&item("jean@[127.0.0.1]", MAIL)).await, Delivered(_)));
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn the_other_family_is_tried_where_one_leads_nowhere() {
    let server = Server::start(Rules::usual()).await;
    let zone = one().address("one.example", "::1");
    assert!(matches!(send(settings(zone, server.port)).await, Delivered(_)));
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn nobody_outside_leads_mail_to_machines_inside() {
    let server = Server::start(Rules::usual()).await;
    let outside = |zone| DirectSettings { private_networks: false, ..settings(zone, server.port) };
    assert!(matches!(send(outside(one())).await, Deferred(why) if why.contains("private_networks")));
    let direct = direct(outside(Zone::default()));
    assert!(matches!(direct.deliver(&item("jean@[127.0.0.1]", MAIL)).await, Deferred(_)));
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn an_international_domain_is_looked_up_and_told_in_ascii() {
    let server = Server::start(Rules::usual()).await;
    let zone = Zone::default().mx("xn--hpital-ixa.example", 10, "one.example").address("one.example", "127.0.0.1");
    let direct = direct(settings(zone, server.port));
    assert!(matches!(direct.deliver(&item("jean@hôpital.example", MAIL)).await, Delivered(_)));
    assert_eq!(server.count("RCPT TO:<jean@xn--hpital-ixa.example>"), 1);
}

#[tokio::test]
async fn sessions_are_used_again_for_their_destination_alone() {
    let server = Server::start(Rules::usual()).await;
    let zone = one().mx("clinique.example", 10, "one.example");
    let direct = direct(DirectSettings { messages_per_connection: 3, ..settings(zone, server.port) });
    for recipient in [TO, "a@hopital.example", "b@clinique.example", "c@hopital.example", "d@hopital.example"] {
        assert!(matches!(direct.deliver(&item(recipient, MAIL)).await, Delivered(_)));
    }
    let sessions: BTreeSet<String> =
        server.heard().iter().filter(|line| line.contains(" RCPT")).map(|line| line.replace("RCPT TO:", "")).collect();
    let expected = ["1 <a@hopital", "1 <c@hopital", "1 <jean@hopital", "2 <b@clinique", "3 <d@hopital"];
    assert_eq!(sessions, expected.map(|session| format!("{} {}.example>", &session[..1], &session[2..])).into());
}

#[tokio::test]
async fn a_destination_has_no_more_sessions_than_it_may() {
    let server = Server::start(Rules::usual()).await;
    let direct = direct(DirectSettings { per_destination: 2, ..settings(one(), server.port) });
    let mail = item(TO, MAIL);
    let outcomes = futures_util::future::join_all((0..20).map(|_| direct.deliver(&mail))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Delivered(_))));
    assert!((1..=2).contains(&server.count("EHLO")), "{:?}", server.count("EHLO"));
}

/// A server at 127.0.0.1 with a certificate for `name`, and the file of its authority.
async fn encrypting(folder: &tempfile::TempDir, name: &str) -> (Server, PathBuf) {
    let (acceptor, file) = certificate(folder.path(), name);
    (Server::start(Rules { tls: Some(acceptor), ..Rules::usual() }).await, file)
}

#[tokio::test]
async fn tls_is_used_where_it_is_offered_whoever_vouches_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = encrypting(&folder, "whoever.example").await;
    let direct = direct(settings(one(), server.port));
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Delivered(_)));
    assert_eq!((server.count("STARTTLS"), server.count("EHLO")), (1, 2));
    assert!(matches!(direct.tls_report()[..], [(_, _, TlsResult::Successful, 1)]), "{:?}", direct.tls_report());
}

#[tokio::test]
async fn tls_that_fails_is_left_where_nothing_demands_it() {
    for reply in ["454 4.7.0 no TLS now", "250 go on\r\n250 too early", CLOSE] {
        let folder = tempfile::tempdir().unwrap();
        let (acceptor, _) = certificate(folder.path(), "one.example");
        let rules = Rules { tls: Some(acceptor), ..Rules::usual() };
        let server = Server::start(rules.answering(move |_, line| (line == "STARTTLS").then_some(reply))).await;
        assert!(matches!(send(settings(one(), server.port)).await, Delivered(_)), "{reply}");
        assert_eq!(server.count("2 MAIL") + server.count("MAIL"), 1);
    }
}

fn policy(mode: &str, mx: &str) -> Shelf {
    Shelf { text: Some(format!("version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n")), ..Shelf::default() }
}

fn announced(zone: Zone) -> Zone {
    zone.txt("_mta-sts.hopital.example", "v=STSv1; id=1;")
}

fn under(policy: &Shelf, settings: DirectSettings) -> Direct {
    Direct::with_policies(settings, "gateway.visio.example", Box::new(policy.clone())).unwrap()
}

#[tokio::test]
async fn an_enforced_policy_wants_a_certificate_for_a_host_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let (server, ca_file) = encrypting(&folder, "one.example").await;
    let with = |ca_file: PathBuf| DirectSettings { ca_file: Some(ca_file), ..settings(announced(one()), server.port) };
    let policy_of_one = policy("enforce", "one.example");
    let direct = under(&policy_of_one, with(ca_file.clone()));
    for _ in 0..2 {
        assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Delivered(_)));
    }
    assert_eq!(policy_of_one.fetched.load(Ordering::SeqCst), 1, "a policy is kept");
    assert_eq!((server.count("STARTTLS"), server.mails().len()), (1, 2));

    // A host that it doesn't name.
    let direct = under(&policy("enforce", "*.other.example"), with(ca_file));
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Deferred(why) if why.starts_with("451 4.7.5")));
    // An authority that nobody believes.
    let (_, stranger) = certificate(folder.path(), "stranger.example");
    let direct = under(&policy("enforce", "one.example"), with(stranger));
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Deferred(_)));
    assert_eq!(server.mails().len(), 2);
    let counted = direct.tls_report();
    assert!(matches!(counted[..], [(_, _, TlsResult::CertificateNotTrusted, 1)]), "{counted:?}");
}

#[tokio::test]
async fn under_an_enforced_policy_nothing_is_ever_sent_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let (wrong, ca_file) = encrypting(&folder, "other.example").await;
    let enforced = |ca_file, port| DirectSettings { ca_file: Some(ca_file), ..settings(announced(one()), port) };
    let direct = under(&policy("enforce", "one.example"), enforced(ca_file.clone(), wrong.port));
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Deferred(_)));
    let counted = direct.tls_report();
    assert!(matches!(counted[..], [(_, _, TlsResult::CertificateHostMismatch, 1)]), "{counted:?}");

    let bare = Server::start(Rules::usual()).await;
    let direct = under(&policy("enforce", "one.example"), enforced(ca_file, bare.port));
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Deferred(why) if why.contains("STARTTLS")));
    for server in [wrong, bare] {
        assert_eq!((server.count("MAIL"), server.mails().len()), (0, 0));
    }
}

#[tokio::test]
async fn the_next_host_is_tried_where_one_is_not_as_the_policy_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let (acceptor, ca_file) = certificate(folder.path(), "two.example");
    let servers = servers(vec![Rules::usual(), Rules { tls: Some(acceptor), ..Rules::usual() }]).await;
    let settings = DirectSettings { ca_file: Some(ca_file), ..settings(announced(two()), servers[0].port) };
    assert!(matches!(under(&policy("enforce", "*.example"), settings).deliver(&item(TO, MAIL)).await, Delivered(_)));
    assert_eq!(taken(&servers), [0, 1]);
}

#[tokio::test]
async fn a_policy_under_test_counts_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (server, ca_file) = encrypting(&folder, "other.example").await;
    let testing =
        |mx| under(&policy("testing", mx), DirectSettings { ca_file: Some(ca_file.clone()), ..settings(announced(one()), server.port) });
    let direct = testing("one.example");
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Delivered(_)));
    let counted = direct.tls_report();
    assert!(matches!(counted[..], [(_, _, TlsResult::CertificateHostMismatch, 1)]), "{counted:?}");
    assert!(matches!(testing("three.example").deliver(&item(TO, MAIL)).await, Delivered(_)));
    assert_eq!(server.count("STARTTLS"), 2);
}

#[tokio::test]
async fn a_policy_that_can_not_be_had_demands_nothing() {
    let server = Server::start(Rules::usual()).await;
    let nobody = Shelf::default();
    let direct = under(&nobody, settings(announced(one()), server.port));
    for _ in 0..2 {
        assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Delivered(_)));
    }
    assert_eq!(nobody.fetched.load(Ordering::SeqCst), 1, "it is left alone for a while");
    // Where they are not wanted they are not asked for.
    let unread = policy("enforce", "other.example");
    let settings = DirectSettings { mta_sts: false, ..settings(announced(one()), server.port) };
    assert!(matches!(under(&unread, settings).deliver(&item(TO, MAIL)).await, Delivered(_)));
    assert_eq!(unread.fetched.load(Ordering::SeqCst), 0);
}

fn digest_of(file: &PathBuf) -> Vec<u8> {
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &CertificateDer::from_pem_file(file).unwrap()).as_ref().to_vec()
}

/// With a TLSA record of the first server's whole certificate (3 0 1); its zone is signed where `signed`.
fn dane(zone: Zone, port: u16, data: &[u8], signed: bool) -> DirectSettings {
    let name = format!("_{port}._tcp.one.example");
    let zone = zone.tlsa(&name, [3, 0, 1], data);
    let zone = if signed { zone.signed("hopital.example").signed("one.example").signed(&name) } else { zone };
    DirectSettings { dnssec: Dnssec::TrustLocalResolver, ..settings(zone, port) }
}

#[tokio::test]
async fn dane_says_which_certificate_it_must_be() {
    let folder = tempfile::tempdir().unwrap();
    // Its name is wrong and nobody vouches for it: the DNS does.
    let (server, file) = encrypting(&folder, "whatever.example").await;
    assert!(matches!(send(dane(one(), server.port, &digest_of(&file), true)).await, Delivered(_)));
    assert_eq!((server.count("STARTTLS"), server.mails().len()), (1, 1));

    let direct = direct(dane(one(), server.port, &[7; 32], true));
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Deferred(_)));
    let counted = direct.tls_report();
    assert!(matches!(counted[..], [(_, _, TlsResult::TlsaInvalid, 1)]), "{counted:?}");
    assert_eq!(server.mails().len(), 1, "and nothing goes in clear");
    let bare = Server::start(Rules::usual()).await;
    assert!(matches!(send(dane(one(), bare.port, &[7; 32], true)).await, Deferred(why) if why.contains("STARTTLS")));
    assert_eq!(bare.count("MAIL"), 0);

    // Records that nothing proves demand nothing, nor do any where DNSSEC isn't believed.
    assert!(matches!(send(dane(one(), server.port, &[7; 32], false)).await, Delivered(_)));
    let unbelieving = DirectSettings { dnssec: Dnssec::None, ..dane(one(), server.port, &[7; 32], true) };
    assert!(matches!(send(unbelieving).await, Delivered(_)));
}

#[tokio::test]
async fn dane_goes_before_mta_sts_and_hidden_records_stop_the_mail() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = encrypting(&folder, "whatever.example").await;
    let direct = under(&policy("enforce", "other.example"), dane(announced(one()), server.port, &digest_of(&file), true));
    assert!(matches!(direct.deliver(&item(TO, MAIL)).await, Delivered(_)));
    let hidden = one().broken(&format!("_{}._tcp.one.example", server.port));
    assert!(matches!(send(dane(hidden, server.port, &digest_of(&file), true)).await, Deferred(why) if why.starts_with("451 4.7.5")));
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn settings_that_can_not_be_are_told_at_the_start() {
    let refused = |settings| Direct::new(settings, "gateway.visio.example").err().unwrap();
    assert!(refused(DirectSettings { helo: "a b".to_owned(), ..DirectSettings::default() }).contains("helo"));
    let far =
        DirectSettings { resolvers: vec!["192.0.2.53".parse().unwrap()], dnssec: Dnssec::TrustLocalResolver, ..DirectSettings::default() };
    assert!(refused(far).contains("dnssec"));
    let missing = DirectSettings {
        ca_file: Some(PathBuf::from("/nowhere/ca.pem")),
        resolvers: vec!["192.0.2.53".parse().unwrap()],
        ..DirectSettings::default()
    };
    assert!(refused(missing).contains("ca.pem"));
}
