//! Passwords of submission logins: argon2id in PHC form.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::sync::LazyLock;

/// A password could not be hashed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct PasswordError(String);

/// Checked where a login is unknown, so that it takes as long as a wrong password.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_password("nobody").ok());

/// The hash of a password with a fresh salt, for the column `password_hash`.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| PasswordError(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a password belongs to the hash. Never for nobody; slow on purpose.
pub(super) fn matches(password: &str, hash: Option<&str>) -> bool {
    let Some(known) = hash.or(NOBODY.as_deref()) else { return false };
    let right = PasswordHash::new(known).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
    right && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches() {
        let hash = hash_password("correct horse").unwrap();
        assert!(matches("correct horse", Some(&hash)));
        assert!(!matches("wrong horse", Some(&hash)));
        assert!(!matches("nobody", None), "the stand-in hash opens nothing");
        assert!(!matches("x", Some("no hash")));
    }
}
