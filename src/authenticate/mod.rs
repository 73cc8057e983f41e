//! Whether a sender is who they say: SPF, DKIM and DMARC, computed here over one caching resolver (mail-auth).

mod settings;

pub use settings::Settings;

use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::authentication::{AuthResult, Authentication};
use crate::flow::port::{Authenticator, Session};
use async_trait::async_trait;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, DmarcOutput, DmarcResult, MessageAuthenticator, SpfOutput, SpfResult};
use std::net::IpAddr;
use std::time::Duration;

/// No resolver could be set up. For the operator.
#[derive(Debug, thiserror::Error)]
#[error("no DNS resolver: {0}")]
pub struct ResolverError(String);

/// Checks every message with SPF, DKIM and DMARC.
pub struct MailAuthenticator {
    checker: MessageAuthenticator,
    settings: Settings,
}

impl MailAuthenticator {
    /// Uses the named resolvers, else those of the system.
    pub fn new(settings: Settings) -> Result<Self, ResolverError> {
        let checker = if settings.resolvers.is_empty() {
            MessageAuthenticator::new_system_conf()
        } else {
            let servers = settings.resolvers.iter().map(|ip| server(*ip, settings.resolver_port)).collect();
            MessageAuthenticator::new(ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
        };
        Ok(Self { checker: checker.map_err(|error| ResolverError(error.to_string()))?, settings })
    }

    async fn check(&self, session: &Session, reverse_path: &ReversePath, author: Option<&Mailbox>, raw: &[u8]) -> Authentication {
        let Some(message) = AuthenticatedMessage::parse(raw) else { return Authentication::default() };
        let dkim = self.checker.verify_dkim(&message).await;
        let spf = self.spf(session, reverse_path).await;
        let mail_from = reverse_path.mailbox().map_or(session.helo.as_str(), |mailbox| mailbox.domain());
        let dmarc = self.checker.verify_dmarc(DmarcParameters::new(&message, &dkim, mail_from, &spf)).await;
        sum(author, &message, &spf, &dkim, &dmarc)
    }

    async fn spf(&self, session: &Session, reverse_path: &ReversePath) -> SpfOutput {
        let sender = reverse_path.mailbox().map(ToString::to_string);
        let (peer, helo, host) = (session.peer, session.helo.as_str(), self.settings.authserv_id.as_str());
        match &sender {
            Some(sender) => self.checker.verify_spf(SpfParameters::verify_mail_from(peer, helo, host, sender)).await,
            // RFC 7208 §2.4: with a null reverse-path the HELO name is what is checked.
            None => self.checker.verify_spf(SpfParameters::verify_ehlo(peer, helo, host)).await,
        }
    }
}

#[async_trait]
impl Authenticator for MailAuthenticator {
    async fn authenticate(&self, session: &Session, reverse_path: &ReversePath, author: Option<&Mailbox>, raw: &[u8]) -> Authentication {
        let trusted = self.settings.trusted_networks.iter().any(|network| network.contains(&session.peer));
        if trusted || session.submitter.is_some() {
            return Authentication::vouched();
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

fn sum(
    author: Option<&Mailbox>,
    message: &AuthenticatedMessage<'_>,
    spf: &SpfOutput,
    dkim: &[DkimOutput<'_>],
    dmarc: &DmarcOutput,
) -> Authentication {
    let from = match (message.from.as_slice(), author) {
        // Two parsers read a broken header in two ways: only the author whom both found can be proved.
        ([one], Some(author)) if Mailbox::parse(one).is_ok_and(|checked| checked.same_as(author)) => Some(author.domain()),
        // No author, several, or another one.
        _ => None,
    };
    let found = Authentication { spf: spf_result(spf), dkim: best(dkim), dmarc: dmarc_result(dmarc), aligned: false };
    let aligned = match (from, found.dmarc) {
        (None, _) => false,
        (Some(_), AuthResult::Pass) => true,
        // Without a policy of the domain, what DMARC would ask is asked all the same.
        (Some(from), AuthResult::None) => proves(from, spf, dkim),
        (Some(_), AuthResult::Fail | AuthResult::SoftFail | AuthResult::Neutral | AuthResult::TempError | AuthResult::PermError) => false,
    };
    Authentication { aligned, ..found }
}

fn proves(from: &str, spf: &SpfOutput, dkim: &[DkimOutput<'_>]) -> bool {
    let by_spf = spf.result() == SpfResult::Pass && related(from, spf.domain());
    let signed = |output: &DkimOutput<'_>| {
        *output.result() == DkimResult::Pass && output.signature().is_some_and(|signature| related(from, &signature.d))
    };
    by_spf || dkim.iter().any(signed)
}

/// Relaxed alignment (RFC 7489 §3.1) without a list of public suffixes: one is the other, or below it.
fn related(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let below =
        |low: &str, high: &str| high.contains('.') && low.strip_suffix(high).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below(&one, &other) || below(&other, &one)
}

fn spf_result(output: &SpfOutput) -> AuthResult {
    match output.result() {
        SpfResult::Pass => AuthResult::Pass,
        SpfResult::Fail => AuthResult::Fail,
        SpfResult::SoftFail => AuthResult::SoftFail,
        SpfResult::Neutral => AuthResult::Neutral,
        SpfResult::TempError => AuthResult::TempError,
        SpfResult::PermError => AuthResult::PermError,
        SpfResult::None => AuthResult::None,
    }
}

/// The best of several signatures: one that holds is enough (RFC 6376 §6.1).
fn best(outputs: &[DkimOutput<'_>]) -> AuthResult {
    let results: Vec<AuthResult> = outputs.iter().map(|output| dkim_result(output.result())).collect();
    let order = [AuthResult::Pass, AuthResult::TempError, AuthResult::Fail, AuthResult::PermError, AuthResult::Neutral];
    order.into_iter().find(|result| results.contains(result)).unwrap_or(AuthResult::None)
}

fn dkim_result(result: &DkimResult) -> AuthResult {
    match result {
        DkimResult::Pass => AuthResult::Pass,
        DkimResult::Neutral(_) => AuthResult::Neutral,
        DkimResult::Fail(_) => AuthResult::Fail,
        DkimResult::PermError(_) => AuthResult::PermError,
        DkimResult::TempError(_) => AuthResult::TempError,
        DkimResult::None => AuthResult::None,
    }
}

fn dmarc_result(output: &DmarcOutput) -> AuthResult {
    match output.result() {
        DmarcResult::Pass => AuthResult::Pass,
        DmarcResult::Fail(_) => AuthResult::Fail,
        DmarcResult::TempError(_) => AuthResult::TempError,
        DmarcResult::PermError(_) => AuthResult::PermError,
        DmarcResult::None => AuthResult::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::port::{MailDoor, Submitter};

    fn session(peer: &str) -> Session {
        let submitter = None;
        Session { door: MailDoor::Mx, peer: peer.parse().unwrap(), helo: "mail.example".into(), encrypted: false, submitter }
    }

    #[test]
    fn alignment_is_by_whole_labels() {
        assert!(related("hopital.example", "HOPITAL.example"));
        assert!(related("mail.hopital.example", "hopital.example"));
        assert!(!related("evilhopital.example", "hopital.example"));
        assert!(!related("hopital.example", "example"));
        assert!(!related("hopital.example", ""));
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
