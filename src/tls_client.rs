//! Whom the mail clients believe: the platform's authorities, or one file of them.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Builds the connector. An error names what is wrong with the authorities.
pub fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, String> {
    believing(verifier(ca_file)?)
}

/// Who verifies certificates: by the platform's authorities, or by those of the file.
pub fn verifier(ca_file: Option<&Path>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let Some(file) = ca_file else {
        let platform = rustls_platform_verifier::Verifier::new(provider()).map_err(|error| error.to_string())?;
        return Ok(Arc::new(platform));
    };
    let roots = Arc::new(authorities(file)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider()).build();
    verifier.map(|verifier| verifier as Arc<dyn ServerCertVerifier>).map_err(|error| error.to_string())
}

/// A connector that believes whom the verifier does.
pub fn believing(verifier: Arc<dyn ServerCertVerifier>) -> Result<TlsConnector, String> {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The one provider of cryptography.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let name = file.display();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| format!("{name} can't be read: {error}"))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| format!("{name} has a broken certificate: {error}"))?;
        store.add(certificate).map_err(|error| format!("{name} has a certificate that can't be used: {error}"))?;
    }
    if store.is_empty() { Err(format!("{name} has no certificate in it")) } else { Ok(store) }
}
