//! MAPI properties as TNEF packs them (MS-OXTNEF §2.1.3.4, MS-OXCDATA §2.11).

use super::code_page;
use super::cursor::Cursor;
use super::{Budget, Guid};
use chrono::{DateTime, Datelike, Utc};

/// This bit of a type says that there are several values (MS-OXCDATA §2.11.1).
const MULTIPLE: u16 = 0x1000;
/// From this identifier on a property has a name (MS-OXTNEF §2.1.3.4).
const NAMED: u16 = 0x8000;
/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;
/// Outlook writes "never" as a day of this year.
const NEVER: i32 = 4_500;

/// What a property holds. Narrow strings are decoded when they are asked for, because the code page may come later.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// PtypInteger16, PtypInteger32, PtypInteger64, PtypBoolean, PtypErrorCode; PtypCurrency in its ten-thousandths.
    Number(i64),
    /// PtypFloating32, PtypFloating64, PtypFloatingTime.
    Real(f64),
    /// PtypTime: 100 ns since 1601, UTC.
    Time(u64),
    /// PtypGuid.
    Guid(Guid),
    /// PtypString8: octets in the message's code page.
    Narrow(&'a [u8]),
    /// PtypString: UTF-16, little-endian.
    Wide(&'a [u8]),
    /// PtypBinary.
    Bytes(&'a [u8]),
    /// PtypObject: its interface and its content.
    Object(Guid, &'a [u8]),
    /// A multi-valued type.
    Many(Vec<Value<'a>>),
}

/// Which property it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A property identifier below 0x8000.
    Tag(u16),
    /// A property set and a long identifier (PidLid…).
    Lid(Guid, u32),
    /// A property set and a name (PidName…).
    Name(Guid, String),
}

/// A list of properties in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties<'a> {
    list: Vec<(Key, Value<'a>)>,
    /// Code page of the narrow strings.
    pub(super) code_page: u32,
}

/// Why a list could not be read to its end.
pub(super) enum Stop {
    /// It ends within a property, or has one of no known type.
    Broken,
    /// Too many values.
    TooMany,
}

impl<'a> Properties<'a> {
    /// Reads a list, and says whether it was whole. What was read before the fault is kept.
    pub(super) fn read(cursor: &mut Cursor<'a>, code_page: u32, budget: &mut Budget) -> (Self, Result<(), Stop>) {
        let mut properties = Self { list: Vec::new(), code_page };
        let whole = properties.fill(cursor, budget);
        (properties, whole)
    }

    fn fill(&mut self, cursor: &mut Cursor<'a>, budget: &mut Budget) -> Result<(), Stop> {
        let count = cursor.length().ok_or(Stop::Broken)?;
        for _ in 0..count {
            let kind = cursor.u16().ok_or(Stop::Broken)?;
            let key = key(cursor).ok_or(Stop::Broken)?;
            let value = if kind & MULTIPLE == 0 { single(kind, cursor, budget) } else { several(kind & !MULTIPLE, cursor, budget) };
            if let Some(value) = value? {
                self.list.push((key, value));
            }
        }
        Ok(())
    }

    /// The value of a property.
    pub fn value(&self, key: &Key) -> Option<&Value<'a>> {
        self.list.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value of a property that has no name.
    pub fn tag(&self, tag: u16) -> Option<&Value<'a>> {
        self.value(&Key::Tag(tag))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A text without space around it; `None` where it is missing, blank or no text.
    pub fn text(&self, key: &Key) -> Option<String> {
        let text = match self.value(key)? {
            Value::Narrow(bytes) => code_page::narrow(bytes, self.code_page),
            Value::Wide(bytes) => code_page::wide(bytes),
            Value::Number(_) | Value::Real(_) | Value::Time(_) | Value::Guid(_) | Value::Bytes(_) | Value::Object(..) | Value::Many(_) => {
                return None;
            }
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A number or a truth value.
    pub fn number(&self, key: &Key) -> Option<i64> {
        match self.value(key)? {
            Value::Number(number) => Some(*number),
            Value::Real(_)
            | Value::Time(_)
            | Value::Guid(_)
            | Value::Narrow(_)
            | Value::Wide(_)
            | Value::Bytes(_)
            | Value::Object(..)
            | Value::Many(_) => None,
        }
    }

    /// An instant; `None` also for "never".
    pub fn time(&self, key: &Key) -> Option<DateTime<Utc>> {
        match self.value(key)? {
            Value::Time(ticks) => instant(*ticks),
            Value::Number(_)
            | Value::Real(_)
            | Value::Guid(_)
            | Value::Narrow(_)
            | Value::Wide(_)
            | Value::Bytes(_)
            | Value::Object(..)
            | Value::Many(_) => None,
        }
    }

    /// Octets that are no text.
    pub fn bytes(&self, key: &Key) -> Option<&'a [u8]> {
        match self.value(key)? {
            Value::Bytes(bytes) | Value::Object(_, bytes) => Some(bytes),
            Value::Number(_) | Value::Real(_) | Value::Time(_) | Value::Guid(_) | Value::Narrow(_) | Value::Wide(_) | Value::Many(_) => {
                None
            }
        }
    }
}

/// The identifier, and the name of those that have one.
fn key(cursor: &mut Cursor<'_>) -> Option<Key> {
    let id = cursor.u16()?;
    if id < NAMED {
        return Some(Key::Tag(id));
    }
    let set = cursor.guid()?;
    if cursor.u32()? == 0 {
        return Some(Key::Lid(set, cursor.u32()?));
    }
    let length = cursor.length()?;
    Some(Key::Name(set, code_page::wide(cursor.padded(length)?)))
}

/// One value; `None` for a type without content.
fn single<'a>(kind: u16, cursor: &mut Cursor<'a>, budget: &mut Budget) -> Result<Option<Value<'a>>, Stop> {
    if is_counted(kind) {
        // The format counts even a single value.
        return Ok(counted(kind, cursor, budget)?.into_iter().next());
    }
    budget.spend().ok_or(Stop::TooMany)?;
    fixed(kind, cursor)
}

fn several<'a>(kind: u16, cursor: &mut Cursor<'a>, budget: &mut Budget) -> Result<Option<Value<'a>>, Stop> {
    if is_counted(kind) {
        return counted(kind, cursor, budget).map(|values| Some(Value::Many(values)));
    }
    let count = cursor.length().ok_or(Stop::Broken)?;
    let mut values = Vec::new();
    for _ in 0..count {
        budget.spend().ok_or(Stop::TooMany)?;
        values.extend(fixed(kind, cursor)?);
        if cursor.len() == 0 {
            break;
        }
    }
    Ok(Some(Value::Many(values)))
}

/// Types whose values say their length: PtypObject, PtypString8, PtypString, PtypBinary.
fn is_counted(kind: u16) -> bool {
    matches!(kind, 0x000D | 0x001E | 0x001F | 0x0102)
}

fn counted<'a>(kind: u16, cursor: &mut Cursor<'a>, budget: &mut Budget) -> Result<Vec<Value<'a>>, Stop> {
    let count = cursor.length().ok_or(Stop::Broken)?;
    let mut values = Vec::new();
    for _ in 0..count {
        budget.spend().ok_or(Stop::TooMany)?;
        let length = cursor.length().ok_or(Stop::Broken)?;
        let bytes = cursor.padded(length).ok_or(Stop::Broken)?;
        values.push(match kind {
            0x001E => Value::Narrow(bytes),
            0x001F => Value::Wide(bytes),
            0x000D => {
                let mut object = Cursor::new(bytes);
                let interface = object.guid().ok_or(Stop::Broken)?;
                Value::Object(interface, bytes.get(16..).unwrap_or_default())
            }
            _ => Value::Bytes(bytes),
        });
    }
    Ok(values)
}

/// Types of a fixed length, filled up to four octets.
fn fixed<'a>(kind: u16, cursor: &mut Cursor<'a>) -> Result<Option<Value<'a>>, Stop> {
    let value = match kind {
        // PtypNull: nothing follows.
        0x0001 => return Ok(None),
        // PtypInteger16 and PtypBoolean: two octets, filled up.
        0x0002 => cursor.u32().map(|number| Value::Number(i64::from(number as u16 as i16))),
        0x000B => cursor.u32().map(|number| Value::Number(i64::from(number & 0xFFFF != 0))),
        // PtypInteger32, PtypErrorCode.
        0x0003 | 0x000A => cursor.u32().map(|number| Value::Number(i64::from(number as i32))),
        0x0004 => cursor.u32().map(|bits| Value::Real(f64::from(f32::from_bits(bits)))),
        // PtypFloating64, PtypFloatingTime.
        0x0005 | 0x0007 => cursor.u64().map(|bits| Value::Real(f64::from_bits(bits))),
        // PtypCurrency, PtypInteger64.
        0x0006 | 0x0014 => cursor.u64().map(|number| Value::Number(number as i64)),
        0x0040 => cursor.u64().map(Value::Time),
        0x0048 => cursor.guid().map(Value::Guid),
        _ => None,
    };
    value.map(Some).ok_or(Stop::Broken)
}

fn instant(ticks: u64) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(ticks / 10_000_000).ok()?.checked_sub(EPOCH)?;
    DateTime::from_timestamp(seconds, 0).filter(|instant| ticks > 0 && instant.year() < NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Properties<'_>, bool) {
        let mut budget = Budget { values: 100 };
        let (properties, whole) = Properties::read(&mut Cursor::new(bytes), 1_252, &mut budget);
        (properties, whole.is_ok())
    }

    fn list(properties: &[&[u8]]) -> Vec<u8> {
        let mut bytes = (properties.len() as u32).to_le_bytes().to_vec();
        properties.iter().for_each(|property| bytes.extend_from_slice(property));
        bytes
    }

    #[test]
    fn every_type() {
        let bytes = list(&[
            b"\x02\0\x01\0\xFF\xFF\0\0",
            b"\x03\0\x02\0\xFE\xFF\xFF\xFF",
            b"\x04\0\x03\0\0\0\xC0\x3F",
            b"\x05\0\x04\0\0\0\0\0\0\0\xF8\x3F",
            b"\x06\0\x05\0\x10\x27\0\0\0\0\0\0",
            b"\x07\0\x06\0\0\0\0\0\0\0\xF0\x3F",
            b"\x0A\0\x07\0\x05\x01\x04\x80",
            b"\x0B\0\x08\0\x01\0\xAA\xAA",
            b"\x14\0\x09\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            b"\x40\0\x0A\0\0\x80\x3E\xD5\xDE\xB1\x9D\x01",
            b"\x48\0\x0B\x000123456789abcdef",
            b"\x1E\0\x0C\0\x01\0\0\0\x05\0\0\0caf\xE9\0\0\0\0",
            b"\x1F\0\x0D\0\x01\0\0\0\x06\0\0\0o\0k\0\0\0\0\0",
            b"\x02\x01\x0E\0\x01\0\0\0\x03\0\0\0abc\0",
            b"\x0D\0\x0F\0\x01\0\0\0\x12\0\0\0ABCDEFGHIJKLMNOPxy\0\0",
            b"\x03\x10\x10\0\x02\0\0\0\x01\0\0\0\x02\0\0\0",
            b"\x02\x10\x11\0\x02\0\0\0\x01\0\0\0\x02\0\0\0",
            b"\x1E\x10\x12\0\x02\0\0\0\x01\0\0\0a\0\0\0\x02\0\0\0bc\0\0",
            b"\x01\0\x13\0",
            b"\x03\0\x01\x800123456789abcdef\0\0\0\0\x0D\x82\0\0\x07\0\0\0",
            b"\x03\0\x02\x800123456789abcdef\x01\0\0\0\x06\0\0\0n\0m\0\0\0\0\0\x08\0\0\0",
        ]);
        let (properties, whole) = read(&bytes);
        assert!(whole);
        let set = *b"0123456789abcdef";
        let expected = [
            Value::Number(-1),
            Value::Number(-2),
            Value::Real(1.5),
            Value::Real(1.5),
            Value::Number(10_000),
            Value::Real(1.0),
            Value::Number(-2_147_221_243),
            Value::Number(1),
            Value::Number(-1),
            Value::Time(0x019D_B1DE_D53E_8000),
            Value::Guid(set),
            Value::Narrow(b"caf\xE9\0"),
            Value::Wide(b"o\0k\0\0\0"),
            Value::Bytes(b"abc"),
            Value::Object(*b"ABCDEFGHIJKLMNOP", b"xy"),
            Value::Many(vec![Value::Number(1), Value::Number(2)]),
            Value::Many(vec![Value::Number(1), Value::Number(2)]),
            Value::Many(vec![Value::Narrow(b"a"), Value::Narrow(b"bc")]),
        ];
        for (tag, value) in (1..).zip(&expected) {
            assert_eq!(properties.tag(tag), Some(value), "{tag}");
        }
        assert_eq!(properties.text(&Key::Tag(12)).as_deref(), Some("café"));
        assert_eq!(properties.text(&Key::Tag(13)).as_deref(), Some("ok"));
        assert_eq!(properties.time(&Key::Tag(10)), Some(DateTime::UNIX_EPOCH));
        assert_eq!(properties.number(&Key::Lid(set, 0x820D)), Some(7));
        assert_eq!(properties.number(&Key::Name(set, "nm".into())), Some(8));
        assert_eq!(properties.len(), 20);
    }

    #[test]
    fn what_was_read_before_a_fault_is_kept() {
        let good: &[u8] = b"\x03\0\x02\0\x01\0\0\0";
        for bad in [
            &b"\x33\0\x01\0\0\0\0\0"[..],
            b"\x1E\0\x0C\0\x01\0\0\0\xFF\xFF\xFF\xFFab",
            b"\x40\0\x0A\0ab",
            b"\x0D\0\x0F\0\x01\0\0\0\x01\0\0\0a\0\0\0",
            b"",
        ] {
            let bytes = list(&[good, bad]);
            let (properties, whole) = read(&bytes);
            assert!(!whole && properties.number(&Key::Tag(2)) == Some(1), "{bad:?}");
        }
    }

    #[test]
    fn values_are_counted_and_never_is_no_time() {
        let many: Vec<&[u8]> = std::iter::repeat_n(&b"\x03\0\x02\0\x01\0\0\0"[..], 101).collect();
        assert!(!read(&list(&many)).1);
        let endless = list(&[b"\x01\x10\x02\0\xFF\xFF\xFF\xFF"]);
        assert!(read(&endless).0.len() <= 1);
        assert_eq!(instant(0x0CB3_4557_A3DD_4000), None);
        assert_eq!(instant(0), None);
        assert_eq!(instant(u64::MAX), None);
    }
}
