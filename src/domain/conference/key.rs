//! The key that signs conference tokens, and its public half.

use super::{ConferenceError, plain_line};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};

/// The key that Prosody knows.
pub struct ConferenceKey {
    pub(super) header: Header,
    pub(super) key: EncodingKey,
}

/// The public half of a key that signs conference tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name.
    pub kid: String,
    /// SubjectPublicKeyInfo in PEM form (RFC 7468 §13).
    pub pem: String,
    /// Modulus and public exponent, big-endian.
    pub rsa: (Vec<u8>, Vec<u8>),
}

impl PublicKey {
    /// Reads an RSA private key in PEM form, PKCS#8 or PKCS#1.
    pub fn of_rsa(kid: &str, private_key_pem: &str) -> Result<Self, ConferenceError> {
        let body: String = private_key_pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        let der = STANDARD.decode(body).map_err(|_| ConferenceError::BadKey)?;
        let pair = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der)).map_err(|_| ConferenceError::BadKey)?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| ConferenceError::BadKey)?;
        let text = STANDARD.encode(spki.as_ref());
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        let public = pair.public_key();
        let rsa =
            (public.modulus().big_endian_without_leading_zero().to_vec(), public.exponent().big_endian_without_leading_zero().to_vec());
        Ok(Self { kid: kid.to_owned(), pem, rsa })
    }
}

impl std::fmt::Debug for ConferenceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConferenceKey({:?})", self.header.alg)
    }
}

impl ConferenceKey {
    /// HS256 with Prosody's `app_secret`.
    pub fn shared_secret(secret: &[u8]) -> Result<Self, ConferenceError> {
        if secret.len() < 32 {
            return Err(ConferenceError::SecretTooShort);
        }
        Ok(Self { header: Header::new(Algorithm::HS256), key: EncodingKey::from_secret(secret) })
    }

    /// RS256; Prosody fetches the public key under `sha256hex(kid).pem`.
    pub fn rsa(kid: &str, private_key_pem: &[u8]) -> Result<Self, ConferenceError> {
        let kid = plain_line(kid).ok_or(ConferenceError::BadKey)?;
        let key = EncodingKey::from_rsa_pem(private_key_pem).map_err(|_| ConferenceError::BadKey)?;
        Ok(Self { header: Header { kid: Some(kid), ..Header::new(Algorithm::RS256) }, key })
    }
}
