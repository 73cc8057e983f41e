//! Bytes inside bytes: base64 and hex runs of text, compressed streams, UTF-16, and what can't be opened.

mod digits;
mod sealed;
mod streams;
mod stretches;
mod wide;

pub(super) use digits::{Runs, base64_digits};
pub(super) use sealed::sealed;
pub(super) use streams::streams;
pub(super) use stretches::strict_stretches;
pub(super) use wide::wide;
