//! One function per disguise of text. Each is total and linear, and gives what reads otherwise without it.

mod bytes;
mod header_words;
mod markup;
mod patch;
mod punycode;

pub(super) use bytes::{percent, quoted_printable, unfolded};
pub(super) use header_words::{continuations, encoded_words};
pub(super) use markup::{entities, tags};
pub(super) use patch::Reading;
pub(super) use punycode::punycode;
