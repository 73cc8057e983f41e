//! Scripted SMTP and LMTP dialogues: each `fixtures/dialogues/NN-slug.dialogue` runs against a real listener with a
//! recording reception. The format is told in `fixtures/dialogues/README.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use async_trait::async_trait;
use paravent::domain::address::{Mailbox, ReversePath};
use paravent::domain::answer::Answer;
use paravent::domain::id::OrganizerId;
use paravent::flow::port::{Incoming, MailDoor, PortError, PortResult, Reception, Session, Submitter};
use paravent::inbound::{Door, Limits, Listener, Tls, serve};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// A test that hangs fails after this; nothing is measured with it.
const HANGS: Duration = Duration::from_secs(30);

/// Records what it gets. The local part of a recipient says what it answers.
struct Recorder {
    received: Mutex<Vec<Incoming>>,
    released: Semaphore,
}

#[async_trait]
impl Reception for Recorder {
    async fn login(&self, login: &str, password: &str) -> PortResult<Option<OrganizerId>> {
        match (login, password) {
            ("down", _) => Err(PortError::new("directory", "down")),
            ("claire", "secret") => Ok(Some(OrganizerId(uuid::Uuid::nil()))),
            _ => Ok(None),
        }
    }

    async fn check_recipient(&self, session: &Session, _: &ReversePath, recipient: &Mailbox) -> Answer {
        match (recipient.local(), recipient.domain()) {
            ("unknown", _) => Answer::UNKNOWN_RECIPIENT,
            ("down", _) => Answer::TRY_AGAIN,
            (_, "elsewhere.example") if session.door != MailDoor::Submission => Answer::RELAY_DENIED,
            _ => Answer::RECIPIENT_OK,
        }
    }

    async fn receive(&self, incoming: Incoming) -> Vec<Answer> {
        let has = |local: &str| incoming.recipients.iter().any(|recipient| recipient.local() == local);
        if has("slow") {
            self.released.acquire().await.unwrap().forget();
        }
        let answers = incoming.recipients.iter().map(|recipient| match recipient.local() {
            "refused" => Answer::new(554, (5, 6, 0), "Not understood"),
            "later" => Answer::TRY_AGAIN,
            _ => Answer::ACCEPTED,
        });
        let answers = answers.take(if has("missing") { incoming.recipients.len() - 1 } else { usize::MAX }).collect();
        self.received.lock().unwrap().push(incoming);
        answers
    }
}

trait Stream: AsyncBufRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncBufRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A script under way.
struct Play {
    door: Door,
    settings: Vec<String>,
    unix: Option<tempfile::TempDir>,
    recorder: Arc<Recorder>,
    server: Option<(Address, watch::Sender<bool>, JoinHandle<()>)>,
    lines: Vec<Option<Box<dyn Stream>>>,
    current: usize,
    unsent: Vec<u8>,
    reply: Vec<String>,
}

#[derive(Clone)]
enum Address {
    Tcp(std::net::SocketAddr),
    Unix(PathBuf),
}

fn certificate() -> &'static (String, String) {
    static PAIR: OnceLock<(String, String)> = OnceLock::new();
    PAIR.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed(vec!["mx.gateway.example".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    })
}

/// `\r`, `\n`, `\0`, `\t`, `\xNN` and `\\`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match (byte, byte == b'\\') {
            (byte, false) => byte,
            (_, true) => match bytes.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => panic!("unknown escape {other:?}"),
            },
        });
    }
    out
}

impl Play {
    fn new() -> Self {
        let recorder = Arc::new(Recorder { received: Mutex::default(), released: Semaphore::new(0) });
        let door = Door {
            role: MailDoor::Mx,
            host_name: "mx.gateway.example".to_owned(),
            limits: Limits::default(),
            tls: None,
            implicit_tls: false,
            trusted_networks: Vec::new(),
            plain_login_on_loopback: false,
            reception: recorder.clone(),
        };
        Self {
            door,
            settings: Vec::new(),
            unix: None,
            recorder,
            server: None,
            lines: Vec::new(),
            current: 0,
            unsent: Vec::new(),
            reply: Vec::new(),
        }
    }

    async fn step(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "door" => {
                self.door.role = match rest {
                    "mx" => MailDoor::Mx,
                    "submission" => MailDoor::Submission,
                    "lmtp" => MailDoor::Lmtp,
                    other => return Err(format!("no door {other}")),
                }
            }
            "set" => self.settings.push(rest.replacen(' ', " = ", 1)),
            "certificate" => self.door.tls = Some(Tls::from_pem(certificate().0.as_bytes(), certificate().1.as_bytes()).unwrap()),
            "implicit" => self.door.implicit_tls = true,
            "trusted" => self.door.trusted_networks = vec!["127.0.0.0/8".parse().unwrap()],
            "plain-login" => self.door.plain_login_on_loopback = true,
            "unix" => self.unix = Some(tempfile::tempdir().unwrap()),
            "connect" => self.connect().await,
            "use" => {
                self.send().await;
                self.current = rest.parse().unwrap();
            }
            "C:" => self.unsent.extend_from_slice(&[rest.as_bytes(), b"\r\n"].concat()),
            "C!" => self.unsent.extend(unescaped(rest)),
            "C*" => {
                let (times, text) = rest.split_once(' ').ok_or("C* needs a number")?;
                self.unsent.extend(unescaped(text).repeat(times.parse().unwrap()));
            }
            "S:" => return self.expect_line(rest).await,
            "S*" => return self.expect_reply(rest).await,
            "has" if self.reply.iter().any(|line| line.get(4..) == Some(rest)) => {}
            "lacks" if !self.reply.iter().any(|line| line.get(4..).is_some_and(|line| line.starts_with(rest))) => {}
            "has" | "lacks" => return Err(format!("{:?}", self.reply)),
            "handshake" => self.handshake().await?,
            "closed" => return self.expect_end().await,
            "hang-up" => {
                self.send().await;
                self.lines[self.current] = None;
            }
            "release" => self.recorder.released.add_permits(1),
            "stop" => {
                self.send().await;
                self.server.as_ref().unwrap().1.send_replace(true);
            }
            "expect" => return self.expect(rest).await,
            other => return Err(format!("unknown word {other}")),
        }
        Ok(())
    }

    async fn connect(&mut self) {
        self.send().await;
        let address = self.address().await;
        let stream: Box<dyn Stream> = match address {
            Address::Tcp(address) => Box::new(BufReader::new(TcpStream::connect(address).await.unwrap())),
            Address::Unix(path) => Box::new(BufReader::new(UnixStream::connect(path).await.unwrap())),
        };
        self.lines.push(Some(stream));
        self.current = self.lines.len() - 1;
    }

    async fn address(&mut self) -> Address {
        if let Some((address, ..)) = &self.server {
            return address.clone();
        }
        let door = Door {
            limits: toml::from_str(&self.settings.join("\n")).unwrap(),
            host_name: self.door.host_name.clone(),
            tls: self.door.tls.clone(),
            trusted_networks: self.door.trusted_networks.clone(),
            reception: self.recorder.clone(),
            ..self.door
        };
        let (listener, address) = match &self.unix {
            Some(folder) => {
                let path = folder.path().join("lmtp");
                (Listener::unix(&path).await.unwrap(), Address::Unix(path))
            }
            None => {
                let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
                let address = listener.local_addr().unwrap();
                (listener, Address::Tcp(address))
            }
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(Arc::new(door), listener, stopped));
        self.server = Some((address.clone(), stop, task));
        address
    }

    /// Everything between two expectations goes out in one write. The server may have closed: that shows when reading.
    async fn send(&mut self) {
        let bytes = std::mem::take(&mut self.unsent);
        if let (false, Some(stream)) = (bytes.is_empty(), self.lines.get_mut(self.current).and_then(Option::as_mut)) {
            let _ = timeout(HANGS, stream.write_all(&bytes)).await.expect("the server reads");
            let _ = stream.flush().await;
        }
    }

    async fn line(&mut self) -> Result<String, String> {
        if self.lines.is_empty() {
            self.connect().await;
        }
        self.send().await;
        let mut line = Vec::new();
        let stream = self.lines[self.current].as_mut().ok_or("hung up")?;
        timeout(HANGS, stream.read_until(b'\n', &mut line)).await.map_err(|_| "no reply")?.map_err(|error| error.to_string())?;
        let line = String::from_utf8(line).map_err(|_| "not UTF-8")?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or(format!("no CRLF at the end of {line:?}"))
    }

    async fn expect_line(&mut self, expected: &str) -> Result<(), String> {
        let line = self.line().await?;
        if line.starts_with(expected) { Ok(()) } else { Err(format!("got {line:?}")) }
    }

    async fn expect_reply(&mut self, expected: &str) -> Result<(), String> {
        self.reply.clear();
        loop {
            let line = self.line().await?;
            let last = line.as_bytes().get(3) != Some(&b'-');
            let fits = line.starts_with(expected);
            self.reply.push(line);
            if !fits {
                return Err(format!("got {:?}", self.reply));
            }
            if last {
                return Ok(());
            }
        }
    }

    async fn expect_end(&mut self) -> Result<(), String> {
        self.send().await;
        let mut rest = Vec::new();
        let stream = self.lines[self.current].as_mut().ok_or("hung up")?;
        // A reset is an end too.
        let _ = timeout(HANGS, stream.read_to_end(&mut rest)).await.map_err(|_| "not closed")?;
        if rest.is_empty() { Ok(()) } else { Err(format!("got {:?}", String::from_utf8_lossy(&rest))) }
    }

    async fn handshake(&mut self) -> Result<(), String> {
        if self.lines.is_empty() {
            self.connect().await;
        }
        self.send().await;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate().0.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
        let name = ServerName::try_from("mx.gateway.example").unwrap();
        let plain = self.lines[self.current].take().ok_or("hung up")?;
        let secure =
            timeout(HANGS, connector.connect(name, plain)).await.map_err(|_| "no handshake")?.map_err(|error| error.to_string())?;
        self.lines[self.current] = Some(Box::new(BufReader::new(secure)));
        Ok(())
    }

    /// Hangs up, stops the server, waits for its sessions: then all that will be received was received.
    async fn finish(&mut self) {
        self.send().await;
        self.lines.iter_mut().for_each(|line| *line = None);
        if let Some((_, stop, task)) = self.server.take() {
            stop.send_replace(true);
            timeout(HANGS, task).await.expect("the server stops").unwrap();
        }
    }

    async fn expect(&mut self, what: &str) -> Result<(), String> {
        self.finish().await;
        let received = self.recorder.received.lock().unwrap();
        let (word, expected) = what.split_once(' ').unwrap_or((what, ""));
        let last = received.last();
        let actual = match (word, last) {
            ("messages", _) => received.len().to_string(),
            (_, None) => return Err("nothing was received".to_owned()),
            ("raw", Some(last)) => String::from_utf8_lossy(&last.raw).escape_debug().to_string().replace("\\u{0}", "\\0"),
            ("bytes", Some(last)) => last.raw.len().to_string(),
            ("from", Some(last)) => last.reverse_path.to_string(),
            ("to", Some(last)) => last.recipients.iter().map(Mailbox::to_string).collect::<Vec<_>>().join(" "),
            ("helo", Some(last)) => last.session.helo.clone(),
            ("encrypted", Some(last)) => last.session.encrypted.to_string(),
            ("submitter", Some(last)) => match last.session.submitter {
                None => "none".to_owned(),
                Some(Submitter::Organizer(_)) => "organizer".to_owned(),
                Some(Submitter::TrustedNetwork) => "trusted".to_owned(),
            },
            (other, _) => return Err(format!("nothing to expect named {other}")),
        };
        if actual == expected { Ok(()) } else { Err(format!("got {actual}")) }
    }
}

async fn play(path: &Path) -> Result<(), String> {
    let script = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    if !script.contains("\nexpect messages ") {
        return Err("the script must end with `expect messages N`".to_owned());
    }
    let mut play = Play::new();
    for (number, line) in script.lines().enumerate() {
        if !line.is_empty() && !line.starts_with('#') {
            play.step(line).await.map_err(|error| format!("line {}: {line}\n    {error}", number + 1))?;
        }
    }
    play.finish().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialogue_runs_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dialogues");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let scripts: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "dialogue")).collect();
    assert!(!scripts.is_empty());
    let only = std::env::var("DIALOGUE").unwrap_or_default();
    let mut running = JoinSet::new();
    for path in scripts.into_iter().filter(|path| path.to_string_lossy().contains(&only)) {
        running.spawn(async move { (path.file_name().unwrap().to_string_lossy().into_owned(), play(&path).await) });
    }
    let outcomes: BTreeMap<String, Result<(), String>> = running.join_all().await.into_iter().collect();
    let failed: Vec<String> =
        outcomes.iter().filter_map(|(name, outcome)| outcome.as_ref().err().map(|error| format!("{name}: {error}"))).collect();
    assert!(failed.is_empty(), "{} of {} dialogues failed:\n{}", failed.len(), outcomes.len(), failed.join("\n"));
}

#[tokio::test]
async fn a_unix_socket_is_taken_over_only_from_the_dead() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    let first = Listener::unix(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(Listener::unix(&path).await.is_err(), "a live socket is not taken");
    drop(first);
    assert!(path.exists(), "a dead socket file stays");
    Listener::unix(&path).await.unwrap();
    let file = folder.path().join("precious");
    std::fs::write(&file, "kept").unwrap();
    assert!(Listener::unix(&file).await.is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}
