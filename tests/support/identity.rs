//! A random organizer, and their invitation in the manner of four programs with that identity hidden in it.

use data_encoding::{BASE64, HEXLOWER};
use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
use proptest::prelude::*;
use std::io::Write;

/// Who must not be found.
#[derive(Clone, Debug)]
pub struct Identity {
    pub name: String,
    pub address: String,
    pub login: String,
    pub telephone: String,
    pub host: String,
}

/// Which part of the identity is hidden.
#[derive(Clone, Copy, Debug)]
pub enum Secret {
    Name,
    Address,
    Login,
    Telephone,
    Host,
}

/// How it is written.
#[derive(Clone, Copy, Debug)]
pub enum Disguise {
    Plain,
    Upper,
    QuotedPrintable,
    Percent,
    Entities,
    Tags,
    ZeroWidth,
    FullWidth,
    Base64,
    Base64Twice,
    Hex,
    EncodedWord,
}

/// Where it stands.
#[derive(Clone, Copy, Debug)]
pub enum Spot {
    // Never passed on.
    Received,
    XHeader,
    Sender,
    Program,
    Organization,
    MessageIdLeft,
    BodyText,
    BodyHtml,
    PartHeader,
    FileName,
    Card,
    Pdf,
    Gzip,
    Exif,
    Tnef,
    Nested,
    OrganizerName,
    SentBy,
    Contact,
    Comment,
    Location,
    Url,
    Attach,
    Alarm,
    XProperty,
    AltDescription,
    Uid,
    ProdId,
    // Passed on.
    Title,
    Description,
    GuestName,
    InstanceTitle,
    InstanceDescription,
    RefusalComment,
    RefusalText,
}

/// One thing hidden.
#[derive(Clone, Copy, Debug)]
pub struct Hidden {
    pub secret: Secret,
    pub disguise: Disguise,
    pub spot: Spot,
}

/// Whose program wrote it.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    Outlook,
    Gmail,
    Apple,
    Thunderbird,
}

const DROPPED: [Spot; 28] = [
    Spot::Received,
    Spot::XHeader,
    Spot::Sender,
    Spot::Program,
    Spot::Organization,
    Spot::MessageIdLeft,
    Spot::BodyText,
    Spot::BodyHtml,
    Spot::PartHeader,
    Spot::FileName,
    Spot::Card,
    Spot::Pdf,
    Spot::Gzip,
    Spot::Exif,
    Spot::Tnef,
    Spot::Nested,
    Spot::OrganizerName,
    Spot::SentBy,
    Spot::Contact,
    Spot::Comment,
    Spot::Location,
    Spot::Url,
    Spot::Attach,
    Spot::Alarm,
    Spot::XProperty,
    Spot::AltDescription,
    Spot::Uid,
    Spot::ProdId,
];

pub fn identity() -> impl Strategy<Value = Identity> {
    let given = prop::sample::select(vec!["Claire", "Hélène", "Jean-Noël", "Aïcha", "Łukasz", "Zoé", "Björn", "Ömer", "Lucía", "François"]);
    let surname =
        prop::sample::select(vec!["Bernardin", "Lefèvre", "de la Ferté", "Østergård", "Çelebi", "Müller", "O'Connor", "Brzeziński"]);
    (given, surname, "[a-z]{6,9}", "[a-z]{3}[0-9]{5}", "[1-9]{8}", 0..3_u8).prop_map(|(given, surname, house, login, digits, shape)| {
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        let domain = format!("{house}.example");
        let local = match shape {
            0 => format!("{}.{}", plain(given), plain(surname)),
            1 => format!("{}{}", plain(given), &digits[..3]),
            _ => login.clone(),
        };
        Identity {
            name: format!("{given} {surname}"),
            address: format!("{local}@{domain}"),
            host: format!("pc-{login}.lan.{domain}"),
            telephone: format!("0{}", &digits),
            login,
        }
    })
}

fn hidden_at(spot: impl Strategy<Value = Spot>) -> impl Strategy<Value = Hidden> {
    use Disguise::*;
    let disguises = [Plain, Upper, QuotedPrintable, Percent, Entities, Tags, ZeroWidth, FullWidth, Base64, Base64Twice, Hex, EncodedWord];
    let secrets = [Secret::Name, Secret::Address, Secret::Login, Secret::Telephone, Secret::Host];
    (prop::sample::select(secrets.to_vec()), prop::sample::select(disguises.to_vec()), spot).prop_map(|(secret, disguise, spot)| Hidden {
        secret,
        disguise,
        spot,
    })
}

/// Hidden where nothing is passed on.
pub fn hidden_in_dropped_places() -> impl Strategy<Value = Vec<Hidden>> {
    prop::collection::vec(hidden_at(prop::sample::select(DROPPED.to_vec())), 3..10)
}

/// Hidden where the text is passed on.
pub fn hidden_in_passed_places() -> impl Strategy<Value = Vec<Hidden>> {
    let passed = vec![Spot::Title, Spot::Description, Spot::GuestName, Spot::InstanceTitle, Spot::InstanceDescription];
    prop::collection::vec(hidden_at(prop::sample::select(passed)), 1..3)
}

/// Hidden in what the organizer writes when they refuse another time.
pub fn hidden_in_a_refusal() -> impl Strategy<Value = Vec<Hidden>> {
    prop::collection::vec(hidden_at(prop::sample::select(vec![Spot::RefusalComment, Spot::RefusalText])), 1..3)
}

pub fn program() -> impl Strategy<Value = Program> {
    prop::sample::select(vec![Program::Outlook, Program::Gmail, Program::Apple, Program::Thunderbird])
}

impl Identity {
    pub fn text(&self, secret: Secret) -> &str {
        match secret {
            Secret::Name => &self.name,
            Secret::Address => &self.address,
            Secret::Login => &self.login,
            Secret::Telephone => &self.telephone,
            Secret::Host => &self.host,
        }
    }
}

impl Disguise {
    pub fn write(self, text: &str) -> String {
        let each = |one: &dyn Fn(char) -> String| text.chars().map(one).collect::<String>();
        let bytes = |sign: &str| text.bytes().map(|byte| format!("{sign}{byte:02X}")).collect::<String>();
        match self {
            Self::Plain => text.to_owned(),
            Self::Upper => text.to_uppercase(),
            Self::QuotedPrintable => bytes("="),
            Self::Percent => bytes("%"),
            Self::Entities => each(&|c| format!("&#x{:x}", u32::from(c)) + ";"),
            Self::Tags => each(&|c| format!("{c}<b></b>")),
            Self::ZeroWidth => each(&|c| format!("{c}\u{200b}")),
            Self::FullWidth => each(&|c| match c {
                '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap().to_string(),
                other => other.to_string(),
            }),
            Self::Base64 => BASE64.encode(text.as_bytes()),
            Self::Base64Twice => BASE64.encode(BASE64.encode(text.as_bytes()).as_bytes()),
            Self::Hex => HEXLOWER.encode(text.as_bytes()),
            Self::EncodedWord => format!("=?utf-8?B?{}?=", BASE64.encode(text.as_bytes())),
        }
    }
}

/// The organizer's invitation to these guests, CRLF.
pub fn invitation(identity: &Identity, program: Program, hidden: &[Hidden], guests: &[(&str, &str)]) -> Vec<u8> {
    Writer { identity, program, hidden }.mail(guests)
}

/// The organizer's METHOD:DECLINECOUNTER to a guest, CRLF, to an [`invitation`] with nothing hidden in it.
pub fn refusal(identity: &Identity, hidden: &[Hidden], guest: &str) -> Vec<u8> {
    let Identity { name, address, host, .. } = identity;
    let writer = Writer { identity, program: Program::Gmail, hidden };
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        format!("PRODID:-//{host}//EN"),
        "VERSION:2.0".to_owned(),
        "METHOD:DECLINECOUNTER".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:evenement-@{host}"),
        "DTSTAMP:20260601T080000Z".to_owned(),
        format!("ORGANIZER;CN=\"{name}\":mailto:{address}"),
        format!("ATTENDEE:mailto:{guest}"),
        format!("COMMENT:Trop tard. {}", escaped(&writer.at(Spot::RefusalComment))),
        "SEQUENCE:0".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    let calendar: String = lines.iter().map(|line| folded(line)).collect();
    let text = format!("Non merci. {}", writer.at(Spot::RefusalText));
    let parts =
        vec![leaf("text/plain; charset=utf-8", &text, false), leaf("text/calendar; charset=utf-8; method=DECLINECOUNTER", &calendar, true)];
    let head = format!(
        "From: {address}\r\nTo: {guest}\r\nSubject: Non\r\nMessage-ID: <refus@{host}>\r\nMIME-Version: 1.0\r\n{}",
        joined("alternative", "b1", parts)
    );
    head.into_bytes()
}

struct Writer<'a> {
    identity: &'a Identity,
    program: Program,
    hidden: &'a [Hidden],
}

impl Writer<'_> {
    /// What is hidden at this spot, separated by spaces.
    fn at(&self, wanted: Spot) -> String {
        let here = self.hidden.iter().filter(|one| std::mem::discriminant(&one.spot) == std::mem::discriminant(&wanted));
        here.map(|one| one.disguise.write(self.identity.text(one.secret))).collect::<Vec<_>>().join(" ")
    }

    /// Two of the programs write a series with an instance that differs; all do where something is hidden in that.
    fn recurs(&self) -> bool {
        let in_instance = |one: &Hidden| matches!(one.spot, Spot::InstanceTitle | Spot::InstanceDescription);
        matches!(self.program, Program::Outlook | Program::Apple) || self.hidden.iter().any(in_instance)
    }

    fn mail(&self, guests: &[(&str, &str)]) -> Vec<u8> {
        let Identity { name, address, host, .. } = self.identity;
        let word = |text: &str| format!("=?utf-8?B?{}?=", BASE64.encode(text.as_bytes()));
        let left: String = self.at(Spot::MessageIdLeft).chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let mut headers = vec![
            format!("Received: from {host} ([192.0.2.77]) by mx.{host} {}; Mon, 1 Jun 2026 09:30:00 +0200", line(&self.at(Spot::Received))),
            format!("From: {} <{address}>", word(name)),
            format!("Sender: {} <{address}>", word(&self.at(Spot::Sender))),
            format!("To: {}", guests.iter().map(|(_, address)| *address).collect::<Vec<_>>().join(", ")),
            "Subject: Point de suivi".to_owned(),
            "Date: Mon, 01 Jun 2026 09:30:00 +0200".to_owned(),
            format!("Message-ID: <m{left}.1@{host}>"),
            format!("User-Agent: {}", line(&self.at(Spot::Program))),
            format!("Organization: {}", line(&self.at(Spot::Organization))),
            format!("X-Note: {}", line(&self.at(Spot::XHeader))),
            "MIME-Version: 1.0".to_owned(),
        ];
        let calendar = self.calendar(guests);
        let said = vec![
            leaf("text/plain; charset=utf-8", &format!("Bonjour,\r\n{}\r\n-- \r\n{name}\r\n{address}", self.at(Spot::BodyText)), false),
            leaf("text/html; charset=utf-8", &format!("<p>Bonjour {}</p>", self.at(Spot::BodyHtml)), false),
        ];
        let described =
            format!("text/calendar; charset=utf-8; method=REQUEST\r\nContent-Description: {}", line(&self.at(Spot::PartHeader)));
        let extras = self.attachments();
        let body = match self.program {
            Program::Outlook => {
                let inner = [said, vec![leaf(&described, &calendar, true)]].concat();
                joined("mixed", "_000_", [vec![joined("alternative", "_001_", inner)], extras].concat())
            }
            Program::Gmail => {
                let inner = [said, vec![leaf(&described, &calendar, false)]].concat();
                let file = leaf("application/ics; name=invite.ics", &calendar, true);
                joined("mixed", "0000a1", [vec![joined("alternative", "0000a2", inner), file], extras].concat())
            }
            Program::Apple => joined("mixed", "Apple-Mail-1", [vec![leaf(&described, &calendar, true)], extras].concat()),
            Program::Thunderbird => {
                let inner = [said, vec![leaf(&described, &calendar, false)]].concat();
                joined("mixed", "----1", [vec![joined("alternative", "----2", inner)], extras].concat())
            }
        };
        headers.push(body);
        headers.join("\r\n").into_bytes()
    }

    fn attachments(&self) -> Vec<String> {
        let file = |kind: &str, name: &str, bytes: &[u8]| {
            let lines: Vec<String> =
                BASE64.encode(bytes).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
            format!(
                "Content-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                lines.join("\r\n")
            )
        };
        let name = line(&self.at(Spot::FileName)).replace('"', "");
        let card = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{}\r\nEND:VCARD\r\n", self.at(Spot::Card));
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(self.at(Spot::Pdf).as_bytes()).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(self.at(Spot::Gzip).as_bytes()).unwrap();
        let wide: Vec<u8> = self.at(Spot::Tnef).encode_utf16().flat_map(u16::to_le_bytes).collect();
        vec![
            file("text/vcard", &format!("{name}.vcf"), card.as_bytes()),
            file("application/pdf", "a.pdf", &[b"%PDF-1.7\nstream\r\n".to_vec(), zlib.finish().unwrap()].concat()),
            file("application/gzip", "a.gz", &gzip.finish().unwrap()),
            file("image/jpeg", "a.jpg", &[b"\xff\xd8\xff\xe1\0\x40Exif\0\0".as_slice(), self.at(Spot::Exif).as_bytes()].concat()),
            file("application/ms-tnef", "winmail.dat", &[b"\x78\x9f\x3e\x22\x01\x02".to_vec(), wide].concat()),
            format!("Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nSubject: x\r\n\r\n{}\r\n", self.at(Spot::Nested)),
        ]
    }

    fn calendar(&self, guests: &[(&str, &str)]) -> String {
        let Identity { name, address, host, .. } = self.identity;
        let param = |text: &str| text.replace('"', "").replace(['\r', '\n'], " ");
        let uid: String = self.at(Spot::Uid).chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let mut lines = vec![
            "BEGIN:VCALENDAR".to_owned(),
            format!("PRODID:-//{}//EN", escaped(&self.at(Spot::ProdId))),
            "VERSION:2.0".to_owned(),
            "METHOD:REQUEST".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:evenement-{uid}@{host}"),
            "DTSTAMP:20260601T073000Z".to_owned(),
            "DTSTART:20260706T070000Z".to_owned(),
            "DTEND:20260706T074500Z".to_owned(),
            format!("SUMMARY:Point de suivi {}", escaped(&self.at(Spot::Title))),
            format!("DESCRIPTION:Merci de venir.\\n{}", escaped(&self.at(Spot::Description))),
            format!("ORGANIZER;CN=\"{name} {}\";SENT-BY=\"mailto:{address}\":mailto:{address}", param(&self.at(Spot::OrganizerName))),
            format!("X-SENT-BY:{}", escaped(&self.at(Spot::SentBy))),
            format!("CONTACT:{}", escaped(&self.at(Spot::Contact))),
            format!("COMMENT:{}", escaped(&self.at(Spot::Comment))),
            format!("LOCATION:{}", escaped(&self.at(Spot::Location))),
            format!("URL:https://{host}/{}", self.at(Spot::Url).replace(char::is_whitespace, "")),
            format!("ATTACH;ENCODING=BASE64;VALUE=BINARY:{}", BASE64.encode(self.at(Spot::Attach).as_bytes())),
            format!("X-NOTE:{}", escaped(&self.at(Spot::XProperty))),
            format!("X-ALT-DESC;FMTTYPE=text/html:<p>{}</p>", escaped(&self.at(Spot::AltDescription))),
        ];
        for (guest, mailbox) in guests {
            let shown = param(&format!("{guest} {}", self.at(Spot::GuestName)));
            lines.push(format!("ATTENDEE;CN=\"{}\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{mailbox}", shown.trim()));
        }
        let attendees: Vec<String> = lines.iter().filter(|line| line.starts_with("ATTENDEE")).cloned().collect();
        if self.recurs() {
            lines.push("RRULE:FREQ=WEEKLY;COUNT=4".to_owned());
        }
        let alarm = escaped(&self.at(Spot::Alarm));
        lines.extend(["SEQUENCE:0".to_owned(), "BEGIN:VALARM".to_owned(), "ACTION:DISPLAY".to_owned(), "TRIGGER:-PT15M".to_owned()]);
        lines.extend([format!("DESCRIPTION:{alarm}"), "END:VALARM".to_owned(), "END:VEVENT".to_owned()]);
        if self.recurs() {
            lines.extend([
                "BEGIN:VEVENT".to_owned(),
                format!("UID:evenement-{uid}@{host}"),
                "DTSTAMP:20260601T073000Z".to_owned(),
                "RECURRENCE-ID:20260713T070000Z".to_owned(),
                "DTSTART:20260714T070000Z".to_owned(),
                "DTEND:20260714T074500Z".to_owned(),
                format!("SUMMARY:Point de suivi {}", escaped(&self.at(Spot::InstanceTitle))),
                format!("DESCRIPTION:Un jour plus tard.\\n{}", escaped(&self.at(Spot::InstanceDescription))),
                format!("ORGANIZER;CN=\"{name} {}\":mailto:{address}", param(&self.at(Spot::OrganizerName))),
                format!("COMMENT:{}", escaped(&self.at(Spot::Comment))),
                format!("LOCATION:{}", escaped(&self.at(Spot::Location))),
                format!("X-NOTE:{}", escaped(&self.at(Spot::XProperty))),
                "SEQUENCE:0".to_owned(),
            ]);
            lines.extend(attendees);
            lines.push("END:VEVENT".to_owned());
        }
        lines.push("END:VCALENDAR".to_owned());
        lines.iter().map(|line| folded(line)).collect()
    }
}

fn line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// RFC 5545 §3.1: at most 75 octets a line.
fn folded(line: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > 74 {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out + "\r\n"
}

fn leaf(kind: &str, text: &str, base64: bool) -> String {
    if !base64 {
        return format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n");
    }
    let lines: Vec<String> =
        BASE64.encode(text.as_bytes()).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n", lines.join("\r\n"))
}

fn joined(kind: &str, limit: &str, parts: Vec<String>) -> String {
    let inner: String = parts.iter().map(|part| format!("--{limit}\r\n{part}")).collect();
    format!("Content-Type: multipart/{kind}; boundary=\"{limit}\"\r\n\r\n{inner}--{limit}--\r\n")
}
