//! What a leak is called, and in which words of the organizer it stands: for people.

use super::scan::scan;
use super::{Leak, Secrets};
use std::fmt;

/// Which kind of secret was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretKind {
    /// A mail address.
    Address,
    /// A distinctive local part.
    Login,
    /// The name in one of its forms.
    Name,
    /// The surname alone.
    Surname,
    /// A host or mail domain.
    Host,
    /// A Message-ID, UID or directory entry.
    Id,
    /// An address of a host.
    IpAddress,
    /// A telephone number.
    Telephone,
    /// A further text of the directory.
    Extra,
    /// Something kept the guard from looking.
    Unscannable,
}

impl SecretKind {
    /// The word in logs, alerts and `explain`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Login => "login",
            Self::Name => "name",
            Self::Surname => "surname",
            Self::Host => "host",
            Self::Id => "id",
            Self::IpAddress => "IP address",
            Self::Telephone => "telephone",
            Self::Extra => "extra secret",
            Self::Unscannable => "unscannable",
        }
    }
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an organizer wrote what is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// SUMMARY.
    Title,
    /// DESCRIPTION.
    Description,
    /// A guest's CN.
    GuestName,
    /// The text of a mail.
    Text,
    /// A file, or its name.
    File,
}

/// A kind of secret with every place where it stands; none when it stands in nothing that the organizer wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub secret: SecretKind,
    /// Where, each once.
    pub spots: Vec<Spot>,
}

/// What the leaks of a mail are in terms of what its organizer wrote: each source is looked at for itself.
pub fn findings<S: AsRef<[u8]>>(leaks: &[Leak], secrets: &Secrets, sources: &[(Spot, S)]) -> Vec<Finding> {
    let mut kinds: Vec<SecretKind> = leaks.iter().map(|leak| leak.secret).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut found: Vec<Finding> = kinds.into_iter().map(|secret| Finding { secret, spots: Vec::new() }).collect();
    for (spot, text) in sources {
        for leak in scan(text.as_ref(), secrets) {
            let named = found.iter_mut().find(|finding| finding.secret == leak.secret && !finding.spots.contains(spot));
            if let Some(finding) = named {
                finding.spots.push(*spot);
            }
        }
    }
    // Whoever takes the name away takes these away.
    let name = found.iter().find(|finding| finding.secret == SecretKind::Name).map(|finding| finding.spots.clone());
    found.retain(|finding| {
        let is_part = matches!(finding.secret, SecretKind::Surname | SecretKind::Login);
        !(is_part && name.as_ref().is_some_and(|name| finding.spots.iter().all(|spot| name.contains(spot))))
    });
    found
}
