//! The letters themselves: one function a letter.

use super::{
    AlertLetter, AnswerLetter, AwayLetter, ComposeError, InvitationLetter, ProblemLetter, ReplyLetter, Stationery, SummaryLetter,
    WordsLetter,
};

macro_rules! stub {
    ($($name:ident: $letter:ident),+) => {$(
        /// Builds the message: CRLF, ready but for its DKIM signature.
        pub fn $name(_stationery: &Stationery, _letter: &$letter<'_>) -> Result<Vec<u8>, ComposeError> {
            Ok(Vec::new())
        }
    )+};
}

stub!(invitation: InvitationLetter, reply: ReplyLetter, words: WordsLetter, answer: AnswerLetter, away: AwayLetter, summary: SummaryLetter, problem: ProblemLetter, alert: AlertLetter);
