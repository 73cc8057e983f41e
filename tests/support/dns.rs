//! A name server on loopback that knows a few records, and says NXDOMAIN to everything else.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const A: u16 = 1;
const CNAME: u16 = 5;
const PTR: u16 = 12;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const TLSA: u16 = 52;

/// A name, a type, and the octets of the record.
type Record = (String, u16, Vec<u8>);

/// What the server knows.
#[derive(Default)]
pub struct Zone {
    records: Vec<Record>,
    broken: Vec<String>,
    signed: Vec<String>,
    asked: Arc<AtomicUsize>,
}

impl Zone {
    /// With a TXT record.
    pub fn txt(self, name: &str, text: &str) -> Self {
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(255) {
            data.push(u8::try_from(piece.len()).unwrap());
            data.extend_from_slice(piece);
        }
        self.record(name, TXT, data)
    }

    /// With a mail server; `.` for the null MX (RFC 7505).
    pub fn mx(self, name: &str, preference: u16, host: &str) -> Self {
        let data = [preference.to_be_bytes().to_vec(), wire_name(host)].concat();
        self.record(name, MX, data)
    }

    /// With an address of either family.
    pub fn address(self, name: &str, address: &str) -> Self {
        match address.parse().unwrap() {
            IpAddr::V4(four) => self.record(name, A, four.octets().to_vec()),
            IpAddr::V6(six) => self.record(name, AAAA, six.octets().to_vec()),
        }
    }

    /// With the name to which an address leads back.
    pub fn reverse(self, address: Ipv4Addr, name: &str) -> Self {
        let [a, b, c, d] = address.octets();
        self.record(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"), PTR, wire_name(name))
    }

    /// With another name for `target`.
    pub fn alias(self, name: &str, target: &str) -> Self {
        self.record(name, CNAME, wire_name(target))
    }

    /// With what DANE says of a certificate (RFC 6698).
    pub fn tlsa(self, name: &str, [usage, selector, matching]: [u8; 3], data: &[u8]) -> Self {
        let data = [&[usage, selector, matching], data].concat();
        self.record(name, TLSA, data)
    }

    /// A name whose answers are authentic, which is said to whoever asks with the DO bit.
    pub fn signed(mut self, name: &str) -> Self {
        self.signed.push(name.to_lowercase());
        self
    }

    fn record(mut self, name: &str, kind: u16, data: Vec<u8>) -> Self {
        self.records.push((name.to_lowercase(), kind, data));
        self
    }

    /// Where the server fails (SERVFAIL), at this name.
    pub fn broken(mut self, name: &str) -> Self {
        self.broken.push(name.to_lowercase());
        self
    }

    /// How many questions there were, also while it serves.
    pub fn asked(&self) -> Arc<AtomicUsize> {
        self.asked.clone()
    }

    /// Serves until the test ends; the port, on 127.0.0.1.
    pub fn serve(self) -> u16 {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((count, peer)) = socket.recv_from(&mut buffer) {
                self.asked.fetch_add(1, Ordering::SeqCst);
                let _ = socket.send_to(&self.answer(&buffer[..count]), peer);
            }
        });
        port
    }

    /// RFC 1035 §4: header, the question again, and the answers, if there are any.
    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (name, end) = question(query);
        let kind = u16::from_be_bytes([query[end], query[end + 1]]);
        let (mut asked, mut answers) = (name.clone(), Vec::new());
        // As a resolver that recurses: the aliases, and what they lead to.
        loop {
            answers.extend(self.records.iter().filter(|record| record.0 == asked && record.1 == kind));
            let Some(alias) = self.records.iter().find(|record| record.0 == asked && record.1 == CNAME && kind != CNAME) else { break };
            answers.push(alias);
            asked = question(&[&[0; 12], alias.2.as_slice()].concat()).0;
        }
        let code = match () {
            () if self.broken.contains(&name) => 2,
            () if self.records.iter().any(|record| record.0 == asked) => 0,
            () => 3,
        };
        let authentic = self.signed.contains(&name) && wants_proof(&query[end + 4..]);
        let mut out = query[..2].to_vec();
        // A response that recursed; one question, the answers, nothing else.
        out.extend([0x81, 0x80 | if authentic { 0x20 } else { 0 } | code, 0, 1]);
        out.extend([0, u8::try_from(answers.len()).unwrap(), 0, 0, 0, 0]);
        out.extend_from_slice(&query[12..end + 4]);
        for (owner, kind, data) in answers {
            // The owner as the question spells it, where it is the question's: a client may compare the letters.
            if *owner == name {
                out.extend([0xc0, 12])
            } else {
                out.extend(wire_name(owner))
            }
            out.extend(kind.to_be_bytes());
            // IN, for a minute.
            out.extend([0, 1, 0, 0, 0, 60]);
            out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            out.extend(data);
        }
        out
    }
}

/// Whether an OPT record with the DO bit (RFC 3225) is all that follows the question.
fn wants_proof(additional: &[u8]) -> bool {
    additional.len() >= 11 && additional[..3] == [0, 0, 41] && additional[7] & 0x80 != 0
}

/// A name as it stands in a packet.
fn wire_name(name: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        octets.push(u8::try_from(label.len()).unwrap());
        octets.extend_from_slice(label.as_bytes());
    }
    octets.push(0);
    octets
}

/// The name asked for, and where it ends.
fn question(query: &[u8]) -> (String, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] > 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..at + 1 + length]).to_lowercase());
        at += 1 + length;
    }
    (labels.join("."), at + 1)
}
