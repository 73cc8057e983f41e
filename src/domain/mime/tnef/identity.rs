//! GlobalObjectId: which meeting, and which day of a series (MS-OXOCAL §2.2.1.27; MS-OXCICAL §2.1.3.1.1.20.26 for the UID).

use super::cursor::Cursor;
use crate::domain::mime::charset;
use chrono::NaiveDate;

/// How the identifiers of all of Outlook's meetings begin.
const CLASS: [u8; 16] = [0x04, 0, 0, 0, 0x82, 0, 0xE0, 0, 0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08];
/// Where the day of an instance stands.
const DAY: std::ops::Range<usize> = 16..20;
/// Octets before the length of the rest: class, day, creation time, reserved.
const HEAD: usize = 36;
/// What stands before a UID that no Outlook made, and the version after it.
const FOREIGN: &[u8; 12] = b"vCal-Uid\x01\0\0\0";
/// Longest identifier that is taken, in octets: no program makes longer ones.
const LONGEST: usize = 4_096;

/// A meeting's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The UID (RFC 5545 §3.8.4.7): the one that the invitation had, where it came from elsewhere.
    pub(super) uid: String,
    /// The day of the instance of a series.
    pub(super) day: Option<NaiveDate>,
}

/// Reads an identifier; `None` where it is empty, too long or says nothing.
pub(super) fn read(bytes: &[u8]) -> Option<Identity> {
    if bytes.is_empty() || bytes.len() > LONGEST {
        return None;
    }
    let foreign = content(bytes).and_then(|content| content.strip_prefix(FOREIGN)).map(foreign_uid);
    let uid = foreign.unwrap_or_else(|| hex_of_series(bytes));
    (!uid.is_empty()).then(|| Identity { uid, day: day(bytes) })
}

/// What stands behind the head, as long as the head says.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(bytes.strip_prefix(&CLASS)?);
    cursor.take(HEAD - CLASS.len())?;
    let length = cursor.length()?;
    cursor.take(length.min(cursor.len()))
}

fn foreign_uid(bytes: &[u8]) -> String {
    let uid = bytes.split(|octet| *octet == 0).next().unwrap_or_default();
    charset::decode(uid, None).trim().to_owned()
}

/// All of it in hexadecimal, the day left out, so that every instance has the UID of its series.
fn hex_of_series(bytes: &[u8]) -> String {
    let is_day = |at: &usize| bytes.starts_with(&CLASS) && DAY.contains(at);
    bytes.iter().enumerate().map(|(at, octet)| format!("{:02X}", if is_day(&at) { 0 } else { *octet })).collect()
}

/// Year (high octet first), month, day; zeros for the whole series.
fn day(bytes: &[u8]) -> Option<NaiveDate> {
    match bytes.strip_prefix(&CLASS)? {
        [high, low, month, day, ..] => {
            NaiveDate::from_ymd_opt(i32::from(u16::from_be_bytes([*high, *low])), u32::from(*month), u32::from(*day))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(day: [u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        [&CLASS[..], &day, &[1; 8], &[0; 8], &length, content].concat()
    }

    #[test]
    fn our_own_uid_comes_back() {
        let identity = read(&of([0; 4], b"vCal-Uid\x01\0\0\0abc-1@visio.example\0")).unwrap();
        assert_eq!(identity, Identity { uid: "abc-1@visio.example".into(), day: None });
        let day = read(&of([0x07, 0xEA, 7, 6], b"vCal-Uid\x01\0\0\0x")).unwrap().day;
        assert_eq!(day, NaiveDate::from_ymd_opt(2026, 7, 6));
    }

    #[test]
    fn outlooks_own_is_hexadecimal_without_the_day() {
        let series = read(&of([0; 4], &[0xAB, 0xCD])).unwrap();
        let instance = read(&of([0x07, 0xEA, 7, 6], &[0xAB, 0xCD])).unwrap();
        assert_eq!(series.uid, instance.uid);
        assert_eq!(series.uid, format!("040000008200E00074C5B7101A82E00800000000{}{}02000000ABCD", "01".repeat(8), "00".repeat(8)));
        assert_eq!(read(b"\x01\xFF").unwrap().uid, "01FF");
    }

    #[test]
    fn what_says_nothing() {
        assert_eq!(read(b""), None);
        assert_eq!(read(&of([0; 4], b"vCal-Uid\x01\0\0\0\0x")), None);
        assert_eq!(read(&vec![1; LONGEST + 1]), None);
        assert_eq!(read(&of([0x07, 0xEA, 13, 40], b"x")).unwrap().day, None);
    }
}
