//! Disguises of header fields: encoded words (RFC 2047) in any charset, parameter continuations (RFC 2231 §3).

use super::bytes::{quoted_printable, text_of};

/// Longest name of a charset that is looked up.
const LONGEST_CHARSET: usize = 80;

/// Encoded words decoded, neighbours joined; continuations joined.
pub(in super::super) fn header_words(text: &str) -> String {
    if text.contains("=?") { continuations(&encoded_words(text)) } else { continuations(text) }
}

fn encoded_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut written, mut at) = (0, 0);
    // Where the next question mark stands: looked for once, however many words begin before it.
    let mut mark = 0;
    let mut after_word = false;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("=?")).map(|found| at + found) {
        at = start + 2;
        let Some(word) = Word::at(text, start, &mut mark) else { continue };
        let between = text.get(written..start).unwrap_or_default();
        // RFC 2047 §6.2: white space between two words is not shown.
        if !(after_word && between.trim().is_empty()) {
            out.push_str(between);
        }
        out.push_str(&word.decoded());
        (written, at, after_word) = (word.end, word.end, true);
    }
    out.push_str(text.get(written..).unwrap_or_default());
    out
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
            quoted_printable(self.content.replace('_', " ").as_bytes())
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

fn continuations(text: &str) -> String {
    if !text.contains("*") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split(';').enumerate() {
        match section(piece) {
            Some(value) => {
                let end = out.trim_end_matches(['"', ' ', '\r', '\n', '\t']).len();
                out.truncate(end);
                out.push_str(value.trim_start_matches('"'));
            }
            None => {
                if index > 0 {
                    out.push(';');
                }
                out.push_str(piece);
            }
        }
    }
    out
}

/// The value of `name*1=value` and its later sections.
fn section(piece: &str) -> Option<&str> {
    let (name, value) = piece.split_once('=')?;
    let (_, number) = name.trim().trim_end_matches('*').rsplit_once('*')?;
    number.parse::<u16>().ok().filter(|number| *number > 0).map(|_| value)
}
