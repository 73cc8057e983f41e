//! Writing raw messages line by line, so that each program's own form can be kept.

use crate::domain::address::NamedMailbox;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

/// A header value that may have other characters than ASCII: encoded words of at most 75 characters (RFC 2047 §2).
pub(crate) fn header_text(text: &str) -> String {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars().filter(|c| !c.is_control()) {
        if words.last().is_some_and(|word| word.len() + c.len_utf8() > 45) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect::<Vec<_>>().join("\r\n ")
}

/// `Name <address>`.
pub(crate) fn address(who: &NamedMailbox) -> String {
    match who.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) if name.is_ascii() => format!("\"{}\" <{}>", name.replace(['"', '\\', '\r', '\n'], ""), who.mailbox),
        Some(name) => format!("{} <{}>", header_text(name), who.mailbox),
        None => format!("<{}>", who.mailbox),
    }
}

/// RFC 5322 §3.3 date.
pub(crate) fn date(at: DateTime<Utc>) -> String {
    at.to_rfc2822()
}

/// RFC 5545 §3.3.5 form 2.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A whole message: headers, an empty line, the body. `body` begins with its own Content-Type header.
pub(crate) fn message(headers: &[(&str, String)], body: &str) -> Vec<u8> {
    let mut text: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    text.push_str(body);
    text.into_bytes()
}

/// `Content-Type: multipart/…` and its parts.
pub(crate) fn multipart(kind: &str, boundary: &str, parts: &[String]) -> String {
    let parts: String = parts.iter().map(|part| format!("--{boundary}\r\n{part}\r\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n{parts}--{boundary}--\r\n")
}

/// One part in base64. `content_type` may have parameters and further header lines.
pub(crate) fn part(content_type: &str, content: &str) -> String {
    let encoded = STANDARD.encode(content);
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / 38);
    for (index, c) in encoded.chars().enumerate() {
        if index > 0 && index % 76 == 0 {
            lines.push_str("\r\n");
        }
        lines.push(c);
    }
    format!("Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}\r\n")
}

/// One part in quoted-printable (RFC 2045 §6.7).
pub(crate) fn quoted_printable_part(content_type: &str, content: &str) -> String {
    let mut lines = String::new();
    for line in content.split("\r\n") {
        let mut width = 0;
        for (index, byte) in line.bytes().enumerate() {
            let ends = index + 1 == line.len();
            let plain = (b'!'..=b'~').contains(&byte) && byte != b'=' || byte == b' ' && !ends;
            let written = if plain { char::from(byte).to_string() } else { format!("={byte:02X}") };
            if width + written.len() > 75 {
                lines.push_str("=\r\n");
                width = 0;
            }
            width += written.len();
            lines.push_str(&written);
        }
        lines.push_str("\r\n");
    }
    format!("Content-Type: {content_type}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{lines}")
}

/// Content lines, folded at 75 octets between characters (RFC 5545 §3.1).
pub(crate) fn calendar_lines(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        let mut width = 0;
        for c in line.chars() {
            if width + c.len_utf8() > 75 {
                text.push_str("\r\n ");
                width = 1;
            }
            width += c.len_utf8();
            text.push(c);
        }
        text.push_str("\r\n");
    }
    text
}

/// RFC 5545 §3.3.11 TEXT.
pub(crate) fn calendar_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            ';' | ',' | '\\' => escaped.extend(['\\', c]),
            _ if c.is_control() => {}
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A parameter value in quotes: no quote, no control character (RFC 5545 §3.2).
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "'").chars().filter(|c| !c.is_control()).collect::<String>())
}
