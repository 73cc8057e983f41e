//! The address between the angle brackets of MAIL FROM and RCPT TO, taken from the line itself: the parser of the
//! commands drops the quotes of a quoted local part and makes `<postmaster>` look like `<>`.

/// The text of the first path in a command line, without a source route (RFC 5321 appendix F.2).
pub(super) fn path(line: &[u8]) -> Option<&[u8]> {
    let start = line.iter().position(|byte| *byte == b'<')? + 1;
    let inside = line.get(start..)?;
    let end = unquoted(inside, b'>')?;
    let path = inside.get(..end)?;
    if path.first() == Some(&b'@') {
        let colon = unquoted(path, b':')?;
        return path.get(colon + 1..);
    }
    Some(path)
}

/// Where `wanted` stands outside a quoted string.
fn unquoted(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if *byte == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_taken_as_written() {
        let cases: [(&[u8], Option<&[u8]>); 8] = [
            (b"MAIL FROM:<> SIZE=1", Some(b"")),
            (b"MAIL FROM:<a@b.example> AUTH=<>", Some(b"a@b.example")),
            (b"RCPT TO:<\"a>b\"@c.example>", Some(b"\"a>b\"@c.example")),
            (b"RCPT TO:<\"a\\\">\"@c.example>", Some(b"\"a\\\">\"@c.example")),
            (b"RCPT TO:<@x.example,@y.example:a@b.example>", Some(b"a@b.example")),
            (b"RCPT TO:<@x.example>", None),
            (b"RCPT TO:<a@b.example", None),
            (b"RCPT TO:a@b.example", None),
        ];
        for (line, expected) in cases {
            assert_eq!(path(line), expected, "{}", String::from_utf8_lossy(line));
        }
    }
}
