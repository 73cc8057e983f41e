//! A story of one meeting: objects of its organizer and answers of a guest, one after the other, as the flow takes them.

use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::address::{Mailbox, NamedMailbox};
use paravent::domain::attachment::AttachmentPolicy;
use paravent::domain::attendance::Attendance;
use paravent::domain::authentication::Authentication;
use paravent::domain::decision::{AttendanceChange, Dialog, decide};
use paravent::domain::id::{GuestId, MeetingId};
use paravent::domain::invitation::{Ask, Content, Intent, Plan, Step, after, content, plan, step, taken_off_for_all};
use paravent::domain::itip::translate::{
    Described, GuestObject, OrganizerReply, cancel_for_guest, counter_for_organizer, decline_for_guest, reply_for_organizer,
    request_for_guest,
};
use paravent::domain::itip::{self, CalendarObject, Method, Uid};
use paravent::domain::language::Language;
use paravent::domain::meeting::{Guest, Meeting, MeetingEvent, MeetingStatus, SentState};
use paravent::domain::mime::{self, MimeLimits};
use paravent::domain::organizer::Organizer;
use paravent::domain::part::Part;
use paravent::domain::relay::Relay;
use paravent::domain::reply::{Context, Door, classify};
use paravent::domain::revision::Ledger;
use paravent::domain::token::AliasDomain;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most objects of one story.
const OBJECTS: usize = 4;
/// Occurrences by which two meetings are compared.
const COMPARED: usize = 40;
/// Most mails that one message of a guest may lead to.
const RELAYED_MAX: usize = 61;

const BEGIN: &[u8] = b"BEGIN:VCALENDAR";

/// The dialog as far as the story goes.
struct Story<'a> {
    organizer: &'a Organizer,
    invited: Mailbox,
    guest_domain: AliasDomain,
    now: DateTime<Utc>,
    known: Option<(Meeting, Option<Guest>)>,
}

/// Takes bytes as up to four objects, each from its BEGIN:VCALENDAR on.
pub(crate) fn story(bytes: &[u8], organizer: &Organizer) {
    let Ok(invited) = Mailbox::parse("jean.martin@hopital.example") else { return };
    let Some(guest_domain) = AliasDomain::parse("invites.rdv.example") else { return };
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(56 * 365);
    let mut story = Story { organizer, invited, guest_domain, now, known: None };
    let begins: Vec<usize> = bytes.windows(BEGIN.len()).enumerate().filter(|(_, window)| *window == BEGIN).map(|(at, _)| at).collect();
    let ends = begins.iter().skip(1).copied().chain([bytes.len()]);
    for (begin, end) in begins.iter().zip(ends).take(OBJECTS) {
        story.take(&bytes[*begin..end]);
        story.now += TimeDelta::hours(1);
    }
}

impl Story<'_> {
    fn take(&mut self, bytes: &[u8]) {
        let Ok(mut object) = itip::read(bytes) else { return };
        match object.method {
            Some(Method::Request | Method::Add | Method::Cancel) => {
                // Whoever is named: it is this organizer who sends.
                object.events.iter_mut().for_each(|event| event.organizer = None);
                self.order(&object);
            }
            Some(Method::Reply | Method::Counter | Method::Refresh) => self.answer(bytes),
            Some(Method::Publish | Method::DeclineCounter | Method::Other(_)) | None => {}
        }
    }

    fn order(&mut self, object: &CalendarObject) {
        let known = self.known.as_ref().map(|(meeting, _)| meeting);
        let recipients = [self.invited.clone()];
        let ask = Ask {
            organizer: self.organizer,
            recipients: Some(&recipients),
            guest_domain: &self.guest_domain,
            max_guests: 50,
            known,
            now: self.now,
        };
        let Ok(plan) = plan(object, &ask) else { return };
        let Some(mut meeting) = self.changed(&plan, object) else { return };
        let known = self.known.as_ref().and_then(|(_, guest)| guest.as_ref());
        let Some(invited) = plan.invited.first() else { return };
        let Some(after) = after(&plan, invited, known) else { return };
        let mut guest = known.cloned().unwrap_or_else(|| self.new_guest(&meeting, &invited.guest));
        let step = step(known, &after, &meeting.event);
        (guest.part, guest.ledger) = (after.part, after.ledger);
        if let Step::Send { kind, sent, response } = step {
            let is_off = kind == paravent::domain::compose::InvitationKind::Cancellation;
            guest.removed_at = is_off.then_some(self.now);
            if let Some(response) = response {
                guest.attendance.response = *response;
            }
            if is_off {
                self.cancels(&guest, &sent)
            } else {
                self.requests(&guest, &sent)
            }
            guest.sent = Some(*sent);
        } else if meeting.event.for_part(&guest.part).is_none() {
            guest.removed_at = guest.removed_at.or(Some(self.now));
        }
        if plan.intent == Intent::Cancel {
            taken_off_for_all(&mut meeting, &plan, &[&guest]);
        }
        let kept = itip::read(meeting.organizer_object.as_bytes());
        assert!(kept.is_ok_and(|kept| masters(&kept) <= 1), "{}", meeting.organizer_object);
        self.known = Some((meeting, Some(guest)));
    }

    fn changed(&self, plan: &Plan, object: &CalendarObject) -> Option<Meeting> {
        let known = self.known.as_ref().map(|(meeting, _)| meeting);
        if plan.intent == Intent::Cancel {
            return known.cloned();
        }
        let Content { event, ledger, object } = content(known, plan, object, self.organizer.group.time_zone).ok()?;
        if event.coming(self.now, 1).is_empty() {
            return None;
        }
        Some(match known {
            Some(meeting) => Meeting { event, ledger, organizer_object: object, ..meeting.clone() },
            None => Meeting {
                id: MeetingId(Uuid::nil()),
                organizer: self.organizer.id,
                organizer_address: plan.organizer_address.clone(),
                organizer_uid: plan.uid.clone(),
                ledger,
                organizer_object: object,
                event,
                status: MeetingStatus::Scheduled,
                room: String::new(),
                created_at: self.now,
                version: 0,
            },
        })
    }

    fn new_guest(&self, meeting: &Meeting, mailbox: &NamedMailbox) -> Guest {
        Guest {
            id: GuestId(Uuid::nil()),
            meeting: meeting.id,
            mailbox: mailbox.clone(),
            also: Vec::new(),
            invited_as: self.invited.clone(),
            part: Part::default(),
            ledger: Ledger::default(),
            language: Language::english(),
            uid: Uid("guest-1@rdv.example".to_owned()),
            sent: None,
            link: Uuid::nil(),
            removed_at: None,
            attendance: Attendance::default(),
            version: 0,
        }
    }

    /// What the guest gets is read back as what they may know.
    fn requests(&self, guest: &Guest, sent: &SentState) {
        let ids: BTreeSet<DateTime<Utc>> = sent.event.changed_ids().chain(guest.attendance.response.instances.keys().copied()).collect();
        let described = |id| Some(Described { id, instance: sent.event.instance(id)?, description: "d".to_owned() });
        let instances: Vec<Described> = ids.into_iter().filter_map(described).collect();
        let text = request_for_guest(&self.object(guest, sent, &instances));
        let object = sound(&text);
        let mut organizer = self.organizer.clone();
        organizer.group.time_zone = sent.event.whole_days.unwrap_or(organizer.group.time_zone);
        let ask = Ask {
            organizer: &organizer,
            recipients: None,
            guest_domain: &self.guest_domain,
            max_guests: 50,
            known: None,
            now: DateTime::<Utc>::MIN_UTC,
        };
        let mut anonymous = object.clone();
        anonymous.events.iter_mut().for_each(|event| event.organizer = None);
        let read = plan(&anonymous, &ask).and_then(|plan| content(None, &plan, &object, organizer.group.time_zone));
        let Ok(read) = read else { panic!("{read:?} of\n{text}") };
        assert_eq!(times(&read.event), times(&sent.event), "{text}");
    }

    fn cancels(&self, guest: &Guest, sent: &SentState) {
        sound(&cancel_for_guest(&self.object(guest, sent, &[])));
    }

    fn object<'a>(&'a self, guest: &'a Guest, sent: &'a SentState, instances: &'a [Described]) -> GuestObject<'a> {
        GuestObject {
            uid: &guest.uid,
            sequence: sent.sequence,
            now: self.now,
            organizer_alias: &guest.mailbox,
            guest: &guest.mailbox,
            event: &sent.event,
            link: None,
            description: "d",
            instances,
            response: &guest.attendance.response,
            allow_counter: true,
        }
    }

    /// An answer of the guest: judged, kept, and told to the organizer in their own terms.
    fn answer(&mut self, bytes: &[u8]) {
        let Some((meeting, Some(guest))) = &mut self.known else { return };
        let head = "From: jean.martin@hopital.example\nMIME-Version: 1.0\nContent-Type: text/calendar; charset=utf-8\n\n";
        let mail = mime::read(&[head.as_bytes(), bytes].concat(), &MimeLimits::default());
        let authentication = Authentication::vouched();
        let context = Context {
            door: Door::OrganizerAlias,
            null_reverse_path: false,
            authentication: &authentication,
            sender_is_expected: Some(true),
            duplicate: false,
            looped: false,
            uid: None,
            over: false,
            attachments: &AttachmentPolicy::default(),
            scanned: &Default::default(),
            released: false,
            last_sent_at: None,
            now: self.now,
        };
        let classified = classify(&mail, &context);
        let decision = decide(&mail, &classified, &Dialog { meeting, guest, organizer: self.organizer }, &context);
        assert!(decision.relay.len() <= RELAYED_MAX, "{} mails", decision.relay.len());
        for change in decision.attendance {
            if let AttendanceChange::Response(response) = change {
                guest.attendance.response = response;
            }
        }
        for relay in &decision.relay {
            tell(meeting, guest, self.organizer, relay, self.now);
        }
    }
}

/// What the organizer is told; and that they refuse a proposal.
fn tell(meeting: &Meeting, guest: &Guest, organizer: &Organizer, relay: &Relay, now: DateTime<Utc>) {
    let Ok(object) = itip::read(meeting.organizer_object.as_bytes()) else { panic!("{}", meeting.organizer_object) };
    let reply = |instance, and_later, partstat| OrganizerReply {
        object: &object,
        event: &meeting.event,
        instance,
        and_later,
        home: organizer.group.time_zone,
        attendee: &guest.mailbox,
        partstat,
        delegated_to: None,
        comment: None,
        now,
    };
    match relay {
        Relay::ReplyToOrganizer { instance, and_later, partstat, .. } => {
            let text = reply_for_organizer(&reply(*instance, *and_later, *partstat));
            let told = itip::read(text.as_bytes());
            assert!(told.is_ok_and(|told| told.events.len() == 1 && told.events.iter().all(|event| event.attendees.len() == 1)), "{text}");
        }
        Relay::CounterToOrganizer { instance, starts_at, ends_at, .. } => {
            let text = counter_for_organizer(&reply(*instance, false, Default::default()), *starts_at, *ends_at);
            assert!(itip::read(text.as_bytes()).is_ok_and(|told| told.events.len() == 1), "{text}");
            let view = guest.view(meeting);
            let alias = &guest.mailbox;
            let object = GuestObject {
                uid: &guest.uid,
                sequence: guest.sequence(),
                now,
                organizer_alias: alias,
                guest: alias,
                event: &view,
                link: None,
                description: "",
                instances: &[],
                response: &guest.attendance.response,
                allow_counter: true,
            };
            sound(&decline_for_guest(&object, *instance, None));
        }
        Relay::WordsToOrganizer
        | Relay::AwayToOrganizer
        | Relay::WordsToGuest
        | Relay::DeclineToGuest { .. }
        | Relay::InvitationToGuest
        | Relay::LateToGuest
        | Relay::StoppedToOrganizer
        | Relay::SealedToGuest
        | Relay::UnreadableToOrganizer
        | Relay::SealedToOrganizer => {}
    }
}

/// An object of ours is read without a complaint, has one master at most, and names no instance twice.
fn sound(text: &str) -> CalendarObject {
    let Ok(object) = itip::read(text.as_bytes()) else { panic!("not read:\n{text}") };
    assert_eq!(object.defects, [""; 0], "{text}");
    assert!(masters(&object) <= 1, "{text}");
    let ids: BTreeSet<Option<&str>> = object.events.iter().map(|event| event.recurrence_id.as_deref()).collect();
    assert_eq!(ids.len(), object.events.len(), "{text}");
    object
}

fn masters(object: &CalendarObject) -> usize {
    object.events.iter().filter(|event| event.recurrence_id.is_none()).count()
}

fn times(event: &MeetingEvent) -> Vec<(DateTime<Utc>, DateTime<Utc>, String)> {
    let all = event.coming(DateTime::<Utc>::MIN_UTC, COMPARED).into_iter().map(|one| one.instance);
    let mut all: Vec<_> = all.map(|one| (one.starts_at, one.ends_at, one.title)).collect();
    all.sort();
    all
}
