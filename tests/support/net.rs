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
        Self::open_with(port, "EHLO")
    }

    /// Connects and says LHLO (RFC 2033): for one recipient a message.
    pub fn open_lmtp(port: u16) -> Self {
        Self::open_with(port, "LHLO")
    }

    fn open_with(port: u16, hello: &str) -> Self {
        let mut smtp = Self(BufReader::new(connect(port)));
        assert!(smtp.answer().starts_with("220"));
        assert!(smtp.say(&format!("{hello} client.example")).starts_with("250"));
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

    /// Opens another folder.
    pub fn select(&mut self, folder: &str) {
        self.exists = 0;
        self.command(&format!("SELECT \"{folder}\""));
    }

    /// Puts a message into a folder.
    pub fn append(&mut self, folder: &str, message: &[u8]) {
        self.send(&format!("APPEND \"{folder}\" {{{}}}", message.len()));
        assert!(self.line().starts_with('+'));
        let stream = self.stream.get_mut();
        stream.write_all(message).unwrap();
        stream.write_all(b"\r\n").unwrap();
        self.until_done();
    }

    /// What is said to a command, without its end.
    pub fn lines(&mut self, command: &str) -> Vec<String> {
        self.send(command);
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            self.note(&line);
            if self.is_done(&line) {
                return lines;
            }
            lines.push(line.trim_end().to_owned());
        }
    }

    /// Waits until there are at least `count` messages, by IDLE.
    pub fn wait_for(&mut self, count: usize) {
        self.wait_until(|exists| exists >= count);
    }

    /// Waits until there are no more than `count` messages, by IDLE.
    pub fn wait_for_at_most(&mut self, count: usize) {
        self.wait_until(|exists| exists <= count);
    }

    fn wait_until(&mut self, is_so: impl Fn(usize) -> bool) {
        self.command("NOOP");
        if is_so(self.exists) {
            return;
        }
        self.send("IDLE");
        while !is_so(self.exists) {
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

    pub fn command(&mut self, command: &str) {
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
        if line.starts_with("* ") && line.trim_end().ends_with(" EXPUNGE") {
            self.exists -= 1;
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stream.read_line(&mut line).unwrap() > 0, "IMAP connection closed");
        line
    }
}
