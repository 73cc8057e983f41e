//! OpenPGP's armor within a text (RFC 9580 §6.2, §7): what is signed is read, what is encrypted is recognized.

use super::{Part, Placement};

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_ENDS: &str = "-----END PGP SIGNATURE-----";
const SEALED: &str = "-----BEGIN PGP MESSAGE-----";

/// Whether the text has an encrypted block of its own; a quoted one has a mark before it.
pub(super) fn is_sealed(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == SEALED)
}

/// Whether the sender's own text is signed in the cleartext form.
pub(super) fn has_signed(parts: &[Part]) -> bool {
    let mut texts = parts.iter().filter(|part| part.placement == Placement::Body && part.content_type == "text/plain");
    texts.any(|part| part.bytes.split(|octet| *octet == b'\n').any(|line| line.trim_ascii_end() == SIGNED.as_bytes()))
}

/// The text without the frame of a cleartext signature: its head, the signature, and the dashes that it escaped. `None` where it has none.
pub(super) fn unsigned(text: &str) -> Option<String> {
    enum At {
        Text,
        Head,
        Signed,
        Signature,
    }
    if !text.lines().any(|line| line.trim_end() == SIGNED) {
        return None;
    }
    let mut at = At::Text;
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines() {
        let end = line.trim_end();
        at = match at {
            At::Text if end == SIGNED => At::Head,
            At::Text => {
                kept.push(line);
                At::Text
            }
            // "Hash: SHA256", and an empty line.
            At::Head if end.is_empty() => At::Signed,
            At::Head => At::Head,
            At::Signed if end == SIGNATURE => At::Signature,
            At::Signed => {
                kept.push(line.strip_prefix("- ").unwrap_or(line));
                At::Signed
            }
            At::Signature if end == SIGNATURE_ENDS => At::Text,
            At::Signature => At::Signature,
        };
    }
    Some(kept.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_is_read() {
        let text = "Before\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOui.\n- -- \nJean\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n\
            -----END PGP SIGNATURE-----\nAfter";
        assert_eq!(unsigned(text).as_deref(), Some("Before\nOui.\n-- \nJean\nAfter"));
        assert_eq!(unsigned("> -----BEGIN PGP SIGNED MESSAGE-----\nx"), None);
        assert!(is_sealed("x\n-----BEGIN PGP MESSAGE-----\n") && !is_sealed("> -----BEGIN PGP MESSAGE-----"));
    }
}
