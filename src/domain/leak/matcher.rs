//! Finds many needles in one pass over each spelling of a text.

use super::normalize::{compact, fold, words};
use super::secrets::Secrets;
use aho_corasick::AhoCorasick;

/// Needles of fewer bytes are not looked for in binary data, where chance would find them.
const SHORTEST_IN_BINARY: usize = 6;

/// The needles, ready to be looked for.
pub(super) struct Matcher {
    labels: Vec<(String, usize)>,
    words: AhoCorasick,
    compact: AhoCorasick,
}

impl Matcher {
    /// `None` when the automaton can't be built: the caller fails closed.
    pub(super) fn new(secrets: &Secrets) -> Option<Self> {
        let needles = secrets.needles.iter().filter(|(_, text)| !words(&fold(text)).trim().is_empty());
        let folded: Vec<_> = needles.map(|(label, text)| (label.clone(), fold(text))).collect();
        let in_words = AhoCorasick::new(folded.iter().map(|(_, text)| words(text))).ok()?;
        // Names have no meaning without their word borders, so they stand here with an impossible spelling.
        let in_compact =
            AhoCorasick::new(folded.iter().map(|(_, text)| if text.contains('@') { compact(text) } else { String::from("\u{0} \u{0}") }));
        let labels = folded.into_iter().map(|(label, text)| (label, text.len())).collect();
        Some(Self { labels, words: in_words, compact: in_compact.ok()? })
    }

    /// Labels of what is found.
    pub(super) fn find(&self, text: &str, binary: bool) -> Vec<&str> {
        let folded = fold(text);
        let spellings = [(&self.words, words(&folded)), (&self.compact, compact(&folded))];
        let mut found: Vec<&str> = Vec::new();
        for (automaton, haystack) in &spellings {
            for hit in automaton.find_overlapping_iter(haystack) {
                let Some((label, length)) = self.labels.get(hit.pattern().as_usize()) else { continue };
                if !(binary && *length < SHORTEST_IN_BINARY) && !found.contains(&label.as_str()) {
                    found.push(label);
                }
            }
        }
        found
    }
}
