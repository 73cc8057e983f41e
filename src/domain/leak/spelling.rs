//! One spelling for all disguises of the same text: compatibility forms, accents, case, invisible characters.

use std::borrow::Cow;
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

/// The text that bytes show: as UTF-8, and what is none of it as windows-1252. A letter of UTF-8 is never read as two of
/// the other, which would cut the word it stands in.
pub(super) fn reading(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| WINDOWS_1252.get(usize::from(*byte))));
    }
    Cow::Owned(text)
}

/// Every octet as windows-1252 shows it.
static WINDOWS_1252: LazyLock<Vec<char>> = LazyLock::new(|| {
    let octets: Vec<u8> = (0..=u8::MAX).collect();
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(&octets).0.chars().collect()
});

/// The folded letters and digits of the characters below U+0250, which are nearly all that come: folding takes its time.
static LATIN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let letters = |c: char| {
        let mut squeezed = Squeezed::default();
        fold_char(c, &mut |c| squeezed.push(c));
        squeezed.letters
    };
    ('\0'..'\u{250}').map(letters).collect()
});

/// Letters and digits of a text alone, folded: every spelling of a secret has the secret's letters in it.
#[derive(Default)]
pub(super) struct Squeezed {
    pub(super) letters: String,
    /// Whether a sign is written as `(at)`, whose letters stand between those of a secret.
    pub(super) disguised: bool,
    bracket: usize,
}

/// Lower case of ASCII's letters and digits; 0 for the rest.
const LETTER: [u8; 128] = {
    let mut letters = [0; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            letters[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    letters
};

impl Squeezed {
    pub(super) fn of(text: &str) -> Self {
        let mut squeezed = Self { letters: String::with_capacity(text.len()), ..Self::default() };
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let (ascii, other) = rest.split_at(plain);
            squeezed.push_ascii(ascii);
            let mut chars = other.chars();
            if let Some(c) = chars.next() {
                match usize::try_from(u32::from(c)).ok().and_then(|code| LATIN.get(code)) {
                    Some(letters) => squeezed.letters.push_str(letters),
                    None => fold_char(c, &mut |c| squeezed.push(c)),
                }
            }
            rest = chars.as_str();
        }
        squeezed
    }

    fn push_ascii(&mut self, text: &str) {
        for byte in text.bytes() {
            match LETTER.get(usize::from(byte)).copied().unwrap_or_default() {
                0 => self.sign(char::from(byte)),
                letter => self.letters.push(char::from(letter)),
            }
        }
    }

    fn push(&mut self, c: char) {
        if c.is_alphanumeric() { self.letters.push(c) } else { self.sign(c) }
    }

    fn sign(&mut self, c: char) {
        if matches!(c, '(' | '[' | '{') {
            self.bracket = self.letters.len();
        } else if matches!(c, ')' | ']' | '}') {
            let within = self.letters.get(self.bracket..).unwrap_or_default();
            self.disguised |= matches!(within, "at" | "dot" | "point" | "arobase");
        }
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
