//! A person of the directory who may invite, and the policy of their group.

use super::address::Mailbox;
use super::id::OrganizerId;
use super::language::Language;
use serde::{Deserialize, Serialize};

/// What guests may learn of the organizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anonymity {
    /// The group's label alone, such as "Service médical".
    #[default]
    Anonymous,
    /// The display name; the address stays hidden.
    Named,
    /// Nothing is hidden but replies still pass the gateway.
    Open,
}

/// A group of organizers and what applies to its invitations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The group's key in the directory.
    pub name: String,
    /// What guests see as the sender under [`Anonymity::Anonymous`].
    pub label: String,
    /// What guests may learn.
    pub anonymity: Anonymity,
    /// The language for guests of whom none is known.
    pub language: Language,
    /// The IANA zone in which times are written for guests of whom none is known.
    pub time_zone: chrono_tz::Tz,
    /// Whether a guest's mail program may offer to propose another time.
    pub allow_counter: bool,
}

/// Someone who may invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organizer {
    /// Stable key.
    pub id: OrganizerId,
    /// Where their own mail goes.
    pub mailbox: Mailbox,
    /// Other addresses of the same person, that they may send from.
    pub aliases: Vec<Mailbox>,
    /// Their name, hidden from guests unless the policy says otherwise.
    pub name: String,
    /// The language of mail to them.
    pub language: Language,
    /// Further texts that must never reach a guest: a login, a phone number, a room.
    pub secrets: Vec<String>,
    /// The group with its policy.
    pub group: Group,
    /// Whether they may invite now. A former organizer stays known, so that their meetings stay readable.
    pub active: bool,
}

impl Organizer {
    /// Whether the address is one of this person's.
    pub fn owns(&self, mailbox: &Mailbox) -> bool {
        self.mailbox.same_as(mailbox) || self.aliases.iter().any(|alias| alias.same_as(mailbox))
    }

    /// The name that guests see beside the alias.
    pub fn public_name(&self) -> &str {
        match self.group.anonymity {
            Anonymity::Anonymous => &self.group.label,
            Anonymity::Named | Anonymity::Open => &self.name,
        }
    }
}
