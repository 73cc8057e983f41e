//! Whether a failure is for good: by the enhanced status (RFC 3463), the SMTP code, and the words beside them.

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

/// Sections of the lexicon in the order in which they are asked, and whether their words mean that another attempt is
/// pointless: the address does not exist, or this mail will be refused again. A full mailbox, a server that could not be
/// reached and a refusal because of who sends may all be otherwise tomorrow.
const SECTIONS: [(&str, bool); 5] = [("full", false), ("unknown", true), ("waiting", false), ("sender", false), ("content", true)];

/// Most octets after an SMTP code that are taken for what the server said.
const SAID: usize = 300;

/// Whether trying again is pointless. The server's own words come first, then statuses with one meaning (RFC 3463 §3), then
/// the rest of the report's words, last the class of the code.
pub(super) fn is_permanent(status: &str, diagnostic: &str, words: &str) -> bool {
    if status.starts_with("4.") {
        return false;
    }
    let said = match fold(diagnostic) {
        empty if empty.is_empty() => after_code(words).to_owned(),
        said => said,
    };
    let by_status = of_status(status);
    let by_said = judged(&said).filter(|(section, _)| !(by_status == Some(true) && *section == "sender"));
    let by_words = || judged(words).map(|(_, is_permanent)| is_permanent);
    let by_code = || Codes::find(&said).smtp.or_else(|| Codes::find(words).smtp).map(|code| code >= 500);
    let by_class = || match status {
        // RFC 3463 §3.8: security and policy, of which nothing else is known.
        status if status.starts_with("5.7.") => Some(false),
        status => status.starts_with("5.").then_some(true),
    };
    by_said.map(|(_, is_permanent)| is_permanent).or(by_status).or_else(by_words).or_else(by_class).or_else(by_code).unwrap_or(true)
}

/// The first section whose words are in the folded text.
fn judged(text: &str) -> Option<(&'static str, bool)> {
    SECTIONS.into_iter().find(|(section, _)| Lexicon::VERDICT.find(section, text).is_some())
}

/// Statuses that mean one thing wherever they come from.
fn of_status(status: &str) -> Option<bool> {
    match status {
        // §3.2: no such mailbox, no such system, bad syntax, moved, null MX (RFC 7505); §3.5: nowhere to route to.
        "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.4.4" => Some(true),
        // §3.3, §3.4: the mail is too large.
        "5.2.3" | "5.3.4" => Some(true),
        // §3.3: mailbox disabled, mailbox full; §3.5: the network, not the address.
        "5.2.1" | "5.2.2" | "5.4.2" | "5.4.7" => Some(false),
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
    let Some(said) = code.and_then(|at| words.get(at..)) else { return "" };
    let end = said.char_indices().map(|(at, _)| at).take_while(|at| *at <= SAID).last().unwrap_or_default();
    if said.len() <= SAID { said } else { said.get(..end).unwrap_or_default() }
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

    #[test]
    fn words_before_codes() {
        assert!(is_permanent("5.1.1", "550 5.1.1 user unknown", ""));
        assert!(!is_permanent("5.1.1", "552 mailbox full", ""));
        assert!(!is_permanent("4.4.1", "", "user unknown"));
        assert!(!is_permanent("5.0.0", "", "connection timed out"));
        assert!(is_permanent("5.0.0", "", "your message was rejected"));
    }

    #[test]
    fn what_the_sender_can_put_right_is_not_for_good() {
        assert!(!is_permanent("5.7.1", "554 5.7.1 client host [192.0.2.1] blocked using bl.example", ""));
        assert!(!is_permanent("5.7.26", "550 5.7.26 unauthenticated mail is not accepted due to dmarc", ""));
        assert!(is_permanent("5.7.1", "554 5.7.1 identified as spam", ""));
        assert!(is_permanent("5.3.4", "552 message size exceeds the fixed limit", ""));
        assert!(is_permanent("5.1.1", "550 5.1.1 refused", ""), "a status with one meaning stands before a mere refusal");
    }

    #[test]
    fn the_words_behind_the_code() {
        assert!(!is_permanent("", "", "host mx.example said: 552 over quota. blocked? see user unknown"));
        assert_eq!(after_code("on 5.5.2020 at 12:55 host 10.0.0.550 said: 550 no"), "550 no");
        assert_eq!(after_code("\u{e9}5\u{e9}55"), "");
        assert!(after_code(&format!("550 {}", "\u{e9}".repeat(400))).len() <= SAID);
    }
}
