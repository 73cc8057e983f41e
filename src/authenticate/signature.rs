//! DKIM signatures that hold and still say nothing of the author.

use crate::domain::authentication::{AuthResult, DkimEvidence, domain_name};
use mail_auth::{DkimOutput, DkimResult};

/// Takes out those that must not count, and gives them as evidence: whatever is asked later never sees them.
pub(super) fn put_aside(outputs: &mut Vec<DkimOutput<'_>>) -> Vec<DkimEvidence> {
    let mut aside = Vec::new();
    outputs.retain(|output| {
        let Some(signature) = output.signature() else { return true };
        let Some(fault) = fault(&signature.d, &signature.s, &signature.h) else { return true };
        aside.push(DkimEvidence {
            domain: signature.d.clone(),
            selector: signature.s.clone(),
            result: dkim_result(output.result()),
            remark: Some(fault.to_owned()),
        });
        false
    });
    aside
}

/// Why a signature says nothing of the author. That `l=` leaves a part of the body unsigned (RFC 6376 §8.2) is seen by mail-auth,
/// which takes no such signature.
pub(super) fn fault(domain: &str, selector: &str, signed: &[String]) -> Option<&'static str> {
    if domain_name(domain).is_none() || domain_name(selector).is_none() {
        // A NUL or a quote in a name: the key may come from another domain than the one that is compared.
        return Some("its domain or selector is no domain name");
    }
    // RFC 6376 §5.4: From must be signed.
    (!signed.iter().any(|field| field.trim().eq_ignore_ascii_case("from"))).then_some("it does not sign From")
}

/// The result of one signature.
pub(super) fn dkim_result(result: &DkimResult) -> AuthResult {
    match result {
        DkimResult::Pass => AuthResult::Pass,
        DkimResult::Neutral(_) => AuthResult::Neutral,
        DkimResult::Fail(_) => AuthResult::Fail,
        DkimResult::PermError(_) => AuthResult::PermError,
        DkimResult::TempError(_) => AuthResult::TempError,
        DkimResult::None => AuthResult::None,
    }
}

/// Why it does not hold.
pub(super) fn remark(result: &DkimResult) -> Option<String> {
    match result {
        DkimResult::Neutral(error) | DkimResult::Fail(error) | DkimResult::PermError(error) | DkimResult::TempError(error) => {
            Some(error.to_string())
        }
        DkimResult::Pass | DkimResult::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn signatures_that_say_nothing() {
        let signed = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>();
        assert_eq!(fault("hopital.example", "s1", &signed(&["From", "To"])), None);
        assert_eq!(fault("hopital.example", "2024.s1", &signed(&["to", " FROM "])), None);
        assert!(fault("hopital.example", "s1", &signed(&["To", "Subject"])).is_some());
        for domain in ["hopital.example(.evil.example", "hopital.example\0.evil.example", "hopital.example'.evil.example", "", "a..b"] {
            assert!(fault(domain, "s1", &signed(&["From"])).is_some(), "{domain:?}");
        }
        assert!(fault("evil.example", "x\0._domainkey.hopital", &signed(&["From"])).is_some());
    }
}
