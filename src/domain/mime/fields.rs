//! The header block (RFC 5322 §2.2): raw fields in order, and their values decoded by mail-parser.
//! The fields are split here, not by mail-parser, because it keeps one of two From fields.

use super::{HeaderField, charset};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::thread::MessageId;
use chrono::{DateTime, Utc};
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, HeaderValue};
use std::borrow::Cow;

/// Most `=?` in a Content-Type that are read as they are.
const ENCODED_MAX: usize = 16;

/// One header field, unfolded and in UTF-8.
#[derive(Debug)]
pub(super) struct RawField {
    pub(super) name: String,
    /// Ends with a line feed, as mail-parser wants it.
    value: String,
}

/// A header block and where the body starts.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) fields: Vec<RawField>,
    /// Offset of the body.
    pub(super) body: usize,
    /// A line was no field.
    pub(super) has_strays: bool,
}

impl Block {
    /// Reads up to the first empty line, or to the end. A leading mbox `From ` line is passed over.
    pub(super) fn read(raw: &[u8]) -> Self {
        let mut block = Self { body: raw.len(), ..Self::default() };
        let mut field: Vec<u8> = Vec::new();
        let mut offset = 0;
        for line in raw.split_inclusive(|b| *b == b'\n') {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            // `From :` is the field, written in the obsolete way (RFC 5322 §4.5).
            let name = content.split(|b| *b == b':').next().unwrap_or_default();
            let is_mbox_line = offset == 0 && content.starts_with(b"From ") && name.trim_ascii() != b"From";
            offset += line.len();
            if content.is_empty() {
                block.body = offset;
                break;
            }
            if is_mbox_line {
                continue;
            }
            if matches!(content.first(), Some(b' ' | b'\t')) {
                // Unfolding takes the line end away and nothing else (RFC 5322 §2.2.3).
                field.extend_from_slice(content);
            } else {
                block.push(&std::mem::replace(&mut field, content.to_vec()));
            }
        }
        block.push(&field);
        block
    }

    fn push(&mut self, field: &[u8]) {
        if field.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let Some(colon) = field.iter().position(|b| *b == b':') else {
            self.has_strays = true;
            return;
        };
        let name = String::from_utf8_lossy(&field[..colon]).trim().to_owned();
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            self.has_strays = true;
            return;
        }
        let value = charset::decode(&field[colon + 1..], None);
        let mut value = value.trim().to_owned();
        value.retain(|c| !c.is_control() || c == '\t');
        value.push('\n');
        self.fields.push(RawField { name, value });
    }

    /// All fields of that name, in any letter case.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a RawField> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// Text of the first field of that name.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.named(name).next().map(RawField::text)
    }

    /// Texts of all fields of that name.
    pub(super) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> {
        self.named(name).map(RawField::text)
    }

    /// All mailboxes of all fields of that name; the second value counts what is no mailbox.
    pub(super) fn mailboxes(&self, name: &str) -> (Vec<NamedMailbox>, usize) {
        let mut bad = 0;
        let mut good = Vec::new();
        for field in self.named(name) {
            field.each_address(|address| match named_mailbox(address) {
                Some(mailbox) => good.push(mailbox),
                None => bad += 1,
            });
        }
        (good, bad)
    }

    /// The mailboxes of the first field of that name.
    pub(super) fn first_mailboxes(&self, name: &str) -> Vec<NamedMailbox> {
        let mut found = Vec::new();
        if let Some(field) = self.named(name).next() {
            field.each_address(|address| found.extend(named_mailbox(address)));
        }
        found
    }

    /// Message ids of all fields of that name, in order.
    pub(super) fn message_ids(&self, name: &str) -> Vec<MessageId> {
        self.named(name).flat_map(RawField::message_ids).collect()
    }

    /// Date.
    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        let field = self.named("Date").next()?;
        let date = match MessageStream::new(field.value.as_bytes()).parse_date() {
            HeaderValue::DateTime(date) if date.is_valid() => date,
            _ => return None,
        };
        DateTime::from_timestamp(date.to_timestamp(), 0)
    }

    /// A field of the form `value; name=value` (RFC 2045 §5.1, RFC 2183), RFC 2231 undone.
    pub(super) fn content(&self, name: &str) -> Option<Content> {
        let field = self.named(name).next()?;
        // A boundary may hold `=?` (RFC 2046 §5.1.1), so that few of them are let through.
        let is_safe = field.value.matches("=?").take(ENCODED_MAX + 1).count() <= ENCODED_MAX;
        let text = if is_safe { Cow::Borrowed(&field.value) } else { Cow::Owned(defuse(&field.value)) };
        let value = MessageStream::new(text.as_bytes()).parse_content_type();
        let HeaderValue::ContentType(parsed) = value else { return None };
        let kind = match parsed.c_subtype.as_deref() {
            Some(subtype) => format!("{}/{subtype}", parsed.c_type),
            None => parsed.c_type.to_string(),
        };
        let attributes = parsed.attributes.unwrap_or_default();
        let parameters = attributes.into_iter().map(|a| (a.name.to_ascii_lowercase(), decoded_parameter(&a.value))).collect();
        let kind = kind.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        Some(Content { kind, parameters })
    }
}

/// A Content-Type or Content-Disposition.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) kind: String,
    pub(super) parameters: Vec<(String, String)>,
}

impl Content {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl RawField {
    /// The value as unstructured text, encoded words decoded.
    pub(super) fn text(&self) -> String {
        match MessageStream::new(defuse(&self.value).as_bytes()).parse_unstructured() {
            HeaderValue::Text(text) => text.chars().filter(|c| !c.is_control() || *c == '\t').collect(),
            _ => String::new(),
        }
    }

    pub(super) fn to_field(&self) -> HeaderField {
        HeaderField { name: self.name.clone(), value: self.text() }
    }

    fn each_address(&self, mut visit: impl FnMut(&Addr<'_>)) {
        match MessageStream::new(defuse(&self.value).as_bytes()).parse_address() {
            HeaderValue::Address(Address::List(list)) => list.iter().for_each(visit),
            HeaderValue::Address(Address::Group(groups)) => groups.iter().flat_map(|group| &group.addresses).for_each(&mut visit),
            _ => {}
        }
    }

    /// Everything between angle brackets, else every word: clients forget the brackets.
    fn message_ids(&self) -> impl Iterator<Item = MessageId> {
        let has_brackets = self.value.contains('<');
        let split = move |c: char| if has_brackets { c == '>' } else { c.is_whitespace() || c == ',' };
        self.value.split(split).filter_map(move |piece| match (has_brackets, piece.rsplit_once('<')) {
            (true, Some((_, id))) => MessageId::parse(&id.split_whitespace().collect::<String>()),
            (true, None) => None,
            (false, _) => MessageId::parse(piece),
        })
    }
}

fn named_mailbox(address: &Addr<'_>) -> Option<NamedMailbox> {
    let mailbox = Mailbox::parse(address.address.as_deref()?.trim()).ok()?;
    let name = address.name.as_deref().map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(NamedMailbox { name: name.filter(|name| !name.is_empty()), mailbox })
}

/// Parameters carry encoded words although RFC 2047 §5 forbids it (Outlook, many webmails).
fn decoded_parameter(value: &str) -> String {
    if !value.contains("=?") {
        return value.to_owned();
    }
    RawField { name: String::new(), value: format!("{}\n", defuse(value)) }.text()
}

/// Breaks every `=?` that starts no complete encoded word. mail-parser looks for its end as far as the field goes,
/// each time: thousands of starts without an end would take quadratic time.
fn defuse(value: &str) -> String {
    let mut safe = String::with_capacity(value.len() + 1);
    let mut rest = value;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        safe.push_str(before);
        safe.push_str(if is_encoded_word(word) { "=?" } else { "= ?" });
        rest = &word[2..];
    }
    safe.push_str(rest);
    safe
}

/// Whether `=?charset?B-or-Q?text?=` stands here, with no other start inside. Looks no further than the next start.
fn is_encoded_word(word: &str) -> bool {
    let mut pieces = word[2..].splitn(3, '?');
    let charset = pieces.next().unwrap_or_default();
    let encoding = pieces.next().unwrap_or_default();
    let text = pieces.next().unwrap_or_default().as_bytes();
    let ends = text.windows(2).position(|pair| pair == b"?=" || pair == b"=?");
    // `=?=` is the padding of base64 and the end of the word, not a start.
    let is_whole = ends.is_some_and(|at| text.get(at..).is_some_and(|rest| rest.starts_with(b"?=") || rest.starts_with(b"=?=")));
    !charset.is_empty() && matches!(encoding, "b" | "B" | "q" | "Q") && is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_they_come() {
        let raw = b"From x@y.example Mon Jan 1\r\nFrom: a@b.example\r\nfrom: =?UTF-8?Q?Zo=C3=A9?= <c@d.example>,\r\n e@f.example\r\nstray\r\n: x\r\nSubject: caf\xE9\r\n\r\nbody";
        let block = Block::read(raw);
        assert_eq!(&raw[block.body..], b"body");
        assert_eq!(block.named("From").count(), 2);
        let (mailboxes, bad) = block.mailboxes("from");
        assert_eq!((mailboxes.len(), bad, mailboxes[1].name.as_deref()), (3, 0, Some("Zoé")));
        assert_eq!(block.text("subject").as_deref(), Some("café"));
        assert!(block.has_strays);
    }

    #[test]
    fn encoded_words_survive_and_bombs_do_not() {
        let read = |value: &str| Block::read(format!("Subject: {value}\n\n").as_bytes()).text("Subject").unwrap_or_default();
        assert_eq!(read("=?utf-8?b?w6k=?= =?utf-8?q?_x?="), "é x");
        assert_eq!(read("=?utf-8?b?w6k=?=\n =?utf-8?b?w6k=?="), "éé");
        let bomb = "=?aa?q?".repeat(200_000);
        assert!(read(&bomb).starts_with("= ?aa"));
        let bomb = "=?a".repeat(200_000);
        assert!(!read(&bomb).is_empty());
    }

    #[test]
    fn ids_names_and_dates() {
        let block = Block::read(b"References: <a@b>\r\n <c d@e> junk\r\nIn-Reply-To: x@y\r\nContent-Type: Text/Calendar; METHOD=REQUEST; name*=utf-8''r%C3%A9union.ics\r\nDate: Tue, 6 Jan 2026 10:00:00 +0100\r\n\r\n");
        let ids = |name: &str| block.message_ids(name).iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!((ids("References"), ids("In-Reply-To")), (vec!["a@b".to_owned(), "cd@e".to_owned()], vec!["x@y".to_owned()]));
        let content = block.content("content-type").unwrap();
        assert_eq!(
            (content.kind.as_str(), content.parameter("method"), content.parameter("name")),
            ("text/calendar", Some("REQUEST"), Some("réunion.ics"))
        );
        assert_eq!(block.date().unwrap().to_rfc3339(), "2026-01-06T09:00:00+00:00");
    }
}
