//! The oracle: says whether bytes, decoded in any order to some depth, have a person's identity in them. It shares
//! nothing with the guard: recursive, slow and simple, by the structure that a mail parser sees as well as without.

use super::identity::Identity;
use data_encoding::{BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use flate2::read::{GzDecoder, ZlibDecoder};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use std::collections::HashSet;
use std::io::Read;
use unicode_normalization::UnicodeNormalization;

/// Deepest stacking of encodings that is undone.
const DEPTH: usize = 4;

/// What of the identity is in these bytes, if anything is.
pub fn finds(bytes: &[u8], identity: &Identity, name_is_public: bool) -> Option<String> {
    let mut wanted = vec![&identity.address, &identity.login, &identity.host];
    if !name_is_public {
        wanted.push(&identity.name);
    }
    let mut wanted: Vec<String> = wanted.into_iter().map(|text| squeezed(text)).collect();
    wanted.push(identity.telephone[1..].to_owned());
    let mut readings = HashSet::new();
    read(bytes, DEPTH, &mut readings);
    wanted.into_iter().find(|text| readings.iter().any(|reading| squeezed(reading).contains(text)))
}

/// Letters and digits alone, without accents and case.
fn squeezed(text: &str) -> String {
    let plain = text.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    plain
        .map(|c| match c {
            'ø' => 'o',
            'ł' => 'l',
            other => other,
        })
        .collect()
}

fn read(bytes: &[u8], depth: usize, readings: &mut HashSet<String>) {
    let texts = [String::from_utf8_lossy(bytes).into_owned(), bytes.iter().copied().map(char::from).collect()];
    for text in texts {
        if !readings.insert(text.clone()) || depth == 0 {
            continue;
        }
        for next in [quoted_printable(&text), percent(&text), references(&text), untagged(&text), unfolded(&text)] {
            if next != text.as_bytes() {
                read(&next, depth - 1, readings);
            }
        }
        for token in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '/' || c == '-' || c == '_')) {
            for decoded in packed(token) {
                read(&decoded, depth - 1, readings);
            }
        }
    }
    if depth > 0 {
        parts(bytes, depth, readings);
        let wide: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        readings.insert(String::from_utf16_lossy(&wide));
    }
}

/// By structure: headers and bodies as a mail program shows them.
fn parts(bytes: &[u8], depth: usize, readings: &mut HashSet<String>) {
    if depth < DEPTH - 1 && !bytes.windows(13).any(|window| window.eq_ignore_ascii_case(b"content-type:")) {
        return;
    }
    let Some(mail) = MessageParser::new().parse(bytes) else { return };
    for part in &mail.parts {
        for header in &part.headers {
            readings.insert(format!("{:?}", header.value));
        }
        if let Some(name) = part.attachment_name() {
            readings.insert(name.to_owned());
        }
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => read(text.as_bytes(), depth - 1, readings),
            PartType::Binary(content) | PartType::InlineBinary(content) => read(content, depth - 1, readings),
            PartType::Message(inner) => read(&inner.raw_message, depth - 1, readings),
            PartType::Multipart(_) => {}
        }
    }
}

fn packed(token: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if token.len() >= 8 && token.len().is_multiple_of(2) {
        found.extend(HEXLOWER_PERMISSIVE.decode(token.as_bytes()));
    }
    let standard = token.replace('-', "+").replace('_', "/");
    if token.len() >= 8 {
        // A last digit may hold stray bits: without them.
        for length in [standard.len(), standard.len().saturating_sub(1), standard.len() / 4 * 4] {
            found.extend(standard.get(..length).and_then(|digits| BASE64_NOPAD.decode(digits.as_bytes()).ok()));
        }
    }
    let mut inflated = Vec::new();
    for bytes in &found {
        let mut out = Vec::new();
        if bytes.starts_with(&[0x1f, 0x8b]) && GzDecoder::new(bytes.as_slice()).read_to_end(&mut out).is_ok() {
            inflated.push(out);
        } else if let Some(at) = bytes.windows(2).position(|pair| pair == b"\x78\x9c") {
            let mut out = Vec::new();
            let _ = ZlibDecoder::new(&bytes[at..]).read_to_end(&mut out);
            inflated.push(out);
        }
    }
    found.extend(inflated);
    found
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let joined = text.replace("=\r\n", "").replace("=\n", "");
    escapes(joined.as_bytes(), b'=')
}

fn percent(text: &str) -> Vec<u8> {
    escapes(text.as_bytes(), b'%')
}

fn escapes(bytes: &[u8], sign: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        let value = digits.filter(|_| bytes[at] == sign).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(value.unwrap_or(bytes[at]));
        at += if value.is_some() { 3 } else { 1 };
    }
    out
}

fn references(text: &str) -> Vec<u8> {
    let mut out = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    let mut from = 0;
    while let Some(start) = out[from..].find("&#").map(|at| from + at) {
        let Some(length) = out[start..].find(';').filter(|length| *length < 14) else {
            from = start + 2;
            continue;
        };
        let number = &out[start + 2..start + length];
        let value = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        };
        match value.and_then(char::from_u32) {
            Some(c) => out.replace_range(start..=start + length, &c.to_string()),
            None => from = start + 2,
        }
    }
    out.replace("&amp;", "&").into_bytes()
}

fn untagged(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out.into_bytes()
}

fn unfolded(text: &str) -> Vec<u8> {
    text.replace("\r\n ", "").replace("\r\n\t", "").replace("\\n", "\n").replace('\\', "").into_bytes()
}
