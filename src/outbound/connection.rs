//! One SMTP session as a client (RFC 5321): greeting, EHLO, STARTTLS, AUTH, then mails one after another.

use super::smarthost::{SmarthostSettings, TlsMode};
use super::wire::{Reply, Stream, Unwritten, Wire, clean, data_form};
use crate::domain::address::{Mailbox, ReversePath};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls_pki_types::ServerName;
use secrecy::ExposeSecret;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse};
use std::io;
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

/// A session that is ready for mail.
pub struct Connection {
    wire: Wire<Box<dyn Stream>>,
    offers: EhloResponse<String>,
    data_limit: Duration,
    needs_reset: bool,
    healthy: bool,
    /// Mails tried over it.
    pub mails: u32,
    /// When it was last used.
    pub used_at: Instant,
}

impl Connection {
    /// Connects, greets, encrypts and signs in as the settings say. The error is one clean line; nothing in it is
    /// about a message, so that even a 5yz here means "later".
    pub async fn open(settings: &SmarthostSettings, tls: &TlsConnector) -> Result<Self, String> {
        open(settings, tls).await.map_err(|error| clean(&format!("{}:{}: {error}", settings.host, settings.port)))
    }

    /// Whether further mail may go over it.
    pub fn is_healthy(&self) -> bool {
        self.healthy
    }

    /// Sends one message. With several recipients, all must be taken or none is.
    pub async fn send(&mut self, from: &ReversePath, to: &[Mailbox], message: &[u8]) -> Verdict {
        self.mails = self.mails.saturating_add(1);
        let verdict = match self.envelope(from, to, message.len()).await {
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
    async fn envelope(&mut self, from: &ReversePath, to: &[Mailbox], size: usize) -> io::Result<Option<Reply>> {
        if std::mem::take(&mut self.needs_reset) {
            self.wire.ask("RSET").await?;
        }
        let mail = match self.mail_command(from, to, size) {
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

fn accepted(is_data: bool, reply: &Reply) -> bool {
    if is_data { reply.code == 354 } else { reply.is_positive() }
}

async fn open(settings: &SmarthostSettings, tls: &TlsConnector) -> io::Result<Connection> {
    let limit = Duration::from_secs(settings.command_timeout_seconds);
    let mut stream = connect(settings).await?;
    let mut encrypted = settings.tls == TlsMode::Implicit;
    if encrypted {
        stream = encrypt(stream, settings, tls).await?;
    }
    let mut wire = Wire::new(stream, limit);
    expect("the greeting", wire.next_reply().await?)?;
    let mut offers = hello(&mut wire, settings).await?;
    if settings.tls == TlsMode::Starttls {
        if offers.has_capability(EXT_START_TLS) {
            expect("STARTTLS", wire.ask("STARTTLS").await?)?;
            wire = Wire::new(encrypt(wire.into_quiet_stream()?, settings, tls).await?, limit);
            // RFC 3207 §4.2: what was learnt before counts no longer.
            offers = hello(&mut wire, settings).await?;
            encrypted = true;
        } else if settings.tls_required {
            return Err(io::Error::other("the server offers no STARTTLS, which the settings demand"));
        }
    }
    sign_in(&mut wire, settings, &offers, encrypted).await?;
    let data_limit = Duration::from_secs(settings.data_timeout_seconds);
    Ok(Connection { wire, offers, data_limit, needs_reset: false, healthy: true, mails: 0, used_at: Instant::now() })
}

async fn connect(settings: &SmarthostSettings) -> io::Result<Box<dyn Stream>> {
    let limit = Duration::from_secs(settings.connect_timeout_seconds);
    let connecting = TcpStream::connect((settings.host.as_str(), settings.port));
    let tcp = timeout(limit, connecting).await.map_err(|_| io::Error::other("no connection in time"))??;
    tcp.set_nodelay(true)?;
    Ok(Box::new(tcp))
}

async fn encrypt(stream: Box<dyn Stream>, settings: &SmarthostSettings, tls: &TlsConnector) -> io::Result<Box<dyn Stream>> {
    let limit = Duration::from_secs(settings.connect_timeout_seconds);
    let name = ServerName::try_from(settings.host.clone()).map_err(io::Error::other)?;
    let handshake = timeout(limit, tls.connect(name, stream)).await;
    Ok(Box::new(handshake.map_err(|_| io::Error::other("no TLS handshake in time"))??))
}

async fn hello(wire: &mut Wire<Box<dyn Stream>>, settings: &SmarthostSettings) -> io::Result<EhloResponse<String>> {
    let reply = wire.ask(&format!("EHLO {}", settings.helo)).await?;
    if (500..600).contains(&reply.code) {
        // RFC 5321 §4.1.4: a server that knows no EHLO is greeted the old way, and offers nothing.
        expect("HELO", wire.ask(&format!("HELO {}", settings.helo)).await?)?;
        return Ok(EhloResponse::new(settings.host.clone()));
    }
    let reply = expect("EHLO", reply)?;
    EhloResponse::parse(&mut reply.raw.iter()).map_err(|_| io::Error::other("the answer to EHLO can't be read"))
}

/// AUTH (RFC 4954), PLAIN before LOGIN. A password goes over an encrypted or a loopback connection only.
async fn sign_in(
    wire: &mut Wire<Box<dyn Stream>>,
    settings: &SmarthostSettings,
    offers: &EhloResponse<String>,
    encrypted: bool,
) -> io::Result<()> {
    let (Some(login), Some(password)) = (&settings.login, &settings.password) else { return Ok(()) };
    if !encrypted && !settings.is_loopback() {
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
