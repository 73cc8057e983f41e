//! What each method found, kept with the message: for people who ask why a mail was believed, or not.

use super::AuthResult;
use serde::{Deserialize, Serialize};

/// Everything that was found about the author.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The author's domain, where there is one author.
    pub from: Option<String>,
    /// SPF.
    pub spf: Option<SpfEvidence>,
    /// Each signature, in the order of the message.
    pub dkim: Vec<DkimEvidence>,
    /// DMARC, where the domain has a policy or it could not be asked for.
    pub dmarc: Option<DmarcEvidence>,
    /// The newest ARC set, where there is one.
    pub arc: Option<ArcEvidence>,
    /// Why the message can be read in two ways, so that nothing counts as proved.
    pub doubts: Vec<String>,
}

/// What SPF was checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpfIdentity {
    /// MAIL FROM (RFC 7208 §2.4).
    MailFrom,
    /// The name in EHLO, since the reverse-path was null.
    Helo,
}

/// SPF (RFC 7208).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfEvidence {
    /// What it was checked for.
    pub identity: SpfIdentity,
    /// The domain.
    pub domain: String,
    /// The result.
    pub result: AuthResult,
}

/// One DKIM signature (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DkimEvidence {
    /// `d=`.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// The result.
    pub result: AuthResult,
    /// Why a signature that holds counts for nothing, or why one does not hold.
    pub remark: Option<String>,
}

/// DMARC (RFC 7489).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DmarcEvidence {
    /// The domain that it was asked for.
    pub domain: String,
    /// `none`, `quarantine`, `reject`, or `unknown`.
    pub policy: String,
    /// Whether SPF passed aligned.
    pub spf_aligned: bool,
    /// Whether DKIM passed aligned.
    pub dkim_aligned: bool,
    /// The result.
    pub result: AuthResult,
}

/// The newest ARC set (RFC 8617).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArcEvidence {
    /// `d=` of the newest seal.
    pub sealer: String,
    /// How many sets there are.
    pub sets: usize,
    /// Whether the sealer is one of `authentication.arc_sealers`: else the chain is not looked at.
    pub is_configured: bool,
    /// The chain's result.
    pub result: AuthResult,
    /// What the sealer reports about the author, or why that is not believed.
    pub remark: String,
}

impl Evidence {
    /// One English line a fact.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.spf.as_ref().map(|spf| {
            let identity = match spf.identity {
                SpfIdentity::MailFrom => "MAIL FROM",
                SpfIdentity::Helo => "EHLO",
            };
            format!("SPF {} for {} ({identity})", spf.result.name(), spf.domain)
        }));
        lines.extend(self.dkim.iter().map(|dkim| {
            let remark = dkim.remark.as_ref().map(|remark| format!(": {remark}")).unwrap_or_default();
            format!("DKIM {} for {} (selector {}){remark}", dkim.result.name(), dkim.domain, dkim.selector)
        }));
        lines.extend(self.dmarc.as_ref().map(|dmarc| {
            let aligned = match (dmarc.spf_aligned, dmarc.dkim_aligned) {
                (true, true) => "SPF and DKIM aligned",
                (true, false) => "SPF aligned",
                (false, true) => "DKIM aligned",
                (false, false) => "nothing aligned",
            };
            format!("DMARC {} for {} (policy {}, {aligned})", dmarc.result.name(), dmarc.domain, dmarc.policy)
        }));
        lines.extend(self.arc.as_ref().map(|arc| {
            let sets = if arc.sets == 1 { "1 set".to_owned() } else { format!("{} sets", arc.sets) };
            let result = if arc.is_configured { arc.result.name() } else { "not looked at" };
            format!("ARC {result}, {sets}, newest by {}: {}", arc.sealer, arc.remark)
        }));
        lines.extend(self.doubts.iter().map(|doubt| format!("doubt: {doubt}")));
        lines
    }
}
