//! The one way in which requests are made of other HTTP servers.

use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;
use std::time::Duration;

/// Why there is no client. For the operator.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// The library could not be set up.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// TLS could not be set up.
    #[error("no TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Waits for an answer no longer than `patience`, follows no redirection and asks no proxy; believes the platform's authorities.
pub fn new(patience: Duration) -> Result<Client, HttpClientError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.with_platform_verifier()?.with_no_client_auth();
    Ok(Client::builder().tls_backend_preconfigured(tls).timeout(patience).redirect(Policy::none()).no_proxy().build()?)
}
