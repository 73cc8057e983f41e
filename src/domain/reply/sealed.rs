//! Encrypted: a person wrote, and nobody here can read what.

use super::{Finding, Message, ReplyClass};
use crate::domain::mime::Seal;

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let how = match message.mail.seal? {
        Seal::Smime => "encrypted with S/MIME",
        Seal::OpenPgp => "encrypted with OpenPGP",
    };
    Some(Finding::new(ReplyClass::Sealed, how))
}
