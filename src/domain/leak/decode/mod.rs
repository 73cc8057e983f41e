//! One function per disguise of text. Each is total and linear: what it doesn't understand it leaves as it is.

mod bytes;
mod header_words;
mod markup;
mod punycode;

pub(super) use bytes::{percent, quoted_printable, text_of, unfolded};
pub(super) use header_words::header_words;
pub(super) use markup::{entities, tags};
pub(super) use punycode::punycode;
