//! Disguises of HTML: character references and tags.

use super::patch::{Patch, Reading};

/// Longest name in the table of HTML.
const LONGEST_NAME: usize = 33;

/// Character references, numeric and all that HTML names; the semicolon may be missing.
pub(in super::super) fn entities(text: &str, marks: &[usize]) -> Option<Reading> {
    let mut patch = Patch::of(text.as_bytes(), marks);
    for at in memchr::memchr_iter(b'&', text.as_bytes()) {
        let piece = text.get(at + 1..).unwrap_or_default();
        let read = piece.strip_prefix('#').map_or_else(|| named(piece), numeric);
        if let Some((c, rest)) = read {
            patch.replace(at..text.len() - rest.len(), c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    patch.finish()
}

fn numeric(number: &str) -> Option<(char, &str)> {
    let (radix, digits) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, number),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(end)?;
    let digits = digits.trim_start_matches('0');
    let c = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    Some((c, rest.strip_prefix(';').unwrap_or(rest)))
}

fn named(piece: &str) -> Option<(char, &str)> {
    let name = |end: usize| piece.get(..end).filter(|name| !name.is_empty());
    let of = |name: &str| web_atoms::NAMED_ENTITIES.get(name).and_then(|(first, _)| char::from_u32(*first)).filter(|c| *c != '\0');
    let letters = piece.bytes().take(LONGEST_NAME).take_while(u8::is_ascii_alphanumeric).count();
    let rest = |end: usize| piece.get(end..).unwrap_or_default();
    let whole = of(&format!("{};", name(letters)?));
    if let Some(c) = whole {
        return Some((c, rest(letters).strip_prefix(';').unwrap_or(rest(letters))));
    }
    // Old names may go without the semicolon, glued to what follows: the longest that is one.
    (2..=letters).rev().find_map(|end| Some((of(name(end)?)?, rest(end))))
}

/// Tags and comments removed, so that `cla<b>ire</b>` joins.
pub(in super::super) fn tags(text: &str, marks: &[usize]) -> Option<Reading> {
    let mut patch = Patch::of(text.as_bytes(), marks);
    let (mut tag_end, mut comment_end) = (Ahead::new(">"), Ahead::new("-->"));
    for start in memchr::memchr_iter(b'<', text.as_bytes()) {
        let after = text.get(start + 1..).unwrap_or_default();
        let markup = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if start < patch.at() || !markup {
            continue;
        }
        let comment = after.starts_with("!--");
        let end = if comment { comment_end.from(text, start + 4) } else { tag_end.from(text, start + 1) };
        if let Some(end) = end {
            patch.remove(start..end);
        }
    }
    patch.finish()
}

/// Where a sign stands next: looked for once, however often it is asked from before it.
struct Ahead {
    sign: &'static str,
    found: usize,
}

impl Ahead {
    fn new(sign: &'static str) -> Self {
        Self { sign, found: 0 }
    }

    /// The end of the first sign at or after `from`.
    fn from(&mut self, text: &str, from: usize) -> Option<usize> {
        if self.found < from {
            let next = text.get(from..).and_then(|rest| rest.find(self.sign));
            self.found = next.map_or(usize::MAX, |next| from + next);
        }
        (self.found != usize::MAX).then(|| self.found + self.sign.len())
    }
}
