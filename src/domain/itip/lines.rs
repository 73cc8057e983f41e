//! Bytes to unfolded lines: charset, line ends and folding (RFC 5545 §3.1). Unfolding comes before decoding,
//! because clients fold inside a UTF-8 character.

use std::borrow::Cow;

/// The lines, unfolded and decoded. Empty lines stay, so that the index is a line number (of unfolded lines).
pub(super) fn unfold(bytes: &[u8]) -> Vec<String> {
    let bytes = utf16_to_utf8(bytes);
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in physical_lines(bytes) {
        match (line.first(), lines.last_mut()) {
            (Some(b' ' | b'\t'), Some(previous)) if !previous.is_empty() => previous.extend_from_slice(&line[1..]),
            // No line can start with a colon: an old Exchange breaks lines before it.
            (Some(b':'), Some(previous)) => previous.extend_from_slice(line),
            _ => lines.push(line.to_vec()),
        }
    }
    lines.into_iter().map(decode).collect()
}

/// Splits at CRLF, LF and lone CR.
fn physical_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|&b| b == b'\r' || b == b'\n').unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        // Quoted-printable decoders leave CR CR LF behind: it is one line end.
        let breaks = match tail {
            [b'\r', b'\r', b'\n', ..] => 3,
            [b'\r', b'\n', ..] => 2,
            [_, ..] => 1,
            [] => 0,
        };
        rest = &tail[breaks..];
        Some(line)
    })
}

/// UTF-8 where it is, else windows-1252, which no byte string fails.
fn decode(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap_or_else(|error| crate::domain::mime::charset::windows_1252(error.as_bytes()))
}

/// A UTF-16 object, marked (BOM) or plain to see (`B\0E\0`), in UTF-8; anything else as it is.
fn utf16_to_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (big_endian, body) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (false, rest),
        [0xFE, 0xFF, rest @ ..] => (true, rest),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (false, bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => (true, bytes),
        _ => return Cow::Borrowed(bytes),
    };
    let units = body.chunks_exact(2).map(|pair| match pair {
        [a, b] if big_endian => u16::from_be_bytes([*a, *b]),
        [a, b] => u16::from_le_bytes([*a, *b]),
        _ => 0,
    });
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Cow::Owned(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_inside_a_character_and_any_line_end() {
        assert_eq!(unfold(b"SUMMARY:caf\xC3\r\n \xA9\nX:1\rY\r\n:2\r\n\tb"), ["SUMMARY:café", "X:1", "Y:2b"]);
    }

    #[test]
    fn charsets_that_lie() {
        assert_eq!(unfold(b"\xEF\xBB\xBFA:b"), ["A:b"]);
        assert_eq!(unfold(b"A:caf\xE9"), ["A:café"]);
        assert_eq!(unfold(b"\xFF\xFEA\0:\0\xE9\0"), ["A:é"]);
        assert_eq!(unfold(b"\0A\0:\0\xE9"), ["A:é"]);
    }
}
