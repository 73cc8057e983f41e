//! One spelling for all disguises of the same text: compatibility forms, accents, case, invisible characters.

use std::sync::LazyLock;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Signs written so that no program sees an address.
const DISGUISES: [(&str, char); 10] = [
    ("(at)", '@'),
    ("[at]", '@'),
    ("{at}", '@'),
    ("(dot)", '.'),
    ("[dot]", '.'),
    ("{dot}", '.'),
    ("(point)", '.'),
    ("[point]", '.'),
    ("(arobase)", '@'),
    ("[arobase]", '@'),
];

/// A text in the four spellings in which secrets are looked for. All are folded: lower case, no accents.
#[derive(Default)]
pub(super) struct Spelled {
    /// Its words, one space between and around: for names and logins.
    pub(super) words: String,
    /// Signs kept, white space as one space: for hosts.
    pub(super) marks: String,
    /// No white space: for addresses and ids.
    pub(super) compact: String,
    /// Its numbers, the signs within telephone numbers dropped.
    pub(super) digits: String,
}

impl Spelled {
    pub(super) fn of(text: &str) -> Self {
        let mut spelled = Self::with_room_for(text.len());
        for c in text.chars() {
            fold_char(c, &mut |c| spelled.push(c));
        }
        spelled.finished()
    }

    /// Bytes that are no text, read as Latin-1.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        static LATIN_1: LazyLock<Vec<char>> = LazyLock::new(|| {
            let first = |byte: u8| {
                let mut folded = None;
                fold_char(char::from(byte), &mut |c| folded = folded.or(Some(c)));
                folded.unwrap_or('\u{1}')
            };
            (0..=u8::MAX).map(first).collect()
        });
        let mut spelled = Self::with_room_for(bytes.len());
        for byte in bytes {
            spelled.push(LATIN_1.get(usize::from(*byte)).copied().unwrap_or('\u{1}'));
        }
        spelled.finished()
    }

    fn with_room_for(length: usize) -> Self {
        let room = || String::with_capacity(length + 2);
        let mut spelled = Self { words: room(), marks: room(), compact: room(), digits: String::new() };
        spelled.words.push(' ');
        spelled.marks.push(' ');
        spelled
    }

    fn push(&mut self, c: char) {
        if c.is_alphanumeric() {
            self.words.push(c);
            self.marks.push(c);
            self.compact.push(c);
        } else {
            gap(&mut self.words);
            if c.is_whitespace() {
                gap(&mut self.marks);
            } else {
                self.marks.push(c);
                self.compact.push(c);
            }
        }
        if c.is_ascii_digit() {
            self.digits.push(c);
        } else if !matches!(c, ' ' | '.' | '-' | '(' | ')' | '/' | '+') && !self.digits.is_empty() {
            gap(&mut self.digits);
        }
    }

    fn finished(mut self) -> Self {
        gap(&mut self.words);
        gap(&mut self.marks);
        if self.compact.contains(['(', '[', '{']) {
            for (disguise, sign) in DISGUISES {
                if self.compact.contains(disguise) {
                    self.compact = self.compact.replace(disguise, sign.encode_utf8(&mut [0; 4]));
                    // White space around them is part of the disguise.
                    for form in [format!(" {disguise} "), format!(" {disguise}"), format!("{disguise} "), disguise.to_owned()] {
                        self.marks = self.marks.replace(&form, sign.encode_utf8(&mut [0; 4]));
                    }
                }
            }
        }
        self
    }
}

fn gap(text: &mut String) {
    if !text.ends_with(' ') {
        text.push(' ');
    }
}

/// Letters alike are made the same: NFKD without marks, lower case, invisible characters dropped.
fn fold_char(c: char, emit: &mut impl FnMut(char)) {
    if c.is_ascii() {
        return emit(c.to_ascii_lowercase());
    }
    if invisible(c) {
        return;
    }
    decompose_compatible(c, |part| {
        for lower in part.to_lowercase().filter(|c| !is_combining_mark(*c)) {
            match lower {
                // Letters that have no decomposition.
                'ø' => emit('o'),
                'ł' => emit('l'),
                'đ' | 'ð' => emit('d'),
                'ı' => emit('i'),
                'æ' => "ae".chars().for_each(&mut *emit),
                'œ' => "oe".chars().for_each(&mut *emit),
                'ß' => "ss".chars().for_each(&mut *emit),
                // RFC 3490 §3.1 takes these for dots.
                '\u{3002}' => emit('.'),
                other => emit(other),
            }
        }
    });
}

fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
