//! Base64 (RFC 4648 §4, §5) and hex runs of any length, at every alignment: other text may be glued to them.

use super::super::decode::Reading;
use super::super::scan::{Known, fingerprint};
use super::streams::is_packed;
use super::stretches::{faint_stretches, strict_stretches};

/// Shorter runs say too little: six digits of base64 are four letters.
const SHORTEST_RUN: usize = 6;
/// From this length on a run is data, not a word: it is a view of its own.
const LONG_RUN: usize = 512;

/// The runs of a view.
#[derive(Default)]
pub(in super::super) struct Runs {
    /// How it was packed, and the content.
    pub(in super::super) views: Vec<(&'static str, Vec<u8>)>,
    /// What every word of six letters decodes to, without the texts among it: may be a text in some charset, is mostly noise.
    pub(in super::super) faint: Vec<u8>,
}

/// What short runs decode to, put together.
#[derive(Default)]
struct Short {
    decoded: Vec<u8>,
    base64: Vec<u8>,
    hex: Vec<u8>,
}

impl Runs {
    /// Unpacks every run that isn't in `known`, which grows; of a changed text those that the changes touch.
    pub(in super::super) fn of(read: &Reading, known: &mut Known) -> Self {
        let mut runs = Self::default();
        let mut short = Short::default();
        each_run(&read.bytes, |start, end, digits| {
            let next = read.marks.partition_point(|mark| *mark < start);
            let touched = read.marks.is_empty() || read.marks.get(next).is_some_and(|mark| *mark <= end);
            if touched && known.insert(fingerprint(digits, &[])) {
                runs.hex(digits, &mut short);
                if digits.len() >= LONG_RUN { runs.long(digits) } else { runs.short(digits, &mut short) }
            }
        });
        let texts = [("base64", short.base64), ("hex", short.hex)];
        runs.views.extend(texts.into_iter().filter(|(_, view)| !view.is_empty()));
        runs
    }

    fn long(&mut self, digits: &[u8]) {
        self.views.push(("base64", base64_digits(digits)));
        for skip in 1..4 {
            let shifted = base64_digits(digits.get(skip..).unwrap_or_default());
            let telling = if is_packed(&shifted) { shifted } else { strict_stretches(&shifted) };
            if !telling.is_empty() {
                self.views.push(("base64 glued to text", telling));
            }
        }
    }

    fn short(&mut self, digits: &[u8], short: &mut Short) {
        for skip in 0..4 {
            short.decoded.clear();
            pack(digits.get(skip..).unwrap_or_default(), Base::SixtyFour, &mut short.decoded);
            self.sort_out("base64", &short.decoded, &mut short.base64);
        }
    }

    /// Stretches of hex digits, other text glued to them on either side.
    fn hex(&mut self, digits: &[u8], short: &mut Short) {
        for run in digits.split(|digit| !digit.is_ascii_hexdigit()).filter(|run| run.len() >= 8) {
            for skip in 0..2 {
                short.decoded.clear();
                pack(run.get(skip..).unwrap_or_default(), Base::Sixteen, &mut short.decoded);
                self.sort_out("hex", &short.decoded, &mut short.hex);
            }
        }
    }

    fn sort_out(&mut self, way: &'static str, decoded: &[u8], texts: &mut Vec<u8>) {
        if is_packed(decoded) {
            self.views.push((way, decoded.to_vec()));
            return;
        }
        let telling = strict_stretches(decoded);
        if telling.is_empty() {
            faint_stretches(decoded, &mut self.faint);
        } else {
            texts.extend_from_slice(decoded);
            texts.extend_from_slice(super::stretches::GAP);
        }
    }
}

fn each_run(bytes: &[u8], mut take: impl FnMut(usize, usize, &[u8])) {
    let mut digits = Vec::new();
    let (mut start, mut breaks) = (0, 0);
    for (at, byte) in bytes.iter().copied().chain([0]).enumerate() {
        if is_digit(byte) {
            // A boundary line may follow unpadded digits: its dashes are digits too, and what they decode to would be glued to the text.
            if byte == b'-' && breaks > 0 && bytes.get(at + 1) == Some(&b'-') && digits.len() >= SHORTEST_RUN {
                take(start, at, &digits);
            }
            if digits.is_empty() {
                start = at;
            }
            digits.push(byte);
            breaks = 0;
            continue;
        }
        match byte {
            b'\r' | b'\n' if !digits.is_empty() && breaks < 2 => breaks += 1,
            // RFC 5545 §3.1: a folded line goes on after one white space.
            b' ' | b'\t' if breaks > 0 => breaks = 2,
            _ => {
                if digits.len() >= SHORTEST_RUN {
                    take(start, at, &digits);
                }
                digits.clear();
                breaks = 0;
            }
        }
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Decodes digits of base64, of both alphabets; what doesn't fill a byte is dropped.
pub(in super::super) fn base64_digits(digits: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(digits.len());
    pack(digits, Base::SixtyFour, &mut out);
    out
}

#[derive(Clone, Copy)]
enum Base {
    Sixteen,
    SixtyFour,
}

/// Values of the digits of base64 of both alphabets.
const SIXTY_FOUR: [u8; 256] = {
    let mut values = [63; 256];
    let mut value = 0_u8;
    while value < 62 {
        let digit = match value {
            0..26 => b'A' + value,
            26..52 => b'a' + value - 26,
            _ => b'0' + value - 52,
        };
        values[digit as usize] = value;
        value += 1;
    }
    values[b'+' as usize] = 62;
    values[b'-' as usize] = 62;
    values
};

/// Joins digits to bytes.
fn pack(digits: &[u8], base: Base, out: &mut Vec<u8>) {
    let (mut buffer, mut held) = (0_u32, 0_u32);
    for digit in digits {
        let (value, bits) = match base {
            Base::SixtyFour => (SIXTY_FOUR[usize::from(*digit)], 6),
            Base::Sixteen if digit.is_ascii_digit() => (digit - b'0', 4),
            Base::Sixteen => ((digit | 0x20).wrapping_sub(b'a').wrapping_add(10) & 0xf, 4),
        };
        buffer = (buffer << bits | u32::from(value)) & 0xffff;
        held += bits;
        if held >= 8 {
            held -= 8;
            let [_, _, _, byte] = (buffer >> held).to_be_bytes();
            out.push(byte);
        }
    }
}
