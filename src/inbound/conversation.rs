//! One session from greeting to goodbye: reads, asks the reception, answers.

use super::auth::{self, Exchange, Mechanism, Step};
use super::bdat::Chunk;
use super::content::{Content, Refusal};
use super::door::Door;
use super::session::{Dialogue, LINE_TOO_LONG, Next, TOO_MANY_RECIPIENTS};
use super::verdict;
use super::wire::{Gone, Line, Shutdown, Stream, Wire, stopped};
use crate::domain::answer::{Answer, AnswerClass};
use crate::flow::port::{Incoming, MailDoor};
use std::net::IpAddr;
use std::ops::ControlFlow::{self, Break, Continue};
use tokio::select;
use tokio::time::{Instant, timeout};
use zeroize::Zeroize;

const TOO_MANY_COMMANDS: Answer = Answer::new(421, (4, 7, 0), "Too many commands; closing");
const TOO_MANY_ERRORS: Answer = Answer::new(421, (4, 7, 0), "Too many errors; closing");
const TIMED_OUT: Answer = Answer::new(421, (4, 4, 2), "Timed out; closing");
const TOO_LONG: Answer = Answer::new(421, (4, 4, 2), "The session lasted too long; closing");
const STOPPING: Answer = Answer::new(421, (4, 3, 2), "The service stops; try again later");
const GOODBYE: Answer = Answer::new(221, (2, 0, 0), "Goodbye");
const READY_FOR_TLS: Answer = Answer::new(220, (2, 0, 0), "Ready to start TLS");
const GO_ON: Answer = Answer::new(250, (2, 0, 0), "Chunk received");
const SIGNED_IN: Answer = Answer::new(235, (2, 7, 0), "Authentication successful");
const LOGIN_UNCHECKED: Answer = Answer::new(454, (4, 7, 0), "Temporary authentication failure");
const AUTH_LINE_TOO_LONG: Answer = Answer::new(500, (5, 5, 6), "Authentication exchange line is too long");

/// How a session ends.
enum End {
    /// With this answer.
    Answer(Answer),
    /// The peer has gone.
    Gone(Gone),
    /// Plaintext ends here, the handshake follows.
    StartTls,
}

impl From<Gone> for End {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone)
    }
}

type Flow = Result<(), End>;

/// Speaks with one peer until the session ends.
pub(super) async fn converse(door: &Door, stream: Box<dyn Stream>, peer: IpAddr, shutdown: Shutdown) {
    let plain = match door.tls.as_ref().filter(|_| door.implicit_tls) {
        Some(_) => shake_hands(door, stream, peer, shutdown.clone()).await.map(|stream| (stream, true)),
        None => Some((stream, false)),
    };
    let Some((stream, encrypted)) = plain else { return };
    let mut talk = Talk::new(door, stream, peer, encrypted, shutdown.clone());
    let service = if door.role == MailDoor::Lmtp { "LMTP" } else { "ESMTP" };
    talk.wire.replies.lines(220, &[format!("{} {service}", door.host_name)]);
    if let Some(upgraded) = talk.run().await {
        // RFC 3207 §4.1: after a handshake that failed, nothing more is said.
        let Some(stream) = shake_hands(door, upgraded, peer, shutdown.clone()).await else { return };
        Talk::new(door, stream, peer, true, shutdown).run().await;
    }
}

async fn shake_hands(door: &Door, stream: Box<dyn Stream>, peer: IpAddr, mut shutdown: Shutdown) -> Option<Box<dyn Stream>> {
    let acceptor = door.tls.as_ref()?.acceptor();
    let shaken = select! {
        biased;
        shaken = timeout(door.limits.command_patience(), acceptor.accept(stream)) => shaken,
        () = stopped(&mut shutdown) => return None,
    };
    match shaken {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::info!(%peer, %error, "TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::info!(%peer, "TLS handshake timed out");
            None
        }
    }
}

/// A session on one stream.
struct Talk<'a> {
    door: &'a Door,
    wire: Wire,
    dialogue: Dialogue<'a>,
    line: Vec<u8>,
    commands: u32,
    errors: u32,
    wrong_logins: u32,
    messages: u32,
}

impl<'a> Talk<'a> {
    fn new(door: &'a Door, stream: Box<dyn Stream>, peer: IpAddr, encrypted: bool, shutdown: Shutdown) -> Self {
        Self {
            door,
            wire: Wire::new(stream, &door.limits, shutdown),
            dialogue: Dialogue::new(door, peer, encrypted),
            line: Vec::new(),
            commands: 0,
            errors: 0,
            wrong_logins: 0,
            messages: 0,
        }
    }

    /// Runs to the end of the session, or to the handshake, which gets the stream.
    async fn run(mut self) -> Option<Box<dyn Stream>> {
        let end = loop {
            if let Err(end) = self.turn().await {
                break end;
            }
        };
        let session = &self.dialogue.session;
        let (door, peer, encrypted, messages, errors) = (session.door, session.peer, session.encrypted, self.messages, self.errors);
        let answer = match end {
            End::StartTls => {
                self.wire.replies.answer(&READY_FOR_TLS);
                return self.wire.flush().await.is_ok().then(|| self.wire.into_stream());
            }
            End::Answer(answer) => Some(answer),
            End::Gone(Gone::Closed) => None,
            End::Gone(Gone::Idle) => Some(TIMED_OUT),
            End::Gone(Gone::TooLong) => Some(TOO_LONG),
            End::Gone(Gone::Stopping) => Some(STOPPING),
        };
        tracing::info!(?door, %peer, encrypted, messages, errors, end = answer.as_ref().map_or(0, |answer| answer.code), "session ended");
        if let Some(answer) = answer {
            self.wire.replies.answer(&answer);
            self.wire.close().await;
        }
        None
    }

    /// One command, to its answer.
    async fn turn(&mut self) -> Flow {
        self.wire.busy = self.dialogue.envelope.is_some();
        let most = self.door.limits.auth_line_bytes.max(self.door.limits.command_line_bytes);
        let length = self.wire.line(&mut self.line, most, self.door.limits.command_patience()).await?;
        self.commands += 1;
        if self.commands > self.door.limits.commands {
            return Err(End::Answer(TOO_MANY_COMMANDS));
        }
        let next = match length {
            Line::Complete => self.dialogue.command(&self.line),
            Line::TooLong => Next::Answer(LINE_TOO_LONG),
        };
        match next {
            Next::Answer(answer) => self.answer(&answer),
            Next::Hello(lines) => {
                self.wire.replies.lines(250, &lines);
                Ok(())
            }
            Next::CheckRecipient(recipient) => {
                let Some(envelope) = &self.dialogue.envelope else { return Ok(()) };
                let answer = self.door.reception.check_recipient(&self.dialogue.session, &envelope.reverse_path, &recipient).await;
                if answer.class() == AnswerClass::Accepted {
                    self.dialogue.recipient_accepted(recipient);
                }
                self.answer(&answer)
            }
            Next::Data => self.data().await,
            Next::Chunk(chunk, refusal) => self.chunk(chunk, refusal).await,
            Next::Lost(answer) => Err(End::Answer(answer)),
            Next::Login(mechanism, initial) => self.login(mechanism, initial).await,
            Next::StartTls => Err(End::StartTls),
            Next::Quit => Err(End::Answer(GOODBYE)),
        }
    }

    /// Answers a command; too many refusals end the session.
    fn answer(&mut self, answer: &Answer) -> Flow {
        self.wire.replies.answer(answer);
        if answer.class() != AnswerClass::Accepted && *answer != TOO_MANY_RECIPIENTS {
            self.errors += 1;
            if self.errors >= self.door.limits.errors {
                return Err(End::Answer(TOO_MANY_ERRORS));
            }
        }
        Ok(())
    }

    /// DATA (RFC 5321 §4.1.1.4).
    async fn data(&mut self) -> Flow {
        self.wire.replies.lines(354, &["End data with <CR><LF>.<CR><LF>"]);
        let mut content = Content::new(self.door.limits.message_bytes);
        loop {
            let input = self.wire.fill(Instant::now() + self.door.limits.content_patience()).await?;
            let (taken, ended) = content.take_data(input);
            self.wire.consume(taken);
            if ended {
                return self.finish(content).await;
            }
        }
    }

    /// BDAT (RFC 3030 §2). The chunk is read even when it isn't wanted.
    async fn chunk(&mut self, chunk: Chunk, refusal: Option<Answer>) -> Flow {
        let chunks = self.dialogue.envelope.as_mut().and_then(|envelope| envelope.chunks.take());
        let mut content = chunks.unwrap_or_else(|| Content::new(self.door.limits.message_bytes));
        let mut left = chunk.size;
        while left > 0 {
            let input = self.wire.fill(Instant::now() + self.door.limits.content_patience()).await?;
            let here = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if refusal.is_none() {
                content.take_chunk(input.get(..here).unwrap_or_default());
            }
            self.wire.consume(here);
            left = left.saturating_sub(here as u64);
        }
        if let Some(refusal) = refusal {
            // RFC 3030 §2: the transaction can't go on with a piece missing.
            self.dialogue.envelope = None;
            return self.answer(&refusal);
        }
        if chunk.last || content.refusal().is_some() {
            return self.finish(content).await;
        }
        if let Some(envelope) = &mut self.dialogue.envelope {
            envelope.chunks = Some(content);
        }
        self.answer(&GO_ON)
    }

    /// The message is complete, or refused for its bytes.
    async fn finish(&mut self, content: Content) -> Flow {
        let content = content.finish();
        if let Err(refusal) = content {
            tracing::info!(door = ?self.door.role, peer = %self.dialogue.session.peer, ?refusal, "message refused");
        }
        let raw = match content {
            Ok(raw) => raw,
            // What follows may be the smuggled second message: nothing of it is read as a command.
            Err(Refusal::Bare) => return Err(End::Answer(Refusal::Bare.answer())),
            Err(refusal @ Refusal::TooLarge) => {
                let answers = self.dialogue.complete(Vec::new()).map_or(1, |(_, accepted)| self.replies_due(&accepted));
                return (0..answers).try_for_each(|_| self.answer(&refusal.answer()));
            }
        };
        let Some((incoming, accepted)) = self.dialogue.complete(raw) else { return Ok(()) };
        self.receive(incoming, &accepted).await
    }

    /// Hands the message over and waits as long as it takes: no time limit of ours, no peer that hangs up,
    /// may come between the last byte and its answer.
    async fn receive(&mut self, incoming: Incoming, accepted: &[usize]) -> Flow {
        let recipients = incoming.recipients.len();
        let (peer, size, from) = (incoming.session.peer, incoming.raw.len(), incoming.reverse_path.clone());
        let answers = self.door.reception.receive(incoming).await;
        let answers = if self.door.role == MailDoor::Lmtp {
            verdict::for_each(&answers, accepted)
        } else {
            vec![verdict::merged(answers, recipients)]
        };
        let code = answers.first().map_or(0, |answer| answer.code);
        tracing::info!(door = ?self.door.role, %peer, ?from, recipients, size, code, "message answered");
        if answers.iter().any(|answer| answer.class() == AnswerClass::Accepted) {
            (self.commands, self.errors) = (0, 0);
            self.messages += 1;
        }
        answers.iter().try_for_each(|answer| self.answer(answer))
    }

    /// How many replies the end of a message has: RFC 2033 §4.2.
    fn replies_due(&self, accepted: &[usize]) -> usize {
        if self.door.role == MailDoor::Lmtp { accepted.len() } else { 1 }
    }

    /// AUTH (RFC 4954 §4).
    async fn login(&mut self, mechanism: Mechanism, initial: Option<String>) -> Flow {
        let (mut exchange, mut step) = Exchange::start(mechanism, initial.as_deref());
        let claim = loop {
            match step {
                Step::Check(claim) => break claim,
                Step::Refuse(answer) => return self.answer(&answer),
                Step::Ask(question) => {
                    self.wire.replies.lines(334, &[question]);
                    step = match self.response(&mut exchange).await? {
                        Continue(step) => step,
                        Break(answer) => return self.answer(&answer),
                    };
                }
            }
        };
        let answer = match self.door.reception.login(&claim.login, &claim.password).await {
            Ok(Some(organizer)) => {
                self.dialogue.signed_in(organizer);
                SIGNED_IN
            }
            Ok(None) => {
                tracing::warn!(peer = %self.dialogue.session.peer, "wrong login");
                auth::WRONG
            }
            Err(error) => {
                tracing::error!(%error, "login could not be checked");
                LOGIN_UNCHECKED
            }
        };
        self.line.zeroize();
        self.wrong_logins += u32::from(answer.class() == AnswerClass::Permanent);
        self.answer(&answer)?;
        if self.wrong_logins >= self.door.limits.wrong_logins {
            return Err(End::Answer(TOO_MANY_ERRORS));
        }
        Ok(())
    }

    async fn response(&mut self, exchange: &mut Exchange) -> Result<ControlFlow<Answer, Step>, End> {
        let limits = &self.door.limits;
        Ok(match self.wire.line(&mut self.line, limits.auth_line_bytes, limits.command_patience()).await? {
            Line::Complete => Continue(exchange.answer(&self.line)),
            Line::TooLong => Break(AUTH_LINE_TOO_LONG),
        })
    }
}
