//! The commands that are said to a server, each with a time limit, each answer with its meaning. The library's own commands are not
//! used: several of them take a refusal for an empty answer.

use super::sign_in::{self, Credentials, Line, told};
use super::{ImapSettings, Trouble, folder};
use async_imap::Session;
use async_imap::imap_proto::{AttributeValue, Capability, MailboxDatum, Outcome, RequestId, Response, ResponseCode, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

/// The command that opens a folder.
const OPEN: &str = "SELECT";
/// How long a farewell may take: nothing depends on it.
const FAREWELL: Duration = Duration::from_secs(5);

/// An open mailbox.
pub(super) struct Link {
    session: Session<Line>,
    patience: Duration,
    moves: bool,
    uid_plus: bool,
    /// Whether the server tells of new mail by itself.
    pub(super) idles: bool,
    /// Whether it told of new mail since this was last set back.
    pub(super) arrivals: bool,
    /// How many messages the open folder has, as far as we were told.
    count: u32,
}

/// A folder as it was when it was opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selected {
    /// Numbers of messages mean something under one and the same of these.
    pub(super) validity: u32,
    /// Flags and keywords that stay.
    pub(super) permanent: Vec<String>,
}

impl Link {
    /// Connects and signs in.
    pub(super) async fn open(settings: &ImapSettings, tls: &TlsConnector, credentials: &Credentials) -> Result<Self, Trouble> {
        let session = sign_in::open(settings, tls, credentials).await?;
        let patience = Duration::from_secs(settings.command_timeout_seconds);
        let mut link = Self { session, patience, moves: false, uid_plus: false, idles: false, arrivals: false, count: 0 };
        let mut offers: BTreeSet<String> = BTreeSet::new();
        link.command("CAPABILITY", "CAPABILITY", |response| {
            if let Response::Capabilities(list) = response {
                offers.extend(list.iter().filter_map(|one| match one {
                    Capability::Atom(name) => Some(name.to_ascii_uppercase()),
                    Capability::Imap4rev1 | Capability::Auth(_) => None,
                }));
            }
        })
        .await?;
        link.moves = offers.contains("MOVE");
        link.uid_plus = offers.contains("UIDPLUS");
        link.idles = offers.contains("IDLE");
        Ok(link)
    }

    /// Says a command and hears everything until its end.
    async fn command(&mut self, name: &'static str, line: &str, hear: impl FnMut(&Response<'_>) + Send) -> Result<(), Trouble> {
        let patience = self.patience;
        let spoken = async {
            let tag = self.session.run_command(line).await.map_err(broken)?;
            self.until_done(name, &tag, hear).await
        };
        timeout(patience, spoken).await.map_err(|_| Trouble::Late(name))?
    }

    async fn until_done(&mut self, name: &'static str, tag: &RequestId, mut hear: impl FnMut(&Response<'_>) + Send) -> Result<(), Trouble> {
        loop {
            let response = self.session.read_response().await.map_err(|error| unread(&error))?.ok_or(Trouble::Lost)?;
            match response.parsed() {
                Response::Done { tag: done, status, outcome } if done == tag => return ended(name, status, outcome),
                Response::Data { status: Status::Bye, .. } => return Err(Trouble::Lost),
                other => {
                    self.note(other);
                    hear(other);
                }
            }
        }
    }

    /// Counts what comes and goes. Some servers tell the same number again and again: only more is news.
    fn note(&mut self, response: &Response<'_>) {
        match response {
            Response::MailboxData(MailboxDatum::Exists(count)) => {
                self.arrivals |= *count > self.count;
                self.count = *count;
            }
            Response::Expunge(_) => self.count = self.count.saturating_sub(1),
            _ => {}
        }
    }

    /// What stands between the levels of folder names.
    pub(super) async fn delimiter(&mut self) -> Result<Option<String>, Trouble> {
        let mut found = None;
        self.command("LIST", "LIST \"\" \"\"", |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response {
                found = list.delimiter.as_deref().map(str::to_owned);
            }
        })
        .await?;
        Ok(found)
    }

    /// Makes sure that a folder is there; its name as the server has it. Some keep all folders below INBOX.
    pub(super) async fn ensure(&mut self, name: &str, delimiter: Option<&str>) -> Result<String, Trouble> {
        let plain = folder::on_server(name, delimiter);
        let below = format!("INBOX{}{plain}", delimiter.unwrap_or("."));
        for candidate in [&plain, &below] {
            if self.has(candidate).await? {
                return Ok(candidate.clone());
            }
        }
        match self.create(&plain).await {
            Ok(()) => Ok(plain),
            Err(Trouble::Refused { .. }) => self.create(&below).await.map(|()| below),
            Err(other) => Err(other),
        }
    }

    async fn has(&mut self, name: &str) -> Result<bool, Trouble> {
        let mut found = false;
        self.command("LIST", &format!("LIST \"\" {}", folder::quoted(name)), |response| {
            found |= matches!(response, Response::MailboxData(MailboxDatum::List(_)));
        })
        .await?;
        Ok(found)
    }

    async fn create(&mut self, name: &str) -> Result<(), Trouble> {
        self.command("CREATE", &format!("CREATE {}", folder::quoted(name)), |_| ()).await?;
        // People see it in their program; where that fails, the folder is there all the same.
        match self.command("SUBSCRIBE", &format!("SUBSCRIBE {}", folder::quoted(name)), |_| ()).await {
            Ok(()) | Err(Trouble::Refused { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Opens a folder.
    pub(super) async fn select(&mut self, name: &str) -> Result<Selected, Trouble> {
        let mut selected = Selected::default();
        self.count = 0;
        self.command(OPEN, &format!("{OPEN} {}", folder::quoted(name)), |response| {
            if let Response::Data { outcome: Outcome { code: Some(code), .. }, .. } = response {
                match code {
                    ResponseCode::UidValidity(validity) => selected.validity = *validity,
                    ResponseCode::PermanentFlags(flags) => selected.permanent = flags.iter().map(|flag| flag.to_string()).collect(),
                    _ => {}
                }
            }
        })
        .await?;
        Ok(selected)
    }

    /// The messages of the open folder that are not deleted, and have not this keyword.
    pub(super) async fn list(&mut self, without: Option<&str>) -> Result<BTreeSet<u32>, Trouble> {
        let mut found = BTreeSet::new();
        let without = without.map(|keyword| format!(" UNKEYWORD {keyword}")).unwrap_or_default();
        self.command("SEARCH", &format!("UID SEARCH UNDELETED{without}"), |response| {
            if let Response::MailboxData(MailboxDatum::Search(numbers)) = response {
                found.extend(numbers.iter().copied());
            }
        })
        .await?;
        Ok(found)
    }

    /// How large they are, in octets; those that are gone are left out.
    pub(super) async fn sizes(&mut self, uids: &[u32]) -> Result<BTreeMap<u32, u32>, Trouble> {
        let mut sizes = BTreeMap::new();
        self.command("FETCH", &format!("UID FETCH {} (UID RFC822.SIZE)", set(uids)), |response| {
            if let Response::Fetch(_, values) = response {
                let uid = values.iter().find_map(|value| if let AttributeValue::Uid(uid) = value { Some(*uid) } else { None });
                let size = values.iter().find_map(|value| if let AttributeValue::Rfc822Size(size) = value { Some(*size) } else { None });
                sizes.extend(uid.zip(size));
            }
        })
        .await?;
        Ok(sizes)
    }

    /// A message, without marking it as seen, and no more of it than `most` octets and one. `None` when it is gone.
    pub(super) async fn body(&mut self, uid: u32, most: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let mut found = None;
        // Not all of what a server calls its size must be true.
        let wanted = most.saturating_add(1);
        self.command("FETCH", &format!("UID FETCH {uid} (UID BODY.PEEK[]<0.{wanted}>)"), |response| {
            let Response::Fetch(_, values) = response else { return };
            let is_asked = values.iter().any(|value| matches!(value, AttributeValue::Uid(number) if *number == uid));
            for value in values {
                if let AttributeValue::BodySection { section: None, data: Some(data), .. } = value
                    && is_asked
                {
                    found = Some(data.to_vec());
                }
            }
        })
        .await?;
        Ok(found)
    }

    /// Moves messages to a folder, by MOVE (RFC 6851) or in the steps that it stands for.
    pub(super) async fn file(&mut self, uids: &[u32], folder: &str) -> Result<(), Trouble> {
        if uids.is_empty() {
            return Ok(());
        }
        let (set, folder) = (set(uids), folder::quoted(folder));
        if self.moves {
            return self.command("MOVE", &format!("UID MOVE {set} {folder}"), |_| ()).await;
        }
        self.command("COPY", &format!("UID COPY {set} {folder}"), |_| ()).await?;
        self.command("STORE", &format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"), |_| ()).await?;
        // Without UIDPLUS (RFC 4315) all that anybody marked as deleted goes.
        let expunge = if self.uid_plus { format!("UID EXPUNGE {set}") } else { "EXPUNGE".to_owned() };
        self.command("EXPUNGE", &expunge, |_| ()).await
    }

    /// Gives messages keywords.
    pub(super) async fn mark(&mut self, uids: &[u32], keywords: &str) -> Result<(), Trouble> {
        if uids.is_empty() {
            return Ok(());
        }
        self.command("STORE", &format!("UID STORE {} +FLAGS.SILENT ({keywords})", set(uids)), |_| ()).await
    }

    /// Waits by IDLE (RFC 2177) for new mail, the time, or the end.
    pub(super) async fn idle(&mut self, until: Instant, stopping: &mut Receiver<bool>) -> Result<(), Trouble> {
        let patience = self.patience;
        let begun = async {
            let tag = self.session.run_command("IDLE").await.map_err(broken)?;
            loop {
                let response = self.session.read_response().await.map_err(|error| unread(&error))?.ok_or(Trouble::Lost)?;
                match response.parsed() {
                    Response::Continue(_) => return Ok(Some(tag)),
                    Response::Done { tag: done, status: Status::Ok, .. } if *done == tag => return Ok(None),
                    Response::Done { tag: done, status, outcome } if *done == tag => return ended("IDLE", status, outcome).map(|()| None),
                    Response::Data { status: Status::Bye, .. } => return Err(Trouble::Lost),
                    other => self.note(other),
                }
            }
        };
        let Some(tag) = timeout(patience, begun).await.map_err(|_| Trouble::Late("IDLE"))?? else { return Ok(()) };
        while !self.arrivals {
            tokio::select! {
                heard = self.session.read_response() => {
                    let response = heard.map_err(|error| unread(&error))?.ok_or(Trouble::Lost)?;
                    match response.parsed() {
                        Response::Data { status: Status::Bye, .. } => return Err(Trouble::Lost),
                        other => self.note(other),
                    }
                }
                () = tokio::time::sleep_until(until) => break,
                // An error means that nobody can stop us any more, which is the end too.
                _ = stopping.wait_for(|stop| *stop) => break,
            }
        }
        let ending = async {
            self.session.run_command_untagged("DONE").await.map_err(broken)?;
            self.until_done("IDLE", &tag, |_| ()).await
        };
        timeout(patience, ending).await.map_err(|_| Trouble::Late("IDLE"))?
    }

    /// LOGOUT, without waiting long.
    pub(super) async fn close(mut self) {
        // What comes of it changes nothing.
        let _ = timeout(FAREWELL, self.session.logout()).await;
    }
}

fn ended(name: &'static str, status: &Status, outcome: &Outcome<'_>) -> Result<(), Trouble> {
    match status {
        Status::Ok => Ok(()),
        _ => Err(Trouble::Refused { command: name, answer: told(outcome) }),
    }
}

fn broken(_: async_imap::error::Error) -> Trouble {
    Trouble::Lost
}

/// The library repeats in its error what it could not read, which may be a mail: nothing of it is kept.
fn unread(error: &io::Error) -> Trouble {
    if error.kind() == io::ErrorKind::Other { Trouble::Unreadable } else { Trouble::Lost }
}

/// Numbers as a set (RFC 3501 §9): neighbours as a range, since lines have an end.
fn set(uids: &[u32]) -> String {
    let mut text = String::new();
    for range in uids.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a String can't fail.
        let _ = match range {
            [one] => write!(text, "{comma}{one}"),
            [first, .., last] => write!(text, "{comma}{first}:{last}"),
            [] => Ok(()),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::set;

    #[test]
    fn sets_name_no_other_message() {
        assert_eq!(set(&[1, 2, 3, 5, 7, 8, u32::MAX]), "1:3,5,7:8,4294967295");
        assert_eq!(set(&[9]), "9");
    }
}
