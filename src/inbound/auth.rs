//! AUTH PLAIN (RFC 4616) and AUTH LOGIN, as a pure exchange: a line in, the next step out.

use crate::domain::answer::Answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const CANCELLED: Answer = Answer::new(501, (5, 0, 0), "Authentication cancelled");
const UNDECODABLE: Answer = Answer::new(501, (5, 5, 2), "Cannot decode the response");
/// `535 5.7.8`: one text for an unknown login and a wrong password.
pub(super) const WRONG: Answer = Answer::new(535, (5, 7, 8), "Authentication credentials invalid");

/// A mechanism that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// Login and password in one response.
    Plain,
    /// Login and password asked one after the other.
    Login,
}

/// What the peer claims.
pub(super) struct Credentials {
    pub(super) login: String,
    pub(super) password: Zeroizing<String>,
}

/// What to do next.
pub(super) enum Step {
    /// Send `334` with this text and wait for a line.
    Ask(&'static str),
    /// Have the credentials checked.
    Check(Credentials),
    /// End the exchange.
    Refuse(Answer),
}

/// An exchange under way.
pub(super) struct Exchange {
    waits_for: Part,
}

enum Part {
    Plain,
    Name,
    Password(String),
}

impl Exchange {
    /// Starts with the initial response of the AUTH command, where there is one; `=` is an empty one (RFC 4954 §4).
    pub(super) fn start(mechanism: Mechanism, initial: Option<&str>) -> (Self, Step) {
        let (waits_for, question) = match mechanism {
            Mechanism::Plain => (Part::Plain, ""),
            Mechanism::Login => (Part::Name, "VXNlcm5hbWU6"),
        };
        let mut exchange = Self { waits_for };
        let step = match initial {
            None => Step::Ask(question),
            Some("=") => exchange.take(""),
            Some(response) => exchange.take(response),
        };
        (exchange, step)
    }

    /// Takes a response line with its line end.
    pub(super) fn answer(&mut self, line: &[u8]) -> Step {
        match std::str::from_utf8(line).map(str::trim_ascii_end) {
            Ok("*") => Step::Refuse(CANCELLED),
            Ok(response) => self.take(response),
            Err(_) => Step::Refuse(UNDECODABLE),
        }
    }

    fn take(&mut self, response: &str) -> Step {
        let Some(text) = decoded(response) else { return Step::Refuse(UNDECODABLE) };
        match &mut self.waits_for {
            Part::Plain => plain(&text),
            Part::Name => {
                self.waits_for = Part::Password(text.to_string());
                Step::Ask("UGFzc3dvcmQ6")
            }
            Part::Password(login) => Step::Check(Credentials { login: std::mem::take(login), password: text }),
        }
    }
}

fn decoded(response: &str) -> Option<Zeroizing<String>> {
    let bytes = Zeroizing::new(STANDARD.decode(response).ok()?);
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2). Nobody may act for somebody else.
fn plain(text: &str) -> Step {
    let mut parts = text.split('\0');
    let (Some(acts_for), Some(login), Some(password), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Step::Refuse(UNDECODABLE);
    };
    if !acts_for.is_empty() && acts_for != login {
        return Step::Refuse(WRONG);
    }
    Step::Check(Credentials { login: login.to_owned(), password: Zeroizing::new(password.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(step: &Step) -> String {
        match step {
            Step::Ask(question) => format!("ask {question}"),
            Step::Check(claim) => format!("check {} {}", claim.login, *claim.password),
            Step::Refuse(answer) => format!("refuse {}", answer.code),
        }
    }

    #[test]
    fn plain_takes_login_and_password() {
        let cases = [
            ("\0claire\0secret", "check claire secret"),
            ("claire\0claire\0secret", "check claire secret"),
            ("jean\0claire\0secret", "refuse 535"),
            ("claire\0secret", "refuse 501"),
            ("\0a\0b\0c", "refuse 501"),
        ];
        for (text, expected) in cases {
            let (_, step) = Exchange::start(Mechanism::Plain, Some(&STANDARD.encode(text)));
            assert_eq!(shown(&step), expected, "{text:?}");
        }
    }

    #[test]
    fn login_asks_twice_and_can_be_cancelled() {
        let (mut exchange, step) = Exchange::start(Mechanism::Login, None);
        assert_eq!(shown(&step), "ask VXNlcm5hbWU6");
        assert_eq!(shown(&exchange.answer(b"Y2xhaXJl\r\n")), "ask UGFzc3dvcmQ6");
        assert_eq!(shown(&exchange.answer(b"c2VjcmV0\r\n")), "check claire secret");
        let (mut exchange, _) = Exchange::start(Mechanism::Login, Some("Y2xhaXJl"));
        assert_eq!(shown(&exchange.answer(b"*\r\n")), "refuse 501");
        assert_eq!(shown(&Exchange::start(Mechanism::Plain, Some("=")).1), "refuse 501");
        assert_eq!(shown(&Exchange::start(Mechanism::Plain, Some("%%")).1), "refuse 501");
    }
}
