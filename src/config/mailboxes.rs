//! Mailboxes that mail is fetched from: their passwords, and whether their settings fit together.

use super::{Config, Finding, Secrets};
use crate::domain::token::AliasDomain;
use secrecy::SecretString;
use serde::Deserialize;

/// The password of a mailbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImapSecret {
    /// The mailbox's name in the configuration.
    pub name: String,
    /// What its user signs in with; an application password where the provider has such.
    pub password: SecretString,
}

impl Secrets {
    /// The password of the mailbox of this name.
    pub fn imap_password(&self, name: &str) -> Option<&SecretString> {
        self.imap.iter().find(|secret| secret.name == name).map(|secret| &secret.password)
    }
}

impl Config {
    pub(super) fn mailboxes(&self, findings: &mut Vec<Finding>) {
        let secrets = Secrets::load(&self.keys.file).ok();
        for (at, mailbox) in self.imap.iter().enumerate() {
            let (subject, name) = (format!("imap.{}", mailbox.name), &mailbox.name);
            if name.is_empty() || self.imap.iter().take(at).any(|other| other.name == *name) {
                findings.push(Finding::problem("imap", format!("the name `{name}` is empty, or stands twice"), "give each its own name"));
            }
            for (setting, why) in mailbox.faults() {
                findings.push(Finding::problem(&subject, format!("{setting}: {why}"), "see docs/imap.md"));
            }
            let has_password = secrets.as_ref().is_none_or(|secrets| secrets.imap_password(name).is_some());
            if mailbox.token_file.is_none() && !has_password {
                let advice = "[[imap]] with name and password in the key file, or token_file";
                findings.push(Finding::problem(&subject, "the key file has no password for it", advice));
            }
        }
        self.alias_mailbox(findings);
        if self.imap.is_empty() && !self.authentication.mailbox_servers.is_empty() {
            let advice = "leave it out: it is about mail that [[imap]] fetches";
            findings.push(Finding::warning("authentication.mailbox_servers", "no mailbox is fetched from", advice));
        }
    }

    fn alias_mailbox(&self, findings: &mut Vec<Finding>) {
        let Some(base) = &self.identity.alias_mailbox else { return };
        let is_one = AliasDomain::parse(&self.identity.alias_domain).is_none_or(|domain| domain.below(base).is_some());
        if !is_one {
            let advice = "give the part before the `@` of our mailbox: letters, digits, `.`, `-` and `_`, at most 19 of them";
            findings.push(Finding::problem("identity.alias_mailbox", format!("`{base}` can't stand before a `+`"), advice));
        }
    }
}
