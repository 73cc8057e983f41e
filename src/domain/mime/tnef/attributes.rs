//! The stream of attributes (MS-OXTNEF §2.1.3): signature, key, then level, identifier, length, content and checksum of each.

use super::code_page::narrow;
use super::cursor::Cursor;
use super::property::{Properties, Stop, Value};
use super::{Budget, Content, Party, SIGNATURE, TnefAttachment, TnefError, TnefLimits, TnefMessage, tags};
use chrono::{NaiveDate, NaiveDateTime};

/// Code page where the stream names none.
const WESTERN: u32 = 1_252;
/// Octets of an attribute without content: level, identifier, length, checksum.
const FRAME: usize = 11;
/// The only kind of triple that holds an address (MS-OXTNEF §2.1.3.3.6, trpidOneOff).
const ONE_OFF: u16 = 4;

/// An attribute, its content not looked at.
struct Attribute<'a> {
    id: u32,
    content: &'a [u8],
}

pub(super) fn read<'a>(bytes: &'a [u8], limits: &TnefLimits) -> Result<TnefMessage<'a>, TnefError> {
    if !bytes.starts_with(&SIGNATURE) {
        return Err(TnefError::NotTnef);
    }
    if bytes.len() > limits.bytes {
        return Err(TnefError::TooLarge("octets"));
    }
    let mut message = TnefMessage { rtf: limits.rtf, ..TnefMessage::default() };
    let attributes = split(bytes, limits, &mut message.defects)?;
    message.code_page = attributes.iter().find(|attribute| attribute.id == tags::ATT_OEM_CODEPAGE).and_then(code_page).unwrap_or(WESTERN);
    let mut reader = Reader { message, budget: Budget { values: limits.values }, limits };
    for attribute in &attributes {
        reader.take(attribute)?;
    }
    Ok(reader.message)
}

fn split<'a>(bytes: &'a [u8], limits: &TnefLimits, defects: &mut Vec<&'static str>) -> Result<Vec<Attribute<'a>>, TnefError> {
    let mut cursor = Cursor::new(bytes);
    // Signature, and a key that nothing refers to.
    let _ = cursor.take(SIGNATURE.len() + 2).ok_or(TnefError::Cut)?;
    let mut attributes = Vec::new();
    while cursor.len() > 0 {
        if attributes.len() >= limits.attributes {
            return Err(TnefError::TooLarge("attributes"));
        }
        let level = cursor.u8().ok_or(TnefError::Cut)?;
        if !matches!(level, 1 | 2) || cursor.len() + 1 < FRAME {
            // Some gateways fill the stream up.
            return if attributes.is_empty() { Err(TnefError::Cut) } else { Ok(with_rest(attributes, defects)) };
        }
        let id = cursor.u32().ok_or(TnefError::Cut)?;
        let length = cursor.length().ok_or(TnefError::Cut)?;
        let content = cursor.take(length).ok_or(TnefError::Cut)?;
        let checksum = cursor.u16().ok_or(TnefError::Cut)?;
        if content.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet))) != checksum {
            odd(defects, "a checksum in the TNEF is wrong");
        }
        attributes.push(Attribute { id, content });
    }
    Ok(attributes)
}

fn with_rest<'a>(attributes: Vec<Attribute<'a>>, defects: &mut Vec<&'static str>) -> Vec<Attribute<'a>> {
    odd(defects, "the TNEF has octets after its last attribute");
    attributes
}

fn odd(defects: &mut Vec<&'static str>, what: &'static str) {
    if !defects.contains(&what) {
        defects.push(what);
    }
}

struct Reader<'a, 'l> {
    message: TnefMessage<'a>,
    budget: Budget,
    limits: &'l TnefLimits,
}

impl<'a> Reader<'a, '_> {
    fn take(&mut self, attribute: &Attribute<'a>) -> Result<(), TnefError> {
        let (content, code_page) = (attribute.content, self.message.code_page);
        let text = || Some(narrow(content, code_page).trim().to_owned()).filter(|text| !text.is_empty());
        let message = &mut self.message;
        match attribute.id {
            tags::ATT_MESSAGE_CLASS => message.class = text(),
            tags::ATT_SUBJECT => message.subject = text(),
            tags::ATT_BODY => message.body = text(),
            tags::ATT_FROM => message.from = triple(content, code_page),
            tags::ATT_OWNER => message.owner = party(content, code_page),
            tags::ATT_SENT_FOR => message.sent_for = party(content, code_page),
            tags::ATT_DATE_START => message.starts = date(content),
            tags::ATT_DATE_END => message.ends = date(content),
            tags::ATT_AID_OWNER => message.appointment = Cursor::new(content).u32(),
            tags::ATT_REQUEST_RES => message.wants_answer = Cursor::new(content).u16().map(|word| word != 0),
            tags::ATT_MSG_PROPS => self.message.properties = self.properties(content)?,
            tags::ATT_RECIP_TABLE => self.recipients(content)?,
            tags::ATT_ATTACH_REND_DATA => message.attachments.push(TnefAttachment::default()),
            tags::ATT_ATTACH_TITLE => {
                let title = text();
                self.attachment(|attachment| attachment.title = title);
            }
            tags::ATT_ATTACH_DATA => self.attachment(|attachment| attachment.content = Content::File(content)),
            tags::ATT_ATTACHMENT => {
                let properties = self.properties(content)?;
                let held = self.held(&properties);
                self.attachment(|attachment| {
                    // attAttachData is a file's content; the properties hold what it can't.
                    if matches!(attachment.content, Content::Nothing) || matches!(held, Content::Message(_)) {
                        attachment.content = held;
                    }
                    attachment.properties = properties;
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds to the attachment that is being described; every one begins with attAttachRendData.
    fn attachment(&mut self, add: impl FnOnce(&mut TnefAttachment<'a>)) {
        if let Some(last) = self.message.attachments.last_mut() {
            return add(last);
        }
        odd(&mut self.message.defects, "an attachment in the TNEF has no beginning");
        let mut first = TnefAttachment::default();
        add(&mut first);
        self.message.attachments.push(first);
    }

    fn properties(&mut self, content: &'a [u8]) -> Result<Properties<'a>, TnefError> {
        self.list(&mut Cursor::new(content)).map(|(properties, _)| properties)
    }

    /// A list of properties, and whether it is whole.
    fn list(&mut self, cursor: &mut Cursor<'a>) -> Result<(Properties<'a>, bool), TnefError> {
        let (properties, whole) = Properties::read(cursor, self.message.code_page, &mut self.budget);
        match whole {
            Ok(()) => Ok((properties, true)),
            Err(Stop::Broken) => {
                odd(&mut self.message.defects, "a list of properties in the TNEF breaks off");
                Ok((properties, false))
            }
            Err(Stop::TooMany) => Err(TnefError::TooLarge("properties")),
        }
    }

    fn recipients(&mut self, content: &'a [u8]) -> Result<(), TnefError> {
        let mut cursor = Cursor::new(content);
        let count = cursor.length().unwrap_or_default();
        for _ in 0..count {
            if cursor.len() == 0 {
                break;
            }
            self.budget.spend().ok_or(TnefError::TooLarge("properties"))?;
            let (properties, whole) = self.list(&mut cursor)?;
            self.message.recipients.push(properties);
            if !whole {
                break;
            }
        }
        Ok(())
    }

    /// What the properties of an attachment hold: a file, or a message where the limits let it be opened.
    fn held(&mut self, properties: &Properties<'a>) -> Content<'a> {
        match properties.value(&tags::ATTACH_DATA) {
            Some(Value::Bytes(bytes)) => Content::File(bytes),
            Some(Value::Object(interface, bytes)) if *interface == tags::MESSAGE_INTERFACE => self.embedded(bytes),
            Some(_) | None => Content::Nothing,
        }
    }

    fn embedded(&mut self, bytes: &'a [u8]) -> Content<'a> {
        let Some(depth) = self.limits.depth.checked_sub(1) else {
            odd(&mut self.message.defects, "a message within messages in the TNEF was not opened");
            return Content::File(bytes);
        };
        match TnefMessage::read(bytes, &TnefLimits { depth, ..*self.limits }) {
            Ok(message) => Content::Message(Box::new(message)),
            Err(_) => {
                odd(&mut self.message.defects, "a message in the TNEF cannot be read");
                Content::File(bytes)
            }
        }
    }
}

fn code_page(attribute: &Attribute<'_>) -> Option<u32> {
    Cursor::new(attribute.content).u32().filter(|page| *page != 0)
}

/// Year, month, day, hour, minute, second, day of the week (MS-OXTNEF §2.1.3.3.3).
fn date(content: &[u8]) -> Option<NaiveDateTime> {
    let mut cursor = Cursor::new(content);
    let mut next = || cursor.u16().map(u32::from);
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?.and_hms_opt(hour, minute, second.min(59))
}

/// A name and an address, each counted in two octets (MS-OXTNEF §2.1.3.3.8).
fn party(content: &[u8], code_page: u32) -> Option<Party> {
    let mut cursor = Cursor::new(content);
    let mut next = || {
        let length = cursor.u16()?;
        cursor.take(usize::from(length)).map(|text| narrow(text, code_page).trim().to_owned())
    };
    Some(Party { name: next()?, address: next()? })
}

/// A one-off triple: a head of four words, then name and address of the lengths that the head says.
fn triple(content: &[u8], code_page: u32) -> Option<Party> {
    let mut cursor = Cursor::new(content);
    let (kind, _whole, name, address) = (cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?);
    let mut next = |length: u16| cursor.take(usize::from(length)).map(|text| narrow(text, code_page).trim().to_owned());
    Some(Party { name: next(name)?, address: next(address)? }).filter(|_| kind == ONE_OFF)
}
