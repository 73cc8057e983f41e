//! One SMTP stream as a client sees it: lines out, replies in, every step with a time limit.

use smtp_proto::Error;
use smtp_proto::response::parser::ResponseReceiver;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Longest reply that is read, in octets: more is a broken server.
const REPLY_MAX: usize = 16 * 1024;
/// Longest answer that is kept, in characters.
const TEXT_MAX: usize = 300;

/// What carries the octets: TCP, or TLS over it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A complete reply (RFC 5321 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// Code, enhanced code (RFC 3463) and words on one clean line of bounded length.
    pub text: String,
    /// As it came, for EHLO.
    pub raw: Vec<u8>,
}

impl Reply {
    /// A refusal of our own, in the form of a reply.
    pub fn own(code: u16, text: &str) -> Self {
        Self { code, text: format!("{code} {text}"), raw: Vec::new() }
    }

    /// Whether the reply is positive (2yz).
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// The content was not written.
#[derive(Debug)]
pub struct Unwritten {
    /// Whether all of it had been handed to the line: then the other side may have it. Otherwise the end of the final
    /// dot was never sent, and there is no message yet (RFC 5321 §4.1.1.4).
    pub whole: bool,
    /// What the line says.
    pub cause: io::Error,
}

/// A stream with what was read ahead.
pub struct Wire<S> {
    stream: S,
    ahead: Vec<u8>,
    limit: Duration,
}

impl<S: Stream> Wire<S> {
    /// Over a connected stream; `limit` bounds each read and each write.
    pub fn new(stream: S, limit: Duration) -> Self {
        Self { stream, ahead: Vec::new(), limit }
    }

    /// Gives the stream back, unless octets were read ahead: before a TLS handshake they may be an
    /// attacker's (RFC 3207 §4.2).
    pub fn into_quiet_stream(self) -> io::Result<S> {
        if self.ahead.is_empty() { Ok(self.stream) } else { Err(io::Error::other("the server spoke before the TLS handshake")) }
    }

    /// Writes and flushes.
    pub async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let send = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        timeout(self.limit, send).await.map_err(|_| late())?
    }

    /// Writes the content with its final dot, and flushes. The limit holds for each piece that the line takes: a long
    /// message over a slow one takes its time.
    pub async fn write_content(&mut self, octets: &[u8]) -> Result<(), Unwritten> {
        let mut rest = octets;
        while !rest.is_empty() {
            let written = timeout(self.limit, self.stream.write(rest)).await.map_err(|_| late()).flatten();
            match written {
                Ok(0) => return Err(Unwritten { whole: false, cause: io::ErrorKind::WriteZero.into() }),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(cause) => return Err(Unwritten { whole: false, cause }),
            }
        }
        let flushed = timeout(self.limit, self.stream.flush()).await.map_err(|_| late()).flatten();
        flushed.map_err(|cause| Unwritten { whole: true, cause })
    }

    /// Writes one command line and reads its reply.
    pub async fn ask(&mut self, command: &str) -> io::Result<Reply> {
        self.write(format!("{command}\r\n").as_bytes()).await?;
        self.reply(self.limit).await
    }

    /// Reads one reply with the usual limit.
    pub async fn next_reply(&mut self) -> io::Result<Reply> {
        self.reply(self.limit).await
    }

    /// Reads one reply; `limit` is for the whole of it.
    pub async fn reply(&mut self, limit: Duration) -> io::Result<Reply> {
        timeout(limit, self.read_reply()).await.map_err(|_| late())?
    }

    async fn read_reply(&mut self) -> io::Result<Reply> {
        let mut buffer = [0; 2048];
        loop {
            if let Some(end) = reply_end(&self.ahead) {
                let raw: Vec<u8> = self.ahead.drain(..end).collect();
                return parse(raw);
            }
            if self.ahead.len() > REPLY_MAX {
                return Err(io::Error::other("the server's reply has no end"));
            }
            match self.stream.read(&mut buffer).await? {
                0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")),
                n => self.ahead.extend(buffer.iter().take(n)),
            }
        }
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the server took too long")
}

/// Behind the last line of the first reply: the one whose fourth octet is no hyphen.
fn reply_end(octets: &[u8]) -> Option<usize> {
    let mut start = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        start += line.len();
        if line.ends_with(b"\n") && line.get(3) != Some(&b'-') {
            return Some(start);
        }
    }
    None
}

fn parse(raw: Vec<u8>) -> io::Result<Reply> {
    match ResponseReceiver::default().parse(&mut raw.iter()) {
        Ok(response) => {
            let [class, subject, detail] = response.esc;
            let enhanced = if class == 0 { String::new() } else { format!(" {class}.{subject}.{detail}") };
            let text = clean(&format!("{}{enhanced} {}", response.code, response.message));
            Ok(Reply { code: response.code, text, raw })
        }
        // Its code decides; that it has too many words must not.
        Err(Error::ResponseTooLong) => match raw.get(..3).and_then(|digits| str::from_utf8(digits).ok()).map(str::parse) {
            Some(Ok(code)) => Ok(Reply { code, text: clean(&String::from_utf8_lossy(&raw)), raw }),
            _ => Err(io::Error::other("the server's reply is no SMTP")),
        },
        Err(_) => Err(io::Error::other("the server's reply is no SMTP")),
    }
}

/// One line without control characters, of bounded length.
pub fn clean(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(TEXT_MAX) {
        line.truncate(cut);
    }
    line
}

/// The message as DATA carries it (RFC 5321 §4.5.2): [`mail_lines`] with dots doubled at their heads, and the final dot.
pub fn data_form(message: &[u8]) -> Vec<u8> {
    let mut out = lines(message, b".");
    out.extend_from_slice(b".\r\n");
    out
}

/// The message with every line ended by CRLF: a lone CR or LF becomes one, so that nothing can be smuggled. What is
/// signed must be in this form, since it is the one that is sent.
pub fn mail_lines(message: &[u8]) -> Vec<u8> {
    lines(message, b"")
}

/// With `before_dot` put before a dot at the head of a line.
fn lines(message: &[u8], before_dot: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 50 + 8);
    let mut at_line_start = true;
    let mut octets = message.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        if octet == b'\r' || octet == b'\n' {
            if octet == b'\r' && octets.peek() == Some(&b'\n') {
                octets.next();
            }
            out.extend_from_slice(b"\r\n");
            at_line_start = true;
            continue;
        }
        if at_line_start && octet == b'.' {
            out.extend_from_slice(before_dot);
        }
        out.push(octet);
        at_line_start = false;
    }
    if !at_line_start {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_lines_end_in_crlf() {
        assert_eq!(data_form(b".a\r\n..b\r\n"), b"..a\r\n...b\r\n.\r\n");
        assert_eq!(data_form(b"a\n.\rb"), b"a\r\n..\r\nb\r\n.\r\n");
        assert_eq!(data_form(b""), b".\r\n");
        assert_eq!(mail_lines(b".a\n.\rb"), b".a\r\n.\r\nb\r\n");
    }

    #[test]
    fn replies_become_one_clean_line() {
        let reply = parse(b"550-5.1.1 no\r\n550 5.1.1 such\x07 user\r\n".to_vec()).unwrap();
        assert_eq!((reply.code, reply.text.starts_with("550 5.1.1 no")), (550, true));
        assert!(!reply.text.contains('\x07') && !reply.text.contains('\n'));
        assert!(parse(b"hello\r\n".to_vec()).is_err());
        assert_eq!(clean(&"x".repeat(1000)).len(), TEXT_MAX);
    }
}
