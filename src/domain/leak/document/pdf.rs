//! The texts of a PDF: its pages, what they draw by reference, and every string (titles, notes, alternatives).

use super::Texts;
use super::fonts::Font;
use super::page::{Text, read};
use crate::domain::document::pdf::{PdfLimits, open};
use lopdf::{Dictionary, Document, Object, Stream};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Readers look for the signature in so many octets.
const HEAD: usize = 1024;
/// Of so many codes shown, one may be without a text: bullets and ornaments often are.
const TOLD: usize = 20;
/// Pages that are read.
const PAGES: usize = 5_000;

type Fonts = BTreeMap<Vec<u8>, Rc<Font>>;

pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
    // A text that speaks of PDF is none: there the signature stands within a line.
    let begins_line = |at: usize| at == 0 || matches!(head.get(at - 1), Some(b'\n' | b'\r'));
    memchr::memmem::find_iter(head, b"%PDF-").any(|at| begins_line(at) || std::str::from_utf8(bytes).is_err())
}

pub(super) fn texts(bytes: &[u8], limit: usize) -> Texts {
    let limits = PdfLimits { stream_octets: limit.min(PdfLimits::default().stream_octets), ..PdfLimits::default() };
    let Ok(document) = open(bytes, &limits) else { return Texts { closed: true, ..Texts::default() } };
    let mut reading =
        Reading { document: &document, left: limits.stream_octets, text: Text::default(), whole: true, known: HashMap::new() };
    reading.pages();
    reading.forms();
    let Reading { text, whole, left, .. } = reading;
    let strings = strings(&document, left);
    let is_told = text.unknown * TOLD <= text.codes;
    let views = [("PDF text", text.near), ("PDF text, spaced out", text.wide), ("PDF text, in pieces", text.apart)];
    let views = views.into_iter().map(|(way, text)| (way, text.into_bytes())).chain([("PDF strings", strings.into_bytes())]);
    Texts { views: views.collect(), closed: !whole || !is_told }
}

struct Reading<'d> {
    document: &'d Document,
    left: usize,
    text: Text,
    whole: bool,
    /// Fonts by where their dictionary stands in memory.
    known: HashMap<usize, Rc<Font>>,
}

impl Reading<'_> {
    fn pages(&mut self) {
        for (count, page) in self.document.page_iter().enumerate() {
            if count >= PAGES {
                self.whole = false;
                return;
            }
            let mut fonts = Fonts::new();
            for (name, font) in self.document.get_page_fonts(page).unwrap_or_default() {
                fonts.insert(name, self.font(font));
            }
            match self.document.get_page_content_with_limit(page, self.left) {
                Ok(content) => self.content(&content, &fonts),
                Err(_) => self.whole = false,
            }
        }
    }

    /// Forms, appearances of annotations, patterns, and glyphs that are drawn (§8.10, §12.5.5, §8.7.3, §9.6.4).
    fn forms(&mut self) {
        let mut all = Fonts::new();
        for object in self.document.objects.values() {
            let Ok(font) = object.as_dict().and_then(|font| font.get(b"Resources").map(|_| font)) else { continue };
            all.extend(self.fonts(font));
        }
        for object in self.document.objects.values() {
            let Object::Stream(stream) = object else { continue };
            if !is_drawn(stream) {
                continue;
            }
            let own = self.fonts(&stream.dict);
            match stream.get_plain_content_with_limit(self.left) {
                // A form without resources uses those of the page.
                Ok(content) => self.content(&content, if own.is_empty() { &all } else { &own }),
                Err(_) => self.whole = false,
            }
        }
    }

    /// Pages share their fonts: each is read once.
    fn font(&mut self, font: &Dictionary) -> Rc<Font> {
        let document = self.document;
        self.known.entry(std::ptr::from_ref(font).addr()).or_insert_with(|| Rc::new(Font::of(font, document))).clone()
    }

    fn fonts(&mut self, holder: &Dictionary) -> Fonts {
        let resources = holder.get_deref(b"Resources", self.document).and_then(Object::as_dict);
        let fonts = resources.and_then(|resources| resources.get_deref(b"Font", self.document)).and_then(Object::as_dict);
        let mut found = Fonts::new();
        for (name, font) in fonts.map(Dictionary::iter).into_iter().flatten() {
            if let Ok(font) = self.document.dereference(font).and_then(|(_, font)| font.as_dict()) {
                found.insert(name.clone(), self.font(font));
            }
        }
        found
    }

    fn content(&mut self, content: &[u8], fonts: &Fonts) {
        self.left = self.left.saturating_sub(content.len());
        let most = self.text.apart.len().saturating_add(self.left);
        self.whole &= read(content, fonts, most, &mut self.text);
        for out in [&mut self.text.near, &mut self.text.wide, &mut self.text.apart] {
            out.push('\n');
        }
    }
}

fn is_drawn(stream: &Stream) -> bool {
    let is_form = stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Form");
    is_form || stream.dict.has(b"PatternType") && stream.dict.has(b"BBox")
}

/// Every string of the document, as text (§7.9.2.2).
fn strings(document: &Document, most: usize) -> String {
    let mut out = String::new();
    for object in document.objects.values().chain(document.trailer.iter().map(|(_, value)| value)) {
        gather(object, most, &mut out);
    }
    out
}

/// lopdf has bounded how deep objects nest.
fn gather(object: &Object, most: usize, out: &mut String) {
    if out.len() > most {
        return;
    }
    match object {
        Object::String(..) => {
            if let Ok(text) = lopdf::decode_text_string(object) {
                out.push_str(&text);
                out.push('\n');
            }
        }
        Object::Array(items) => items.iter().for_each(|item| gather(item, most, out)),
        Object::Dictionary(dictionary) => dictionary.iter().for_each(|(_, value)| gather(value, most, out)),
        Object::Stream(stream) => stream.dict.iter().for_each(|(_, value)| gather(value, most, out)),
        Object::Null | Object::Boolean(_) | Object::Integer(_) | Object::Real(_) | Object::Name(_) | Object::Reference(_) => {}
    }
}
