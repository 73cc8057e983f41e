//! Mailboxes elsewhere that mail is fetched from.

use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// How the connection to a mailbox is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImapTls {
    /// From the first octet (RFC 8314), usual on port 993.
    #[default]
    Implicit,
    /// By STARTTLS, usual on port 143. A server that offers none is not spoken to.
    Starttls,
    /// Never: to this machine alone.
    None,
}

/// What is done with a message once its effects are durable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Afterwards {
    /// It is moved to a folder.
    #[default]
    Move,
    /// It stays, and gets a keyword.
    Flag,
}

/// A mailbox that mail is fetched from (docs/imap.md). Its password stands in the key file under the same name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImapSettings {
    /// Its name, in the key file and in the log.
    pub name: String,
    /// Host name or address of its server.
    pub host: String,
    /// Port; 993 where it is missing.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Encryption: `implicit`, `starttls`, or `none`, which is for this machine alone. `implicit` where it is missing.
    #[serde(default)]
    pub tls: ImapTls,
    /// PEM file of the authorities to believe instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Who signs in.
    pub user: String,
    /// File with an access token, which another program renews: then XOAUTH2 is used in place of a password. It is read at each sign-in.
    pub token_file: Option<PathBuf>,
    /// Folders that are fetched from, with `/` between levels; `["INBOX"]` where it is missing. The first is watched, the others are
    /// looked into every `poll_seconds`.
    #[serde(default = "default_folders")]
    pub folders: Vec<String>,
    /// What is done with a message once its effects are durable: `move` to a folder, or `flag` with a keyword. `move` where it is missing.
    #[serde(default)]
    pub afterwards: Afterwards,
    /// With `move`: the folder of what was taken, made when missing; `Paravent/Done` where it is missing.
    #[serde(default = "default_done")]
    pub done_folder: String,
    /// With `move`: the folder of what was for us and was refused for good, or is too large; `Paravent/Refused` where it is missing.
    #[serde(default = "default_refused")]
    pub refused_folder: String,
    /// With `move`: the folder of what is for none of our addresses; `Paravent/Unmatched` where it is missing.
    #[serde(default = "default_unmatched")]
    pub unmatched_folder: String,
    /// With `flag`: the keyword of everything that was looked at; what was refused or is for nobody gets it a second time with `Refused`
    /// or `Unmatched` behind it. `Paravent` where it is missing.
    #[serde(default = "default_keyword")]
    pub keyword: String,
    /// Header fields in which the mailbox's server notes for whom it delivered a message, the best first: the topmost field of each name
    /// is read, and after them To and Cc. Delivered-To, X-Original-To, Envelope-To and X-Envelope-To where it is missing.
    #[serde(default = "default_recipient_headers")]
    pub recipient_headers: Vec<String>,
    /// How often a server without IDLE (RFC 2177) is asked for new mail, and further folders are looked into, in seconds; 60 where it is
    /// missing.
    #[serde(default = "default_poll_seconds")]
    pub poll_seconds: u64,
    /// How long one IDLE may last before it is renewed, in seconds, at most 1740 (RFC 2177); 600 where it is missing. A connection that
    /// died without a word is noticed then.
    #[serde(default = "default_idle_seconds")]
    pub idle_seconds: u64,
    /// How many messages are settled together: after so many they are moved or flagged. At most 500; 200 where it is missing. A server with a large mailbox takes long for each move.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Largest message, in bytes; a larger one is not fetched, and is refused. 36700160 where it is missing.
    #[serde(default = "default_message_bytes")]
    pub message_bytes: u32,
    /// Longest wait for a connection, and for a TLS handshake, in seconds; 30 where it is missing.
    #[serde(default = "default_connect_timeout_seconds")]
    pub connect_timeout_seconds: u64,
    /// Longest wait for the answer to a command, in seconds; 300 where it is missing.
    #[serde(default = "default_command_timeout_seconds")]
    pub command_timeout_seconds: u64,
    /// How long is waited before the first new attempt, for a message that could not be taken and for a mailbox that could not be
    /// opened, in seconds; each further wait is twice as long. 5 where it is missing.
    #[serde(default = "default_first_wait_seconds")]
    pub first_wait_seconds: u64,
    /// Longest such wait, in seconds; 900 where it is missing.
    #[serde(default = "default_longest_wait_seconds")]
    pub longest_wait_seconds: u64,
}

impl ImapSettings {
    /// Longest time that RFC 2177 §3 leaves to one IDLE, in seconds.
    pub const LONGEST_IDLE: u64 = 29 * 60;

    /// Most messages that are settled together.
    pub const LARGEST_BATCH: usize = 500;

    /// Whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Every folder and keyword that is named, with the setting that names it.
    fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let folders = self.folders.iter().map(|folder| ("folders", folder.as_str()));
        let others = [
            ("done_folder", self.done_folder.as_str()),
            ("refused_folder", self.refused_folder.as_str()),
            ("unmatched_folder", self.unmatched_folder.as_str()),
        ];
        folders.chain(others)
    }

    /// What can't be meant: the setting, and what is wrong with it.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.tls == ImapTls::None && !self.is_loopback() {
            faults.push(("tls", "mail and password would travel unencrypted".to_owned()));
        }
        if self.folders.is_empty() {
            faults.push(("folders", "no folder is fetched from".to_owned()));
        }
        for (setting, name) in self.names() {
            if name.is_empty()
                || name.starts_with('/')
                || name.ends_with('/')
                || name.contains("//")
                || name.chars().any(|c| c.is_control() || "%*".contains(c))
            {
                faults.push((setting, format!("`{name}` is no name of a folder")));
            }
        }
        let own = [&self.done_folder, &self.refused_folder, &self.unmatched_folder];
        if self.afterwards == Afterwards::Move && self.folders.iter().any(|folder| own.contains(&folder)) {
            faults.push(("folders", "what is moved away would be fetched again".to_owned()));
        }
        // RFC 3501 §9, atom; longer ones are refused by some servers.
        let is_atom = |text: &str| (1..=40).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "$_-.".contains(c));
        if !is_atom(&self.keyword) {
            faults.push(("keyword", format!("`{}` is no keyword: letters and digits", self.keyword)));
        }
        let is_field = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic() && c != ':');
        if let Some(wrong) = self.recipient_headers.iter().find(|name| !is_field(name)) {
            faults.push(("recipient_headers", format!("`{wrong}` is no name of a header field")));
        }
        if !(1..=Self::LONGEST_IDLE).contains(&self.idle_seconds) {
            faults.push(("idle_seconds", format!("it must be 1 to {}", Self::LONGEST_IDLE)));
        }
        // The numbers of a batch stand in one line, and servers have a longest one.
        if !(1..=Self::LARGEST_BATCH).contains(&self.batch) {
            faults.push(("batch", format!("it must be 1 to {}", Self::LARGEST_BATCH)));
        }
        let above_zero = [
            ("poll_seconds", self.poll_seconds),
            ("message_bytes", u64::from(self.message_bytes)),
            ("connect_timeout_seconds", self.connect_timeout_seconds),
            ("command_timeout_seconds", self.command_timeout_seconds),
            ("first_wait_seconds", self.first_wait_seconds),
        ];
        faults
            .extend(above_zero.into_iter().filter(|(_, value)| *value == 0).map(|(setting, _)| (setting, "it must be above 0".to_owned())));
        faults
    }
}

fn default_port() -> u16 {
    993
}

fn default_folders() -> Vec<String> {
    vec!["INBOX".to_owned()]
}

fn default_done() -> String {
    "Paravent/Done".to_owned()
}

fn default_refused() -> String {
    "Paravent/Refused".to_owned()
}

fn default_unmatched() -> String {
    "Paravent/Unmatched".to_owned()
}

fn default_keyword() -> String {
    "Paravent".to_owned()
}

fn default_recipient_headers() -> Vec<String> {
    ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"].map(str::to_owned).to_vec()
}

fn default_poll_seconds() -> u64 {
    60
}

fn default_idle_seconds() -> u64 {
    600
}

fn default_batch() -> usize {
    200
}

fn default_message_bytes() -> u32 {
    35 * 1024 * 1024
}

fn default_connect_timeout_seconds() -> u64 {
    30
}

fn default_command_timeout_seconds() -> u64 {
    300
}

fn default_first_wait_seconds() -> u64 {
    5
}

fn default_longest_wait_seconds() -> u64 {
    900
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &str) -> ImapSettings {
        toml::from_str(&format!("name = \"office\"\nhost = \"imap.hosted.example\"\nuser = \"visio@hosted.example\"\n{more}")).unwrap()
    }

    #[test]
    fn the_least_is_enough() {
        assert_eq!(read("").faults(), []);
        assert_eq!((read("").port, read("").tls, read("").afterwards), (993, ImapTls::Implicit, Afterwards::Move));
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for (more, setting) in [
            ("tls = \"none\"", "tls"),
            ("folders = []", "folders"),
            ("folders = [\"INBOX\", \"Paravent/Done\"]", "folders"),
            ("refused_folder = \"a//b\"", "refused_folder"),
            ("keyword = \"a b\"", "keyword"),
            ("recipient_headers = [\"To:\"]", "recipient_headers"),
            ("idle_seconds = 1741", "idle_seconds"),
            ("batch = 0", "batch"),
        ] {
            assert_eq!(read(more).faults().iter().map(|(name, _)| *name).collect::<Vec<_>>(), [setting], "{more}");
        }
        let local = "tls = \"none\"";
        let local: ImapSettings = toml::from_str(&format!("name = \"a\"\nhost = \"127.0.0.1\"\nuser = \"a\"\n{local}")).unwrap();
        assert_eq!(local.faults(), []);
    }
}
