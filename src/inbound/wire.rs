//! The line to a peer: buffered both ways, with time limits, and aware of the end of the server.

use super::limits::Limits;
use super::replies::Replies;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// Read at once, in bytes.
const BUFFER: usize = 8 * 1024;
/// After our last reply: how much and how long we read on, so that the peer gets the reply before a reset.
const LINGER_BYTES: u64 = 256 * 1024;
const LINGER: Duration = Duration::from_secs(2);

/// TCP, TLS over it, or a unix socket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// The peer closed, or the network failed.
    Closed,
    /// The peer kept us waiting.
    Idle,
    /// The session lasted too long.
    TooLong,
    /// The server stops.
    Stopping,
}

/// Set when the server stops.
pub(super) type Shutdown = watch::Receiver<bool>;

/// Waits until the server stops. A sender that is gone stops it too.
pub(super) async fn stopped(shutdown: &mut Shutdown) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// The line to a peer.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    /// Written as soon as we would have to wait for the peer.
    pub(super) replies: Replies,
    /// Whether a transaction is under way, which the end of the server lets finish.
    pub(super) busy: bool,
    end: Instant,
    at_end: Gone,
    shutdown: Shutdown,
    grace: Duration,
    write_patience: Duration,
}

/// How reading a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It is complete, up to and with its LF.
    Complete,
    /// It was longer than allowed and was dropped up to its LF.
    TooLong,
}

impl Wire {
    /// Around a stream; the session ends as `limits` say.
    pub(super) fn new(stream: Box<dyn Stream>, limits: &Limits, shutdown: Shutdown) -> Self {
        Self {
            stream: BufReader::with_capacity(BUFFER, stream),
            replies: Replies::default(),
            busy: false,
            end: Instant::now() + limits.session_length(),
            at_end: Gone::TooLong,
            shutdown,
            grace: limits.shutdown_grace(),
            write_patience: limits.command_patience(),
        }
    }

    /// The stream alone, for the handshake. Plaintext that was read ahead is dropped (RFC 3207 §4.2, CVE-2011-0411).
    pub(super) fn into_stream(self) -> Box<dyn Stream> {
        self.stream.into_inner()
    }

    /// What was read and not consumed; when that is nothing, writes the replies and waits for the peer until `until`.
    pub(super) async fn fill(&mut self, until: Instant) -> Result<&[u8], Gone> {
        if self.stream.buffer().is_empty() {
            self.flush().await?;
            self.wait(until).await?;
        }
        Ok(self.stream.buffer())
    }

    async fn wait(&mut self, until: Instant) -> Result<(), Gone> {
        loop {
            let stopping = self.at_end == Gone::Stopping;
            if stopping && !self.busy {
                return Err(Gone::Stopping);
            }
            let (limit, late) = if until < self.end { (until, Gone::Idle) } else { (self.end, self.at_end) };
            // A peer that always has bytes ready would never let the timer have its turn.
            if Instant::now() >= limit {
                return Err(late);
            }
            select! {
                biased;
                read = self.stream.fill_buf() => return match read {
                    Ok([]) | Err(_) => Err(Gone::Closed),
                    Ok(_) => Ok(()),
                },
                () = sleep_until(limit) => return Err(late),
                () = stopped(&mut self.shutdown), if !stopping => {
                    self.at_end = Gone::Stopping;
                    self.end = self.end.min(Instant::now() + self.grace);
                }
            }
        }
    }

    /// Done with this many bytes of what [`Self::fill`] gave.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.stream.consume(bytes);
    }

    /// Reads a line into `line`, never keeping more than `most` bytes.
    pub(super) async fn line(&mut self, line: &mut Vec<u8>, most: usize, patience: Duration) -> Result<Line, Gone> {
        let until = Instant::now() + patience;
        line.clear();
        let mut length = Line::Complete;
        loop {
            let input = self.fill(until).await?;
            let end = input.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let here = end.unwrap_or(input.len());
            if line.len() + here > most {
                length = Line::TooLong;
                line.clear();
            }
            if length == Line::Complete {
                line.extend_from_slice(input.get(..here).unwrap_or_default());
            }
            self.consume(here);
            if end.is_some() {
                return Ok(length);
            }
        }
    }

    /// Writes the replies that wait.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        if self.replies.bytes().is_empty() {
            return Ok(());
        }
        let (stream, bytes) = (self.stream.get_mut(), self.replies.bytes());
        let written: Result<io::Result<()>, _> = timeout(self.write_patience, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        })
        .await;
        self.replies.clear();
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone::Closed),
            Err(_) => Err(Gone::Idle),
        }
    }

    /// Writes what waits and closes. Reads on for a moment: closing with unread bytes would reset the connection
    /// and take our last reply from the peer.
    pub(super) async fn close(mut self) {
        if self.flush().await.is_err() {
            return;
        }
        let linger = async {
            self.stream.get_mut().shutdown().await?;
            let mut rest = self.stream.take(LINGER_BYTES);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
        };
        // Nothing depends on how this ends.
        let _ = timeout(LINGER, linger).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(limits: &Limits) -> (Wire, tokio::io::DuplexStream, watch::Sender<bool>) {
        let (ours, theirs) = tokio::io::duplex(1024);
        let (stop, shutdown) = watch::channel(false);
        (Wire::new(Box::new(ours), limits, shutdown), theirs, stop)
    }

    #[tokio::test]
    async fn a_peer_with_bytes_always_ready_ends_too() {
        let (mut wire, mut peer, _stop) = wire(&Limits { session_seconds: 0, ..Limits::default() });
        peer.write_all(b"NOOP\r\n").await.unwrap();
        assert_eq!(wire.line(&mut Vec::new(), 100, LINGER).await, Err(Gone::TooLong));
    }

    #[tokio::test]
    async fn lines_are_bounded_and_the_next_one_is_whole() {
        let (mut wire, mut peer, _stop) = wire(&Limits::default());
        peer.write_all(b"123456789\r\n12345678\r\nhalf").await.unwrap();
        drop(peer);
        let mut line = Vec::new();
        assert_eq!(wire.line(&mut line, 10, LINGER).await, Ok(Line::TooLong));
        assert!(line.is_empty());
        assert_eq!(wire.line(&mut line, 10, LINGER).await, Ok(Line::Complete));
        assert_eq!(line, b"12345678\r\n");
        assert_eq!(wire.line(&mut line, 10, LINGER).await, Err(Gone::Closed));
    }

    #[tokio::test]
    async fn replies_leave_together_when_the_input_is_used_up() {
        let (mut wire, mut peer, _stop) = wire(&Limits::default());
        peer.write_all(b"A\r\nB\r\n").await.unwrap();
        let mut line = Vec::new();
        for text in ["one", "two"] {
            wire.line(&mut line, 10, LINGER).await.unwrap();
            wire.replies.lines(250, &[text]);
        }
        assert_eq!(wire.replies.bytes(), b"250 one\r\n250 two\r\n");
        peer.shutdown().await.unwrap();
        assert_eq!(wire.line(&mut line, 10, LINGER).await, Err(Gone::Closed));
        drop(wire);
        let mut got = String::new();
        peer.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "250 one\r\n250 two\r\n");
    }
}
