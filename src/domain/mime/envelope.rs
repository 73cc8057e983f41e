//! The envelope of a message that lies in a mailbox: what the server which put it there has written down of it. A sender can write
//! the same fields. That gains them nothing: they could have written to the same addresses by SMTP, and who the author is, is
//! proved elsewhere.

use super::fields::Block;
use crate::domain::address::{Mailbox, ReversePath};

/// Most addresses of one message that are looked at: no list of thousands makes thousands of questions.
pub const MOST: usize = 64;

/// What a message in a mailbox says of its way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Addresses that it may have been delivered for, in groups: the best evidence first. The first group with one of our own
    /// addresses in it says for whom it is.
    pub recipients: Vec<Vec<Mailbox>>,
    /// Where reports on it would go.
    pub reverse_path: ReversePath,
}

impl Envelope {
    /// Reads the header. `trusted` are names of the fields in which the receiving server notes for whom it delivers, in the order
    /// in which they are believed. After them comes the trace of the newest server that says for whom it took the message, and then
    /// To and Cc, which anybody writes.
    pub fn read(raw: &[u8], trusted: &[String]) -> Self {
        let block = Block::read(raw);
        let mut recipients: Vec<Vec<Mailbox>> = trusted.iter().map(|name| topmost(&block, name)).collect();
        recipients.push(traced(&block).into_iter().collect());
        let mut written = Vec::new();
        for name in ["To", "Cc"] {
            written.extend(block.mailboxes(name).0.into_iter().map(|named| named.mailbox));
        }
        recipients.push(written);
        let mut left = MOST;
        for group in &mut recipients {
            once_each(group, left);
            left -= group.len();
        }
        recipients.retain(|group| !group.is_empty());
        Self { recipients, reverse_path: reverse_path(&block) }
    }
}

/// The addresses of the topmost field of that name: each server writes above those before it, so that what stands below is of an
/// earlier one, or of the sender.
fn topmost(block: &Block, name: &str) -> Vec<Mailbox> {
    block.first_mailboxes(name).into_iter().map(|named| named.mailbox).collect()
}

/// The address of the first Received that has one (RFC 5321 §4.4, FOR).
fn traced(block: &Block) -> Option<Mailbox> {
    block.texts("Received").find_map(|text| {
        let words = text.split([' ', '\t', ';']).collect::<Vec<_>>();
        words.windows(2).filter(|pair| pair[0].eq_ignore_ascii_case("for")).find_map(|pair| {
            let bare = pair[1].strip_prefix('<')?.strip_suffix('>')?;
            Mailbox::parse(bare).ok()
        })
    })
}

/// Takes repeated ones out, and what is more than `most`.
fn once_each(group: &mut Vec<Mailbox>, most: usize) {
    let mut seen: Vec<String> = Vec::new();
    group.retain(|mailbox| {
        let canonical = mailbox.canonical();
        let is_new = seen.len() < most && !seen.contains(&canonical);
        if is_new {
            seen.push(canonical);
        }
        is_new
    });
}

/// Return-Path (RFC 5321 §4.4); where the server writes none, who is said to have sent it. An empty one is the null path of a report.
fn reverse_path(block: &Block) -> ReversePath {
    if let Some(text) = block.text("Return-Path") {
        let text = text.trim();
        let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text).trim();
        return Mailbox::parse(bare).map_or(ReversePath::Null, ReversePath::Mailbox);
    }
    let named = |name| block.first_mailboxes(name).into_iter().next();
    named("Sender").or_else(|| named("From")).map_or(ReversePath::Null, |named| ReversePath::Mailbox(named.mailbox))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(head: &str) -> Envelope {
        let trusted = ["Delivered-To", "X-Original-To"].map(str::to_owned);
        Envelope::read(format!("{head}\r\nbody").as_bytes(), &trusted)
    }

    fn shown(envelope: &Envelope) -> Vec<Vec<String>> {
        envelope.recipients.iter().map(|group| group.iter().map(Mailbox::to_string).collect()).collect()
    }

    #[test]
    fn the_topmost_field_of_each_name_counts() {
        let envelope = read(
            "Return-Path: <jean@hopital.example>\r\nDelivered-To: visio@hosted.example\r\nX-Original-To: oa1@visio.example\r\n\
             Received: from a.example by b.example\r\nDelivered-To: forged@visio.example\r\nX-Original-To: forged@visio.example\r\n\
             From: jean@hopital.example\r\nTo: \"O\" <oa2@visio.example>, OA2@visio.example\r\nCc: x@y.example, g: oa3@visio.example;\r\n",
        );
        let expected =
            vec![vec!["visio@hosted.example"], vec!["oa1@visio.example"], vec!["oa2@visio.example", "x@y.example", "oa3@visio.example"]];
        assert_eq!(shown(&envelope), expected);
        assert_eq!(envelope.reverse_path.to_string(), "<jean@hopital.example>");
    }

    #[test]
    fn a_trace_that_says_for_whom_comes_before_what_the_sender_wrote() {
        let envelope = read(
            "Received: by 2001:db8::1 with SMTP id x; Mon, 5 Jan 2026 09:00:00 +0000\r\n\
             Received: from a.example by mx.hosted.example\r\n\twith ESMTPS id for-1\r\n\tfor <oa1@visio.example>; Mon, 5 Jan 2026 09:00:00 +0000\r\n\
             Received: from b.example by a.example for <forged@visio.example>\r\nTo: oa2@visio.example\r\n",
        );
        assert_eq!(shown(&envelope), [["oa1@visio.example"], ["oa2@visio.example"]]);
        assert_eq!(shown(&read("Received: by a for x@visio.example; for <\r\n")), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_report_has_no_sender_and_a_mail_without_a_path_has_its_author() {
        assert_eq!(read("Return-Path: <>\r\nFrom: a@b.example\r\n").reverse_path, ReversePath::Null);
        assert_eq!(read("Return-Path: MAILER-DAEMON\r\nFrom: a@b.example\r\n").reverse_path, ReversePath::Null);
        assert_eq!(read("From: a@b.example\r\n").reverse_path.to_string(), "<a@b.example>");
        assert_eq!(read("Sender: s@b.example\r\nFrom: a@b.example\r\n").reverse_path.to_string(), "<s@b.example>");
        assert_eq!(read("Subject: x\r\n").reverse_path, ReversePath::Null);
    }

    #[test]
    fn a_long_list_ends() {
        let list: Vec<String> = (0..5_000).map(|number| format!("a{number}@visio.example")).collect();
        let envelope = read(&format!("Delivered-To: one@visio.example\r\nTo: {}\r\n", list.join(",\r\n ")));
        assert_eq!(envelope.recipients.iter().map(Vec::len).collect::<Vec<_>>(), [1, MOST - 1]);
    }

    proptest! {
        #[test]
        fn hostile_headers_are_read(lines in proptest::collection::vec("(Delivered-To|X-Original-To|To|Cc|Return-Path|Received|From|x)? ?:?[ -~\\t\\r\\n\u{80}-\u{17f}]{0,60}", 0..12)) {
            let envelope = read(&lines.join("\r\n"));
            prop_assert!(envelope.recipients.iter().map(Vec::len).sum::<usize>() <= MOST);
            prop_assert!(envelope.recipients.iter().all(|group| !group.is_empty()));
        }

        #[test]
        fn what_a_sender_writes_below_never_outranks_the_server(forged in "[a-z]{1,8}", value in "[ -~]{0,60}") {
            let envelope = read(&format!("Delivered-To: oa1@visio.example\r\nDelivered-To: {forged}@visio.example\r\nDelivered-To: {value}\r\n"));
            prop_assert_eq!(shown(&envelope), vec![vec!["oa1@visio.example"]]);
        }

        #[test]
        fn any_octets_are_read(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Envelope::read(&raw, &["Delivered-To".to_owned()]);
        }
    }
}
