//! Whether a message is proved to be whose it claims to be. Whoever was forwarded the invitation knows the alias: the alias
//! alone proves nobody.

use super::policy::{Claim, Needs, Otherwise, Policy, policy};
use super::{Case, Decision, Disposition, Instead};
use crate::domain::address::Mailbox;
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::itip::{CalendarObject, Method};
use crate::domain::reply::Door;

/// Domains of public providers.
const SHARED_DOMAINS: &str = include_str!("shared_domains.txt");

/// How the sender is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The class asks for none.
    NotAsked,
    /// It came to a return path.
    ReturnPath,
    /// From is the guest, aligned.
    Guest,
    /// From is a program of the guest's own domain that answers for them.
    Program,
    /// From is the organizer, aligned.
    Organizer,
}

/// What is missing, for people.
struct Missing {
    kind: AlertKind,
    reason: String,
}

/// The proof that the class needs (`policy.rs`), or the decision that takes its place.
pub(super) fn proved(case: &Case<'_>) -> Result<Proof, Instead> {
    let Policy { needs, otherwise } = policy(Claim::Reply(case.classified.class));
    let found = match needs {
        Needs::Nothing => Ok(Proof::NotAsked),
        Needs::ReturnPath => return_path(case),
        Needs::Guest => guest(case, false),
        Needs::GuestOrProgram => guest(case, true),
        Needs::Organizer => organizer(case),
    };
    found.map_err(|missing| Box::new(instead(otherwise, missing)))
}

fn instead(otherwise: Otherwise, Missing { kind, reason }: Missing) -> Decision {
    match otherwise {
        Otherwise::Held => Decision::held(kind, Severity::Warning, reason),
        Otherwise::Consumed | Otherwise::Same => Decision::new(Disposition::Consumed, reason),
        Otherwise::Refused => Decision::new(Disposition::Refused, reason),
    }
}

fn return_path(case: &Case<'_>) -> Result<Proof, Missing> {
    match case.context.door {
        Door::GuestBounce | Door::OrganizerBounce | Door::Assumed => Ok(Proof::ReturnPath),
        Door::OrganizerAlias | Door::GuestAlias => {
            Err(Missing { kind: AlertKind::Held, reason: "a bounce that did not come to a return path".to_owned() })
        }
    }
}

fn guest(case: &Case<'_>, or_program: bool) -> Result<Proof, Missing> {
    let sender = case.sender();
    let guest = case.dialog.guest.mailbox.mailbox.masked();
    let is_aligned = case.context.authentication.aligned;
    let (kind, reason) = match is_from_guest(case) {
        Some(true) if is_aligned => return Ok(Proof::Guest),
        Some(false) if is_aligned && or_program && is_program_of_guest(case) => return Ok(Proof::Program),
        Some(false) if is_aligned => (AlertKind::Stranger, format!("{sender} answers the invitation that {guest} was given")),
        Some(false) => (AlertKind::Stranger, format!("{sender} claims an answer of {guest} that nothing proves")),
        Some(true) => (AlertKind::Forged, format!("{sender} claims an answer that nothing proves")),
        None => (AlertKind::Forged, format!("nobody can tell who sends this answer in the name of {guest}")),
    };
    Err(Missing { kind, reason })
}

fn organizer(case: &Case<'_>) -> Result<Proof, Missing> {
    if case.context.authentication.aligned && case.context.sender_is_expected == Some(true) {
        return Ok(Proof::Organizer);
    }
    let reason = format!("{} writes to a guest and is not proved to be the organizer", case.sender());
    Err(Missing { kind: AlertKind::Forged, reason })
}

/// Whether From is the guest; `None` when there is no one author. A return path has no expected sender of its own.
pub(super) fn is_from_guest(case: &Case<'_>) -> Option<bool> {
    match case.context.door {
        Door::OrganizerAlias | Door::GuestAlias | Door::OrganizerBounce => case.context.sender_is_expected,
        Door::GuestBounce => {
            let guest = &case.dialog.guest.mailbox.mailbox;
            case.context.sender_is_expected.or_else(|| case.mail.author().map(|author| author.mailbox.same_as(guest)))
        }
        Door::Assumed => case.context.sender_is_expected.or(Some(true)),
    }
}

/// SOGo and Nextcloud answer from `…-noreply@` and name the attendee in Reply-To. Anybody who was forwarded the invitation could
/// write that too, so the sender's domain must be the guest's own, and one that not everybody can have an address of.
fn is_program_of_guest(case: &Case<'_>) -> bool {
    let guest = &case.dialog.guest.mailbox.mailbox;
    let [answer_to] = case.mail.reply_to.as_slice() else { return false };
    let Some(author) = case.mail.author() else { return false };
    answer_to.mailbox.same_as(guest)
        && takes_no_answers(&author.mailbox)
        && is_under(author.mailbox.domain(), guest.domain())
        && !is_shared(guest.domain())
        && case.classified.calendar.as_ref().is_some_and(|object| answers_for(object, guest))
}

/// A REPLY in which the guest, and nobody else, answers.
fn answers_for(object: &CalendarObject, guest: &Mailbox) -> bool {
    let mut attendees = object.events.iter().flat_map(|event| &event.attendees).peekable();
    object.method == Some(Method::Reply)
        && attendees.peek().is_some()
        && attendees.all(|attendee| attendee.mailbox.as_ref().is_some_and(|named| named.mailbox.same_as(guest)))
}

fn takes_no_answers(mailbox: &Mailbox) -> bool {
    let plain = mailbox.local().to_lowercase().replace(['-', '_', '.'], "");
    plain.ends_with("noreply") || plain.ends_with("donotreply")
}

/// The same domain, or one below it: who owns `hopital.example` decides what `agenda.hopital.example` sends.
fn is_under(domain: &str, above: &str) -> bool {
    domain == above || domain.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}

fn is_shared(domain: &str) -> bool {
    SHARED_DOMAINS.lines().any(|known| known == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_below_one_another() {
        assert!(is_under("hopital.example", "hopital.example") && is_under("agenda.hopital.example", "hopital.example"));
        assert!(!is_under("evilhopital.example", "hopital.example") && !is_under("example", "hopital.example"));
        assert!(is_shared("gmail.com") && !is_shared("hopital.example"));
    }

    #[test]
    fn programs_by_their_address() {
        let is = |text: &str| takes_no_answers(&Mailbox::parse(text).unwrap());
        assert!(is("jean.martin-noreply@h.example") && is("invitations-no-reply@h.example") && !is("jean@h.example"));
    }
}
