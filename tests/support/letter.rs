//! Calendar mail of organizers and guests, for tests that need many of them.

use super::sink::Taken;
use paravent::domain::itip::{self, CalendarObject};

/// The organizer of `Gateway`'s directory.
pub const ORGANIZER: &str = "claire.bernard@agence.example";

/// An invitation as a calendar program sends it.
pub struct Letter<'a> {
    /// What tells it from every other: part of UID, Message-ID and title.
    pub name: &'a str,
    pub method: &'a str,
    pub sequence: u64,
    pub guests: &'a [String],
    /// Times and further properties, each with CRLF.
    pub lines: &'a str,
}

impl<'a> Letter<'a> {
    /// A request for a meeting in the future.
    pub fn new(name: &'a str, guests: &'a [String]) -> Self {
        Self { name, method: "REQUEST", sequence: 0, guests, lines: "DTSTART:20310115T130000Z\r\nDTEND:20310115T134500Z\r\n" }
    }

    /// The title, which is the subject too.
    pub fn title(&self) -> String {
        format!("Case {}", self.name)
    }

    /// The calendar object.
    pub fn calendar(&self) -> String {
        let Self { name, method, sequence, lines, .. } = self;
        let attendees: String = self
            .guests
            .iter()
            .map(|guest| format!("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest}\r\n"))
            .collect();
        format!(
            "BEGIN:VCALENDAR\r\nPRODID:-//Example//Calendar 1.0//EN\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n\
             UID:{name}@agence.example\r\nDTSTAMP:20260105T080000Z\r\nSEQUENCE:{sequence}\r\n{lines}SUMMARY:{title}\r\n\
             ORGANIZER;CN=\"Claire Bernard\":mailto:{ORGANIZER}\r\n{attendees}END:VEVENT\r\nEND:VCALENDAR\r\n",
            title = self.title(),
        )
    }

    /// The whole mail.
    pub fn mail(&self) -> Vec<u8> {
        self.around(&self.calendar())
    }

    /// The mail around another calendar object.
    pub fn around(&self, calendar: &str) -> Vec<u8> {
        let part = format!("Content-Type: text/calendar; charset=utf-8; method={}\r\n\r\n{calendar}", self.method);
        self.headed(&format!("MIME-Version: 1.0\r\n{part}"))
    }

    /// Author, subject and Message-ID, and then `rest`.
    pub fn headed(&self, rest: &str) -> Vec<u8> {
        format!(
            "From: Claire Bernard <{ORGANIZER}>\r\nTo: guests:;\r\nSubject: {}\r\nMessage-ID: <{}.{}@pc7.agence.example>\r\n\
             Date: Mon, 05 Jan 2026 09:00:00 +0100\r\n{rest}",
            self.title(),
            self.name,
            self.method,
        )
        .into_bytes()
    }
}

/// An invitation as a guest got it.
#[derive(Clone)]
pub struct Invited {
    pub guest: String,
    pub alias: String,
    pub uid: String,
    pub message_id: String,
}

impl Invited {
    /// Reads it from what was sent; `None` for mail that is no invitation with this title.
    pub fn read(taken: &Taken, title: &str) -> Option<Self> {
        let mail = taken.mail();
        let calendar = calendar(taken)?;
        let event = calendar.main_event()?;
        (event.summary.as_deref() == Some(title) && taken.to != ORGANIZER).then(|| Self {
            guest: taken.to.clone(),
            alias: mail.author().unwrap().mailbox.to_string(),
            uid: event.uid.clone(),
            message_id: mail.message_id.unwrap().as_str().to_owned(),
        })
    }

    /// This guest's REPLY; `mark` is its Message-ID and its comment.
    pub fn reply(&self, mark: &str, partstat: &str, dtstamp: &str) -> Vec<u8> {
        let Self { guest, alias, uid, .. } = self;
        format!(
            "From: {guest}\r\nTo: {alias}\r\nSubject: Re\r\nMessage-ID: <{mark}@cabinet.example>\r\nDate: Mon, 05 Jan 2026 10:00:00 +0100\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/calendar; charset=utf-8; method=REPLY\r\n\r\n\
             BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nPRODID:-//Example//Client//EN\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n\
             ATTENDEE;PARTSTAT={partstat}:mailto:{guest}\r\nCOMMENT:{mark}.\r\nUID:{uid}\r\nSUMMARY:Re\r\n\
             DTSTART:20310115T130000Z\r\nDTEND:20310115T134500Z\r\nDTSTAMP:{dtstamp}\r\nSEQUENCE:0\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        .into_bytes()
    }
}

/// The calendar object of a mail.
pub fn calendar(taken: &Taken) -> Option<CalendarObject> {
    itip::read(&taken.mail().calendars.first()?.bytes).ok()
}
