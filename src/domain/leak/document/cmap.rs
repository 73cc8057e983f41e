//! ToUnicode maps of PDF fonts (ISO 32000 §9.10.3): codes of a font to the text that they show. A range costs what it is written
//! with, not what it claims to span.

use std::collections::HashMap;

/// Codes and ranges of one map.
const ENTRIES: usize = 200_000;

/// A map of codes of one length each.
#[derive(Default)]
pub(super) struct CMap {
    /// Lengths of codes in octets, shortest first.
    lengths: Vec<usize>,
    single: HashMap<(usize, u32), String>,
    ranges: Vec<Range>,
}

struct Range {
    length: usize,
    first: u32,
    last: u32,
    target: Vec<u16>,
}

enum Word<'a> {
    Hex(Vec<u8>),
    Name(&'a [u8]),
    Open,
    Close,
}

impl CMap {
    /// Reads a map. `None` beyond the limit.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut map = Self::default();
        let mut operands: Vec<Word<'_>> = Vec::new();
        for word in words(bytes) {
            match word {
                Word::Name(b"endcodespacerange") => map.lengths(&operands),
                Word::Name(b"endbfchar") => map.singles(&operands),
                Word::Name(b"endbfrange") => map.spans(&operands),
                Word::Name(name) if name.starts_with(b"begin") => operands.clear(),
                Word::Name(_) => {}
                other => operands.push(other),
            }
            if operands.len() > ENTRIES || map.single.len() + map.ranges.len() > ENTRIES {
                return None;
            }
        }
        map.lengths.sort_unstable();
        map.lengths.dedup();
        map.ranges.sort_by_key(|range| (range.length, range.first));
        Some(map)
    }

    fn lengths(&mut self, operands: &[Word<'_>]) {
        let lengths = operands.iter().filter_map(|word| if let Word::Hex(code) = word { Some(code.len()) } else { None });
        self.lengths.extend(lengths.filter(|length| (1..=4).contains(length)));
    }

    fn singles(&mut self, operands: &[Word<'_>]) {
        for pair in operands.chunks_exact(2) {
            if let [Word::Hex(code), Word::Hex(target)] = pair {
                self.single.insert((code.len(), number(code)), String::from_utf16_lossy(&units(target)));
            }
        }
    }

    fn spans(&mut self, operands: &[Word<'_>]) {
        let mut rest = operands;
        while let [Word::Hex(first), Word::Hex(last), after @ ..] = rest {
            let (length, from, to) = (first.len(), number(first), number(last));
            match after {
                [Word::Hex(target), after @ ..] => {
                    self.ranges.push(Range { length, first: from, last: to, target: units(target) });
                    rest = after;
                }
                [Word::Open, after @ ..] => {
                    let end = after.iter().position(|word| matches!(word, Word::Close)).unwrap_or(after.len());
                    for (code, word) in (from..=to).zip(after.get(..end).unwrap_or_default()) {
                        if let Word::Hex(target) = word {
                            self.single.insert((length, code), String::from_utf16_lossy(&units(target)));
                        }
                    }
                    rest = after.get(end + 1..).unwrap_or_default();
                }
                _ => return,
            }
        }
    }

    /// Lengths of codes; `otherwise` where the map names none.
    pub(super) fn code_lengths(&self, otherwise: usize) -> Vec<usize> {
        if self.lengths.is_empty() { vec![otherwise] } else { self.lengths.clone() }
    }

    /// The text of a code.
    pub(super) fn text(&self, code: &[u8]) -> Option<String> {
        let (length, value) = (code.len(), number(code));
        if let Some(text) = self.single.get(&(length, value)) {
            return Some(text.clone());
        }
        let after = self.ranges.partition_point(|range| (range.length, range.first) <= (length, value));
        // Ranges rarely overlap: the nearest that begin before the code.
        let range =
            self.ranges.get(after.saturating_sub(8)..after)?.iter().rev().find(|range| range.length == length && value <= range.last)?;
        let mut target = range.target.clone();
        let last = target.last_mut()?;
        *last = last.wrapping_add(u16::try_from((value - range.first) & 0xffff).ok()?);
        Some(String::from_utf16_lossy(&target))
    }
}

fn number(code: &[u8]) -> u32 {
    code.iter().fold(0, |number, octet| number << 8 | u32::from(*octet))
}

fn units(octets: &[u8]) -> Vec<u16> {
    match octets {
        [one] => vec![u16::from(*one)],
        _ => octets.chunks_exact(2).map(|pair| pair.iter().fold(0, |unit, octet| unit << 8 | u16::from(*octet))).collect(),
    }
}

/// Hex strings, brackets and words, whatever else there is.
fn words(bytes: &[u8]) -> impl Iterator<Item = Word<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_ascii_start();
            let (first, after) = rest.split_first()?;
            match first {
                b'%' => {
                    rest =
                        after.iter().position(|octet| matches!(octet, b'\n' | b'\r')).and_then(|end| after.get(end..)).unwrap_or_default()
                }
                b'<' if after.first() != Some(&b'<') => {
                    let end = memchr::memchr(b'>', after).unwrap_or(after.len());
                    let digits: Vec<u8> = after
                        .get(..end)?
                        .iter()
                        .filter_map(|digit| char::from(*digit).to_digit(16))
                        .filter_map(|digit| u8::try_from(digit).ok())
                        .collect();
                    rest = after.get(end + 1..).unwrap_or_default();
                    return Some(Word::Hex(digits.chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect()));
                }
                b'[' => {
                    rest = after;
                    return Some(Word::Open);
                }
                b']' => {
                    rest = after;
                    return Some(Word::Close);
                }
                first if first.is_ascii_alphabetic() => {
                    let end = rest.iter().position(|octet| !octet.is_ascii_alphanumeric()).unwrap_or(rest.len());
                    let (name, after) = rest.split_at_checked(end)?;
                    rest = after;
                    return Some(Word::Name(name));
                }
                _ => rest = after,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ranges_and_lists() {
        let map = CMap::read(
            b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> endcodespacerange\n2 beginbfchar <0001> <0043> \
            <0002><00660066> endbfchar 2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<0078> <0079>] endbfrange",
        )
        .unwrap();
        let text = |code: [u8; 2]| map.text(&code).unwrap_or_default();
        assert_eq!([text([0, 1]), text([0, 2]), text([0, 0x12]), text([0, 0x21]), text([0, 0x22])].join("|"), "C|ff|c|y|");
        assert_eq!(map.code_lengths(1), [2]);
    }

    #[test]
    fn a_range_over_everything_costs_nothing() {
        let map =
            CMap::read(b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange 1 beginbfrange <00000000> <FFFFFFFF> [<0041>] endbfrange")
                .unwrap();
        assert_eq!(map.text(&[0, 0, 0, 1]).as_deref(), Some("B"));
        assert!(CMap::read(&b"<41>".repeat(300_000)).is_none());
    }
}
