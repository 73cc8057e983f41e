//! A series on the stage: what its organizer's program and its guests' programs write, and what each is told of it, short
//! enough to compare.

use super::house::{House, ORGANIZER, mailbox, of_purpose};
use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::attendance::PartStat;
use paravent::domain::delivery::{OutboxItem, OutboxPurpose};
use paravent::domain::itip::tree::Component;
use paravent::domain::itip::{self, Method};
use paravent::domain::meeting::Guest;
use paravent::domain::mime::InboundMail;
use paravent::domain::part::Part;
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use std::sync::atomic::{AtomicU32, Ordering};

/// The zone as Outlook names it.
pub const ZONE: &str = "Romance Standard Time";

/// Mondays at nine in Paris, six times from 12 January 2026 on.
pub const WEEKLY: &str = "DTSTART;TZID=Romance Standard Time:20260112T090000\nDTEND;TZID=Romance Standard Time:20260112T094500\n\
                          RRULE:FREQ=WEEKLY;COUNT=6\nSUMMARY:Point hebdo";

const VTIMEZONE: &str = "BEGIN:VTIMEZONE\nTZID:Romance Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\n\
                         TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\n\
                         TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n";

/// A VEVENT of the organizer. `revision` is its SEQUENCE and the minute of its DTSTAMP.
pub fn vevent(revision: (u32, u32), guests: &[&str], lines: &str) -> String {
    let attendees: String = guests.iter().map(|guest| format!("ATTENDEE;RSVP=TRUE:mailto:{guest}\n")).collect();
    let (sequence, minute) = revision;
    format!(
        "BEGIN:VEVENT\nUID:series-1\nSEQUENCE:{sequence}\nDTSTAMP:20260105T07{minute:02}00Z\n{lines}\n\
         ORGANIZER;CN=Claire Bernard:mailto:{ORGANIZER}\n{attendees}END:VEVENT\n"
    )
}

/// The lines of an instance of [`WEEKLY`] that is moved; both as `MMDDTHHMM` on the clock of Paris.
pub fn moved(id: &str, start: &str) -> String {
    let hour: u32 = start[5..7].parse().unwrap();
    let end = format!("{}T{:02}{}", &start[..4], hour + 1, &start[7..]);
    let times = format!("DTSTART;TZID={ZONE}:2026{start}00\nDTEND;TZID={ZONE}:2026{end}00");
    format!("RECURRENCE-ID;TZID={ZONE}:2026{id}00\n{times}\nSUMMARY:Point hebdo")
}

/// The lines of an instance of [`WEEKLY`] that a CANCEL names.
pub fn off(id: &str) -> String {
    format!("{}\nSTATUS:CANCELLED", moved(id, id))
}

/// A mail of the organizer with these VEVENTs.
pub fn order_mail(method: &str, to: &[&str], events: &[String]) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let zone = if events.iter().any(|event| event.contains(ZONE)) { VTIMEZONE } else { "" };
    format!(
        "From: Claire Bernard <{ORGANIZER}>\nTo: {to}\nSubject: Point hebdo\nMessage-ID: <order-{number}@pc.agence.example>\n\
         MIME-Version: 1.0\nContent-Type: text/calendar; charset=utf-8; method={method}\n\n\
         BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\nMETHOD:{method}\n{zone}{events}END:VCALENDAR\n",
        to = to.join(", "),
        events = events.concat(),
    )
}

/// One VEVENT of a guest's answer: PARTSTAT, our SEQUENCE, minute of DTSTAMP, and further lines.
pub type Answered<'a> = (&'a str, u32, u32, &'a str);

/// A mail of a guest.
pub fn answer_mail(from: &str, uid: &str, method: &str, events: &[Answered<'_>]) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let event = |(partstat, sequence, minute, lines): &Answered<'_>| {
        let lines = if lines.is_empty() { String::new() } else { format!("{lines}\n") };
        let stamp = format!("20260105T{:02}{:02}00Z", 8 + minute / 60, minute % 60);
        format!(
            "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:{stamp}\nSEQUENCE:{sequence}\n{lines}ATTENDEE;PARTSTAT={partstat}:mailto:{from}\n\
             END:VEVENT\n"
        )
    };
    let events: String = events.iter().map(event).collect();
    format!(
        "From: {from}\nTo: x@visio.example\nSubject: Re\nMessage-ID: <answer-{number}@{domain}>\nMIME-Version: 1.0\n\
         Content-Type: text/calendar; charset=utf-8; method={method}\n\n\
         BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Guest//EN\nMETHOD:{method}\n{events}END:VCALENDAR\n",
        domain = from.rsplit('@').next().unwrap(),
    )
}

/// What was sent after a step of a story.
pub struct News {
    /// To guests: `jean REQUEST 1 [* 20260112T090000 ACCEPTED -20260119T090000] [20260126T090000 20260127T140000 NEEDS-ACTION]`,
    /// in the order of their addresses. In brackets each VEVENT: RECURRENCE-ID, DTSTART, PARTSTAT, EXDATEs.
    pub guests: Vec<String>,
    /// Answers that the organizer got, in the same form.
    pub answers: Vec<String>,
    /// Other mail to the organizer.
    pub notes: Vec<InboundMail>,
}

impl House {
    /// The organizer sends; the message must be taken. What follows is told by [`House::news`].
    pub async fn order(&self, method: &str, to: &[&str], events: &[String]) {
        self.give_order(&order_mail(method, to, events), to).await;
    }

    /// The same with a mail that is there already.
    pub async fn give_order(&self, mail: &str, to: &[&str]) {
        let answers = self.give(Submission, ORGANIZER, to, mail).await;
        assert!(answers.iter().all(|answer| answer.starts_with("250")), "{answers:?}");
        self.clock.move_by(TimeDelta::minutes(10));
    }

    /// As [`House::order`], and what follows.
    pub async fn after(&self, method: &str, to: &[&str], events: &[String]) -> News {
        self.order(method, to, events).await;
        self.news().await
    }

    /// A guest answers; and what follows.
    pub async fn answered(&self, who: &str, method: &str, events: &[Answered<'_>]) -> News {
        let guest = self.guest(who).await;
        let to = self.address(Purpose::OrganizerAlias, guest.id);
        self.accept(Mx, who, &to, &answer_mail(who, &guest.uid.0, method, events)).await;
        self.news().await
    }

    /// What was sent since the last time.
    pub async fn news(&self) -> News {
        let items = self.sent().await;
        let mut guests: Vec<String> = items.iter().filter(|item| item.purpose == OutboxPurpose::Invitation).map(told).collect();
        guests.sort();
        let (answers, notes): (Vec<_>, Vec<_>) =
            of_purpose(&items, OutboxPurpose::Organizer).into_iter().partition(|mail| !mail.calendars.is_empty());
        News { guests, answers: answers.iter().map(shown).collect(), notes }
    }

    /// The answers that are kept of a guest: `ACCEPTED 20260119T0800=DECLINED`, instants in UTC.
    pub async fn response(&self, who: &str) -> String {
        let response = self.guest(who).await.attendance.response;
        let instances: String =
            response.instances.iter().map(|(id, answer)| format!(" {}={}", brief(*id), answer.partstat.as_str())).collect();
        format!("{}{instances}", response.whole.partstat.as_str())
    }

    /// Starts of what a guest is invited to, in UTC.
    pub async fn dates(&self, who: &str) -> Vec<String> {
        let (meeting, _) = self.meeting().await;
        let guest = self.guest(who).await;
        dates_of(&guest, &meeting.event)
    }
}

/// Starts of what this guest is invited to of the event, in UTC.
pub fn dates_of(guest: &Guest, event: &paravent::domain::meeting::MeetingEvent) -> Vec<String> {
    let view = guest.removed_at.is_none().then(|| event.for_part(&guest.part)).flatten();
    view.map(|view| view.coming(DateTime::<Utc>::UNIX_EPOCH, 30)).into_iter().flatten().map(|one| brief(one.instance.starts_at)).collect()
}

/// `20260119T0800`.
pub fn brief(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M").to_string()
}

/// `Part::Whole` without these.
pub fn without(part: &Part) -> Vec<String> {
    match part {
        Part::Whole { without, .. } => without.iter().map(|id| brief(*id)).collect(),
        Part::Only(ids) => panic!("only {ids:?}"),
    }
}

fn told(item: &OutboxItem) -> String {
    let who = item.recipient.local().split('.').next().unwrap();
    format!("{who} {}", shown(&super::house::parsed(item)))
}

/// The calendar object of a mail, as in [`News::guests`].
pub fn shown(mail: &InboundMail) -> String {
    let object = itip::read(&mail.calendars[0].bytes).unwrap();
    let sequence = object.events[0].sequence;
    let events: String = object
        .events
        .iter()
        .zip(object.tree.components_named("VEVENT"))
        .map(|(event, lines)| {
            let guest = event.attendees.iter().find(|attendee| attendee.role != "CHAIR").map_or("-", |attendee| attendee.partstat.as_str());
            let value = |name: &str| lines.property(name).map_or("*".to_owned(), |line| line.value.clone());
            let excluded: String = lines
                .properties
                .iter()
                .filter(|line| line.is("EXDATE"))
                .flat_map(|line| line.value.split(','))
                .map(|at| format!(" -{at}"))
                .collect();
            format!(" [{} {} {guest}{excluded}]", value("RECURRENCE-ID"), value("DTSTART"))
        })
        .collect();
    format!("{} {sequence}{events}", object.method.as_ref().map_or("none", Method::as_str))
}

/// The organizer's object as it is kept: one master, no RECURRENCE-ID twice.
pub fn is_well_formed(text: &str) -> bool {
    let object = itip::read(text.as_bytes()).unwrap();
    let mut ids: Vec<Option<String>> = object.events.iter().map(|event| event.recurrence_id.clone()).collect();
    let (all, masters) = (ids.len(), ids.iter().filter(|id| id.is_none()).count());
    ids.sort();
    ids.dedup();
    ids.len() == all && masters == 1
}

/// The VEVENTs of an object that is kept.
pub fn vevents(text: &str) -> Vec<Component> {
    itip::read(text.as_bytes()).unwrap().tree.components_named("VEVENT").cloned().collect()
}

/// Whether a guest has an open proposal anywhere.
pub fn has_proposal(guest: &Guest) -> bool {
    let response = &guest.attendance.response;
    response.whole.proposal.is_some() || response.instances.values().any(|answer| answer.proposal.is_some())
}

/// What a guest answered to an instance, if anything.
pub fn own_answer(guest: &Guest, id: &str) -> Option<PartStat> {
    guest.attendance.response.own(Some(id.parse().unwrap())).map(|answer| answer.partstat)
}

/// A guest of the house by address; `None` where the house has none.
pub async fn known_guest(house: &House, who: &str) -> Option<Guest> {
    house.meeting().await.1.into_iter().find(|guest| guest.mailbox.mailbox == mailbox(who))
}
