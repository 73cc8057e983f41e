//! A delivery status notification, as Postfix sends it (RFC 3464). It goes to the return path that the mail was sent with.

use super::super::letter::Letter;
use super::Mark;
use super::write::{date, message, multipart, part};
use crate::domain::address::Mailbox;

/// What the guest's server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounce {
    /// No such user: failed for good.
    Hard,
    /// The mailbox is full: failed for now, given up.
    Soft,
    /// Still tried.
    Delayed,
}

impl Bounce {
    fn terms(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Hard => ("failed", "5.1.1", "550 5.1.1 User unknown in virtual mailbox table", "Undelivered Mail Returned to Sender"),
            Self::Soft => ("failed", "4.2.2", "452 4.2.2 Mailbox full", "Undelivered Mail Returned to Sender"),
            Self::Delayed => ("delayed", "4.4.1", "connect to mx: Connection timed out", "Delayed Mail (still being retried)"),
        }
    }
}

/// The notification to `return_path`, with a null reverse-path of its own.
pub fn bounce(letter: &Letter, kind: Bounce, return_path: &Mailbox, mark: Mark) -> Vec<u8> {
    let (action, status, diagnostic, subject) = kind.terms();
    let server = format!("mx.{}", letter.reader.mailbox.domain());
    let headers = [
        ("From", format!("MAILER-DAEMON@{server} (Mail Delivery System)")),
        ("To", return_path.to_string()),
        ("Subject", subject.to_owned()),
        ("Date", date(mark.now)),
        ("Message-ID", format!("<{}@{server}>", mark.id.simple())),
        ("Auto-Submitted", "auto-replied".to_owned()),
        ("MIME-Version", "1.0".to_owned()),
    ];
    let notice = format!("This is the mail system at host {server}.\r\n\r\n<{}>: {diagnostic}\r\n", letter.reader.mailbox);
    let report = format!(
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {server}\r\nArrival-Date: {}\r\n\r\n\
         Final-Recipient: rfc822; {}\r\nOriginal-Recipient: rfc822;{}\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; {diagnostic}\r\n",
        date(letter.at),
        letter.reader.mailbox,
        letter.reader.mailbox
    );
    let message_id = letter.message_id.as_ref().map(|id| format!("Message-ID: {id}\r\n")).unwrap_or_default();
    let original = format!(
        "Content-Type: text/rfc822-headers\r\n\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: {}\r\n{message_id}",
        letter.writer.mailbox,
        letter.reader.mailbox,
        super::header_text(&letter.subject)
    );
    let body = multipart(
        "report; report-type=delivery-status",
        &format!("B{}/{server}", mark.id.simple()),
        &[part("text/plain; charset=us-ascii", &notice), report, original],
    );
    message(&headers, &body)
}
