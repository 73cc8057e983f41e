//! What Outlook sends over POP and IMAP: the messages of a meeting, and letters, each in TNEF.

use super::tnef::{APPOINTMENT, MEETING, Props, Tnef, compressed_rtf, global_object_id, outlook_object_id};

/// UID of our invitation to Jean Martin.
pub const OUR_UID: &str = "7f0c2a9e5b1d4e8f@visio.example";
/// PS_PUBLIC_STRINGS, as it stands in the stream.
const PUBLIC_STRINGS: [u8; 16] = [0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

/// Who answers, as Outlook writes them.
fn jean(props: Props) -> Props {
    let props = props.text(0x0042, "Jean Martin").text(0x0064, "SMTP").text(0x0065, "jean.martin@hopital.example");
    props.text(0x0C1A, "Jean Martin").text(0x0C1E, "SMTP").text(0x0C1F, "jean.martin@hopital.example")
}

/// Who invites.
fn claire(props: Props) -> Props {
    let props = props.text(0x0042, "Claire Bernard").text(0x0064, "SMTP").text(0x0065, "claire.bernard@agence.example");
    props.text(0x0C1A, "Claire Bernard").text(0x0C1E, "SMTP").text(0x0C1F, "claire.bernard@agence.example")
}

/// What every message of a meeting has.
fn appointment(props: Props) -> Props {
    let props = props.named_time(APPOINTMENT, 0x820D, "2026-07-06T07:00:00Z").named_time(APPOINTMENT, 0x820E, "2026-07-06T08:00:00Z");
    let props = props.named_number(APPOINTMENT, 0x8201, 0).named_number(APPOINTMENT, 0x8213, 60).named_text(APPOINTMENT, 0x8208, "Visio");
    let props = props.named_time(MEETING, 0x1A, "2026-06-13T09:00:00Z").numbers(0x0E2B, &[1, 2, 3]);
    props.spelled_text(PUBLIC_STRINGS, "Keywords", "Travail")
}

/// An answer of Jean's to our invitation; `add` adds to its properties.
pub fn answer(old_class: &str, class: &str, subject: &str, add: impl FnOnce(Props) -> Props) -> Tnef {
    let props = Props::new().text(0x001A, class).text(0x0037, subject).text(0x0E1D, "Point dossier").text(0x003D, "Accepté : ");
    let props = appointment(jean(props)).named_time(MEETING, 0x01, "2026-06-15T08:55:00Z");
    let tnef = Tnef::new(1_252).class(old_class).subject(subject.as_bytes());
    tnef.owner(b"Service m\xE9dical", b"SMTP:o2abcdefghijklmnopqrst@visio.example").properties(&add(props))
}

/// The identity of our invitation, in the properties where Outlook keeps it.
pub fn ours(props: Props) -> Props {
    let id = global_object_id(OUR_UID, None);
    props.named_binary(MEETING, 0x03, &id).named_binary(MEETING, 0x23, &id)
}

pub fn accept() -> Vec<u8> {
    answer("IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Pos", "Accepted: Point dossier", ours).bytes()
}

pub fn decline_with_words() -> Vec<u8> {
    let rtf = br"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Calibri;}}\pard\f0\fs22 Je suis en cong\'e9.\par}";
    let add = |props| ours(props).binary(0x1009, &compressed_rtf(rtf));
    answer("IPM.Microsoft Schedule.MtgRespN", "IPM.Schedule.Meeting.Resp.Neg", "Declined: Point dossier", add).bytes()
}

pub fn tentative() -> Vec<u8> {
    let add = |props| ours(props).text(0x1000, "Je confirme demain.\r\n");
    answer("IPM.Microsoft Schedule.MtgRespA", "IPM.Schedule.Meeting.Resp.Tent", "Tentative: Point dossier", add).bytes()
}

pub fn counter() -> Vec<u8> {
    let add = |props| {
        let props = ours(props).named_flag(APPOINTMENT, 0x8257, true).text(0x1000, "Plutôt mardi ?");
        let props = props.named_time(APPOINTMENT, 0x8250, "2026-07-07T12:00:00Z");
        props.named_time(APPOINTMENT, 0x8251, "2026-07-07T13:00:00Z").named_number(APPOINTMENT, 0x8256, 60)
    };
    answer("IPM.Microsoft Schedule.MtgRespA", "IPM.Schedule.Meeting.Resp.Tent", "New Time Proposed: Point dossier", add).bytes()
}

pub fn instance() -> Vec<u8> {
    let add = |props: Props| {
        let props = props.named_binary(MEETING, 0x03, &global_object_id(OUR_UID, Some("2026-07-06")));
        props.named_binary(MEETING, 0x23, &global_object_id(OUR_UID, None)).named_flag(MEETING, 0x05, true)
    };
    answer("IPM.Microsoft Schedule.MtgRespN", "IPM.Schedule.Meeting.Resp.Neg", "Declined: Point dossier", add).bytes()
}

/// As the oldest Outlooks: no class among the properties, narrow strings in the code page, names within Exchange.
pub fn old_class() -> Vec<u8> {
    let props = Props::new().narrow(0x0E1D, b"R\xE9union").narrow(0x0065, b"/O=HOPITAL/OU=X/CN=RECIPIENTS/CN=JEAN").narrow(0x0064, b"EX");
    let props = appointment(props).named_binary(MEETING, 0x03, &global_object_id(OUR_UID, None));
    let tnef = Tnef::new(1_252).class("IPM.Microsoft Schedule.MtgRespA").subject(b"Tentative: R\xE9union");
    tnef.body(b"\xC0 voir.").properties(&props).bytes()
}

pub fn letter_in_rtf() -> Vec<u8> {
    let rtf = br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fswiss Arial;}}\pard\f0 Bonjour,\par Voici le dossier demand\'e9.\par Jean\par}";
    let file = Props::new().text(0x3707, "dossier médical.pdf").text(0x370E, "application/pdf").number(0x3705, 1);
    let tnef = Tnef::new(1_252).class("IPM.Microsoft Mail.Note").subject(b"Point dossier");
    let tnef = tnef.properties(&jean(Props::new().text(0x001A, "IPM.Note").binary(0x1009, &compressed_rtf(rtf))));
    tnef.attachment("DOSSIE~1.PDF", Some(b"%PDF-1.4 example"), &file).bytes()
}

/// A letter whose words stand beside it: the TNEF has their looks alone.
pub fn letter() -> Vec<u8> {
    let rtf = br"{\rtf1\ansi\ansicpg1252\pard\b Merci\b0 , a bientot.\par}";
    let tnef = Tnef::new(1_252).class("IPM.Microsoft Mail.Note").subject(b"Point dossier");
    tnef.properties(&jean(Props::new().text(0x001A, "IPM.Note").binary(0x1009, &compressed_rtf(rtf)))).bytes()
}

pub fn cut() -> Vec<u8> {
    let whole = accept();
    whole[..whole.len() - 300].to_vec()
}

/// Exchange tells an organizer that a guest has forwarded the invitation: iCalendar has no word for it.
pub fn forward_notification() -> Vec<u8> {
    answer("IPM.Schedule.Meeting.Notification.Forward", "IPM.Schedule.Meeting.Notification.Forward", "Meeting Forward Notification", ours)
        .bytes()
}

pub fn without_identity() -> Vec<u8> {
    answer("IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Pos", "Accepted: Point dossier", |props| props).bytes()
}

/// A row of the table of recipients.
pub fn recipient(kind: i32, name: &str, address: &str) -> Props {
    Props::new().number(0x0C15, kind).text(0x3001, name).text(0x3002, "SMTP").text(0x3003, address)
}

/// A message of Claire's to Jean and Marie.
pub fn convening(old_class: &str, class: &str, add: impl FnOnce(Props) -> Props) -> Vec<u8> {
    let props = Props::new().text(0x001A, class).text(0x0037, "Point de suivi").text(0x0E1D, "Point de suivi").flag(0x0063, true);
    let id = outlook_object_id(&[0xA1; 16], None);
    let props = appointment(claire(props)).named_binary(MEETING, 0x03, &id).named_binary(MEETING, 0x23, &id);
    let props = props.text(0x1000, "When: lundi\r\nWhere: Visio\r\n\r\n*~*~*~*~*~*~*~*~*~*\r\n\r\nOrdre du jour : le dossier.\r\n");
    let rows = [
        recipient(1, "Claire Bernard", "claire.bernard@agence.example").number(0x5FFD, 0x3),
        recipient(1, "Jean Martin", "jean.martin@hopital.example").number(0x5FFD, 0x1),
        recipient(2, "Marie Petit", "marie.petit@hopital.example").number(0x5FFD, 0x1),
    ];
    Tnef::new(1_252).class(old_class).recipients(&rows).properties(&add(props)).bytes()
}

pub fn request() -> Vec<u8> {
    convening("IPM.Microsoft Schedule.MtgReq", "IPM.Schedule.Meeting.Request", |props| props)
}

pub fn cancellation() -> Vec<u8> {
    let add = |props: Props| props.named_number(APPOINTMENT, 0x8217, 0x7);
    convening("IPM.Microsoft Schedule.MtgCncl", "IPM.Schedule.Meeting.Canceled", add)
}

pub fn series() -> Vec<u8> {
    let add = |props: Props| props.named_flag(APPOINTMENT, 0x8223, true).named_binary(APPOINTMENT, 0x8216, b"\x04\x30\x04\x30");
    convening("IPM.Microsoft Schedule.MtgReq", "IPM.Schedule.Meeting.Request", add)
}
