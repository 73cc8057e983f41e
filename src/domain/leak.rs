//! The leak guard: decodes a finished guest-bound mail again, every way, and looks for every secret of its
//! organizer. A hit fails closed.

use super::address::NamedMailbox;
use super::itip::CalendarObject;
use super::mime::InboundMail;
use super::organizer::Organizer;
use std::fmt;

/// What must not be found.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Label for people (`address`, `name`, `host`…) and the text.
    pub needles: Vec<(String, String)>,
}

impl Secrets {
    /// The secrets of an organizer under their group's policy. `public` are domains of ours, which are none.
    pub fn of(_organizer: &Organizer, _public: &[String]) -> Self {
        Self::default()
    }

    /// Adds what the organizer's own message shows of their systems: hosts, addresses, ids.
    pub fn learn(&mut self, _mail: &InboundMail, _calendar: Option<&CalendarObject>) {}

    /// The same without what this guest may know anyway: their own name and address.
    #[must_use]
    pub fn allowing(&self, _guest: &NamedMailbox) -> Self {
        self.clone()
    }
}

/// A secret was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Which kind of secret: the label, never the text.
    pub secret: String,
    /// Where: `header Subject`, `part 2 (text/html), tags removed`…
    pub place: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.secret, self.place)
    }
}

/// Looks for every secret in the serialized message.
pub fn scan(_message: &[u8], _secrets: &Secrets) -> Vec<Leak> {
    Vec::new()
}
