//! A person's answer in words, as a webmail sends it: text and HTML, with the original quoted below.

use super::super::letter::Letter;
use super::write::{message, multipart, part};
use super::{Mark, answering};
use crate::domain::address::NamedMailbox;

/// The reader's words to the writer; `from` is another address of theirs, or somebody else's.
pub fn words(letter: &Letter, text: &str, from: Option<&NamedMailbox>, mark: Mark) -> Vec<u8> {
    let letter = Letter { reader: from.unwrap_or(&letter.reader).clone(), ..letter.clone() };
    let subject = if letter.subject.to_lowercase().starts_with("re:") { letter.subject.clone() } else { format!("Re: {}", letter.subject) };
    let message_id = format!("<{}@{}>", mark.id.simple(), letter.reader.mailbox.domain());
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let quoted: String = letter.text.lines().take(40).map(|line| format!("> {line}\n")).collect();
    let introduced = format!("On {} {} wrote:", letter.at.format("%a, %d %b %Y at %H:%M"), letter.writer.mailbox);
    let plain = format!("{text}\n\n{introduced}\n{quoted}").replace('\n', "\r\n");
    let html = format!(
        "<div dir=\"ltr\">{}</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br></div>\
         <blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex\">{}</blockquote></div>",
        html_text(&text),
        html_text(&introduced),
        html_text(&letter.text)
    );
    let body = multipart(
        "alternative",
        &format!("0000{}", mark.id.simple()),
        &[part("text/plain; charset=\"UTF-8\"", &plain), part("text/html; charset=\"UTF-8\"", &html)],
    );
    message(&answering(&letter, &subject, &message_id, mark), &body)
}

/// Text as HTML.
pub(super) fn html_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace("\r\n", "\n").replace('\n', "<br>")
}
