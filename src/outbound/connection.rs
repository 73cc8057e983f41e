//! One SMTP session as a client (RFC 5321): greeting, EHLO, STARTTLS, AUTH, then mails one after another.

use super::smarthost::TlsMode;
use super::wire::{Reply, Stream, Unwritten, Wire, clean, data_form};
use crate::domain::address::{Mailbox, ReversePath};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How far a mail came, which decides what may be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server decided: the final reply, or the refusal that ended the attempt.
    Answered(Reply),
    /// There was no session: nothing was tried.
    Unreached(String),
    /// The session broke before the final dot was sent: nothing was taken.
    LostBefore(String),
    /// The session broke after it: the mail may have been taken.
    LostAfter(String),
}

/// A server, and how a session with it is opened.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Host name or address: what TLS expects in the certificate, and what is looked up unless `address` is given.
    pub host: String,
    /// The address of the host, where it is known already.
    pub address: Option<IpAddr>,
    /// Port.
    pub port: u16,
    /// The name given in EHLO.
    pub helo: String,
    /// Encryption.
    pub tls: TlsMode,
    /// With STARTTLS: whether a server that offers none is left.
    pub tls_required: bool,
    /// Login and password, where the server asks for one.
    pub login: Option<(String, SecretString)>,
    /// Whether the password may go without TLS: to this machine alone.
    pub clear_login: bool,
    /// Longest wait for a connection, and for a TLS handshake.
    pub connect_limit: Duration,
    /// Longest wait for the reply to a command.
    pub command_limit: Duration,
    /// Longest wait for the reply to the final dot.
    pub data_limit: Duration,
}

/// How far the opening of a session came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// There is no connection.
    Reach,
    /// The greeting, EHLO or AUTH was refused, or the line broke there.
    Greet,
    /// TLS is demanded and not offered.
    Offer,
    /// STARTTLS was refused, or the handshake failed.
    Handshake,
}

/// No session. Nothing in it is about a message, so that even a 5yz here means "later".
#[derive(Debug)]
pub struct Unopened {
    /// How far it came.
    pub stage: Stage,
    cause: io::Error,
    whom: String,
}

impl Unopened {
    /// What TLS says, where it is TLS that failed.
    pub fn tls_error(&self) -> Option<&rustls::Error> {
        self.cause.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for Unopened {
    /// One clean line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clean(&format!("{}: {}", self.whom, self.cause)))
    }
}

impl From<Unopened> for String {
    fn from(unopened: Unopened) -> Self {
        unopened.to_string()
    }
}

/// A session that is ready for mail.
pub struct Connection {
    wire: Wire<Box<dyn Stream>>,
    offers: EhloResponse<String>,
    data_limit: Duration,
    encrypted: bool,
    needs_reset: bool,
    healthy: bool,
    /// Mails tried over it.
    pub mails: u32,
    /// When it was last used.
    pub used_at: Instant,
}

impl Connection {
    /// Connects, greets, encrypts and signs in as the endpoint says.
    pub async fn open(endpoint: &Endpoint, tls: &TlsConnector) -> Result<Self, Unopened> {
        let whom = || match endpoint.address {
            Some(address) if address.to_string() != endpoint.host => format!("{}[{address}]:{}", endpoint.host, endpoint.port),
            Some(_) | None => format!("{}:{}", endpoint.host, endpoint.port),
        };
        open(endpoint, tls).await.map_err(|(stage, cause)| Unopened { stage, cause, whom: whom() })
    }

    /// Whether further mail may go over it.
    pub fn is_healthy(&self) -> bool {
        self.healthy
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Sends one message. With several recipients, all must be taken or none is.
    pub async fn send(&mut self, from: &ReversePath, to: &[Mailbox], message: &[u8]) -> Verdict {
        self.mails = self.mails.saturating_add(1);
        let verdict = match self.envelope(from, to, message).await {
            Err(error) => Verdict::LostBefore(clean(&error.to_string())),
            Ok(Some(refusal)) => Verdict::Answered(refusal),
            Ok(None) => self.content(message).await,
        };
        self.used_at = Instant::now();
        match &verdict {
            // RFC 5321 §3.8: 421 announces that the server closes.
            Verdict::Answered(reply) => self.healthy &= reply.code != 421,
            Verdict::Unreached(_) | Verdict::LostBefore(_) | Verdict::LostAfter(_) => self.healthy = false,
        }
        verdict
    }

    /// QUIT, without waiting long: nothing depends on it.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.wire.ask("QUIT")).await;
    }

    /// QUIT in a task of its own, for nobody to wait for.
    pub fn take_leave(self) {
        tokio::spawn(self.close());
    }

    /// MAIL, RCPT and DATA: `None` when the server waits for the content, else the refusal.
    async fn envelope(&mut self, from: &ReversePath, to: &[Mailbox], message: &[u8]) -> io::Result<Option<Reply>> {
        if std::mem::take(&mut self.needs_reset) {
            self.wire.ask("RSET").await?;
        }
        let ascii = if self.offers.has_capability(EXT_SMTP_UTF8) { None } else { in_ascii(from, to, message) };
        let (from, to) = ascii.as_ref().map_or((from, to), |(from, to)| (from, to.as_slice()));
        let mail = match self.mail_command(from, to, message.len()) {
            Ok(command) => command,
            Err(refusal) => return Ok(Some(refusal)),
        };
        let mut commands = vec![mail];
        commands.extend(to.iter().map(|mailbox| format!("RCPT TO:<{mailbox}>")));
        commands.push("DATA".to_owned());
        if self.offers.has_capability(EXT_PIPELINING) { self.pipelined(&commands).await } else { self.in_turn(&commands).await }
    }

    /// RFC 2920 §3.1: DATA ends the group, so that all of them go in one write.
    async fn pipelined(&mut self, commands: &[String]) -> io::Result<Option<Reply>> {
        self.wire.write(format!("{}\r\n", commands.join("\r\n")).as_bytes()).await?;
        let mut refusal = None;
        for command in commands {
            let reply = self.wire.next_reply().await?;
            let is_data = command == "DATA";
            if is_data && reply.code == 354 && refusal.is_some() {
                // The server wants content for what it refused; without a recipient there is none to give.
                self.healthy = false;
            } else if !accepted(is_data, &reply) && refusal.is_none() {
                refusal = Some(reply);
            }
        }
        self.needs_reset = refusal.is_some();
        Ok(refusal)
    }

    async fn in_turn(&mut self, commands: &[String]) -> io::Result<Option<Reply>> {
        for command in commands {
            let reply = self.wire.ask(command).await?;
            if !accepted(command == "DATA", &reply) {
                self.needs_reset = true;
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// MAIL with the parameters that are needed, or why the message can't go this way at all.
    fn mail_command(&self, from: &ReversePath, to: &[Mailbox], size: usize) -> Result<String, Reply> {
        let mut command = format!("MAIL FROM:{from}");
        // RFC 1870 §4: zero means that no limit is announced.
        if self.offers.has_capability(EXT_SIZE) {
            if self.offers.size > 0 && size > self.offers.size {
                return Err(Reply::own(552, "5.3.4 the next mail server takes no message of this size"));
            }
            command.push_str(&format!(" SIZE={size}"));
        }
        // RFC 6531 §3.5: without the extension the message can't be sent.
        if to.iter().chain(from.mailbox()).any(Mailbox::needs_smtputf8) {
            if !self.offers.has_capability(EXT_SMTP_UTF8) {
                return Err(Reply::own(550, "5.6.7 the next mail server takes no international addresses"));
            }
            command.push_str(" SMTPUTF8");
        }
        Ok(command)
    }

    async fn content(&mut self, message: &[u8]) -> Verdict {
        if let Err(Unwritten { whole, cause }) = self.wire.write_content(&data_form(message)).await {
            let text = clean(&cause.to_string());
            return if whole { Verdict::LostAfter(text) } else { Verdict::LostBefore(text) };
        }
        match self.wire.reply(self.data_limit).await {
            Ok(reply) => Verdict::Answered(reply),
            Err(error) => Verdict::LostAfter(clean(&error.to_string())),
        }
    }
}

/// The envelope in A-labels (RFC 5891 §4.4), where that is all that is international: not where a local part or the header is.
fn in_ascii(from: &ReversePath, to: &[Mailbox], message: &[u8]) -> Option<(ReversePath, Vec<Mailbox>)> {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(message.len());
    if !message.iter().take(end).all(u8::is_ascii) {
        return None;
    }
    let from = match from {
        ReversePath::Null => ReversePath::Null,
        ReversePath::Mailbox(mailbox) => ReversePath::Mailbox(mailbox.in_ascii()?),
    };
    Some((from, to.iter().map(Mailbox::in_ascii).collect::<Option<Vec<Mailbox>>>()?))
}

fn accepted(is_data: bool, reply: &Reply) -> bool {
    if is_data { reply.code == 354 } else { reply.is_positive() }
}

/// Marks what fails with where it did.
fn at(stage: Stage) -> impl Fn(io::Error) -> (Stage, io::Error) {
    move |cause| (stage, cause)
}

async fn open(endpoint: &Endpoint, tls: &TlsConnector) -> Result<Connection, (Stage, io::Error)> {
    let limit = endpoint.command_limit;
    let mut stream = connect(endpoint).await.map_err(at(Stage::Reach))?;
    let mut encrypted = endpoint.tls == TlsMode::Implicit;
    if encrypted {
        stream = encrypt(stream, endpoint, tls).await.map_err(at(Stage::Handshake))?;
    }
    let mut wire = Wire::new(stream, limit);
    let mut offers = greeted(&mut wire, endpoint).await.map_err(at(Stage::Greet))?;
    if endpoint.tls == TlsMode::Starttls {
        if offers.has_capability(EXT_START_TLS) {
            wire = start_tls(wire, endpoint, tls).await.map_err(at(Stage::Handshake))?;
            // RFC 3207 §4.2: what was learnt before counts no longer.
            offers = hello(&mut wire, endpoint).await.map_err(at(Stage::Greet))?;
            encrypted = true;
        } else if endpoint.tls_required {
            let cause = io::Error::other("the server offers no STARTTLS, which the settings or the domain demand");
            return Err((Stage::Offer, cause));
        }
    }
    sign_in(&mut wire, endpoint, &offers, encrypted).await.map_err(at(Stage::Greet))?;
    let data_limit = endpoint.data_limit;
    Ok(Connection { wire, offers, data_limit, encrypted, needs_reset: false, healthy: true, mails: 0, used_at: Instant::now() })
}

async fn connect(endpoint: &Endpoint) -> io::Result<Box<dyn Stream>> {
    let connecting = async {
        match endpoint.address {
            Some(address) => TcpStream::connect((address, endpoint.port)).await,
            None => TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await,
        }
    };
    let tcp = timeout(endpoint.connect_limit, connecting).await.map_err(|_| io::Error::other("no connection in time"))??;
    tcp.set_nodelay(true)?;
    Ok(Box::new(tcp))
}

async fn encrypt(stream: Box<dyn Stream>, endpoint: &Endpoint, tls: &TlsConnector) -> io::Result<Box<dyn Stream>> {
    let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
    let handshake = timeout(endpoint.connect_limit, tls.connect(name, stream)).await;
    Ok(Box::new(handshake.map_err(|_| io::Error::other("no TLS handshake in time"))??))
}

async fn start_tls(mut wire: Wire<Box<dyn Stream>>, endpoint: &Endpoint, tls: &TlsConnector) -> io::Result<Wire<Box<dyn Stream>>> {
    expect("STARTTLS", wire.ask("STARTTLS").await?)?;
    Ok(Wire::new(encrypt(wire.into_quiet_stream()?, endpoint, tls).await?, endpoint.command_limit))
}

async fn greeted(wire: &mut Wire<Box<dyn Stream>>, endpoint: &Endpoint) -> io::Result<EhloResponse<String>> {
    expect("the greeting", wire.next_reply().await?)?;
    hello(wire, endpoint).await
}

async fn hello(wire: &mut Wire<Box<dyn Stream>>, endpoint: &Endpoint) -> io::Result<EhloResponse<String>> {
    let reply = wire.ask(&format!("EHLO {}", endpoint.helo)).await?;
    if (500..600).contains(&reply.code) {
        // RFC 5321 §4.1.4: a server that knows no EHLO is greeted the old way, and offers nothing.
        expect("HELO", wire.ask(&format!("HELO {}", endpoint.helo)).await?)?;
        return Ok(EhloResponse::new(endpoint.host.clone()));
    }
    let reply = expect("EHLO", reply)?;
    EhloResponse::parse(&mut reply.raw.iter()).map_err(|_| io::Error::other("the answer to EHLO can't be read"))
}

/// AUTH (RFC 4954), PLAIN before LOGIN. A password goes over an encrypted or a loopback connection only.
async fn sign_in(wire: &mut Wire<Box<dyn Stream>>, endpoint: &Endpoint, offers: &EhloResponse<String>, encrypted: bool) -> io::Result<()> {
    let Some((login, password)) = &endpoint.login else { return Ok(()) };
    if !encrypted && !endpoint.clear_login {
        return Err(io::Error::other("a password is never sent without TLS; set tls to starttls or implicit"));
    }
    let password = password.expose_secret();
    let reply = if offers.auth() & AUTH_PLAIN != 0 {
        wire.ask(&format!("AUTH PLAIN {}", BASE64.encode(format!("\0{login}\0{password}")))).await?
    } else if offers.auth() & AUTH_LOGIN != 0 {
        continued(wire.ask("AUTH LOGIN").await?)?;
        continued(wire.ask(&BASE64.encode(login)).await?)?;
        wire.ask(&BASE64.encode(password)).await?
    } else {
        return Err(io::Error::other("the server offers neither AUTH PLAIN nor AUTH LOGIN"));
    };
    expect("AUTH", reply).map(drop)
}

fn expect(what: &str, reply: Reply) -> io::Result<Reply> {
    if reply.is_positive() { Ok(reply) } else { Err(io::Error::other(format!("{what} refused: {}", reply.text))) }
}

fn continued(reply: Reply) -> io::Result<()> {
    if reply.code == 334 { Ok(()) } else { Err(io::Error::other(format!("AUTH refused: {}", reply.text))) }
}
