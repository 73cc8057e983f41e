//! Every phase of a session with the next mail server, and what each end of it means for the mail.

use super::items::item;
use super::server::{BREAK, CLOSE, Rules, SILENCE, Server};
use paravent::domain::delivery::AttemptOutcome;
use paravent::domain::delivery::AttemptOutcome::{Bounced, Deferred, Delivered, Uncertain, Unreachable};
use paravent::flow::port::Transport;
use paravent::outbound::smarthost::{Smarthost, SmarthostSettings, TlsMode};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

const MAIL: &[u8] = b"Subject: x\r\n\r\nHello\r\n";

async fn send(settings: SmarthostSettings) -> AttemptOutcome {
    send_mail(settings, MAIL).await
}

async fn send_mail(settings: SmarthostSettings, mail: &[u8]) -> AttemptOutcome {
    Smarthost::new(settings).unwrap().deliver(&item("jean@hopital.example", mail)).await
}

/// Sends one mail to a server that gives `reply` to lines that begin with `line`.
async fn told(line: &'static str, reply: &'static str) -> (AttemptOutcome, Server) {
    let server = Server::start(Rules::usual().answering(move |_, said| said.starts_with(line).then_some(reply))).await;
    (send(server.settings()).await, server)
}

/// The outcome alone.
async fn outcome(line: &'static str, reply: &'static str) -> AttemptOutcome {
    told(line, reply).await.0
}

#[tokio::test]
async fn a_mail_is_taken() {
    let (outcome, server) = told("-", "").await;
    assert_eq!(outcome, Delivered("250 2.0.0 taken".to_owned()));
    let lines = ["EHLO gateway.visio.example", "MAIL FROM:<r.token@visio.example>", "RCPT TO:<jean@hopital.example>", "DATA"];
    assert_eq!(server.heard(), lines.map(|line| format!("1 {line}")));
    assert_eq!(server.mails(), [MAIL]);
}

#[tokio::test]
async fn nobody_listens() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = SmarthostSettings { host: "127.0.0.1".to_owned(), port, tls: TlsMode::None, ..SmarthostSettings::default() };
    let Unreachable(why) = send(settings).await else { panic!() };
    assert!(why.starts_with("127.0.0.1:"), "{why}");
}

#[tokio::test]
async fn refusals_of_the_session_are_never_about_the_mail() {
    for reply in ["421 4.3.2 too busy", "450 later", "554 5.7.1 I know you not", "no SMTP", CLOSE] {
        assert!(matches!(outcome("GREETING", reply).await, Unreachable(_)), "greeting {reply}");
    }
    for reply in ["421 4.3.2 closing", CLOSE] {
        assert!(matches!(outcome("EHLO", reply).await, Unreachable(_)), "EHLO {reply}");
    }
    for (line, reply) in [("MAIL", "530 5.7.0 log in first"), ("MAIL", "503 5.5.1 order"), ("RCPT", "502 what?"), ("DATA", "500 what?")] {
        assert!(matches!(outcome(line, reply).await, Deferred(_)), "{line} {reply}");
    }
}

#[tokio::test]
async fn a_server_without_ehlo_is_greeted_by_helo() {
    let (outcome, server) = told("EHLO", "502 5.5.1 what?").await;
    assert!(matches!(outcome, Delivered(_)));
    assert_eq!(server.count("HELO gateway.visio.example"), 1);

    let server = Server::start(Rules::usual().answering(|_, line| line.contains("LO gateway").then_some("550 no"))).await;
    assert!(matches!(send(server.settings()).await, Unreachable(why) if why.contains("HELO refused: 550")));
}

#[tokio::test]
async fn each_command_may_be_refused_for_now_or_for_good() {
    for line in ["MAIL", "RCPT", "DATA", "."] {
        let (outcome, server) = told(line, "451 4.3.0 later").await;
        assert_eq!(outcome, Deferred("451 4.3.0 later".to_owned()), "{line}");
        assert_eq!(server.mails().len(), usize::from(line == "."));
        assert_eq!(self::outcome(line, "550 5.1.1 never").await, Bounced("550 5.1.1 never".to_owned()), "{line}");
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_session_usable_after_rset() {
    for offers in [&["PIPELINING"][..], &[]] {
        let rules = Rules::offering(offers).answering(|_, line| line.contains("nobody").then_some("550 5.1.1 never"));
        // One that is strict about an open transaction would refuse the second MAIL.
        let server = Server::start(rules).await;
        let smarthost = Smarthost::new(server.settings()).unwrap();
        // Where DATA went out with the rest, the server's 354 ends the session: there is nothing to give.
        let pipelined = !offers.is_empty();
        assert!(matches!(smarthost.deliver(&item("nobody@hopital.example", MAIL)).await, Bounced(_)));
        assert!(matches!(smarthost.deliver(&item("jean@hopital.example", MAIL)).await, Delivered(_)));
        assert_eq!((server.count("EHLO"), server.count("RSET")), if pipelined { (2, 0) } else { (1, 1) });
        assert_eq!(server.mails(), [MAIL], "the refused mail was never given");
    }
    // A server that refuses DATA without recipients, as real ones do, keeps its session.
    let rules = Rules::usual().answering(|_, line| if line.contains("nobody") { Some("550 5.1.1 never") } else { None });
    let refusing = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let server = Server::start(rules.answering(move |_, line| {
        use std::sync::atomic::Ordering::SeqCst;
        if line.starts_with("RCPT") {
            refusing.store(line.contains("nobody"), SeqCst);
        }
        let refused = refusing.load(SeqCst) && (line.starts_with("RCPT") || line == "DATA");
        refused.then_some(if line == "DATA" { "503 5.5.1 no recipients" } else { "550 5.1.1 never" })
    }))
    .await;
    let smarthost = Smarthost::new(server.settings()).unwrap();
    assert_eq!(smarthost.deliver(&item("nobody@hopital.example", MAIL)).await, Bounced("550 5.1.1 never".to_owned()));
    assert!(matches!(smarthost.deliver(&item("jean@hopital.example", MAIL)).await, Delivered(_)));
    let said: Vec<String> = server.heard().into_iter().map(|line| line.chars().take(6).collect()).collect();
    assert_eq!(said, ["1 EHLO", "1 MAIL", "1 RCPT", "1 DATA", "1 RSET", "1 MAIL", "1 RCPT", "1 DATA"]);
}

#[tokio::test]
async fn what_breaks_before_the_final_dot_is_deferred_and_after_it_uncertain() {
    for line in ["MAIL", "RCPT", "DATA"] {
        for reply in [CLOSE, BREAK] {
            assert!(matches!(outcome(line, reply).await, Deferred(_)), "{line} {reply}");
        }
    }
    assert!(matches!(outcome(".", CLOSE).await, Uncertain(_)));
    // More than the line's buffers hold: the dot can't have been sent when the other side is gone.
    let server = Server::start(Rules::usual().answering(|_, line| (line == "CONTENT").then_some(CLOSE))).await;
    let long = [MAIL, &b"0123456789012345678901234567890123456789\r\n".repeat(800_000)].concat();
    assert!(matches!(send_mail(server.settings(), &long).await, Deferred(_)));
}

#[tokio::test]
async fn patience_ends() {
    let server = Server::start(Rules::usual().answering(|_, line| (line == "GREETING").then_some(SILENCE))).await;
    let settings = SmarthostSettings { command_timeout_seconds: 0, ..server.settings() };
    assert!(matches!(send(settings).await, Unreachable(why) if why.contains("too long")));

    let server = Server::start(Rules::usual().answering(|_, line| line.starts_with("RCPT").then_some(SILENCE))).await;
    let settings = SmarthostSettings { command_timeout_seconds: 1, ..server.settings() };
    // Without its reply, that of DATA stands in its place and is none.
    assert!(matches!(send(settings).await, Deferred(_)));

    let server = Server::start(Rules::usual().answering(|_, line| (line == ".").then_some(SILENCE))).await;
    let settings = SmarthostSettings { data_timeout_seconds: 0, ..server.settings() };
    assert!(matches!(send(settings).await, Uncertain(why) if why.contains("too long")));
    assert_eq!(server.count("EHLO"), 1, "what may have been taken is not sent again at once");
}

/// A server's side, and the file of its authority.
pub(crate) fn certificate(folder: &std::path::Path, name: &str) -> (TlsAcceptor, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let file = folder.join(format!("{}.pem", name.replace('.', "-")));
    std::fs::write(&file, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(made.cert.der().to_vec())], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

#[tokio::test]
async fn tls_by_starttls_and_from_the_first_octet() {
    let folder = tempfile::tempdir().unwrap();
    for implicit in [false, true] {
        let (acceptor, ca) = certificate(folder.path(), "127.0.0.1");
        let server = Server::start(Rules { tls: Some(acceptor), implicit, ..Rules::usual() }).await;
        let tls = if implicit { TlsMode::Implicit } else { TlsMode::Starttls };
        let settings = SmarthostSettings { tls, ca_file: Some(ca), ..server.settings() };
        let outcome = send(settings).await;
        assert!(matches!(outcome, Delivered(_)), "{outcome:?}");
        assert_eq!((server.count("STARTTLS"), server.count("EHLO")), if implicit { (0, 1) } else { (1, 2) });
    }
}

#[tokio::test]
async fn who_can_not_be_believed_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (acceptor, _) = certificate(folder.path(), "127.0.0.1");
    let (_, other) = certificate(folder.path(), "other.example");
    let server = Server::start(Rules { tls: Some(acceptor), ..Rules::usual() }).await;
    let settings = SmarthostSettings { tls: TlsMode::Starttls, tls_required: false, ca_file: Some(other), ..server.settings() };
    assert!(matches!(send(settings).await, Unreachable(_)));
    assert_eq!(server.count("MAIL"), 0);

    let server = Server::start(Rules::usual()).await;
    let wanted = SmarthostSettings { tls: TlsMode::Starttls, ..server.settings() };
    assert!(matches!(send(wanted.clone()).await, Unreachable(why) if why.contains("STARTTLS")));
    assert_eq!(server.count("MAIL"), 0);
    assert!(matches!(send(SmarthostSettings { tls_required: false, ..wanted }).await, Delivered(_)));
}

#[tokio::test]
async fn words_before_the_handshake_are_an_attack() {
    let folder = tempfile::tempdir().unwrap();
    let (acceptor, ca) = certificate(folder.path(), "127.0.0.1");
    let rules = Rules { tls: Some(acceptor), ..Rules::usual() };
    let server = Server::start(rules.answering(|_, line| (line == "STARTTLS").then_some("250 go\r\n250 AUTH PLAIN"))).await;
    let settings = SmarthostSettings { tls: TlsMode::Starttls, ca_file: Some(ca), ..server.settings() };
    assert!(matches!(send(settings).await, Unreachable(why) if why.contains("before the TLS handshake")));
}

#[test]
fn authorities_that_can_not_be_read_are_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let error = || Smarthost::new(SmarthostSettings { ca_file: Some(file.clone()), ..SmarthostSettings::default() }).err().unwrap();
    assert!(error().contains("can't be read"));
    std::fs::write(&file, "nothing").unwrap();
    assert!(error().contains("no certificate"));
    let helo = SmarthostSettings { helo: "a b".to_owned(), ..SmarthostSettings::default() };
    assert!(Smarthost::new(helo).is_err());
}

#[tokio::test]
async fn login_by_plain_or_login() {
    let with_login = |server: &Server| SmarthostSettings {
        login: Some("gateway".to_owned()),
        password: Some(SecretString::from("secret")),
        ..server.settings()
    };
    let server = Server::start(Rules::offering(&["AUTH LOGIN PLAIN"])).await;
    assert!(matches!(send(with_login(&server)).await, Delivered(_)));
    assert_eq!(server.count("AUTH PLAIN AGdhdGV3YXkAc2VjcmV0"), 1);

    let words = |line: &str| match line {
        "Z2F0ZXdheQ==" => Some("334 UGFzc3dvcmQ6"),
        "c2VjcmV0" => Some("235 2.7.0 welcome"),
        _ => None,
    };
    let server = Server::start(Rules::offering(&["AUTH LOGIN"]).answering(move |_, line| words(line))).await;
    assert!(matches!(send(with_login(&server)).await, Delivered(_)));

    let wrong = |_: usize, line: &str| line.starts_with("AUTH").then_some("535 5.7.8 wrong");
    let server = Server::start(Rules::offering(&["AUTH PLAIN"]).answering(wrong)).await;
    assert!(matches!(send(with_login(&server)).await, Unreachable(why) if why.contains("535")), "a slip in the settings, not in the mail");
    assert_eq!(server.count("MAIL"), 0);

    let server = Server::start(Rules::offering(&["AUTH XOAUTH2"])).await;
    assert!(matches!(send(with_login(&server)).await, Unreachable(why) if why.contains("neither")));
}

#[tokio::test]
async fn limits_of_the_server_are_known_before_the_mail_is_sent() {
    let server = Server::start(Rules::offering(&["SIZE 10", "PIPELINING"])).await;
    assert!(matches!(send(server.settings()).await, Bounced(why) if why.starts_with("552 5.3.4")));
    assert_eq!(server.count("MAIL"), 0);
    for offers in [&["SIZE 21"], &["SIZE 0"], &["SIZE"]] {
        let server = Server::start(Rules::offering(offers)).await;
        assert!(matches!(send(server.settings()).await, Delivered(_)), "{offers:?}");
        assert_eq!(server.count("MAIL FROM:<r.token@visio.example> SIZE=21"), 1);
    }

    let international = item("rené@hôpital.example", MAIL);
    let server = Server::start(Rules::usual()).await;
    let outcome = Smarthost::new(server.settings()).unwrap().deliver(&international).await;
    assert!(matches!(outcome, Bounced(why) if why.starts_with("550 5.6.7")));
    let server = Server::start(Rules::offering(&["SMTPUTF8", "8BITMIME"])).await;
    assert!(matches!(Smarthost::new(server.settings()).unwrap().deliver(&international).await, Delivered(_)));
    assert_eq!(server.count("MAIL FROM:<r.token@visio.example> SMTPUTF8"), 1);
}

#[tokio::test]
async fn an_international_domain_is_spelt_as_every_server_knows_it() {
    let elsewhere = item("rene@hôpital.example", MAIL);
    let server = Server::start(Rules::usual()).await;
    assert!(matches!(Smarthost::new(server.settings()).unwrap().deliver(&elsewhere).await, Delivered(_)));
    assert_eq!(server.count("RCPT TO:<rene@xn--hpital-ixa.example>"), 1);
    // A header that is international itself has no other spelling, for the signature is made.
    let raw = item("rene@hôpital.example", "To: rene@hôpital.example\r\n\r\nHello\r\n".as_bytes());
    let outcome = Smarthost::new(server.settings()).unwrap().deliver(&raw).await;
    assert!(matches!(outcome, Bounced(why) if why.starts_with("550 5.6.7")));
    let server = Server::start(Rules::offering(&["SMTPUTF8", "8BITMIME"])).await;
    assert!(matches!(Smarthost::new(server.settings()).unwrap().deliver(&elsewhere).await, Delivered(_)));
    assert_eq!(server.count("RCPT TO:<rene@hôpital.example>"), 1);
}

#[tokio::test]
async fn commands_go_together_where_the_server_allows_it_and_in_turn_elsewhere() {
    // This server answers the envelope only when it has heard all of it.
    let patient = |_: usize, line: &str| match line.split([' ', ':']).next() {
        Some("MAIL" | "RCPT") => Some(SILENCE),
        Some("DATA") => Some("250 sender\r\n250 recipient\r\n354 go on"),
        _ => None,
    };
    let rules = |offers| Rules::offering(offers).answering(patient);
    let server = Server::start(rules(&["PIPELINING"])).await;
    let settings = SmarthostSettings { command_timeout_seconds: 1, ..server.settings() };
    let outcome = send(settings).await;
    assert_eq!(server.count("DATA"), 1, "{outcome:?}");
    let server = Server::start(rules(&[])).await;
    assert!(matches!(send(SmarthostSettings { command_timeout_seconds: 1, ..server.settings() }).await, Deferred(_)));
    assert_eq!((server.count("MAIL"), server.count("RCPT")), (1, 0));
}

#[tokio::test]
async fn content_arrives_as_it_was_but_for_doubled_dots() {
    let server = Server::start(Rules::usual()).await;
    let long = "x".repeat(5_000);
    let mail = format!(".\r\n..\r\n.a\r\n{long}\r\nlone\nfeed\rreturn");
    assert!(matches!(send_mail(server.settings(), mail.as_bytes()).await, Delivered(_)));
    let sent = format!("..\r\n...\r\n..a\r\n{long}\r\nlone\r\nfeed\r\nreturn\r\n");
    assert_eq!(server.mails(), [sent.as_bytes()]);
}

#[tokio::test]
async fn words_of_a_server_are_cleaned_before_they_are_kept() {
    let Deferred(text) = outcome("RCPT", "451-4.7.1 one\x1b[31m\r\n451-4.7.1 two\r\n451 4.7.1 three\tfour").await else { panic!() };
    assert!(text.starts_with("451 4.7.1 one [31m") && text.ends_with("three four"), "{text:?}");
    let endless: &'static str = Box::leak(format!("550 {}", "x".repeat(10_000)).into_boxed_str());
    let Bounced(text) = outcome("RCPT", endless).await else { panic!() };
    assert_eq!(text.chars().count(), 300);
    let flood: &'static str = Box::leak("550-x\r\n".repeat(20_000).into_boxed_str());
    assert!(matches!(outcome("GREETING", flood).await, Unreachable(_)));
}

#[tokio::test]
async fn sessions_are_used_again_until_they_are_worn_out() {
    let server = Server::start(Rules::usual()).await;
    let smarthost = Smarthost::new(SmarthostSettings { messages_per_connection: 2, ..server.settings() }).unwrap();
    for _ in 0..5 {
        assert!(matches!(smarthost.deliver(&item("jean@hopital.example", MAIL)).await, Delivered(_)));
    }
    assert_eq!((server.count("EHLO"), server.mails().len()), (3, 5));
    until(|| server.count("QUIT") == 2).await;
}

#[tokio::test]
async fn sessions_idle_for_too_long_are_ended() {
    let server = Server::start(Rules::usual()).await;
    let smarthost = Smarthost::new(SmarthostSettings { idle_seconds: 0, ..server.settings() }).unwrap();
    for _ in 0..3 {
        assert!(matches!(smarthost.deliver(&item("jean@hopital.example", MAIL)).await, Delivered(_)));
    }
    assert_eq!(server.count("EHLO"), 3);
    until(|| server.count("QUIT") == 2).await;
}

#[tokio::test]
async fn a_session_that_the_server_ended_in_between_costs_nothing() {
    for reply in [CLOSE, "421 4.4.2 idle too long"] {
        let once = |number: usize, line: &str| number == 1 && line.contains("second");
        let server = Server::start(Rules::usual().answering(move |number, line| once(number, line).then_some(reply))).await;
        let smarthost = Smarthost::new(server.settings()).unwrap();
        assert!(matches!(smarthost.deliver(&item("first@hopital.example", MAIL)).await, Delivered(_)));
        assert!(matches!(smarthost.deliver(&item("second@hopital.example", MAIL)).await, Delivered(_)), "{reply}");
        assert!(matches!(smarthost.deliver(&item("third@hopital.example", MAIL)).await, Delivered(_)));
        assert_eq!((server.count("EHLO"), server.mails().len()), (2, 3), "{reply}");
    }
}

#[tokio::test]
async fn a_broken_session_is_not_used_again() {
    let server = Server::start(Rules::usual().answering(|number, line| (number == 1 && line == ".").then_some(CLOSE))).await;
    let smarthost = Smarthost::new(server.settings()).unwrap();
    assert!(matches!(smarthost.deliver(&item("jean@hopital.example", MAIL)).await, Uncertain(_)));
    assert!(matches!(smarthost.deliver(&item("jean@hopital.example", MAIL)).await, Delivered(_)));
    assert_eq!(server.count("EHLO"), 2);
}

#[tokio::test]
async fn no_more_sessions_than_allowed() {
    let server = Server::start(Rules::usual()).await;
    let smarthost = Smarthost::new(SmarthostSettings { pool_size: 3, ..server.settings() }).unwrap();
    let mail = item("jean@hopital.example", MAIL);
    let outcomes = futures_util::future::join_all((0..50).map(|_| smarthost.deliver(&mail))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Delivered(_))));
    assert!(server.count("EHLO") <= 3);
    assert_eq!(server.mails().len(), 50);
}

#[tokio::test]
async fn the_way_is_probed_without_a_mail() {
    let server = Server::start(Rules::usual()).await;
    Smarthost::new(server.settings()).unwrap().probe().await.unwrap();
    assert_eq!((server.count("QUIT"), server.count("MAIL")), (1, 0));
    let server = Server::start(Rules::usual().answering(|_, line| (line == "GREETING").then_some("554 no"))).await;
    assert!(Smarthost::new(server.settings()).unwrap().probe().await.unwrap_err().contains("554"));
}

/// Lets the other tasks run until it is so.
async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.unwrap();
}
