//! Base64 (RFC 4648 §4, §5) and hex runs of any length, at every alignment: other text may be glued to them.

use super::streams::is_packed;
use super::stretches::{loose_stretches, strict_stretches};
use std::collections::HashSet;

/// Shorter runs say too little: six digits of base64 are four letters.
const SHORTEST_RUN: usize = 6;
/// From this length on a run is data, not a word: it is a view of its own.
const LONG_RUN: usize = 512;

/// The runs of a view.
#[derive(Default)]
pub(in super::super) struct Runs {
    /// How it was packed, and the content.
    pub(in super::super) views: Vec<(&'static str, Vec<u8>)>,
    /// The view without its long runs, when it had any.
    pub(in super::super) rest: Option<Vec<u8>>,
}

struct Run {
    digits: Vec<u8>,
    start: usize,
    end: usize,
}

impl Runs {
    /// Unpacks every run that isn't in `known`, which grows.
    pub(in super::super) fn of(bytes: &[u8], known: &mut HashSet<u128>) -> Self {
        let mut runs = Self::default();
        let (mut rest, mut taken) = (Vec::new(), 0);
        let mut short: [Vec<u8>; 2] = Default::default();
        each_run(bytes, |run| {
            let long = run.digits.len() >= LONG_RUN;
            if long {
                rest.extend_from_slice(bytes.get(taken..run.start).unwrap_or_default());
                rest.push(b'\n');
                taken = run.end;
            }
            if known.insert(super::super::scan::fingerprint(&run.digits)) {
                runs.hex(&run.digits, &mut short[1]);
                if long { runs.long(&run.digits) } else { runs.short(&run.digits, &mut short[0]) }
            }
        });
        let [base64, hex] = short;
        runs.views.extend([("base64", base64), ("hex", hex)].into_iter().filter(|(_, view)| !view.is_empty()));
        if taken > 0 {
            rest.extend_from_slice(bytes.get(taken..).unwrap_or_default());
            runs.rest = Some(rest);
        }
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

    fn short(&mut self, digits: &[u8], texts: &mut Vec<u8>) {
        for skip in 0..4 {
            let decoded = base64_digits(digits.get(skip..).unwrap_or_default());
            if is_packed(&decoded) {
                self.views.push(("base64", decoded));
            } else {
                loose_stretches(&decoded, texts);
            }
        }
    }

    /// Stretches of hex digits, other text glued to them on either side.
    fn hex(&mut self, digits: &[u8], texts: &mut Vec<u8>) {
        for run in digits.split(|digit| !digit.is_ascii_hexdigit()).filter(|run| run.len() >= 8) {
            for skip in 0..2 {
                let decoded = pack(run.get(skip..).unwrap_or_default(), 4);
                if is_packed(&decoded) {
                    self.views.push(("hex", decoded));
                } else {
                    loose_stretches(&decoded, texts);
                }
            }
        }
    }
}

fn each_run(bytes: &[u8], mut take: impl FnMut(&Run)) {
    let mut run = Run { digits: Vec::new(), start: 0, end: 0 };
    let mut breaks = 0;
    for (at, byte) in bytes.iter().copied().chain([0]).enumerate() {
        // A boundary line may follow unpadded digits: its dashes are digits too, and what they decode to would be glued to the text.
        if byte == b'-' && breaks > 0 && bytes.get(at + 1) == Some(&b'-') && run.digits.len() >= SHORTEST_RUN {
            take(&run);
        }
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => {
                if run.digits.is_empty() {
                    run.start = at;
                }
                run.digits.push(byte);
                run.end = at + 1;
                breaks = 0;
            }
            b'\r' | b'\n' if !run.digits.is_empty() && breaks < 2 => breaks += 1,
            // RFC 5545 §3.1: a folded line goes on after one white space.
            b' ' | b'\t' if breaks > 0 => breaks = 2,
            _ => {
                if run.digits.len() >= SHORTEST_RUN {
                    take(&run);
                }
                run.digits.clear();
                breaks = 0;
            }
        }
    }
}

/// Decodes digits of base64, of both alphabets; what doesn't fill a byte is dropped.
pub(in super::super) fn base64_digits(digits: &[u8]) -> Vec<u8> {
    pack(digits, 6)
}

/// Joins digits of `bits` bits each.
fn pack(digits: &[u8], bits: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(digits.len());
    let (mut buffer, mut held) = (0_u32, 0_u32);
    for digit in digits {
        let value = match (digit, bits) {
            (b'0'..=b'9', 4) => digit - b'0',
            (_, 4) => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10) & 0xf,
            (b'A'..=b'Z', _) => digit - b'A',
            (b'a'..=b'z', _) => digit - b'a' + 26,
            (b'0'..=b'9', _) => digit - b'0' + 52,
            (b'+' | b'-', _) => 62,
            _ => 63,
        };
        buffer = (buffer << bits | u32::from(value)) & 0xffff;
        held += bits;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(buffer >> held & 0xff).unwrap_or_default());
        }
    }
    out
}
