//! Transfer encodings undone (RFC 2045 §6). Never fails: what is no code is kept or passed over.

/// Undoes the named encoding; an unknown one is taken as none.
pub(super) fn undo(bytes: &[u8], encoding: &str) -> Vec<u8> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" => base64(bytes),
        "quoted-printable" => quoted_printable(bytes),
        _ => bytes.to_vec(),
    }
}

/// Base64 with anything else between, and padding anywhere.
pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3);
    let (mut group, mut count) = (0_u32, 0);
    for &byte in bytes {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                flush(group, count, &mut decoded);
                (group, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        group = group << 6 | u32::from(sextet);
        count += 1;
        if count == 4 {
            flush(group, count, &mut decoded);
            (group, count) = (0, 0);
        }
    }
    flush(group, count, &mut decoded);
    decoded
}

/// Writes the whole octets of a group of `count` sextets.
fn flush(group: u32, count: u32, decoded: &mut Vec<u8>) {
    let [_, octets @ ..] = (group << (6 * (4 - count.min(4)))).to_be_bytes();
    let whole = (count * 6 / 8) as usize;
    decoded.extend(octets.into_iter().take(whole));
}

/// Quoted-printable; an `=` that starts no code stays.
pub(crate) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'=' {
            decoded.push(first);
            continue;
        }
        let hex = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        if let (Some(high), Some(low)) = (hex(0), hex(1)) {
            decoded.push(high << 4 | low);
            rest = &tail[2..];
        } else if let Some(after) = soft_break(tail) {
            rest = after;
        } else {
            decoded.push(b'=');
        }
    }
    decoded
}

/// What follows a soft line break: spaces at the end of the line belong to it (RFC 2045 §6.7 rule 3).
fn soft_break(tail: &[u8]) -> Option<&[u8]> {
    let blanks = tail.iter().take(80).take_while(|b| matches!(b, b' ' | b'\t')).count();
    match &tail[blanks..] {
        [b'\r', b'\n', after @ ..] | [b'\n' | b'\r', after @ ..] => Some(after),
        [] => Some(&[]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_as_people_break_them() {
        assert_eq!(base64(b"YWJj\r\nZA==YWI=\n!YQ"), b"abcdaba");
        assert_eq!(base64(b"="), b"");
        assert_eq!(quoted_printable(b"caf=C3=A9 = x=\r\ny=3d= \nz="), "café = xy=z".as_bytes());
        assert_eq!(undo(b"as it is", "8bit"), b"as it is");
    }
}
