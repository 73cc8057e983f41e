//! A name server on loopback that knows a few TXT and A records, and says NXDOMAIN to everything else.

use std::collections::HashMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the server knows.
#[derive(Default)]
pub struct Zone {
    txt: HashMap<String, String>,
    broken: Vec<String>,
    asked: Arc<AtomicUsize>,
}

impl Zone {
    /// With a TXT record.
    pub fn txt(mut self, name: &str, text: &str) -> Self {
        self.txt.insert(name.to_lowercase(), text.to_owned());
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

    /// RFC 1035 §4: header, the question again, and one answer or none.
    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (name, end) = question(query);
        let kind = u16::from_be_bytes([query[end], query[end + 1]]);
        let text = self.txt.get(&name).filter(|_| kind == 16);
        let code = match () {
            () if self.broken.contains(&name) => 2,
            () if self.txt.contains_key(&name) => 0,
            () => 3,
        };
        let mut out = query[..2].to_vec();
        // A response that recursed; one question, the answers, nothing else.
        out.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(text.is_some()), 0, 0, 0, 0]);
        out.extend_from_slice(&query[12..end + 4]);
        if let Some(text) = text {
            let mut data = Vec::new();
            for piece in text.as_bytes().chunks(255) {
                data.push(u8::try_from(piece.len()).unwrap());
                data.extend_from_slice(piece);
            }
            // The name of the question, TXT, IN, for a minute.
            out.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
            out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            out.extend(data);
        }
        out
    }
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
