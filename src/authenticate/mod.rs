//! Whether a sender is who they say: SPF, DKIM, DMARC and ARC, computed here over one caching resolver (mail-auth).

mod arc;
mod judge;
mod mailbox_server;
mod settings;
mod signature;

pub use settings::Settings;

use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::authentication::{AuthResult, Authentication, Proof, SpfIdentity};
use crate::flow::port::{Authenticator, MailDoor, Session};
use async_trait::async_trait;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use judge::{Checked, judge};
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{AuthenticatedMessage, MessageAuthenticator, SpfOutput};
use std::net::IpAddr;
use std::time::Duration;

/// Most answers that the resolver keeps. A peer chooses the names that are asked: the memory that they take has an end.
const CACHE_ANSWERS: u64 = 4_096;
/// Longest time for which it keeps that a name has no answer: a record that is published soon counts.
const CACHE_NOTHING: Duration = Duration::from_secs(300);
/// Longest time for which it keeps an answer, whatever its owner says: a key that is withdrawn counts no longer.
const CACHE_ANYTHING: Duration = Duration::from_secs(3_600);

/// No resolver could be set up. For the operator.
#[derive(Debug, thiserror::Error)]
#[error("no DNS resolver: {0}")]
pub struct ResolverError(String);

/// Checks every message with SPF, DKIM, DMARC and ARC. One for the process: its resolver is the cache.
pub struct MailAuthenticator {
    checker: MessageAuthenticator,
    settings: Settings,
}

impl MailAuthenticator {
    /// Uses the named resolvers, else those of the system.
    pub fn new(settings: Settings) -> Result<Self, ResolverError> {
        let refused = |error: &dyn std::fmt::Display| ResolverError(error.to_string());
        let (servers, options) = if settings.resolvers.is_empty() {
            hickory_resolver::system_conf::read_system_conf().map_err(|error| refused(&error))?
        } else {
            let servers = settings.resolvers.iter().map(|ip| server(*ip, settings.resolver_port)).collect();
            (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
        };
        let checker = MessageAuthenticator::new(servers, bounded(options)).map_err(|error| refused(&error))?;
        Ok(Self { checker, settings })
    }

    async fn check(&self, session: &Session, reverse_path: &ReversePath, author: Option<&Mailbox>, raw: &[u8]) -> Authentication {
        let Some(message) = AuthenticatedMessage::parse(raw) else { return Authentication::default() };
        let mut dkim = self.checker.verify_dkim(&message).await;
        let remarks = signature::put_aside(&mut dkim);
        let (identity, spf) = self.spf(session, reverse_path).await;
        let mail_from = reverse_path.mailbox().map_or(session.helo.as_str(), |mailbox| mailbox.domain());
        let dmarc = self.checker.verify_dmarc(DmarcParameters::new(&message, &dkim, mail_from, &spf)).await;
        let arc = arc::check(&self.checker, &message, &self.settings.arc_sealers).await;
        judge(author, Checked { message: &message, identity, mail_from, spf: &spf, dkim: &dkim, remarks, dmarc: &dmarc, arc })
    }

    async fn spf(&self, session: &Session, reverse_path: &ReversePath) -> (SpfIdentity, SpfOutput) {
        if session.door == MailDoor::Imap {
            // Nobody knows which address it came from: SPF says nothing.
            return (SpfIdentity::MailFrom, SpfOutput::new(String::new()));
        }
        let sender = reverse_path.mailbox().map(ToString::to_string);
        let (peer, helo, host) = (session.peer, session.helo.as_str(), self.settings.authserv_id.as_str());
        match &sender {
            Some(sender) => {
                let parameters = SpfParameters::verify_mail_from(peer, helo, host, sender);
                (SpfIdentity::MailFrom, self.checker.verify_spf(parameters).await)
            }
            // RFC 7208 §2.4: with a null reverse-path the HELO name is what is checked.
            None => (SpfIdentity::Helo, self.checker.verify_spf(SpfParameters::verify_ehlo(peer, helo, host)).await),
        }
    }
}

#[async_trait]
impl Authenticator for MailAuthenticator {
    async fn authenticate(&self, session: &Session, reverse_path: &ReversePath, author: Option<&Mailbox>, raw: &[u8]) -> Authentication {
        if session.submitter.is_some() {
            return Authentication::proved(Proof::Submission);
        }
        if session.door == MailDoor::Imap {
            if mailbox_server::vouches(&self.settings.mailbox_servers, author, raw) {
                return Authentication::proved(Proof::TrustedRelay);
            }
        } else if self.settings.trusted_networks.iter().any(|network| network.contains(&session.peer)) {
            return Authentication::proved(Proof::TrustedRelay);
        }
        let patience = Duration::from_secs(self.settings.seconds);
        match tokio::time::timeout(patience, self.check(session, reverse_path, author, raw)).await {
            Ok(found) => found,
            Err(_) => Authentication { dmarc: AuthResult::TempError, ..Authentication::default() },
        }
    }
}

fn server(ip: IpAddr, port: u16) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(ip);
    server.connections.iter_mut().for_each(|connection| connection.port = port);
    server
}

/// With bounds for what is kept.
fn bounded(mut options: ResolverOpts) -> ResolverOpts {
    options.cache_size = CACHE_ANSWERS;
    options.negative_max_ttl = Some(CACHE_NOTHING);
    options.positive_max_ttl = Some(CACHE_ANYTHING);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::port::Submitter;

    fn session(peer: &str) -> Session {
        let submitter = None;
        Session { door: MailDoor::Mx, peer: peer.parse().unwrap(), helo: "mail.example".into(), encrypted: false, submitter }
    }

    #[tokio::test]
    async fn of_fetched_mail_the_server_of_the_mailbox_knows_who_sent_it() {
        let everybody = vec!["0.0.0.0/0".parse().unwrap()];
        let settings = Settings { trusted_networks: everybody, mailbox_servers: vec!["mx.hosted.example".into()], ..Settings::default() };
        let settings = Settings { resolvers: vec!["192.0.2.1".parse().unwrap()], seconds: 0, ..settings };
        let authenticator = MailAuthenticator::new(settings).unwrap();
        let author = Mailbox::parse("a@hopital.example").ok();
        let fetched = Session { door: MailDoor::Imap, ..session("0.0.0.0") };
        let asked = async |report: &str| {
            let raw = format!("Authentication-Results: {report}\r\nFrom: a@hopital.example\r\n\r\nx\r\n");
            authenticator.authenticate(&fetched, &ReversePath::Null, author.as_ref(), raw.as_bytes()).await.aligned
        };
        assert!(asked("mx.hosted.example; dmarc=pass header.from=hopital.example").await);
        assert!(!asked("mx.evil.example; dmarc=pass header.from=hopital.example").await, "the network of no peer is trusted");
    }

    #[tokio::test]
    async fn trusted_relays_and_logins_vouch_for_the_author() {
        let settings = Settings { trusted_networks: vec!["192.0.2.0/24".parse().unwrap()], ..Settings::default() };
        let settings = Settings { resolvers: vec!["192.0.2.1".parse().unwrap()], seconds: 0, ..settings };
        let authenticator = MailAuthenticator::new(settings).unwrap();
        let author = Mailbox::parse("a@hopital.example").ok();
        let raw = b"From: a@hopital.example\r\n\r\nx\r\n";
        let trusted = authenticator.authenticate(&session("192.0.2.7"), &ReversePath::Null, author.as_ref(), raw).await;
        assert!(trusted.aligned);
        let signed_in = Session { submitter: Some(Submitter::TrustedNetwork), ..session("198.51.100.1") };
        assert!(authenticator.authenticate(&signed_in, &ReversePath::Null, author.as_ref(), raw).await.aligned);
        let stranger = authenticator.authenticate(&session("198.51.100.1"), &ReversePath::Null, author.as_ref(), raw).await;
        assert!(!stranger.aligned && stranger.is_temporary(), "no answer in time is a temporary error");
    }
}
