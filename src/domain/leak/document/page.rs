//! The text of a content stream (ISO 32000 §9.4) in the order in which it is drawn: strings that stand close together on a line are
//! one word, however many operators draw them.

use super::fonts::Font;
use lopdf::Object;
use lopdf::content::{Content, Operation};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Deepest stack of graphics states.
const STATES: usize = 64;
/// A move by more than this part of the size to the side is another line.
const LINE: f32 = 0.5;

/// The text, as close or as far apart as one wants to see it.
#[derive(Default)]
pub(super) struct Text {
    /// Words end where a gap is wider than a quarter of the size.
    pub(super) near: String,
    /// Letters that are spaced out are one word too.
    pub(super) wide: String,
    /// Every string for itself.
    pub(super) apart: String,
    /// Codes that were shown, and those of which nobody can tell the text.
    pub(super) codes: usize,
    pub(super) unknown: usize,
}

type Matrix = [f32; 6];
const UNIT: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// `first` then `second` (§8.3.4).
fn times(first: Matrix, second: Matrix) -> Matrix {
    let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (first, second);
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

/// Reads a content stream into `text`. False where it can't be read to its end, or would need more than `most` octets of text.
pub(super) fn read(content: &[u8], fonts: &BTreeMap<Vec<u8>, Rc<Font>>, most: usize, text: &mut Text) -> bool {
    let mut pen = Pen { fonts, text, state: State::default(), saved: Vec::new(), line: UNIT, at: UNIT, last: None };
    for operation in Content::decode_iter(content) {
        let Ok(operation) = operation else { return false };
        pen.take(&operation);
        if pen.text.apart.len() > most {
            return false;
        }
    }
    true
}

#[derive(Clone)]
struct State<'f> {
    page: Matrix,
    font: Option<&'f Font>,
    named: bool,
    size: f32,
    letter: f32,
    word: f32,
    scale: f32,
    leading: f32,
    rise: f32,
}

impl Default for State<'_> {
    fn default() -> Self {
        Self { page: UNIT, font: None, named: false, size: 0.0, letter: 0.0, word: 0.0, scale: 1.0, leading: 0.0, rise: 0.0 }
    }
}

struct Pen<'a, 'f> {
    fonts: &'f BTreeMap<Vec<u8>, Rc<Font>>,
    text: &'a mut Text,
    state: State<'f>,
    saved: Vec<State<'f>>,
    line: Matrix,
    at: Matrix,
    /// Where the last string ended, on the page.
    last: Option<(f32, f32)>,
}

impl Pen<'_, '_> {
    fn take(&mut self, operation: &Operation) {
        let operands = operation.operands.as_slice();
        let number = |at: usize| operands.get(at).and_then(|operand| operand.as_float().ok()).unwrap_or_default();
        match operation.operator.as_str() {
            "q" if self.saved.len() < STATES => self.saved.push(self.state.clone()),
            "Q" => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            "cm" => self.state.page = times([number(0), number(1), number(2), number(3), number(4), number(5)], self.state.page),
            "BT" => (self.line, self.at) = (UNIT, UNIT),
            "Tf" => {
                let name = operands.first().and_then(|operand| operand.as_name().ok());
                self.state.font = name.and_then(|name| self.fonts.get(name)).map(Rc::as_ref);
                self.state.named = name.is_some();
                self.state.size = number(1);
            }
            "Tc" => self.state.letter = number(0),
            "Tw" => self.state.word = number(0),
            "Tz" => self.state.scale = number(0) / 100.0,
            "TL" => self.state.leading = number(0),
            "Ts" => self.state.rise = number(0),
            "Td" => self.shift(number(0), number(1)),
            "TD" => {
                self.state.leading = -number(1);
                self.shift(number(0), number(1));
            }
            "Tm" => {
                self.line = [number(0), number(1), number(2), number(3), number(4), number(5)];
                self.at = self.line;
            }
            "T*" => self.shift(0.0, -self.state.leading),
            "Tj" => self.strings(operands),
            "'" => {
                self.shift(0.0, -self.state.leading);
                self.strings(operands);
            }
            "\"" => {
                (self.state.word, self.state.letter) = (number(0), number(1));
                self.shift(0.0, -self.state.leading);
                self.strings(operands.get(2..).unwrap_or_default());
            }
            "TJ" => {
                if let Some(Object::Array(items)) = operands.first() {
                    self.strings(items);
                }
                self.text.apart.push('\n');
            }
            // Text that stands for what is drawn (§14.9.4).
            "BDC" | "DP" => {
                let words = operands.get(1).and_then(|operand| operand.as_dict().ok());
                for key in [&b"ActualText"[..], b"Alt", b"E"] {
                    if let Some(word) = words.and_then(|words| lopdf::decode_text_string(words.get(key).ok()?).ok()) {
                        self.text.apart.push_str(&word);
                        self.text.apart.push('\n');
                    }
                }
            }
            _ => {}
        }
    }

    fn shift(&mut self, x: f32, y: f32) {
        self.line = times([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.at = self.line;
    }

    fn strings(&mut self, items: &[Object]) {
        for item in items {
            match item {
                Object::String(string, _) => {
                    self.show(string);
                    self.text.apart.push(' ');
                }
                other => {
                    let back = other.as_float().unwrap_or_default();
                    self.advance(-back / 1000.0 * self.state.size);
                }
            }
        }
    }

    fn advance(&mut self, width: f32) {
        self.at = times([1.0, 0.0, 0.0, 1.0, width * self.state.scale, 0.0], self.at);
    }

    fn show(&mut self, string: &[u8]) {
        let Some(font) = self.state.font else {
            // A font that can't be found: readers take another, and show the octets as they are.
            self.text.codes += string.len();
            self.text.unknown += if self.state.named { 0 } else { string.len() };
            self.text.apart.push_str(&String::from_utf8_lossy(string));
            return;
        };
        for shown in font.shown(string) {
            self.text.codes += 1;
            self.text.unknown += usize::from(shown.text.is_none());
            self.gap(font.measured);
            let text = shown.text.unwrap_or_else(|| "\u{fffd}".to_owned());
            for out in [&mut self.text.near, &mut self.text.wide, &mut self.text.apart] {
                out.push_str(&text);
            }
            let width = shown.width / 1000.0 * self.state.size;
            self.advance(width);
            // Spacing between letters is a gap like any: the string ends where the letter does.
            self.last = Some(self.place());
            self.advance(self.state.letter + if shown.is_blank { self.state.word } else { 0.0 });
        }
    }

    /// Where the pen stands on the page.
    fn place(&self) -> (f32, f32) {
        let [.., x, y] = times(self.at, self.state.page);
        (x, y)
    }

    /// What lies between the last letter and the next.
    fn gap(&mut self, measured: bool) {
        let Some((last_x, last_y)) = self.last else { return };
        let [a, b, c, d, x, y] = times(self.at, self.state.page);
        let along = (a * a + b * b).sqrt();
        let up = (c * c + d * d).sqrt();
        let (em, height) = (along * self.state.size.abs(), up * self.state.size.abs());
        let is_drawn = em.is_finite() && height.is_finite() && em > 0.0 && height > 0.0;
        if !is_drawn {
            return;
        }
        let (dx, dy) = (x - last_x, y - last_y);
        let forward = (dx * a + dy * b) / along / em;
        let aside = ((dx * b - dy * a) / along / height).abs();
        if aside > LINE {
            self.part('\n', '\n');
        } else {
            let near = if measured { 0.2 } else { 0.35 };
            // A step back as far as a word is another column, or the same again.
            let parts = |limit: f32| if !(-1.5..=limit).contains(&forward) { ' ' } else { '\0' };
            self.part(parts(near), parts(0.9));
        }
    }

    fn part(&mut self, near: char, wide: char) {
        for (out, sign) in [(&mut self.text.near, near), (&mut self.text.wide, wide)] {
            if sign != '\0' && !out.ends_with([' ', '\n']) {
                out.push(sign);
            }
        }
    }
}
