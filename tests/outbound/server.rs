//! A mail server on loopback that answers as a test says, and keeps what it was told.

use paravent::outbound::smarthost::{SmarthostSettings, TlsMode};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A reply that isn't one: the server closes the connection.
pub(crate) const CLOSE: &str = "CLOSE";
/// The server says nothing, and listens on.
pub(crate) const SILENCE: &str = "SILENCE";
/// The server closes after it has read everything that was sent so far.
pub(crate) const BREAK: &str = "BREAK";

/// Answers of one server: the session's number from 1 and the line give the reply, `None` the usual one. `GREETING`,
/// `CONTENT` (before it is read) and `.` (after it) are lines too.
type Answers = Arc<dyn Fn(usize, &str) -> Option<&'static str> + Send + Sync>;

pub(crate) struct Server {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<Vec<u8>>>>,
    sessions: Arc<AtomicUsize>,
}

#[derive(Clone)]
pub(crate) struct Rules {
    pub offers: &'static [&'static str],
    pub tls: Option<TlsAcceptor>,
    pub implicit: bool,
    pub answers: Answers,
}

impl Rules {
    pub(crate) fn usual() -> Self {
        Self { offers: &["PIPELINING", "8BITMIME"], tls: None, implicit: false, answers: Arc::new(|_, _| None) }
    }

    pub(crate) fn offering(offers: &'static [&'static str]) -> Self {
        Self { offers, ..Self::usual() }
    }

    pub(crate) fn answering(self, answers: impl Fn(usize, &str) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        Self { answers: Arc::new(answers), ..self }
    }
}

impl Server {
    pub(crate) async fn start(rules: Rules) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), rules).await
    }

    /// At an address of one's own, where several servers share a port.
    pub(crate) async fn start_at(address: SocketAddr, rules: Rules) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, mails, sessions) = (Arc::default(), Arc::default(), Arc::<AtomicUsize>::default());
        let server = Self { port, heard: Arc::clone(&heard), mails: Arc::clone(&mails), sessions: Arc::clone(&sessions) };
        tokio::spawn(async move {
            for number in 1.. {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                sessions.store(number, Ordering::SeqCst);
                let session =
                    Session { number, rules: rules.clone(), heard: Arc::clone(&heard), mails: Arc::clone(&mails), ahead: Vec::new() };
                tokio::spawn(session.serve(stream));
            }
        });
        server
    }

    /// What it was told, session by session: the session's number, a space, and the line.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// How often somebody connected.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.load(Ordering::SeqCst)
    }

    /// How often a line beginning so was heard.
    pub(crate) fn count(&self, beginning: &str) -> usize {
        self.heard().iter().filter(|line| line.split_once(' ').is_some_and(|(_, said)| said.starts_with(beginning))).count()
    }

    /// Messages as they came over the line, without the final dot.
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        self.mails.lock().unwrap().clone()
    }

    pub(crate) fn settings(&self) -> SmarthostSettings {
        SmarthostSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            helo: "gateway.visio.example".to_owned(),
            tls: TlsMode::None,
            ..SmarthostSettings::default()
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

struct Session {
    number: usize,
    rules: Rules,
    heard: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<Vec<u8>>>>,
    ahead: Vec<u8>,
}

impl Session {
    async fn serve(mut self, stream: impl Stream + 'static) {
        // The client may go at any time.
        let _ = self.converse(Box::new(stream)).await;
    }

    async fn converse(&mut self, mut stream: Box<dyn Stream>) -> io::Result<()> {
        if self.rules.implicit {
            stream = self.encrypted(stream).await?;
        }
        self.reply(&mut stream, "GREETING", "220 fake ESMTP").await?;
        let mut offers_tls = self.rules.tls.is_some() && !self.rules.implicit;
        loop {
            let line = self.line(&mut stream).await?;
            self.heard.lock().unwrap().push(format!("{} {line}", self.number));
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let usual = match verb.as_str() {
                "EHLO" => {
                    let mut lines = vec!["fake".to_owned()];
                    lines.extend(self.rules.offers.iter().map(|offer| (*offer).to_owned()));
                    lines.extend(offers_tls.then(|| "STARTTLS".to_owned()));
                    let last = lines.pop().unwrap();
                    lines.iter().map(|line| format!("250-{line}\r\n")).collect::<String>() + "250 " + &last
                }
                "AUTH" => if line == "AUTH LOGIN" { "334 VXNlcm5hbWU6" } else { "235 2.7.0 welcome" }.to_owned(),
                "DATA" => "354 go on".to_owned(),
                "QUIT" => "221 bye".to_owned(),
                _ => "250 2.0.0 well".to_owned(),
            };
            let said = self.reply(&mut stream, &line, &usual).await?;
            match verb.as_str() {
                "QUIT" => return Ok(()),
                "STARTTLS" if said.starts_with("250") => {
                    stream = self.encrypted(stream).await?;
                    offers_tls = false;
                }
                "DATA" if said.starts_with("354") => {
                    self.reply(&mut stream, "CONTENT", SILENCE).await?;
                    self.content(&mut stream).await?;
                    self.reply(&mut stream, ".", "250 2.0.0 taken").await?;
                }
                _ => {}
            }
        }
    }

    async fn encrypted(&self, stream: Box<dyn Stream>) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.rules.tls.clone().unwrap().accept(stream).await?))
    }

    async fn reply(&mut self, stream: &mut Box<dyn Stream>, to: &str, usual: &str) -> io::Result<String> {
        let said = (self.rules.answers)(self.number, to).unwrap_or(usual);
        match said {
            CLOSE => return Err(io::ErrorKind::ConnectionAborted.into()),
            BREAK => {
                stream.shutdown().await?;
                while stream.read(&mut [0; 4096]).await? > 0 {}
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            SILENCE => {}
            said => {
                stream.write_all(format!("{said}\r\n").as_bytes()).await?;
                stream.flush().await?;
            }
        }
        Ok(said.to_owned())
    }

    async fn content(&mut self, stream: &mut Box<dyn Stream>) -> io::Result<()> {
        let mut mail = Vec::new();
        loop {
            let line = self.octets(stream).await?;
            if line == b".\r\n" {
                break;
            }
            mail.extend(line);
        }
        self.mails.lock().unwrap().push(mail);
        Ok(())
    }

    async fn line(&mut self, stream: &mut Box<dyn Stream>) -> io::Result<String> {
        Ok(String::from_utf8(self.octets(stream).await?).unwrap().trim_end().to_owned())
    }

    /// To the next CRLF.
    async fn octets(&mut self, stream: &mut Box<dyn Stream>) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                return Ok(self.ahead.drain(..end + 2).collect());
            }
            let mut buffer = [0; 65536];
            match stream.read(&mut buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => self.ahead.extend_from_slice(&buffer[..n]),
            }
        }
    }
}
