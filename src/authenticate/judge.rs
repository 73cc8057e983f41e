//! The sum of what the methods found: whether the author is proved, by what, and the evidence that is kept.

use super::arc::Chain;
use super::signature::dkim_result;
use crate::domain::address::Mailbox;
use crate::domain::authentication::{
    AuthResult, Authentication, DkimEvidence, DmarcEvidence, Evidence, Proof, SpfEvidence, SpfIdentity, domain_name, is_aligned,
};
use mail_auth::dmarc::Policy;
use mail_auth::{AuthenticatedMessage, DkimOutput, DmarcOutput, DmarcResult, SpfOutput, SpfResult};

/// What the methods found.
pub(super) struct Checked<'a> {
    pub message: &'a AuthenticatedMessage<'a>,
    pub identity: SpfIdentity,
    /// The domain that SPF must have been checked for.
    pub mail_from: &'a str,
    pub spf: &'a SpfOutput,
    /// Those signatures that may count.
    pub dkim: &'a [DkimOutput<'a>],
    /// Those that may not.
    pub remarks: Vec<DkimEvidence>,
    pub dmarc: &'a DmarcOutput,
    pub arc: Option<Chain>,
}

/// Sums up. `author` is whom the flows take for the author.
pub(super) fn judge(author: Option<&Mailbox>, checked: Checked<'_>) -> Authentication {
    let from = match (checked.message.from.as_slice(), author) {
        // Two parsers read a broken header in two ways: only the author whom both found can be proved.
        ([one], Some(author)) if Mailbox::parse(one).is_ok_and(|checked| checked.same_as(author)) => Some(author.domain()),
        // No author, several, or another one.
        _ => None,
    };
    let dmarc = dmarc_result(checked.dmarc);
    let proof = from.and_then(|from| proof(from, dmarc, &checked));
    Authentication {
        spf: spf_result(checked.spf),
        dkim: best(checked.dkim),
        dmarc,
        arc: checked.arc.as_ref().map_or(AuthResult::None, |chain| chain.evidence.result),
        aligned: proof.is_some(),
        proof,
        evidence: evidence(from, dmarc, checked),
    }
}

/// By what an author of this domain is proved.
fn proof(from: &str, dmarc: AuthResult, checked: &Checked<'_>) -> Option<Proof> {
    match dmarc {
        AuthResult::Pass => return Some(Proof::Dmarc),
        // Without a policy of the domain, what DMARC would ask is asked all the same.
        AuthResult::None => {
            if let Some(proof) = by_alignment(from, checked) {
                return Some(proof);
            }
        }
        AuthResult::Fail | AuthResult::SoftFail | AuthResult::Neutral | AuthResult::TempError | AuthResult::PermError => {}
    }
    let chain = checked.arc.as_ref()?;
    chain.proves(from).is_ok().then(|| Proof::Arc { sealer: chain.evidence.sealer.clone() })
}

fn by_alignment(from: &str, checked: &Checked<'_>) -> Option<Proof> {
    let signed = checked.dkim.iter().filter(|output| dkim_result(output.result()) == AuthResult::Pass).find_map(|output| {
        let signature = output.signature().filter(|signature| is_aligned(from, &signature.d))?;
        Some(Proof::Dkim { domain: signature.d.clone(), selector: signature.s.clone() })
    });
    // What was checked must be what the envelope says.
    let is_same = domain_name(checked.mail_from).is_some_and(|domain| domain_name(checked.spf.domain()) == Some(domain));
    let by_spf = is_same && checked.spf.result() == SpfResult::Pass && is_aligned(from, checked.spf.domain());
    signed.or_else(|| by_spf.then(|| Proof::Spf { domain: checked.spf.domain().to_owned() }))
}

fn evidence(from: Option<&str>, dmarc: AuthResult, checked: Checked<'_>) -> Evidence {
    let spf = SpfEvidence { identity: checked.identity, domain: checked.spf.domain().to_owned(), result: spf_result(checked.spf) };
    let signed = checked.dkim.iter().filter_map(|output| {
        let signature = output.signature()?;
        let result = dkim_result(output.result());
        let remark = super::signature::remark(output.result());
        Some(DkimEvidence { domain: signature.d.clone(), selector: signature.s.clone(), result, remark })
    });
    let policy = match checked.dmarc.policy() {
        Policy::None => "none",
        Policy::Quarantine => "quarantine",
        Policy::Reject => "reject",
        Policy::Unspecified => "unknown",
    };
    let passed = |result: &DmarcResult| *result == DmarcResult::Pass;
    let dmarc = (dmarc != AuthResult::None).then(|| DmarcEvidence {
        domain: checked.dmarc.domain().to_owned(),
        policy: policy.to_owned(),
        spf_aligned: passed(checked.dmarc.spf_result()),
        dkim_aligned: passed(checked.dmarc.dkim_result()),
        result: dmarc,
    });
    Evidence {
        from: from.map(str::to_owned),
        spf: (!spf.domain.is_empty()).then_some(spf),
        dkim: signed.chain(checked.remarks).collect(),
        dmarc,
        arc: checked.arc.map(|chain| chain.told(from)),
        doubts: Vec::new(),
    }
}

fn spf_result(output: &SpfOutput) -> AuthResult {
    match output.result() {
        SpfResult::Pass => AuthResult::Pass,
        SpfResult::Fail => AuthResult::Fail,
        SpfResult::SoftFail => AuthResult::SoftFail,
        SpfResult::Neutral => AuthResult::Neutral,
        SpfResult::TempError => AuthResult::TempError,
        SpfResult::PermError => AuthResult::PermError,
        SpfResult::None => AuthResult::None,
    }
}

/// The best of several signatures: one that holds is enough (RFC 6376 §6.1).
fn best(outputs: &[DkimOutput<'_>]) -> AuthResult {
    let results: Vec<AuthResult> = outputs.iter().map(|output| dkim_result(output.result())).collect();
    let order = [AuthResult::Pass, AuthResult::TempError, AuthResult::Fail, AuthResult::PermError, AuthResult::Neutral];
    order.into_iter().find(|result| results.contains(result)).unwrap_or(AuthResult::None)
}

fn dmarc_result(output: &DmarcOutput) -> AuthResult {
    match output.result() {
        DmarcResult::Pass => AuthResult::Pass,
        DmarcResult::Fail(_) => AuthResult::Fail,
        DmarcResult::TempError(_) => AuthResult::TempError,
        DmarcResult::PermError(_) => AuthResult::PermError,
        DmarcResult::None => AuthResult::None,
    }
}
