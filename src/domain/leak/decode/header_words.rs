//! Disguises of header fields: encoded words (RFC 2047) in any charset, parameter continuations (RFC 2231 §3).

use super::bytes::{quoted_word, text_of};
use super::patch::{Patch, Reading};

/// Longest name of a charset that is looked up.
const LONGEST_CHARSET: usize = 80;

/// Encoded words decoded, neighbours joined.
pub(in super::super) fn encoded_words(text: &str, marks: &[usize]) -> Option<Reading> {
    let mut patch = Patch::of(text.as_bytes(), marks);
    let mut at = 0;
    // Where the next question mark stands: looked for once, however many words begin before it.
    let mut mark = 0;
    let mut after_word = false;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("=?")).map(|found| at + found) {
        at = start + 2;
        let Some(word) = Word::at(text, start, &mut mark) else { continue };
        let between = text.get(patch.at()..start).unwrap_or_default();
        // RFC 2047 §6.2: white space between two words is not shown.
        let from = if after_word && between.trim().is_empty() { patch.at() } else { start };
        patch.replace(from..word.end, word.decoded().as_bytes());
        (at, after_word) = (word.end, true);
    }
    patch.finish()
}

struct Word<'a> {
    charset: &'a str,
    base64: bool,
    content: &'a str,
    end: usize,
}

impl<'a> Word<'a> {
    fn at(text: &'a str, start: usize, mark: &mut usize) -> Option<Self> {
        let head = text.as_bytes().get(start + 2..)?;
        let named = head.iter().take(LONGEST_CHARSET).position(|byte| *byte == b'?')?;
        let charset = text.get(start + 2..start + 2 + named)?;
        let base64 = match head.get(named + 1..named + 3)? {
            [b'b' | b'B', b'?'] => true,
            [b'q' | b'Q', b'?'] => false,
            _ => return None,
        };
        let content_start = start + 2 + named + 3;
        if *mark < content_start {
            let rest = text.get(content_start..)?;
            *mark = rest.find('?').map_or(text.len(), |found| content_start + found);
        }
        let content = text.get(content_start..*mark)?;
        text.get(*mark..)?.starts_with("?=").then_some(Self { charset, base64, content, end: *mark + 2 })
    }

    fn decoded(&self) -> String {
        let bytes = if self.base64 {
            let digits: Vec<u8> = self.content.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
            // A digit too many is cut off, as mail programs do.
            let whole = digits.len() - usize::from(digits.len() % 4 == 1);
            let lenient = digits.get(..whole).unwrap_or_default();
            crate::domain::leak::packed::base64_digits(lenient)
        } else {
            quoted_word(self.content.as_bytes())
        };
        // RFC 2231 §5: a language may follow the charset.
        let label = self.charset.split('*').next().unwrap_or_default();
        match encoding_rs::Encoding::for_label(label.as_bytes()) {
            Some(encoding) if std::str::from_utf8(&bytes).is_err() || encoding != encoding_rs::UTF_8 => {
                encoding.decode(&bytes).0.into_owned()
            }
            _ => text_of(&bytes),
        }
    }
}

/// Parameter values in sections joined.
pub(in super::super) fn continuations(text: &str, marks: &[usize]) -> Option<Reading> {
    if !text.contains('*') {
        return None;
    }
    let mut patch = Patch::of(text.as_bytes(), marks);
    let mut end = 0;
    for piece in text.split_inclusive(';') {
        let start = end;
        end += piece.len();
        let Some(value) = section(piece) else { continue };
        // From the end of the section before, its quote and the semicolon put aside, to the value.
        let before = text.get(patch.at()..start).unwrap_or_default();
        let joined = before.trim_end_matches(['"', ';', ' ', '\r', '\n', '\t']).len();
        patch.replace(patch.at() + joined..start + value, b"");
    }
    patch.finish()
}

/// Where the value of `name*1="value` and its later sections begins.
fn section(piece: &str) -> Option<usize> {
    let (name, value) = piece.split_once('=')?;
    let (_, number) = name.trim().trim_end_matches('*').rsplit_once('*')?;
    number.parse::<u16>().ok().filter(|number| *number > 0)?;
    let quotes = value.len() - value.trim_start_matches('"').len();
    Some(name.len() + 1 + quotes)
}
