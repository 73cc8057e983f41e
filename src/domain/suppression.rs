//! Addresses that nothing is sent to: why, how far it reaches, and what ends it.

use super::address::Mailbox;
use super::id::{MeetingId, ReceivedId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why nothing is sent to an address. The closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionCause {
    /// Its owner reported our mail as unwanted (RFC 5965).
    Complaint,
    /// Its server says that nobody has this address (RFC 3463 §3.2: 5.1.1 and the like).
    NoSuchUser,
    /// An operator said so.
    Operator,
}

/// An address that nothing is sent to, cancellations included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// The address, in canonical spelling.
    pub address: Mailbox,
    /// The only meeting that it holds for; `None` for all meetings of this gateway.
    pub meeting: Option<MeetingId>,
    /// Why.
    pub cause: SuppressionCause,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The mail that said so, where one did.
    pub received: Option<ReceivedId>,
    /// What an operator or a server said, for people; addresses masked.
    pub note: String,
}

/// What a message changes of what may be sent to its guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionChange {
    /// Nothing more is sent.
    Stop(SuppressionCause),
    /// The guest answers from that address: mail goes there again.
    Lift,
}

/// What is lifted of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifted {
    /// Everything.
    All,
    /// What holds for this meeting alone.
    Meeting(MeetingId),
}

impl SuppressionCause {
    /// How far it reaches: whoever complains does so of the gateway; an address that does not exist may have been misspelled
    /// in one meeting, or exist by the next.
    pub fn reaches(self, meeting: MeetingId) -> Option<MeetingId> {
        match self {
            Self::Complaint | Self::Operator => None,
            Self::NoSuchUser => Some(meeting),
        }
    }
}

/// What holds for a meeting, of all that is known of its guest's address: what reaches furthest first.
pub fn in_force<'a>(known: &'a [Suppression], address: &Mailbox, meeting: MeetingId) -> Option<&'a Suppression> {
    let of_address = || known.iter().filter(|one| one.address.same_as(address));
    of_address().find(|one| one.meeting.is_none()).or_else(|| of_address().find(|one| one.meeting == Some(meeting)))
}

/// Whether mail to the address failed in another meeting because nobody had it there.
pub fn is_doubtful(known: &[Suppression], address: &Mailbox, meeting: MeetingId) -> bool {
    let elsewhere = |one: &Suppression| one.meeting.is_some_and(|other| other != meeting);
    known.iter().any(|one| one.address.same_as(address) && elsewhere(one) && one.cause == SuppressionCause::NoSuchUser)
}

/// Whether an enhanced status (RFC 3463) says that nobody has this address: bad mailbox (5.1.1), bad domain (5.1.2), bad syntax
/// (5.1.3), moved (5.1.6) or null MX (5.1.10, RFC 7505). A mailbox that is full or disabled, and a refusal by policy or size, may be put
/// right.
pub fn is_no_such_user(status: &str) -> bool {
    ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"].contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn suppression(meeting: Option<MeetingId>, cause: SuppressionCause) -> Suppression {
        let address = Mailbox::parse("jean.martin@hopital.example").unwrap();
        Suppression { address, meeting, cause, since: DateTime::UNIX_EPOCH, received: None, note: String::new() }
    }

    #[test]
    fn a_complaint_reaches_every_meeting_and_a_bounce_its_own() {
        let (here, there) = (MeetingId(Uuid::from_u128(1)), MeetingId(Uuid::from_u128(2)));
        let jean = Mailbox::parse("Jean.Martin@HOPITAL.example").unwrap();
        let bounced = [suppression(Some(here), SuppressionCause::NoSuchUser)];
        assert!(in_force(&bounced, &jean, here).is_some() && in_force(&bounced, &jean, there).is_none());
        assert!(is_doubtful(&bounced, &jean, there) && !is_doubtful(&bounced, &jean, here));
        let both = [bounced[0].clone(), suppression(None, SuppressionCause::Complaint)];
        assert_eq!(in_force(&both, &jean, here).map(|one| one.cause), Some(SuppressionCause::Complaint));
        let lea = Mailbox::parse("lea@hopital.example").unwrap();
        assert!(in_force(&both, &lea, here).is_none() && !is_doubtful(&both, &lea, there));
    }

    #[test]
    fn only_a_missing_mailbox_is_no_such_user() {
        for status in ["5.1.1", "5.1.10"] {
            assert!(is_no_such_user(status), "{status}");
        }
        for status in ["5.2.1", "5.2.2", "5.7.1", "5.1.8", "4.1.1", "5.1.11", ""] {
            assert!(!is_no_such_user(status), "{status}");
        }
    }
}
