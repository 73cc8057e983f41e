//! Keys: whether they can be used for what they are for, and what must be published for them.

use super::records::publish;
use crate::config::{ConferenceSecret, Config, Finding, Secrets, decode_secret};
use crate::domain::conference::{Conference, ConferenceKey};
use crate::domain::link::LinkKeys;
use crate::domain::token::TokenKeys;
use crate::outbound::dkim::record_of;
use secrecy::ExposeSecret;

/// The key file; none when the settings' own findings already tell of it.
pub(super) fn secrets(config: &Config, settings: &[Finding]) -> Option<Secrets> {
    if settings.iter().any(|finding| finding.subject == "keys.file") {
        return None;
    }
    Secrets::load(&config.keys.file).ok()
}

/// Whether addresses, links and conference tokens can be made.
pub(super) fn findings(config: &Config, secrets: Option<&Secrets>) -> Vec<Finding> {
    let Some(secrets) = secrets else { return Vec::new() };
    let of = |subject: &str, what: &str, outcome: Result<(), String>| match outcome {
        Ok(()) => Finding::ok(subject, what),
        Err(error) => Finding::problem(subject, error, format!("mend it in {}", config.keys.file.display())),
    };
    vec![
        of("address keys", "addresses can be made and recognized", address(secrets)),
        of("link keys", "guests' links can be made and recognized", link(secrets)),
        of("conference key", "conference tokens can be made", conference(config, secrets)),
    ]
}

fn address(secrets: &Secrets) -> Result<(), String> {
    let keys: Option<Vec<_>> = secrets.address.iter().map(|key| Some((key.letter, decode_secret(&key.secret)?))).collect();
    TokenKeys::new(&keys.unwrap_or_default()).map(drop).map_err(|error| error.to_string())
}

fn link(secrets: &Secrets) -> Result<(), String> {
    let keys: Option<Vec<_>> = secrets.link.iter().map(|key| Some((key.kid.clone(), decode_secret(&key.secret)?))).collect();
    LinkKeys::new(&keys.unwrap_or_default()).map(drop).map_err(|error| error.to_string())
}

fn conference(config: &Config, secrets: &Secrets) -> Result<(), String> {
    let key = match &secrets.conference {
        ConferenceSecret::Hs256 { app_secret } => ConferenceKey::shared_secret(app_secret.expose_secret().as_bytes()),
        ConferenceSecret::Rs256 { kid, key_file } => {
            let pem = std::fs::read(key_file).map_err(|error| format!("{} cannot be read: {error}", key_file.display()))?;
            ConferenceKey::rsa(kid, &pem)
        }
    };
    let settings = &config.conference;
    key.and_then(|key| Conference::new(key, &settings.app_id, &settings.audience, &settings.domain, u32::from(settings.token_minutes)))
        .map(drop)
        .map_err(|error| error.to_string())
}

/// The keys that sign mail.
pub(super) struct Dkim {
    /// Name and value of each TXT record that must be there.
    pub(super) records: Vec<(String, String)>,
    faults: Vec<Finding>,
}

/// Loads the keys that sign mail.
pub(super) fn dkim(config: &Config) -> Dkim {
    let mut dkim = Dkim { records: Vec::new(), faults: Vec::new() };
    // A file that is not there is among the findings of the settings.
    for key in config.keys.dkim.iter().filter(|key| key.key_file.exists()) {
        let record = std::fs::read_to_string(&key.key_file)
            .map_err(|error| error.to_string())
            .and_then(|pem| record_of(&pem).map_err(|error| error.to_string()));
        match record {
            Ok(record) => dkim.records.push((format!("{}._domainkey.{}", key.selector, key.domain), record)),
            Err(error) => dkim.faults.push(Finding::problem(
                format!("DKIM {}", key.selector),
                format!("{}: {error}", key.key_file.display()),
                "an RSA or Ed25519 private key in PEM; `paravent init` writes both into a new folder",
            )),
        }
    }
    let alias = &config.identity.alias_domain;
    if !config.keys.dkim.is_empty() && !config.keys.dkim.iter().any(|key| key.domain.eq_ignore_ascii_case(alias)) {
        dkim.faults.push(Finding::problem(
            "DKIM",
            format!("no key signs for {alias}, the domain of every sender"),
            format!("set domain = \"{alias}\" in a [[keys.dkim]]"),
        ));
    }
    dkim
}

impl Dkim {
    /// What is wrong, and what must be published where no name server is asked.
    pub(super) fn findings(&self, offline: bool) -> Vec<Finding> {
        let usable = self.records.iter().map(|(name, record)| {
            let advice = if offline { publish(name, record) } else { String::new() };
            Finding { advice, ..Finding::ok(format!("DKIM {name}"), "the key can sign") }
        });
        usable.chain(self.faults.iter().cloned()).collect()
    }
}
