//! The certificate of the mail doors, which can be renewed while they run.

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Why a certificate can't be used. Names no path: the caller knows which file it read.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No readable certificate in the PEM text.
    #[error("no certificate can be read: {0}")]
    Certificate(String),
    /// No readable private key in the PEM text.
    #[error("no private key can be read: {0}")]
    Key(String),
    /// The key isn't that of the certificate, or of a kind that isn't supported.
    #[error("certificate and key don't fit: {0}")]
    Pair(#[from] rustls::Error),
}

/// A certificate chain with its key, ready for handshakes. Clones share it.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
}

/// The key that the next handshake gets.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// From a certificate chain (own certificate first) and a private key, both as PEM text.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = Arc::new(Current(RwLock::new(certified(certificate, key, &provider)?)));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), current })
    }

    /// Replaces certificate and key for the handshakes to come. On an error the old pair stays.
    pub fn reload(&self, certificate: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let renewed = certified(certificate, key, &aws_lc_rs::default_provider())?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

fn certified(certificate: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().map_err(|error| TlsError::Certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(TlsError::Certificate("the text has none".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::Key(error.to_string()))?;
    Ok(Arc::new(CertifiedKey::from_der(chain, key, provider)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str) -> (Vec<u8>, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (made.cert.pem().into_bytes(), made.signing_key.serialize_pem().into_bytes())
    }

    #[test]
    fn a_pair_is_renewed_and_a_wrong_one_changes_nothing() {
        let ((first, first_key), (second, second_key)) = (pair("mx.gateway.example"), pair("mx.gateway.example"));
        let tls = Tls::from_pem(&first, &first_key).unwrap();
        let served = || tls.current.0.read().unwrap().cert.clone();
        let before = served();
        assert!(matches!(tls.reload(&second, &first_key), Err(TlsError::Pair(_))));
        assert!(matches!(tls.reload(b"", &first_key), Err(TlsError::Certificate(_))));
        assert!(matches!(tls.reload(&first, b"junk"), Err(TlsError::Key(_))));
        assert_eq!(served(), before);
        tls.reload(&second, &second_key).unwrap();
        assert_ne!(served(), before);
    }
}
