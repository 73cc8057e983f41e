//! One spelling for all disguises of the same text: compatibility forms, accents, case, invisible characters.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters alike are made the same: NFKD without marks, lower case, invisible characters dropped.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c) && !invisible(*c));
    plain.flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// Folded text as its words, one space between and around: for names.
pub(super) fn words(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len() + 2);
    out.push(' ');
    for c in folded.chars() {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

/// Folded text without white space, `(at)` and `[dot]` undone: for addresses and ids.
pub(super) fn compact(folded: &str) -> String {
    let mut out: String = folded.chars().filter(|c| !c.is_whitespace()).collect();
    for (disguise, sign) in [("(at)", "@"), ("[at]", "@"), ("{at}", "@"), ("(dot)", "."), ("[dot]", ".")] {
        if out.contains(disguise) {
            out = out.replace(disguise, sign);
        }
    }
    out
}

fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}
