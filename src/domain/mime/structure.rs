//! The tree of parts (RFC 2046 §5.1), walked within limits: each level scans its own bytes once, so that the time is
//! bounded by size × depth. Boundaries are matched as whole lines.

use super::fields::{Block, Content};
use super::smime::{self, Cms};
use super::{MimeLimits, Part, Placement, Seal, outlook, transfer};

/// A leaf, and its raw header block (calendars hide there).
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) part: Part,
    pub(super) header: Vec<u8>,
}

/// What the walk found.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) limits: &'a MimeLimits,
    pub(super) leaves: Vec<Leaf>,
    pub(super) truncated: bool,
    pub(super) defects: Vec<&'static str>,
    /// How many TNEF files were opened.
    pub(super) opened: usize,
    /// How the sender's own words are encrypted.
    pub(super) seal: Option<Seal>,
    /// Whether they are signed.
    pub(super) is_signed: bool,
}

/// Where a part hangs.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) depth: usize,
    pub(super) embedded: bool,
    pub(super) parent: &'a str,
    /// The header of the message that it is part of; `None` for the message itself.
    pub(super) message: Option<&'a Block>,
}

impl<'a> Walk<'a> {
    /// Walks a whole message.
    pub(super) fn over(raw: &[u8], limits: &'a MimeLimits) -> Self {
        let mut walk = Self { limits, leaves: Vec::new(), truncated: false, defects: Vec::new(), opened: 0, seal: None, is_signed: false };
        walk.entity(raw, Place { depth: 0, embedded: false, parent: "", message: None });
        walk
    }

    fn entity(&mut self, raw: &[u8], place: Place<'_>) {
        if self.leaves.len() >= self.limits.parts {
            self.truncated = true;
            return;
        }
        let block = Block::read(raw);
        let (header, body) = raw.split_at(block.body);
        let default = if place.parent == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        let mut content = block.content("Content-Type").filter(|content| content.kind.contains('/')).unwrap_or_default();
        if content.kind.is_empty() {
            content.kind = default.to_owned();
        }
        let encoding = block.text("Content-Transfer-Encoding").unwrap_or_default();
        let place = Place { message: place.message.or(Some(&block)), ..place };
        let deeper = Place { depth: place.depth + 1, parent: &content.kind.clone(), ..place };
        let is_container = content.kind.starts_with("multipart/") || is_message(&content.kind);
        if is_container && deeper.depth > self.limits.depth {
            self.truncated = true;
            return self.leaf(&block, content, header, transfer::undo(body, &encoding), place);
        }
        if !place.embedded {
            self.is_signed |= content.kind == "multipart/signed";
            if content.kind == "multipart/encrypted" {
                self.seal = Some(Seal::OpenPgp);
            }
        }
        if content.kind.starts_with("multipart/") {
            let sections = content.parameter("boundary").map(|boundary| sections(body, boundary.trim_end(), self.limits.parts));
            match sections.filter(|sections| !sections.is_empty()) {
                Some(sections) => sections.into_iter().for_each(|section| self.entity(section, deeper)),
                None => {
                    self.defects.push("a multipart without its boundary was read as text");
                    content.kind = "text/plain".to_owned();
                    self.leaf(&block, content, header, body.to_vec(), place);
                }
            }
        } else if is_message(&content.kind) {
            self.message(&transfer::undo(body, &encoding), deeper);
        } else {
            let bytes = transfer::undo(body, &encoding);
            if !place.embedded && is_smime(&content, &block) && self.smime(&bytes, deeper) {
                return;
            }
            if !(outlook::is_tnef(&content.kind, &bytes) && self.tnef(&bytes, place)) {
                self.leaf(&block, content, header, bytes, place);
            }
        }
    }

    /// A message of S/MIME: what is signed takes its place, what is encrypted is noted and stays a file. False where it stays.
    fn smime(&mut self, bytes: &[u8], place: Place<'_>) -> bool {
        match smime::open(bytes) {
            Cms::Signed(inner) if place.depth <= self.limits.depth => {
                self.is_signed = true;
                self.entity(&inner, place);
                true
            }
            Cms::Signed(_) => {
                self.truncated = true;
                false
            }
            Cms::Certificates => false,
            Cms::Sealed => {
                self.seal = Some(Seal::Smime);
                false
            }
        }
    }

    /// An attached message: its header block is a part of its own, of type text/rfc822-headers.
    pub(super) fn message(&mut self, raw: &[u8], place: Place<'_>) {
        let place = Place { embedded: true, message: None, ..place };
        let header = raw.get(..Block::read(raw).body).unwrap_or_default().to_vec();
        let content = Content { kind: "text/rfc822-headers".to_owned(), parameters: Vec::new() };
        self.leaf(&Block::default(), content, &[], header, place);
        self.entity(raw, place);
    }

    fn leaf(&mut self, block: &Block, content: Content, header: &[u8], bytes: Vec<u8>, place: Place<'_>) {
        if self.leaves.len() >= self.limits.parts {
            self.truncated = true;
            return;
        }
        let disposition = block.content("Content-Disposition").unwrap_or_default();
        let file_name = disposition.parameter("filename").or(content.parameter("name")).filter(|name| !name.is_empty()).map(str::to_owned);
        let content_id = block.text("Content-ID").map(|id| id.trim().trim_matches(|c| c == '<' || c == '>').to_owned());
        let mut part = Part {
            placement: Placement::Attachment,
            content_type: content.kind,
            parameters: content.parameters,
            file_name,
            content_id: content_id.filter(|id| !id.is_empty()),
            depth: place.depth,
            bytes,
        };
        part.placement = placement(&part, &disposition.kind, place, self.leaves.is_empty());
        self.leaves.push(Leaf { part, header: header.to_vec() });
    }
}

/// Whether it is a message of S/MIME (RFC 8551 §3.2); some gateways forget the type and leave the name.
fn is_smime(content: &Content, block: &Block) -> bool {
    let disposition = block.content("Content-Disposition").unwrap_or_default();
    let name = disposition.parameter("filename").or(content.parameter("name")).unwrap_or_default().to_lowercase();
    matches!(content.kind.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime")
        || content.kind == "application/octet-stream" && name == "smime.p7m"
}

fn is_message(kind: &str) -> bool {
    kind == "message/rfc822" || kind == "message/global"
}

fn placement(part: &Part, disposition: &str, place: Place<'_>, is_first: bool) -> Placement {
    let is_text = part.content_type == "text/plain" || part.content_type == "text/html";
    let is_alternative = place.parent == "multipart/alternative" && part.content_type.starts_with("text/");
    if place.embedded || part.content_type == "text/rfc822-headers" {
        Placement::Embedded
    } else if disposition == "attachment" {
        Placement::Attachment
    } else if is_text && (is_first || part.file_name.is_none()) || is_alternative {
        Placement::Body
    } else if part.content_id.is_some() && (place.parent == "multipart/related" || disposition == "inline") {
        Placement::Inline
    } else {
        Placement::Attachment
    }
}

/// The bytes between the boundary lines (RFC 2046 §5.1.1): the line end before a boundary belongs to it. At most
/// `most` + 1, which is enough to see that there are more.
fn sections<'r>(body: &'r [u8], boundary: &str, most: usize) -> Vec<&'r [u8]> {
    let mut found = Vec::new();
    if boundary.is_empty() {
        return found;
    }
    let mut start: Option<usize> = None;
    let mut offset = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let line_start = offset;
        offset += line.len();
        let Some(after) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes())) else { continue };
        let (is_last, after) = after.strip_prefix(b"--").map_or((false, after), |after| (true, after));
        if !after.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if let Some(start) = start {
            found.push(without_line_end(&body[start..line_start.max(start)]));
        }
        start = (!is_last).then_some(offset);
        if is_last || found.len() > most {
            return found;
        }
    }
    // No closing line: the message was cut, the last part is what is there.
    if let Some(start) = start {
        found.push(&body[start..]);
    }
    found
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}
