//! The leak guard: decodes a finished guest-bound mail again, every way, and looks for every secret of its
//! organizer. A hit fails closed. See docs/leak-guard.md.

mod decode;
mod document;
mod finding;
mod learn;
mod matcher;
mod packed;
mod scan;
mod secrets;
mod spelling;
mod without;

pub use finding::{Finding, SecretKind, Spot, findings};
pub use scan::{Limits, Scan, scan, scan_within};
pub use secrets::Secrets;
use std::fmt;
pub use without::{LEFT_OUT, without};

/// A secret was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Which kind of secret, never the text.
    pub secret: SecretKind,
    /// Where: `message, quoted-printable, tags removed`…
    pub place: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.secret, self.place)
    }
}
