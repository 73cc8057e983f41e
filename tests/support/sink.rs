//! The next mail server, as small as it can be: it takes everything, keeps it, and outlives the gateway.

use super::net::PATIENCE;
use paravent::domain::mime::{self, InboundMail, MimeLimits};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// One mail as it was taken.
#[derive(Clone)]
pub struct Taken {
    pub from: String,
    pub to: String,
    pub raw: Vec<u8>,
}

impl Taken {
    /// The mail, parsed.
    pub fn mail(&self) -> InboundMail {
        mime::read(&self.raw, &MimeLimits::default())
    }
}

/// A server that takes everything.
#[derive(Clone)]
pub struct Sink {
    pub port: u16,
    shelf: Arc<(Mutex<Vec<Taken>>, Condvar)>,
}

impl Sink {
    /// Listens on a free port until the test ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), shelf: Arc::default() };
        let serving = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let session = serving.clone();
                // A gateway that was killed ends its sessions in the middle of anything.
                std::thread::spawn(move || drop(session.serve(stream)));
            }
        });
        sink
    }

    /// Everything taken so far, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.lock().clone()
    }

    /// Waits until `look` finds what it wants among everything taken. `what` tells it when nothing comes.
    pub fn wait_for<T>(&self, what: &str, look: impl Fn(&[Taken]) -> Option<T>) -> T {
        let mut taken = self.lock();
        loop {
            if let Some(found) = look(&taken) {
                return found;
            }
            let (next, late) = self.shelf.1.wait_timeout(taken, PATIENCE).unwrap();
            assert!(!late.timed_out(), "{what} did not come; {} mails came", next.len());
            taken = next;
        }
    }

    /// How much was taken so far.
    #[allow(dead_code, reason = "the benchmark measures with it")]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Waits until so much was taken.
    #[allow(dead_code, reason = "the benchmark measures with it")]
    pub fn wait_for_count(&self, count: usize) {
        let mut taken = self.lock();
        while taken.len() < count {
            let (next, late) = self.shelf.1.wait_timeout(taken, PATIENCE).unwrap();
            assert!(!late.timed_out(), "{} of {count} mails came", next.len());
            taken = next;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.shelf.0.lock().unwrap()
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let mut say = stream.get_ref().try_clone()?;
        say.write_all(b"220 sink.example\r\n")?;
        let (mut from, mut to, mut line) = (String::new(), String::new(), String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                "MAIL" => {
                    from = between_brackets(&line);
                    "250 OK\r\n"
                }
                "RCPT" => {
                    to = between_brackets(&line);
                    "250 OK\r\n"
                }
                "DATA" => {
                    say.write_all(b"354 go on\r\n")?;
                    let raw = content(&mut stream)?;
                    self.lock().push(Taken { from: from.clone(), to: to.clone(), raw });
                    self.shelf.1.notify_all();
                    "250 taken\r\n"
                }
                "QUIT" => return say.write_all(b"221 bye\r\n"),
                _ => "250 OK\r\n",
            };
            say.write_all(answer.as_bytes())?;
        }
    }
}

fn between_brackets(line: &str) -> String {
    let inside = line.split_once('<').map_or("", |(_, rest)| rest);
    inside.rsplit_once('>').map_or("", |(inside, _)| inside).to_owned()
}

fn content(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let (mut raw, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
