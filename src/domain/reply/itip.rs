//! Calendar answers (RFC 5546): the sender's own object, looked for before any mark of automatic mail, because
//! calendar servers mark the answers that they send as Auto-Submitted.

use super::{Door, Finding, Message, ReplyClass, tnef};
use crate::domain::attendance::PartStat;
use crate::domain::itip::{self, CalendarObject, Method};
use crate::domain::mime::InboundMail;

/// The sender's own object: never one inside an attached message. An object with a method goes before one without.
pub(super) fn own_object(mail: &InboundMail) -> Option<CalendarObject> {
    let mut objects = mail.calendars.iter().filter(|part| !part.embedded).filter_map(|part| {
        let mut object = itip::read(&part.bytes).ok()?;
        // RFC 6047 §2.4: the parameter must equal METHOD; where only it is there, it speaks for the object.
        object.method = object.method.take().or_else(|| part.method.as_deref().map(Method::parse));
        Some(object)
    });
    let first = objects.next()?;
    if first.method.is_some() {
        return Some(first);
    }
    Some(objects.find(|object| object.method.is_some()).unwrap_or(first))
}

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let Some(object) = message.calendar else { return unreadable(message) };
    let delegates = || object.events.iter().flat_map(|event| &event.attendees).any(|attendee| attendee.partstat == PartStat::Delegated);
    let (class, reason) = match &object.method {
        Some(Method::Reply) if delegates() => (ReplyClass::ItipDelegation, "a calendar answer that sends somebody else"),
        Some(Method::Reply) => (ReplyClass::ItipReply, "a calendar answer (METHOD:REPLY)"),
        Some(Method::Counter) => (ReplyClass::ItipCounter, "a proposal of another time (METHOD:COUNTER)"),
        Some(Method::Refresh) => (ReplyClass::ItipRefresh, "a request for the newest version (METHOD:REFRESH)"),
        Some(Method::Request) => (ReplyClass::ItipRequest, "an invitation (METHOD:REQUEST)"),
        Some(Method::Cancel) => (ReplyClass::ItipCancel, "a cancellation (METHOD:CANCEL)"),
        Some(Method::DeclineCounter) if message.context.door == Door::GuestAlias => {
            (ReplyClass::OrganizerAnswer, "the organizer refuses another time (METHOD:DECLINECOUNTER)")
        }
        Some(Method::Publish | Method::Add | Method::DeclineCounter | Method::Other(_)) => {
            (ReplyClass::ItipOther, "a calendar object with a method that is no answer")
        }
        None => (ReplyClass::ItipOther, "a calendar object without a method"),
    };
    Some(Finding::new(class, reason))
}

/// A part that claims a method and cannot be read must not pass as mere words.
fn unreadable(message: &Message<'_>) -> Option<Finding> {
    if let Some(reason) = tnef::reason(message) {
        return Some(Finding::new(ReplyClass::ItipOther, reason));
    }
    let claims = message.mail.calendars.iter().any(|part| !part.embedded && part.method.is_some());
    claims.then(|| Finding::new(ReplyClass::ItipOther, "a calendar object that cannot be read"))
}
