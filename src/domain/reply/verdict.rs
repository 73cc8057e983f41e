//! Why a delivery failed, and whether for good: by the enhanced status (RFC 3463), the SMTP code, and the words beside them.

use super::BounceReason;
use super::lexicon::{Lexicon, fold};

/// What a failure's evidence says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Codes {
    /// The first enhanced status in the text.
    pub(super) status: Option<String>,
    /// The first SMTP reply code in the text.
    pub(super) smtp: Option<u16>,
}

impl Codes {
    /// Looks for `5.1.1` and `550` in the words of a server.
    pub(super) fn find(text: &str) -> Self {
        let mut codes = Self::default();
        for word in text.split(|c: char| !(c.is_ascii_digit() || c == '.')) {
            let word = word.trim_end_matches('.');
            if codes.status.is_none() && is_status(word) {
                codes.status = Some(word.to_owned());
            }
            if codes.smtp.is_none() && word.len() == 3 && word.starts_with(['4', '5']) {
                codes.smtp = word.parse().ok().filter(|code| matches!(code, 400..=459 | 500..=559));
            }
        }
        codes
    }
}

/// `class.subject.detail` of RFC 3463 §2.
pub(super) fn is_status(word: &str) -> bool {
    let mut numbers = word.split('.');
    let class = numbers.next().is_some_and(|class| matches!(class, "2" | "4" | "5"));
    let rest: Vec<&str> = numbers.collect();
    class && rest.len() == 2 && rest.iter().all(|number| (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Sections of the lexicon in the order in which they are asked.
const SECTIONS: [(&str, BounceReason); 11] = [
    ("filtered", BounceReason::Filtered),
    ("full", BounceReason::MailboxFull),
    ("inactive", BounceReason::Inactive),
    ("unknown", BounceReason::NoSuchUser),
    ("moved", BounceReason::Moved),
    ("host", BounceReason::NoSuchHost),
    ("waiting", BounceReason::Unreachable),
    ("loop", BounceReason::Loop),
    ("sender", BounceReason::SenderRefused),
    ("size", BounceReason::TooLarge),
    ("content", BounceReason::ContentRefused),
];

/// Most octets after an SMTP code that are taken for what the server said.
const SAID: usize = 300;

/// Why it failed, and whether that is for good: whether no mail will ever reach this address.
pub(super) fn of(status: &str, diagnostic: &str, words: &str) -> (BounceReason, bool) {
    let said = match (after(words, "automatically rejected:"), fold(diagnostic)) {
        // A mailbox's own program tells the reason here, whatever its report's fields are filled with.
        (Some(told), _) => told.to_owned(),
        (None, empty) if empty.is_empty() => after_code(words).to_owned(),
        (None, said) => said,
    };
    let reason = reason(status, &said, words);
    let by_code = || Codes::find(&said).smtp.or_else(|| Codes::find(words).smtp).map(|code| code >= 500);
    let by_class = || status.starts_with("5.").then_some(true);
    let is_permanent = reason.is_permanent().or_else(by_class).or_else(by_code).unwrap_or(true);
    (reason, is_permanent && !status.starts_with("4."))
}

/// The server's own words come first, then statuses with one meaning (RFC 3463 §3), then the rest of the report's words.
fn reason(status: &str, said: &str, words: &str) -> BounceReason {
    let by_status = of_status(status);
    match (judged(said), by_status) {
        // A status says of a mailbox that is switched off what servers often call an unknown user. Said to RCPT it is meant.
        (Some(BounceReason::NoSuchUser), Some(BounceReason::Inactive)) if !at_recipient(words) => BounceReason::Inactive,
        // Who took the address and refuses the mail has read it.
        (Some(BounceReason::NoSuchUser), None) if at_data(words) => BounceReason::Filtered,
        // "Refused" says less than a status with one meaning.
        (Some(BounceReason::SenderRefused), Some(BounceReason::NoSuchUser)) if status != "5.1.3" => BounceReason::NoSuchUser,
        (Some(found), _) => found,
        (None, None | Some(BounceReason::SenderRefused)) => judged(words).or(by_status).unwrap_or_default(),
        (None, Some(found)) => found,
    }
}

/// Whether the words tell that the address itself was refused (RFC 5321 §3.3).
fn at_recipient(words: &str) -> bool {
    ["rcpt to", "rcpt_to"].iter().any(|command| words.contains(command))
}

/// Whether the words tell that the address was taken, and then the mail refused.
fn at_data(words: &str) -> bool {
    !at_recipient(words) && [">>> data", "end of data", "data command", "text command"].iter().any(|command| words.contains(command))
}

/// What stands behind these words, as far as a server's answer goes.
fn after<'a>(words: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = words.split_once(mark)?;
    Some(rest.get(..rest.floor_char_boundary(SAID)).unwrap_or(rest).trim())
}

/// The first section whose words are in the folded text.
fn judged(text: &str) -> Option<BounceReason> {
    SECTIONS.into_iter().find(|(section, _)| Lexicon::VERDICT.find(section, text).is_some()).map(|(_, reason)| reason)
}

/// Statuses that mean one thing wherever they come from.
fn of_status(status: &str) -> Option<BounceReason> {
    match status {
        // §3.2: no such mailbox, bad syntax, and no such system, null MX (RFC 7505); §3.5: nowhere to route to.
        "5.1.1" | "5.1.3" => Some(BounceReason::NoSuchUser),
        "5.1.2" | "5.1.10" | "5.4.4" => Some(BounceReason::NoSuchHost),
        "5.1.6" => Some(BounceReason::Moved),
        // §3.3, §3.4: mailbox disabled, mailbox full, the mail too large.
        "5.2.1" => Some(BounceReason::Inactive),
        "5.2.2" => Some(BounceReason::MailboxFull),
        "5.2.3" | "5.3.4" => Some(BounceReason::TooLarge),
        // §3.5: the network, not the address.
        "5.4.6" => Some(BounceReason::Loop),
        "5.4.1" | "5.4.2" | "5.4.7" => Some(BounceReason::Unreachable),
        // §3.8: security and policy, of which nothing else is known.
        security if security.starts_with("5.7.") => Some(BounceReason::SenderRefused),
        _ => None,
    }
}

/// What stands behind the first SMTP reply code of the words, with it: `550 no such user`.
fn after_code(words: &str) -> &str {
    let is_code = |at: usize, found: &str| {
        let before = words.get(..at).and_then(|before| before.chars().next_back());
        let after = words.get(at + found.len()..).and_then(|after| after.chars().next());
        before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '.' | '@' | '-'))) && matches!(after, Some(' ' | '-'))
    };
    let starts = words.char_indices().filter(|(_, c)| matches!(c, '4' | '5'));
    let code = starts.map(|(at, _)| at).find(|at| {
        let found = words.get(*at..*at + 3).unwrap_or_default();
        matches!(found.parse::<u16>(), Ok(400..=459 | 500..=559)) && is_code(*at, found)
    });
    let said = code.and_then(|at| words.get(at..)).unwrap_or_default();
    said.get(..said.floor_char_boundary(SAID)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_among_addresses() {
        let codes = Codes::find("host mx.example[192.0.2.4] said: 550-5.1.1 no such user (1.2.3.4) 4.9.9.9");
        assert_eq!(codes, Codes { status: Some("5.1.1".into()), smtp: Some(550) });
        assert_eq!(Codes::find("version 8.14.4, 500 messages").smtp, Some(500));
        assert_eq!(Codes::find("2026, 999").smtp, None);
    }

    fn is_permanent(status: &str, diagnostic: &str, words: &str) -> bool {
        of(status, diagnostic, words).1
    }

    #[test]
    fn words_before_codes() {
        assert!(is_permanent("5.1.1", "550 5.1.1 user unknown", ""));
        assert!(!is_permanent("5.1.1", "552 mailbox full", ""));
        assert!(!is_permanent("4.4.1", "", "user unknown"));
        assert!(!is_permanent("5.0.0", "", "connection timed out"));
        assert!(is_permanent("5.0.0", "", "your message was not taken"));
    }

    #[test]
    fn what_does_not_speak_against_the_address_is_not_for_good() {
        for (reason, status, said) in [
            (BounceReason::SenderRefused, "5.7.1", "554 5.7.1 client host [192.0.2.1] blocked using bl.example"),
            (BounceReason::SenderRefused, "5.7.26", "550 5.7.26 unauthenticated mail is not accepted due to dmarc"),
            (BounceReason::ContentRefused, "5.7.1", "554 5.7.1 identified as spam"),
            (BounceReason::TooLarge, "5.3.4", "552 message size exceeds the fixed limit"),
            (BounceReason::Inactive, "5.2.1", "550 5.2.1 user unknown"),
            (BounceReason::Filtered, "5.1.1", "550 5.1.1 refused due to recipient preferences"),
        ] {
            assert_eq!(of(status, said, ""), (reason, false), "{said}");
        }
        let (reason, is_permanent) = of("5.1.1", "550 5.1.1 refused", "");
        assert_eq!((reason, is_permanent), (BounceReason::NoSuchUser, true), "a status with one meaning stands before a mere refusal");
    }

    #[test]
    fn where_it_was_said_tells_what_is_meant() {
        let at = |stage: &str| of("5.2.1", "550 5.2.1 user unknown", stage).0;
        assert_eq!(at("550 5.2.1 user unknown (in reply to rcpt to command)"), BounceReason::NoSuchUser);
        assert_eq!(at(""), BounceReason::Inactive);
        assert_eq!(of("5.0.0", "550 unknown user", ">>> data <<< 550 unknown user"), (BounceReason::Filtered, false));
        let lost_in_the_fields = of("5.1.1", "550 5.1.1 user unknown", "your message was automatically rejected: not enough disk space");
        assert_eq!(lost_in_the_fields, (BounceReason::MailboxFull, false));
    }

    #[test]
    fn the_words_behind_the_code() {
        assert!(!is_permanent("", "", "host mx.example said: 552 over quota. blocked? see user unknown"));
        assert_eq!(after_code("on 5.5.2020 at 12:55 host 10.0.0.550 said: 550 no"), "550 no");
        assert_eq!(after_code("\u{e9}5\u{e9}55"), "");
        assert!(after_code(&format!("550 {}", "\u{e9}".repeat(400))).len() <= SAID);
    }
}
