//! The worklist: every view of the message, by every decoding, until nothing new comes, within bounds.

use super::decode::{Reading, continuations, encoded_words, entities, percent, punycode, quoted_printable, tags, unfolded};
use super::document::{Texts, texts};
use super::matcher::{Allowed, Matcher};
use super::packed::{Runs, sealed, streams, strict_stretches, wide};
use super::spelling::reading;
use super::{Leak, SecretKind, Secrets};
use encoding_rs::Encoding;
use std::borrow::Cow;
use std::collections::HashSet;
use xxhash_rust::xxh3::Xxh3;

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
        known: Known::default(),
        known_faint: Known::default(),
        known_runs: Known::default(),
        charsets: Vec::new(),
        found: Scan { leaks: Vec::new(), bytes: 0, views: 0 },
        work: Vec::new(),
    };
    search.add(&View::start(), "", Reading::found(message.to_vec()), 0);
    while let Some(view) = search.work.pop() {
        search.open(&view);
    }
    search.found
}

/// One reading of a part of the message.
struct View {
    place: String,
    read: Reading,
    depth: usize,
    rounds: usize,
    /// Mostly noise: looked at, and not decoded further but for charsets.
    faint: bool,
    /// The octets of a file as they were packed.
    whole: bool,
}

/// Packings that give a file back as it was.
const PACKINGS: [&str; 7] = ["base64", "base64 glued to text", "hex", "gzip", "zlib", "zip", "compound file"];

impl View {
    /// Where the message comes from.
    fn start() -> Self {
        Self { place: String::from("message"), read: Reading::default(), depth: 0, rounds: 0, faint: false, whole: true }
    }
}

struct Search<'a> {
    matcher: &'a Matcher,
    allowed: Allowed,
    limits: &'a Limits,
    left: usize,
    known: Known,
    known_faint: Known,
    known_runs: Known,
    charsets: Vec<&'static Encoding>,
    found: Scan,
    work: Vec<View>,
}

impl Search<'_> {
    /// Looks at a view, and adds all views that follow from it.
    fn open(&mut self, view: &View) {
        let bytes = view.read.bytes.as_slice();
        let text = reading(bytes);
        let is_text = matches!(text, Cow::Borrowed(_));
        self.look(view, &text, !is_text);
        self.other_charsets(view, is_text);
        if view.faint {
            return;
        }
        self.unpack(view);
        let runs = Runs::of(&view.read, &mut self.known_runs);
        for (way, inner) in runs.views {
            self.add(view, way, Reading::found(inner), 1);
        }
        self.add_faint(view, "base64", runs.faint);
        if !is_text {
            // Octets beside a word may pass for letters of windows-1252, and it for a part of a longer one.
            self.add(view, "texts", Reading::found(strict_stretches(bytes)), 0);
        }
        if is_text || bytes.len() < BIG {
            // Where the text has other octets than the view, the marks don't fit: every change in it counts.
            let marks = if is_text { view.read.marks.as_slice() } else { &[] };
            self.undisguise(view, &text, marks);
        }
    }

    fn look(&mut self, view: &View, text: &str, chance: bool) {
        for secret in self.matcher.look(text, chance, &self.allowed) {
            if !self.found.leaks.iter().any(|leak| leak.secret == secret) {
                self.found.leaks.push(Leak { secret, place: view.place.clone() });
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

    /// Compressed streams.
    fn unpack(&mut self, view: &View) {
        let bytes = view.read.bytes.as_slice();
        let streams = streams(bytes, self.left);
        if !streams.complete || sealed(bytes).is_some() {
            self.stop(&view.place);
        }
        for (way, inner) in streams.views {
            self.add(view, way, Reading::found(inner), 1);
        }
        // What people see of a document, which its octets don't show. A reading that was changed on the way is none any more.
        let document = if view.whole { texts(bytes, self.left) } else { Texts::default() };
        if document.closed {
            self.stop(&view.place);
        }
        for (way, inner) in document.views {
            self.add(view, way, Reading::found(inner), 1);
        }
    }

    /// The same bytes as UTF-16 and, unless they are UTF-8, in every charset that the message has named so far.
    fn other_charsets(&mut self, view: &View, is_text: bool) {
        let bytes = view.read.bytes.as_slice();
        for text in wide(bytes) {
            self.add(view, "UTF-16", Reading::found(text.into_bytes()), 1);
        }
        if !view.faint {
            self.note_charsets(view);
        }
        if !is_text || bytes.contains(&0x1b) {
            for encoding in self.charsets.clone() {
                let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
                if view.faint {
                    self.add_faint(view, encoding.name(), text.into_bytes());
                } else {
                    self.add(view, encoding.name(), Reading::found(text.into_bytes()), 1);
                }
            }
        }
    }

    /// Remembers the charsets that the message names; UTF-8 and Latin-1 are tried anyway.
    fn note_charsets(&mut self, view: &View) {
        for at in memchr::memmem::find_iter(&view.read.bytes, b"charset").chain(memchr::memmem::find_iter(&view.read.bytes, b"CHARSET")) {
            let rest = view.read.bytes.get(at + 7..).unwrap_or_default();
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
    fn undisguise(&mut self, view: &View, text: &str, text_marks: &[usize]) {
        type Step<T> = (&'static str, fn(&T, &[usize]) -> Option<Reading>);
        const OF_BYTES: [Step<[u8]>; 2] = [("quoted-printable", quoted_printable), ("unfolded", unfolded)];
        const OF_TEXT: [Step<str>; 6] = [
            ("encoded words", encoded_words),
            ("continuations", continuations),
            ("percent", percent),
            ("references", entities),
            ("Punycode", punycode),
            ("tags removed", tags),
        ];
        let Reading { bytes, marks } = &view.read;
        let of_bytes = OF_BYTES.iter().map(|(way, undo)| (*way, undo(bytes, marks)));
        for (way, inner) in of_bytes.chain(OF_TEXT.iter().map(|(way, undo)| (*way, undo(text, text_marks)))) {
            if let Some(inner) = inner {
                self.add(view, way, inner, 0);
            }
        }
    }

    /// A new view, unless it is known; `packed` deeper than the one that it comes from.
    fn add(&mut self, from: &View, way: &str, read: Reading, packed: usize) {
        if self.known.insert(fingerprint(&read.bytes, &read.marks)) {
            self.push(from, way, read, packed, false);
        }
    }

    /// A view that is mostly noise. It is known for itself: the same bytes found as a text are still decoded.
    fn add_faint(&mut self, from: &View, way: &str, bytes: Vec<u8>) {
        if self.known_faint.insert(fingerprint(&bytes, &[])) {
            self.push(from, way, Reading::found(bytes), 1, true);
        }
    }

    fn push(&mut self, from: &View, way: &str, read: Reading, packed: usize, faint: bool) {
        if read.bytes.is_empty() {
            return;
        }
        let place = if way.is_empty() { from.place.clone() } else { format!("{}, {way}", from.place) };
        let (depth, rounds) = (from.depth + packed, if packed > 0 { 0 } else { from.rounds + 1 });
        if depth > self.limits.depth || rounds > self.limits.rounds || read.bytes.len() > self.left {
            self.stop(&place);
            return;
        }
        self.left -= read.bytes.len();
        self.found.bytes += read.bytes.len();
        self.found.views += 1;
        let whole = way.is_empty() || PACKINGS.contains(&way);
        self.work.push(View { place, read, depth, rounds, faint, whole });
    }
}

/// What was seen before.
pub(super) type Known = HashSet<u128, foldhash::fast::FixedState>;

/// 128 bits by which equal views are opened once without being kept.
pub(super) fn fingerprint(bytes: &[u8], marks: &[usize]) -> u128 {
    if marks.is_empty() {
        return xxhash_rust::xxh3::xxh3_128(bytes);
    }
    let mut hash = Xxh3::new();
    hash.update(bytes);
    marks.iter().for_each(|mark| hash.update(&mark.to_le_bytes()));
    hash.digest128()
}

fn unscannable(place: &str) -> Leak {
    Leak { secret: SecretKind::Unscannable, place: place.to_owned() }
}
