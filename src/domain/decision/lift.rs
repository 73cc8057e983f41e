//! Suppressed guests: whoever answers from that address wants mail again, and what was meant for one who does not is not sent.

use super::{Case, Decision, Disposition, sender};
use crate::domain::authentication::Proof;
use crate::domain::relay::Relay;
use crate::domain::reply::{ReplyClass, Suggestion};
use crate::domain::suppression::SuppressionChange;

/// Lifts what stops mail to the guest, when they, and no machine of theirs, are proved to answer. Words that ask for no more mail
/// lift nothing.
pub(super) fn by_answer(case: &Case<'_>, decision: Decision) -> Decision {
    let is_answer = match case.classified.class {
        ReplyClass::ItipReply
        | ReplyClass::ItipDelegation
        | ReplyClass::ItipCounter
        | ReplyClass::ItipRefresh
        | ReplyClass::Human
        | ReplyClass::Expired => true,
        ReplyClass::Duplicate
        | ReplyClass::Loop
        | ReplyClass::Virus
        | ReplyClass::DeliveryStatus
        | ReplyClass::Backscatter
        | ReplyClass::ReadReceipt
        | ReplyClass::Complaint
        | ReplyClass::OrganizerAnswer
        | ReplyClass::Sealed
        | ReplyClass::ItipRequest
        | ReplyClass::ItipCancel
        | ReplyClass::ItipOther
        | ReplyClass::AutoReply
        | ReplyClass::Challenge
        | ReplyClass::Spam
        | ReplyClass::Forged
        | ReplyClass::Stranger
        | ReplyClass::Unreadable => false,
    };
    let is_taken = match decision.disposition {
        Disposition::Applied | Disposition::Relayed | Disposition::Consumed | Disposition::Refused => true,
        Disposition::Held | Disposition::Duplicate => false,
    };
    // Who answers on the page of their link shows nothing of the address.
    let is_by_mail = case.context.authentication.proof != Some(Proof::Link);
    let is_proved =
        is_by_mail && case.is_from_guest_side() && case.context.authentication.aligned && sender::is_from_guest(case) == Some(true);
    let wants_none = case.classified.suggestions.contains(&Suggestion::Unsubscribe);
    if is_answer && is_taken && is_proved && !wants_none && decision.suppression.is_none() {
        return Decision { suppression: Some(SuppressionChange::Lift), ..decision };
    }
    decision
}

/// What follows in the place of `decision` where its guest is suppressed: nothing is sent to them, and whose words they were is
/// told. `None` where it sends them nothing.
pub fn stopped(decision: &Decision) -> Option<Decision> {
    let is_to_guest = |relay: &Relay| match relay {
        Relay::WordsToGuest | Relay::DeclineToGuest { .. } | Relay::InvitationToGuest | Relay::LateToGuest | Relay::SealedToGuest => true,
        Relay::ReplyToOrganizer { .. }
        | Relay::CounterToOrganizer { .. }
        | Relay::WordsToOrganizer
        | Relay::AwayToOrganizer
        | Relay::UnreadableToOrganizer
        | Relay::SealedToOrganizer
        | Relay::StoppedToOrganizer => false,
    };
    if !decision.relay.iter().any(is_to_guest) {
        return None;
    }
    let is_of_organizer = decision.relay.iter().any(|relay| matches!(relay, Relay::WordsToGuest | Relay::DeclineToGuest { .. }));
    let others = decision.relay.iter().filter(|relay| !is_to_guest(relay)).cloned();
    let reasons = decision.reasons.iter().cloned().chain(["nothing is sent to this guest any more".to_owned()]).collect();
    if is_of_organizer {
        let refused = Decision::new(Disposition::Refused, "");
        return Some(Decision { relay: vec![Relay::StoppedToOrganizer], reasons, ..refused });
    }
    Some(Decision { relay: others.collect(), reasons, ..decision.clone() })
}
