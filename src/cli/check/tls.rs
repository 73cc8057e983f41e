//! The certificate of the mail doors: readable, of this host, in time, and believed by mail programs.

use crate::config::{Config, Finding};
use crate::inbound::Tls;
use chrono::{DateTime, TimeDelta, Utc};
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What is left of a certificate's life when it should have been renewed.
const RENEW: TimeDelta = TimeDelta::days(21);
/// The last second of the year 9999, when every certificate has expired.
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);

pub(super) fn findings(config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    let listen = &config.listen;
    match (&listen.tls_certificate, &listen.tls_key) {
        (Some(certificate), Some(key)) => {
            let people = listen.submission.is_some() || listen.submissions.is_some();
            judge(certificate, key, &config.identity.host_name, people, now)
        }
        // One without the other is among the findings of the settings.
        _ if listen.mx.is_some_and(|address| !address.ip().is_loopback()) => {
            vec![Finding::warning(
                "TLS",
                "guests' mail servers send to listen.mx unencrypted: there is no certificate",
                "set listen.tls_certificate and listen.tls_key",
            )]
        }
        _ => Vec::new(),
    }
}

fn judge(certificate: &Path, key: &Path, host_name: &str, people: bool, now: DateTime<Utc>) -> Vec<Finding> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| {
            let advice = "look at listen.tls_certificate and listen.tls_key, and who may read the files";
            vec![Finding::problem("TLS", format!("{} cannot be read: {error}", path.display()), advice)]
        })
    };
    let (certificate_pem, key_pem) = match (read(certificate), read(key)) {
        (Ok(certificate), Ok(key)) => (certificate, key),
        (Err(findings), _) | (_, Err(findings)) => return findings,
    };
    if let Err(error) = Tls::from_pem(&certificate_pem, &key_pem) {
        let advice = "the certificate's own file with its chain, and the private key made for it, both in PEM";
        let found = format!("{} with {}: {error}", certificate.display(), key.display());
        return vec![Finding::problem("TLS", found, advice)];
    }
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificate_pem).filter_map(Result::ok).collect();
    let Some((own, issuers)) = chain.split_first() else { return Vec::new() };
    let Ok(parsed) = ParsedCertificate::try_from(own) else {
        return vec![Finding::problem("TLS", format!("{} is of a form that nobody accepts", certificate.display()), "get a new one")];
    };
    let mut findings = vec![Finding::ok("TLS", format!("{} and its key belong together", certificate.display())), name(&parsed, host_name)];
    findings.push(time(&parsed, now));
    findings.extend(trust(own, issuers, host_name, now).filter(|_| people));
    findings
}

fn name(certificate: &ParsedCertificate<'_>, host_name: &str) -> Finding {
    let right = ServerName::try_from(host_name).is_ok_and(|name| verify_server_name(certificate, &name).is_ok());
    if right {
        Finding::ok("TLS name", format!("it is for {host_name}"))
    } else {
        Finding::problem("TLS name", format!("it is not for {host_name}"), "get one for identity.host_name, as subject alternative name")
    }
}

fn time(certificate: &ParsedCertificate<'_>, now: DateTime<Utc>) -> Finding {
    let subject = "TLS dates";
    let advice = "renew it; the gateway reads it when it starts";
    let Some((begins, ends)) = limits(certificate, now) else {
        return Finding::warning(subject, "they cannot be read", "get a new certificate");
    };
    let day = ends.format("%Y-%m-%d");
    match begins {
        Some(begins) => {
            let found = format!("it is valid from {} only", begins.format("%Y-%m-%d %H:%M UTC"));
            Finding::problem(subject, found, "look at the clock of this machine")
        }
        None if ends <= now => Finding::problem(subject, format!("it expired on {day}"), advice),
        None if ends <= now + RENEW => Finding::warning(subject, format!("it expires on {day}"), advice),
        None => Finding::ok(subject, format!("valid until {day}")),
    }
}

/// The begin, where it is still to come, and the end. The library tells them by refusing: asked whether the certificate
/// is good at a time, it first says what speaks against the time.
fn limits(certificate: &ParsedCertificate<'_>, now: DateTime<Utc>) -> Option<(Option<DateTime<Utc>>, DateTime<Utc>)> {
    let refusal = |at: UnixTime| {
        let algorithms = default_provider().signature_verification_algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(certificate, &RootCertStore::empty(), &[], at, algorithms) {
            Err(Error::InvalidCertificate(error)) => Some(error),
            _ => None,
        }
    };
    let date = |time: UnixTime| DateTime::from_timestamp(i64::try_from(time.as_secs()).ok()?, 0);
    let begins = match refusal(unix(now))? {
        CertificateError::NotValidYetContext { not_before, .. } => date(not_before),
        _ => None,
    };
    match refusal(UnixTime::since_unix_epoch(END_OF_TIME))? {
        CertificateError::ExpiredContext { not_after, .. } => Some((begins, date(not_after)?)),
        _ => None,
    }
}

fn unix(time: DateTime<Utc>) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(time.timestamp()).unwrap_or_default()))
}

/// Whether a mail program with this machine's authorities would accept it; other faults are told above.
fn trust(own: &CertificateDer<'_>, issuers: &[CertificateDer<'_>], host_name: &str, now: DateTime<Utc>) -> Option<Finding> {
    let verifier = rustls_platform_verifier::Verifier::new(Arc::new(default_provider())).ok()?;
    let name = ServerName::try_from(host_name).ok()?;
    match verifier.verify_server_cert(own, issuers, &name, &[], unix(now)) {
        Err(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_))) => Some(Finding::warning(
            "TLS issuer",
            "no authority that this machine knows has signed it: organizers' mail programs may warn",
            "put the whole chain into the file (fullchain.pem), or see that their machines know your authority",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Level;
    use std::path::PathBuf;

    fn made(folder: &Path, name: &str, from: i32, to: i32) -> (PathBuf, PathBuf) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 6, 1);
        params.not_after = rcgen::date_time_ymd(to, 6, 1);
        let files = (folder.join(format!("{from}-{to}.pem")), folder.join(format!("{from}-{to}.key")));
        std::fs::write(&files.0, params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    fn levels(findings: &[Finding]) -> Vec<(&str, Level)> {
        findings.iter().map(|finding| (finding.subject.as_str(), finding.level)).collect()
    }

    #[test]
    fn name_dates_pair_and_issuer_are_judged() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = made(folder.path(), "gateway.visio.test", 2020, 2030);
        let at = |year: i32, month: u32, day: u32| {
            chrono::NaiveDate::from_ymd_opt(year, month, day).unwrap().and_time(Default::default()).and_utc()
        };
        let (ok, warning, problem) = (Level::Ok, Level::Warning, Level::Problem);
        let look = |host: &str, now| judge(&certificate, &key, host, false, now);

        let good = look("gateway.visio.test", at(2025, 1, 1));
        assert_eq!(levels(&good), [("TLS", ok), ("TLS name", ok), ("TLS dates", ok)]);
        assert_eq!(good[2].found, "valid until 2030-06-01");
        assert_eq!(levels(&look("mx.visio.test", at(2025, 1, 1)))[1].1, problem);
        assert_eq!(levels(&look("gateway.visio.test", at(2030, 5, 20)))[2].1, warning);
        assert_eq!(levels(&look("gateway.visio.test", at(2030, 6, 2)))[2].1, problem);
        let early = look("gateway.visio.test", at(2020, 5, 1));
        assert_eq!((early[2].level, early[2].found.as_str()), (problem, "it is valid from 2020-06-01 00:00 UTC only"));

        let seen_by_people = judge(&certificate, &key, "gateway.visio.test", true, at(2025, 1, 1));
        assert_eq!(levels(&seen_by_people)[3], ("TLS issuer", warning));
        let (_, other_key) = made(folder.path(), "gateway.visio.test", 2021, 2030);
        assert_eq!(levels(&judge(&certificate, &other_key, "gateway.visio.test", false, at(2025, 1, 1))), [("TLS", problem)]);
        assert_eq!(levels(&judge(&key, &key, "gateway.visio.test", false, at(2025, 1, 1))), [("TLS", problem)]);
        assert_eq!(levels(&judge(Path::new("/none"), &key, "gateway.visio.test", false, at(2025, 1, 1))), [("TLS", problem)]);
    }
}
