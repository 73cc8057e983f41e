//! The story of an answer: identify → classify → decide → record → commit.

mod relay;
mod suppressed;
mod without;

use super::alerts::About;
use super::budget::{Noticed, Room, TOO_MUCH};
use super::conclude::failed;
use super::gateway::Gateway;
use super::note::dedupe_key;
use super::port::PortResult;
use super::reception::AtHand;
use super::route::Route;
use crate::domain::address::Mailbox;
use crate::domain::answer::Answer;
use crate::domain::attachment::AttachmentPolicy;
use crate::domain::attendance::Delivery;
use crate::domain::authentication::Authentication;
use crate::domain::budget::Scope;
use crate::domain::decision::policy::Claim;
use crate::domain::decision::{AttendanceChange, Decision, Dialog, Disposition, decide, over_budget, stopped};
use crate::domain::explain::Explanation;
use crate::domain::id::{GuestId, ReceivedId};
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::organizer::Organizer;
use crate::domain::record::{AuditEvent, HoldState, Received, Repeated, Write, actor};
use crate::domain::relay::Relay;
use crate::domain::reply::{Classified, Context, Door, ReplyClass, classify};
use crate::domain::suppression::{Suppression, SuppressionChange, in_force};
use crate::domain::thread::ThreadLink;
use relay::Drafted;

/// Most attempts at a commit that others keep overtaking.
const ATTEMPTS: usize = 8;
/// More Received fields than any honest path has (RFC 5321 §6.3 asks for at least 100; none of our mail goes so far).
const MOST_HOPS: usize = 25;

/// Most message ids by which a dialog is looked for.
const MOST_IDS: usize = 50;
/// The author of a mail to a guest alias is not proved.
const NOT_PROVED: Answer = Answer::new(550, (5, 7, 1), "Mail to this address is taken from authenticated senders only");
/// A released mail that would be held again: nothing is changed.
pub(super) const STILL_HELD: Answer = Answer::new(450, (4, 7, 0), "Still held");

/// Everything that is known of a message and its dialog before it is judged.
pub(super) struct Identified {
    door: Door,
    meeting: Meeting,
    guest: Guest,
    organizer: Organizer,
    duplicate: bool,
    looped: bool,
    last_sent_at: Option<chrono::DateTime<chrono::Utc>>,
    links: Vec<ThreadLink>,
    room: Room,
    suppressions: Vec<Suppression>,
}

/// A person released this held message: its author counts as the one expected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Released {
    /// Which.
    pub id: ReceivedId,
    /// Whether it goes on without what would show the organizer.
    pub without: bool,
}

impl Gateway {
    /// A message to an address token.
    pub(super) async fn answer(&self, message: &AtHand, recipient: &Mailbox, route: &Route) -> Answer {
        let (door, guest) = match route {
            Route::OrganizerAlias(guest) => (Door::OrganizerAlias, *guest),
            Route::GuestBounce(guest) => (Door::GuestBounce, *guest),
            Route::GuestAlias(guest) => (Door::GuestAlias, *guest),
            Route::OrganizerBounce(guest) => (Door::OrganizerBounce, *guest),
            Route::Alert(_) | Route::InvitedGuest | Route::Service | Route::Unknown | Route::Foreign => return Answer::UNKNOWN_RECIPIENT,
        };
        self.settle(message, recipient, door, guest, None).await.unwrap_or_else(|error| failed(&error))
    }

    /// A message of an organizer to a guest alias that is no invitation: it belongs to the dialog of the message
    /// that it answers, else to the newest one with this guest.
    pub(super) async fn answer_to_invited(&self, message: &AtHand, recipient: &Mailbox) -> Answer {
        // One answer for all who are not proved: a guest must not find out the organizer by guessing.
        if let Err(refusal) = message.author_is_proved(Claim::ToInvited, NOT_PROVED) {
            return refusal;
        }
        match self.dialog_with_invited(message, recipient).await {
            Ok(Some(guest)) => self.settle(message, recipient, Door::GuestAlias, guest, None).await.unwrap_or_else(|error| failed(&error)),
            Ok(None) => Answer::UNKNOWN_RECIPIENT,
            Err(error) => failed(&error),
        }
    }

    pub(super) async fn dialog_with_invited(&self, message: &AtHand, recipient: &Mailbox) -> PortResult<Option<GuestId>> {
        let Some(author) = message.mail.author() else { return Ok(None) };
        let Some(organizer) = self.directory.by_mailbox(&author.mailbox).await? else { return Ok(None) };
        if let Some(guest) = self.guest_of_object(message, organizer.id, recipient).await? {
            return Ok(Some(guest));
        }
        // The newest stand last; a message may name any number.
        let newest_first = message.mail.in_reply_to.iter().chain(message.mail.references.iter().rev());
        let mentioned: Vec<_> = newest_first.take(MOST_IDS).cloned().collect();
        for link in self.archive.thread_by_organizer_ids(&mentioned).await? {
            if let Some((meeting, guest)) = self.archive.guest(link.guest).await?
                && meeting.organizer == organizer.id
                && guest.invited_as.same_as(recipient)
            {
                return Ok(Some(guest.id));
            }
        }
        Ok(self.archive.newest_dialog(organizer.id, recipient).await?.map(|(_, guest)| guest.id))
    }

    /// Judges the message on what is known, and commits what follows; again when others changed the dialog meanwhile.
    pub(super) async fn settle(
        &self,
        message: &AtHand,
        recipient: &Mailbox,
        door: Door,
        guest: GuestId,
        released: Option<Released>,
    ) -> PortResult<Answer> {
        if message.authentication.is_temporary() && matches!(door, Door::OrganizerAlias | Door::GuestAlias) {
            return Ok(Answer::TRY_AGAIN);
        }
        for _ in 0..ATTEMPTS {
            let Some(known) = self.identify(message, recipient, door, guest, released).await? else {
                return Ok(Answer::UNKNOWN_RECIPIENT);
            };
            if known.room.flooded && !known.duplicate {
                return Ok(TOO_MUCH);
            }
            let (classified, decision) = known.judge(message, released, &self.settings.attachments);
            // At a return path, machines report without proof; what asks for one there comes again too.
            if released.is_none() && message.must_come_again(Claim::Reply(classified.class)) {
                return Ok(Answer::TRY_AGAIN);
            }
            let is_lifted = known.is_lifted_by(&decision);
            let (writes, disposition) = self.record(message, recipient, &known, &classified, decision, released).await?;
            if released.is_some() && disposition == Disposition::Held {
                return Ok(STILL_HELD);
            }
            if let Some(answer) = self.conclude(writes).await? {
                if is_lifted {
                    self.catch_up_after_answer(&known.guest.mailbox.mailbox).await;
                }
                return Ok(answer);
            }
        }
        Ok(Answer::TRY_AGAIN)
    }

    pub(super) async fn identify(
        &self,
        message: &AtHand,
        recipient: &Mailbox,
        door: Door,
        guest: GuestId,
        released: Option<Released>,
    ) -> PortResult<Option<Identified>> {
        let Some((meeting, guest)) = self.archive.guest(guest).await? else { return Ok(None) };
        let organizer = self.organizer(meeting.organizer).await?;
        let key = dedupe_key(message, std::slice::from_ref(recipient));
        let mut known = Identified {
            door,
            duplicate: released.is_none() && self.archive.seen(&key).await?,
            looped: self.is_looped(message),
            last_sent_at: self.archive.last_sent_at(guest.id).await?,
            links: self.archive.thread(guest.id).await?,
            room: Room::default(),
            suppressions: self.archive.suppressions_of(&[&guest.mailbox.mailbox]).await?,
            meeting,
            guest,
            organizer,
        };
        if released.is_none() {
            let is_proved = message.authentication.aligned && known.sender_is_expected(message) == Some(true);
            known.room = self.room(message, recipient, door, is_proved).await?;
        }
        Ok(Some(known))
    }

    /// Our own mail came back, or a mail circles.
    fn is_looped(&self, message: &AtHand) -> bool {
        let ours = |mailbox: &Mailbox| self.settings.domains.alias.owns(mailbox) || self.settings.domains.guest.owns(mailbox);
        let marked = message
            .mail
            .message_id
            .as_ref()
            .is_some_and(|id| message.mail.header_all("X-Paravent-Loop").any(|mark| self.tokens.is_loop_mark(mark, id)));
        marked
            || message.mail.from.iter().any(|author| ours(&author.mailbox))
            || message.reverse_path.mailbox().is_some_and(ours)
            || message.mail.header_all("Received").count() > MOST_HOPS
    }

    /// The writes of a decision. A relay that can't be made turns the whole into a hold: nothing is lost, nothing half done.
    async fn record(
        &self,
        message: &AtHand,
        recipient: &Mailbox,
        known: &Identified,
        classified: &Classified,
        decision: Decision,
        released: Option<Released>,
    ) -> PortResult<(Vec<Write>, Disposition)> {
        let id = released.map_or_else(|| ReceivedId(self.world.key()), |released| released.id);
        let (items, decision) = match self.relay(message, known, classified, &decision, released.is_some_and(|released| released.without)) {
            Ok(items) => (items, decision),
            Err(unsent) => self.hold_instead(message, known, classified, &decision, &unsent, id),
        };
        let about = About { meeting: Some(known.meeting.id), guest: Some(known.guest.id), received: None };
        let mut writes = Vec::new();
        match released {
            Some(Released { id, .. }) => writes.push(Write::Hold { id, state: HoldState::Released }),
            None if decision.disposition == Disposition::Duplicate => {
                // Its bytes and effects are committed already; only that it came again is noted.
                let repeated = Repeated { dedupe: dedupe_key(message, std::slice::from_ref(recipient)), received_at: message.now };
                let audit = audit(message, known, classified, &decision, None);
                return Ok((vec![Write::Repeated(repeated), Write::Audit(audit)], decision.disposition));
            }
            None => {
                let reasons = classified.reasons.iter().chain(&decision.reasons).cloned().collect();
                let received = Received {
                    id,
                    meeting: about.meeting,
                    guest: about.guest,
                    ..self.received(message, std::slice::from_ref(recipient), classified.class, decision.disposition, reasons)
                };
                writes.push(Write::Received(Box::new(received)));
            }
        }
        writes.push(Write::Audit(audit(message, known, classified, &decision, Some(id))));
        writes.extend(decision.attendance.iter().map(|change| attendance_write(&known.guest, change)));
        writes.extend(known.suppression_writes(&decision, id, message.now));
        for Drafted { item, thread, notice } in items {
            if let Some((notice, of)) = notice {
                // Who had it today is not told again.
                let noticed = Noticed { notice, to: &item.recipient, about: &of };
                let Some(counted) = self.notice_room(&noticed, message.now).await? else { continue };
                writes.extend(counted);
            }
            writes.push(Write::Outbox(Box::new(item)));
            writes.extend(thread.map(Write::Thread));
        }
        writes.extend(known.room.writes());
        writes.extend(self.tell_of_flood(&known.room, about, message.now).await?);
        self.raise(&decision.alerts, About { received: Some(id), ..about }, message.now, &mut writes).await?;
        Ok((writes, decision.disposition))
    }
}

impl Identified {
    fn judge(&self, message: &AtHand, released: Option<Released>, attachments: &AttachmentPolicy) -> (Classified, Decision) {
        let vouched = Authentication::vouched();
        let context = Context {
            door: self.door,
            null_reverse_path: message.reverse_path.mailbox().is_none(),
            authentication: if released.is_some() { &vouched } else { &message.authentication },
            sender_is_expected: if released.is_some() { Some(true) } else { self.sender_is_expected(message) },
            duplicate: self.duplicate,
            looped: self.looped && released.is_none(),
            uid: Some(&self.guest.uid),
            attachments,
            over: released.is_none() && (self.guest.is_over(&self.meeting, message.now) || self.guest.removed_at.is_some()),
            scanned: &message.scanned,
            released: released.is_some(),
            last_sent_at: self.last_sent_at,
            now: message.now,
        };
        let mut classified = classify(&message.mail, &context);
        let dialog = Dialog { meeting: &self.meeting, guest: &self.guest, organizer: &self.organizer };
        if let Some((scope, _)) = self.room.over
            && let Some(decision) = over_budget(scope, &classified)
        {
            if scope == Scope::Text {
                classified.class = ReplyClass::Loop;
            }
            return (classified, decision);
        }
        let decision = decide(&message.mail, &classified, &dialog, &context);
        let decision = if self.is_stopped(&decision) { stopped(&decision).unwrap_or(decision) } else { decision };
        (classified, decision)
    }

    /// What would follow, for people and programs.
    pub(super) fn explain(&self, file: &str, message: &AtHand, attachments: &AttachmentPolicy) -> Explanation {
        let (classified, decision) = self.judge(message, None, attachments);
        let dialog = Dialog { meeting: &self.meeting, guest: &self.guest, organizer: &self.organizer };
        Explanation::of(file, &classified, &decision, &dialog, &message.authentication)
    }

    fn sender_is_expected(&self, message: &AtHand) -> Option<bool> {
        let author = &message.mail.author()?.mailbox;
        match self.door {
            Door::OrganizerAlias => Some(self.guest.owns(author)),
            Door::GuestAlias => Some(self.organizer.owns(author)),
            Door::GuestBounce | Door::OrganizerBounce | Door::Assumed => None,
        }
    }
}

fn attendance_write(guest: &Guest, change: &AttendanceChange) -> Write {
    match change {
        AttendanceChange::Response(response) => {
            Write::Response { guest: guest.id, version: guest.version, response: Box::new(response.clone()) }
        }
        AttendanceChange::Delivery(delivery) => Write::Delivery { guest: guest.id, delivery: *delivery },
    }
}

fn audit(message: &AtHand, known: &Identified, classified: &Classified, decision: &Decision, received: Option<ReceivedId>) -> AuditEvent {
    let actor = match known.door {
        Door::OrganizerAlias | Door::GuestBounce => format!("guest:{}", known.guest.id),
        Door::GuestAlias | Door::OrganizerBounce => actor("organizer", known.organizer.id, &known.organizer.name),
        Door::Assumed => "gateway".to_owned(),
    };
    let partstats = decision.relay.iter().filter_map(|relay| match relay {
        Relay::ReplyToOrganizer { instance, partstat, .. } => Some(serde_json::json!({ "instance": instance, "partstat": partstat })),
        Relay::CounterToOrganizer { .. }
        | Relay::WordsToOrganizer
        | Relay::AwayToOrganizer
        | Relay::WordsToGuest
        | Relay::DeclineToGuest { .. }
        | Relay::InvitationToGuest
        | Relay::LateToGuest
        | Relay::StoppedToOrganizer
        | Relay::SealedToGuest
        | Relay::UnreadableToOrganizer
        | Relay::SealedToOrganizer => None,
    });
    let delivery = decision.attendance.iter().find_map(|change| match change {
        AttendanceChange::Delivery(delivery) => Some(*delivery),
        AttendanceChange::Response(_) => None,
    });
    AuditEvent {
        at: message.now,
        actor,
        action: "mail.settled".to_owned(),
        meeting: Some(known.meeting.id),
        guest: Some(known.guest.id),
        received,
        detail: detail(classified, decision, partstats.collect(), delivery),
    }
}

fn detail(classified: &Classified, decision: &Decision, answers: Vec<serde_json::Value>, delivery: Option<Delivery>) -> String {
    serde_json::json!({
        "class": classified.class,
        "disposition": decision.disposition,
        "answers": answers,
        "delivery": delivery,
    })
    .to_string()
}
