//! Secret keys: one file, readable by the gateway alone, written by `paravent init`.

use super::{ConfigError, ImapSecret, WebhookSecret};
use crate::outbound::dkim::DkimKeySettings;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where secret keys are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// TOML file with the keys of addresses, links and the conference; mode 0600 or 0640.
    pub file: PathBuf,
    /// Keys that sign outgoing mail (RFC 6376), one `[[keys.dkim]]` each.
    pub dkim: Vec<DkimKeySettings>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { file: PathBuf::from("/etc/paravent/keys.toml"), dkim: Vec::new() }
    }
}

/// The content of the key file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Keys of address tokens; the first one signs.
    pub address: Vec<AddressKey>,
    /// Keys of guests' links; the first one signs.
    pub link: Vec<LinkKey>,
    /// What Jitsi's Prosody checks conference tokens with.
    pub conference: ConferenceSecret,
    /// The same for each `[[conference.others]]`.
    #[serde(default)]
    pub conferences: Vec<NamedConference>,
    /// What Prosody shows when it asks for reservations and tells of events (`Authorization: Bearer …`); without it nobody is answered.
    pub hooks: Option<HooksSecret>,
    /// What the identity provider knows us by; needed where `[sign_in]` is set.
    pub sign_in: Option<SignInSecret>,
    /// What calls of webhooks are signed with, one each.
    #[serde(default)]
    pub webhook: Vec<WebhookSecret>,
    /// Passwords of mailboxes that mail is fetched from, one each; not for those with a `token_file`.
    #[serde(default)]
    pub imap: Vec<ImapSecret>,
}

/// A key of address tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressKey {
    /// One letter a-z, never used again for another key.
    pub letter: char,
    /// At least 32 octets in base64.
    pub secret: SecretString,
}

/// A key of guests' links.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkKey {
    /// Key id, never used again for another key.
    pub kid: String,
    /// At least 32 octets in base64.
    pub secret: SecretString,
}

/// What Jitsi's Prosody checks conference tokens with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "algorithm")]
pub enum ConferenceSecret {
    /// A secret shared with Prosody (`app_secret`).
    #[serde(rename = "HS256")]
    Hs256 {
        /// The secret as Prosody's configuration has it.
        app_secret: SecretString,
    },
    /// A private key whose public half Prosody fetches.
    #[serde(rename = "RS256")]
    Rs256 {
        /// Key id: Prosody asks for its SHA-256.
        kid: String,
        /// PEM file with the private key.
        key_file: PathBuf,
    },
}

/// The secret of another conference server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedConference {
    /// Its name in the configuration.
    pub name: String,
    /// What its Prosody checks conference tokens with.
    pub key: ConferenceSecret,
}

/// What the identity provider knows us by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSecret {
    /// The client secret that the provider gave.
    pub client_secret: SecretString,
}

/// What Prosody shows when it asks the gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HooksSecret {
    /// At least 32 characters.
    pub secret: SecretString,
}

impl Secrets {
    /// Reads the key file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::new(path, format!("cannot be read: {error}")))?;
        // The parser's own message quotes the line, and the line is a secret.
        toml::from_str(&text).map_err(|error| ConfigError::new(path, format!("not a key file: {}", error.message())))
    }

    /// The key of the webhook of this name; `None` where it is missing or of another form.
    pub fn webhook_key(&self, name: &str) -> Option<Vec<u8>> {
        let secret = self.webhook.iter().find(|webhook| webhook.name == name)?.secret.expose_secret().trim();
        STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok().filter(|key| (24..=64).contains(&key.len()))
    }
}

/// Decodes a base64 secret.
pub fn decode(secret: &SecretString) -> Option<Vec<u8>> {
    STANDARD.decode(secret.expose_secret().trim()).ok()
}
