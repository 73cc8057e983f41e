//! Writes TNEF streams as Outlook does (MS-OXTNEF), for tests alone.

use chrono::{DateTime, Datelike, Utc};

/// PSETID_Appointment, as it stands in the stream.
pub const APPOINTMENT: [u8; 16] = [0x02, 0x20, 0x06, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
/// PSETID_Meeting, as it stands in the stream.
pub const MEETING: [u8; 16] = [0x90, 0xDA, 0xD8, 0x6E, 0x0B, 0x45, 0x1B, 0x10, 0x98, 0xDA, 0x00, 0xAA, 0x00, 0x3F, 0x13, 0x05];
/// IID_IMessage.
const MESSAGE: [u8; 16] = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

/// A list of MAPI properties.
#[derive(Clone, Default)]
pub struct Props {
    count: u32,
    bytes: Vec<u8>,
}

impl Props {
    pub fn new() -> Self {
        Self::default()
    }

    fn put(mut self, kind: u16, key: &[u8], value: &[u8]) -> Self {
        self.count += 1;
        self.bytes.extend_from_slice(&kind.to_le_bytes());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self
    }

    pub fn text(self, tag: u16, text: &str) -> Self {
        self.put(0x001F, &tag.to_le_bytes(), &counted(&utf16(text)))
    }

    pub fn narrow(self, tag: u16, text: &[u8]) -> Self {
        self.put(0x001E, &tag.to_le_bytes(), &counted(&[text, b"\0"].concat()))
    }

    pub fn number(self, tag: u16, number: i32) -> Self {
        self.put(0x0003, &tag.to_le_bytes(), &number.to_le_bytes())
    }

    pub fn flag(self, tag: u16, flag: bool) -> Self {
        self.put(0x000B, &tag.to_le_bytes(), &u32::from(flag).to_le_bytes())
    }

    pub fn binary(self, tag: u16, bytes: &[u8]) -> Self {
        self.put(0x0102, &tag.to_le_bytes(), &counted(bytes))
    }

    pub fn numbers(self, tag: u16, numbers: &[i32]) -> Self {
        let values = numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
        self.put(0x1003, &tag.to_le_bytes(), &[&(numbers.len() as u32).to_le_bytes()[..], &values].concat())
    }

    /// An embedded message.
    pub fn message(self, tag: u16, tnef: &[u8]) -> Self {
        self.put(0x000D, &tag.to_le_bytes(), &counted(&[&MESSAGE[..], tnef].concat()))
    }

    pub fn named_time(self, set: [u8; 16], lid: u32, time: &str) -> Self {
        self.put(0x0040, &named(set, lid), &ticks(time).to_le_bytes())
    }

    pub fn named_number(self, set: [u8; 16], lid: u32, number: i32) -> Self {
        self.put(0x0003, &named(set, lid), &number.to_le_bytes())
    }

    pub fn named_flag(self, set: [u8; 16], lid: u32, flag: bool) -> Self {
        self.put(0x000B, &named(set, lid), &u32::from(flag).to_le_bytes())
    }

    pub fn named_binary(self, set: [u8; 16], lid: u32, bytes: &[u8]) -> Self {
        self.put(0x0102, &named(set, lid), &counted(bytes))
    }

    pub fn named_text(self, set: [u8; 16], lid: u32, text: &str) -> Self {
        self.put(0x001F, &named(set, lid), &counted(&utf16(text)))
    }

    /// A property named by a text, as programs beside Outlook add.
    pub fn spelled_text(self, set: [u8; 16], name: &str, text: &str) -> Self {
        let name = utf16(name);
        let key = [&0x8001_u16.to_le_bytes()[..], &set, &1_u32.to_le_bytes(), &(name.len() as u32).to_le_bytes(), &padded(&name)].concat();
        self.put(0x001F, &key, &counted(&utf16(text)))
    }

    pub fn bytes(&self) -> Vec<u8> {
        [&self.count.to_le_bytes()[..], &self.bytes].concat()
    }
}

/// A stream.
pub struct Tnef {
    bytes: Vec<u8>,
}

impl Tnef {
    /// Signature, key, version and code page.
    pub fn new(code_page: u32) -> Self {
        let stream = Self { bytes: vec![0x78, 0x9F, 0x3E, 0x22, 0x01, 0x00] };
        let stream = stream.attribute(1, 0x0008_9006, &0x0001_0000_u32.to_le_bytes());
        stream.attribute(1, 0x0006_9007, &[code_page.to_le_bytes(), 0_u32.to_le_bytes()].concat())
    }

    pub fn attribute(mut self, level: u8, id: u32, content: &[u8]) -> Self {
        let sum = content.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        self.bytes.push(level);
        self.bytes.extend_from_slice(&id.to_le_bytes());
        self.bytes.extend_from_slice(&(content.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(&sum.to_le_bytes());
        self
    }

    /// attMessageClass, in the old spelling.
    pub fn class(self, class: &str) -> Self {
        self.attribute(1, 0x0007_8008, &[class.as_bytes(), b"\0"].concat())
    }

    pub fn subject(self, subject: &[u8]) -> Self {
        self.attribute(1, 0x0001_8004, &[subject, b"\0"].concat())
    }

    pub fn body(self, body: &[u8]) -> Self {
        self.attribute(1, 0x0002_800C, &[body, b"\0"].concat())
    }

    /// attOwner: name and address, each counted.
    pub fn owner(self, name: &[u8], address: &[u8]) -> Self {
        let party = [name, address].iter().flat_map(|text| counted_short(text)).collect::<Vec<_>>();
        self.attribute(1, 0x0006_0000, &party)
    }

    pub fn properties(self, properties: &Props) -> Self {
        self.attribute(1, 0x0006_9003, &properties.bytes())
    }

    pub fn recipients(self, rows: &[Props]) -> Self {
        let count = rows.len() as u32;
        let rows = rows.iter().flat_map(Props::bytes).collect::<Vec<_>>();
        self.attribute(1, 0x0006_9004, &[&count.to_le_bytes()[..], &rows].concat())
    }

    pub fn attachment(self, title: &str, data: Option<&[u8]>, properties: &Props) -> Self {
        let stream = self.attribute(2, 0x0006_9002, &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]);
        let stream = stream.attribute(2, 0x0001_8010, &[title.as_bytes(), b"\0"].concat());
        let stream = match data {
            Some(data) => stream.attribute(2, 0x0006_800F, data),
            None => stream,
        };
        stream.attribute(2, 0x0006_9005, &properties.bytes())
    }

    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// GlobalObjectId with a foreign UID (MS-OXCICAL); `day` is zero for the whole series.
pub fn global_object_id(uid: &str, day: Option<&str>) -> Vec<u8> {
    let content = [b"vCal-Uid\x01\0\0\0", uid.as_bytes(), b"\0"].concat();
    outlook_object_id(&content, day)
}

/// GlobalObjectId with content of Outlook's own.
pub fn outlook_object_id(content: &[u8], day: Option<&str>) -> Vec<u8> {
    let class = [0x04, 0, 0, 0, 0x82, 0, 0xE0, 0, 0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08];
    let day = day.map_or([0; 4], |day| {
        let day: chrono::NaiveDate = day.parse().unwrap();
        let [high, low] = (day.year() as u16).to_be_bytes();
        [high, low, day.month() as u8, day.day() as u8]
    });
    let made = ticks("2026-06-01T08:00:00Z").to_le_bytes();
    [&class[..], &day, &made, &[0; 8], &(content.len() as u32).to_le_bytes(), content].concat()
}

/// Compressed RTF (MS-OXRTFCP) of octets as they are, and the mark of the end.
pub fn compressed_rtf(rtf: &[u8]) -> Vec<u8> {
    const START: usize = 207;
    let mut runs: Vec<u8> = Vec::new();
    for group in rtf.chunks(8) {
        runs.push(if group.len() < 8 { 1 << group.len() } else { 0 });
        runs.extend_from_slice(group);
    }
    if rtf.len().is_multiple_of(8) {
        runs.push(1);
    }
    // A reference to the place that is written next.
    let end = (START + rtf.len()) % 4_096;
    runs.extend_from_slice(&((end as u16) << 4).to_be_bytes());
    [&(runs.len() as u32 + 12).to_le_bytes()[..], &(rtf.len() as u32).to_le_bytes(), b"LZFu", &[0; 4], &runs].concat()
}

fn named(set: [u8; 16], lid: u32) -> Vec<u8> {
    [&0x8000_u16.to_le_bytes()[..], &set, &0_u32.to_le_bytes(), &lid.to_le_bytes()].concat()
}

/// 100 ns since 1601.
fn ticks(time: &str) -> u64 {
    let time: DateTime<Utc> = time.parse().unwrap();
    (time.timestamp() + 11_644_473_600) as u64 * 10_000_000
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// One value, its length, its octets.
fn counted(bytes: &[u8]) -> Vec<u8> {
    [&1_u32.to_le_bytes()[..], &(bytes.len() as u32).to_le_bytes(), &padded(bytes)].concat()
}

fn counted_short(text: &[u8]) -> Vec<u8> {
    let text = [text, b"\0"].concat();
    [&(text.len() as u16).to_le_bytes()[..], &text].concat()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
