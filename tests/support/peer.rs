//! A peer that may do anything at a mail door: raw bytes, several recipients, TLS, and an end at any moment.

use super::net;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// TCP, or TLS over it.
pub trait Line: Read + Write + Send {}
impl<T: Read + Write + Send> Line for T {}

/// A session at a mail door.
pub struct Peer {
    line: BufReader<Box<dyn Line>>,
    lmtp: bool,
}

/// What a door said to one message.
#[derive(Debug, Default)]
pub struct Said {
    /// The answer to each RCPT, in order; ends where the door ended the transaction.
    pub recipients: Vec<String>,
    /// The answers to the end of the message: one by SMTP, one for each accepted recipient by LMTP. Where the message
    /// did not come so far, the answer that ended it.
    pub end: Vec<String>,
}

impl Said {
    /// The one answer that counts for a message to one recipient.
    pub fn answer(&self) -> &str {
        self.end.first().map_or("", String::as_str)
    }
}

impl Peer {
    /// Connects and says EHLO.
    pub fn smtp(port: u16) -> Self {
        Self::greet(Box::new(net::connect(port)), false).unwrap()
    }

    /// Connects and says LHLO.
    pub fn lmtp(port: u16) -> Self {
        Self::greet(Box::new(net::connect(port)), true).unwrap()
    }

    /// Connects from another loopback address than the usual one, which a door need not trust.
    pub fn from(source: std::net::Ipv4Addr, port: u16, lmtp: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind((source, 0).into()).unwrap();
            socket.connect((std::net::Ipv4Addr::LOCALHOST, port).into()).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(net::PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::greet(Box::new(stream), lmtp).unwrap()
    }

    /// Connects to a door that may go away at any moment.
    pub fn try_open(port: u16, lmtp: bool) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(net::PATIENCE))?;
        stream.set_nodelay(true)?;
        Self::greet(Box::new(stream), lmtp)
    }

    /// Implicit TLS (RFC 8314 §3.3).
    pub fn tls(port: u16, config: &Arc<rustls::ClientConfig>) -> Self {
        Self::greet(Box::new(encrypted(net::connect(port), config)), false).unwrap()
    }

    /// STARTTLS (RFC 3207), then EHLO again. The second value is what EHLO offered before.
    pub fn start_tls(port: u16, config: &Arc<rustls::ClientConfig>) -> (Self, String) {
        let stream = net::connect(port);
        let mut open = Self { line: BufReader::new(Box::new(stream.try_clone().unwrap())), lmtp: false };
        open.read().unwrap();
        let offered = open.say("EHLO client.example");
        let go = open.say("STARTTLS");
        assert!(go.starts_with("220"), "{go}");
        let mut peer = Self { line: BufReader::new(Box::new(encrypted(stream, config))), lmtp: false };
        peer.hello().unwrap();
        (peer, offered)
    }

    fn greet(line: Box<dyn Line>, lmtp: bool) -> io::Result<Self> {
        let mut peer = Self { line: BufReader::new(line), lmtp };
        let greeting = peer.read()?;
        if !greeting.starts_with("220") {
            return Err(io::Error::other(greeting));
        }
        peer.hello()?;
        Ok(peer)
    }

    fn hello(&mut self) -> io::Result<()> {
        let hello = if self.lmtp { "LHLO" } else { "EHLO" };
        let answer = self.ask(&format!("{hello} client.example"))?;
        if answer.starts_with("250") { Ok(()) } else { Err(io::Error::other(answer)) }
    }

    /// Sends a line, gives the whole answer.
    pub fn say(&mut self, line: &str) -> String {
        self.ask(line).unwrap()
    }

    fn ask(&mut self, line: &str) -> io::Result<String> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.read()
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.get_mut().write_all(bytes)?;
        self.line.get_mut().flush()
    }

    /// A whole message to these recipients; a refused recipient is left out.
    pub fn send(&mut self, from: &str, to: &[&str], message: &[u8]) -> Said {
        self.try_send(from, to, message).unwrap()
    }

    /// The same with a door that may go away.
    pub fn try_send(&mut self, from: &str, to: &[&str], message: &[u8]) -> io::Result<Said> {
        let (mut said, accepted) = self.envelope(from, to)?;
        if accepted == 0 {
            return Ok(said);
        }
        let go = self.ask("DATA")?;
        if !go.starts_with("354") {
            said.end = vec![go];
            return Ok(said);
        }
        self.write(&data_form(message))?;
        for _ in 0..if self.lmtp { accepted } else { 1 } {
            said.end.push(self.read()?);
        }
        Ok(said)
    }

    /// The same to one recipient, in two writes where the door knows how (RFC 2920); how long the final dot waited for its answer.
    #[allow(dead_code, reason = "the benchmark measures with it")]
    pub fn send_timed(&mut self, from: &str, to: &str, message: &[u8]) -> (String, std::time::Duration) {
        self.write(format!("MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n").as_bytes()).unwrap();
        for expected in ["250", "250", "354"] {
            let said = self.read().unwrap();
            assert!(said.starts_with(expected), "{said}");
        }
        self.write(&data_form(message)).unwrap();
        let start = std::time::Instant::now();
        (self.read().unwrap(), start.elapsed())
    }

    /// MAIL and RCPT: what was said, and how many recipients were accepted. A transaction without any is reset.
    pub fn envelope(&mut self, from: &str, to: &[&str]) -> io::Result<(Said, usize)> {
        let mut said = Said::default();
        let utf8 = if from.is_ascii() && to.iter().all(|address| address.is_ascii()) { "" } else { " SMTPUTF8" };
        let mail = self.ask(&format!("MAIL FROM:<{from}>{utf8}"))?;
        if !mail.starts_with("250") {
            said.end = vec![mail];
            return Ok((said, 0));
        }
        let mut accepted = 0;
        for recipient in to {
            let answer = self.ask(&format!("RCPT TO:<{recipient}>"))?;
            accepted += usize::from(answer.starts_with("250"));
            let closing = answer.starts_with("421");
            said.recipients.push(answer);
            if closing {
                said.end = said.recipients.last().cloned().into_iter().collect();
                return Ok((said, 0));
            }
        }
        if accepted == 0 {
            said.end = said.recipients.last().cloned().into_iter().collect();
            self.ask("RSET")?;
        }
        Ok((said, accepted))
    }

    /// One answer, its lines joined.
    pub fn read(&mut self) -> io::Result<String> {
        let mut whole = String::new();
        loop {
            let mut line = String::new();
            if self.line.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let last = line.as_bytes().get(3) != Some(&b'-');
            whole.push_str(&line);
            if last {
                return Ok(whole.trim_end().to_owned());
            }
        }
    }
}

/// Dots doubled, the end mark added; every other byte as it is.
pub fn data_form(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 8);
    let mut line_start = true;
    for &byte in message {
        if line_start && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        line_start = byte == b'\n';
    }
    if !line_start {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

fn encrypted(stream: TcpStream, config: &Arc<rustls::ClientConfig>) -> impl Line + use<> {
    let name = rustls::pki_types::ServerName::try_from("gateway.visio.example").unwrap();
    let session = rustls::ClientConnection::new(config.clone(), name).unwrap();
    rustls::StreamOwned::new(session, stream)
}
