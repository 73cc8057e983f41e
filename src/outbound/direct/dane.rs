//! DANE (RFC 7672): TLSA records, proved by DNSSEC, say which certificate a mail server has.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// DANE-TA: the record names an authority above the server's certificate.
const TRUST_ANCHOR: u8 = 2;
/// DANE-EE: the record names the server's certificate itself.
const END_ENTITY: u8 = 3;

/// A TLSA record (RFC 6698 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// Certificate usage.
    pub usage: u8,
    /// Selector: 0 the whole certificate, 1 its public key.
    pub selector: u8,
    /// Matching type: 0 the octets, 1 their SHA-256, 2 their SHA-512.
    pub matching: u8,
    /// What it is compared with.
    pub data: Vec<u8>,
}

impl Association {
    /// Whether mail servers are judged by it. PKIX-TA and PKIX-EE are not for SMTP (RFC 7672 §3.1.3).
    pub fn is_usable(&self) -> bool {
        let length = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        length && [TRUST_ANCHOR, END_ENTITY].contains(&self.usage) && self.selector <= 1
    }

    /// Whether it is about this certificate.
    pub fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let key;
        let octets: &[u8] = if self.selector == 0 {
            certificate
        } else {
            let Ok(parsed) = ParsedCertificate::try_from(certificate) else { return false };
            key = parsed.subject_public_key_info();
            &key
        };
        match self.matching {
            0 => octets == self.data,
            1 => digest(&SHA256, octets).as_ref() == self.data,
            2 => digest(&SHA512, octets).as_ref() == self.data,
            _ => false,
        }
    }
}

/// Whether a server's certificates are those that the associations name. `names` are the host and the domain.
pub fn verify(
    associations: &[Association],
    names: &[ServerName<'static>],
    end_entity: &CertificateDer<'_>,
    above: &[CertificateDer<'_>],
    now: UnixTime,
    provider: &CryptoProvider,
) -> Result<(), Error> {
    // RFC 7672 §3.1.1: neither names nor dates in it count, the DNS has said all.
    if associations.iter().any(|one| one.usage == END_ENTITY && one.matches(end_entity)) {
        return Ok(());
    }
    let mut anchors = RootCertStore::empty();
    for one in associations.iter().filter(|one| one.usage == TRUST_ANCHOR) {
        let shown = above.iter().filter(|certificate| one.matches(certificate)).map(|certificate| certificate.clone().into_owned());
        // RFC 7672 §3.1.2: the whole authority in the DNS need not be sent by the server.
        let whole = (one.selector == 0 && one.matching == 0).then(|| CertificateDer::from(one.data.clone()));
        // One that can't be read is none.
        anchors.add_parsable_certificates(shown.chain(whole));
    }
    if anchors.is_empty() {
        return Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
    }
    let parsed = ParsedCertificate::try_from(end_entity)?;
    let algorithms = provider.signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&parsed, &anchors, above, now, algorithms)?;
    // RFC 7672 §3.2.2: below an authority the name counts.
    let mut refused = Error::InvalidCertificate(CertificateError::NotValidForName);
    for name in names {
        match verify_server_name(&parsed, name) {
            Ok(()) => return Ok(()),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls_client::provider;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    struct Chain {
        end: CertificateDer<'static>,
        authority: CertificateDer<'static>,
    }

    fn chain(host: &str) -> Chain {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let end = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        Chain { end: end.der().clone(), authority: issuer.der().clone() }
    }

    fn spki(certificate: &CertificateDer<'_>) -> Vec<u8> {
        ParsedCertificate::try_from(certificate).unwrap().subject_public_key_info().to_vec()
    }

    fn association(usage: u8, selector: u8, matching: u8, certificate: &CertificateDer<'_>) -> Association {
        let octets = if selector == 0 { certificate.to_vec() } else { spki(certificate) };
        let data = match matching {
            1 => digest(&SHA256, &octets).as_ref().to_vec(),
            2 => digest(&SHA512, &octets).as_ref().to_vec(),
            _ => octets,
        };
        Association { usage, selector, matching, data }
    }

    fn holds(associations: &[Association], names: &[&str], chain: &Chain, above: bool) -> bool {
        let names: Vec<ServerName<'static>> = names.iter().map(|name| ServerName::try_from((*name).to_owned()).unwrap()).collect();
        let above: Vec<CertificateDer<'_>> = above.then(|| chain.authority.clone()).into_iter().collect();
        verify(associations, &names, &chain.end, &above, UnixTime::now(), &provider()).is_ok()
    }

    #[test]
    fn the_servers_own_certificate_counts_whatever_its_name() {
        let (ours, other) = (chain("mx.example"), chain("mx.example"));
        for selector in [0, 1] {
            for matching in [0, 1, 2] {
                let record = association(3, selector, matching, &ours.end);
                assert!(record.is_usable());
                assert!(holds(std::slice::from_ref(&record), &["elsewhere.example"], &ours, false), "3 {selector} {matching}");
                assert!(!holds(std::slice::from_ref(&record), &["mx.example"], &other, true), "3 {selector} {matching}");
                // Two records, as while a key is changed: one that fits is enough.
                assert!(holds(&[association(3, selector, matching, &other.end), record], &[], &ours, false));
            }
        }
    }

    #[test]
    fn below_an_authority_the_name_counts() {
        let (ours, other) = (chain("mx.example"), chain("mx.example"));
        for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
            let record = [association(2, selector, matching, &ours.authority)];
            assert!(record[0].is_usable());
            assert!(holds(&record, &["mx.example"], &ours, true), "2 {selector} {matching}");
            assert!(holds(&record, &["domain.example", "mx.example"], &ours, true));
            assert!(!holds(&record, &["other.example"], &ours, true), "2 {selector} {matching}");
            assert!(!holds(&record, &["mx.example"], &other, true), "2 {selector} {matching}");
            assert_eq!(holds(&record, &["mx.example"], &ours, false), (selector, matching) == (0, 0), "only a whole one need not be sent");
        }
    }

    #[test]
    fn what_is_not_for_mail_is_not_used() {
        let ours = chain("mx.example");
        for (usage, selector, matching) in [(0, 1, 1), (1, 1, 1), (3, 2, 1), (3, 1, 3), (4, 1, 1)] {
            assert!(!association(usage, selector, matching, &ours.end).is_usable(), "{usage} {selector} {matching}");
        }
        assert!(!Association { usage: 3, selector: 1, matching: 1, data: vec![0; 31] }.is_usable());
        assert!(!Association { usage: 3, selector: 1, matching: 0, data: Vec::new() }.is_usable());
    }
}
