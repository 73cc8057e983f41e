//! Whom a session believes, by what is demanded of it.

use super::dane::{self, Association};
use super::policy::Demand;
use super::report::TlsResult;
use crate::tls_client as tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_rustls::TlsConnector;

/// Makes connectors.
pub struct Trust {
    anybody: TlsConnector,
    verified: TlsConnector,
    verifier: Arc<dyn ServerCertVerifier>,
}

/// What a verifier would have refused, had it been asked in earnest.
pub type Remark = Arc<Mutex<Option<TlsResult>>>;

impl Trust {
    /// With the authorities of the system, or of a file. The error says what is wrong with them.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, String> {
        let verifier = tls::verifier(ca_file)?;
        Ok(Self { anybody: connector(Belief::Anybody)?, verified: tls::believing(verifier.clone())?, verifier })
    }

    /// The connector for a host of a domain, and where it remarks what it lets pass.
    pub fn connector(&self, demand: &Demand, host: &str, domain: &str) -> Result<(TlsConnector, Remark), String> {
        let remark = Remark::default();
        let connector = match demand {
            Demand::Opportunistic | Demand::Encrypted => self.anybody.clone(),
            Demand::Verified => self.verified.clone(),
            Demand::Tested => connector(Belief::Remarked(self.verifier.clone(), remark.clone()))?,
            Demand::Dane(associations) => {
                let names = [host, domain].into_iter().filter_map(|name| ServerName::try_from(name.to_owned()).ok()).collect();
                connector(Belief::Named(associations.clone(), names))?
            }
        };
        Ok((connector, remark))
    }
}

fn connector(belief: Belief) -> Result<TlsConnector, String> {
    tls::believing(Arc::new(Believer { belief, provider: tls::provider() }))
}

/// Who is believed.
#[derive(Debug)]
enum Belief {
    Anybody,
    Remarked(Arc<dyn ServerCertVerifier>, Remark),
    Named(Vec<Association>, Vec<ServerName<'static>>),
}

/// Judges certificates by a belief. That the server has the key of its certificate is verified in any case.
#[derive(Debug)]
struct Believer {
    belief: Belief,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.belief {
            Belief::Anybody => {}
            Belief::Remarked(verifier, remark) => {
                if let Err(error) = verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                    *remark.lock().unwrap_or_else(PoisonError::into_inner) = Some(TlsResult::of(&error));
                }
            }
            Belief::Named(associations, names) => dane::verify(associations, names, end_entity, intermediates, now, &self.provider)?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
