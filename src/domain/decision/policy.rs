//! What must be proved of a message before anything follows from it, and what happens to one of which it isn't. The one table of it;
//! docs/classification.md shows it, and a test compares the two.

use crate::domain::reply::ReplyClass;

/// What a message claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// An organizer's REQUEST, ADD or CANCEL for guests, without a login.
    Invitation,
    /// An organizer's message to a guest alias.
    ToInvited,
    /// Mail to the gateway itself, such as to postmaster.
    Service,
    /// A message to an address token, classified.
    Reply(ReplyClass),
}

/// What must be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: nothing follows from it that anybody could want to forge.
    Nothing,
    /// The return path that it came to (VERP): only whoever had our mail knows it. Its author is a machine and proves nothing.
    ReturnPath,
    /// From is the guest, and their domain is proved.
    Guest,
    /// As [`Self::Guest`]; or From is a program of the guest's own domain that answers for them, and that domain is proved.
    GuestOrProgram,
    /// From is the organizer themselves, and their domain is proved: by DMARC, by ARC, by aligned SPF or DKIM, or by the relay or
    /// login that brought it. Nothing speaks in their name.
    Organizer,
}

/// What happens to a message of which it isn't proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The same: nothing hinges on it.
    Same,
    /// It waits for a person, who is told.
    Held,
    /// It is recorded, and nothing follows.
    Consumed,
    /// It is answered with `550`.
    Refused,
}

impl Needs {
    /// In words, as docs/classification.md says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::ReturnPath => "the return path",
            Self::Guest => "the guest",
            Self::GuestOrProgram => "the guest, or a program of the guest's own domain",
            Self::Organizer => "the organizer",
        }
    }
}

impl Otherwise {
    /// In words, as docs/classification.md says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "the same",
            Self::Held => "held, alert",
            Self::Consumed => "consumed",
            Self::Refused => "refused (550)",
        }
    }
}

impl Claim {
    /// The name in docs/classification.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::ToInvited => "to-invited",
            Self::Service => "service",
            Self::Reply(class) => class.name(),
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What must be proved.
    pub needs: Needs,
    /// What happens otherwise.
    pub otherwise: Otherwise,
}

impl Policy {
    /// Whether the author counts: then a check that could not be made now is answered with `451`, and the mail comes again.
    pub fn asks_for_author(self) -> bool {
        match self.needs {
            Needs::Guest | Needs::GuestOrProgram | Needs::Organizer => true,
            Needs::Nothing | Needs::ReturnPath => false,
        }
    }
}

/// What this claim needs.
pub fn policy(claim: Claim) -> Policy {
    let (needs, otherwise) = match claim {
        Claim::Invitation | Claim::ToInvited => (Needs::Organizer, Otherwise::Refused),
        Claim::Service => (Needs::Nothing, Otherwise::Same),
        Claim::Reply(class) => of_reply(class),
    };
    Policy { needs, otherwise }
}

fn of_reply(class: ReplyClass) -> (Needs, Otherwise) {
    match class {
        ReplyClass::DeliveryStatus => (Needs::ReturnPath, Otherwise::Consumed),
        ReplyClass::ItipReply | ReplyClass::ItipDelegation => (Needs::GuestOrProgram, Otherwise::Held),
        ReplyClass::ItipCounter | ReplyClass::ItipRefresh => (Needs::Guest, Otherwise::Held),
        ReplyClass::AutoReply => (Needs::Guest, Otherwise::Consumed),
        ReplyClass::OrganizerAnswer => (Needs::Organizer, Otherwise::Held),
        ReplyClass::Human | ReplyClass::Expired | ReplyClass::Sealed => (Needs::Guest, Otherwise::Held),
        // These never change or pass on anything, whoever wrote them.
        ReplyClass::Duplicate
        | ReplyClass::Loop
        | ReplyClass::Virus
        | ReplyClass::Unreadable
        | ReplyClass::ReadReceipt
        | ReplyClass::Complaint
        | ReplyClass::Backscatter
        | ReplyClass::ItipRequest
        | ReplyClass::ItipCancel
        | ReplyClass::ItipOther
        | ReplyClass::Challenge
        | ReplyClass::Spam
        | ReplyClass::Forged
        | ReplyClass::Stranger => (Needs::Nothing, Otherwise::Same),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The class after this one: the compiler names a new one here.
    fn next(class: ReplyClass) -> Option<ReplyClass> {
        Some(match class {
            ReplyClass::Duplicate => ReplyClass::Loop,
            ReplyClass::Loop => ReplyClass::Virus,
            ReplyClass::Virus => ReplyClass::DeliveryStatus,
            ReplyClass::DeliveryStatus => ReplyClass::Backscatter,
            ReplyClass::Backscatter => ReplyClass::ReadReceipt,
            ReplyClass::ReadReceipt => ReplyClass::Complaint,
            ReplyClass::Complaint => ReplyClass::Sealed,
            ReplyClass::Sealed => ReplyClass::OrganizerAnswer,
            ReplyClass::OrganizerAnswer => ReplyClass::ItipRequest,
            ReplyClass::ItipRequest => ReplyClass::ItipCancel,
            ReplyClass::ItipCancel => ReplyClass::ItipReply,
            ReplyClass::ItipReply => ReplyClass::ItipCounter,
            ReplyClass::ItipCounter => ReplyClass::ItipRefresh,
            ReplyClass::ItipRefresh => ReplyClass::ItipDelegation,
            ReplyClass::ItipDelegation => ReplyClass::ItipOther,
            ReplyClass::ItipOther => ReplyClass::AutoReply,
            ReplyClass::AutoReply => ReplyClass::Challenge,
            ReplyClass::Challenge => ReplyClass::Spam,
            ReplyClass::Spam => ReplyClass::Forged,
            ReplyClass::Forged => ReplyClass::Stranger,
            ReplyClass::Stranger => ReplyClass::Expired,
            ReplyClass::Expired => ReplyClass::Human,
            ReplyClass::Human => ReplyClass::Unreadable,
            ReplyClass::Unreadable => return None,
        })
    }

    #[test]
    fn the_table_in_the_document_is_this_one() {
        let page = include_str!("../../../docs/classification.md");
        let chapter = page.split("\n## What must be proved\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = chapter.lines().filter(|line| line.starts_with("| ")).skip(1);
        let mut told = BTreeMap::new();
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            for claim in cells[0].split(", ") {
                assert!(told.insert(claim, (cells[1], cells[2])).is_none(), "{claim} stands there twice");
            }
        }
        let classes = std::iter::successors(Some(ReplyClass::Duplicate), |class| next(*class)).map(Claim::Reply);
        let claims: Vec<Claim> = [Claim::Invitation, Claim::ToInvited, Claim::Service].into_iter().chain(classes).collect();
        for claim in &claims {
            let Policy { needs, otherwise } = policy(*claim);
            assert_eq!(told.get(claim.name()), Some(&(needs.words(), otherwise.words())), "{}", claim.name());
        }
        assert_eq!(told.len(), claims.len());
    }
}
