//! The answer that a mail door gives: an SMTP reply (RFC 5321 §4.2) with an enhanced code (RFC 3463).

use std::borrow::Cow;
use std::fmt;

/// Whether the peer is done, may try again, or must give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerClass {
    /// 2yz: we are responsible now.
    Accepted,
    /// 4yz: try again later.
    Transient,
    /// 5yz: never in this form.
    Permanent,
}

/// One reply line. The text is public: it never names a person, a path or a cause inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The basic reply code, such as 250.
    pub code: u16,
    /// The enhanced status code, such as 2.6.0 (RFC 3463, RFC 2034).
    pub enhanced: (u8, u16, u16),
    /// One line of public text.
    pub text: Cow<'static, str>,
}

impl Answer {
    /// An answer with a fixed text.
    pub const fn new(code: u16, enhanced: (u8, u16, u16), text: &'static str) -> Self {
        Self { code, enhanced, text: Cow::Borrowed(text) }
    }

    /// `250 2.6.0`: the message and its effects are durably stored.
    pub const ACCEPTED: Self = Self::new(250, (2, 6, 0), "Message accepted");
    /// `250 2.1.5`: the recipient is known.
    pub const RECIPIENT_OK: Self = Self::new(250, (2, 1, 5), "Recipient OK");
    /// `550 5.1.1`: one text for every recipient that we do not know, forged or not.
    pub const UNKNOWN_RECIPIENT: Self = Self::new(550, (5, 1, 1), "Unknown recipient");
    /// `451 4.3.0`: something inside is down; nothing was taken.
    pub const TRY_AGAIN: Self = Self::new(451, (4, 3, 0), "Temporary failure, try again later");
    /// `550 5.7.1`: no relay.
    pub const RELAY_DENIED: Self = Self::new(550, (5, 7, 1), "Relaying denied");

    /// What the first digit says.
    pub fn class(&self) -> AnswerClass {
        match self.code / 100 {
            2 | 3 => AnswerClass::Accepted,
            4 => AnswerClass::Transient,
            _ => AnswerClass::Permanent,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, subject, detail) = self.enhanced;
        write!(f, "{} {class}.{subject}.{detail} {}", self.code, self.text)
    }
}
