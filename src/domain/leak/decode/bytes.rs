//! Disguises of bytes: quoted-printable, percent encoding, calendar lines.

/// Quoted-printable (RFC 2045 §6.7), soft line breaks included.
pub(in super::super) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        let soft = (*byte == b'=').then(|| soft_break(after)).flatten();
        let value = hex_pair(after).filter(|_| *byte == b'=');
        if let Some(skipped) = soft {
            rest = after.get(skipped..).unwrap_or_default();
        } else if let Some(value) = value {
            out.push(value);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    out
}

/// Length of a soft line break after its `=`: white space may stand before the end of the line, at most a line of it.
fn soft_break(after: &[u8]) -> Option<usize> {
    let blank = after.iter().take(76).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line_end = after.get(blank..)?;
    if line_end.starts_with(b"\r\n") { Some(blank + 2) } else { line_end.starts_with(b"\n").then_some(blank + 1) }
}

/// Percent encoding (RFC 3986 §2.1, RFC 2231 §4). Each run of it is read in its own charset.
pub(in super::super) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('%');
    out.push_str(pieces.next().unwrap_or_default());
    let mut run = Vec::new();
    for piece in pieces {
        let value = hex_pair(piece.as_bytes());
        let tail = if value.is_some() { piece.get(2..).unwrap_or_default() } else { piece };
        run.extend(value);
        if value.is_none() || !tail.is_empty() {
            out.push_str(&text_of(&run));
            run.clear();
        }
        if value.is_none() {
            out.push('%');
        }
        out.push_str(tail);
    }
    out.push_str(&text_of(&run));
    out
}

/// Calendar lines unfolded (RFC 5545 §3.1), `\` and `^` escapes undone (§3.3.11, RFC 6868).
pub(in super::super) fn unfolded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        let (skipped, written): (usize, &[u8]) = match rest {
            [b'\r', b'\n', b' ' | b'\t', ..] => (3, b""),
            [b'\n', b' ' | b'\t', ..] => (2, b""),
            [b'\\' | b'^', b'n' | b'N', ..] => (2, b" "),
            [b'^', b'\'', ..] => (2, b"\""),
            [b'^', b'^', ..] => (2, b"^"),
            [b'\\', ..] => (1, b""),
            _ => (1, std::slice::from_ref(byte)),
        };
        out.extend_from_slice(written);
        rest = rest.get(skipped..).unwrap_or(after);
    }
    out
}

/// As UTF-8, or else as Latin-1.
pub(in super::super) fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

fn hex_pair(rest: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}
