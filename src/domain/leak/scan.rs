//! The worklist: every view of the message, by every decoding, within bounds.

use super::decode::{calendar, entities, headers, percent, punycode, quoted_printable, tags, text_of};
use super::matcher::Matcher;
use super::{Leak, Secrets, unpack::unpack};
use std::collections::HashSet;

/// Deepest nesting of packed data that is looked into.
const DEPTH: usize = 6;
/// Most bytes that are unpacked from one message, in all.
const BYTES: usize = 128 << 20;

struct Search<'a> {
    matcher: &'a Matcher,
    seen: HashSet<Vec<u8>>,
    leaks: Vec<Leak>,
}

/// Looks for every secret in the serialized message. A limit that is hit is itself a leak, `unscannable`.
pub fn scan(message: &[u8], secrets: &Secrets) -> Vec<Leak> {
    if secrets.needles.is_empty() {
        return Vec::new();
    }
    let Some(matcher) = Matcher::new(secrets) else { return vec![unscannable("message")] };
    let mut search = Search { matcher: &matcher, seen: HashSet::new(), leaks: Vec::new() };
    let mut work = vec![(String::from("message"), message.to_vec(), 0)];
    let mut left = BYTES;
    while let Some((place, bytes, depth)) = work.pop() {
        if !search.seen.insert(bytes.clone()) {
            continue;
        }
        let plain = quoted_printable(&bytes);
        for (way, view) in [("", &bytes), (", quoted-printable", &plain)] {
            if !way.is_empty() && *view == bytes {
                continue;
            }
            let place = format!("{place}{way}");
            search.texts(&place, view);
            let inner = unpack(view, left);
            let size: usize = inner.views.iter().map(|(_, view)| view.len()).sum();
            left = left.saturating_sub(size);
            if !inner.complete {
                search.leaks.push(unscannable(&place));
            }
            for (way, view) in inner.views {
                // Chance makes short runs of letters look packed for ever: only real nesting counts.
                if depth < DEPTH {
                    work.push((format!("{place}, {way}"), view, depth + 1));
                } else if view.len() >= 64 && std::str::from_utf8(&view).is_ok() {
                    search.leaks.push(unscannable(&place));
                }
            }
        }
    }
    search.leaks
}

impl Search<'_> {
    /// The bytes as text in every charset, and each text with every disguise undone, one after the other.
    fn texts(&mut self, place: &str, bytes: &[u8]) {
        let binary = std::str::from_utf8(bytes).is_err();
        self.disguises(place, text_of(bytes), binary);
        if bytes.contains(&0) || bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            for (start, name) in [(0, "UTF-16"), (1, "UTF-16 at odd places")] {
                let pairs = bytes.get(start..).unwrap_or_default().chunks_exact(2);
                let units = |big: bool| {
                    let unit = move |pair: &[u8]| match pair {
                        [a, b] if big => u16::from_be_bytes([*a, *b]),
                        [a, b] => u16::from_le_bytes([*a, *b]),
                        _ => 0,
                    };
                    String::from_utf16_lossy(&pairs.clone().map(unit).collect::<Vec<_>>())
                };
                for text in [units(false), units(true)] {
                    self.disguises(&format!("{place}, {name}"), text, binary);
                }
            }
        }
    }

    fn disguises(&mut self, place: &str, text: String, binary: bool) {
        self.look(place, &text, binary);
        let unfolded = calendar(&text);
        if unfolded != text {
            self.chain(&format!("{place}, unfolded"), unfolded, binary);
        }
        self.chain(place, text, binary);
    }

    fn chain(&mut self, place: &str, text: String, binary: bool) {
        type Step = (&'static str, fn(&str) -> String);
        const STEPS: [Step; 5] = [
            ("header words", headers),
            ("percent", |text| text_of(&percent(text.as_bytes()))),
            ("entities", entities),
            ("tags removed", tags),
            ("punycode", punycode),
        ];
        let (mut place, mut text) = (place.to_owned(), text);
        self.look(&place, &text, binary);
        // Twice, for an encoding within an encoding that comes later in the list.
        for (name, step) in STEPS.iter().chain(&STEPS) {
            let next = step(&text);
            if next != text {
                place = format!("{place}, {name}");
                text = next;
                self.look(&place, &text, binary);
            }
        }
    }

    fn look(&mut self, place: &str, text: &str, binary: bool) {
        for label in self.matcher.find(text, binary) {
            if !self.leaks.iter().any(|leak| leak.secret == label) {
                self.leaks.push(Leak { secret: label.to_owned(), place: place.to_owned() });
            }
        }
    }
}

fn unscannable(place: &str) -> Leak {
    Leak { secret: String::from("unscannable"), place: place.to_owned() }
}
