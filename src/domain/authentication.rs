//! What was computed about a message's authenticity (RFC 7208, 6376, 7489, 8617): computed by us, never read
//! from the message.

use serde::{Deserialize, Serialize};

/// The result of one method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthResult {
    /// Verified.
    Pass,
    /// Checked and wrong.
    Fail,
    /// SPF `~all`.
    SoftFail,
    /// Checked, and the owner says nothing.
    Neutral,
    /// Nothing to check.
    #[default]
    None,
    /// Could not be checked now (DNS): the mail must be tried again later.
    TempError,
    /// Can never be checked: the record is broken.
    PermError,
}

/// The three methods and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// SPF of the reverse-path's domain against the peer's address (RFC 7208).
    pub spf: AuthResult,
    /// Best DKIM signature (RFC 6376).
    pub dkim: AuthResult,
    /// DMARC of the From domain (RFC 7489).
    pub dmarc: AuthResult,
    /// Whether the From domain is proved: DMARC passed, or without a policy SPF or DKIM is aligned, or a
    /// trusted relay or login vouches for it.
    pub aligned: bool,
}

impl Authentication {
    /// As if everything had been proved: a login, a trusted relay, or `explain --content-only`.
    pub fn vouched() -> Self {
        Self { aligned: true, ..Self::default() }
    }

    /// Whether the answer may differ on a later attempt.
    pub fn is_temporary(&self) -> bool {
        !self.aligned && [self.spf, self.dkim, self.dmarc].contains(&AuthResult::TempError)
    }
}
