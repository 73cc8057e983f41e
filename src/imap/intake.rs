//! One message: for whom it is, and what became of it. A door without a dialogue: what SMTP says in an envelope stands in the header
//! here, and what it answers becomes a place in the mailbox.

use crate::domain::address::Mailbox;
use crate::domain::answer::{Answer, AnswerClass};
use crate::domain::mime::envelope::Envelope;
use crate::flow::port::{Incoming, MailDoor, Reception, Session};
use std::net::{IpAddr, Ipv4Addr};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It and its effects are durable, now or since an earlier time.
    Taken,
    /// It is for one of our addresses, and is not taken in this form.
    Refused,
    /// It is for none of our addresses.
    Unmatched,
    /// It is not taken now, for a reason of its own, such as too much mail from its sender.
    Later,
    /// It could not be taken now: something inside is down.
    Down,
}

/// Gives a message to its stories.
pub(super) async fn take(reception: &dyn Reception, raw: Vec<u8>, recipient_headers: &[String], encrypted: bool) -> Fate {
    if !has_whole_lines(&raw) {
        return Fate::Refused;
    }
    let Envelope { recipients, reverse_path } = Envelope::read(&raw, recipient_headers);
    let session =
        Session { door: MailDoor::Imap, peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED), helo: String::new(), encrypted, submitter: None };
    for group in recipients {
        let mut ours: Vec<Mailbox> = Vec::new();
        for recipient in group {
            let answer = reception.check_recipient(&session, &reverse_path, &recipient).await;
            match answer.class() {
                AnswerClass::Accepted => ours.push(recipient),
                AnswerClass::Transient => return fate(&[answer]),
                AnswerClass::Permanent => {}
            }
        }
        if !ours.is_empty() {
            let incoming = Incoming { session, reverse_path, recipients: ours, raw };
            return fate(&reception.receive(incoming).await);
        }
    }
    Fate::Unmatched
}

/// Whether every line ends with CRLF and none has a NUL in it. In anything else two programs see different lines: the other doors
/// take no such message either.
fn has_whole_lines(raw: &[u8]) -> bool {
    let mut before = 0;
    for octet in raw {
        match (before, *octet) {
            (_, 0) => return false,
            (b'\r', b'\n') => {}
            (b'\r', _) | (_, b'\n') => return false,
            (_, _) => {}
        }
        before = *octet;
    }
    before != b'\r'
}

/// What several answers come to. One that must come again brings the others again, which are duplicates then.
fn fate(answers: &[Answer]) -> Fate {
    let has = |class| answers.iter().any(|answer| answer.class() == class);
    // RFC 3463 §3.4: X.3 is about the system that answers.
    let is_down = |answer: &Answer| answer.class() == AnswerClass::Transient && answer.enhanced.1 == 3;
    if answers.is_empty() || answers.iter().any(is_down) {
        return Fate::Down;
    }
    if has(AnswerClass::Transient) {
        return Fate::Later;
    }
    if has(AnswerClass::Accepted) { Fate::Taken } else { Fate::Refused }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::ReversePath;
    use crate::domain::id::OrganizerId;
    use crate::flow::port::PortResult;
    use async_trait::async_trait;
    use std::sync::Mutex;

    /// Knows the addresses of one domain: `later@` can't be asked about, `forged@` is unknown.
    #[derive(Default)]
    struct Desk {
        got: Mutex<Vec<String>>,
        says: Option<Answer>,
    }

    #[async_trait]
    impl Reception for Desk {
        async fn login(&self, _login: &str, _password: &str) -> PortResult<Option<OrganizerId>> {
            Ok(None)
        }

        async fn check_recipient(&self, session: &Session, _reverse_path: &ReversePath, recipient: &Mailbox) -> Answer {
            assert!(session.door == MailDoor::Imap && session.submitter.is_none());
            match (recipient.domain(), recipient.local()) {
                ("visio.example", "later") => Answer::TRY_AGAIN,
                ("visio.example", "forged") => Answer::UNKNOWN_RECIPIENT,
                ("visio.example", _) => Answer::RECIPIENT_OK,
                _ => Answer::RELAY_DENIED,
            }
        }

        async fn receive(&self, incoming: Incoming) -> Vec<Answer> {
            self.got.lock().unwrap().extend(incoming.recipients.iter().map(Mailbox::to_string));
            vec![self.says.clone().unwrap_or(Answer::ACCEPTED); incoming.recipients.len()]
        }
    }

    async fn taken(desk: &Desk, head: &str) -> (Fate, Vec<String>) {
        let raw = format!("{head}From: a@hopital.example\r\n\r\nx\r\n").into_bytes();
        let fate = take(desk, raw, &["Delivered-To".to_owned(), "X-Original-To".to_owned()], true).await;
        (fate, std::mem::take(&mut *desk.got.lock().unwrap()))
    }

    #[tokio::test]
    async fn the_first_group_with_an_address_of_ours_says_for_whom_it_is() {
        let desk = Desk::default();
        for (head, fate, got) in [
            ("Delivered-To: o1@visio.example\r\nTo: o2@visio.example\r\n", Fate::Taken, vec!["o1@visio.example"]),
            (
                "Delivered-To: box@hosted.example\r\nX-Original-To: o1@visio.example\r\nTo: o2@visio.example\r\n",
                Fate::Taken,
                vec!["o1@visio.example"],
            ),
            (
                "Delivered-To: box@hosted.example\r\nTo: x@y.example, o2@visio.example\r\nCc: O2@visio.example, o3@visio.example\r\n",
                Fate::Taken,
                vec!["o2@visio.example", "o3@visio.example"],
            ),
            ("Delivered-To: forged@visio.example\r\nTo: o2@visio.example\r\n", Fate::Taken, vec!["o2@visio.example"]),
            ("To: x@y.example\r\n", Fate::Unmatched, vec![]),
            ("To: forged@visio.example\r\n", Fate::Unmatched, vec![]),
            ("", Fate::Unmatched, vec![]),
            ("To: o1@visio.example, later@visio.example\r\n", Fate::Down, vec![]),
        ] {
            assert_eq!(taken(&desk, head).await, (fate, got.into_iter().map(str::to_owned).collect()), "{head}");
        }
    }

    #[tokio::test]
    async fn lines_that_two_programs_see_differently_are_refused() {
        let desk = Desk::default();
        for head in ["To: o1@visio.example\n", "To: o1@visio.example\rX: y\r\n", "To: o1@visio.example\0\r\n"] {
            assert_eq!(taken(&desk, head).await.0, Fate::Refused, "{head:?}");
        }
        assert!(has_whole_lines(b"a\r\n\r\nb") && has_whole_lines(b"") && !has_whole_lines(b"a\r"));
    }

    #[tokio::test]
    async fn an_answer_becomes_a_fate() {
        let too_much = Answer::new(450, (4, 7, 1), "Too much mail");
        for (says, fate) in [(Answer::TRY_AGAIN, Fate::Down), (too_much.clone(), Fate::Later), (Answer::UNKNOWN_RECIPIENT, Fate::Refused)] {
            let desk = Desk { says: Some(says), ..Desk::default() };
            assert_eq!(taken(&desk, "To: o1@visio.example\r\n").await.0, fate);
        }
        assert_eq!(super::fate(&[Answer::ACCEPTED, Answer::UNKNOWN_RECIPIENT]), Fate::Taken);
        assert_eq!(super::fate(&[Answer::ACCEPTED, Answer::TRY_AGAIN, too_much.clone()]), Fate::Down);
        assert_eq!(super::fate(&[Answer::ACCEPTED, too_much]), Fate::Later);
        assert_eq!(super::fate(&[]), Fate::Down);
    }
}
