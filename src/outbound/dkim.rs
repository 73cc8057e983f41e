//! DKIM (RFC 6376, RFC 8463): keys, their DNS records, and the transport that signs just before it sends.

use super::wire::mail_lines;
use crate::domain::delivery::{AttemptOutcome, OutboxItem};
use crate::flow::port::Transport;
use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mail_auth::common::crypto::{DkimKey, Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use mail_parser::MessageParser;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

/// What is signed. The first four stand twice (RFC 6376 §8.15): nobody can add another one later.
const FIELDS: [&str; 15] = [
    "From",
    "From",
    "To",
    "To",
    "Subject",
    "Subject",
    "Date",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
];

/// One key for one domain. Two keys of a domain (RSA and Ed25519) sign each mail twice.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DkimKeySettings {
    /// The domain of the From address that is signed.
    pub domain: String,
    /// The selector: its record stands at `<selector>._domainkey.<domain>`.
    pub selector: String,
    /// PEM file with an RSA (PKCS#8 or PKCS#1) or Ed25519 (PKCS#8) private key.
    pub key_file: PathBuf,
}

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DkimError {
    /// The file can't be read.
    #[error("{0} can't be read: {1}")]
    File(String, std::io::Error),
    /// No private key in the text.
    #[error("no PEM private key (PKCS#8 or PKCS#1) can be read")]
    Pem,
    /// Neither RSA of 1024 bits or more nor Ed25519.
    #[error("the key is neither RSA nor Ed25519")]
    Kind,
    /// The random source or the library failed.
    #[error("no key could be made")]
    Generation,
}

/// A fresh key with the TXT record to publish.
pub struct GeneratedKey {
    /// The private key, PKCS#8 in PEM.
    pub pem: String,
    /// The value of the TXT record.
    pub record: String,
}

/// A fresh RSA key of 2048 bits.
pub fn generate_rsa_2048() -> Result<GeneratedKey, DkimError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| DkimError::Generation)?;
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| DkimError::Generation)?;
    generated(der.as_ref())
}

/// A fresh Ed25519 key (RFC 8463).
pub fn generate_ed25519() -> Result<GeneratedKey, DkimError> {
    let der = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| DkimError::Generation)?;
    generated(der.as_ref())
}

fn generated(der: &[u8]) -> Result<GeneratedKey, DkimError> {
    let encoded = BASE64.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (index, c) in encoded.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    let record = record_of(&pem)?;
    Ok(GeneratedKey { pem, record })
}

/// The TXT record (RFC 6376 §3.6.1) that must be published for a private key.
pub fn record_of(pem: &str) -> Result<String, DkimError> {
    let der = private_key(pem)?;
    let bytes = der.secret_der();
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
        return Ok(format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(pair.public_key().as_ref())));
    }
    let pair = RsaKeyPair::from_pkcs8(bytes).or_else(|_| RsaKeyPair::from_der(bytes)).map_err(|_| DkimError::Kind)?;
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(|_| DkimError::Kind)?;
    Ok(format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public.as_ref())))
}

fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, DkimError> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| DkimError::Pem)
}

fn signing_key(pem: &str) -> Result<DkimKey, DkimError> {
    let der = private_key(pem)?;
    match Ed25519Key::from_pkcs8_maybe_unchecked_der(der.secret_der()) {
        Ok(key) => Ok(key.into()),
        Err(_) => RsaKey::<Sha256>::from_key_der(der).map(DkimKey::from).map_err(|_| DkimError::Kind),
    }
}

/// Every key, by domain.
#[derive(Default)]
pub struct Signer {
    keys: Vec<(String, DkimSigner<DkimKey, Done>)>,
}

impl Signer {
    /// Reads all key files; the error names the file.
    pub fn load(settings: &[DkimKeySettings]) -> Result<Self, DkimError> {
        let mut signer = Self::default();
        for key in settings {
            let name = key.key_file.display().to_string();
            let pem = std::fs::read_to_string(&key.key_file).map_err(|error| DkimError::File(name, error))?;
            signer.add(&key.domain, &key.selector, &pem)?;
        }
        Ok(signer)
    }

    /// Adds a key.
    pub fn add(&mut self, domain: &str, selector: &str, pem: &str) -> Result<(), DkimError> {
        let domain = domain.to_lowercase();
        let signer = DkimSigner::from_key(signing_key(pem)?)
            .domain(domain.clone())
            .selector(selector)
            .headers(FIELDS)
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(Canonicalization::Relaxed);
        self.keys.push((domain, signer));
        Ok(())
    }

    /// The message, in the form in which it is sent, with a signature by each key of its From domain above it; without
    /// one when there is no such key.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let message = mail_lines(message);
        let Some(domain) = from_domain(&message) else { return Ok(message) };
        let mut signed = Vec::with_capacity(message.len() + 1024);
        for (_, signer) in self.keys.iter().filter(|(of, _)| *of == domain) {
            let signature = signer.sign(&message).map_err(|error| error.to_string())?;
            signed.extend_from_slice(signature.to_header().as_bytes());
        }
        signed.extend_from_slice(&message);
        Ok(signed)
    }
}

fn from_domain(message: &[u8]) -> Option<String> {
    let parsed = MessageParser::new().with_minimal_headers().parse_headers(message)?;
    let (_, domain) = parsed.from()?.first()?.address()?.rsplit_once('@')?;
    Some(domain.to_lowercase())
}

/// Signs off the async threads, then hands over to the transport inside. Nothing leaves unsigned because
/// signing failed: it waits.
pub struct SigningTransport<T> {
    signer: Arc<Signer>,
    inside: T,
}

impl<T> SigningTransport<T> {
    /// Around a transport.
    pub fn new(signer: Arc<Signer>, inside: T) -> Self {
        Self { signer, inside }
    }
}

#[async_trait]
impl<T: Transport> Transport for SigningTransport<T> {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        let (signer, message) = (Arc::clone(&self.signer), item.message.clone());
        match tokio::task::spawn_blocking(move || signer.sign(&message)).await {
            Ok(Ok(message)) => self.inside.deliver(&OutboxItem { message, ..item.clone() }).await,
            Ok(Err(cause)) => deferred(&cause),
            Err(cause) => deferred(&cause.to_string()),
        }
    }

    fn is_one_way(&self) -> bool {
        self.inside.is_one_way()
    }
}

fn deferred(cause: &str) -> AttemptOutcome {
    tracing::error!(cause, "a mail could not be signed");
    AttemptOutcome::Deferred("451 4.7.5 the mail could not be signed".to_owned())
}
