//! Settings desk: one TOML file, one Rust file per concern. Every field is documented; docs/configuration.md is
//! made from these sources and a test keeps it true.

mod conference;
mod delivery;
mod directory;
mod fresh;
mod identity;
mod keys;
mod listen;
mod load;
mod mailboxes;
mod policy;
mod rotate;
mod store;
mod validate;
mod web;
mod webhook;

pub use conference::{Conference, OtherConference};
pub use delivery::{Delivery, Route};
pub use directory::Directory;
pub use fresh::{Fresh, write_fresh};
pub use identity::Identity;
pub use keys::{ConferenceSecret, Keys, NamedConference, Secrets, decode as decode_secret};
pub use listen::Listen;
pub use load::ConfigError;
pub use mailboxes::ImapSecret;
pub use policy::Policy;
pub use rotate::{KeyKind, RotateError, with_new, without};
pub use store::Store;
pub use validate::{Finding, Level};
pub use web::Web;
pub use webhook::{Webhook, WebhookSecret};

use serde::Deserialize;

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Names and addresses under which the gateway is known.
    pub identity: Identity,
    /// Doors: which are open, and who is trusted at them.
    #[serde(default)]
    pub listen: Listen,
    /// Mailboxes elsewhere that mail is fetched from (docs/imap.md), one `[[imap]]` each.
    #[serde(default)]
    pub imap: Vec<crate::imap::ImapSettings>,
    /// Bounds of the mail doors.
    #[serde(default)]
    pub limits: crate::inbound::Limits,
    /// How much mail is worked on, so that loops and floods end.
    #[serde(default)]
    pub budgets: crate::domain::budget::Budgets,
    /// Where everything is kept.
    #[serde(default)]
    pub store: Store,
    /// Secret keys.
    #[serde(default)]
    pub keys: Keys,
    /// Who may organize.
    #[serde(default)]
    pub directory: Directory,
    /// How mail leaves.
    #[serde(default)]
    pub delivery: Delivery,
    /// How SPF, DKIM, DMARC and ARC are checked.
    #[serde(default)]
    pub authentication: crate::authenticate::Settings,
    /// How mail is looked into by other programs (docs/scan.md).
    #[serde(default)]
    pub scan: crate::scan::ScanSettings,
    /// Web pages: who stands in front of them, and how fast they may be asked for.
    #[serde(default)]
    pub web: Web,
    /// With whom people sign in; without it nobody does.
    pub sign_in: Option<crate::oidc::SignInSettings>,
    /// The Jitsi server.
    pub conference: Conference,
    /// What applies to every meeting.
    #[serde(default)]
    pub policy: Policy,
    /// Files in mail between guests and organizers (docs/attachments.md).
    #[serde(default)]
    pub attachments: crate::domain::attachment::AttachmentPolicy,
    /// Who else is told of alerts (docs/webhooks.md), one `[[webhooks]]` each.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
}
