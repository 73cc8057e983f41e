//! Disguises of bytes: quoted-printable, percent encoding, calendar lines.

use super::patch::{Patch, Reading};
use memchr::{memchr_iter, memchr3_iter};
use std::ops::Range;

/// Quoted-printable (RFC 2045 §6.7), soft line breaks included.
pub(in super::super) fn quoted_printable(bytes: &[u8], marks: &[usize]) -> Option<Reading> {
    let mut patch = Patch::of(bytes, marks);
    for at in memchr_iter(b'=', bytes) {
        let after = bytes.get(at + 1..).unwrap_or_default();
        if let Some(skipped) = soft_break(after) {
            patch.replace(at..at + 1 + skipped, b"");
        } else if let Some(value) = hex_pair(after) {
            patch.replace(at..at + 3, &[value]);
        }
    }
    patch.finish()
}

/// Length of a soft line break after its `=`: white space may stand before the end of the line, at most a line of it.
fn soft_break(after: &[u8]) -> Option<usize> {
    let blank = after.iter().take(76).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line_end = after.get(blank..)?;
    if line_end.starts_with(b"\r\n") { Some(blank + 2) } else { line_end.starts_with(b"\n").then_some(blank + 1) }
}

/// Percent encoding (RFC 3986 §2.1, RFC 2231 §4). Each run of it is read in its own charset.
pub(in super::super) fn percent(text: &str, marks: &[usize]) -> Option<Reading> {
    let bytes = text.as_bytes();
    let mut patch = Patch::of(bytes, marks);
    let mut run = Vec::new();
    for at in memchr_iter(b'%', bytes) {
        if at < patch.at() {
            continue;
        }
        let mut end = at;
        while let Some(value) = escape(bytes, end) {
            run.push(value);
            end += 3;
        }
        if end > at {
            patch.replace(at..end, text_of(&run).as_bytes());
            run.clear();
        }
    }
    patch.finish()
}

fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    hex_pair(bytes.get(at + 1..)?).filter(|_| bytes.get(at) == Some(&b'%'))
}

/// Calendar lines unfolded (RFC 5545 §3.1), `\` and `^` escapes undone (§3.3.11, RFC 6868).
pub(in super::super) fn unfolded(bytes: &[u8], marks: &[usize]) -> Option<Reading> {
    let mut patch = Patch::of(bytes, marks);
    for at in memchr3_iter(b'\n', b'\\', b'^', bytes) {
        if at < patch.at() {
            continue;
        }
        let (length, written): (usize, &[u8]) = match bytes.get(at..).unwrap_or_default() {
            [b'\n', b' ' | b'\t', ..] => {
                patch.replace(folds(bytes, at, patch.at()), b"");
                continue;
            }
            [b'\\' | b'^', b'n' | b'N', ..] => (2, b" "),
            [b'^', b'\'', ..] => (2, b"\""),
            [b'^', b'^', ..] => (2, b"^"),
            [b'\\', ..] => (1, b""),
            _ => continue,
        };
        patch.replace(at..at + length, written);
    }
    patch.finish()
}

/// The fold at this line end, and those that come to be when it is undone: of empty lines above an indented one each unfolding would
/// leave another fold, and a text laid out so would never be read to its end.
fn folds(bytes: &[u8], line_end: usize, from: usize) -> Range<usize> {
    let before = |at: usize, byte: u8| at > from && bytes.get(at - 1) == Some(&byte);
    let mut range = line_end - usize::from(before(line_end, b'\r'))..line_end + 2;
    while before(range.start, b'\n') && matches!(bytes.get(range.end), Some(b' ' | b'\t')) {
        range.start -= 1;
        range.start -= usize::from(before(range.start, b'\r'));
        range.end += 1;
    }
    range
}

/// As UTF-8, or else as Latin-1.
pub(super) fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Quoted-printable without surroundings: of one encoded word.
pub(super) fn quoted_word(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut at = 0;
    while let Some(byte) = word.get(at) {
        let value = word.get(at + 1..).and_then(hex_pair).filter(|_| *byte == b'=');
        out.push(value.unwrap_or(if *byte == b'_' { b' ' } else { *byte }));
        at += if value.is_some() { 3 } else { 1 };
    }
    out
}

fn hex_pair(rest: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}
