//! The protocol of clamd: the message in pieces (INSTREAM), one line for an answer.

use super::ScanConfigError;
use crate::domain::scan::Scanned;
use crate::flow::port::{PortError, PortResult, Scanner, ToScan};
use async_trait::async_trait;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// Octets of one piece.
const PIECE: usize = 64 << 10;
/// Longest answer that is read.
const ANSWER_MAX: u64 = 4_096;

/// A clamd.
pub struct Clamd {
    at: At,
    patience: Duration,
}

enum At {
    Port(SocketAddr),
    Socket(PathBuf),
}

impl Clamd {
    /// At `host:port` with an IP address, or at the absolute path of a socket. An answer is waited for no longer than `patience`.
    pub fn new(address: &str, patience: Duration) -> Result<Self, ScanConfigError> {
        let at = if address.starts_with('/') {
            At::Socket(PathBuf::from(address))
        } else {
            let port = address.parse();
            At::Port(port.map_err(|_| ScanConfigError { what: "scan.clamd", why: format!("`{address}` is no path and no address:port") })?)
        };
        Ok(Self { at, patience })
    }

    async fn ask(&self, mail: Option<&[u8]>) -> std::io::Result<String> {
        match &self.at {
            At::Port(port) => talk(TcpStream::connect(port).await?, mail).await,
            At::Socket(path) => talk(UnixStream::connect(path).await?, mail).await,
        }
    }

    async fn answer(&self, mail: Option<&[u8]>) -> PortResult<String> {
        let answer = timeout(self.patience, self.ask(mail)).await;
        answer.map_err(|_| PortError::new("ask clamd", "no answer in time"))?.map_err(|error| PortError::new("ask clamd", error))
    }
}

/// Sends the message, or a PING without one; gives the line that comes back.
async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, mail: Option<&[u8]>) -> std::io::Result<String> {
    let (reading, mut writing) = tokio::io::split(stream);
    let (mut reading, mut answer) = (reading.take(ANSWER_MAX), Vec::new());
    let (sent, read) = tokio::join!(send(&mut writing, mail), reading.read_to_end(&mut answer));
    // A server that has seen enough answers and closes before it was sent everything.
    if answer.is_empty() {
        sent?;
        read?;
    }
    Ok(String::from_utf8_lossy(&answer).trim_matches(['\0', '\n', '\r', ' ']).to_owned())
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), mail: Option<&[u8]>) -> std::io::Result<()> {
    let Some(mail) = mail else { return stream.write_all(b"zPING\0").await };
    stream.write_all(b"zINSTREAM\0").await?;
    for piece in mail.chunks(PIECE) {
        stream.write_u32(u32::try_from(piece.len()).unwrap_or(u32::MAX)).await?;
        stream.write_all(piece).await?;
    }
    stream.write_u32(0).await?;
    stream.flush().await
}

/// `stream: OK`, `stream: NAME FOUND`, or an error.
fn understood(answer: &str) -> PortResult<Scanned> {
    if answer == "stream: OK" {
        return Ok(Scanned::default());
    }
    if let Some(name) = answer.strip_prefix("stream: ").and_then(|rest| rest.strip_suffix(" FOUND")) {
        return Ok(Scanned { virus: Some(name.to_owned()), spam: None });
    }
    // It will be too large tomorrow too: held, and not sent again and again.
    if answer.to_ascii_lowercase().contains("size limit exceeded") {
        return Ok(Scanned { virus: Some("too large to be scanned".to_owned()), spam: None });
    }
    Err(PortError::new("ask clamd", format!("it answered `{answer}`")))
}

#[async_trait]
impl Scanner for Clamd {
    async fn scan(&self, mail: &ToScan<'_>) -> PortResult<Scanned> {
        understood(&self.answer(Some(mail.raw)).await?)
    }

    async fn ping(&self) -> PortResult<()> {
        match self.answer(None).await?.as_str() {
            "PONG" => Ok(()),
            other => Err(PortError::new("ask clamd", format!("it answered `{other}` to PING"))),
        }
    }
}
