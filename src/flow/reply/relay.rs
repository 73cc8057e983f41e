//! The mails that a decision calls for; or, where one can't be built, the hold that takes the place of the whole.

use super::{Gateway, Identified};
use crate::domain::alert::{AlertDraft, AlertKind, Severity};
use crate::domain::attachment::Blocked;
use crate::domain::attendance::{Attendance, Response};
use crate::domain::budget::Notice;
use crate::domain::compose::{InvitationKind, Problem};
use crate::domain::decision::{AttendanceChange, Decision, Disposition};
use crate::domain::delivery::OutboxItem;
use crate::domain::id::ReceivedId;
use crate::domain::itip;
use crate::domain::leak::{self, Leak, Secrets, Spot};
use crate::domain::meeting::Guest;
use crate::domain::mime::InboundMail;
use crate::domain::mime::Seal;
use crate::domain::relay::Relay;
use crate::domain::reply::Classified;
use crate::domain::thread::ThreadLink;
use crate::flow::draft::{Given, Parties, Refused, Unsent};
use crate::flow::reception::AtHand;

/// A mail that a decision calls for.
pub(super) struct Drafted {
    pub item: OutboxItem,
    pub thread: Option<ThreadLink>,
    /// Set for an automatic one, with what tells it from others of its type: it is sent where there is room for it.
    pub notice: Option<(Notice, String)>,
}

impl Drafted {
    fn automatic(item: OutboxItem, notice: Notice, about: impl Into<String>) -> Self {
        Self { item, thread: None, notice: Some((notice, about.into())) }
    }
}

impl Gateway {
    /// Builds every mail that the decision calls for.
    pub(super) fn relay(
        &self,
        message: &AtHand,
        known: &Identified,
        classified: &Classified,
        decision: &Decision,
        without: bool,
    ) -> Result<Vec<Drafted>, Unsent> {
        let parties = Parties { meeting: &known.meeting, guest: &known.guest, organizer: &known.organizer, now: message.now };
        let (mail, links) = (&message.mail, known.links.as_slice());
        let is_answer = |relay: &Relay| matches!(relay, Relay::ReplyToOrganizer { .. } | Relay::CounterToOrganizer { .. });
        // Read once: an answer may be to many instances, and the object large.
        let object = match decision.relay.iter().any(is_answer) {
            true => Some(itip::read(known.meeting.organizer_object.as_bytes())?),
            false => None,
        };
        let reply = |given: &Given<'_>| match &object {
            Some(object) => self.draft_reply(&parties, object, given, (mail, links)),
            None => Err(itip::CalendarError::NotACalendar.into()),
        };
        // Where a mail is sealed the decision says so; without a seal it is none that was decided so.
        let seal = mail.seal.unwrap_or(Seal::OpenPgp);
        let mut left_out = Vec::new();
        let mut items = Vec::with_capacity(decision.relay.len());
        for relay in &decision.relay {
            items.push(match relay {
                Relay::ReplyToOrganizer { instance, and_later, partstat, delegated_to, comment } => {
                    let comment = comment.as_deref();
                    let (instance, and_later, delegated_to) = (*instance, *and_later, delegated_to.as_ref());
                    let given = Given { instance, and_later, partstat: *partstat, delegated_to, comment, proposal: None };
                    from_guest(known, message, reply(&given)?)
                }
                Relay::CounterToOrganizer { instance, starts_at, ends_at, comment } => {
                    let given = Given {
                        instance: *instance,
                        and_later: false,
                        partstat: response_after(known, decision).partstat(*instance),
                        delegated_to: None,
                        comment: comment.as_deref(),
                        proposal: Some((*starts_at, *ends_at)),
                    };
                    from_guest(known, message, reply(&given)?)
                }
                Relay::WordsToOrganizer => from_guest(known, message, self.draft_words(&parties, mail, classified, links)?),
                Relay::AwayToOrganizer => Drafted {
                    notice: Some((Notice::Away, known.guest.id.to_string())),
                    ..from_guest(known, message, self.draft_away(&parties, mail, &classified.new_text, links)?)
                },
                Relay::WordsToGuest => {
                    let secrets = self.answer_secrets(message, known, classified);
                    let new_text = if without { leak::without(&classified.new_text, &secrets) } else { classified.new_text.clone() };
                    let (item, blocked) = self.draft_answer(&parties, mail, &new_text, links, &secrets, without)?;
                    left_out.extend(blocked);
                    from_organizer(known, message, item)
                }
                Relay::DeclineToGuest { instance, proposed, comment } => {
                    let secrets = self.answer_secrets(message, known, classified);
                    let comment = comment.as_deref().or(Some(classified.new_text.as_str())).filter(|text| !text.trim().is_empty());
                    let comment = comment.map(|text| if without { leak::without(text, &secrets) } else { text.to_owned() });
                    let comment = comment.as_deref();
                    let refused = Refused { instance: *instance, proposed: *proposed, comment };
                    let guest = after(known, decision);
                    let item = self.draft_declined(&Parties { guest: &guest, ..parties }, &refused, (mail, links), &secrets)?;
                    from_organizer(known, message, item)
                }
                Relay::InvitationToGuest => {
                    let secrets = self.organizer_secrets(&known.organizer).allowing(&known.guest.mailbox);
                    let guest = after(known, decision);
                    let sent = guest.newest(&known.meeting);
                    let item = self.draft_invitation(&Parties { guest: &guest, ..parties }, InvitationKind::Update, &sent, &secrets)?;
                    Drafted { item, thread: None, notice: None }
                }
                Relay::LateToGuest => {
                    let secrets = self.organizer_secrets(&known.organizer).allowing(&known.guest.mailbox);
                    Drafted::automatic(self.draft_late(&parties, mail, &secrets)?, Notice::Late, "")
                }
                Relay::StoppedToOrganizer => {
                    let problems = [(Problem::Suppressed, known.guest.invited_as.to_string())];
                    self.problem(known, message, &problems)?
                }
                Relay::SealedToGuest => {
                    let secrets = self.organizer_secrets(&known.organizer).allowing(&known.guest.mailbox);
                    Drafted::automatic(self.draft_sealed(&parties, mail, seal, links, &secrets)?, Notice::Sealed, "")
                }
                Relay::UnreadableToOrganizer => from_guest(known, message, self.draft_unreadable(&parties, mail, seal, links)?),
                Relay::SealedToOrganizer => self.problem(known, message, &[(Problem::Sealed, String::new())])?,
            });
        }
        if !left_out.is_empty() {
            items.push(blocked(self.draft_blocked(&known.organizer, mail, &left_out, true, message.now)?, mail, &left_out));
        }
        Ok(items)
    }

    fn problem(&self, known: &Identified, message: &AtHand, problems: &[(Problem, String)]) -> Result<Drafted, Unsent> {
        let item = self.draft_problem(&known.organizer, &message.mail, problems, message.now)?;
        Ok(Drafted::automatic(item, Notice::Problem, format!("{}\n{problems:?}", message.mail.subject)))
    }

    /// What the organizer's words must not show to this guest.
    pub(super) fn answer_secrets(&self, message: &AtHand, known: &Identified, classified: &Classified) -> Secrets {
        let mut secrets = self.organizer_secrets(&known.organizer);
        secrets.learn(&message.mail, classified.calendar.as_ref());
        secrets.allowing(&known.guest.mailbox)
    }

    pub(super) fn hold_instead(
        &self,
        message: &AtHand,
        known: &Identified,
        classified: &Classified,
        decision: &Decision,
        unsent: &Unsent,
        id: ReceivedId,
    ) -> (Vec<Drafted>, Decision) {
        let held = |kind, evidence: String| Decision {
            attendance: Vec::new(),
            relay: Vec::new(),
            alerts: vec![AlertDraft { kind, severity: Severity::High, evidence: evidence.clone() }],
            suppression: None,
            disposition: Disposition::Held,
            reasons: decision.reasons.iter().cloned().chain([evidence]).collect(),
        };
        let (drafted, instead) = match unsent {
            Unsent::WouldLeak(leaks) => {
                let places: Vec<String> = leaks.iter().map(ToString::to_string).collect();
                let evidence = format!("The organizer's answer was held, since it would show them: {}.", places.join("; "));
                (Some(self.tell_of_leak(message, known, classified, leaks, id)), held(AlertKind::Leak, evidence))
            }
            Unsent::NothingLeft(files) => {
                let reasons = decision.reasons.iter().cloned().chain([format!("{unsent}; the organizer is told")]).collect();
                let refused = Decision { relay: Vec::new(), disposition: Disposition::Refused, reasons, ..decision.clone() };
                let item = self.draft_blocked(&known.organizer, &message.mail, files, false, message.now);
                (Some(item.map(|item| blocked(item, &message.mail, files))), refused)
            }
            Unsent::Compose(_) | Unsent::Calendar(_) | Unsent::Link(_) => {
                (None, held(AlertKind::Held, format!("A mail could not be built and waits: {unsent}.")))
            }
        };
        let mut items = Vec::new();
        match drafted {
            Some(Ok(drafted)) => items.push(drafted),
            Some(Err(error)) => tracing::error!(%error, "problem mail not built"),
            None => {}
        }
        (items, instead)
    }

    /// Says to the organizer what of theirs would have shown, and where.
    fn tell_of_leak(
        &self,
        message: &AtHand,
        known: &Identified,
        classified: &Classified,
        leaks: &[Leak],
        id: ReceivedId,
    ) -> Result<Drafted, Unsent> {
        let secrets = self.answer_secrets(message, known, classified);
        let files = self.files_for_guest(&message.mail, &classified.new_text, &secrets).files;
        let files = files.iter().map(|file| (Spot::File, file.bytes.as_slice()));
        let sources: Vec<(Spot, &[u8])> = std::iter::once((Spot::Text, classified.new_text.as_bytes())).chain(files).collect();
        let problems = self.would_leak(&known.organizer, leaks, &secrets, &sources);
        let item = self.draft_leak(&known.organizer, &message.mail, &problems, id, message.now)?;
        Ok(Drafted::automatic(item, Notice::Problem, about(&message.mail, &problems)))
    }
}

/// What was not passed on is told of each mail, also where another one has the same subject and fault.
fn about(mail: &InboundMail, what: &impl std::fmt::Debug) -> String {
    format!("{}\n{:?}\n{what:?}", mail.subject, mail.message_id)
}

fn blocked(item: OutboxItem, mail: &InboundMail, files: &[Blocked]) -> Drafted {
    Drafted::automatic(item, Notice::Problem, about(mail, &files))
}

/// The guest with what the decision makes of their answers.
fn after(known: &Identified, decision: &Decision) -> Guest {
    let attendance = Attendance { response: response_after(known, decision), ..known.guest.attendance.clone() };
    Guest { attendance, ..known.guest.clone() }
}

fn response_after(known: &Identified, decision: &Decision) -> Response {
    let changed = decision.attendance.iter().find_map(|change| match change {
        AttendanceChange::Response(response) => Some(response.clone()),
        AttendanceChange::Delivery(_) => None,
    });
    changed.unwrap_or_else(|| known.guest.attendance.response.clone())
}

fn from_guest(known: &Identified, message: &AtHand, item: OutboxItem) -> Drafted {
    let thread = message.mail.message_id.clone().map(|guest_side| ThreadLink {
        guest: known.guest.id,
        organizer_side: item.message_id.clone(),
        guest_side,
    });
    Drafted { item, thread, notice: None }
}

fn from_organizer(known: &Identified, message: &AtHand, item: OutboxItem) -> Drafted {
    let thread = message.mail.message_id.clone().map(|organizer_side| ThreadLink {
        guest: known.guest.id,
        organizer_side,
        guest_side: item.message_id.clone(),
    });
    Drafted { item, thread, notice: None }
}
