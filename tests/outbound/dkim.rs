//! Signatures, as a receiver checks them: our letters, over the line, against the published record.

use super::desk::Desk;
use super::items::item;
use super::server::{Rules, Server};
use crate::support::dns::Zone;
use paravent::authenticate::{MailAuthenticator, Settings};
use paravent::domain::address::ReversePath;
use paravent::domain::authentication::{AuthResult, Authentication};
use paravent::domain::compose::InvitationKind;
use paravent::domain::delivery::AttemptOutcome;
use paravent::flow::port::{Authenticator, MailDoor, Session, Transport};
use paravent::outbound::dkim::{DkimKeySettings, GeneratedKey, Signer, SigningTransport, generate_ed25519, generate_rsa_2048, record_of};
use paravent::outbound::smarthost::Smarthost;
use std::sync::Arc;

const DOMAIN: &str = "guest.visio.example";

/// What a receiver finds out who sees this record.
async fn verify(record: &str, mail: &[u8]) -> Authentication {
    let port = Zone::default().txt(&format!("p1._domainkey.{DOMAIN}"), record).serve();
    let settings = Settings { resolvers: vec!["127.0.0.1".parse().unwrap()], resolver_port: port, ..Settings::default() };
    let session =
        Session { door: MailDoor::Mx, peer: "192.0.2.1".parse().unwrap(), helo: "x.example".into(), encrypted: true, submitter: None };
    let author = paravent::domain::mime::read(mail, &Default::default()).author().map(|author| author.mailbox.clone());
    MailAuthenticator::new(settings).unwrap().authenticate(&session, &ReversePath::Null, author.as_ref(), mail).await
}

/// As the next server gets it: signed, sent, dots taken off again.
async fn sent(key: &GeneratedKey, mail: &[u8]) -> Vec<u8> {
    let mut signer = Signer::default();
    signer.add(DOMAIN, "p1", &key.pem).unwrap();
    let server = Server::start(Rules::usual()).await;
    let transport = SigningTransport::new(Arc::new(signer), Smarthost::new(server.settings()).unwrap());
    let outcome = transport.deliver(&item("jean.martin@hopital.example", mail)).await;
    assert!(matches!(outcome, AttemptOutcome::Delivered(_)), "{outcome:?}");
    let wire = server.mails().remove(0);
    let lines = wire.split_inclusive(|octet| *octet == b'\n');
    lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line).to_vec()).collect()
}

#[tokio::test]
async fn letters_signed_by_either_kind_of_key_are_verified_by_the_published_record() {
    let letter = Desk::new("fr").invitation(InvitationKind::New);
    for key in [generate_rsa_2048().unwrap(), generate_ed25519().unwrap()] {
        assert_eq!(record_of(&key.pem).unwrap(), key.record);
        let mail = sent(&key, &letter).await;
        assert!(mail.starts_with(b"DKIM-Signature:"));
        let found = verify(&key.record, &mail).await;
        assert_eq!((found.dkim, found.aligned), (AuthResult::Pass, true), "{}", key.record);

        let other = generate_ed25519().unwrap();
        assert_ne!(verify(&other.record, &mail).await.dkim, AuthResult::Pass, "another key");
        let text = String::from_utf8(mail.clone()).unwrap();
        let subject = text.find("\r\nSubject: ").unwrap() + 11;
        for (place, result) in [(subject, AuthResult::Fail), (mail.len() - 200, AuthResult::Neutral)] {
            let mut changed = mail.clone();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(verify(&key.record, &changed).await.dkim, result, "octet {place}");
        }
        for more in ["From: a@b.example\r\n", "Subject: more\r\n", "To: a@b.example\r\n", "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n"] {
            let added = text.replacen("\r\nSubject: ", &format!("\r\n{more}Subject: "), 1);
            assert_ne!(verify(&key.record, added.as_bytes()).await.dkim, AuthResult::Pass, "{more}");
        }
    }
}

#[tokio::test]
async fn what_is_signed_is_what_is_sent_whatever_its_line_ends_are() {
    let key = generate_ed25519().unwrap();
    for body in ["a\nb\rc\r\nd", ".\r\n..\r\n. x\r\n", "", "\r\n\r\n", "trailing \r\n \r\n\r\n"] {
        let mail = format!("From: a@{DOMAIN}\r\nTo: b@c.example\r\nSubject: x\r\n\r\n{body}");
        let sent = sent(&key, mail.as_bytes()).await;
        assert_eq!(verify(&key.record, &sent).await.dkim, AuthResult::Pass, "{body:?}");
    }
}

#[tokio::test]
async fn each_key_of_the_domain_signs_and_no_other() {
    let letter = Desk::new("en").invitation(InvitationKind::Update);
    let (rsa, ed) = (generate_rsa_2048().unwrap(), generate_ed25519().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let key = |name: &str, domain: &str, key: &GeneratedKey| {
        let key_file = folder.path().join(name);
        std::fs::write(&key_file, &key.pem).unwrap();
        DkimKeySettings { domain: domain.to_owned(), selector: "p1".to_owned(), key_file }
    };
    let settings = [key("rsa", "Guest.Visio.Example", &rsa), key("ed", DOMAIN, &ed), key("other", "visio.example", &ed)];
    let signed = Signer::load(&settings).unwrap().sign(&letter).unwrap();
    let text = String::from_utf8(signed).unwrap();
    assert_eq!(text.matches("DKIM-Signature:").count(), 2);
    assert!(!text.contains("d=visio.example"));
    assert!(text.ends_with(std::str::from_utf8(&letter).unwrap()), "the letter itself is untouched");

    std::fs::write(folder.path().join("ed"), "no key").unwrap();
    assert!(Signer::load(&settings).is_err());
    std::fs::remove_file(folder.path().join("rsa")).unwrap();
    assert!(Signer::load(&settings).err().unwrap().to_string().contains("rsa"));
}
