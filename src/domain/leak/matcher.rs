//! Finds many needles in one pass over each spelling of a text.

use super::SecretKind;
use super::secrets::Needle;
use super::spelling::{Spelled, Squeezed};
use aho_corasick::AhoCorasick;

/// Needles of fewer bytes are not looked for in binary data, where chance would find them.
const SHORTEST_IN_BINARY: usize = 6;

/// In which spelling a secret is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As whole words.
    Words,
    /// As a whole host name or address of a host.
    Host,
    /// Anywhere, white space put aside.
    Compact,
    /// As digits, punctuation put aside.
    Digits,
}

/// The needles, ready to be looked for.
#[derive(Debug)]
pub(super) struct Matcher {
    spellings: Vec<(Look, AhoCorasick, Vec<Wanted>)>,
    /// The letters and digits of every needle: where none of them stands, no spelling needs to be looked at.
    sieve: AhoCorasick,
    /// The needles of the sieve, in its order: the number of the spelling, and the needle's within it.
    sifted: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Wanted {
    kind: SecretKind,
    spelled: String,
    /// In words: what a text that may be shown must have in it to excuse it wholly.
    words: String,
}

/// What may be shown, in all spellings.
pub(super) struct Allowed(pub(super) Vec<Shown>);

/// One text that may be shown.
pub(super) struct Shown {
    pub(super) spelled: Spelled,
    /// Whether the organizer wrote it, as the name of a guest: it excuses a surname, and nobody's address.
    pub(super) claimed: bool,
}

impl Matcher {
    /// `None` when the automaton can't be built: the caller fails closed.
    pub(super) fn new(needles: &[Needle]) -> Option<Self> {
        let mut spellings = Vec::new();
        for look in [Look::Words, Look::Host, Look::Compact, Look::Digits] {
            let wanted: Vec<Wanted> = needles.iter().filter(|needle| needle.look == look).map(Wanted::of).collect();
            if !wanted.is_empty() {
                let automaton = AhoCorasick::new(wanted.iter().map(|one| &one.spelled)).ok()?;
                spellings.push((look, automaton, wanted));
            }
        }
        let mut letters = Vec::new();
        let mut sifted = Vec::new();
        for (spelling, (_, _, wanted)) in spellings.iter().enumerate() {
            for (index, one) in wanted.iter().enumerate() {
                letters.push(Squeezed::of(&one.spelled).letters);
                sifted.push((spelling, index));
            }
        }
        let sieve = AhoCorasick::new(letters).ok()?;
        Some(Self { spellings, sieve, sifted })
    }

    /// Kinds of what is found in a text and isn't allowed. `binary` where chance may write short needles.
    pub(super) fn look(&self, text: &str, binary: bool, allowed: &Allowed) -> Vec<SecretKind> {
        if self.may_have(&Squeezed::of(text), allowed) { self.find(&Spelled::of(text), binary, allowed) } else { Vec::new() }
    }

    /// False where no spelling of the text can have a needle that isn't excused anyway.
    fn may_have(&self, text: &Squeezed, allowed: &Allowed) -> bool {
        let is_telling = |pattern: usize| {
            let (spelling, index) = self.sifted.get(pattern)?;
            let (_, _, wanted) = self.spellings.get(*spelling)?;
            wanted.get(*index).map(|one| !allowed.excuses(one))
        };
        text.disguised
            || (self.sieve.is_match(&text.letters)
                && self.sieve.find_overlapping_iter(&text.letters).any(|hit| is_telling(hit.pattern().as_usize()) != Some(false)))
    }

    /// The look itself, in every spelling.
    fn find(&self, text: &Spelled, binary: bool, allowed: &Allowed) -> Vec<SecretKind> {
        let mut found: Vec<SecretKind> = Vec::new();
        for (look, automaton, wanted) in &self.spellings {
            let haystack = look.of(text);
            for hit in automaton.find_overlapping_iter(haystack) {
                let Some(one) = wanted.get(hit.pattern().as_usize()) else { continue };
                let short = binary && one.spelled.trim().len() < SHORTEST_IN_BINARY;
                if !short && !found.contains(&one.kind) && look.is_whole(haystack, hit.start(), hit.end()) {
                    let excused = allowed.excuses(one) || allowed.covers(*look, haystack, hit.start(), one);
                    if !excused {
                        found.push(one.kind);
                    }
                }
            }
        }
        found
    }
}

impl Wanted {
    fn of(needle: &Needle) -> Self {
        let spelled = Spelled::of(&needle.text);
        let words = spelled.words.clone();
        Self { kind: needle.kind, spelled: needle.look.needle(spelled), words }
    }
}

impl Look {
    fn of(self, text: &Spelled) -> &str {
        match self {
            Self::Words => &text.words,
            Self::Host => &text.marks,
            Self::Compact => &text.compact,
            Self::Digits => &text.digits,
        }
    }

    fn needle(self, text: Spelled) -> String {
        match self {
            Self::Words => text.words,
            Self::Host => text.marks.trim().to_owned(),
            Self::Compact => text.compact,
            // The last nine digits are the same with and without the country's prefix.
            Self::Digits => {
                let digits = text.digits.replace(' ', "");
                digits.get(digits.len().saturating_sub(9)..).unwrap_or_default().to_owned()
            }
        }
    }

    /// Whether a hit is not just a part of a longer host name.
    fn is_whole(self, haystack: &str, start: usize, end: usize) -> bool {
        let goes_on = |c: char| c.is_alphanumeric() || c == '-';
        let before = haystack.get(..start).and_then(|text| text.chars().next_back());
        let after = haystack.get(end..).and_then(|text| text.chars().next());
        self != Self::Host || !(before.is_some_and(goes_on) || after.is_some_and(goes_on))
    }
}

impl Allowed {
    /// Whether a text that may be shown has this needle in it: then the needle says nothing.
    fn excuses(&self, wanted: &Wanted) -> bool {
        self.0.iter().any(|shown| {
            let excusable = match wanted.kind {
                SecretKind::Surname => true,
                SecretKind::Login | SecretKind::Host => !shown.claimed,
                SecretKind::Address
                | SecretKind::Name
                | SecretKind::Id
                | SecretKind::IpAddress
                | SecretKind::Telephone
                | SecretKind::Extra
                | SecretKind::Unscannable => false,
            };
            excusable && shown.spelled.words.contains(&wanted.words)
        })
    }

    /// Whether the hit at `start` lies within a text that may be shown.
    fn covers(&self, look: Look, haystack: &str, start: usize, wanted: &Wanted) -> bool {
        self.0.iter().any(|shown| {
            let text = look.of(&shown.spelled);
            if shown.claimed {
                // A namesake of the organizer may have their name, and nothing around it.
                return look == Look::Words && text == wanted.spelled;
            }
            text.match_indices(&wanted.spelled).any(|(offset, _)| {
                let begin = start.checked_sub(offset);
                begin.and_then(|begin| haystack.get(begin..)).is_some_and(|rest| rest.starts_with(text))
            })
        })
    }
}
