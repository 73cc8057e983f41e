//! The life of a meeting from mail to mail, and every calendar object that leaves the gateway meanwhile.

use super::house::{House, ORGANIZER, mailbox, parsed};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use paravent::domain::address::ReversePath;
use paravent::domain::delivery::{OutboxItem, OutboxPurpose};
use paravent::domain::meeting::Guest;
use paravent::domain::token::Purpose;
use paravent::flow::port::{Incoming, MailDoor, Reception, Session, Submitter, World};
use std::net::{IpAddr, Ipv4Addr};

/// What the organizer means, in the words of `fixtures/invites/NN-slug/expected.json`.
#[derive(Clone, Debug)]
pub struct Meant {
    pub method: Option<String>,
    pub uid: String,
    pub sequence: u32,
    pub starts_at: String,
    pub ends_at: String,
    pub form: WrittenAs,
    pub guests: Vec<String>,
}

/// How the organizer writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenAs {
    Clock,
    Floating,
    Days,
}

/// A calendar object of a mail in the outbox.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// Which meeting.
    pub case: String,
    /// Whether a guest gets it, else the organizer.
    pub to_guest: bool,
    /// METHOD of the mail that made us send it.
    pub cause: &'static str,
    /// `method` of the part's Content-Type.
    pub method: String,
    /// UID that must be in it.
    pub uid: String,
    pub text: String,
}

/// How far a meeting came.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Whether guests were invited at all.
    pub invited: bool,
    pub emitted: Vec<Emitted>,
}

/// What a guest proposes instead: an hour later than meant, or a day where whole days are meant.
pub fn proposed(meant: &Meant) -> (String, String) {
    let later = |time: &str| match time.parse::<NaiveDate>() {
        Ok(day) => (day + TimeDelta::days(1)).to_string(),
        Err(_) => (time.parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true),
    };
    (later(&meant.starts_at), later(&meant.ends_at))
}

/// The organizer sends `message`; each guest accepts, proposes, and asks again; the organizer calls the meeting off.
/// The clock is moved to `now` before.
pub async fn life(case: &str, now: &str, message: &[u8], meant: &Meant) -> Story {
    let house = House::build().await;
    house.clock.move_by(now.parse::<DateTime<Utc>>().unwrap() - house.clock.now());
    let mut story = Story::default();
    let is_cancel = meant.method.as_deref() == Some("CANCEL");
    if is_cancel {
        // There is nothing to call off before it was asked.
        give(&house, ORGANIZER, &meant.guests, organizers("REQUEST", 0, meant).as_bytes()).await;
        story.collect(case, "REQUEST", &house, meant).await;
    }
    give(&house, ORGANIZER, &meant.guests, message).await;
    let cause = if is_cancel { "CANCEL" } else { "REQUEST" };
    story.collect(case, cause, &house, meant).await;
    if !story.invited || is_cancel {
        return story;
    }
    let (meeting, guests) = house.meeting().await;
    for (number, guest) in guests.iter().enumerate() {
        for (minute, (cause, lines)) in answers(meant).into_iter().enumerate() {
            let mail = guests_mail(cause, guest, &lines, number * 10 + minute);
            let to = house.address(Purpose::OrganizerAlias, guest.id);
            house.accept(MailDoor::Mx, &guest.mailbox.mailbox.to_string(), &to, &mail).await;
            let before = story.emitted.len();
            story.collect(case, cause, &house, meant).await;
            assert!(story.emitted.len() > before, "{case}: nothing came of a {cause}");
        }
    }
    give(&house, ORGANIZER, &meant.guests, organizers("CANCEL", meeting.ledger.sequence().saturating_add(1), meant).as_bytes()).await;
    let before = story.emitted.len();
    story.collect(case, "CANCEL", &house, meant).await;
    assert!(story.emitted.len() > before, "{case}: nothing came of the CANCEL");
    story
}

impl Story {
    /// Takes all waiting mail out of the outbox, and the calendar objects out of it.
    async fn collect(&mut self, case: &str, cause: &'static str, house: &House, meant: &Meant) {
        let items = house.sent().await;
        for item in items.iter().filter(|item| [OutboxPurpose::Invitation, OutboxPurpose::Organizer].contains(&item.purpose)) {
            let to_guest = item.purpose == OutboxPurpose::Invitation;
            self.invited |= to_guest;
            let Some((method, text)) = object(item, case) else {
                assert!(!to_guest, "{case}: an invitation without a calendar object");
                continue;
            };
            let uid = match item.guest.filter(|_| to_guest) {
                Some(id) => house.archive.guest(id).await.unwrap().unwrap().1.uid.0,
                None => meant.uid.clone(),
            };
            self.emitted.push(Emitted { case: case.to_owned(), to_guest, cause, method, uid, text });
        }
    }
}

/// METHOD of the part, and the object: that of text/calendar. A guest has it attached as well, octet by octet the same.
fn object(item: &OutboxItem, case: &str) -> Option<(String, String)> {
    let mail = parsed(item);
    let of_type = |wanted: &'static str| mail.parts.iter().filter(move |part| part.content_type == wanted).collect::<Vec<_>>();
    let (shown, attached) = (of_type("text/calendar"), of_type("application/ics"));
    if shown.is_empty() && attached.is_empty() {
        return None;
    }
    let wanted = if item.purpose == OutboxPurpose::Invitation { (1, 1) } else { (1, 0) };
    assert_eq!((shown.len(), attached.len()), wanted, "{case}: text/calendar and application/ics");
    assert!(attached.iter().all(|part| part.bytes == shown[0].bytes), "{case}: the attached object is another one");
    let text = String::from_utf8(shown[0].bytes.clone()).expect("UTF-8");
    Some((shown[0].parameter("method").unwrap_or_default().to_owned(), text))
}

/// What each guest sends: cause, and the lines beside UID and who.
fn answers(meant: &Meant) -> Vec<(&'static str, String)> {
    let (start, end) = proposed(meant);
    vec![
        ("REPLY", format!("{}COMMENT:Oui\\, avec plaisir\\; à bientôt 😀\\n{}\n", times(&meant.starts_at, &meant.ends_at), "é".repeat(80))),
        ("COUNTER", times(&start, &end)),
        ("REFRESH", String::new()),
    ]
}

fn guests_mail(method: &str, guest: &Guest, lines: &str, minute: usize) -> String {
    let (from, uid) = (&guest.mailbox.mailbox, &guest.uid.0);
    format!(
        "From: {from}\nTo: x@visio.example\nSubject: Re\nMessage-ID: <{method}-{minute}@hopital.example>\nMIME-Version: 1.0\n\
         Content-Type: text/calendar; charset=utf-8; method={method}\nContent-Transfer-Encoding: 8bit\n\n\
         BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Guest//EN\nMETHOD:{method}\nBEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260601T09{minute:02}00Z\n\
         SEQUENCE:{}\n{lines}ATTENDEE;PARTSTAT=ACCEPTED:mailto:{from}\nEND:VEVENT\nEND:VCALENDAR\n",
        guest.sequence(),
    )
}

/// The organizer's plain mail about the meeting.
fn organizers(method: &str, sequence: u32, meant: &Meant) -> String {
    let attendees: String = meant.guests.iter().map(|guest| format!("ATTENDEE;RSVP=TRUE:mailto:{guest}\n")).collect();
    format!(
        "From: Claire Bernard <{ORGANIZER}>\nTo: {to}\nSubject: Bilan\nMessage-ID: <{method}-{sequence}@pc.agence.example>\n\
         MIME-Version: 1.0\nContent-Type: text/calendar; charset=utf-8; method={method}\n\n\
         BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\nMETHOD:{method}\nBEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260601T07{minute:02}00Z\n\
         SEQUENCE:{sequence}\n{times}SUMMARY:Bilan\nORGANIZER;CN=Claire Bernard:mailto:{ORGANIZER}\n{attendees}\
         END:VEVENT\nEND:VCALENDAR\n",
        to = meant.guests.join(", "),
        uid = meant.uid,
        minute = if method == "CANCEL" { 59 } else { 0 },
        times = times(&meant.starts_at, &meant.ends_at),
    )
}

/// DTSTART and DTEND as RFC 5545 writes them, of instants or of days.
fn times(start: &str, end: &str) -> String {
    let line = |name: &str, time: &str| {
        let kind = if time.contains('T') { "" } else { ";VALUE=DATE" };
        format!("{name}{kind}:{}\n", time.replace(['-', ':'], ""))
    };
    line("DTSTART", start) + &line("DTEND", end)
}

/// Bytes to the door for submissions, whatever it answers.
async fn give(house: &House, from: &str, to: &[String], message: &[u8]) {
    let crlf = message.iter().flat_map(|octet| if *octet == b'\n' { vec![b'\r', b'\n'] } else { vec![*octet] }).collect();
    let session = Session {
        door: MailDoor::Submission,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        helo: "mail.example".to_owned(),
        encrypted: true,
        submitter: Some(Submitter::TrustedNetwork),
    };
    let recipients = to.iter().map(|text| mailbox(text)).collect();
    house.gateway.receive(Incoming { session, reverse_path: ReversePath::Mailbox(mailbox(from)), recipients, raw: crlf }).await;
}
