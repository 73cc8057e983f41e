//! What an organizer's calendar object asks for, and what each guest must be sent for it.
//!
//! The envelope decides who is mailed, since programs send an update to some guests only, or one message
//! for each; the attendee list gives the names.

use super::address::{Mailbox, NamedMailbox};
use super::attendance::PartStat;
use super::compose::{InvitationKind, Problem};
use super::itip::{CalendarObject, Event, EventTime, Method, Uid};
use super::meeting::{Guest, Meeting, MeetingEvent, SentState};
use super::organizer::Organizer;
use super::token::{AliasDomain, guest_behind};
use chrono::{DateTime, Utc};

/// Longest title passed on, in characters; the rest is cut.
pub const TITLE_MAX: usize = 250;
/// Longest description passed on, in characters; the rest is cut.
pub const DESCRIPTION_MAX: usize = 20_000;

/// A problem with the value that its phrase shows.
pub type Remark = (Problem, String);

/// What the object asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Invite, or tell of a change.
    Request,
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
}

/// A calendar object, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it asks for.
    pub intent: Intent,
    /// Their UID.
    pub uid: Uid,
    /// Their SEQUENCE.
    pub sequence: u32,
    /// Their DTSTAMP.
    pub dtstamp: Option<DateTime<Utc>>,
    /// ORGANIZER of their dialog.
    pub organizer_address: NamedMailbox,
    /// What guests are told.
    pub event: MeetingEvent,
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
    /// Now.
    pub now: DateTime<Utc>,
}

/// Understands an object, or says everything that is wrong with it.
pub fn plan(object: &CalendarObject, ask: &Ask<'_>) -> Result<Plan, Vec<Remark>> {
    let intent = intent(object)?;
    let event = single_event(object)?;
    let organizer_address = organizer_address(event, ask.organizer)?;
    let told = told(event, intent, ask.now)?;
    let (invited, remarks) = invited(event, ask)?;
    Ok(Plan {
        intent,
        uid: Uid(event.uid.clone()),
        sequence: event.sequence,
        dtstamp: event.dtstamp,
        organizer_address,
        event: told,
        invited,
        remarks,
    })
}

fn intent(object: &CalendarObject) -> Result<Intent, Vec<Remark>> {
    if object.events.is_empty() {
        let found = object.others.first().cloned().unwrap_or_else(|| "VCALENDAR".to_owned());
        return Err(vec![(Problem::NotAnInvitation, found)]);
    }
    match &object.method {
        Some(Method::Request) => Ok(Intent::Request),
        Some(Method::Cancel) => Ok(Intent::Cancel),
        Some(
            other @ (Method::Publish
            | Method::Reply
            | Method::Add
            | Method::Refresh
            | Method::Counter
            | Method::DeclineCounter
            | Method::Other(_)),
        ) => Err(vec![(Problem::NotAnInvitation, format!("METHOD:{}", other.as_str()))]),
        None => Err(vec![(Problem::NotAnInvitation, "METHOD".to_owned())]),
    }
}

fn single_event(object: &CalendarObject) -> Result<&Event, Vec<Remark>> {
    if object.events.len() > 1 || object.events.iter().any(|event| event.is_recurring || event.recurrence_id.is_some()) {
        return Err(vec![(Problem::Series, String::new())]);
    }
    match object.main_event() {
        Some(event) if !event.uid.is_empty() => Ok(event),
        Some(_) | None => Err(vec![(Problem::BrokenCalendar, "UID".to_owned())]),
    }
}

fn organizer_address(event: &Event, organizer: &Organizer) -> Result<NamedMailbox, Vec<Remark>> {
    match &event.organizer {
        None => Ok(NamedMailbox::new(organizer.name.clone(), organizer.mailbox.clone())),
        Some(named) if organizer.owns(&named.mailbox) => Ok(named.clone()),
        Some(named) => Err(vec![(Problem::NotAnOrganizer, named.mailbox.to_string())]),
    }
}

fn told(event: &Event, intent: Intent, now: DateTime<Utc>) -> Result<MeetingEvent, Vec<Remark>> {
    let starts_at = clock_time(event.start.as_ref())?;
    let ends_at = match &event.end {
        Some(end) => clock_time(Some(end))?,
        None => starts_at + chrono::TimeDelta::hours(1),
    };
    if ends_at <= starts_at || (intent == Intent::Request && ends_at <= now) {
        return Err(vec![(Problem::WrongTimes, String::new())]);
    }
    Ok(MeetingEvent {
        title: one_line(event.summary.as_deref().unwrap_or_default()),
        description: event.description.as_deref().map(plain_text).filter(|text| !text.is_empty()),
        starts_at,
        ends_at,
        series: None,
        whole_days: None,
    })
}

fn clock_time(time: Option<&EventTime>) -> Result<DateTime<Utc>, Vec<Remark>> {
    match time {
        Some(EventTime::Utc(instant) | EventTime::Zoned { instant: Some(instant), .. }) => Ok(*instant),
        Some(EventTime::Zoned { tzid, instant: None, .. }) => Err(vec![(Problem::UnknownTimeZone, tzid.clone())]),
        Some(EventTime::Floating(_) | EventTime::Date(_)) => Err(vec![(Problem::NoClockTime, String::new())]),
        None => Err(vec![(Problem::BrokenCalendar, "DTSTART".to_owned())]),
    }
}

fn invited(event: &Event, ask: &Ask<'_>) -> Result<(Vec<Invited>, Vec<Remark>), Vec<Remark>> {
    let mut remarks = Vec::new();
    let mut invited: Vec<Invited> = Vec::new();
    for asked in candidates(event, ask.recipients, &mut remarks) {
        if ask.organizer.owns(&asked.mailbox) {
            continue;
        }
        let Some(guest) = guest_behind(&asked, ask.guest_domain) else {
            remarks.push((Problem::BadGuestAddress, asked.mailbox.to_string()));
            continue;
        };
        if is_resource(event, &asked.mailbox) {
            remarks.push((Problem::Resource, asked.mailbox.to_string()));
            continue;
        }
        if !invited.iter().any(|known| known.guest.mailbox.same_as(&guest.mailbox)) {
            invited.push(Invited { invited_as: asked.mailbox, guest });
        }
    }
    if invited.len() > ask.max_guests {
        return Err(vec![(Problem::TooManyGuests, ask.max_guests.to_string())]);
    }
    if invited.is_empty() {
        remarks.push((Problem::NoGuests, String::new()));
        return Err(remarks);
    }
    Ok((invited, remarks))
}

fn candidates(event: &Event, recipients: Option<&[Mailbox]>, remarks: &mut Vec<Remark>) -> Vec<NamedMailbox> {
    match recipients {
        Some(recipients) => {
            recipients.iter().map(|recipient| NamedMailbox { name: attendee_name(event, recipient), mailbox: recipient.clone() }).collect()
        }
        None => event
            .attendees
            .iter()
            .filter_map(|attendee| {
                if attendee.mailbox.is_none() {
                    remarks.push((Problem::BadGuestAddress, attendee.address.clone()));
                }
                attendee.mailbox.clone()
            })
            .collect(),
    }
}

fn attendee_name(event: &Event, mailbox: &Mailbox) -> Option<String> {
    let named = event.attendees.iter().filter_map(|attendee| attendee.mailbox.as_ref()).find(|named| named.mailbox.same_as(mailbox))?;
    // Many programs repeat the address where they know no name.
    named.name.as_deref().map(one_line).filter(|name| !name.is_empty() && !name.contains('@'))
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

/// Whether the plan may be applied to what is known of the meeting (RFC 5546 §2.1.5: SEQUENCE, then DTSTAMP).
pub fn is_out_of_date(plan: &Plan, meeting: &Meeting) -> bool {
    let newest = (meeting.organizer_sequence, meeting.organizer_dtstamp);
    plan.sequence < newest.0 || (plan.sequence == newest.0 && plan.dtstamp.is_some() && plan.dtstamp < newest.1)
}

/// What one guest must be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this, with this SEQUENCE; `reset` when an answer given before no longer counts.
    Send {
        /// First invitation, change or cancellation.
        kind: InvitationKind,
        /// Our SEQUENCE in it.
        sequence: u32,
        /// The answer counts no longer.
        reset: bool,
    },
    /// They know all of it.
    Nothing,
}

/// What to send to a guest, judged against what was sent to them before.
pub fn step(plan: &Plan, meeting: Option<&Meeting>, guest: Option<&Guest>) -> Step {
    let known = guest.filter(|guest| guest.removed_at.is_none());
    match (plan.intent, known, guest.and_then(|guest| guest.sent.as_ref())) {
        (Intent::Cancel, None, _) => Step::Nothing,
        (Intent::Cancel, Some(_), sent) => Step::Send {
            kind: InvitationKind::Cancellation,
            sequence: sent.map_or(0, |sent| sent.sequence.saturating_add(1)),
            reset: false,
        },
        (Intent::Request, None, sent) => {
            Step::Send { kind: InvitationKind::New, sequence: sent.map_or(0, |sent| sent.sequence.saturating_add(1)), reset: true }
        }
        (Intent::Request, Some(_), None) => Step::Send { kind: InvitationKind::New, sequence: 0, reset: true },
        (Intent::Request, Some(_), Some(sent)) => update(plan, meeting, sent),
    }
}

fn update(plan: &Plan, meeting: Option<&Meeting>, sent: &SentState) -> Step {
    let same = sent.event == plan.event;
    if is_significant(sent, &plan.event) {
        return Step::Send { kind: InvitationKind::Update, sequence: sent.sequence.saturating_add(1), reset: true };
    }
    // The same object again (one message a guest, or a repeated one) tells nothing new; a fresh DTSTAMP is the organizer's wish.
    let repeated = meeting.is_some_and(|meeting| meeting.organizer_sequence == plan.sequence && meeting.organizer_dtstamp == plan.dtstamp);
    if same && repeated { Step::Nothing } else { Step::Send { kind: InvitationKind::Update, sequence: sent.sequence, reset: false } }
}

/// Whether a guest must answer anew (RFC 5546 §2.1.4): the time changed.
pub fn is_significant(sent: &SentState, event: &MeetingEvent) -> bool {
    sent.event.starts_at != event.starts_at || sent.event.ends_at != event.ends_at
}

/// The status that the guest's calendar shall show after this step.
pub fn shown_partstat(guest: Option<&Guest>, reset: bool) -> PartStat {
    match guest {
        Some(guest) if !reset => guest.attendance.response.partstat,
        Some(_) | None => PartStat::NeedsAction,
    }
}
