//! Replies waiting to be written, in one piece for a group of pipelined commands (RFC 2920 §3.2).

use crate::domain::answer::Answer;
use std::fmt::Write;

/// The bytes of replies that were not written yet.
#[derive(Debug, Default)]
pub(super) struct Replies {
    text: String,
}

impl Replies {
    /// A reply with an enhanced code (RFC 2034).
    pub(super) fn answer(&mut self, answer: &Answer) {
        let (class, subject, detail) = answer.enhanced;
        // Writing to a String can't fail.
        let _ = write!(self.text, "{} {class}.{subject}.{detail} ", answer.code);
        self.end(&answer.text);
    }

    /// A reply of several lines without an enhanced code, as for EHLO.
    pub(super) fn lines(&mut self, code: u16, lines: &[impl AsRef<str>]) {
        for (number, line) in lines.iter().enumerate() {
            let separator = if number + 1 == lines.len() { ' ' } else { '-' };
            let _ = write!(self.text, "{code}{separator}");
            self.end(line.as_ref());
        }
    }

    /// The rest of a line. Whatever could break it, or is not ASCII (RFC 5321 §4.2), becomes `?`.
    fn end(&mut self, text: &str) {
        self.text.extend(text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }));
        self.text.push_str("\r\n");
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_never_breaks_its_line() {
        let mut replies = Replies::default();
        replies.answer(&Answer { code: 550, enhanced: (5, 1, 1), text: "a\r\n250 é".to_owned().into() });
        replies.lines(250, &["mx.gateway.example", "SIZE 1", "HELP"]);
        replies.lines(334, &[""]);
        assert_eq!(replies.bytes(), b"550 5.1.1 a??250 ?\r\n250-mx.gateway.example\r\n250-SIZE 1\r\n250 HELP\r\n334 \r\n");
    }
}
