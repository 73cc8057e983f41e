//! Compressed RTF unpacked (MS-OXRTFCP): an LZ77 of its own with a dictionary that both sides start with.

use super::cursor::Cursor;

/// `LZFu`: compressed (MS-OXRTFCP §2.1.3.1.5).
const COMPRESSED: u32 = 0x7546_5A4C;
/// `MELA`: stored as it is.
const STORED: u32 = 0x414C_454D;
/// Octets of the dictionary.
const SIZE: usize = 4_096;
/// What the dictionary starts with (MS-OXRTFCP §2.1.2.1).
const START: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The RTF, at most `limit` octets of it; `None` where it isn't compressed RTF. What is cut off ends early. The checksum
/// is not looked at: it guards against faults of transport, and a wrong word harms nobody.
pub(super) fn unpack(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(bytes);
    let (_compressed, raw, kind, _checksum) = (cursor.u32()?, cursor.length()?, cursor.u32()?, cursor.u32()?);
    let limit = limit.min(raw);
    match kind {
        STORED => Some(cursor.take(limit.min(cursor.len()))?.to_vec()),
        COMPRESSED => Some(inflate(cursor, limit)),
        _ => None,
    }
}

fn inflate(mut cursor: Cursor<'_>, limit: usize) -> Vec<u8> {
    let mut window = Window::new();
    let mut out = Vec::new();
    // Each control octet tells of the next eight runs, lowest bit first: an octet as it is, or a reference.
    while let Some(control) = cursor.u8() {
        for bit in 0..8 {
            let step =
                if control >> bit & 1 == 0 { window.literal(&mut cursor, &mut out) } else { window.reference(&mut cursor, &mut out) };
            if step.is_none() || out.len() >= limit {
                out.truncate(limit);
                return out;
            }
        }
    }
    out
}

struct Window {
    octets: [u8; SIZE],
    at: usize,
}

impl Window {
    fn new() -> Self {
        let mut octets = [b' '; SIZE];
        octets.iter_mut().zip(START).for_each(|(octet, start)| *octet = *start);
        Self { octets, at: START.len() }
    }

    fn push(&mut self, octet: u8, out: &mut Vec<u8>) {
        if let Some(place) = self.octets.get_mut(self.at) {
            *place = octet;
        }
        self.at = (self.at + 1) % SIZE;
        out.push(octet);
    }

    fn literal(&mut self, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Option<()> {
        let octet = cursor.u8()?;
        self.push(octet, out);
        Some(())
    }

    /// Twelve bits of offset and four of length less two, high octet first. The place that is written next means the end.
    fn reference(&mut self, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Option<()> {
        let token = u16::from_be_bytes([cursor.u8()?, cursor.u8()?]);
        let (offset, length) = (usize::from(token >> 4), usize::from(token & 0xF) + 2);
        if offset == self.at {
            return None;
        }
        for step in 0..length {
            let octet = self.octets.get((offset + step) % SIZE).copied()?;
            self.push(octet, out);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two examples of MS-OXRTFCP §3.
    #[test]
    fn the_standards_examples() {
        let simple = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(unpack(simple, 1_000).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let crossing = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04 WXYZ\x0dn}\x01\x0e\xb0";
        assert_eq!(unpack(crossing, 1_000).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert_eq!(unpack(crossing, 10).unwrap(), b"{\\rtf1 WXY");
    }

    #[test]
    fn stored_cut_and_foreign() {
        assert_eq!(unpack(b"\x10\0\0\0\x04\0\0\0MELA\0\0\0\0{\\r}", 1_000).unwrap(), b"{\\r}");
        assert_eq!(unpack(b"\x10\0\0\0\xFF\0\0\0LZFu\0\0\0\0\0ab", 1_000).unwrap(), b"ab");
        assert_eq!(unpack(b"\x10\0\0\0\xFF\0\0\0PK\x03\x04\0\0\0\0", 1_000), None);
        assert_eq!(unpack(b"LZFu", 1_000), None);
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let mut bomb = b"\0\0\0\0\xFF\xFF\xFF\xFFLZFu\0\0\0\0".to_vec();
        // References of the greatest length to the dictionary's start.
        bomb.extend([0xFF].into_iter().chain([0x00, 0x0F].repeat(8)).collect::<Vec<_>>().repeat(1_000));
        assert_eq!(unpack(&bomb, 50_000).unwrap().len(), 50_000);
    }
}
