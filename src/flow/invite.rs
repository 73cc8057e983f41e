//! The story of an invitation: authorize → understand → step → compose → commit.

use super::alerts::About;
use super::breath::breath;
use super::conclude::failed;
use super::draft::{Parties, Unsent};
use super::gateway::Gateway;
use super::port::{PortError, PortResult, Submitter};
use super::reception::AtHand;
use crate::domain::address::Mailbox;
use crate::domain::alert::{AlertDraft, AlertKind, Severity};
use crate::domain::answer::Answer;
use crate::domain::attendance::{Attendance, Delivery, Response};
use crate::domain::compose::{InvitationKind, Problem, SummaryGuest, SummaryKind};
use crate::domain::conference::new_room;
use crate::domain::decision::Disposition;
use crate::domain::id::{GuestId, MeetingId};
use crate::domain::invitation::{self, Ask, Intent, Invited, Plan, Remark, Step, shown_partstat};
use crate::domain::itip::{self, CalendarObject, Method, Uid};
use crate::domain::leak::{Secrets, Spot};
use crate::domain::meeting::{Guest, Meeting, MeetingStatus, SentState};
use crate::domain::occurrence::Part;
use crate::domain::organizer::Organizer;
use crate::domain::record::{AuditEvent, Write};
use crate::domain::reply::ReplyClass;
use crate::domain::thread::ThreadLink;

const NOT_AUTHENTICATED: Answer = Answer::new(550, (5, 7, 1), "Invitations are taken from authenticated organizers only");
const NOT_AN_ORGANIZER: Answer = Answer::new(550, (5, 7, 1), "This sender may not invite through this gateway");
const NO_CALENDAR: Answer = Answer::new(550, (5, 6, 1), "Only calendar invitations are taken here, and this message has none");

/// Most attempts at a commit that other nodes keep overtaking.
const ATTEMPTS: usize = 8;

/// What became of one guest.
struct Told {
    writes: Vec<Write>,
    line: SummaryGuest,
    leaves: bool,
}

impl Gateway {
    /// Whether a message carries an invitation or a cancellation of its author's own.
    pub(super) fn is_for_guests(&self, message: &AtHand) -> bool {
        own_object(message).and_then(Result::ok).is_some_and(|object| matches!(object.method, Some(Method::Request | Method::Cancel)))
    }

    /// Takes an organizer's calendar message for these recipients.
    pub(super) async fn invite(&self, message: &AtHand, recipients: &[Mailbox]) -> Answer {
        let organizer = match self.authorize(message).await {
            Ok(organizer) => organizer,
            Err(answer) => return answer,
        };
        let object = match own_object(message) {
            None => return NO_CALENDAR,
            Some(Err(error)) => {
                return self.refuse(message, recipients, &organizer, vec![(Problem::BrokenCalendar, error.to_string())]).await;
            }
            Some(Ok(object)) => object,
        };
        let ask = Ask {
            organizer: &organizer,
            recipients: Some(recipients),
            guest_domain: &self.settings.domains.guest,
            max_guests: self.settings.max_guests,
            now: message.now,
        };
        let plan = match invitation::plan(&object, &ask) {
            Ok(plan) => plan,
            Err(remarks) => return self.refuse(message, recipients, &organizer, remarks).await,
        };
        self.carry_out(message, recipients, &organizer, &object, &plan).await
    }

    /// Who invites: a login, a trusted network's author, or an author whose domain is proved.
    async fn authorize(&self, message: &AtHand) -> Result<Organizer, Answer> {
        if message.authentication.is_temporary() {
            return Err(Answer::TRY_AGAIN);
        }
        if message.session.submitter.is_none() && !message.is_vouched() {
            return Err(NOT_AUTHENTICATED);
        }
        let author = message.mail.author().ok_or(NOT_AN_ORGANIZER)?;
        let known = match &message.session.submitter {
            Some(Submitter::Organizer(id)) => self.directory.by_id(*id).await,
            Some(Submitter::TrustedNetwork) | None => self.directory.by_mailbox(&author.mailbox).await,
        };
        match known {
            Ok(Some(organizer)) if organizer.active && organizer.owns(&author.mailbox) => Ok(organizer),
            Ok(Some(_) | None) => Err(NOT_AN_ORGANIZER),
            Err(error) => Err(failed(&error)),
        }
    }

    async fn carry_out(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        organizer: &Organizer,
        object: &CalendarObject,
        plan: &Plan,
    ) -> Answer {
        let _turn = self.turns.take(organizer.id, &plan.uid).await;
        for _ in 0..ATTEMPTS {
            let writes = match self.effects(message, recipients, organizer, object, plan).await {
                Ok(Ok(writes)) => writes,
                Ok(Err(remarks)) => return self.refuse(message, recipients, organizer, remarks).await,
                Err(error) => return failed(&error),
            };
            match self.conclude(writes).await {
                Ok(Some(answer)) => return answer,
                // Another message of the same meeting was faster: judge again on what it left.
                Ok(None) => {}
                Err(error) => return failed(&error),
            }
        }
        Answer::TRY_AGAIN
    }

    /// Everything that follows from the plan, as writes; or why it can't be done.
    async fn effects(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        organizer: &Organizer,
        object: &CalendarObject,
        plan: &Plan,
    ) -> PortResult<Result<Vec<Write>, Vec<Remark>>> {
        let known = self.archive.meeting_by_uid(organizer.id, &plan.uid).await?;
        let guests = match &known {
            Some(meeting) => self.archive.guests(meeting.id).await?,
            None => Vec::new(),
        };
        match (&known, plan.intent) {
            (None, Intent::Cancel) => return Ok(Err(vec![(Problem::UnknownMeeting, String::new())])),
            (Some(meeting), _) if invitation::is_out_of_date(plan, meeting) => return Ok(Err(vec![(Problem::OutOfDate, String::new())])),
            (Some(_), _) | (None, Intent::Request) => {}
        }
        let mut meeting = self.changed_meeting(known.as_ref(), organizer, object, plan, message);
        let secrets = self.secrets(message, organizer, object);

        let mut told = Vec::with_capacity(plan.invited.len());
        let mut leaks = Vec::new();
        for invited in &plan.invited {
            breath().await;
            match self.tell(message, organizer, plan, (known.as_ref(), &meeting), &guests, invited, &secrets) {
                Ok(one) => told.push(one),
                Err(Unsent::WouldLeak(found)) => leaks.extend(found),
                Err(error @ (Unsent::Compose(_) | Unsent::Calendar(_) | Unsent::Link(_))) => {
                    return Err(PortError::new("build an invitation", error));
                }
            }
        }
        if !leaks.is_empty() {
            return Ok(Err(self.would_leak(organizer, &leaks, &secrets, &passed_on(plan))));
        }
        let leaving = told.iter().filter(|one| one.leaves).count();
        if plan.intent == Intent::Cancel && leaving == guests.iter().filter(|guest| guest.removed_at.is_none()).count() {
            meeting.status = MeetingStatus::Cancelled;
        }
        self.write_down(message, recipients, organizer, plan, (known.as_ref(), meeting), told).map(Ok)
    }

    fn changed_meeting(
        &self,
        known: Option<&Meeting>,
        organizer: &Organizer,
        object: &CalendarObject,
        plan: &Plan,
        message: &AtHand,
    ) -> Meeting {
        let is_request = plan.intent == Intent::Request;
        match known {
            Some(meeting) => Meeting {
                organizer_sequence: plan.sequence,
                organizer_dtstamp: plan.dtstamp.or(meeting.organizer_dtstamp),
                // A cancellation may carry less than the invitation did; what was told stays told.
                organizer_object: if is_request { object.tree.to_text() } else { meeting.organizer_object.clone() },
                event: if is_request { plan.event.clone() } else { meeting.event.clone() },
                status: if is_request { MeetingStatus::Scheduled } else { meeting.status },
                ..meeting.clone()
            },
            None => Meeting {
                id: MeetingId(self.world.key()),
                organizer: organizer.id,
                organizer_address: plan.organizer_address.clone(),
                organizer_uid: plan.uid.clone(),
                organizer_sequence: plan.sequence,
                organizer_dtstamp: plan.dtstamp,
                organizer_object: object.tree.to_text(),
                event: plan.event.clone(),
                status: MeetingStatus::Scheduled,
                room: new_room(self.world.random().into_bytes()),
                created_at: message.now,
                version: 0,
            },
        }
    }

    /// What must not reach these guests: the organizer, and whatever of their systems shows in this message.
    pub(super) fn secrets(&self, message: &AtHand, organizer: &Organizer, object: &CalendarObject) -> Secrets {
        let mut secrets = self.organizer_secrets(organizer);
        secrets.learn(&message.mail, Some(object));
        secrets
    }

    /// Judges and composes for one guest.
    #[allow(clippy::too_many_arguments, reason = "everything that one guest's mail is made of")]
    fn tell(
        &self,
        message: &AtHand,
        organizer: &Organizer,
        plan: &Plan,
        (before, meeting): (Option<&Meeting>, &Meeting),
        guests: &[Guest],
        invited: &Invited,
        secrets: &Secrets,
    ) -> Result<Told, Unsent> {
        let known = guests.iter().find(|guest| guest.mailbox.mailbox.same_as(&invited.guest.mailbox));
        let line = |outcome| SummaryGuest { guest: invited.guest.clone(), outcome };
        let Step::Send { kind, sequence, reset } = invitation::step(plan, before, known) else {
            return Ok(Told { writes: Vec::new(), line: line("unchanged"), leaves: false });
        };
        let leaves = kind == InvitationKind::Cancellation;
        let mut guest = self.changed_guest(known, invited, organizer, meeting, kind);
        let secrets = secrets.allowing(&guest.mailbox);
        let parties = Parties { meeting, guest: &guest, organizer, now: message.now };
        let item = self.draft_invitation(&parties, kind, sequence, shown_partstat(known, reset), &secrets)?;

        guest.sent = Some(SentState { sequence, event: meeting.event.clone() });
        guest.removed_at = leaves.then_some(message.now);
        let thread = message.mail.message_id.clone().map(|organizer_side| ThreadLink {
            guest: guest.id,
            organizer_side,
            guest_side: item.message_id.clone(),
        });
        let mut writes = Vec::with_capacity(6);
        let (id, version) = (guest.id, guest.version);
        writes.push(Write::Audit(self.audit(message, organizer, meeting.id, Some(id), audit_action(kind))));
        writes.push(Write::Guest(Box::new(guest)));
        if version > 0 && reset {
            writes.push(Write::Response { guest: id, version: version + 1, response: Box::default() });
        }
        if version > 0 {
            writes.push(Write::OutboxSuperseded { guest: id, reason: "a newer mail replaces it" });
            // What became of an older mail says nothing of this one.
            writes.push(Write::Delivery { guest: id, delivery: Delivery::Queued });
        }
        writes.push(Write::Outbox(Box::new(item)));
        writes.extend(thread.map(Write::Thread));
        Ok(Told { writes, line: line(summary_outcome(kind)), leaves })
    }

    fn changed_guest(
        &self,
        known: Option<&Guest>,
        invited: &Invited,
        organizer: &Organizer,
        meeting: &Meeting,
        kind: InvitationKind,
    ) -> Guest {
        match known {
            Some(guest) => Guest {
                invited_as: invited.invited_as.clone(),
                // Someone invited anew after being dropped gets a new link: the old one may have travelled.
                link: if kind == InvitationKind::New { self.world.random() } else { guest.link },
                ..guest.clone()
            },
            None => Guest {
                id: GuestId(self.world.random()),
                part: Part::default(),
                meeting: meeting.id,
                mailbox: invited.guest.clone(),
                invited_as: invited.invited_as.clone(),
                language: organizer.group.language.clone(),
                uid: Uid(format!("{}@{}", self.world.random(), self.settings.domains.alias.name())),
                sent: None,
                link: self.world.random(),
                removed_at: None,
                attendance: Attendance { response: Response::default(), ..Attendance::default() },
                version: 0,
            },
        }
    }

    fn write_down(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        organizer: &Organizer,
        plan: &Plan,
        (before, meeting): (Option<&Meeting>, Meeting),
        told: Vec<Told>,
    ) -> PortResult<Vec<Write>> {
        let (kind, class, action) = match (plan.intent, meeting.version) {
            (Intent::Cancel, _) => (SummaryKind::Cancelled, ReplyClass::ItipCancel, "meeting.cancelled"),
            (Intent::Request, 0) => (SummaryKind::Created, ReplyClass::ItipRequest, "meeting.created"),
            (Intent::Request, _) => (SummaryKind::Updated, ReplyClass::ItipRequest, "meeting.updated"),
        };
        let lines: Vec<SummaryGuest> = told.iter().map(|one| one.line.clone()).collect();
        let summary = self
            .draft_summary(&meeting, organizer, (kind, &lines, &plan.remarks), message.mail.message_id.as_ref(), message.now)
            .map_err(|error| PortError::new("build the summary", error))?;
        let id = meeting.id;
        let mut received = self.received(message, recipients, class, Disposition::Applied, vec![action.to_owned()]);
        received.meeting = Some(id);
        let mut writes = vec![
            Write::Received(Box::new(received)),
            Write::Organizer(Box::new(organizer.clone())),
            Write::Audit(self.audit(message, organizer, id, None, action)),
        ];
        // Programs that send one message a guest repeat the same object: those must not wait for each other. A cancellation
        // must, since it counts who is left.
        if plan.intent == Intent::Cancel || before != Some(&meeting) {
            writes.push(Write::Meeting(Box::new(meeting)));
        }
        writes.extend(told.into_iter().flat_map(|one| one.writes));
        writes.push(Write::Outbox(Box::new(summary)));
        Ok(writes)
    }

    fn audit(&self, message: &AtHand, organizer: &Organizer, meeting: MeetingId, guest: Option<GuestId>, action: &str) -> AuditEvent {
        AuditEvent {
            at: message.now,
            actor: format!("organizer:{}", organizer.id),
            action: action.to_owned(),
            meeting: Some(meeting),
            guest,
            received: None,
            detail: "{}".to_owned(),
        }
    }

    /// Nothing is sent to guests; the organizer is told why, in one commit with the record of their mail.
    async fn refuse(&self, message: &AtHand, recipients: &[Mailbox], organizer: &Organizer, problems: Vec<Remark>) -> Answer {
        let item = match self.draft_problem(organizer, &message.mail, &problems, message.now) {
            Ok(item) => item,
            Err(error) => return failed(&PortError::new("build a problem mail", error)),
        };
        let reasons = problems.iter().map(|(problem, _)| format!("{problem:?}")).collect();
        let received = self.received(message, recipients, ReplyClass::ItipRequest, Disposition::Refused, reasons);
        let mut writes =
            vec![Write::Received(Box::new(received)), Write::Organizer(Box::new(organizer.clone())), Write::Outbox(Box::new(item))];
        if problems.iter().any(|(problem, _)| *problem == Problem::WouldLeak) {
            let draft = AlertDraft {
                kind: AlertKind::Leak,
                severity: Severity::Warning,
                evidence: "An invitation was not sent, since it would have shown its organizer; the organizer was told.".to_owned(),
            };
            if let Err(error) = self.raise(&[draft], About::default(), message.now, &mut writes).await {
                return failed(&error);
            }
        }
        self.conclude_at_once(writes).await
    }
}

/// The author's own calendar object: the first readable one that is not inside an attached message.
fn own_object(message: &AtHand) -> Option<Result<CalendarObject, itip::CalendarError>> {
    let mut first_error = None;
    for part in message.mail.calendars.iter().filter(|part| !part.embedded) {
        match itip::read(&part.bytes) {
            Ok(mut object) => {
                // Some programs leave METHOD to the Content-Type (RFC 6047 §2.4 wants both).
                object.method = object.method.or_else(|| part.method.as_deref().map(Method::parse));
                return Some(Ok(object));
            }
            Err(error) => first_error = first_error.or(Some(Err(error))),
        }
    }
    first_error
}

/// The organizer's own words that guests would read.
fn passed_on(plan: &Plan) -> Vec<(Spot, &str)> {
    let names = plan.invited.iter().filter_map(|invited| invited.guest.name.as_deref()).map(|name| (Spot::GuestName, name));
    let described = plan.event.description.as_deref().map(|text| (Spot::Description, text));
    std::iter::once((Spot::Title, plan.event.title.as_str())).chain(described).chain(names).collect()
}

fn audit_action(kind: InvitationKind) -> &'static str {
    match kind {
        InvitationKind::New => "guest.invited",
        InvitationKind::Update => "guest.updated",
        InvitationKind::Cancellation => "guest.removed",
    }
}

fn summary_outcome(kind: InvitationKind) -> &'static str {
    match kind {
        InvitationKind::New => "invited",
        InvitationKind::Update => "updated",
        InvitationKind::Cancellation => "removed",
    }
}
