//! SPF, DKIM and DMARC over a name server on loopback: who is proved, and who is not.

use crate::support;

use paravent::authenticate::{MailAuthenticator, Settings};
use paravent::domain::address::{Mailbox, ReversePath};
use paravent::domain::authentication::{AuthResult, Authentication, Evidence, Proof, SpfIdentity};
use paravent::flow::port::{Authenticator, MailDoor, Session};
use paravent::outbound::dkim::{GeneratedKey, Signer, generate_ed25519};
use std::sync::atomic::Ordering;
use support::dns::Zone;
use support::sealer::{Key, Set};

const MAIL: &[u8] = b"From: Jean Martin <jean@hopital.example>\r\nTo: x@visio.example\r\nSubject: Yes\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@hopital.example>\r\n\r\nI will come.\r\n";
const OURS: &str = "192.0.2.25";
const POLICY: &str = "v=DMARC1; p=reject";

fn authenticator(zone: Zone) -> MailAuthenticator {
    let settings = Settings { resolvers: vec!["127.0.0.1".parse().unwrap()], resolver_port: zone.serve(), ..Settings::default() };
    MailAuthenticator::new(settings).unwrap()
}

/// The results of a mail from `OURS` with this envelope sender.
async fn check_from(zone: Zone, sender: Option<&str>, mail: &[u8]) -> Authentication {
    let found = whole(authenticator(zone), sender, mail).await;
    assert_eq!(found.aligned, found.proof.is_some(), "{found:?}");
    Authentication { proof: None, evidence: Evidence::default(), ..found }
}

/// With proof and evidence.
async fn whole(authenticator: MailAuthenticator, sender: Option<&str>, mail: &[u8]) -> Authentication {
    whole_at(MailDoor::Mx, authenticator, sender, mail).await
}

async fn whole_at(door: MailDoor, authenticator: MailAuthenticator, sender: Option<&str>, mail: &[u8]) -> Authentication {
    let session = Session { door, peer: OURS.parse().unwrap(), helo: "mail.hopital.example".into(), encrypted: true, submitter: None };
    let path = sender.map_or(ReversePath::Null, |sender| ReversePath::Mailbox(Mailbox::parse(sender).unwrap()));
    let author = paravent::domain::mime::read(mail, &Default::default()).author().map(|author| author.mailbox.clone());
    authenticator.authenticate(&session, &path, author.as_ref(), mail).await
}

#[tokio::test]
async fn of_fetched_mail_a_signature_proves_the_author_and_spf_says_nothing() {
    let zone = || Zone::default().txt("hopital.example", SPF_PASS).txt("_dmarc.hopital.example", POLICY);
    let path = Some("jean@hopital.example");
    let fetched = whole_at(MailDoor::Imap, authenticator(zone()), path, MAIL).await;
    assert_eq!((fetched.spf, fetched.aligned), (Nothing, false), "{fetched:?}");
    let (key, mail) = signed("hopital.example", MAIL);
    let fetched = whole_at(MailDoor::Imap, authenticator(zone().txt("s1._domainkey.hopital.example", &key.record)), path, &mail).await;
    assert_eq!((fetched.spf, fetched.dkim, fetched.dmarc, fetched.aligned), (Nothing, Pass, Pass, true), "{fetched:?}");
}

async fn check(zone: Zone, mail: &[u8]) -> Authentication {
    check_from(zone, Some("jean@hopital.example"), mail).await
}

fn found(spf: AuthResult, dkim: AuthResult, dmarc: AuthResult, aligned: bool) -> Authentication {
    Authentication { spf, dkim, dmarc, aligned, ..Authentication::default() }
}

use AuthResult::{Fail, None as Nothing, Pass, PermError, SoftFail, TempError};

const SPF_PASS: &str = "v=spf1 ip4:192.0.2.25 -all";
const SPF_FAIL: &str = "v=spf1 ip4:192.0.2.99 -all";

/// A key, and the mail signed by it for a domain.
fn signed(domain: &str, mail: &[u8]) -> (GeneratedKey, Vec<u8>) {
    let key = generate_ed25519().unwrap();
    let mut signer = Signer::default();
    // Signatures go by the From domain; a list or a provider signs with its own.
    signer.add("hopital.example", "s1", &key.pem).unwrap();
    let own = signer.sign(mail).unwrap();
    if domain == "hopital.example" {
        return (key, own);
    }
    let foreign = String::from_utf8(mail.to_vec()).unwrap().replace("@hopital.example>\r\nTo", &format!("@{domain}>\r\nTo"));
    let mut signer = Signer::default();
    signer.add(domain, "s1", &key.pem).unwrap();
    (key, signer.sign(foreign.as_bytes()).unwrap())
}

#[tokio::test]
async fn spf_alone() {
    let spf = |text| Zone::default().txt("hopital.example", text);
    assert_eq!(check(spf(SPF_PASS), MAIL).await, found(Pass, Nothing, Nothing, true));
    assert_eq!(check(spf(SPF_FAIL), MAIL).await, found(Fail, Nothing, Nothing, false));
    assert_eq!(check(spf("v=spf1 ~all"), MAIL).await, found(SoftFail, Nothing, Nothing, false));
    assert_eq!(check(spf("v=spf1 ?all"), MAIL).await, found(AuthResult::Neutral, Nothing, Nothing, false));
    assert_eq!(check(spf("v=spf1 ip4:nonsense -all"), MAIL).await, found(PermError, Nothing, Nothing, false));
    assert_eq!(check(Zone::default(), MAIL).await, found(Nothing, Nothing, Nothing, false));
}

#[tokio::test]
async fn spf_of_another_domain_proves_nobody() {
    let zone = || Zone::default().txt("bulk.example", SPF_PASS);
    let sender = Some("bounce@bulk.example");
    assert_eq!(check_from(zone(), sender, MAIL).await, found(Pass, Nothing, Nothing, false));
    let with_policy = zone().txt("_dmarc.hopital.example", POLICY);
    assert_eq!(check_from(with_policy, sender, MAIL).await, found(Pass, Nothing, Fail, false));
}

#[tokio::test]
async fn a_subdomain_is_aligned_unless_the_policy_is_strict() {
    let zone = || Zone::default().txt("mail.hopital.example", SPF_PASS);
    let sender = Some("bounce@mail.hopital.example");
    assert_eq!(check_from(zone(), sender, MAIL).await, found(Pass, Nothing, Nothing, true));
    let relaxed = zone().txt("_dmarc.hopital.example", POLICY);
    assert_eq!(check_from(relaxed, sender, MAIL).await, found(Pass, Nothing, Pass, true));
    let strict = zone().txt("_dmarc.hopital.example", "v=DMARC1; p=reject; aspf=s");
    assert_eq!(check_from(strict, sender, MAIL).await, found(Pass, Nothing, Fail, false));
}

#[tokio::test]
async fn the_null_path_is_checked_by_the_name_in_helo() {
    let zone = Zone::default().txt("mail.hopital.example", SPF_PASS).txt("_dmarc.hopital.example", POLICY);
    assert_eq!(check_from(zone, None, MAIL).await, found(Pass, Nothing, Pass, true));
    assert_eq!(check_from(Zone::default(), None, MAIL).await, found(Nothing, Nothing, Nothing, false));
}

#[tokio::test]
async fn one_mechanism_that_passes_aligned_is_enough() {
    let (key, mail) = signed("hopital.example", MAIL);
    let dkim = || Zone::default().txt("s1._domainkey.hopital.example", &key.record);
    assert_eq!(check(dkim(), &mail).await, found(Nothing, Pass, Nothing, true));
    let policy = || dkim().txt("_dmarc.hopital.example", POLICY);
    assert_eq!(check(policy().txt("hopital.example", SPF_FAIL), &mail).await, found(Fail, Pass, Pass, true));
    // A name server that fails for the one does not take away what the other proves (RFC 7489 §4.2).
    assert_eq!(check(policy().broken("hopital.example"), &mail).await, found(TempError, Pass, Pass, true));
    // A body that does not fit leaves a signature undecided (mail-auth says neutral), and proves nothing.
    let broken = [mail.as_slice(), b"P.S.\r\n"].concat();
    let passed = check(policy().txt("hopital.example", SPF_PASS), &broken).await;
    assert_eq!(passed, found(Pass, AuthResult::Neutral, Pass, true));
    assert_eq!(check(policy(), &broken).await, found(Nothing, AuthResult::Neutral, Fail, false));
}

#[tokio::test]
async fn a_signature_of_another_domain_proves_nobody() {
    // Signed as bulk.example, then shown as hopital.example by a second From below: see the next test for that one.
    let (key, mail) = signed("bulk.example", MAIL);
    let zone = || Zone::default().txt("s1._domainkey.bulk.example", &key.record);
    let spoofed = String::from_utf8(mail).unwrap().replace("@bulk.example>\r\nTo", "@hopital.example>\r\nTo");
    assert!(!check(zone(), spoofed.as_bytes()).await.aligned, "the signed From was changed");
}

#[tokio::test]
async fn two_authors_are_none() {
    let policy = || Zone::default().txt("hopital.example", SPF_PASS).txt("_dmarc.hopital.example", POLICY);
    let twice = [b"From: claire@agence.example\r\n", MAIL].concat();
    assert!(!check(policy(), &twice).await.aligned);
    let after = String::from_utf8(MAIL.to_vec()).unwrap().replace("To: ", "From: claire@agence.example\r\nTo: ");
    assert!(!check(policy(), after.as_bytes()).await.aligned);
    let same_domain = [b"From: claire@hopital.example\r\n", MAIL].concat();
    assert!(!check(policy(), &same_domain).await.aligned, "one of the two would be believed for the other");
    let list = String::from_utf8(MAIL.to_vec()).unwrap().replace("From: ", "From: claire@hopital.example, ");
    assert!(!check(policy(), list.as_bytes()).await.aligned);
    let none = String::from_utf8(MAIL.to_vec()).unwrap().replace("From: ", "X-From: ");
    assert!(!check(policy(), none.as_bytes()).await.aligned);
}

#[tokio::test]
async fn a_name_server_that_fails_means_later() {
    let by_policy = check(Zone::default().txt("hopital.example", SPF_PASS).broken("_dmarc.hopital.example"), MAIL).await;
    assert_eq!(by_policy, found(Pass, Nothing, TempError, false));
    assert!(by_policy.is_temporary());
    let by_spf = check(Zone::default().broken("hopital.example").txt("_dmarc.hopital.example", POLICY), MAIL).await;
    assert_eq!(by_spf, found(TempError, Nothing, TempError, false));
    assert!(by_spf.is_temporary());
    let (_, mail) = signed("hopital.example", MAIL);
    let by_key = check(Zone::default().broken("s1._domainkey.hopital.example").txt("_dmarc.hopital.example", POLICY), &mail).await;
    assert_eq!(by_key, found(Nothing, TempError, TempError, false));
}

#[tokio::test]
async fn results_that_a_message_brings_along_are_not_read() {
    let claims = [b"Authentication-Results: paravent; spf=pass; dkim=pass; dmarc=pass\r\nReceived-SPF: pass\r\n", MAIL].concat();
    assert_eq!(check(Zone::default(), &claims).await, found(Nothing, Nothing, Nothing, false));
    assert_eq!(check(Zone::default(), b"").await, Authentication::default());
    assert!(!check(Zone::default(), &[0xff; 500]).await.aligned);
}

#[tokio::test]
async fn what_is_proved_of_one_author_proves_nothing_of_another() {
    // A header that two parsers read in two ways: a space before the colon, a stray line, and a second From behind it.
    let zone = || Zone::default().txt("evil.example", &format!("v=spf1 ip4:{OURS} -all"));
    let mail = b"From : x@evil.example\r\nstray\r\nFrom: jean@hopital.example\r\nSubject: x\r\n\r\nx\r\n";
    let found = check_from(zone(), Some("x@evil.example"), mail).await;
    let author = paravent::domain::mime::read(mail, &Default::default()).author().map(|author| author.mailbox.to_string());
    assert!(!found.aligned || author.as_deref() == Some("x@evil.example"), "{author:?} {found:?}");
    let honest = b"From: x@evil.example\r\nSubject: x\r\n\r\nx\r\n";
    assert!(check_from(zone(), Some("x@evil.example"), honest).await.aligned);
}

const SEALER: &str = "liste.example";
const PASSED: &str = "mx.liste.example; dmarc=pass (p=reject) header.from=hopital.example; spf=pass smtp.mailfrom=jean@hopital.example";

/// Believes the seals of `SEALER`.
fn believing(zone: Zone) -> MailAuthenticator {
    let settings = Settings {
        arc_sealers: vec!["Liste.Example".to_owned()],
        resolvers: vec!["127.0.0.1".parse().unwrap()],
        resolver_port: zone.serve(),
        ..Settings::default()
    };
    MailAuthenticator::new(settings).unwrap()
}

/// A mail that a list changed, so that DMARC fails for it.
fn listed() -> String {
    String::from_utf8(MAIL.to_vec()).unwrap().replace("Subject: Yes", "Subject: [liste] Yes")
}

/// What is found of a sealed mail. Both keys are published, and the author's policy.
async fn sealed(keys: [(&str, &Key); 2], mail: &str) -> Authentication {
    let zone = keys.iter().fold(Zone::default().txt("_dmarc.hopital.example", POLICY), |zone, (domain, key)| {
        zone.txt(&format!("arc._domainkey.{domain}"), &key.record)
    });
    whole(believing(zone), Some("liste-bounce@liste.example"), mail.as_bytes()).await
}

#[tokio::test]
async fn a_configured_sealer_vouches_for_what_it_saw() {
    let (key, other) = (Key::new(), Key::new());
    let mail = key.seal(&Set::first(SEALER, PASSED), &listed());
    let found = sealed([(SEALER, &key), ("evil.example", &other)], &mail).await;
    assert_eq!((found.dmarc, found.arc, found.aligned), (Fail, Pass, true), "{found:?}");
    assert_eq!(found.proof, Some(Proof::Arc { sealer: SEALER.to_owned() }));
    assert_eq!(found.lines()[0], "proved by ARC from liste.example");
    let arc = found.evidence.arc.unwrap();
    assert_eq!((arc.sets, arc.is_configured, arc.remark.as_str()), (1, true, "it reports dmarc=pass"));

    // Behind another sealer's set, the newest one counts.
    let first = other.seal(&Set::first("evil.example", "mx; dmarc=fail header.from=hopital.example"), &listed());
    let second = Set { instance: 2, chain: "pass", ..Set::first(SEALER, PASSED) };
    let found = sealed([(SEALER, &key), ("evil.example", &other)], &key.seal(&second, &first)).await;
    assert_eq!(found.proof, Some(Proof::Arc { sealer: SEALER.to_owned() }), "{found:?}");
}

#[tokio::test]
async fn nobody_else_is_believed_and_no_chain_that_does_not_hold() {
    let (key, evil) = (Key::new(), Key::new());
    let keys = [(SEALER, &key), ("evil.example", &evil)];
    let honest = key.seal(&Set::first(SEALER, PASSED), &listed());
    let resealed = Set { instance: 2, chain: "pass", ..Set::first("evil.example", PASSED) };
    let set = |results| Set::first(SEALER, results);
    let cases = [
        ("a sealer that is not configured", evil.seal(&Set::first("evil.example", PASSED), &listed())),
        ("a name below the sealer's", evil.seal(&Set::first("evil.liste.example", PASSED), &listed())),
        ("the sealer's name, another key", evil.seal(&set(PASSED), &listed())),
        ("a newer set of another", evil.seal(&resealed, &honest)),
        ("changed words", honest.replace("I will come", "I will not come")),
        ("another author of the domain", honest.replace("jean@hopital.example>\r\nTo", "paul@hopital.example>\r\nTo")),
        ("another subject", honest.replace("[liste]", "[other]")),
        ("results changed since", honest.replace("p=reject", "p=none")),
        ("From is not signed", key.seal(&Set { signed: "to:subject:date", ..set(PASSED) }, &listed())),
        ("signed by another than sealed", key.seal(&Set { signer: "evil.example", ..set(PASSED) }, &listed())),
        ("cv=fail", key.seal(&Set { chain: "fail", ..set(PASSED) }, &listed())),
        ("cv=pass in the first set", key.seal(&Set { chain: "pass", ..set(PASSED) }, &listed())),
        ("instance 2 without 1", key.seal(&Set { chain: "pass", ..set(PASSED) }, &listed()).replace("i=1;", "i=2;")),
        ("it saw DMARC fail", key.seal(&set("mx; dmarc=fail header.from=hopital.example"), &listed())),
        ("it saw another author", key.seal(&set("mx; dmarc=pass header.from=evil.example"), &listed())),
        ("it saw nothing", key.seal(&set("mx; none"), &listed())),
        ("results without a seal", format!("ARC-Authentication-Results: i=1; {PASSED}\r\n{}", listed())),
        ("a second results field", format!("ARC-Authentication-Results: i=1; {PASSED}\r\n{honest}")),
    ];
    for (name, mail) in cases {
        let found = sealed(keys, &mail).await;
        assert!(!found.aligned && found.proof.is_none(), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn a_chain_of_nobody_known_costs_no_question() {
    let evil = Key::new();
    let zone = Zone::default().txt("_dmarc.hopital.example", POLICY).txt("arc._domainkey.evil.example", &evil.record);
    let plain = Zone::default().txt("_dmarc.hopital.example", POLICY);
    let (asked, asked_plain) = (zone.asked(), plain.asked());
    let mail = evil.seal(&Set::first("evil.example", PASSED), &listed());
    let found = whole(believing(zone), Some("x@evil.example"), mail.as_bytes()).await;
    assert_eq!(found.evidence.arc.map(|arc| (arc.sealer, arc.is_configured)), Some(("evil.example".to_owned(), false)));
    whole(believing(plain), Some("x@evil.example"), listed().as_bytes()).await;
    assert_eq!(asked.load(Ordering::SeqCst), asked_plain.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_sealers_key_that_cannot_be_asked_for_means_later() {
    let key = Key::new();
    let mail = key.seal(&Set::first(SEALER, PASSED), &listed());
    let zone = Zone::default().txt("_dmarc.hopital.example", POLICY).broken("arc._domainkey.liste.example");
    let found = whole(believing(zone), Some("x@liste.example"), mail.as_bytes()).await;
    assert!(!found.aligned && found.is_temporary(), "{found:?}");
}

#[tokio::test]
async fn signatures_that_leave_something_open_prove_nobody() {
    let key = Key::new();
    let mail = String::from_utf8(MAIL.to_vec()).unwrap();
    let zone = || Zone::default().txt("s1._domainkey.hopital.example", &key.record);
    let body = mail.split_once("\r\n\r\n").unwrap().1.len();
    let check = async |mail: String| whole(authenticator(zone()), Some("x@evil.example"), mail.as_bytes()).await;
    assert!(check(key.dkim("hopital.example", "s1", "from:to:subject", "", &mail)).await.aligned, "the signer of the tests signs well");
    for (name, signed, more) in [
        ("From is not signed", "to:subject:date", String::new()),
        ("only a part of the body", "from:to:subject", format!("l={body};")),
        ("nothing of the body", "from:to:subject", "l=0;".to_owned()),
        ("expired", "from:to:subject", "t=1000000000; x=1000000001;".to_owned()),
    ] {
        let found = check(key.dkim("hopital.example", "s1", signed, &more, &mail)).await;
        assert!(!found.aligned, "{name}: {found:?}");
    }
    let unsigned = check(key.dkim("hopital.example", "s1", "to:subject:date", "", &mail)).await;
    assert_eq!(unsigned.evidence.dkim[0].remark.as_deref(), Some("it does not sign From"));
}

#[tokio::test]
async fn the_evidence_says_what_was_found() {
    let (key, mail) = signed("hopital.example", MAIL);
    let zone = Zone::default()
        .txt("s1._domainkey.hopital.example", &key.record)
        .txt("bulk.example", SPF_PASS)
        .txt("_dmarc.hopital.example", "v=DMARC1; p=quarantine");
    let found = whole(authenticator(zone), Some("b@bulk.example"), &mail).await;
    assert_eq!(found.proof, Some(Proof::Dmarc));
    let Evidence { from, spf, dkim, dmarc, arc, doubts } = found.evidence.clone();
    let (spf, dmarc) = (spf.unwrap(), dmarc.unwrap());
    assert_eq!(
        (from.as_deref(), spf.identity, spf.domain.as_str(), spf.result),
        (Some("hopital.example"), SpfIdentity::MailFrom, "bulk.example", Pass)
    );
    assert_eq!((dkim[0].domain.as_str(), dkim[0].selector.as_str(), dkim[0].result), ("hopital.example", "s1", Pass));
    assert_eq!((dmarc.policy.as_str(), dmarc.spf_aligned, dmarc.dkim_aligned, dmarc.result), ("quarantine", false, true, Pass));
    assert!(arc.is_none() && doubts.is_empty());
    let kept: Authentication = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(kept, found, "what is kept is what was found");
    let expected = [
        "proved by DMARC",
        "SPF pass for bulk.example (MAIL FROM)",
        "DKIM pass for hopital.example (selector s1)",
        "DMARC pass for hopital.example (policy quarantine, DKIM aligned)",
    ];
    assert_eq!(found.lines(), expected);
}

#[tokio::test]
async fn what_was_asked_is_kept() {
    let (key, mail) = signed("hopital.example", MAIL);
    let zone = Zone::default()
        .txt("s1._domainkey.hopital.example", &key.record)
        .txt("hopital.example", SPF_PASS)
        .txt("_dmarc.hopital.example", POLICY);
    let asked = zone.asked();
    let authenticator = authenticator(zone);
    let session =
        Session { door: MailDoor::Mx, peer: OURS.parse().unwrap(), helo: "mail.hopital.example".into(), encrypted: true, submitter: None };
    let jean = Mailbox::parse("jean@hopital.example").unwrap();
    let path = ReversePath::Mailbox(jean.clone());
    let first = authenticator.authenticate(&session, &path, Some(&jean), &mail).await;
    let questions = asked.load(Ordering::SeqCst);
    assert!(first.aligned && questions >= 3, "{questions}");
    for _ in 0..10 {
        assert_eq!(authenticator.authenticate(&session, &path, Some(&jean), &mail).await, first);
    }
    // What has a record is not asked again; what has none has no time to be kept for here (no SOA in the answer).
    let again = asked.load(Ordering::SeqCst) - questions;
    assert!(again <= 10 * (questions - 3), "{questions} questions, then {again}");
}
