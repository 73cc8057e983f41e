//! The story of an invitation: authorize → understand → step → compose → commit.

mod object;
mod order;
mod record;
mod refuse;
mod tell;
mod without;

pub use object::{ObjectEnd, ObjectTold};

use super::breath::breath;
use super::conclude::failed;
use super::draft::Unsent;
use super::gateway::Gateway;
use super::port::{PortError, PortResult, Submitter};
use super::reception::AtHand;
use crate::domain::address::Mailbox;
use crate::domain::answer::Answer;
use crate::domain::compose::{Problem, SummaryGuest, SummaryKind};
use crate::domain::conference::new_room;
use crate::domain::decision::policy::Claim;
use crate::domain::id::{GuestId, MeetingId, OrganizerId};
use crate::domain::invitation::{self, Ask, Content, Intent, Plan, Remark};
use crate::domain::itip::{self, CalendarObject, Method, Uid};
use crate::domain::leak::Secrets;
use crate::domain::meeting::{Guest, Meeting, MeetingEvent, MeetingStatus};
use crate::domain::organizer::Organizer;
use crate::domain::record::Write;
use crate::domain::revision::Ledger;
use crate::domain::suppression::Suppression;
use order::{Order, Source};

const NOT_AUTHENTICATED: Answer = Answer::new(550, (5, 7, 1), "Invitations are taken from authenticated organizers only");
const NOT_AN_ORGANIZER: Answer = Answer::new(550, (5, 7, 1), "This sender may not invite through this gateway");
const NO_CALENDAR: Answer = Answer::new(550, (5, 6, 1), "Only calendar invitations are taken here, and this message has none");

/// Most attempts at a commit that other nodes keep overtaking.
const ATTEMPTS: usize = 8;

/// What an organizer's message asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To invite, to tell of a change, or to take off.
    ToInvite,
    /// To answer a guest in calendar terms.
    ToAnswer,
    /// Nothing of that.
    Nothing,
}

/// An order, understood, on what is known of the meeting.
struct Case<'a> {
    order: &'a Order<'a>,
    plan: &'a Plan,
    before: Option<&'a Meeting>,
    /// As the order makes it.
    meeting: &'a Meeting,
    guests: &'a [Guest],
    secrets: &'a Secrets,
    /// What is suppressed of the guests' addresses.
    suppressions: &'a [Suppression],
}

/// Everything that follows from an order, to be committed; and what of it people are told.
struct Effects {
    writes: Vec<Write>,
    kind: SummaryKind,
    meeting: Meeting,
    guests: Vec<SummaryGuest>,
    remarks: Vec<Remark>,
}

/// Why nothing is sent, and what is written down all the same.
struct Refusal {
    remarks: Vec<Remark>,
    writes: Vec<Write>,
}

impl From<Vec<Remark>> for Refusal {
    fn from(remarks: Vec<Remark>) -> Self {
        Self { remarks, writes: Vec::new() }
    }
}

impl Gateway {
    /// What a message asks of its author's own for guests.
    pub(super) fn asked(&self, message: &AtHand) -> Asked {
        match own_object(message).and_then(Result::ok).and_then(|object| object.method) {
            Some(Method::Request | Method::Add | Method::Cancel) => Asked::ToInvite,
            Some(Method::DeclineCounter) => Asked::ToAnswer,
            Some(Method::Publish | Method::Reply | Method::Refresh | Method::Counter | Method::Other(_)) | None => Asked::Nothing,
        }
    }

    /// The address under which the guest of this alias is invited, where the message is about their meeting.
    pub(super) async fn invited_by_alias(&self, message: &AtHand, guest: GuestId) -> PortResult<Option<Mailbox>> {
        let Some(Ok(object)) = own_object(message) else { return Ok(None) };
        let dialog = self.archive.guest(guest).await?;
        let of_meeting = dialog.filter(|(meeting, _)| meeting.organizer_uid == invitation::uid(&object));
        Ok(of_meeting.map(|(_, guest)| guest.invited_as))
    }

    /// The guest who is invited under this address to the meeting that a message's own calendar object is about.
    pub(super) async fn guest_of_object(
        &self,
        message: &AtHand,
        organizer: OrganizerId,
        recipient: &Mailbox,
    ) -> PortResult<Option<GuestId>> {
        let Some(Ok(object)) = own_object(message) else { return Ok(None) };
        let Some(meeting) = self.archive.meeting_by_uid(organizer, &invitation::uid(&object)).await? else { return Ok(None) };
        let guests = self.archive.guests(meeting.id).await?;
        Ok(guests.iter().find(|guest| guest.invited_as.same_as(recipient)).map(|guest| guest.id))
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
                let remarks = vec![(Problem::BrokenCalendar, error.to_string())];
                return self.refuse_with(message, recipients, &organizer, remarks, Vec::new()).await;
            }
            Some(Ok(object)) => object,
        };
        let source = Source::Mail { message, recipients };
        self.carry_out(&Order { source, organizer: &organizer, object: &object, now: message.now, released: None }, message, recipients)
            .await
    }

    /// Who invites: a login, a trusted network's author, or an author whose domain is proved.
    async fn authorize(&self, message: &AtHand) -> Result<Organizer, Answer> {
        if message.session.submitter.is_none() {
            message.author_is_proved(Claim::Invitation, NOT_AUTHENTICATED)?;
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

    async fn carry_out(&self, order: &Order<'_>, message: &AtHand, recipients: &[Mailbox]) -> Answer {
        let uid = invitation::uid(order.object);
        let _turn = self.turns.take(order.organizer.id, &uid).await;
        for _ in 0..ATTEMPTS {
            let room = match self.order_room(&order.organizer.mailbox, order.now).await {
                Ok(room) if room.over.is_some() => return self.refuse_too_much(message, recipients, order.organizer, &room).await,
                Ok(room) => room,
                Err(error) => return failed(&error),
            };
            let mut effects = match self.effects(order, &uid).await {
                Ok(Ok(effects)) => effects,
                Ok(Err(Refusal { remarks, writes })) => {
                    return self.refuse_with(message, recipients, order.organizer, remarks, writes).await;
                }
                Err(error) => return failed(&error),
            };
            effects.writes.extend(room.writes());
            match self.conclude(effects.writes).await {
                Ok(Some(answer)) => return answer,
                // Another message of the same meeting was faster: judge again on what it left.
                Ok(None) => {}
                Err(error) => return failed(&error),
            }
        }
        Answer::TRY_AGAIN
    }

    /// Everything that follows from the order; or why it can't be done.
    async fn effects(&self, order: &Order<'_>, uid: &Uid) -> PortResult<Result<Effects, Refusal>> {
        let known = self.archive.meeting_by_uid(order.organizer.id, uid).await?;
        let guests = match &known {
            Some(meeting) => self.archive.guests(meeting.id).await?,
            None => Vec::new(),
        };
        let mut plan = match self.plan(order, known.as_ref()) {
            Ok(plan) => plan,
            Err(remarks) => return Ok(Err(remarks.into())),
        };
        let secrets = self.secrets(order);
        if order.released.is_some() {
            plan.leave_out(&secrets, order.organizer.public_name());
        }
        let meeting = match self.changed_meeting(known.as_ref(), order, &plan) {
            Ok(meeting) => meeting,
            Err(remarks) => return Ok(Err(remarks.into())),
        };
        let addresses: Vec<&Mailbox> = plan.invited.iter().map(|invited| &invited.guest.mailbox).collect();
        let suppressions = self.archive.suppressions_of(&addresses).await?;
        let case = Case {
            order,
            plan: &plan,
            before: known.as_ref(),
            meeting: &meeting,
            guests: &guests,
            secrets: &secrets,
            suppressions: &suppressions,
        };

        let mut told = Vec::with_capacity(plan.invited.len());
        let mut leaks = Vec::new();
        for invited in &plan.invited {
            breath().await;
            match self.tell(&case, invited) {
                Ok(one) => told.push(one),
                Err(Unsent::WouldLeak(found)) => leaks.extend(found),
                Err(error @ (Unsent::NothingLeft(_) | Unsent::Compose(_) | Unsent::Calendar(_) | Unsent::Link(_))) => {
                    return Err(PortError::new("build an invitation", error));
                }
            }
        }
        if !leaks.is_empty() {
            return Ok(Err(self.would_leak(&object::reader(order), &leaks, &secrets, &plan.passed_on()).into()));
        }
        self.write_down(&case, told)
    }

    fn plan(&self, order: &Order<'_>, known: Option<&Meeting>) -> Result<Plan, Vec<Remark>> {
        let ask = Ask {
            organizer: order.organizer,
            recipients: order.recipients(),
            guest_domain: &self.settings.domains.guest,
            max_guests: self.settings.max_guests,
            known,
            now: order.now,
        };
        invitation::plan(order.object, &ask)
    }

    /// The meeting as the order makes it, for guests to be told of.
    fn changed_meeting(&self, known: Option<&Meeting>, order: &Order<'_>, plan: &Plan) -> Result<Meeting, Vec<Remark>> {
        let Order { organizer, object, now, .. } = *order;
        if plan.intent == Intent::Cancel {
            // A cancellation may carry less than the invitation did; what was told stays told.
            return match (known, &plan.said.whole) {
                (Some(meeting), _) => Ok(meeting.clone()),
                (None, Some(whole)) => Ok(self.new_meeting(order, plan, whole.event.clone(), Ledger::default(), object.tree.to_text())),
                (None, None) => Err(vec![(Problem::UnknownMeeting, String::new())]),
            };
        }
        let Content { event, ledger, object } = invitation::content(known, plan, object, organizer.group.time_zone)?;
        if event.coming(now, 1).is_empty() {
            return Err(vec![(Problem::WrongTimes, String::new())]);
        }
        Ok(match known {
            Some(meeting) => Meeting { event, ledger, organizer_object: object, ..meeting.clone() },
            None => self.new_meeting(order, plan, event, ledger, object),
        })
    }

    fn new_meeting(&self, order: &Order<'_>, plan: &Plan, event: MeetingEvent, ledger: Ledger, object: String) -> Meeting {
        Meeting {
            id: MeetingId(self.world.key()),
            organizer: order.organizer.id,
            organizer_address: plan.organizer_address.clone(),
            organizer_uid: plan.uid.clone(),
            ledger,
            organizer_object: object,
            event,
            status: MeetingStatus::Scheduled,
            room: new_room(self.world.random().into_bytes()),
            created_at: order.now,
            version: 0,
        }
    }

    /// What must not reach these guests: the organizer, and whatever of their systems shows in what came.
    fn secrets(&self, order: &Order<'_>) -> Secrets {
        let mut secrets = self.organizer_secrets(order.organizer);
        match order.source {
            Source::Mail { message, .. } => secrets.learn(&message.mail, Some(order.object)),
            Source::Operator | Source::Page => secrets.learn_object(order.object),
        }
        secrets
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
