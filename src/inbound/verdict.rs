//! From one answer per recipient to what the protocol can say.

use crate::domain::answer::{Answer, AnswerClass};

/// SMTP has one answer for all recipients. A transient failure wins: the peer tries again, and what was taken is
/// recognized as a duplicate then. Otherwise one acceptance is enough. Missing answers are a failure of ours.
pub(super) fn merged(answers: Vec<Answer>, recipients: usize) -> Answer {
    if answers.len() < recipients {
        return Answer::TRY_AGAIN;
    }
    let first = |class| answers.iter().find(|answer| answer.class() == class);
    let chosen = first(AnswerClass::Transient).or_else(|| first(AnswerClass::Accepted)).or_else(|| first(AnswerClass::Permanent));
    chosen.cloned().unwrap_or(Answer::TRY_AGAIN)
}

/// LMTP answers once for each RCPT that was answered with 250, repeated ones too (RFC 2033 §4.2).
/// `accepted` has the place of each in the list of recipients.
pub(super) fn for_each(answers: &[Answer], accepted: &[usize]) -> Vec<Answer> {
    accepted.iter().map(|place| answers.get(*place).cloned().unwrap_or(Answer::TRY_AGAIN)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_loses_nobody() {
        let (yes, later, no) = (Answer::ACCEPTED, Answer::TRY_AGAIN, Answer::UNKNOWN_RECIPIENT);
        assert_eq!(merged(vec![no.clone(), yes.clone(), later.clone()], 3), later);
        assert_eq!(merged(vec![no.clone(), yes.clone()], 2), yes);
        assert_eq!(merged(vec![no.clone(), no.clone()], 2), no);
        assert_eq!(merged(vec![yes.clone()], 2), later);
        assert_eq!(merged(vec![], 0), later);
        assert_eq!(for_each(&[yes.clone(), no.clone()], &[0, 1, 0, 2]), [yes.clone(), no, yes, later]);
    }
}
