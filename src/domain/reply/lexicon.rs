//! Phrases of many languages, kept in `lexicon/*.txt` and never in code.

/// Most octets of a text that are compared with a lexicon: what matters stands at the top.
const LOOKED_AT: usize = 32 * 1024;
/// Widest gap that a `*` bridges, in octets.
const GAP: usize = 80;

/// One file: `[section]` lines, `#` comments, one phrase a line. Lines before the first section are section "".
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexicon(&'static str);

impl Lexicon {
    pub(super) const BOUNCE: Self = Self(include_str!("lexicon/bounce.txt"));
    pub(super) const VERDICT: Self = Self(include_str!("lexicon/verdict.txt"));
    pub(super) const AUTO_REPLY: Self = Self(include_str!("lexicon/auto_reply.txt"));
    pub(super) const CHALLENGE: Self = Self(include_str!("lexicon/challenge.txt"));
    pub(super) const QUOTE_HEADERS: Self = Self(include_str!("lexicon/quote_headers.txt"));
    pub(super) const SIGNATURES: Self = Self(include_str!("lexicon/signatures.txt"));
    pub(super) const INTENTS: Self = Self(include_str!("lexicon/intents.txt"));

    /// The phrases of a section.
    pub(super) fn section(self, name: &str) -> impl Iterator<Item = &'static str> {
        let mut current = "";
        self.0.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).filter(move |line| {
            let head = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            current = head.unwrap_or(current);
            head.is_none() && current == name
        })
    }

    /// The first phrase of a section that the folded text has.
    pub(super) fn find(self, section: &str, folded: &str) -> Option<&'static str> {
        self.section(section).find(|phrase| has(folded, phrase))
    }
}

/// Lower case, typographic apostrophes and spaces made plain, runs of white space one space, cut to a bound.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().min(LOOKED_AT));
    let mut space = true;
    for c in text.chars().flat_map(char::to_lowercase) {
        if folded.len() >= LOOKED_AT {
            break;
        }
        match c {
            '\u{2019}' | '\u{2018}' | '\u{00b4}' | '`' => folded.push('\''),
            c if c.is_whitespace() || c == '\u{00a0}' => {
                if !space {
                    folded.push(' ');
                }
            }
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}' => continue,
            c => folded.push(c),
        }
        space = c.is_whitespace();
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Whether the folded text has the phrase at the start of a word.
pub(super) fn has(folded: &str, phrase: &str) -> bool {
    let mut pieces = phrase.split('*').map(str::trim);
    let Some(first) = pieces.next() else { return false };
    let rest: Vec<&str> = pieces.collect();
    folded.match_indices(first).any(|(at, found)| starts_word(folded, at) && follow(folded.get(at + found.len()..), &rest))
}

fn starts_word(folded: &str, at: usize) -> bool {
    let before = folded.get(..at).and_then(|before| before.chars().next_back());
    let after = folded.get(at..).and_then(|after| after.chars().next());
    // Scripts without spaces between words have no word starts either.
    let is_spaced = after.is_some_and(|c| c < '\u{2e80}' && c.is_alphanumeric());
    !is_spaced || before.is_none_or(|c| !c.is_alphanumeric())
}

fn follow(text: Option<&str>, pieces: &[&str]) -> bool {
    let (Some(text), [first, rest @ ..]) = (text, pieces) else { return pieces.is_empty() };
    let mut end = (GAP + first.len()).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).and_then(|window| window.find(first)).is_some_and(|at| follow(text.get(at + first.len()..), rest))
}

/// Whether the pattern, with `*` for anything, is the whole folded line.
pub(super) fn is_whole(line: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut last = None;
    for piece in pieces {
        if let Some(piece) = last.replace(piece) {
            let Some(at) = rest.find(piece) else { return false };
            rest = rest.get(at + piece.len()..).unwrap_or_default();
        }
    }
    match last {
        Some(piece) => rest.ends_with(piece),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_start_words_and_bridge_short_gaps() {
        assert!(has("the mailbox of x is full", "mailbox * full"));
        assert!(!has("the inbox is full", "box is full"));
        assert!(has("私は不在です", "不在"));
        assert!(!has(&format!("mailbox {} full", "x".repeat(100)), "mailbox * full"));
    }

    #[test]
    fn whole_lines() {
        assert!(is_whole("le 3 mai à 10:00, x <x@y.example> a écrit :", "le * a écrit :"));
        assert!(!is_whole("le 3 mai, il a écrit : bonjour", "le * a écrit :"));
        assert!(is_whole("x", "x") && !is_whole("xy", "x"));
    }

    #[test]
    fn folding() {
        assert_eq!(fold("  J\u{2019}arrive\u{a0}:\n\tÉté "), "j'arrive : été");
    }

    #[test]
    fn every_phrase_is_folded_itself() {
        for lexicon in [Lexicon::BOUNCE, Lexicon::VERDICT, Lexicon::AUTO_REPLY, Lexicon::CHALLENGE, Lexicon::SIGNATURES, Lexicon::INTENTS] {
            for line in lexicon.0.lines().filter(|line| !line.starts_with('#')) {
                assert_eq!(fold(line), line);
            }
        }
    }
}
