//! What each setting means beside the others: findings that say what is wrong and what to do.

use super::{Config, Route, Secrets, keys};
use crate::domain::authentication::domain_name;
use crate::domain::token::AliasDomain;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::path::Path;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, but should be looked at.
    Warning,
    /// Will not work, or is unsafe.
    Problem,
}

/// One result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub level: Level,
    /// What was looked at.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing.
    pub advice: String,
}

impl Finding {
    /// As it should be.
    pub fn ok(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject: subject.into(), found: found.into(), advice: String::new() }
    }

    /// To be looked at.
    pub fn warning(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Warning, subject: subject.into(), found: found.into(), advice: advice.into() }
    }

    /// To be mended.
    pub fn problem(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Problem, subject: subject.into(), found: found.into(), advice: advice.into() }
    }
}

impl Config {
    /// Judges the settings together. Reads the key files, touches no network.
    pub fn validate(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.domains(&mut findings);
        self.public_url(&mut findings);
        self.doors(&mut findings);
        self.mailboxes(&mut findings);
        self.sealers(&mut findings);
        self.webhooks(&mut findings);
        self.people(&mut findings);
        self.rooms(&mut findings);
        self.store.findings(&mut findings);
        self.way_out(&mut findings);
        self.key_files(&mut findings);
        if findings.is_empty() {
            findings.push(Finding::ok("configuration", "the settings fit together"));
        }
        findings
    }

    fn domains(&self, findings: &mut Vec<Finding>) {
        let identity = &self.identity;
        for (key, domain) in [("identity.alias_domain", &identity.alias_domain), ("identity.guest_domain", &identity.guest_domain)] {
            if AliasDomain::parse(domain).is_none() {
                findings.push(Finding::problem(key, format!("`{domain}` is no domain name"), "give a name such as visio.example"));
            }
        }
        if identity.alias_domain.eq_ignore_ascii_case(&identity.guest_domain) {
            findings.push(Finding::problem(
                "identity.guest_domain",
                "it is the alias domain",
                "give guest aliases a domain of their own, such as guest.visio.example",
            ));
        }
    }

    fn public_url(&self, findings: &mut Vec<Finding>) {
        let url = &self.identity.public_url;
        let loopback = is_loopback(url);
        if !url.starts_with("https://") && !loopback {
            findings.push(Finding::problem("identity.public_url", format!("`{url}` is not https"), "guests' links need https"));
        }
        if url.ends_with('/') {
            findings.push(Finding::warning("identity.public_url", "it ends with a slash", "leave the slash out"));
        }
        if !self.conference.url.starts_with("https://") && !loopback {
            findings.push(Finding::problem("conference.url", "it is not https", "browsers give no camera to pages without https"));
        }
    }

    fn doors(&self, findings: &mut Vec<Finding>) {
        let listen = &self.listen;
        if listen.mx.is_none() && listen.lmtp.is_none() && listen.lmtp_socket.is_none() && self.imap.is_empty() {
            let advice = "set listen.mx, listen.lmtp or listen.lmtp_socket, or fetch them with [[imap]]";
            findings.push(Finding::problem("listen", "no door takes guests' answers", advice));
        }
        let tls = listen.tls_certificate.is_some() && listen.tls_key.is_some();
        if listen.submissions.is_some() && !tls {
            findings.push(Finding::problem(
                "listen.submissions",
                "it needs a certificate",
                "set listen.tls_certificate and listen.tls_key",
            ));
        }
        if listen.tls_certificate.is_some() != listen.tls_key.is_some() {
            findings.push(Finding::problem("listen.tls_key", "certificate and key go together", "set both, or none"));
        }
        if listen.submission.is_some() && !tls && listen.trusted_networks.is_empty() {
            findings.push(Finding::problem(
                "listen.submission",
                "nobody can submit: no certificate for logins, and no trusted network",
                "set listen.tls_certificate and listen.tls_key, or listen.trusted_networks",
            ));
        }
        if listen.trusted_networks.iter().any(|network| network.prefix_len() == 0) {
            findings.push(Finding::problem("listen.trusted_networks", "it trusts the whole internet", "name your own networks"));
        }
    }

    /// A name that is misspelt believes nobody; one that is no domain can't be sealed for.
    fn sealers(&self, findings: &mut Vec<Finding>) {
        for sealer in &self.authentication.arc_sealers {
            if domain_name(sealer).is_none_or(|name| !name.contains('.')) {
                let advice = "name the domain of the seal (d= of ARC-Seal), such as liste.hopital.example";
                findings.push(Finding::problem("authentication.arc_sealers", format!("`{sealer}` is no domain name"), advice));
            }
        }
    }

    fn webhooks(&self, findings: &mut Vec<Finding>) {
        let secrets = Secrets::load(&self.keys.file).ok();
        for (at, webhook) in self.webhooks.iter().enumerate() {
            let (subject, name) = (format!("webhooks.{}", webhook.name), &webhook.name);
            if name.is_empty() || self.webhooks.iter().take(at).any(|other| other.name == *name) {
                findings.push(Finding::problem(
                    "webhooks",
                    format!("the name `{name}` is empty, or stands twice"),
                    "give each its own name",
                ));
            }
            if !webhook.url.starts_with("https://") && !is_loopback(&webhook.url) {
                findings.push(Finding::problem(&subject, "its url is not https", "alerts name meetings: give an https url"));
            }
            if secrets.as_ref().is_some_and(|secrets| secrets.webhook_key(name).is_none()) {
                let found = "its secret is missing in the key file, or is not 24 to 64 octets in base64";
                findings.push(Finding::problem(&subject, found, "[[webhook]] with name and secret (`openssl rand -base64 32`)"));
            }
        }
    }

    fn people(&self, findings: &mut Vec<Finding>) {
        if self.web.proxies.iter().any(|net| net.prefix_len() == 0) {
            let advice = "name your reverse proxies alone: anybody else could say where they come from";
            findings.push(Finding::problem("web.proxies", "it is everybody", advice));
        }
        let Some(sign_in) = &self.sign_in else { return };
        if !sign_in.issuer.starts_with("https://") && !is_loopback(&sign_in.issuer) {
            findings.push(Finding::problem("sign_in.issuer", "it is not https", "who people are must come from the provider itself"));
        }
        if sign_in.email_is_verified {
            let advice = "leave it out unless nobody can choose their own address at the provider";
            findings.push(Finding::warning(
                "sign_in.email_is_verified",
                "addresses are believed that the provider does not vouch for",
                advice,
            ));
        }
        if Secrets::load(&self.keys.file).is_ok_and(|secrets| secrets.sign_in.is_none()) {
            findings.push(Finding::problem("sign_in", "the key file has no client secret", "[sign_in] with client_secret in the key file"));
        }
    }

    fn rooms(&self, findings: &mut Vec<Finding>) {
        let secrets = Secrets::load(&self.keys.file).ok();
        for other in &self.conference.others {
            let subject = format!("conference.others.{}", other.name);
            if !other.url.starts_with("https://") && !is_loopback(&self.identity.public_url) {
                findings.push(Finding::problem(&subject, "its url is not https", "browsers give no camera to pages without https"));
            }
            if secrets.as_ref().is_some_and(|secrets| secrets.conferences.iter().all(|secret| secret.name != other.name)) {
                findings.push(Finding::problem(
                    &subject,
                    "the key file has no key for it",
                    "[[conferences]] with this name in the key file",
                ));
            }
        }
        if secrets.and_then(|secrets| secrets.hooks).is_some_and(|hooks| hooks.secret.expose_secret().len() < 32) {
            findings.push(Finding::problem("hooks", "the secret that Prosody shows is too short", "32 characters or more"));
        }
    }

    fn who_signs(&self) -> &'static str {
        match self.delivery.route {
            Route::Smarthost => "add a DKIM key, or let the smarthost sign",
            Route::Direct => "add a DKIM key: without one large providers take no mail from you",
        }
    }

    /// Without a smarthost this gateway is its own mail server in the eyes of all others.
    fn way_out(&self, findings: &mut Vec<Finding>) {
        match self.delivery.route {
            Route::Smarthost => return,
            Route::Direct => {}
        }
        let helo = &self.delivery.direct.helo;
        if domain_name(helo.trim_end_matches('.')).is_none_or(|name| !name.contains('.')) {
            let advice = "give the public name of this machine, to which its address leads back (PTR); often identity.host_name";
            findings.push(Finding::problem("delivery.direct.helo", format!("`{helo}` is no public host name"), advice));
        }
        if self.delivery.direct.per_destination == 0 {
            let advice = "give 1 or more: one is used";
            findings.push(Finding::warning("delivery.direct.per_destination", "it allows no session", advice));
        }
    }

    fn key_files(&self, findings: &mut Vec<Finding>) {
        match Secrets::load(&self.keys.file) {
            Err(error) => findings.push(Finding::problem("keys.file", error.to_string(), "`paravent init` writes one")),
            Ok(secrets) => {
                readable_by_others(&self.keys.file, findings);
                let short = |secret| keys::decode(secret).is_none_or(|octets| octets.len() < 32);
                if secrets.address.is_empty() || secrets.address.iter().any(|key| short(&key.secret)) {
                    findings.push(Finding::problem(
                        "keys.file",
                        "an address key is missing, not base64 or too short",
                        "32 octets in base64",
                    ));
                }
                if secrets.link.is_empty() || secrets.link.iter().any(|key| short(&key.secret)) {
                    findings.push(Finding::problem("keys.file", "a link key is missing, not base64 or too short", "32 octets in base64"));
                }
            }
        }
        if self.keys.dkim.is_empty() {
            findings.push(Finding::warning("keys.dkim", "outgoing mail is not signed", self.who_signs()));
        }
        for dkim in &self.keys.dkim {
            match std::fs::metadata(&dkim.key_file) {
                Ok(_) => readable_by_others(&dkim.key_file, findings),
                Err(error) => findings.push(Finding::problem(
                    "keys.dkim",
                    format!("{} cannot be read: {error}", dkim.key_file.display()),
                    "`paravent init` writes keys",
                )),
            }
        }
    }
}

/// Whether this leads to this machine, where nobody listens in.
fn is_loopback(url: &str) -> bool {
    let rest = url.strip_prefix("http://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(unix)]
pub(super) fn readable_by_others(path: &Path, findings: &mut Vec<Finding>) {
    use std::os::unix::fs::PermissionsExt;
    if std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0) {
        findings.push(Finding::problem(
            "keys",
            format!("{} can be read by everyone", path.display()),
            format!("chmod 0640 {}", path.display()),
        ));
    }
}

#[cfg(not(unix))]
pub(super) fn readable_by_others(_path: &Path, _findings: &mut Vec<Finding>) {}
