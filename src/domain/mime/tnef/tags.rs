//! The identifiers that are looked for: attributes (MS-OXTNEF §2.1.3.2), properties and property sets (MS-OXPROPS).

use super::Guid;
use super::property::Key;

pub(super) const ATT_MESSAGE_CLASS: u32 = 0x0007_8008;
pub(super) const ATT_OWNER: u32 = 0x0006_0000;
pub(super) const ATT_SENT_FOR: u32 = 0x0006_0001;
pub(super) const ATT_DATE_START: u32 = 0x0003_0006;
pub(super) const ATT_DATE_END: u32 = 0x0003_0007;
pub(super) const ATT_AID_OWNER: u32 = 0x0004_0008;
pub(super) const ATT_REQUEST_RES: u32 = 0x0004_0009;
pub(super) const ATT_FROM: u32 = 0x0000_8000;
pub(super) const ATT_SUBJECT: u32 = 0x0001_8004;
pub(super) const ATT_BODY: u32 = 0x0002_800C;
pub(super) const ATT_ATTACH_DATA: u32 = 0x0006_800F;
pub(super) const ATT_ATTACH_TITLE: u32 = 0x0001_8010;
pub(super) const ATT_ATTACH_REND_DATA: u32 = 0x0006_9002;
pub(super) const ATT_MSG_PROPS: u32 = 0x0006_9003;
pub(super) const ATT_RECIP_TABLE: u32 = 0x0006_9004;
pub(super) const ATT_ATTACHMENT: u32 = 0x0006_9005;
pub(super) const ATT_OEM_CODEPAGE: u32 = 0x0006_9007;

pub(super) const MESSAGE_CLASS: Key = Key::Tag(0x001A);
pub(super) const SUBJECT: Key = Key::Tag(0x0037);
pub(super) const CLIENT_SUBMIT_TIME: Key = Key::Tag(0x0039);
pub(super) const NORMALIZED_SUBJECT: Key = Key::Tag(0x0E1D);
pub(super) const RESPONSE_REQUESTED: Key = Key::Tag(0x0063);
pub(super) const BODY: Key = Key::Tag(0x1000);
pub(super) const RTF_COMPRESSED: Key = Key::Tag(0x1009);
pub(super) const HTML: Key = Key::Tag(0x1013);
pub(super) const INTERNET_CODEPAGE: Key = Key::Tag(0x3FDE);
pub(super) const ATTACH_DATA: Key = Key::Tag(0x3701);
pub(super) const ATTACH_FILENAME: Key = Key::Tag(0x3704);
pub(super) const ATTACH_LONG_FILENAME: Key = Key::Tag(0x3707);
pub(super) const ATTACH_MIME_TAG: Key = Key::Tag(0x370E);
pub(super) const ATTACH_CONTENT_ID: Key = Key::Tag(0x3712);
pub(super) const ATTACHMENT_HIDDEN: Key = Key::Tag(0x7FFE);
pub(super) const DISPLAY_NAME: Key = Key::Tag(0x3001);
pub(super) const RECIPIENT_TYPE: Key = Key::Tag(0x0C15);
pub(super) const RECIPIENT_FLAGS: Key = Key::Tag(0x5FFD);

/// Where a person's name and addresses stand, best first.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: Key,
    pub(super) addresses: [Key; 2],
}

/// PidTagSender…: who pressed the button.
pub(super) const SENDER: Person = Person { name: Key::Tag(0x0C1A), addresses: [Key::Tag(0x5D01), Key::Tag(0x0C1F)] };
/// PidTagSentRepresenting…: in whose name.
pub(super) const SENT_REPRESENTING: Person = Person { name: Key::Tag(0x0042), addresses: [Key::Tag(0x5D02), Key::Tag(0x0065)] };
/// PidTagReceivedRepresenting…: for whom it is meant.
pub(super) const RECEIVED_REPRESENTING: Person = Person { name: Key::Tag(0x0044), addresses: [Key::Tag(0x5D08), Key::Tag(0x0078)] };
/// A row of the table of recipients.
pub(super) const RECIPIENT: Person = Person { name: DISPLAY_NAME, addresses: [Key::Tag(0x39FE), Key::Tag(0x3003)] };

/// IID_IMessage: an embedded message, in TNEF of its own (MS-OXTNEF §2.1.3.4.3).
pub(super) const MESSAGE_INTERFACE: Guid = com(0x0002_0307);
/// {00062002-0000-0000-C000-000000000046}
const APPOINTMENT: Guid = com(0x0006_2002);
/// {6ED8DA90-450B-101B-98DA-00AA003F1305}
const MEETING: Guid = [0x90, 0xDA, 0xD8, 0x6E, 0x0B, 0x45, 0x1B, 0x10, 0x98, 0xDA, 0x00, 0xAA, 0x00, 0x3F, 0x13, 0x05];

pub(super) const APPOINTMENT_SEQUENCE: Key = Key::Lid(APPOINTMENT, 0x8201);
pub(super) const LOCATION: Key = Key::Lid(APPOINTMENT, 0x8208);
pub(super) const START_WHOLE: Key = Key::Lid(APPOINTMENT, 0x820D);
pub(super) const END_WHOLE: Key = Key::Lid(APPOINTMENT, 0x820E);
pub(super) const DURATION: Key = Key::Lid(APPOINTMENT, 0x8213);
/// PidLidAppointmentSubType: whole days.
pub(super) const SUB_TYPE: Key = Key::Lid(APPOINTMENT, 0x8215);
pub(super) const RECURRENCE: Key = Key::Lid(APPOINTMENT, 0x8216);
pub(super) const RECURRING: Key = Key::Lid(APPOINTMENT, 0x8223);
pub(super) const EXCEPTION_REPLACE_TIME: Key = Key::Lid(APPOINTMENT, 0x8228);
pub(super) const PROPOSED_START_WHOLE: Key = Key::Lid(APPOINTMENT, 0x8250);
pub(super) const PROPOSED_END_WHOLE: Key = Key::Lid(APPOINTMENT, 0x8251);
pub(super) const PROPOSED_DURATION: Key = Key::Lid(APPOINTMENT, 0x8256);
pub(super) const COUNTER_PROPOSAL: Key = Key::Lid(APPOINTMENT, 0x8257);
pub(super) const ATTENDEE_CRITICAL_CHANGE: Key = Key::Lid(MEETING, 0x01);
pub(super) const WHERE: Key = Key::Lid(MEETING, 0x02);
pub(super) const GLOBAL_OBJECT_ID: Key = Key::Lid(MEETING, 0x03);
pub(super) const IS_RECURRING: Key = Key::Lid(MEETING, 0x05);
pub(super) const OWNER_CRITICAL_CHANGE: Key = Key::Lid(MEETING, 0x1A);
pub(super) const CLEAN_GLOBAL_OBJECT_ID: Key = Key::Lid(MEETING, 0x23);

/// `{xxxxxxxx-0000-0000-C000-000000000046}`, its first part little-endian.
const fn com(first: u32) -> Guid {
    let [a, b, c, d] = first.to_le_bytes();
    [a, b, c, d, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46]
}
