//! JPEG (ITU T.81 Annex B): tables, frames and scans stay; EXIF, XMP, IPTC, ICC profiles, comments, thumbnails and whatever stands
//! behind the end do not. The picture itself is not decoded, so that it loses nothing. Walked here, since crates that take
//! containers apart (img-parts 0.4) keep all that follows the first scan as it is, further segments and trailers too.

use crate::domain::attachment::Reason;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP14: u8 = 0xee;

/// The same picture without anything beside it but the way up it is held.
pub(super) fn scrub(bytes: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut walk = Walk { rest: bytes.strip_prefix(&[0xff, SOI]).ok_or(Reason::Damaged)? };
    let mut clean = vec![0xff, SOI];
    let (mut frames, mut scans, mut turned) = (0, 0, false);
    loop {
        let marker = walk.marker()?;
        if marker == EOI {
            break;
        }
        // Markers that stand alone (RSTn, TEM) have no place between segments.
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            return Err(Reason::Damaged);
        }
        let content = walk.segment()?;
        match marker {
            APP0 if frames == 0 => clean.extend(jfif(content).unwrap_or_default()),
            APP1 if frames == 0 && !turned => {
                let found = orientation(content);
                turned = found.is_some();
                clean.extend(found.map(way_up).unwrap_or_default());
            }
            APP14 => clean.extend(adobe(content).unwrap_or_default()),
            // SOFn with their tables: 8 + 3 octets for each component, its own length included.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                frames += 1;
                let components = content.get(5).copied().map(usize::from).ok_or(Reason::Damaged)?;
                if content.len() != 6 + 3 * components {
                    return Err(Reason::Damaged);
                }
                push(&mut clean, marker, content);
            }
            // DHT, DAC, DQT, DNL, DRI, DHP, EXP.
            0xc4 | 0xcc | 0xdb..=0xdf => push(&mut clean, marker, content),
            SOS => {
                scans += 1;
                push(&mut clean, marker, content);
                clean.extend_from_slice(walk.entropy());
                if walk.rest.is_empty() {
                    // Cut off, or an end that the camera forgot: programs show what there is.
                    break;
                }
            }
            // APPn, COM, JPGn and reserved ones.
            _ => {}
        }
    }
    if frames == 0 || scans == 0 {
        return Err(Reason::Damaged);
    }
    clean.extend([0xff, EOI]);
    Ok(clean)
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    /// The next marker; any number of fill octets before it (B.1.1.2).
    fn marker(&mut self) -> Result<u8, Reason> {
        let after = self.rest.strip_prefix(&[0xff]).ok_or(Reason::Damaged)?;
        let fill = after.iter().take_while(|octet| **octet == 0xff).count();
        let (marker, rest) = after.get(fill..).and_then(<[u8]>::split_first).ok_or(Reason::Damaged)?;
        self.rest = rest;
        if *marker == 0 { Err(Reason::Damaged) } else { Ok(*marker) }
    }

    /// The content of a segment, which begins with its length.
    fn segment(&mut self) -> Result<&'a [u8], Reason> {
        let (length, _) = self.rest.split_first_chunk::<2>().ok_or(Reason::Damaged)?;
        let (segment, rest) = self.rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(Reason::Damaged)?;
        self.rest = rest;
        segment.get(2..).ok_or(Reason::Damaged)
    }

    /// Coded data up to the next marker that isn't part of it: `FF00` is an octet, RSTn goes on.
    fn entropy(&mut self) -> &'a [u8] {
        let mut end = self.rest.len();
        for at in memchr::memchr_iter(0xff, self.rest) {
            if !matches!(self.rest.get(at + 1), Some(0x00 | 0xd0..=0xd7 | 0xff)) {
                end = at;
                break;
            }
        }
        let (data, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        data
    }
}

fn push(clean: &mut Vec<u8>, marker: u8, content: &[u8]) {
    // A segment came with this length, which fitted.
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    clean.extend([0xff, marker]);
    clean.extend(length.to_be_bytes());
    clean.extend_from_slice(content);
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(content.len() + 4);
    push(&mut made, marker, content);
    made
}

/// JFIF's version and density, without its thumbnail.
fn jfif(content: &[u8]) -> Option<Vec<u8>> {
    let facts = content.strip_prefix(b"JFIF\0")?.get(..7)?;
    Some(segment(APP0, &[b"JFIF\0", facts, &[0, 0]].concat()))
}

/// Adobe's segment says which colours the components are.
fn adobe(content: &[u8]) -> Option<Vec<u8>> {
    let facts = content.get(..12).filter(|facts| facts.starts_with(b"Adobe"))?;
    Some(segment(APP14, facts))
}

/// EXIF's Orientation (tag 0112): telephones keep pictures as the sensor lay.
fn orientation(content: &[u8]) -> Option<u8> {
    let tiff = content.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let word = |at: usize| {
        let pair: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let long = |at: usize| {
        let four: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }).ok()
    };
    let table = long(4)?;
    let entries = usize::from(word(table)?);
    let first = table.checked_add(2)?;
    let entry = (0..entries).map(|index| first + index * 12).find(|at| word(*at) == Some(0x0112))?;
    let value = u8::try_from(word(entry.checked_add(8)?)?).ok()?;
    (2..=8).contains(&value).then_some(value)
}

/// An EXIF segment of our own with Orientation alone.
fn way_up(orientation: u8) -> Vec<u8> {
    let head = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
    segment(APP1, &[&head[..], &[orientation, 0, 0, 0, 0, 0, 0]].concat())
}
