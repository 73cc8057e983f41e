//! How TLS is required of a host: DANE before MTA-STS before what can be had. Pure.

use super::dane::Association;
use super::mta_sts::{Mode, StsPolicy};
use super::names::Answer;
use super::report::TlsResult;

/// What a session with a host must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Encrypted if that can be had, by whomever (RFC 7435).
    Opportunistic,
    /// The same; what MTA-STS would have refused is counted (RFC 8461 §5, `testing`).
    Tested,
    /// Encrypted, with a certificate for the host (RFC 8461 §4.2).
    Verified,
    /// Encrypted, by whomever: there are TLSA records, none of which can be used (RFC 7672 §2.2).
    Encrypted,
    /// Encrypted, with a certificate that these name (RFC 7672 §2.2).
    Dane(Vec<Association>),
}

impl Demand {
    /// Whether nothing may be sent in clear.
    pub fn requires_tls(&self) -> bool {
        match self {
            Self::Opportunistic | Self::Tested => false,
            Self::Verified | Self::Encrypted | Self::Dane(_) => true,
        }
    }
}

/// Why a host may not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// As it is counted.
    pub result: TlsResult,
    /// In words.
    pub why: String,
}

/// What is demanded of a host. `tlsa` is what the DNS says of its port; it counts where the way to the host is proved.
pub fn demand(policy: Option<&StsPolicy>, tlsa: Answer<Association>, host: &str) -> Result<Demand, Unfit> {
    match tlsa {
        Answer::Found { records, secure: true } => {
            let usable: Vec<Association> = records.into_iter().filter(Association::is_usable).collect();
            return Ok(if usable.is_empty() { Demand::Encrypted } else { Demand::Dane(usable) });
        }
        // RFC 7672 §2.1.2: where a signed zone has no answer, somebody may hide the records.
        Answer::Failed(cause) => return Err(Unfit { result: TlsResult::DnssecInvalid, why: format!("{host}: TLSA: {cause}") }),
        Answer::Found { secure: false, .. } | Answer::Nothing | Answer::NoName => {}
    }
    let Some(policy) = policy else { return Ok(Demand::Opportunistic) };
    match policy.mode {
        Mode::Enforce if policy.names(host) => Ok(Demand::Verified),
        Mode::Enforce => {
            Err(Unfit { result: TlsResult::ValidationFailure, why: format!("{host} is no mail server of the domain's MTA-STS policy") })
        }
        Mode::Testing => Ok(Demand::Tested),
        Mode::None => Ok(Demand::Opportunistic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(mode: &str) -> StsPolicy {
        StsPolicy::parse("1", &format!("version: STSv1\nmode: {mode}\nmx: mx.example\nmax_age: 60\n")).unwrap()
    }

    fn tlsa(usage: u8, secure: bool) -> Answer<Association> {
        Answer::Found { records: vec![Association { usage, selector: 1, matching: 1, data: vec![7; 32] }], secure }
    }

    #[test]
    fn dane_goes_before_mta_sts_and_that_before_what_can_be_had() {
        let (enforce, testing) = (policy("enforce"), policy("testing"));
        assert!(matches!(demand(Some(&enforce), tlsa(3, true), "other.example"), Ok(Demand::Dane(_))));
        assert_eq!(demand(Some(&testing), tlsa(0, true), "mx.example"), Ok(Demand::Encrypted));
        assert_eq!(demand(Some(&enforce), Answer::Nothing, "mx.example"), Ok(Demand::Verified));
        assert_eq!(demand(Some(&enforce), Answer::NoName, "other.example").unwrap_err().result, TlsResult::ValidationFailure);
        assert_eq!(demand(Some(&testing), Answer::Nothing, "other.example"), Ok(Demand::Tested));
        assert_eq!(demand(Some(&policy("none")), Answer::Nothing, "mx.example"), Ok(Demand::Opportunistic));
        assert_eq!(demand(None, tlsa(3, false), "mx.example"), Ok(Demand::Opportunistic), "what is not proved says nothing");
        let hidden = demand(None, Answer::Failed("SERVFAIL".to_owned()), "mx.example");
        assert_eq!(hidden.unwrap_err().result, TlsResult::DnssecInvalid);
    }
}
