//! Who is told of alerts by webhook.

use crate::domain::alert::Severity;
use secrecy::SecretString;
use serde::Deserialize;

/// A receiver of alerts. Its secret stands in the key file under the same name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its name, in the key file and in the log.
    pub name: String,
    /// Where alerts are posted to; https, unless it is this machine.
    pub url: String,
    /// The least severe that it is told of; `warning` where it is missing.
    #[serde(default = "default_severity")]
    pub severity: Severity,
    /// How long an answer is waited for, in seconds; 10 where it is missing.
    #[serde(default = "default_timeout_seconds")]
    pub timeout_seconds: u16,
    /// How long an event is tried, in hours; then it is passed over, which the log and the audit trail say. 72 where it is missing.
    #[serde(default = "default_give_up_hours")]
    pub give_up_hours: u32,
}

fn default_severity() -> Severity {
    Severity::Warning
}

fn default_timeout_seconds() -> u16 {
    10
}

fn default_give_up_hours() -> u32 {
    72
}

/// What a webhook's calls are signed with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSecret {
    /// The webhook's name.
    pub name: String,
    /// 24 to 64 octets in base64, with or without `whsec_` before them: the receiver has the same.
    pub secret: SecretString,
}
