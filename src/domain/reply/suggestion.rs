//! What words may mean. Shown to people, never applied.

use super::Suggestion;
use super::lexicon::{Lexicon, fold};

const INTENTS: [(Suggestion, &str); 7] = [
    (Suggestion::Accepts, "accepts"),
    (Suggestion::Declines, "declines"),
    (Suggestion::OtherTime, "other-time"),
    (Suggestion::CannotConnect, "cannot-connect"),
    (Suggestion::CallMe, "call-me"),
    (Suggestion::WrongPerson, "wrong-person"),
    (Suggestion::Unsubscribe, "unsubscribe"),
];

/// Every intent that the words show; a refusal outweighs an acceptance in the same words.
pub(super) fn of(new_text: &str) -> Vec<Suggestion> {
    let folded = fold(new_text);
    let mut found: Vec<Suggestion> =
        INTENTS.iter().filter(|(_, section)| Lexicon::INTENTS.find(section, &folded).is_some()).map(|(intent, _)| *intent).collect();
    if found.contains(&Suggestion::Declines) {
        found.retain(|intent| *intent != Suggestion::Accepts);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents_in_six_languages() {
        for (words, intent) in [
            ("I'll be there.", Suggestion::Accepts),
            ("Je n\u{2019}arrive pas à me connecter !", Suggestion::CannotConnect),
            ("Ich kann leider nicht teilnehmen", Suggestion::Declines),
            ("¿Podemos aplazar la reunión?", Suggestion::OtherTime),
            ("Mi richiami al 01", Suggestion::CallMe),
            ("U hebt de verkeerde persoon", Suggestion::WrongPerson),
        ] {
            assert_eq!(of(words), [intent], "{words}");
        }
        assert!(of("Bonjour, merci.").is_empty());
    }
}
