//! What an organizer's calendar object asks for, and what each guest must be sent for it.
//!
//! The envelope decides who is mailed, since programs send an update to some guests only, or one message
//! for each; the attendee list gives the names.

mod after;
mod content;
mod said;
mod step;
mod without;

pub use after::{After, after};
pub use content::{Content, content, taken_off_for_all};
pub use said::{CHANGED_MAX, Said, SaidInstance, Whole};
pub use step::{Step, step};

use super::address::{Mailbox, NamedMailbox};
use super::compose::Problem;
use super::itip::{CalendarObject, Event, Method, Uid};
use super::meeting::Meeting;
use super::organizer::Organizer;
use super::token::{AliasDomain, guest_behind};
use chrono::{DateTime, Utc};
use said::{Clock, said};
use std::collections::BTreeSet;

/// Longest title passed on, in characters; the rest is cut.
const TITLE_MAX: usize = 250;
/// Longest description passed on, in characters; the rest is cut.
const DESCRIPTION_MAX: usize = 20_000;

/// A problem with the value that its phrase shows.
pub type Remark = (Problem, String);

/// What the object asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Invite, or tell of a change.
    Request,
    /// Invite to instances that the series did not have (RFC 5546 §3.2.4).
    Add,
    /// Tell that it is off.
    Cancel,
}

/// One address that the organizer invited, and who is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// As in their dialog: the real address or a guest alias.
    pub invited_as: Mailbox,
    /// The real address with the name they gave.
    pub guest: NamedMailbox,
    /// Where they are named.
    pub named: Named,
}

/// Which of an object's attendee lists name somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The list of the whole.
    pub whole: bool,
    /// Those of instances, by the instant of their RECURRENCE-ID.
    pub instances: BTreeSet<DateTime<Utc>>,
}

impl Named {
    /// Whether no list names them: the message went to them all the same, so all of it is meant.
    pub fn is_nowhere(&self) -> bool {
        !self.whole && self.instances.is_empty()
    }
}

/// A calendar object, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it asks for.
    pub intent: Intent,
    /// Their UID.
    pub uid: Uid,
    /// ORGANIZER of their dialog.
    pub organizer_address: NamedMailbox,
    /// What it says of the meeting.
    pub said: Said,
    /// Whom to mail, each once, in the envelope's order.
    pub invited: Vec<Invited>,
    /// What is left out of it; the rest is done.
    pub remarks: Vec<Remark>,
}

/// What the plan is judged by.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Who asks.
    pub organizer: &'a Organizer,
    /// Envelope recipients; `None` for every attendee (command line, explain).
    pub recipients: Option<&'a [Mailbox]>,
    /// The domain of guest aliases.
    pub guest_domain: &'a AliasDomain,
    /// Most guests of one message.
    pub max_guests: usize,
    /// The meeting of this UID, where it is known.
    pub known: Option<&'a Meeting>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// The UID of the meeting that an object is about; empty where it has none.
pub fn uid(object: &CalendarObject) -> Uid {
    Uid(object.main_event().map(|event| event.uid.clone()).unwrap_or_default())
}

/// Understands an object, or says everything that is wrong with it.
pub fn plan(object: &CalendarObject, ask: &Ask<'_>) -> Result<Plan, Vec<Remark>> {
    let intent = intent(object)?;
    let uid = one_uid(object)?;
    let organizer_address = organizer_address(object, ask.organizer)?;
    let known = ask.known.map(|meeting| &meeting.event);
    let mut said = said(object, intent, &Clock { home: ask.organizer.group.time_zone, known, now: ask.now })?;
    if let Some(meeting) = ask.known {
        said.leave_out_what_is_gone(meeting);
        if said == Said::default() {
            return Err(vec![(Problem::OutOfDate, String::new())]);
        }
    }
    if intent != Intent::Cancel && is_over(&said, ask.now) {
        return Err(vec![(Problem::WrongTimes, String::new())]);
    }
    let (invited, remarks) = invited(object, &said, ask)?;
    Ok(Plan { intent, uid, organizer_address, said, invited, remarks })
}

/// Whether single instances alone are spoken of, all of them past, and none of later ones with them.
fn is_over(said: &Said, now: DateTime<Utc>) -> bool {
    let is_past = |one: &SaidInstance| !one.and_later && one.instance.as_ref().is_some_and(|instance| instance.ends_at <= now);
    said.whole.is_none() && said.instances.values().all(is_past)
}

fn intent(object: &CalendarObject) -> Result<Intent, Vec<Remark>> {
    if object.events.is_empty() {
        let found = object.others.first().cloned().unwrap_or_else(|| "VCALENDAR".to_owned());
        return Err(vec![(Problem::NotAnInvitation, found)]);
    }
    match &object.method {
        Some(Method::Request) => Ok(Intent::Request),
        Some(Method::Cancel) => Ok(Intent::Cancel),
        Some(Method::Add) => Ok(Intent::Add),
        Some(other @ (Method::Publish | Method::Reply | Method::Refresh | Method::Counter | Method::DeclineCounter | Method::Other(_))) => {
            Err(vec![(Problem::NotAnInvitation, format!("METHOD:{}", other.as_str()))])
        }
        None => Err(vec![(Problem::NotAnInvitation, "METHOD".to_owned())]),
    }
}

/// One object is about one meeting (RFC 5546 §3.2).
fn one_uid(object: &CalendarObject) -> Result<Uid, Vec<Remark>> {
    let uid = uid(object);
    let is_one = !uid.0.is_empty() && object.events.iter().all(|event| event.uid == uid.0);
    is_one.then_some(uid).ok_or_else(|| vec![(Problem::BrokenCalendar, "UID".to_owned())])
}

fn organizer_address(object: &CalendarObject, organizer: &Organizer) -> Result<NamedMailbox, Vec<Remark>> {
    let stated: Vec<&NamedMailbox> = object.events.iter().filter_map(|event| event.organizer.as_ref()).collect();
    if let Some(other) = stated.iter().find(|named| !organizer.owns(&named.mailbox)) {
        return Err(vec![(Problem::NotAnOrganizer, other.mailbox.to_string())]);
    }
    let own = || NamedMailbox::new(organizer.name.clone(), organizer.mailbox.clone());
    Ok(stated.first().map_or_else(own, |named| (*named).clone()))
}

fn invited(object: &CalendarObject, said: &Said, ask: &Ask<'_>) -> Result<(Vec<Invited>, Vec<Remark>), Vec<Remark>> {
    let mut remarks = Vec::new();
    let mut invited: Vec<Invited> = Vec::new();
    for asked in candidates(object, ask.recipients, &mut remarks) {
        if ask.organizer.owns(&asked.mailbox) {
            continue;
        }
        let Some(guest) = guest_behind(&asked, ask.guest_domain) else {
            remarks.push((Problem::BadGuestAddress, asked.mailbox.to_string()));
            continue;
        };
        if object.events.iter().any(|event| is_resource(event, &asked.mailbox)) {
            remarks.push((Problem::Resource, asked.mailbox.to_string()));
            continue;
        }
        if !invited.iter().any(|known| known.guest.mailbox.same_as(&guest.mailbox)) {
            let named = named(object, said, &asked.mailbox);
            invited.push(Invited { invited_as: asked.mailbox, guest, named });
        }
    }
    if invited.len() > ask.max_guests {
        return Err(vec![(Problem::TooManyGuests, ask.max_guests.to_string())]);
    }
    if invited.is_empty() {
        remarks.push((Problem::NoGuests, String::new()));
        remarks.dedup();
        return Err(remarks);
    }
    Ok((invited, remarks))
}

fn candidates(object: &CalendarObject, recipients: Option<&[Mailbox]>, remarks: &mut Vec<Remark>) -> Vec<NamedMailbox> {
    if let Some(recipients) = recipients {
        let name = |recipient| object.events.iter().find_map(|event| attendee_name(event, recipient));
        return recipients.iter().map(|recipient| NamedMailbox { name: name(recipient), mailbox: recipient.clone() }).collect();
    }
    let mut candidates = Vec::new();
    for attendee in object.events.iter().flat_map(|event| &event.attendees) {
        match &attendee.mailbox {
            Some(mailbox) => candidates.push(mailbox.clone()),
            None => remarks.push((Problem::BadGuestAddress, attendee.address.clone())),
        }
    }
    candidates
}

fn attendee_name(event: &Event, mailbox: &Mailbox) -> Option<String> {
    let named = event.attendees.iter().filter_map(|attendee| attendee.mailbox.as_ref()).find(|named| named.mailbox.same_as(mailbox))?;
    // Many programs repeat the address where they know no name.
    named.name.as_deref().map(one_line).filter(|name| !name.is_empty() && !name.contains('@'))
}

fn is_named(event: &Event, mailbox: &Mailbox) -> bool {
    event.attendees.iter().filter_map(|attendee| attendee.mailbox.as_ref()).any(|named| named.mailbox.same_as(mailbox))
}

fn named(object: &CalendarObject, said: &Said, mailbox: &Mailbox) -> Named {
    let in_list = |index: usize| object.events.get(index).is_some_and(|event| is_named(event, mailbox));
    Named {
        whole: object.events.iter().any(|event| event.recurrence_id.is_none() && said.whole.is_some() && is_named(event, mailbox)),
        instances: said.instances.iter().filter(|(_, one)| in_list(one.index)).map(|(id, _)| *id).collect(),
    }
}

fn is_resource(event: &Event, mailbox: &Mailbox) -> bool {
    event
        .attendees
        .iter()
        .filter(|attendee| attendee.mailbox.as_ref().is_some_and(|named| named.mailbox.same_as(mailbox)))
        .any(|attendee| matches!(attendee.cutype.as_str(), "RESOURCE" | "ROOM"))
}

/// One line without control characters, cut to [`TITLE_MAX`] characters.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(TITLE_MAX).collect()
}

/// Lines without other control characters, cut to [`DESCRIPTION_MAX`] characters.
fn plain_text(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = unified.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).take(DESCRIPTION_MAX).collect();
    kept.trim().to_owned()
}
