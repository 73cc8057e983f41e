//! The BDAT line (RFC 3030 §2), strictly: a chunk whose length is misread would turn message text into commands.

use crate::domain::answer::Answer;

/// `501 5.5.4`: where the chunk ends is unknown, so nothing after it can be trusted.
pub(super) const MALFORMED: Answer = Answer::new(501, (5, 5, 4), "Syntax: BDAT chunk-size [LAST]; closing");

/// What a BDAT line announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Octets that follow the line.
    pub(super) size: u64,
    /// Whether it is the last one.
    pub(super) last: bool,
}

/// Reads the arguments of a BDAT line. `None`: malformed.
pub(super) fn chunk(line: &[u8]) -> Option<Chunk> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.split_ascii_whitespace().skip(1);
    let size = words.next()?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return None,
    };
    let digits = size.bytes().all(|byte| byte.is_ascii_digit());
    (digits && words.next().is_none()).then(|| size.parse().ok()).flatten().map(|size| Chunk { size, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_line_is_read_strictly() {
        assert_eq!(chunk(b"BDAT 0 LAST\r\n"), Some(Chunk { size: 0, last: true }));
        assert_eq!(chunk(b"bdat 86\r\n"), Some(Chunk { size: 86, last: false }));
        for bad in ["BDAT", "BDAT x", "BDAT -1", "BDAT +1", "BDAT 1 LAST x", "BDAT 1 2", "BDAT 99999999999999999999999 LAST", "BDAT 1\u{1}"]
        {
            assert_eq!(chunk(bad.as_bytes()), None, "{bad}");
        }
    }
}
