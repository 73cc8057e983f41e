//! The worklist: every view of the message, by every decoding, until nothing new comes, within bounds.

use super::decode::{entities, header_words, percent, punycode, quoted_printable, tags, text_of, unfolded};
use super::matcher::{Allowed, Matcher};
use super::packed::{Runs, sealed, streams, strict_stretches, wide};
use super::spelling::Spelled;
use super::{Leak, Secrets};
use encoding_rs::Encoding;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Bounds of one scan. What lies beyond them is a leak, `unscannable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of packed data that is looked into.
    pub depth: usize,
    /// Most disguises undone one after the other between two packings.
    pub rounds: usize,
    /// Most charsets that a message may name.
    pub charsets: usize,
    /// Most bytes of all views together, for each byte of the message…
    pub growth: usize,
    /// …beside this many bytes for any message.
    pub base: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 8, rounds: 12, charsets: 8, growth: 16, base: 16 << 20 }
    }
}

/// What a scan found, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Every kind of secret that was found, once.
    pub leaks: Vec<Leak>,
    /// Bytes of all the views that were looked at.
    pub bytes: usize,
    /// How many views there were.
    pub views: usize,
}

/// From this size on, bytes that are no text are looked at as they are, and only the texts in them decoded further.
const BIG: usize = 64 << 10;
/// Most times that the disguises of text are undone for one view; what is left is a new view.
const TURNS: usize = 8;

/// Looks for every secret in the serialized message, within the usual limits.
pub fn scan(message: &[u8], secrets: &Secrets) -> Vec<Leak> {
    scan_within(message, secrets, &Limits::default()).leaks
}

/// Looks for every secret in the serialized message. A limit that is hit is itself a leak, `unscannable`.
pub fn scan_within(message: &[u8], secrets: &Secrets, limits: &Limits) -> Scan {
    if secrets.is_empty() {
        return Scan { leaks: Vec::new(), bytes: 0, views: 0 };
    }
    let Some(matcher) = secrets.matcher() else {
        return Scan { leaks: vec![unscannable("message")], bytes: 0, views: 0 };
    };
    let budget = message.len().saturating_mul(limits.growth).saturating_add(limits.base);
    let mut search = Search {
        matcher,
        allowed: secrets.allowed(),
        limits,
        left: budget,
        known: HashSet::new(),
        known_runs: HashSet::new(),
        charsets: Vec::new(),
        found: Scan { leaks: Vec::new(), bytes: 0, views: 0 },
        work: Vec::new(),
    };
    search.add(&View { place: String::from("message"), bytes: Vec::new(), depth: 0, rounds: 0 }, "", message.to_vec(), 0);
    while let Some(view) = search.work.pop() {
        search.open(&view);
    }
    search.found
}

/// One reading of a part of the message.
struct View {
    place: String,
    bytes: Vec<u8>,
    depth: usize,
    rounds: usize,
}

struct Search<'a> {
    matcher: &'a Matcher,
    allowed: Allowed,
    limits: &'a Limits,
    left: usize,
    known: HashSet<u128>,
    known_runs: HashSet<u128>,
    charsets: Vec<&'static Encoding>,
    found: Scan,
    work: Vec<View>,
}

impl Search<'_> {
    /// Looks at a view, and adds all views that follow from it.
    fn open(&mut self, view: &View) {
        let bytes = view.bytes.as_slice();
        let text = std::str::from_utf8(bytes).ok();
        self.look(view, text);
        self.unpack(view);
        let runs = Runs::of(bytes, &mut self.known_runs);
        for (way, inner) in runs.views {
            self.add(view, way, inner, 1);
        }
        match (runs.rest, text) {
            // Long runs of base64 have no disguise of text within them: the others are decoded without them.
            (Some(rest), _) => self.add(view, "rest", rest, 0),
            (None, None) if bytes.len() >= BIG => self.add(view, "texts", strict_stretches(bytes), 0),
            (None, Some(text)) => self.undisguise(view, text),
            (None, None) => {
                self.undisguise(view, &text_of(bytes));
                self.undisguise(view, &String::from_utf8_lossy(bytes));
            }
        }
    }

    fn look(&mut self, view: &View, text: Option<&str>) {
        match text {
            Some(text) => self.find(view, &Spelled::of(text), false),
            None => {
                self.find(view, &Spelled::of_bytes(&view.bytes), true);
                self.find(view, &Spelled::of(&String::from_utf8_lossy(&view.bytes)), true);
            }
        }
    }

    fn find(&mut self, view: &View, spelled: &Spelled, chance: bool) {
        for label in self.matcher.find(spelled, chance, &self.allowed) {
            if !self.found.leaks.iter().any(|leak| leak.secret == label) {
                self.found.leaks.push(Leak { secret: label.to_owned(), place: view.place.clone() });
            }
        }
    }

    /// Fails closed: something can't be looked at.
    fn stop(&mut self, place: &str) {
        let leak = unscannable(place);
        if !self.found.leaks.iter().any(|known| known.secret == leak.secret) {
            self.found.leaks.push(leak);
        }
    }

    /// Compressed streams and other charsets.
    fn unpack(&mut self, view: &View) {
        let bytes = view.bytes.as_slice();
        let streams = streams(bytes, self.left);
        if !streams.complete || sealed(bytes).is_some() {
            self.stop(&view.place);
        }
        for (way, inner) in streams.views {
            self.add(view, way, inner, 1);
        }
        for text in wide(bytes) {
            self.add(view, "UTF-16", text.into_bytes(), 1);
        }
        self.note_charsets(view);
        if bytes.iter().any(|byte| *byte >= 0x80 || *byte == 0x1b) {
            for encoding in self.charsets.clone() {
                let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
                self.add(view, encoding.name(), text.into_bytes(), 1);
            }
        }
    }

    /// Remembers the charsets that the message names; UTF-8 and Latin-1 are tried anyway.
    fn note_charsets(&mut self, view: &View) {
        for at in memchr::memmem::find_iter(&view.bytes, b"charset").chain(memchr::memmem::find_iter(&view.bytes, b"CHARSET")) {
            let rest = view.bytes.get(at + 7..).unwrap_or_default();
            let value = rest.iter().take(80).skip_while(|byte| matches!(byte, b'*' | b'=' | b'"' | b'\'' | b' ' | b'3' | b'D'));
            let label: Vec<u8> = value.copied().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte)).collect();
            let Some(encoding) = Encoding::for_label(&label) else { continue };
            let tried = [encoding_rs::UTF_8, encoding_rs::WINDOWS_1252].contains(&encoding) || self.charsets.contains(&encoding);
            if !tried && self.charsets.len() < self.limits.charsets {
                self.charsets.push(encoding);
            } else if !tried {
                self.stop(&view.place);
                return;
            }
        }
    }

    /// Every disguise of text, each a new view where it changes anything.
    fn undisguise(&mut self, view: &View, text: &str) {
        let bytes = view.bytes.as_slice();
        if bytes.contains(&b'=') {
            self.add(view, "quoted-printable", quoted_printable(bytes), 0);
        }
        if bytes.iter().any(|byte| matches!(byte, b'\n' | b'\\' | b'^')) {
            self.add(view, "unfolded", unfolded(bytes), 0);
        }
        self.add(view, "decoded", plain(text).into_bytes(), 0);
        if text.contains('<') {
            self.add(view, "tags removed", tags(text).into_bytes(), 0);
        }
    }

    /// A new view, unless it is known; `packed` deeper than the one that it comes from.
    fn add(&mut self, from: &View, way: &str, bytes: Vec<u8>, packed: usize) {
        if bytes.is_empty() || !self.known.insert(fingerprint(&bytes)) {
            return;
        }
        let place = if way.is_empty() { from.place.clone() } else { format!("{}, {way}", from.place) };
        let (depth, rounds) = (from.depth + packed, if packed > 0 { 0 } else { from.rounds + 1 });
        if depth > self.limits.depth || rounds > self.limits.rounds || bytes.len() > self.left {
            self.stop(&place);
            return;
        }
        self.left -= bytes.len();
        self.found.bytes += bytes.len();
        self.found.views += 1;
        self.work.push(View { place, bytes, depth, rounds });
    }
}

/// Encoded words, percent encoding, entities and Punycode undone until nothing changes.
fn plain(text: &str) -> String {
    type Step = (&'static str, fn(&str) -> String);
    const STEPS: [Step; 5] = [("=?", header_words), ("*", header_words), ("%", percent), ("&", entities), ("-", punycode)];
    let mut plain = text.to_owned();
    for _ in 0..TURNS {
        let mut changed = false;
        for (sign, step) in STEPS {
            if plain.contains(sign) {
                let next = step(&plain);
                changed |= next != plain;
                plain = next;
            }
        }
        if !changed {
            break;
        }
    }
    plain
}

/// Two hashes of 64 bits: equal views are opened once without being kept.
pub(super) fn fingerprint(bytes: &[u8]) -> u128 {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        (seed, bytes).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

fn unscannable(place: &str) -> Leak {
    Leak { secret: String::from("unscannable"), place: place.to_owned() }
}
