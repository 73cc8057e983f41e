//! Whom the mail clients believe: the platform's authorities, or one file of them.

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Builds the connector. An error names what is wrong with the authorities.
pub fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match ca_file {
        None => builder.with_platform_verifier().map_err(|error| error.to_string())?.with_no_client_auth(),
        Some(file) => builder.with_root_certificates(authorities(file)?).with_no_client_auth(),
    };
    Ok(TlsConnector::from(Arc::new(config)))
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
