//! What a session may do next: the state of a dialogue, a command line in, the next step out. No I/O.

use super::auth::Mechanism;
use super::bdat::{self, Chunk};
use super::content::{Content, TOO_LARGE};
use super::door::Door;
use super::path::path;
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::answer::Answer;
use crate::domain::id::OrganizerId;
use crate::flow::port::{Incoming, MailDoor, Session, Submitter};
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};
use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;

const OK: Answer = Answer::new(250, (2, 0, 0), "OK");
const UNKNOWN: Answer = Answer::new(500, (5, 5, 1), "Command not known");
const NOT_HERE: Answer = Answer::new(502, (5, 5, 1), "Command not implemented");
const WRONG_ORDER: Answer = Answer::new(503, (5, 5, 1), "Bad sequence of commands");
const SYNTAX: Answer = Answer::new(501, (5, 5, 4), "Syntax error in parameters");
const PARAMETER: Answer = Answer::new(555, (5, 5, 4), "Parameter not recognized or not implemented");
const BARE_LINE: Answer = Answer::new(500, (5, 5, 2), "A command ends with CRLF and has no other CR, LF or NUL");
/// `500 5.5.2`: a command line longer than allowed.
pub(super) const LINE_TOO_LONG: Answer = Answer::new(500, (5, 5, 2), "Line too long");
const BAD_SENDER: Answer = Answer::new(501, (5, 1, 7), "Bad sender address syntax");
const BAD_RECIPIENT: Answer = Answer::new(501, (5, 1, 3), "Bad recipient address syntax");
const NEEDS_SMTPUTF8: Answer = Answer::new(553, (5, 6, 7), "Address needs SMTPUTF8");
const SENDER_OK: Answer = Answer::new(250, (2, 1, 0), "Sender OK");
/// The sender's other recipients stand; it sends these again on their own (RFC 5321 §4.5.3.1.10): no error of its.
pub(super) const TOO_MANY_RECIPIENTS: Answer = Answer::new(452, (4, 5, 3), "Too many recipients");
const NO_RECIPIENTS: Answer = Answer::new(503, (5, 5, 1), "No valid recipients");
const LOGIN_FIRST: Answer = Answer::new(530, (5, 7, 0), "Authentication required");
const TLS_FIRST: Answer = Answer::new(530, (5, 7, 0), "Issue STARTTLS and authenticate first");
const ENCRYPT_FIRST: Answer = Answer::new(538, (5, 7, 11), "Encryption required for authentication");
const NO_MECHANISM: Answer = Answer::new(504, (5, 5, 4), "Authentication mechanism not supported");
const VERIFY: Answer = Answer::new(252, (2, 1, 5), "Cannot verify; try RCPT");
const HELP: Answer = Answer::new(214, (2, 0, 0), "See RFC 5321, RFC 4954 and RFC 2033");

/// What the conversation does for a command.
#[derive(Debug)]
pub(super) enum Next {
    /// Answer.
    Answer(Answer),
    /// Answer with these lines and 250.
    Hello(Vec<String>),
    /// Ask whether the recipient is wanted; then [`Dialogue::recipient_accepted`] if so.
    CheckRecipient(Mailbox),
    /// Answer 354 and read up to the end mark.
    Data,
    /// Read the chunk, then either go on or give this answer.
    Chunk(Chunk, Option<Answer>),
    /// The length of a chunk can't be known: answer and close.
    Lost(Answer),
    /// Start an authentication exchange.
    Login(Mechanism, Option<String>),
    /// Answer 220 and shake hands.
    StartTls,
    /// Answer 221 and close.
    Quit,
}

/// MAIL and RCPT as far as accepted.
#[derive(Debug)]
pub(super) struct Envelope {
    /// MAIL FROM.
    pub(super) reverse_path: ReversePath,
    smtputf8: bool,
    recipients: Vec<Mailbox>,
    place_of: HashMap<String, usize>,
    /// For each RCPT answered with 250, the place of its mailbox in `recipients`.
    pub(super) accepted: Vec<usize>,
    /// BDAT chunks so far.
    pub(super) chunks: Option<Content>,
}

/// The state of a dialogue.
#[derive(Debug)]
pub(super) struct Dialogue<'a> {
    door: &'a Door,
    /// What is known of the session. `helo` is empty before the greeting.
    pub(super) session: Session,
    /// The transaction under way.
    pub(super) envelope: Option<Envelope>,
}

impl<'a> Dialogue<'a> {
    /// The state after the connection, and again after the TLS handshake (RFC 3207 §4.2: nothing is kept).
    pub(super) fn new(door: &'a Door, peer: IpAddr, encrypted: bool) -> Self {
        let submitter = door.trusts(peer).then_some(Submitter::TrustedNetwork);
        let session = Session { door: door.role, peer, helo: String::new(), encrypted, submitter };
        Self { door, session, envelope: None }
    }

    /// Takes a command line with its line end.
    pub(super) fn command(&mut self, line: &[u8]) -> Next {
        let Some(text) = line.strip_suffix(b"\r\n").filter(|text| !text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))) else {
            return Next::Answer(BARE_LINE);
        };
        if line.len() > self.door.limits.command_line_bytes && !starts_with(text, b"AUTH ") {
            return Next::Answer(LINE_TOO_LONG);
        }
        if starts_with(text, b"BDAT") && text.get(4).is_none_or(u8::is_ascii_whitespace) {
            return self.chunk(bdat::chunk(text));
        }
        match Request::parse(&mut line.iter()) {
            Ok(request) => self.request(request, text),
            Err(error) => Next::Answer(misunderstood(&error)),
        }
    }

    fn request(&mut self, request: Request<Cow<'_, str>>, text: &[u8]) -> Next {
        let lmtp = self.door.role == MailDoor::Lmtp;
        match request {
            Request::Ehlo { host } if !lmtp => self.hello(&host, true),
            Request::Helo { host } if !lmtp => self.hello(&host, false),
            Request::Lhlo { host } if lmtp => self.hello(&host, true),
            // RFC 2033 §4.1: LHLO instead of HELO and EHLO, on the one protocol alone.
            Request::Ehlo { .. } | Request::Helo { .. } | Request::Lhlo { .. } => Next::Answer(UNKNOWN),
            Request::Mail { from } => Next::Answer(self.mail(&from, text)),
            Request::Rcpt { to } => self.rcpt(&to, text),
            Request::Bdat { .. } => Next::Lost(bdat::MALFORMED),
            Request::Data | Request::Rset | Request::Quit | Request::StartTls if has_arguments(text) => Next::Answer(SYNTAX),
            Request::Data => self.data(),
            Request::Rset => {
                self.envelope = None;
                Next::Answer(OK)
            }
            Request::StartTls => self.start_tls(),
            Request::Auth { mechanism, initial_response } => self.auth(mechanism, &initial_response),
            Request::Noop { .. } => Next::Answer(OK),
            Request::Vrfy { .. } => Next::Answer(VERIFY),
            Request::Help { .. } => Next::Answer(HELP),
            Request::Quit => Next::Quit,
            Request::Expn { .. } | Request::Etrn { .. } | Request::Atrn { .. } | Request::Burl { .. } => Next::Answer(NOT_HERE),
        }
    }

    fn hello(&mut self, host: &str, extended: bool) -> Next {
        if host.chars().any(char::is_control) {
            return Next::Answer(SYNTAX);
        }
        // RFC 5321 §4.1.4: a second greeting is a reset.
        self.envelope = None;
        host.clone_into(&mut self.session.helo);
        let mut lines = vec![self.door.host_name.clone()];
        if extended {
            let size = format!("SIZE {}", self.door.limits.message_bytes);
            lines.extend([size.as_str(), "PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES"].map(str::to_owned));
            if self.offers_tls() {
                lines.push("STARTTLS".to_owned());
            }
            if self.door.offers_login(self.session.peer, self.session.encrypted) {
                lines.push("AUTH PLAIN LOGIN".to_owned());
            }
            lines.push("HELP".to_owned());
        }
        Next::Hello(lines)
    }

    fn mail(&mut self, from: &MailFrom<Cow<'_, str>>, text: &[u8]) -> Answer {
        if self.session.helo.is_empty() || self.envelope.is_some() {
            return WRONG_ORDER;
        }
        if self.door.role == MailDoor::Submission && self.session.submitter.is_none() {
            return if self.offers_tls() { TLS_FIRST } else { LOGIN_FIRST };
        }
        if !mail_parameters_are_known(from) {
            return PARAMETER;
        }
        if from.size > self.door.limits.message_bytes {
            return TOO_LARGE;
        }
        let smtputf8 = from.flags & MAIL_SMTPUTF8 != 0;
        let reverse_path = match path(text) {
            Some(b"") => ReversePath::Null,
            Some(address) => match mailbox(address, smtputf8) {
                Ok(mailbox) => ReversePath::Mailbox(mailbox),
                Err(fault) => return fault.unwrap_or(BAD_SENDER),
            },
            None => return BAD_SENDER,
        };
        let empty =
            Envelope { reverse_path, smtputf8, recipients: Vec::new(), place_of: HashMap::new(), accepted: Vec::new(), chunks: None };
        self.envelope = Some(empty);
        SENDER_OK
    }

    fn rcpt(&mut self, to: &RcptTo<Cow<'_, str>>, text: &[u8]) -> Next {
        let Some(envelope) = self.envelope.as_mut().filter(|envelope| envelope.chunks.is_none()) else {
            return Next::Answer(WRONG_ORDER);
        };
        if to.orcpt.is_some() || to.flags != 0 || to.rrvs != 0 {
            return Next::Answer(PARAMETER);
        }
        if envelope.accepted.len() >= self.door.limits.recipients {
            return Next::Answer(TOO_MANY_RECIPIENTS);
        }
        let recipient = match path(text) {
            // RFC 5321 §4.1.1.3: the one address without a domain.
            Some(address) if address.eq_ignore_ascii_case(b"postmaster") => {
                Mailbox::parse(&format!("postmaster@{}", self.door.host_name)).map_err(|_| None)
            }
            Some(address) => mailbox(address, envelope.smtputf8),
            None => Err(None),
        };
        let recipient = match recipient {
            Ok(recipient) => recipient,
            Err(fault) => return Next::Answer(fault.unwrap_or(BAD_RECIPIENT)),
        };
        if let Some(place) = envelope.place_of.get(&recipient.canonical()) {
            envelope.accepted.push(*place);
            return Next::Answer(Answer::RECIPIENT_OK);
        }
        Next::CheckRecipient(recipient)
    }

    /// The recipient was answered with 250.
    pub(super) fn recipient_accepted(&mut self, recipient: Mailbox) {
        if let Some(envelope) = &mut self.envelope {
            let place = envelope.recipients.len();
            envelope.place_of.insert(recipient.canonical(), place);
            envelope.recipients.push(recipient);
            envelope.accepted.push(place);
        }
    }

    fn data(&self) -> Next {
        match &self.envelope {
            // RFC 3030 §2: DATA and BDAT don't mix.
            Some(envelope) if envelope.chunks.is_some() => Next::Answer(WRONG_ORDER),
            Some(envelope) if envelope.accepted.is_empty() => Next::Answer(NO_RECIPIENTS),
            Some(_) => Next::Data,
            None => Next::Answer(WRONG_ORDER),
        }
    }

    fn chunk(&self, chunk: Option<Chunk>) -> Next {
        let Some(chunk) = chunk else { return Next::Lost(bdat::MALFORMED) };
        let refusal = match &self.envelope {
            Some(envelope) if envelope.accepted.is_empty() => Some(NO_RECIPIENTS),
            Some(_) => None,
            None => Some(WRONG_ORDER),
        };
        Next::Chunk(chunk, refusal)
    }

    fn start_tls(&self) -> Next {
        match &self.door.tls {
            Some(_) if self.offers_tls() => Next::StartTls,
            Some(_) => Next::Answer(WRONG_ORDER),
            None => Next::Answer(NOT_HERE),
        }
    }

    fn offers_tls(&self) -> bool {
        self.door.tls.is_some() && !self.session.encrypted
    }

    fn auth(&self, mechanism: u64, initial: &str) -> Next {
        if self.door.role != MailDoor::Submission {
            return Next::Answer(NOT_HERE);
        }
        if !self.door.offers_login(self.session.peer, self.session.encrypted) {
            return Next::Answer(ENCRYPT_FIRST);
        }
        let signed_in = matches!(self.session.submitter, Some(Submitter::Organizer(_)));
        if self.session.helo.is_empty() || self.envelope.is_some() || signed_in {
            return Next::Answer(WRONG_ORDER);
        }
        let mechanism = match mechanism {
            AUTH_PLAIN => Mechanism::Plain,
            AUTH_LOGIN => Mechanism::Login,
            _ => return Next::Answer(NO_MECHANISM),
        };
        Next::Login(mechanism, Some(initial.to_owned()).filter(|initial| !initial.is_empty()))
    }

    /// The login was right.
    pub(super) fn signed_in(&mut self, organizer: OrganizerId) {
        self.session.submitter = Some(Submitter::Organizer(organizer));
    }

    /// Ends the transaction with its message: what the reception gets, and the places of the answers.
    pub(super) fn complete(&mut self, raw: Vec<u8>) -> Option<(Incoming, Vec<usize>)> {
        let Envelope { reverse_path, recipients, accepted, .. } = self.envelope.take()?;
        Some((Incoming { session: self.session.clone(), reverse_path, recipients, raw }, accepted))
    }
}

fn starts_with(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn has_arguments(text: &[u8]) -> bool {
    text.trim_ascii().iter().any(u8::is_ascii_whitespace)
}

/// SIZE, BODY=7BIT, BODY=8BITMIME, SMTPUTF8 and AUTH are known; AUTH is read and not used (RFC 4954 §5).
fn mail_parameters_are_known(from: &MailFrom<Cow<'_, str>>) -> bool {
    let MailFrom { address: _, flags, size: _, trans_id, by, env_id, solicit, mtrk, auth: _, hold_for, hold_until, mt_priority } = from;
    let texts = trans_id.is_none() && env_id.is_none() && solicit.is_none() && mtrk.is_none();
    let numbers = *by == 0 && *hold_for == 0 && *hold_until == 0 && *mt_priority == 0;
    texts && numbers && flags & !(MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8) == 0
}

/// An address as written. The error is the answer, where the syntax isn't the fault.
fn mailbox(address: &[u8], smtputf8: bool) -> Result<Mailbox, Option<Answer>> {
    let mailbox = std::str::from_utf8(address).ok().and_then(|text| Mailbox::parse(text).ok()).ok_or(None)?;
    if mailbox.needs_smtputf8() && !smtputf8 {
        return Err(Some(NEEDS_SMTPUTF8));
    }
    Ok(mailbox)
}

fn misunderstood(error: &Error) -> Answer {
    match error {
        Error::UnknownCommand | Error::NeedsMoreData { .. } => UNKNOWN,
        Error::InvalidSenderAddress => BAD_SENDER,
        Error::InvalidRecipientAddress => BAD_RECIPIENT,
        Error::SyntaxError { .. } | Error::ResponseTooLong | Error::InvalidResponse { .. } => SYNTAX,
        Error::InvalidParameter { param: "AUTH" | "BODY" | "SIZE" } => SYNTAX,
        Error::InvalidParameter { .. } | Error::UnsupportedParameter { .. } => PARAMETER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::port::{PortResult, Reception};
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    struct Nobody;

    #[async_trait::async_trait]
    impl Reception for Nobody {
        async fn login(&self, _: &str, _: &str) -> PortResult<Option<OrganizerId>> {
            Ok(None)
        }
        async fn check_recipient(&self, _: &Session, _: &ReversePath, _: &Mailbox) -> Answer {
            Answer::UNKNOWN_RECIPIENT
        }
        async fn receive(&self, _: Incoming) -> Vec<Answer> {
            Vec::new()
        }
    }

    fn door(role: MailDoor) -> Door {
        Door {
            role,
            host_name: "mx.gateway.example".to_owned(),
            limits: crate::inbound::Limits::default(),
            tls: None,
            implicit_tls: false,
            trusted_networks: Vec::new(),
            plain_login_on_loopback: false,
            reception: std::sync::Arc::new(Nobody),
        }
    }

    fn line() -> impl Strategy<Value = Vec<u8>> {
        let sound =
            ["EHLO a", "LHLO a", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA", "BDAT 3 LAST", "AUTH PLAIN =", "STARTTLS"];
        let verbs = "(EHLO|LHLO|HELO|MAIL FROM:|RCPT TO:|DATA|BDAT|RSET|AUTH|STARTTLS|VRFY|NOOP|ATRN|BURL)? ?";
        let rest = r#"(<[a-z"\\@:,.> é]{0,12}>|<a@b\.example>|x|[0-9]{0,25}| (SIZE|BY|HOLDFOR|HOLDUNTIL|RRVS|BODY|AUTH|ENVID|MTRK)=[-+0-9TZ:.;A-F]{0,30}){0,3}"#;
        let junk = (verbs, rest, proptest::collection::vec(any::<u8>(), 0..6));
        prop_oneof![
            proptest::sample::select(sound.to_vec()).prop_map(|line| format!("{line}\r\n").into_bytes()),
            junk.prop_map(|(verb, rest, junk)| [verb.as_bytes(), rest.as_bytes(), &junk, b"\r\n"].concat()),
        ]
    }

    proptest! {
        #[test]
        fn no_lines_reach_data_without_an_accepted_recipient(
            lines in proptest::collection::vec(line(), 1..20),
            role in proptest::sample::select(vec![MailDoor::Mx, MailDoor::Submission, MailDoor::Lmtp]),
        ) {
            let door = door(role);
            let mut dialogue = Dialogue::new(&door, Ipv4Addr::LOCALHOST.into(), false);
            for line in lines {
                match dialogue.command(&line) {
                    Next::Data | Next::Chunk(_, None) | Next::Login(..) | Next::StartTls => prop_assert!(false, "{line:?}"),
                    Next::CheckRecipient(_) => prop_assert!(role != MailDoor::Submission, "{line:?}"),
                    Next::Answer(_) | Next::Hello(_) | Next::Chunk(_, Some(_)) | Next::Lost(_) | Next::Quit => {}
                }
            }
        }
    }
}
