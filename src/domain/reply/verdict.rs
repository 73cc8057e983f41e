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

/// Whether trying again is pointless: the address is wrong, or the other side refuses with a 5 code. A full mailbox and a
/// server that could not be reached are not for good, whatever class their code has.
pub(super) fn is_permanent(status: &str, diagnostic: &str, words: &str) -> bool {
    if status.starts_with("4.") {
        return false;
    }
    let said = fold(diagnostic);
    let judged = |text: &str| {
        let hit = |section| Lexicon::VERDICT.find(section, text).is_some();
        match () {
            () if hit("full") => Some(false),
            () if hit("unknown") => Some(true),
            () if hit("waiting") => Some(false),
            () => None,
        }
    };
    let by_status = match status {
        "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.4.4" => Some(true),
        // RFC 3463 §3.3: mailbox full.
        "5.2.2" => Some(false),
        // RFC 3463 §3.5: the network, not the address.
        "5.4.1" | "5.4.2" | "5.4.7" => Some(false),
        _ => None,
    };
    let code = Codes::find(diagnostic).smtp.or_else(|| Codes::find(words).smtp);
    let by_code = || {
        let by_class = status.starts_with("5.").then_some(true);
        by_class.or_else(|| code.map(|code| code >= 500))
    };
    // A refusal without any code may be one of this hour.
    let is_mere_refusal = || Lexicon::VERDICT.find("refused", words).is_some();
    judged(&said).or(by_status).or_else(|| judged(words)).or_else(by_code).unwrap_or_else(|| !is_mere_refusal())
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
        assert!(is_permanent("5.7.1", "", "your message was rejected"));
        assert!(!is_permanent("", "", "your message was rejected"));
    }
}
