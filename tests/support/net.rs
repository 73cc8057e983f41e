//! Loopback: free ports, and the smallest SMTP and IMAP clients that a test needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long anything may take on a busy machine before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Ports that were free a moment ago, all different.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: Vec<TcpListener> = (0..N).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    std::array::from_fn(|i| listeners[i].local_addr().unwrap().port())
}

/// The first of `count` ports in a row that were free a moment ago.
pub fn free_run(count: u16) -> u16 {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
    loop {
        let [first] = free_ports::<1>();
        if (0..count).map_while(|offset| free(first.checked_add(offset)?)).count() == usize::from(count) {
            return first;
        }
    }
}

/// Connects as soon as somebody listens.
pub fn connect(port: u16) -> TcpStream {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_nodelay(true).unwrap();
                return stream;
            }
            Err(error) => assert!(std::time::Instant::now() < deadline, "nobody listens on {port}: {error}"),
        }
        // Nothing can be waited for but the port itself.
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An SMTP session.
pub struct Smtp(BufReader<TcpStream>);

impl Smtp {
    /// Connects and says EHLO.
    pub fn open(port: u16) -> Self {
        let mut smtp = Self(BufReader::new(connect(port)));
        assert!(smtp.answer().starts_with("220"));
        assert!(smtp.say("EHLO client.example").starts_with("250"));
        smtp
    }

    /// Sends a line, gives the answer.
    pub fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.answer()
    }

    /// Sends a whole message; the answer to its end, or the first refusal.
    pub fn send(&mut self, from: &str, to: &[&str], message: &[u8]) -> String {
        let mut commands = vec![format!("MAIL FROM:<{from}>")];
        commands.extend(to.iter().map(|recipient| format!("RCPT TO:<{recipient}>")));
        commands.push("DATA".to_owned());
        for command in commands {
            let answer = self.say(&command);
            if !answer.starts_with(['2', '3']) {
                return answer;
            }
        }
        let mut out = Vec::new();
        let text = String::from_utf8_lossy(message).into_owned();
        let text = text.replace("\r\n", "\n");
        for line in text.trim_end_matches('\n').split('\n') {
            if line.starts_with('.') {
                out.push(b'.');
            }
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        self.0.get_mut().write_all(&out).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut whole = String::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "connection closed after {whole:?}");
            let last = line.as_bytes().get(3) != Some(&b'-');
            whole.push_str(&line);
            if last {
                return whole;
            }
        }
    }
}

/// An IMAP session with INBOX selected.
pub struct Imap {
    stream: BufReader<TcpStream>,
    tag: u32,
    exists: usize,
}

impl Imap {
    /// Logs in and selects INBOX.
    pub fn open(port: u16, login: &str, password: &str) -> Self {
        let mut imap = Self { stream: BufReader::new(connect(port)), tag: 0, exists: 0 };
        assert!(imap.line().starts_with("* OK"));
        imap.command(&format!("LOGIN {login} {password}"));
        imap.command("SELECT INBOX");
        imap
    }

    /// Waits until there are at least `count` messages, by IDLE.
    pub fn wait_for(&mut self, count: usize) {
        self.command("NOOP");
        if self.exists >= count {
            return;
        }
        self.send("IDLE");
        while self.exists < count {
            let line = self.line();
            self.note(&line);
        }
        self.stream.get_mut().write_all(b"DONE\r\n").unwrap();
        self.until_done();
    }

    /// All messages, in order of arrival.
    pub fn all(&mut self) -> Vec<Vec<u8>> {
        self.command("NOOP");
        (1..=self.exists).map(|number| self.fetch(number)).collect()
    }

    fn fetch(&mut self, number: usize) -> Vec<u8> {
        self.send(&format!("FETCH {number} BODY.PEEK[]"));
        let mut bytes = Vec::new();
        loop {
            let line = self.line();
            if line.contains("BODY[]") {
                let size: usize = line.trim_end().trim_end_matches('}').rsplit('{').next().unwrap().parse().unwrap();
                bytes = vec![0; size];
                self.stream.read_exact(&mut bytes).unwrap();
            }
            if self.is_done(&line) {
                return bytes;
            }
        }
    }

    fn command(&mut self, command: &str) {
        self.send(command);
        self.until_done();
    }

    fn send(&mut self, command: &str) {
        self.tag += 1;
        self.stream.get_mut().write_all(format!("t{} {command}\r\n", self.tag).as_bytes()).unwrap();
    }

    fn until_done(&mut self) {
        loop {
            let line = self.line();
            self.note(&line);
            if self.is_done(&line) {
                return;
            }
        }
    }

    fn is_done(&self, line: &str) -> bool {
        let tag = format!("t{} ", self.tag);
        if line.starts_with(&tag) {
            assert!(line.starts_with(&format!("{tag}OK")), "{line}");
            return true;
        }
        false
    }

    fn note(&mut self, line: &str) {
        if let Some(count) = line.strip_prefix("* ").and_then(|rest| rest.trim_end().strip_suffix(" EXISTS")) {
            self.exists = count.parse().unwrap();
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stream.read_line(&mut line).unwrap() > 0, "IMAP connection closed");
        line
    }
}
