//! "Prove that you are human": shown to people, its link never opened.

use super::lexicon::Lexicon;
use super::{Finding, Message, ReplyClass};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let mail = message.mail;
    let phrase = Lexicon::CHALLENGE.find("", &message.subject).or_else(|| Lexicon::CHALLENGE.find("", &message.words))?;
    let asks_for_an_act = message.words.contains("http://")
        || message.words.contains("https://")
        || mail.html.as_ref().is_some_and(|html| html.contains("href"))
        || message.words.contains("reply to this");
    // A person who answers in a thread may speak of robots too.
    let is_personal = !mail.in_reply_to.is_empty() && !super::auto_reply::is_marked(message);
    (asks_for_an_act && !is_personal)
        .then(|| Finding::new(ReplyClass::Challenge, format!("it asks for proof of a person: \u{201c}{phrase}\u{201d}")))
}
