//! Fonts of a PDF: which text a code shows, and how wide it is.

use super::cmap::CMap;
use lopdf::{Dictionary, Document, Encoding, Object, Stream};
use std::collections::HashMap;

/// Width of a character of which none is known, in thousandths of the size.
const USUAL: f32 = 500.0;
/// Octets of one ToUnicode map.
const MAP: usize = 4 << 20;

/// One font.
pub(super) struct Font {
    /// Lengths of its codes in octets.
    lengths: Vec<usize>,
    letters: Letters,
    widths: HashMap<u32, f32>,
    default_width: f32,
    /// Whether widths are known at all.
    pub(super) measured: bool,
}

enum Letters {
    /// By its ToUnicode map; what that leaves out by the encoding.
    Mapped(CMap, Vec<String>),
    /// By its encoding, one octet a letter.
    Encoded(Vec<String>),
    /// Nobody can tell.
    Unknown,
}

/// A code of a string that is shown.
pub(super) struct Shown {
    /// Its text; `None` where nobody can tell.
    pub(super) text: Option<String>,
    /// Its width, in thousandths of the size.
    pub(super) width: f32,
    /// Whether word spacing applies: a single octet 32 (§9.3.3).
    pub(super) is_blank: bool,
}

impl Font {
    pub(super) fn of(font: &Dictionary, document: &Document) -> Self {
        let is_composite = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0");
        let mapped = font.get_deref(b"ToUnicode", document).and_then(Object::as_stream).ok().and_then(map);
        let encoded = if is_composite { None } else { encoding(font, document) };
        let lengths = match &mapped {
            Some(map) if is_composite => map.code_lengths(2),
            Some(_) | None => vec![if is_composite { 2 } else { 1 }],
        };
        let letters = match (mapped, encoded) {
            (Some(map), encoded) => Letters::Mapped(map, encoded.unwrap_or_default()),
            (None, Some(encoded)) => Letters::Encoded(encoded),
            (None, None) => Letters::Unknown,
        };
        let (widths, default_width) = if is_composite { composite_widths(font, document) } else { simple_widths(font, document) };
        Self { lengths, letters, measured: !widths.is_empty() || is_composite, widths, default_width }
    }

    /// The codes of a string.
    pub(super) fn shown(&self, string: &[u8]) -> Vec<Shown> {
        let mut shown = Vec::with_capacity(string.len());
        let mut rest = string;
        while !rest.is_empty() {
            let known = self.lengths.iter().find_map(|length| Some((rest.get(..*length)?, self.text(rest.get(..*length)?)?)));
            let length = self.lengths.first().copied().unwrap_or(1).min(rest.len());
            let (code, text) = known.map_or_else(|| (rest.get(..length).unwrap_or(rest), None), |(code, text)| (code, Some(text)));
            let number = code.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet));
            let width = self.widths.get(&number).copied().unwrap_or(self.default_width);
            shown.push(Shown { text, width, is_blank: code == b" " });
            rest = rest.get(code.len().max(1)..).unwrap_or_default();
        }
        shown
    }

    fn text(&self, code: &[u8]) -> Option<String> {
        let encoded = |letters: &[String]| match code {
            [octet] => letters.get(usize::from(*octet)).cloned(),
            _ => None,
        };
        match &self.letters {
            Letters::Mapped(map, letters) => map.text(code).or_else(|| encoded(letters)),
            Letters::Encoded(letters) => encoded(letters),
            Letters::Unknown => None,
        }
    }
}

fn map(stream: &Stream) -> Option<CMap> {
    CMap::read(&stream.get_plain_content_with_limit(MAP).ok()?)
}

/// The letters of a simple font's octets (§9.6.5). `None` where its own, unnamed encoding is needed, or names are its own.
fn encoding(font: &Dictionary, document: &Document) -> Option<Vec<String>> {
    // Without the map, which lopdf would read in its own, unbounded way.
    let mut plain = font.clone();
    plain.remove(b"ToUnicode");
    let named = plain.get_deref(b"Encoding", document).ok();
    let has_differences = named.and_then(|named| named.as_dict().ok()).is_some_and(|named| named.has(b"Differences"));
    let descriptor = plain.get_deref(b"FontDescriptor", document).and_then(Object::as_dict).ok();
    let is_embedded =
        descriptor.is_some_and(|descriptor| [&b"FontFile"[..], b"FontFile2", b"FontFile3"].iter().any(|key| descriptor.has(key)));
    let is_own = plain.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type3");
    if named.is_none() && (is_embedded || is_own) {
        return None;
    }
    let encoding = plain.get_font_encoding_with_limit(document, MAP).ok()?;
    if has_differences && !matches!(encoding, Encoding::Differences(_)) {
        return None;
    }
    let letters: Vec<String> = (0..=u8::MAX).map(|octet| encoding.bytes_to_string(&[octet]).unwrap_or_default()).collect();
    letters.iter().any(|letter| !letter.is_empty()).then_some(letters)
}

fn float(object: &Object) -> Option<f32> {
    object.as_float().ok()
}

fn simple_widths(font: &Dictionary, document: &Document) -> (HashMap<u32, f32>, f32) {
    let first = font.get(b"FirstChar").and_then(Object::as_i64).ok().and_then(|first| u32::try_from(first).ok()).unwrap_or_default();
    let widths = font.get_deref(b"Widths", document).and_then(Object::as_array).map(Vec::as_slice).unwrap_or_default();
    // Glyphs of a Type 3 font are measured in a space of its own (§9.6.4).
    let scale =
        font.get(b"FontMatrix").and_then(Object::as_array).ok().and_then(|matrix| float(matrix.first()?)).map_or(1.0, |unit| unit * 1000.0);
    let numbered = (first..=first.saturating_add(255)).zip(widths);
    (numbered.filter_map(|(code, width)| Some((code, float(width)? * scale))).collect(), USUAL)
}

/// W and DW of the descendant (§9.7.4.3).
fn composite_widths(font: &Dictionary, document: &Document) -> (HashMap<u32, f32>, f32) {
    let descendants = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array).ok();
    let Some(descendant) = descendants.and_then(|fonts| document.dereference(fonts.first()?).ok()?.1.as_dict().ok()) else {
        return (HashMap::new(), 1000.0);
    };
    let default = descendant.get(b"DW").ok().and_then(float).unwrap_or(1000.0);
    let entries = descendant.get_deref(b"W", document).and_then(Object::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut widths = HashMap::new();
    let mut rest = entries;
    while let [first, second, after @ ..] = rest {
        let Some(first) = first.as_i64().ok().and_then(|first| u32::try_from(first).ok()) else { break };
        let second = document.dereference(second).map_or(second, |(_, object)| object);
        if let Ok(list) = second.as_array() {
            widths.extend((first..).zip(list).filter_map(|(code, width)| Some((code, float(width)?))));
            rest = after;
        } else {
            let last = second.as_i64().ok().and_then(|last| u32::try_from(last).ok()).unwrap_or(first);
            if let Some(width) = after.first().and_then(float) {
                widths.extend((first..=last.min(first.saturating_add(0xffff))).map(|code| (code, width)));
            }
            rest = after.get(1..).unwrap_or_default();
        }
        if widths.len() > 1 << 17 {
            break;
        }
    }
    (widths, default)
}
