//! ARC (RFC 8617): what a configured sealer, such as a list or a forwarder of the guests' own, saw before it changed the mail.

use super::signature::{dkim_result, fault};
use crate::domain::authentication::{ArcEvidence, AuthResult, arc_results, domain_name};
use mail_auth::{AuthenticatedMessage, MessageAuthenticator};

/// The newest set of a chain.
pub(super) struct Chain {
    pub evidence: ArcEvidence,
    /// ARC-Authentication-Results of the newest set; empty unless the chain is valid and its sealer configured.
    results: String,
}

impl Chain {
    /// By what the sealer saw an author of this domain proved, or why that is not believed.
    pub(super) fn proves(&self, from: &str) -> Result<&'static str, &'static str> {
        if !self.evidence.is_configured {
            return Err("not one of authentication.arc_sealers");
        }
        match self.evidence.result {
            AuthResult::Pass if self.results.is_empty() => Err("its signature does not cover the author"),
            AuthResult::Pass => arc_results::proves(&self.results, from),
            AuthResult::TempError => Err("a key could not be asked for"),
            AuthResult::Fail | AuthResult::SoftFail | AuthResult::Neutral | AuthResult::PermError | AuthResult::None => {
                Err("the chain does not hold")
            }
        }
    }

    /// The evidence, with what the sealer says of the author.
    pub(super) fn told(self, from: Option<&str>) -> ArcEvidence {
        let remark = match from.map(|from| self.proves(from)) {
            Some(Ok(how)) => format!("it reports {how}"),
            Some(Err(why)) => why.to_owned(),
            None => "there is no one author".to_owned(),
        };
        ArcEvidence { remark, ..self.evidence }
    }
}

/// Looks at the newest set, and verifies the chain where its sealer is configured: whoever is believed by nobody must not make us ask
/// for a hundred keys. `None` where there is no set.
pub(super) async fn check(checker: &MessageAuthenticator, message: &AuthenticatedMessage<'_>, sealers: &[String]) -> Option<Chain> {
    let sets = message.as_headers.len();
    // mail-auth sorts them by instance unless one cannot be read; then no chain holds (RFC 8617 §5.2).
    let newest = &message.as_headers.last()?.header;
    let sealer = newest.d.to_lowercase();
    let name = domain_name(&sealer);
    let is_configured = name.is_some() && sealers.iter().any(|known| domain_name(known) == name);
    let evidence = ArcEvidence { sealer: sealer.clone(), sets, is_configured, result: AuthResult::None, remark: String::new() };
    if !is_configured {
        return Some(Chain { evidence, results: String::new() });
    }
    let verified = checker.verify_arc(message).await;
    let result = dkim_result(verified.result());
    let results = match verified.sets().last() {
        // The sealer's own signature must cover From: else the mail may have been shown under another author since.
        Some(set) if result == AuthResult::Pass => {
            let signature = set.signature.header;
            let is_own = signature.d.eq_ignore_ascii_case(&sealer) && fault(&signature.d, &signature.s, &signature.h).is_none();
            if is_own { std::str::from_utf8(set.results.value).unwrap_or_default().to_owned() } else { String::new() }
        }
        Some(_) | None => String::new(),
    };
    Some(Chain { evidence: ArcEvidence { result, ..evidence }, results })
}
