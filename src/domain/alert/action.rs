//! What people can do about an alert, and the words by which a mail asks for it.

use super::{Alert, AlertKind, AlertState};
use serde::{Deserialize, Serialize};

/// The closed list of what can be done about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertAction {
    /// Somebody has it.
    Acknowledge,
    /// It is done.
    Resolve,
    /// The mail that waits goes on, as if its author had been proved.
    Release,
    /// The mail that waits goes on without what would show its organizer.
    SendWithout,
    /// The mail that waits ends without any effect.
    Drop,
    /// The guest gets the invitation again.
    Resend,
    /// The guest gets the invitation again with a new link; the old one is dead.
    ReissueLink,
    /// The guest's link is dead, and no new one is sent.
    RevokeLink,
    /// Who wrote is the guest under another address: from now on, and for the mail that waits.
    AcceptAddress,
}

impl AlertAction {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Acknowledge,
        Self::Resolve,
        Self::AcceptAddress,
        Self::Release,
        Self::SendWithout,
        Self::Drop,
        Self::Resend,
        Self::ReissueLink,
        Self::RevokeLink,
    ];

    /// The name in forms, in the audit trail and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
            Self::Release => "release",
            Self::SendWithout => "send-without",
            Self::Drop => "drop",
            Self::Resend => "resend",
            Self::ReissueLink => "reissue-link",
            Self::RevokeLink => "revoke-link",
            Self::AcceptAddress => "accept-address",
        }
    }

    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// What the first line of a mail asks for: one command alone on it, in English or French. Words about it are no command.
    pub fn of_line(text: &str) -> Option<Self> {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        let word = first.trim_end_matches(['.', '!', ' ']).to_lowercase();
        COMMANDS.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, action)| *action)
    }

    /// Whether it changes what a guest gets or has, beyond the alert itself.
    fn fits(self, alert: &Alert) -> bool {
        let (has_mail, has_guest) = (alert.received.is_some() && alert.kind.keeps_mail(), alert.guest.is_some());
        match self {
            Self::Acknowledge => alert.state == AlertState::Open,
            Self::Resolve => true,
            Self::Release => has_mail && alert.kind.may_be_released(),
            Self::SendWithout => has_mail && alert.kind == AlertKind::Leak,
            Self::Drop => has_mail,
            Self::AcceptAddress => has_mail && has_guest && alert.kind == AlertKind::Stranger,
            Self::Resend => has_guest && alert.kind.is_of_delivery(),
            Self::ReissueLink => has_guest && matches!(alert.kind, AlertKind::Stranger | AlertKind::CannotConnect | AlertKind::SharedLink),
            Self::RevokeLink => has_guest && matches!(alert.kind, AlertKind::Stranger | AlertKind::SharedLink | AlertKind::Forged),
        }
    }
}

/// English first, then French; each is the whole first line.
const COMMANDS: [(&[&str], AlertAction); 9] = [
    (&["ack", "acknowledge", "take", "pris", "je prends", "vu"], AlertAction::Acknowledge),
    (&["resolve", "resolved", "done", "close", "résolu", "resolu", "clos", "fait"], AlertAction::Resolve),
    (&["release", "libérer", "liberer"], AlertAction::Release),
    (&["send without", "without", "envoyer sans", "sans"], AlertAction::SendWithout),
    (&["drop", "supprimer", "rejeter"], AlertAction::Drop),
    (&["resend", "renvoyer"], AlertAction::Resend),
    (&["reissue", "new link", "nouveau lien"], AlertAction::ReissueLink),
    (&["revoke", "revoke link", "désactiver", "désactiver le lien"], AlertAction::RevokeLink),
    (&["accept", "accepter"], AlertAction::AcceptAddress),
];

impl Alert {
    /// What can be done about it now.
    pub fn actions(&self) -> Vec<AlertAction> {
        match self.state {
            AlertState::Resolved => Vec::new(),
            AlertState::Open | AlertState::Acknowledged => AlertAction::ALL.into_iter().filter(|action| action.fits(self)).collect(),
        }
    }
}

impl AlertKind {
    /// Whether a mail waits behind it.
    fn keeps_mail(self) -> bool {
        match self {
            Self::Stranger
            | Self::Forged
            | Self::Challenge
            | Self::Complaint
            | Self::Virus
            | Self::Held
            | Self::Leak
            | Self::Flood
            | Self::Delegation
            | Self::UnexpectedCalendar => true,
            Self::GuestUndeliverable
            | Self::GuestDelayed
            | Self::OrganizerUndeliverable
            | Self::GuestAway
            | Self::CannotConnect
            | Self::GuestAsks
            | Self::BlockedAttachment
            | Self::SharedLink
            | Self::Loop => false,
        }
    }

    /// Whether a person's word may let that mail go on: never a virus, nor what would show the organizer.
    fn may_be_released(self) -> bool {
        matches!(self, Self::Stranger | Self::Forged | Self::Held | Self::Flood | Self::UnexpectedCalendar)
    }

    fn is_of_delivery(self) -> bool {
        matches!(self, Self::GuestUndeliverable | Self::GuestDelayed | Self::Challenge | Self::CannotConnect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_whole_first_line() {
        for (text, action) in [
            ("ack", AlertAction::Acknowledge),
            ("\n  Résolu.\n\nMerci", AlertAction::Resolve),
            ("RELEASE\n> quoted", AlertAction::Release),
            ("New link!", AlertAction::ReissueLink),
        ] {
            assert_eq!(AlertAction::of_line(text), Some(action), "{text}");
        }
        for words in ["", "please do not release this", "release it tomorrow", "> ack", "I called.\nack"] {
            assert_eq!(AlertAction::of_line(words), None, "{words}");
        }
        for action in AlertAction::ALL {
            assert_eq!(AlertAction::parse(action.name()), Some(action));
        }
    }
}
