//! What was computed about a message's authenticity (RFC 7208, 6376, 7489, 8617): computed by us, never read
//! from the message.

pub mod arc_results;
mod evidence;

use serde::{Deserialize, Serialize};

pub use evidence::{ArcEvidence, DkimEvidence, DmarcEvidence, Evidence, SpfEvidence, SpfIdentity};

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

impl AuthResult {
    /// The word that RFC 8601 §2.7 has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::None => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// By what the author counts as proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Proof {
    /// They have the personal link of the guest, on the guest's page.
    Link,
    /// They signed in, or submitted from a trusted network.
    Submission,
    /// A trusted relay in front has checked it (`authentication.trusted_networks`).
    TrustedRelay,
    /// DMARC passed (RFC 7489 §3.1).
    Dmarc,
    /// The domain has no DMARC policy; SPF passed for a domain aligned with it.
    Spf {
        /// The domain that SPF was checked for.
        domain: String,
    },
    /// The domain has no DMARC policy; a DKIM signature of a domain aligned with it holds.
    Dkim {
        /// `d=`.
        domain: String,
        /// `s=`.
        selector: String,
    },
    /// A configured sealer saw the author proved, before it passed the mail on (RFC 8617 §7.2).
    Arc {
        /// `d=` of the newest seal.
        sealer: String,
    },
    /// Nobody checked anything: it is assumed, to ask what would follow.
    Assumed,
}

/// The methods and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Authentication {
    /// SPF of the reverse-path's domain against the peer's address (RFC 7208).
    pub spf: AuthResult,
    /// Best DKIM signature (RFC 6376).
    pub dkim: AuthResult,
    /// DMARC of the From domain (RFC 7489).
    pub dmarc: AuthResult,
    /// The chain of a configured sealer (RFC 8617); `None` where there is none.
    pub arc: AuthResult,
    /// Whether the From domain is proved: DMARC passed, or without a policy SPF or DKIM is aligned, or a configured sealer
    /// vouches for it, or a trusted relay or login does.
    pub aligned: bool,
    /// By what it is proved; `None` where it isn't.
    pub proof: Option<Proof>,
    /// What was found, for people.
    pub evidence: Evidence,
}

impl Authentication {
    /// As if everything had been proved: `explain --content-only`, or a person who lets a mail go on.
    pub fn vouched() -> Self {
        Self::proved(Proof::Assumed)
    }

    /// Proved by what is known beside the message.
    pub fn proved(proof: Proof) -> Self {
        Self { aligned: true, proof: Some(proof), ..Self::default() }
    }

    /// Whether the answer may differ on a later attempt. What two programs read in two ways stays so.
    pub fn is_temporary(&self) -> bool {
        let results = [self.spf, self.dkim, self.dmarc, self.arc];
        !self.aligned && self.evidence.doubts.is_empty() && results.contains(&AuthResult::TempError)
    }

    /// The same for a message that can be read in two ways (`doubts`, see [`crate::domain::mime::InboundMail::doubts`]): what was
    /// proved of one reading proves nothing of another.
    pub fn unless_doubted(mut self, doubts: &[String]) -> Self {
        if !doubts.is_empty() {
            self.aligned = false;
            self.proof = None;
            self.evidence.doubts = doubts.to_vec();
        }
        self
    }

    /// Everything, one English line a fact, for people.
    pub fn lines(&self) -> Vec<String> {
        let proof = match &self.proof {
            Some(Proof::Link) => "proved: they have the guest's personal link".to_owned(),
            Some(Proof::Submission) => "proved: they signed in, or submitted from a trusted network".to_owned(),
            Some(Proof::TrustedRelay) => "proved: a trusted relay has checked it".to_owned(),
            Some(Proof::Dmarc) => "proved by DMARC".to_owned(),
            Some(Proof::Spf { domain }) => format!("proved by SPF of {domain}, which is aligned"),
            Some(Proof::Dkim { domain, selector }) => format!("proved by DKIM of {domain} (selector {selector}), which is aligned"),
            Some(Proof::Arc { sealer }) => format!("proved by ARC from {sealer}"),
            Some(Proof::Assumed) => "taken as proved".to_owned(),
            None if self.aligned => "proved".to_owned(),
            None => "not proved".to_owned(),
        };
        std::iter::once(proof).chain(self.evidence.lines()).collect()
    }
}

/// Relaxed alignment (RFC 7489 §3.1) without a list of public suffixes: one domain is the other, or below it. Letter case and
/// the two forms of international names count for nothing; what is no domain name is aligned with none.
pub fn is_aligned(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (domain_name(one), domain_name(other)) else { return false };
    let below =
        |low: &str, high: &str| high.contains('.') && low.strip_suffix(high).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below(&one, &other) || below(&other, &one)
}

/// A domain name as it is compared: in A-labels and lower case. `None` for anything else, such as a name with a bracket, a quote or
/// a NUL in it, in which one program sees another domain than the next (RFC 5890 §2.3.2.1).
pub fn domain_name(text: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(text).ok()?;
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        !label.is_empty() && label.len() <= 63 && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    (ascii.len() <= 253 && ascii.split('.').all(label)).then(|| ascii.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_is_by_whole_labels() {
        assert!(is_aligned("hopital.example", "HOPITAL.example"));
        assert!(is_aligned("mail.hopital.example", "hopital.example"));
        assert!(is_aligned("hôpital.example", "xn--hpital-ixa.example"));
        for (one, other) in [
            ("evilhopital.example", "hopital.example"),
            ("hopital.example", "example"),
            ("hopital.example", ""),
            ("hopital.example", "hôpital.example"),
            ("hopital.example", "hopital.example(.evil.example"),
            ("hopital.example", "evil.example\0.hopital.example"),
            ("hopital.example", "evil.example'.hopital.example"),
            ("hopital.example", "evil.example .hopital.example"),
        ] {
            assert!(!is_aligned(one, other), "{one} {other:?}");
        }
    }

    #[test]
    fn a_doubt_takes_the_proof_away() {
        let proved = Authentication { spf: AuthResult::TempError, ..Authentication::proved(Proof::Dmarc) };
        assert_eq!(proved.clone().unless_doubted(&[]), proved);
        let doubted = proved.unless_doubted(&["two Subject fields".to_owned()]);
        assert!(!doubted.aligned && doubted.proof.is_none() && !doubted.is_temporary());
        assert!(doubted.lines().iter().any(|line| line.contains("two Subject fields")));
    }

    #[test]
    fn what_was_kept_before_is_still_read() {
        let old = r#"{"spf":"pass","dkim":"none","dmarc":"fail","aligned":false}"#;
        let read: Authentication = serde_json::from_str(old).unwrap();
        assert_eq!((read.spf, read.arc, read.proof), (AuthResult::Pass, AuthResult::None, None));
    }
}
