//! The outermost of CMS (RFC 5652), which S/MIME puts around a message: what is signed is read, the rest stays closed. BER (X.690 §8),
//! since mail programs write lengths that are not known beforehand.

/// Deepest nesting of elements that is followed.
const DEPTH: usize = 12;
/// 1.2.840.113549.1.7.2, id-signedData.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const FIRST: u8 = 0xa0;

/// What a message of S/MIME is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cms {
    /// Signed: the MIME entity within.
    Signed(Vec<u8>),
    /// Signed without content: certificates alone.
    Certificates,
    /// Encrypted, compressed, or nothing that can be read.
    Sealed,
}

/// Opens the outermost layer.
pub(super) fn open(bytes: &[u8]) -> Cms {
    match signed(bytes) {
        Some(Some(content)) => Cms::Signed(content),
        Some(None) => Cms::Certificates,
        None => Cms::Sealed,
    }
}

/// `None` where it is no SignedData; `Some(None)` where that has no content.
fn signed(bytes: &[u8]) -> Option<Option<Vec<u8>>> {
    let (outer, _) = element(bytes, DEPTH)?;
    let (kind, rest) = element(outer.of(SEQUENCE)?, DEPTH)?;
    if kind.of(OID)? != SIGNED_DATA {
        return None;
    }
    let (explicit, _) = element(rest, DEPTH)?;
    let (data, _) = element(explicit.of(FIRST)?, DEPTH)?;
    let (_version, rest) = element(data.of(SEQUENCE)?, DEPTH)?;
    let (_digests, rest) = element(rest, DEPTH)?;
    let (encapsulated, _) = element(rest, DEPTH)?;
    let (_kind, rest) = element(encapsulated.of(SEQUENCE)?, DEPTH)?;
    let Some((content, _)) = element(rest, DEPTH) else { return Some(None) };
    let (octets, _) = element(content.of(FIRST)?, DEPTH)?;
    let mut joined = Vec::new();
    gather(&octets, DEPTH, &mut joined)?;
    Some(Some(joined))
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Element<'a> {
    fn of(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

/// The element at the beginning, and what follows it.
fn element(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let depth = depth.checked_sub(1)?;
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    // End of contents (length 0, tag 0), and tags of several octets, which CMS has none of.
    if tag == 0 || tag & 0x1f == 0x1f {
        return None;
    }
    match first {
        0x80 => {
            let mut inner = rest;
            while !inner.starts_with(&[0, 0]) {
                inner = element(inner, depth)?.1;
            }
            let content = rest.get(..rest.len() - inner.len())?;
            Some((Element { tag, content }, inner.get(2..)?))
        }
        0..0x80 => split(tag, rest, usize::from(first)),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
            split(tag, rest, digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
        }
    }
}

fn split(tag: u8, rest: &[u8], length: usize) -> Option<(Element<'_>, &[u8])> {
    // What a gateway cut off is read as far as it goes.
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, rest))
}

/// Joins an octet string that may come in pieces.
fn gather(octets: &Element<'_>, depth: usize, joined: &mut Vec<u8>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match octets.tag {
        OCTETS => joined.extend_from_slice(octets.content),
        OCTETS_IN_PIECES => {
            let mut rest = octets.content;
            while !rest.is_empty() {
                let (piece, after) = element(rest, depth)?;
                gather(&piece, depth, joined)?;
                rest = after;
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    }

    fn endless(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    fn message(wrap: fn(u8, &[u8]) -> Vec<u8>, octets: &[u8]) -> Vec<u8> {
        let data = [&tlv(OID, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01]), &wrap(FIRST, octets)[..]].concat();
        let signed = [&tlv(2, &[1]), &tlv(0x31, b"")[..], &wrap(SEQUENCE, &data), &tlv(0x31, b"signers")].concat();
        let explicit = wrap(FIRST, &wrap(SEQUENCE, &signed));
        wrap(SEQUENCE, &[tlv(OID, SIGNED_DATA), explicit].concat())
    }

    #[test]
    fn signed_content_in_one_piece_and_in_many() {
        let mail = b"Content-Type: text/plain\r\n\r\nOui.";
        assert_eq!(open(&message(tlv, &tlv(OCTETS, mail))), Cms::Signed(mail.to_vec()));
        let pieces: Vec<u8> = mail.chunks(5).flat_map(|piece| tlv(OCTETS, piece)).collect();
        assert_eq!(open(&message(endless, &endless(OCTETS_IN_PIECES, &pieces))), Cms::Signed(mail.to_vec()));
    }

    #[test]
    fn anything_else_stays_closed() {
        let whole = message(endless, &tlv(OCTETS, b"x"));
        for end in 0..whole.len() - 12 {
            let _ = open(&whole[..end]);
        }
        assert_eq!(open(b""), Cms::Sealed);
        assert_eq!(open(&[0x30, 0x80].repeat(100_000)), Cms::Sealed);
        assert_eq!(open(&tlv(SEQUENCE, &tlv(OID, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03]))), Cms::Sealed);
    }
}
