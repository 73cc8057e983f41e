//! Whether a header can be read in two ways. Checks of the author, mail programs and we must all see one and the same message: where
//! they may not, nothing that is proved of one reading counts for another ("Composition Kills", Chen, Paxson and Jiang, 2020).
//!
//! The header is scanned here from its bytes, by other code than what reads it for the flows.

use super::author;
use crate::domain::address::Mailbox;
use std::collections::BTreeMap;

/// Fields that stand once in a message (RFC 5322 §3.6, RFC 2045 §3, RFC 2183 §2), as they are compared.
const ONCE: [&str; 15] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
];
/// Longest line, in octets without its end (RFC 5322 §2.1.1): servers break longer ones, wherever that falls.
const LINE_MAX: usize = 998;
/// Most doubts that are told.
const TOLD_MAX: usize = 10;

/// Everything that may be read in two ways, as short English clauses. `author` is whom the flows take for the author.
pub(super) fn doubts(raw: &[u8], author: Option<&Mailbox>) -> Vec<String> {
    let header = Header::scan(raw);
    let mut doubts = header.faults;
    for name in ONCE {
        let values = header.fields.get(name).map(Vec::as_slice).unwrap_or_default();
        // The same twice says one thing, but for the author, whom checks and programs take from one of the two.
        let is_one = values.iter().all(|value| Some(value) == values.first());
        if values.len() > 1 && (!is_one || name == "from") {
            doubts.push(format!("{} fields {name}", values.len()));
        }
    }
    if let Some([value]) = header.fields.get("from").map(Vec::as_slice) {
        match (author::scan(value), author) {
            (Ok(scanned), Some(author)) if scanned.same_as(author) => {}
            (Ok(_), _) => doubts.push("its author is read in two ways".to_owned()),
            (Err(why), _) => doubts.push(format!("its From field {why}")),
        }
    }
    doubts.truncate(TOLD_MAX);
    doubts
}

/// What is needed of a header block.
#[derive(Default)]
struct Header {
    /// Values by name, both without spaces around them; folds taken off.
    fields: BTreeMap<String, Vec<Vec<u8>>>,
    faults: Vec<String>,
}

impl Header {
    fn scan(raw: &[u8]) -> Self {
        let mut header = Self::default();
        let mut field: Vec<u8> = Vec::new();
        for (number, line) in raw.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
                header.fault("has a control character in it");
            }
            if line.len() > LINE_MAX {
                header.fault("has a line that is longer than any may be");
            }
            match line.first() {
                // The line that mbox files put before a message.
                Some(b'F') if number == 0 && is_mbox_line(line) => {}
                Some(b' ' | b'\t') if number == 0 => {
                    header.fault("begins with a continued line");
                    field = line.to_vec();
                }
                Some(b' ' | b'\t') => field.extend_from_slice(line),
                Some(_) | None => header.take(&std::mem::replace(&mut field, line.to_vec())),
            }
        }
        header.take(&field);
        header
    }

    fn fault(&mut self, what: &str) {
        let fault = format!("its header {what}");
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn take(&mut self, field: &[u8]) {
        if field.is_empty() {
            return;
        }
        let Some(colon) = field.iter().position(|byte| *byte == b':') else {
            return self.fault("has a line that is no field");
        };
        let (written, value) = field.split_at(colon);
        // As the most lenient of readers would see the name.
        let name: String =
            written.iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
        if name.len() != written.len() && ONCE.contains(&name.as_str()) {
            self.fault(&format!("has a field {name} whose name is not written so"));
        } else if name.is_empty()
            || written.iter().any(|byte| !byte.is_ascii_graphic() && !matches!(byte, b' ' | b'\t'))
            || written.trim_ascii().iter().any(u8::is_ascii_whitespace)
        {
            self.fault("has a line that is no field");
        }
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii().to_vec();
        self.fields.entry(name).or_default().push(value);
    }
}

/// `From sender date`: no field, though its time of day has colons.
fn is_mbox_line(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    line.starts_with(b"From ") && !name.trim_ascii().eq_ignore_ascii_case(b"from")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JEAN: &str = "From: Jean Martin <jean@hopital.example>";

    fn found(raw: &[u8]) -> Vec<String> {
        doubts(raw, Mailbox::parse("jean@hopital.example").ok().as_ref())
    }

    #[test]
    fn honest_mail_is_read_in_one_way() {
        for header in [
            JEAN.to_owned(),
            format!("From x@y.example Mon Jan 1\r\n{JEAN}\r\nX-A: 1\r\nX-A: 2\r\nReceived: a\r\nReceived: b"),
            format!("{JEAN}\r\nSubject: a\r\n b\r\nMIME-Version: 1.0\r\nMIME-Version: 1.0\r\nTo: a@b.example,\r\n\tc@d.example"),
            "FROM:\r\n jean@hopital.example\r\nSubject: \u{e9}t\u{e9}\r\nX-Odd : 1".to_owned(),
        ] {
            assert_eq!(found(format!("{header}\r\n\r\nFrom: x\r\nno field\0").as_bytes()), Vec::<String>::new(), "{header}");
            assert_eq!(found(format!("{header}\n\nx").replace("\r\n", "\n").as_bytes()), Vec::<String>::new(), "{header}");
        }
        assert!(doubts(b"Subject: a report\r\n\r\n", None).is_empty());
    }

    #[test]
    fn what_is_read_in_two_ways() {
        for header in [
            format!("{JEAN}\r\n{JEAN}"),
            format!("{JEAN}\r\nFrom : x@evil.example"),
            format!("{JEAN}\r\nfr\0om: x@evil.example"),
            format!("{JEAN}\r\nFro\r\n m: x@evil.example"),
            format!(" {JEAN}"),
            format!("{JEAN}\r\nstray\r\nSubject: x"),
            format!("{JEAN}\r\nSubject: one\r\nSubject: two"),
            format!("{JEAN}\r\nTo: a@b.example\r\nTO: c@d.example"),
            format!("{JEAN}\r\nContent-Type: text/plain\r\nContent-Type: text/html"),
            format!("{JEAN}\r\nSubject: a\rFrom: x@evil.example"),
            format!("{JEAN}\r\nX-A: \u{1}"),
            format!("{JEAN}\r\nX-A: {}", "a".repeat(1_000)),
            "From: x@evil.example".to_owned(),
            "From : jean@hopital.example".to_owned(),
        ] {
            assert!(!found(format!("{header}\r\n\r\nx").as_bytes()).is_empty(), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_scanned(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let told = found(&raw);
            prop_assert!(told.len() <= TOLD_MAX);
        }

        #[test]
        fn a_second_author_is_always_seen(before in "[a-z]{0,9}", odd in "[ \t]{0,3}", value in "[ -~]{0,40}") {
            let raw = format!("X-{before}: 1\r\n{JEAN}\r\nFrOm{odd}: {value}\r\n\r\nx");
            prop_assert!(!found(raw.as_bytes()).is_empty());
        }
    }
}
