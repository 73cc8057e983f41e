//! An out-of-office answer, as Exchange sends it (RFC 3834 §3).

use super::super::letter::Letter;
use super::write::{message, part};
use super::{Mark, answering};

/// The reader's system says that they are away. To be sent with a null reverse-path.
pub fn away(letter: &Letter, mark: Mark) -> Vec<u8> {
    let subject = format!("Réponse automatique : {}", letter.subject);
    let message_id = format!("<{}@{}>", mark.id.simple(), letter.reader.mailbox.domain());
    let mut headers = answering(letter, &subject, &message_id, mark);
    headers.push(("Auto-Submitted", "auto-generated".to_owned()));
    headers.push(("X-Auto-Response-Suppress", "All".to_owned()));
    headers.push(("X-MS-Exchange-Inbox-Rules-Loop", letter.reader.mailbox.to_string()));
    let text = "Bonjour,\r\n\r\nJe suis absent du bureau jusqu'à lundi et lirai mes messages à mon retour.\r\n\r\nCordialement\r\n";
    message(&headers, &part("text/plain; charset=\"utf-8\"", text))
}
