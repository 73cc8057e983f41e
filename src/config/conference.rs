//! The Jitsi server.

use serde::Deserialize;

/// The Jitsi server that guests are sent to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conference {
    /// Public address of Jitsi Meet, without a path at the end: `https://meet.visio.example`.
    pub url: String,
    /// `app_id` of Prosody's token authentication: `iss` of the conference token.
    pub app_id: String,
    /// `aud` of the conference token: one of Prosody's `asap_accepted_audiences`.
    #[serde(default = "default_audience")]
    pub audience: String,
    /// XMPP domain, or the tenant where one is used: `sub` of the conference token. Never the public host name.
    pub domain: String,
    /// Life of a conference token, in minutes. It is checked when somebody enters, not while they stay.
    #[serde(default = "default_minutes")]
    pub token_minutes: u16,
}

fn default_audience() -> String {
    "jitsi".to_owned()
}

fn default_minutes() -> u16 {
    5
}
