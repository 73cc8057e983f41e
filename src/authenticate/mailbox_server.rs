//! What the server of a mailbox reports about a message that was fetched from it (RFC 8601). Its own report stands on top: whatever
//! senders wrote before is further down, whoever's name it bears.

use crate::domain::address::Mailbox;
use crate::domain::authentication::arc_results::server_proves;
use mail_auth::AuthenticatedMessage;

/// Whether the topmost report is of one of these servers, and proves the author's domain.
pub(super) fn vouches(servers: &[String], author: Option<&Mailbox>, raw: &[u8]) -> bool {
    let (false, Some(author)) = (servers.is_empty(), author) else { return false };
    let Some(message) = AuthenticatedMessage::parse(raw) else { return false };
    // Two parsers read a broken header in two ways: only the author whom both found can be proved.
    let is_author = matches!(message.from.as_slice(), [one] if Mailbox::parse(one).is_ok_and(|found| found.same_as(author)));
    let Some(report) = topmost(raw) else { return false };
    is_author && servers.iter().any(|server| server_proves(&report, server, author.domain()).is_ok())
}

/// The first Authentication-Results, unfolded. `None` where there is none, or it is no text.
fn topmost(raw: &[u8]) -> Option<String> {
    let mut found: Option<Vec<u8>> = None;
    for line in raw.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let is_more = line.starts_with(b" ") || line.starts_with(b"\t");
        match (&mut found, is_more) {
            (Some(report), true) => report.extend_from_slice(line),
            (Some(_), false) => break,
            (None, true) => {}
            (None, false) => {
                let (name, value) = line.split_at_checked(line.iter().position(|octet| *octet == b':')?)?;
                if name.trim_ascii_end().eq_ignore_ascii_case(b"Authentication-Results") {
                    found = Some(value.get(1..)?.to_vec());
                }
            }
        }
    }
    String::from_utf8(found?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vouched(head: &str) -> bool {
        let author = Mailbox::parse("jean@hopital.example").ok();
        let raw = format!("{head}From: Jean <jean@hopital.example>\r\n\r\nAuthentication-Results: x\r\n");
        vouches(&["mx.hosted.example".to_owned()], author.as_ref(), raw.as_bytes())
    }

    #[test]
    fn the_topmost_report_counts_and_no_other() {
        let ours = "Authentication-Results: mx.hosted.example;\r\n dkim=pass header.d=hopital.example;\r\n\tdmarc=pass header.from=hopital.example\r\n";
        let other = "Authentication-Results: mx.evil.example; dmarc=pass header.from=hopital.example\r\n";
        assert!(vouched(&format!("Received: x\r\n{ours}{other}")));
        assert!(!vouched(&format!("{other}{ours}")), "a report below another is not the last server's");
        assert!(!vouched(other));
        assert!(!vouched("Authentication-Results: mx.hosted.example; dmarc=fail header.from=hopital.example\r\n"));
        assert!(!vouched("stray line\r\nX: y\r\n"), "what is no header is not read on");
        assert!(!vouched(""));
    }

    #[test]
    fn another_author_is_not_proved() {
        let raw = b"Authentication-Results: mx.hosted.example; dmarc=pass header.from=hopital.example\r\nFrom: x@hopital.example\r\n\r\n";
        let author = Mailbox::parse("jean@hopital.example").ok();
        assert!(!vouches(&["mx.hosted.example".to_owned()], author.as_ref(), raw));
        assert!(!vouches(&["mx.hosted.example".to_owned()], None, raw));
        assert!(!vouches(&[], Mailbox::parse("x@hopital.example").ok().as_ref(), raw));
    }
}
