//! The smallest HTTP client that a test needs (RFC 9112): one request a connection, no TLS, plain bodies.

use super::net::connect;
use std::io::{Read, Write};

/// An answer.
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
}

/// `GET path`
pub fn get(port: u16, path: &str) -> Answer {
    request(port, "GET", path, "")
}

/// `POST path` with a form as browsers send it.
pub fn post(port: u16, path: &str, form: &[(&str, &str)]) -> Answer {
    let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
    request(port, "POST", path, &form.join("&"))
}

fn request(port: u16, method: &str, path: &str, body: &str) -> Answer {
    let mut stream = connect(port);
    // HTTP/1.0: the answer ends with the connection, so that nothing comes in chunks.
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    Answer { status, location, body: body.to_owned() }
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
