//! What there is no room for: words and answers wait for a person, what machines wrote ends here.

use super::{Decision, Disposition};
use crate::domain::budget::Scope;
use crate::domain::reply::{Classified, ReplyClass};

/// The decision in the place of the one that room would have allowed; `None` where the message is taken all the same: a complaint
/// stops mail, and what was seen before has no effect.
pub fn over_budget(scope: Scope, classified: &Classified) -> Option<Decision> {
    let is_of_machine = match classified.class {
        ReplyClass::Complaint | ReplyClass::Duplicate => return None,
        ReplyClass::Loop
        | ReplyClass::DeliveryStatus
        | ReplyClass::Backscatter
        | ReplyClass::ReadReceipt
        | ReplyClass::AutoReply
        | ReplyClass::Challenge
        | ReplyClass::Spam => true,
        ReplyClass::Virus
        | ReplyClass::OrganizerAnswer
        | ReplyClass::Sealed
        | ReplyClass::ItipRequest
        | ReplyClass::ItipCancel
        | ReplyClass::ItipReply
        | ReplyClass::ItipCounter
        | ReplyClass::ItipRefresh
        | ReplyClass::ItipDelegation
        | ReplyClass::ItipOther
        | ReplyClass::Forged
        | ReplyClass::Stranger
        | ReplyClass::Expired
        | ReplyClass::Human
        | ReplyClass::Unreadable => false,
    };
    Some(match scope {
        Scope::Text => Decision::new(Disposition::Consumed, "the same text came too often within an hour: a loop goes no further"),
        Scope::Pair | Scope::Alias | Scope::Sender | Scope::Orders | Scope::Notices | Scope::Notice | Scope::Helpdesk | Scope::Page => {
            let disposition = if is_of_machine { Disposition::Consumed } else { Disposition::Held };
            Decision::new(disposition, format!("more mail than is worked on in a day (budget {})", scope.name()))
        }
    })
}
