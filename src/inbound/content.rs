//! The bytes of a message as they arrive: where DATA ends, what dots are taken off, and which bytes are refused.
//!
//! The end of DATA is CRLF.CRLF and nothing else (RFC 5321 §4.1.1.4). A bare LF, a bare CR or a NUL anywhere makes the message
//! refused, because the next server may see an end of message there ("SMTP smuggling"). The rest is read up to the true end and dropped.

use crate::domain::answer::Answer;

/// `550 5.6.11`: a bare LF, a bare CR or a NUL.
pub(super) const BARE: Answer = Answer::new(550, (5, 6, 11), "A bare CR, a bare LF or a NUL is not allowed in a message; closing");
/// `552 5.3.4`: larger than SIZE.
pub(super) const TOO_LARGE: Answer = Answer::new(552, (5, 3, 4), "Message too large");

/// Why a message is refused by its bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A bare LF, a bare CR or a NUL.
    Bare,
    /// Larger than allowed.
    TooLarge,
}

impl Refusal {
    /// The answer to the peer.
    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Bare => BARE,
            Self::TooLarge => TOO_LARGE,
        }
    }
}

/// A message under way. Memory grows with what came, never with what was announced; a refused message is kept no longer.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Vec<u8>,
    most: usize,
    at: At,
    refusal: Option<Refusal>,
}

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// First of a line.
    LineStart,
    /// Inside a line.
    Line,
    /// After a CR that was kept.
    Cr,
    /// After a dot that began a line and was dropped.
    Dot,
    /// After such a dot and a CR: either the end, or a CR to keep.
    DotCr,
}

impl Content {
    /// An empty message that may grow to `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most, at: At::LineStart, refusal: None }
    }

    /// Takes DATA from `input`. Says how many bytes it took, and whether they ended with the end of the message.
    pub(super) fn take_data(&mut self, input: &[u8]) -> (usize, bool) {
        let mut taken = 0;
        while let Some(rest) = input.get(taken..).filter(|rest| !rest.is_empty()) {
            if self.at == At::Line {
                taken += self.run(rest);
                continue;
            }
            taken += 1;
            let byte = rest.first().copied().unwrap_or_default();
            self.at = match (self.at, byte) {
                (At::LineStart, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotCr,
                (At::DotCr, b'\n') => return (taken, true),
                (At::DotCr, _) => {
                    // A line of a dot, a CR and something else: the CR is bare, and `byte` may be one too.
                    self.refuse(Refusal::Bare);
                    self.after_cr(byte)
                }
                (At::Cr, _) => self.after_cr(byte),
                (At::LineStart | At::Dot | At::Line, _) => self.in_line(byte),
            };
        }
        (taken, false)
    }

    /// Takes a BDAT chunk, or a piece of one: no dots, no end mark (RFC 3030 §2).
    pub(super) fn take_chunk(&mut self, input: &[u8]) {
        let mut taken = 0;
        while let Some(rest) = input.get(taken..).filter(|rest| !rest.is_empty()) {
            let (at, byte) = (self.at, rest.first().copied().unwrap_or_default());
            if at == At::Cr {
                taken += 1;
                self.at = self.after_cr(byte);
            } else {
                taken += self.run(rest);
            }
        }
    }

    /// The message, or why it is refused. A CR at the very end is bare too.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        if self.at == At::Cr {
            self.refuse(Refusal::Bare);
        }
        match self.refusal {
            None => Ok(self.bytes),
            Some(refusal) => Err(refusal),
        }
    }

    /// Why the message will be refused, as far as is known.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Keeps everything up to the next byte that means something, and that byte. Never takes nothing.
    fn run(&mut self, rest: &[u8]) -> usize {
        let plain = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)).unwrap_or(rest.len());
        self.keep(rest.get(..plain).unwrap_or_default());
        match rest.get(plain) {
            None => {
                self.at = At::Line;
                plain
            }
            Some(byte) => {
                self.at = self.in_line(*byte);
                plain + 1
            }
        }
    }

    fn in_line(&mut self, byte: u8) -> At {
        self.keep(&[byte]);
        match byte {
            b'\r' => At::Cr,
            b'\n' | 0 => {
                self.refuse(Refusal::Bare);
                At::Line
            }
            _ => At::Line,
        }
    }

    fn after_cr(&mut self, byte: u8) -> At {
        if byte == b'\n' {
            self.keep(b"\n");
            return At::LineStart;
        }
        self.refuse(Refusal::Bare);
        self.in_line(byte)
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.refusal.is_some() {
            return;
        }
        if self.bytes.len() + bytes.len() > self.most {
            self.refuse(Refusal::TooLarge);
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Notes the refusal and lets go of the bytes. Bare bytes weigh more than size: they close the connection.
    fn refuse(&mut self, refusal: Refusal) {
        if self.refusal != Some(Refusal::Bare) {
            self.refusal = Some(refusal);
        }
        self.bytes = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Taken = (Result<Vec<u8>, Refusal>, Vec<u8>);

    /// Takes `input` in pieces of `piece` bytes: the message, and what was left after its end.
    fn take(input: &[u8], piece: usize) -> Option<Taken> {
        let mut content = Content::new(1000);
        let mut taken = 0;
        for part in input.chunks(piece.max(1)) {
            let (here, ended) = content.take_data(part);
            taken += here;
            if ended {
                return Some((content.finish(), input[taken..].to_vec()));
            }
            assert_eq!(here, part.len());
        }
        None
    }

    #[test]
    fn dots_are_taken_off_and_the_rest_is_left() {
        for piece in 1..12 {
            let (message, left) = take(b"..a\r\n.\t\r\n\r\n.b.\r\nc\r\n.\r\nQUIT\r\n", piece).unwrap();
            assert_eq!(message.unwrap(), b".a\r\n\t\r\n\r\nb.\r\nc\r\n");
            assert_eq!(left, b"QUIT\r\n");
            assert_eq!(take(b".\r\n", piece).unwrap().0.unwrap(), b"");
        }
    }

    #[test]
    fn nothing_but_crlf_dot_crlf_ends() {
        let ends: [&[u8]; 12] = [
            b"\n.\n",
            b"\r\n.\n",
            b"\n.\r\n",
            b"\r.\r",
            b"\r\n.\r",
            b"\r.\r\n",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
            b"\r\n.\r\0\n",
            b"\r\0\n.\r\n",
            b"\r\n.\r\r\n",
            b"\r\r\n.\n",
        ];
        for end in ends {
            for piece in 1..9 {
                let input = [b"a", end, b"MAIL FROM:<x@y.example>\r\n.\r\n"].concat();
                let (message, left) = take(&input, piece).unwrap();
                assert_eq!(message, Err(Refusal::Bare), "{end:?}");
                assert!(left.is_empty());
            }
        }
    }

    #[test]
    fn a_large_message_is_dropped_but_read_to_its_end() {
        let input = [vec![b'x'; 1001], b"\r\n.\r\nQUIT".to_vec()].concat();
        assert_eq!(take(&input, 100).unwrap(), (Err(Refusal::TooLarge), b"QUIT".to_vec()));
    }

    #[test]
    fn a_chunk_keeps_its_dots() {
        let mut content = Content::new(100);
        for part in [&b".\r\n..a\r"[..], b"\n.\r\n", b"", b"b"] {
            content.take_chunk(part);
        }
        assert_eq!(content.finish().unwrap(), b".\r\n..a\r\n.\r\nb");
        for bad in [&b"a\n"[..], b"a\r", b"\0", b"\n", b"\r\r\n"] {
            let mut content = Content::new(100);
            content.take_chunk(bad);
            assert_eq!(content.finish(), Err(Refusal::Bare), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was_stuffed(lines in proptest::collection::vec("[.a]{0,4}", 0..8), piece in 1usize..9) {
            let plain: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let stuffed: String = lines.iter().map(|line| format!("{}{line}\r\n", if line.starts_with('.') { "." } else { "" })).collect();
            let (message, left) = take(format!("{stuffed}.\r\nNOOP").as_bytes(), piece).unwrap();
            prop_assert_eq!(message.unwrap(), plain.into_bytes());
            prop_assert_eq!(left, b"NOOP");
        }

        #[test]
        fn any_bytes_in_any_pieces_give_the_same(input in proptest::collection::vec(proptest::sample::select(b"\r\n.\0a".to_vec()), 0..40), piece in 1usize..9) {
            prop_assert_eq!(take(&input, piece), take(&input, 1));
            let end = [&b"\r\n"[..], &input].concat().windows(5).position(|five| five == b"\r\n.\r\n");
            prop_assert_eq!(take(&input, piece).map(|(_, left)| input.len() - left.len()), end.map(|at| at + 3));
        }
    }
}
