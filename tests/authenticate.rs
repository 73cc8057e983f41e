//! SPF, DKIM and DMARC over a name server on loopback: who is proved, and who is not.

mod support;

use paravent::authenticate::{MailAuthenticator, Settings};
use paravent::domain::address::{Mailbox, ReversePath};
use paravent::domain::authentication::{AuthResult, Authentication};
use paravent::flow::port::{Authenticator, MailDoor, Session};
use paravent::outbound::dkim::{GeneratedKey, Signer, generate_ed25519};
use support::dns::Zone;

const MAIL: &[u8] = b"From: Jean Martin <jean@hopital.example>\r\nTo: x@visio.example\r\nSubject: Yes\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@hopital.example>\r\n\r\nI will come.\r\n";
const OURS: &str = "192.0.2.25";
const POLICY: &str = "v=DMARC1; p=reject";

fn authenticator(zone: Zone) -> MailAuthenticator {
    let settings = Settings { resolvers: vec!["127.0.0.1".parse().unwrap()], resolver_port: zone.serve(), ..Settings::default() };
    MailAuthenticator::new(settings).unwrap()
}

/// A mail from `OURS` with this envelope sender.
async fn check_from(zone: Zone, sender: Option<&str>, mail: &[u8]) -> Authentication {
    let session =
        Session { door: MailDoor::Mx, peer: OURS.parse().unwrap(), helo: "mail.hopital.example".into(), encrypted: true, submitter: None };
    let path = sender.map_or(ReversePath::Null, |sender| ReversePath::Mailbox(Mailbox::parse(sender).unwrap()));
    let author = paravent::domain::mime::read(mail, &Default::default()).author().map(|author| author.mailbox.clone());
    authenticator(zone).authenticate(&session, &path, author.as_ref(), mail).await
}

async fn check(zone: Zone, mail: &[u8]) -> Authentication {
    check_from(zone, Some("jean@hopital.example"), mail).await
}

fn found(spf: AuthResult, dkim: AuthResult, dmarc: AuthResult, aligned: bool) -> Authentication {
    Authentication { spf, dkim, dmarc, aligned }
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
