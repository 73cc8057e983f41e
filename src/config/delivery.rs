//! How mail leaves.

use crate::outbound::smarthost::SmarthostSettings;
use crate::outbound::worker::OutboxSettings;
use serde::Deserialize;

/// How mail leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// The mail server that takes everything.
    pub smarthost: SmarthostSettings,
    /// Further ones, tried in order where those before can't be reached; settings and what stands for them as of `[delivery.smarthost]`.
    pub fallback: Vec<SmarthostSettings>,
    /// How the outbox is worked off.
    pub outbox: OutboxSettings,
    /// How long a mail is tried, in hours; one to a guest never longer than to the meeting's end.
    pub give_up_hours: u32,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { smarthost: SmarthostSettings::default(), fallback: Vec::new(), outbox: OutboxSettings::default(), give_up_hours: 120 }
    }
}
