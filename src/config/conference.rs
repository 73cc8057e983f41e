//! The Jitsi server.

use crate::domain::doorstep::JoinBy;
use serde::{Deserialize, Serialize};

/// The Jitsi server that guests are sent to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conference {
    /// How a guest comes into the room: `redirect` to Jitsi's own page, or `embedded` in a page of the portal, which has the contact
    /// beside it and ends with the meeting.
    #[serde(default)]
    pub join: JoinBy,
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
    /// The tenant, where `url` ends with one: its name in Prosody's room names, `[tenant]room`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// How Jitsi's pages look (docs/jitsi.md).
    #[serde(default)]
    pub branding: Branding,
    /// Other Jitsi servers or tenants for the meetings of some groups, one `[[conference.others]]` each.
    #[serde(default)]
    pub others: Vec<OtherConference>,
}

/// A Jitsi server or tenant for the meetings of some groups of organizers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherConference {
    /// Its name in the key file: a `[[conferences]]` there has the same.
    pub name: String,
    /// The groups whose meetings take place there.
    pub groups: Vec<String>,
    /// As `conference.url`.
    pub url: String,
    /// As `conference.app_id`.
    pub app_id: String,
    /// As `conference.audience`.
    #[serde(default = "default_audience")]
    pub audience: String,
    /// As `conference.domain`.
    pub domain: String,
    /// As `conference.tenant`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// How its pages look.
    #[serde(default)]
    pub branding: Branding,
}

/// How Jitsi's pages look: what its `dynamicBrandingUrl` is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Branding {
    /// Address of the logo.
    #[serde(rename(serialize = "logoImageUrl"), skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Where a press on it leads.
    #[serde(rename(serialize = "logoClickUrl"), skip_serializing_if = "Option::is_none")]
    pub logo_link: Option<String>,
    /// Colour behind the pictures, such as `#10171b`.
    #[serde(rename(serialize = "backgroundColor"), skip_serializing_if = "Option::is_none")]
    pub background_colour: Option<String>,
    /// Address of a picture behind the pictures.
    #[serde(rename(serialize = "backgroundImageUrl"), skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    /// Colours of people who have no picture.
    #[serde(rename(serialize = "avatarBackgrounds"), skip_serializing_if = "Vec::is_empty")]
    pub avatar_colours: Vec<String>,
}

fn default_audience() -> String {
    "jitsi".to_owned()
}

fn default_minutes() -> u16 {
    5
}
