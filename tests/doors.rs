//! The doors of the running program: who may log in, how, and that nothing is relayed to strangers at any of them,
//! whatever the configuration opens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use crate::support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paravent::directory::hash_password;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use support::letter::{Invited, Letter, ORGANIZER};
use support::net;
use support::peer::Peer;
use support::servers::{Gateway, GatewayPorts};
use support::sink::Sink;

const PASSWORD: &str = "Zwölf Boxkämpfer";
const SIGNED_IN: &str = "235 2.7.0 Authentication successful";
const WRONG: &str = "535 5.7.8";
const RELAY_DENIED: &str = "550 5.7.1 Relaying denied";
const RECIPIENT_OK: &str = "250 2.1.5 Recipient OK";
const FOREIGN: &str = "somebody@elsewhere.example";

/// One password hash for all: it is slow on purpose.
static ORGANIZERS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n\
         ,{ORGANIZER},,Claire Bernard,claire,\"{hash}\",en,medical,,true\n\
         ,former@agence.example,,Paul Ancien,former,\"{hash}\",en,medical,,false\n",
        hash = hash_password(PASSWORD).unwrap()
    )
});

/// What a configuration opens beyond the plain ports.
#[derive(Clone, Copy, Debug)]
struct Opens {
    certificate: bool,
    trusted: bool,
}

struct Stage {
    gateway: Gateway,
    sink: Sink,
    submissions: u16,
    client: Option<Arc<ClientConfig>>,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set(opens: Opens) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start();
        let [mx, submission, lmtp, web, submissions] = net::free_ports();
        let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
        let client = opens.certificate.then(|| certificate(folder.path()));
        let edit = |text: &str| {
            // Another network stays trusted: a submission door needs a certificate or somebody to trust.
            let trusted = if opens.trusted { "127.0.0.1/32" } else { "192.0.2.0/24" };
            let tls = format!(
                "submissions = \"127.0.0.1:{submissions}\"\ntls_certificate = \"{0}/tls.pem\"\ntls_key = \"{0}/tls.key\"\n",
                folder.path().display()
            );
            let listen = format!("[listen]\n{}", if opens.certificate { tls.as_str() } else { "" });
            let (before, after) = text.split_once("[authentication]").unwrap();
            let before = before
                .replace("[listen]\n", &listen)
                .replace("trusted_networks = [\"127.0.0.1/32\"]", &format!("trusted_networks = [\"{trusted}\"]"));
            format!("{before}[authentication]{after}")
        };
        let gateway = Gateway::start_with(&folder.path().join("gateway"), ports, &ORGANIZERS, edit);
        Self { gateway, sink, submissions, client, _folder: folder }
    }

    fn client(&self) -> &Arc<ClientConfig> {
        self.client.as_ref().unwrap()
    }
}

/// Writes a certificate of our own, and gives a client that believes it.
fn certificate(folder: &Path) -> Arc<ClientConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["gateway.visio.example".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

fn plain(peer: &mut Peer, login: &str, password: &str) -> String {
    peer.say(&format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{login}\0{password}"))))
}

fn login(peer: &mut Peer, login: &str, password: &str) -> String {
    assert!(peer.say("AUTH LOGIN").starts_with("334"));
    assert!(peer.say(&STANDARD.encode(login)).starts_with("334"));
    peer.say(&STANDARD.encode(password))
}

#[test]
fn an_organizer_signs_in_over_both_kinds_of_tls() {
    let stage = Stage::set(Opens { certificate: true, trusted: false });
    let submission = stage.gateway.ports.submission;
    let (mut start_tls, offered) = Peer::start_tls(submission, stage.client());
    assert!(offered.contains("STARTTLS") && !offered.contains("AUTH"), "no password over an open line: {offered}");
    let mut implicit = Peer::tls(stage.submissions, stage.client());
    assert_eq!(plain(&mut start_tls, "claire", PASSWORD), SIGNED_IN);
    assert_eq!(login(&mut implicit, "claire", PASSWORD), SIGNED_IN);

    for (name, peer) in [("start-tls", &mut start_tls), ("implicit-tls", &mut implicit)] {
        let guest = format!("{name}@cabinet.example");
        let guests = [guest.clone()];
        let letter = Letter::new(name, &guests);
        assert_eq!(peer.send(ORGANIZER, &[&guest], &letter.mail()).answer(), "250 2.6.0 Message accepted");
        let invited = stage.sink.wait_for(name, |taken| taken.iter().find_map(|taken| Invited::read(taken, &letter.title())));
        assert_eq!(invited.guest, guest);
        // Signed in as one, nobody writes as another.
        let other = String::from_utf8(letter.mail()).unwrap().replace(ORGANIZER, "boss@agence.example");
        assert_eq!(peer.send(ORGANIZER, &[&guest], other.as_bytes()).answer(), "550 5.7.1 This sender may not invite through this gateway");
    }
}

#[test]
fn wrong_logins_open_nothing() {
    let stage = Stage::set(Opens { certificate: true, trusted: false });
    let mut open = Peer::smtp(stage.gateway.ports.submission);
    assert!(plain(&mut open, "claire", PASSWORD).starts_with("538 5.7.11"), "a password over an open line");
    assert!(open.say(&format!("MAIL FROM:<{ORGANIZER}>")).starts_with("530 5.7.0"));

    let mut peer = Peer::tls(stage.submissions, stage.client());
    let tries = [("claire", "wrong"), ("former", PASSWORD), ("nobody", PASSWORD)];
    for (count, (name, password)) in tries.into_iter().enumerate() {
        let answer = if count == 1 { login(&mut peer, name, password) } else { plain(&mut peer, name, password) };
        assert!(answer.starts_with(WRONG), "{name}: {answer}");
        if count < 2 {
            assert!(peer.say(&format!("MAIL FROM:<{ORGANIZER}>")).starts_with("530 5.7.0"));
        }
    }
    assert!(peer.read().unwrap().starts_with("421 4.7.0"), "wrong logins go on for ever");
}

/// A way to a mail door.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Mx,
    Lmtp,
    Submission,
    StartTls,
    SignedInStartTls,
    Implicit,
    SignedInImplicit,
}

impl Way {
    const ALL: [Self; 7] =
        [Self::Mx, Self::Lmtp, Self::Submission, Self::StartTls, Self::SignedInStartTls, Self::Implicit, Self::SignedInImplicit];

    fn needs_certificate(self) -> bool {
        !matches!(self, Self::Mx | Self::Lmtp | Self::Submission)
    }

    fn open(self, stage: &Stage) -> Peer {
        let ports = &stage.gateway.ports;
        let mut peer = match self {
            Self::Mx => Peer::smtp(ports.mx),
            Self::Lmtp => Peer::lmtp(ports.lmtp),
            Self::Submission => Peer::smtp(ports.submission),
            Self::StartTls | Self::SignedInStartTls => Peer::start_tls(ports.submission, stage.client()).0,
            Self::Implicit | Self::SignedInImplicit => Peer::tls(stage.submissions, stage.client()),
        };
        if let Self::SignedInStartTls | Self::SignedInImplicit = self {
            assert_eq!(plain(&mut peer, "claire", PASSWORD), SIGNED_IN);
        }
        peer
    }

    /// Whether a foreign recipient is for this way: submission, by somebody who is known.
    fn may_relay(self, opens: Opens) -> bool {
        match self {
            Self::Mx | Self::Lmtp => false,
            Self::Submission | Self::StartTls | Self::Implicit => opens.trusted,
            Self::SignedInStartTls | Self::SignedInImplicit => true,
        }
    }
}

/// Spellings by which relays were fooled.
const DISGUISES: [&str; 6] = [
    FOREIGN,
    "somebody%elsewhere.example@elsewhere.example",
    "@visio.example:somebody@elsewhere.example",
    "\"somebody@visio.example\"@elsewhere.example",
    "postmaster@elsewhere.example",
    "somebody@sub.visio.example",
];

/// Addresses in our domains that lead nowhere, at every door.
const NOWHERE: [&str; 3] =
    ["somebody%elsewhere.example@visio.example", "\"somebody@elsewhere.example\"@visio.example", "x@guest.visio.example"];

#[test]
fn no_configuration_makes_an_open_relay() {
    for certificate in [false, true] {
        for trusted in [false, true] {
            let opens = Opens { certificate, trusted };
            let stage = Stage::set(opens);
            for way in Way::ALL.into_iter().filter(|way| certificate || !way.needs_certificate()) {
                no_relay(&stage, opens, way);
            }
        }
    }
}

fn no_relay(stage: &Stage, opens: Opens, way: Way) {
    for sender in [ORGANIZER, "stranger@elsewhere.example", ""] {
        let mut peer = way.open(stage);
        let mail = peer.say(&format!("MAIL FROM:<{sender}>"));
        if !mail.starts_with("250") {
            assert!(mail.starts_with("530 5.7.0") && !may_submit(opens, way), "{opens:?} {way:?} {sender}: {mail}");
            assert!(peer.say(&format!("RCPT TO:<{FOREIGN}>")).starts_with("503"), "{opens:?} {way:?}");
            continue;
        }
        assert!(may_submit(opens, way), "{opens:?} {way:?} {sender}");
        for address in DISGUISES {
            let expected = if way.may_relay(opens) { RECIPIENT_OK } else { RELAY_DENIED };
            assert_eq!(peer.say(&format!("RCPT TO:<{address}>")), expected, "{opens:?} {way:?} {sender} {address}");
        }
        for address in NOWHERE {
            assert_eq!(peer.say(&format!("RCPT TO:<{address}>")), "550 5.1.1 Unknown recipient", "{opens:?} {way:?} {sender} {address}");
        }
        assert_eq!(peer.say("RCPT TO:<postmaster@visio.example>"), RECIPIENT_OK, "{opens:?} {way:?}");
    }
}

/// Whether MAIL is taken: at the doors for everybody always, at submission from those who are known.
fn may_submit(opens: Opens, way: Way) -> bool {
    matches!(way, Way::Mx | Way::Lmtp) || way.may_relay(opens)
}

#[test]
fn lmtp_answers_for_each_recipient() {
    let stage = Stage::set(Opens { certificate: false, trusted: true });
    let guests = ["one@cabinet.example".to_owned(), "two@cabinet.example".to_owned()];
    let letter = Letter::new("lmtp", &guests);
    let mut submission = Peer::smtp(stage.gateway.ports.submission);
    assert!(submission.send(ORGANIZER, &[&guests[0], &guests[1]], &letter.mail()).answer().starts_with("250"));
    let invited = stage.sink.wait_for("an invitation", |taken| taken.iter().find_map(|taken| Invited::read(taken, &letter.title())));

    let forged = format!("oa{}@visio.example", "a".repeat(42));
    let reply = invited.reply("lmtp", "ACCEPTED", "20300101T090000Z");
    let nobody = "nobody=hopital.example@guest.visio.example";
    let to = [invited.alias.as_str(), &forged, "postmaster@visio.example", nobody, &invited.alias];
    let said = Peer::lmtp(stage.gateway.ports.lmtp).send(&invited.guest, &to, &reply);
    assert_eq!(said.recipients, [RECIPIENT_OK, "550 5.1.1 Unknown recipient", RECIPIENT_OK, RECIPIENT_OK, RECIPIENT_OK]);
    // RFC 2033 §4.2: one for each RCPT that was answered with 250, in order, repeated ones too.
    let taken = "250 2.6.0 Message accepted";
    assert_eq!(said.end, [taken, taken, "550 5.1.1 Unknown recipient", taken]);
    let held = stage.gateway.command(&["hold", "list", "--json"]);
    assert_eq!(held.lines().count(), 1, "the postmaster's copy waits for a person: {held}");
}
