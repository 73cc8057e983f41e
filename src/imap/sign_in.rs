//! The way into a mailbox: connection, TLS, and who we are.

use super::{ImapSettings, ImapTls, Trouble};
use async_imap::imap_proto::{Outcome, Response, Status};
use async_imap::{Authenticator, Client, Session};
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Longest token that is read, in octets.
const LONGEST_TOKEN: usize = 16_384;

/// What the protocol is spoken over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sync + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync + fmt::Debug> Wire for T {}

/// A connection, encrypted or not.
pub(super) type Line = Box<dyn Wire>;

/// What shows who we are.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A password.
    Password(SecretString),
    /// A file with an access token; another program renews it, so that it is read at each sign-in.
    TokenFile(PathBuf),
}

impl Credentials {
    /// Of these settings; the password is that of the key file.
    pub fn of(settings: &ImapSettings, password: Option<&SecretString>) -> Option<Self> {
        match (&settings.token_file, password) {
            (Some(file), _) => Some(Self::TokenFile(file.clone())),
            (None, Some(password)) => Some(Self::Password(password.clone())),
            (None, None) => None,
        }
    }
}

/// Connects, greets, encrypts and signs in.
pub(super) async fn open(settings: &ImapSettings, tls: &TlsConnector, credentials: &Credentials) -> Result<Session<Line>, Trouble> {
    // Read first: no server is bothered while there is no token.
    let proof = Proof::of(credentials).await?;
    let patience = Duration::from_secs(settings.connect_timeout_seconds);
    let connecting = async {
        let tcp = TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(unconnected)?;
        tcp.set_nodelay(true).map_err(unconnected)?;
        let line: Line = Box::new(tcp);
        Ok(match settings.tls {
            ImapTls::Implicit => greeted(encrypted(line, settings, tls).await?).await?,
            ImapTls::None => greeted(line).await?,
            ImapTls::Starttls => {
                let mut plain = greeted(line).await?;
                plain.run_command_and_check_ok("STARTTLS", None).await.map_err(|_| no_connection("the server takes no STARTTLS"))?;
                // What was sent before the handshake goes away with the client: nobody may put words into the session.
                Client::new(encrypted(plain.into_inner(), settings, tls).await?)
            }
        })
    };
    let client = timeout(patience, connecting).await.map_err(|_| no_connection("no answer in time"))??;
    let patience = Duration::from_secs(settings.command_timeout_seconds);
    timeout(patience, proof.show(client, &settings.user)).await.map_err(|_| Trouble::Late("the sign-in"))?
}

fn unconnected(error: std::io::Error) -> Trouble {
    Trouble::Connection(error.to_string())
}

fn no_connection(why: &str) -> Trouble {
    Trouble::Connection(why.to_owned())
}

async fn encrypted(line: Line, settings: &ImapSettings, tls: &TlsConnector) -> Result<Line, Trouble> {
    let name = ServerName::try_from(settings.host.clone()).map_err(|_| no_connection("the host is no name that a certificate can have"))?;
    Ok(Box::new(tls.connect(name, line).await.map_err(|error| Trouble::Connection(format!("no TLS: {error}")))?))
}

async fn greeted(line: Line) -> Result<Client<Line>, Trouble> {
    let mut client = Client::new(line);
    let greeting = client.read_response().await.map_err(|_| Trouble::Unreadable)?.ok_or(Trouble::Lost)?;
    match greeting.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(client),
        Response::Data { status: Status::Bye, outcome } => Err(Trouble::Connection(format!("the server says: {}", told(outcome)))),
        // Also one that takes us for signed in: it takes us for somebody else.
        _ => Err(no_connection("the server greets as no IMAP server does")),
    }
}

/// What a server says, as one clean line.
pub(super) fn told(outcome: &Outcome<'_>) -> String {
    let text: String = outcome.information.as_deref().unwrap_or("nothing").chars().filter(|c| !c.is_control()).take(200).collect();
    if text.is_empty() { "nothing".to_owned() } else { text }
}

/// A password or token at hand.
enum Proof {
    Password(SecretString),
    Token(SecretString),
}

impl Proof {
    async fn of(credentials: &Credentials) -> Result<Self, Trouble> {
        match credentials {
            Credentials::Password(password) => Ok(Self::Password(password.clone())),
            Credentials::TokenFile(file) => {
                let fault = |what: String| Trouble::SignIn(format!("{}: {what}", file.display()));
                let text = tokio::fs::read_to_string(file).await.map_err(|error| fault(format!("it can't be read: {error}")))?;
                let token = text.trim();
                // RFC 6750 §2.1: what a bearer token is made of. Anything else would end the SASL string early.
                if token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(|b| b.is_ascii_graphic()) {
                    return Err(fault("it has no access token in it".to_owned()));
                }
                Ok(Self::Token(token.into()))
            }
        }
    }

    async fn show(self, client: Client<Line>, user: &str) -> Result<Session<Line>, Trouble> {
        match &self {
            Self::Password(password) => {
                let signed_in = client.login(user, password.expose_secret()).await;
                signed_in.map_err(|(error, _)| refusal(error, password))
            }
            Self::Token(token) => {
                let signed_in = client.authenticate("XOAUTH2", XOAuth2::new(user, token)).await;
                signed_in.map_err(|(error, _)| refusal(error, token))
            }
        }
    }
}

/// Why a sign-in failed, without what was said to sign in: some servers repeat it.
fn refusal(error: async_imap::error::Error, secret: &SecretString) -> Trouble {
    match error {
        async_imap::error::Error::No(text) => {
            let words = text.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")")).unwrap_or("without a word");
            let repeats = words.contains(secret.expose_secret());
            Trouble::SignIn(if repeats { "without a word".to_owned() } else { words.chars().take(200).collect() })
        }
        async_imap::error::Error::Bad(_) => Trouble::SignIn("the server does not know this way to sign in".to_owned()),
        async_imap::error::Error::Validate(_) => Trouble::SignIn("user or password have a line end in them".to_owned()),
        async_imap::error::Error::Parse(_) => Trouble::Unreadable,
        _ => Trouble::Lost,
    }
}

/// SASL XOAUTH2, as Google and Microsoft describe it.
struct XOAuth2 {
    first: Option<SecretString>,
}

impl XOAuth2 {
    fn new(user: &str, token: &SecretString) -> Self {
        Self { first: Some(xoauth2(user, token.expose_secret()).into()) }
    }
}

impl Authenticator for XOAuth2 {
    type Response = String;

    /// The token once; a second challenge tells of an error, and an empty answer fetches the refusal.
    fn process(&mut self, _challenge: &[u8]) -> String {
        self.first.take().map(|text| text.expose_secret().to_owned()).unwrap_or_default()
    }
}

/// `user=…^Aauth=Bearer …^A^A`.
fn xoauth2(user: &str, token: &str) -> String {
    format!("user={user}\x01auth=Bearer {token}\x01\x01")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_sasl_string_is_that_of_the_example() {
        // https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
        let expected =
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
        let sent = xoauth2("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
        assert_eq!(STANDARD.encode(sent), expected);
        let mut asked = XOAuth2::new("a@hosted.example", &"token".into());
        assert!(asked.process(b"").ends_with("Bearer token\x01\x01"));
        assert_eq!(asked.process(b"{\"status\":\"401\"}"), "");
    }

    #[test]
    fn a_refusal_repeats_no_secret() {
        let no = |text: &str| refusal(async_imap::error::Error::No(text.to_owned()), &"hunter2".into()).to_string();
        let plain = no("code: None, info: Some(\"[AUTHENTICATIONFAILED] Authentication failed.\")");
        assert_eq!(plain, "the sign-in was refused: [AUTHENTICATIONFAILED] Authentication failed.");
        assert!(!no("code: None, info: Some(\"LOGIN a hunter2 is wrong\")").contains("hunter2"));
        let bad = async_imap::error::Error::Bad("LOGIN a hunter2".to_owned());
        assert!(!refusal(bad, &"hunter2".into()).to_string().contains("hunter2"));
        assert!(!format!("{:?}", Credentials::Password("hunter2".into())).contains("hunter2"));
    }

    #[tokio::test]
    async fn a_token_is_read_at_each_sign_in() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let credentials = Credentials::TokenFile(file.clone());
        assert!(matches!(Proof::of(&credentials).await, Err(Trouble::SignIn(_))));
        for (text, expected) in [("ya29.first\n", Some("ya29.first")), ("ya29.second", Some("ya29.second")), ("a\x01b", None), ("", None)] {
            std::fs::write(&file, text).unwrap();
            let read = match Proof::of(&credentials).await {
                Ok(Proof::Token(token)) => Some(token.expose_secret().to_owned()),
                _ => None,
            };
            assert_eq!(read.as_deref(), expected);
        }
    }
}
