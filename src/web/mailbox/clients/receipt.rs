//! A read receipt (RFC 8098).

use super::super::letter::Letter;
use super::write::{message, multipart, part};
use super::{Mark, answering};

/// "Your message was displayed." To be sent with a null reverse-path.
pub fn receipt(letter: &Letter, mark: Mark) -> Vec<u8> {
    let message_id = format!("<{}@{}>", mark.id.simple(), letter.reader.mailbox.domain());
    let mut headers = answering(letter, &format!("Lu : {}", letter.subject), &message_id, mark);
    headers.push(("Auto-Submitted", "auto-replied".to_owned()));
    let original = letter.message_id.as_ref().map(|id| format!("Original-Message-ID: {id}\r\n")).unwrap_or_default();
    let notification = format!(
        "Content-Type: message/disposition-notification\r\n\r\nReporting-UA: {}; Mail\r\nFinal-Recipient: rfc822;{}\r\n{original}\
         Disposition: manual-action/MDN-sent-manually; displayed\r\n",
        letter.reader.mailbox.domain(),
        letter.reader.mailbox
    );
    let body = multipart(
        "report; report-type=disposition-notification",
        &format!("mdn{}", mark.id.simple()),
        &[part("text/plain; charset=\"utf-8\"", "Votre message a été affiché.\r\n"), notification],
    );
    message(&headers, &body)
}
