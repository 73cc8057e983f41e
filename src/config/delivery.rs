//! How mail leaves.

use crate::outbound::direct::settings::DirectSettings;
use crate::outbound::smarthost::SmarthostSettings;
use crate::outbound::worker::OutboxSettings;
use serde::Deserialize;

/// To whom mail is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// To one mail server that takes everything.
    Smarthost,
    /// To the mail servers of each recipient's domain.
    Direct,
}

/// How mail leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// To one server that takes everything, or to the servers of each recipient's domain. A smarthost has reputation and queues already.
    pub route: Route,
    /// The mail server that takes everything.
    pub smarthost: SmarthostSettings,
    /// Further ones, tried in order where those before can't be reached; settings and what stands for them as of `[delivery.smarthost]`.
    pub fallback: Vec<SmarthostSettings>,
    /// Delivery straight to the recipients' mail servers, where `route` is `"direct"`.
    pub direct: DirectSettings,
    /// How the outbox is worked off.
    pub outbox: OutboxSettings,
    /// How long a mail is tried, in hours; one to a guest never longer than to the meeting's end.
    pub give_up_hours: u32,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            route: Route::Smarthost,
            smarthost: SmarthostSettings::default(),
            fallback: Vec::new(),
            direct: DirectSettings::default(),
            outbox: OutboxSettings::default(),
            give_up_hours: 120,
        }
    }
}
