//! How sessions with mail servers were encrypted: the counters of RFC 8460, logged once a day.

use rustls::{CertificateError, Error};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the counters are logged.
const DAY: Duration = Duration::from_secs(86_400);
/// Most counters that are kept; what goes beyond is counted for no domain.
const COUNTERS_MAX: usize = 20_000;

/// What demanded something of a session (RFC 8460 §4.4, `policy-type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyKind {
    /// TLSA records.
    Tlsa,
    /// An MTA-STS policy.
    Sts,
    /// Nothing.
    NoPolicyFound,
}

impl PolicyKind {
    /// As RFC 8460 names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tlsa => "tlsa",
            Self::Sts => "sts",
            Self::NoPolicyFound => "no-policy-found",
        }
    }
}

/// How it ended (RFC 8460 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsResult {
    /// Encrypted as demanded.
    Successful,
    /// The server offers no STARTTLS.
    StarttlsNotSupported,
    /// The certificate is for another host.
    CertificateHostMismatch,
    /// The certificate is too old.
    CertificateExpired,
    /// Nobody who is believed vouches for the certificate.
    CertificateNotTrusted,
    /// Anything else.
    ValidationFailure,
    /// The certificate is not that of the TLSA records.
    TlsaInvalid,
    /// The records of a signed zone could not be had.
    DnssecInvalid,
    /// An MTA-STS policy could not be fetched.
    StsPolicyFetchError,
    /// An MTA-STS policy can't be read.
    StsPolicyInvalid,
}

impl TlsResult {
    /// What an error of TLS is counted as.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(certificate) => match certificate {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::CertificateHostMismatch,
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::CertificateExpired,
                // An issuer of the same name with another key is another one.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::CertificateNotTrusted,
                CertificateError::ApplicationVerificationFailure => Self::TlsaInvalid,
                _ => Self::ValidationFailure,
            },
            _ => Self::ValidationFailure,
        }
    }

    /// As RFC 8460 names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::StarttlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
        }
    }
}

/// A domain, what demanded something, and how it ended.
type Counter = (String, PolicyKind, TlsResult);

/// The counters since they were logged last.
pub struct Report(Mutex<(Instant, BTreeMap<Counter, u64>)>);

impl Default for Report {
    fn default() -> Self {
        Self(Mutex::new((Instant::now(), BTreeMap::new())))
    }
}

impl Report {
    /// One more.
    pub fn count(&self, domain: &str, kind: PolicyKind, result: TlsResult) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = state.1.len() >= COUNTERS_MAX;
        let mut counter = (domain.to_owned(), kind, result);
        if full && !state.1.contains_key(&counter) {
            counter.0 = "*".to_owned();
        }
        let count = state.1.entry(counter).or_default();
        *count = count.saturating_add(1);
    }

    /// Everything counted so far.
    pub fn counted(&self) -> Vec<(String, PolicyKind, TlsResult, u64)> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.iter().map(|((domain, kind, result), count)| (domain.clone(), *kind, *result, *count)).collect()
    }

    /// Logs and begins anew, once a day.
    pub fn log_when_due(&self, now: Instant) {
        let due = now.duration_since(self.0.lock().unwrap_or_else(PoisonError::into_inner).0) >= DAY;
        if due {
            self.log(now);
        }
    }

    /// Logs and begins anew.
    pub fn log(&self, now: Instant) {
        let old = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), (now, BTreeMap::new()));
        for ((domain, kind, result), sessions) in old.1 {
            tracing::info!(domain, policy = kind.name(), result = result.name(), sessions, "TLS with mail servers");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_begins_anew_after_a_day() {
        let report = Report::default();
        let now = Instant::now();
        for _ in 0..3 {
            report.count("hopital.example", PolicyKind::Sts, TlsResult::CertificateExpired);
        }
        report.log_when_due(now);
        assert_eq!(report.counted(), [("hopital.example".to_owned(), PolicyKind::Sts, TlsResult::CertificateExpired, 3)]);
        report.log_when_due(now + DAY + DAY);
        assert!(report.counted().is_empty());
    }

    #[test]
    fn errors_are_told_apart() {
        let of = |error| TlsResult::of(&Error::InvalidCertificate(error));
        assert_eq!(of(CertificateError::Expired), TlsResult::CertificateExpired);
        assert_eq!(of(CertificateError::UnknownIssuer), TlsResult::CertificateNotTrusted);
        assert_eq!(of(CertificateError::NotValidForName), TlsResult::CertificateHostMismatch);
        assert_eq!(TlsResult::of(&Error::HandshakeNotComplete), TlsResult::ValidationFailure);
    }
}
