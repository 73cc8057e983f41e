//! What a browser keeps for us while its person signs in, so that nobody can make the archive grow by asking to sign in.

use super::port::{PortError, PortResult};
use crate::domain::person::SignInUnderWay;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

/// For what the key is: what it sealed means nothing elsewhere.
const PURPOSE: &[u8] = b"paravent sign-in";
/// Longest sealed text that is looked at: browsers keep no more in a cookie.
const SEALED_MAX: usize = 4_096;

/// Seals sign-ins under way with a key that is made of the newest key of links: all nodes have the same, also after a restart.
/// When that is rotated, whoever is at the provider just then begins again, which spares the operator one more key.
pub struct Seal(RandomizedNonceKey);

#[derive(Serialize, Deserialize)]
struct Kept {
    under_way: SignInUnderWay,
    until: DateTime<Utc>,
}

fn unsealed(_: Unspecified) -> PortError {
    PortError::new("seal a sign-in", "the cryptographic library refuses".to_owned())
}

impl Seal {
    /// With a key derived from this secret (RFC 5869 would do the same for one key: a secret of full strength is hashed with its purpose).
    pub fn new(secret: &[u8]) -> PortResult<Self> {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), PURPOSE);
        RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).map(Self).map_err(unsealed)
    }

    /// As a cookie's value: nobody but us can read or change it.
    pub(super) fn close(&self, under_way: SignInUnderWay, until: DateTime<Utc>) -> PortResult<String> {
        let mut text =
            serde_json::to_vec(&Kept { under_way, until }).map_err(|error| PortError::new("seal a sign-in", error.to_string()))?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(PURPOSE), &mut text).map_err(unsealed)?;
        Ok(BASE64URL_NOPAD.encode(&[nonce.as_ref().as_slice(), &text].concat()))
    }

    /// What was sealed, if we did it and it is not too late.
    pub(super) fn open(&self, cookie: &str, now: DateTime<Utc>) -> Option<SignInUnderWay> {
        let sealed = (cookie.len() <= SEALED_MAX).then(|| BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()).flatten()?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let (nonce, mut text) = (Nonce::try_assume_unique_for_key(nonce).ok()?, text.to_vec());
        let text = self.0.open_in_place(nonce, Aad::from(PURPOSE), &mut text).ok()?;
        let kept: Kept = serde_json::from_slice(text).ok()?;
        (now < kept.until).then_some(kept.under_way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn only_what_we_sealed_ourselves_and_lately_is_opened() {
        let (seal, now) = (Seal::new(&[7; 32]).unwrap(), Utc::now());
        let text = |word: &str| word.to_owned();
        let under_way = SignInUnderWay { state: text("s"), nonce: text("n"), verifier: text("the verifier"), to: text("/desk") };
        let cookie = seal.close(under_way.clone(), now + TimeDelta::minutes(10)).unwrap();
        assert_eq!(seal.open(&cookie, now), Some(under_way.clone()));
        assert_eq!(seal.open(&cookie, now + TimeDelta::minutes(10)), None, "too late");
        assert_ne!(seal.close(under_way, now + TimeDelta::minutes(10)).unwrap(), cookie);
        assert_eq!(Seal::new(&[7; 32]).unwrap().open(&cookie, now), seal.open(&cookie, now), "another node");
        assert_eq!(Seal::new(&[8; 32]).unwrap().open(&cookie, now), None, "another key");
        let octets = BASE64URL_NOPAD.decode(cookie.as_bytes()).unwrap();
        assert!(!octets.windows(8).any(|part| part == b"verifier"));
        for place in 0..octets.len() {
            let mut changed = octets.clone();
            changed[place] ^= 1;
            assert_eq!(seal.open(&BASE64URL_NOPAD.encode(&changed), now), None, "{place}");
        }
        for none in ["", "x", "AAAA", &"A".repeat(5_000)] {
            assert_eq!(seal.open(none, now), None);
        }
    }
}
