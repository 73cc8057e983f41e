//! Why a delivery failed, in the words that help people: what the other side said, as one of a closed list.

use serde::Serialize;

/// Why a mail was not delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BounceReason {
    /// Nobody has this address (RFC 3463 §3.2: X.1.1).
    NoSuchUser,
    /// No host takes mail for its domain (X.1.2, X.4.4; null MX, RFC 7505).
    NoSuchHost,
    /// Its owner has another address (X.1.6).
    Moved,
    /// The mailbox is full (X.2.2).
    MailboxFull,
    /// The mailbox exists and is switched off (X.2.1).
    Inactive,
    /// The recipient's own rules refuse it, or a group to which we may not write (RFC 5429).
    Filtered,
    /// The other server refuses who sends: block lists, SPF, DKIM, DMARC, permissions (X.7.x).
    SenderRefused,
    /// The other server refuses what is sent: spam, policy, a virus.
    ContentRefused,
    /// The mail is too large (X.2.3, X.3.4).
    TooLarge,
    /// The mail went round in circles (X.4.6).
    Loop,
    /// The other server could not be reached, or had no time until the attempts ended (X.4.x).
    Unreachable,
    /// Nothing that was said tells it.
    #[default]
    Unknown,
}

impl BounceReason {
    /// What it says of the address: `Some(true)` that it is no good for any mail, `Some(false)` that it may well be; `None` where
    /// the class of the code has to tell.
    pub fn is_permanent(self) -> Option<bool> {
        match self {
            Self::NoSuchUser | Self::NoSuchHost | Self::Moved | Self::Loop => Some(true),
            Self::MailboxFull
            | Self::Inactive
            | Self::Filtered
            | Self::SenderRefused
            | Self::ContentRefused
            | Self::TooLarge
            | Self::Unreachable => Some(false),
            Self::Unknown => None,
        }
    }

    /// In a few English words, for the evidence of an alert.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoSuchUser => "nobody has this address",
            Self::NoSuchHost => "its domain takes no mail",
            Self::Moved => "its owner has another address",
            Self::MailboxFull => "the mailbox is full",
            Self::Inactive => "the mailbox is switched off",
            Self::Filtered => "the recipient's own rules refuse it",
            Self::SenderRefused => "the other server refuses mail from us",
            Self::ContentRefused => "the other server refuses the content",
            Self::TooLarge => "the mail is too large",
            Self::Loop => "the mail went round in circles",
            Self::Unreachable => "the other server could not be reached in time",
            Self::Unknown => "no reason was given",
        }
    }
}
