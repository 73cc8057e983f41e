//! What must never reach a guest: built from the organizer, and from what their own message shows.

use super::normalize::{fold, words};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::itip::CalendarObject;
use crate::domain::mime::InboundMail;
use crate::domain::organizer::{Anonymity, Organizer};

/// Hosts that are no secret of anybody.
const PUBLIC_HOSTS: &str = include_str!("public_hosts.txt");
/// A surname alone is a secret from this many letters on.
const SURNAME: usize = 4;
/// A distinctive local part has at least this many characters.
const LOCAL_PART: usize = 5;

/// What must not be found.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Label for people (`address`, `name`, `host`…) and the text.
    pub needles: Vec<(String, String)>,
    /// Domains of ours, which are no secret.
    public: Vec<String>,
    /// Whether the policy hides nothing, so that nothing is learned.
    open: bool,
}

impl Secrets {
    /// The secrets of an organizer under their group's policy. `public` are domains of ours, which are none.
    pub fn of(organizer: &Organizer, public: &[String]) -> Self {
        let anonymity = organizer.group.anonymity;
        let mut secrets = Self { public: public.to_vec(), open: anonymity == Anonymity::Open, ..Self::default() };
        for text in &organizer.secrets {
            secrets.add("extra secret", text);
        }
        if secrets.open {
            return secrets;
        }
        for mailbox in std::iter::once(&organizer.mailbox).chain(&organizer.aliases) {
            secrets.address(mailbox);
        }
        if anonymity == Anonymity::Anonymous {
            secrets.name(&organizer.name);
        }
        let shown = organizer.public_name().to_owned();
        secrets.allow(&shown);
        secrets
    }

    /// Adds what the organizer's own message shows of their systems: hosts, addresses, ids.
    pub fn learn(&mut self, mail: &InboundMail, calendar: Option<&CalendarObject>) {
        if self.open {
            return;
        }
        if let Some(id) = &mail.message_id {
            self.id(id.as_str());
        }
        for field in &mail.headers {
            let name = field.name.to_ascii_lowercase();
            if name == "received" || name.starts_with("x-originating") {
                self.hosts_in(&field.value);
            }
        }
        for event in calendar.iter().flat_map(|object| &object.events) {
            self.id(&event.uid);
            if let Some(organizer) = &event.organizer {
                self.address(&organizer.mailbox);
            }
        }
    }

    /// The same without what this guest may know anyway: their own name and address.
    #[must_use]
    pub fn allowing(&self, guest: &NamedMailbox) -> Self {
        let mut rest = self.clone();
        rest.allow(&guest.mailbox.canonical());
        rest.allow(guest.name.as_deref().unwrap_or_default());
        rest
    }

    /// Drops every needle that stands in this text, which the guest sees anyway.
    pub fn allow(&mut self, text: &str) {
        let shown = words(&fold(text));
        self.needles.retain(|(_, needle)| !shown.contains(&words(&fold(needle))));
    }

    fn add(&mut self, label: &str, text: &str) {
        let text = text.trim();
        let known = self.needles.iter().any(|(_, needle)| needle.eq_ignore_ascii_case(text));
        if text.chars().filter(|c| c.is_alphanumeric()).count() >= 3 && !known {
            self.needles.push((label.to_owned(), text.to_owned()));
        }
    }

    fn address(&mut self, mailbox: &Mailbox) {
        self.add("address", &mailbox.canonical());
        let local = mailbox.local();
        if local.chars().count() >= LOCAL_PART && local.chars().any(|c| !c.is_alphabetic()) {
            self.add("login", local);
        }
        self.host(mailbox.domain());
    }

    fn name(&mut self, name: &str) {
        let folded = words(&fold(name));
        let parts: Vec<&str> = folded.split_whitespace().collect();
        let (Some(given), Some(surname)) = (parts.first(), parts.last()) else { return };
        self.add("name", &folded);
        if parts.len() < 2 {
            return;
        }
        self.add("name", &format!("{surname} {given}"));
        self.add("name", &format!("{given} {surname}"));
        self.add("name", &format!("{given}{surname}"));
        if let Some(initial) = given.chars().next() {
            self.add("name", &format!("{initial} {surname}"));
            self.add("name", &format!("{initial}{surname}"));
        }
        if surname.chars().count() >= SURNAME {
            self.add("surname", surname);
        }
    }

    fn id(&mut self, id: &str) {
        let id = id.trim_matches(['<', '>', ' ']);
        if id.chars().count() >= 8 {
            self.add("id", id);
        }
        if let Some((_, host)) = id.rsplit_once('@') {
            self.host(host);
        }
    }

    fn hosts_in(&mut self, value: &str) {
        // RFC 5321 §4.4: hosts and address literals stand before the date.
        let trace = value.rsplit_once(';').map_or(value, |(trace, _)| trace);
        for word in trace.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | ':'))) {
            match word.parse::<std::net::IpAddr>() {
                Ok(ip) if ip.is_loopback() || ip.is_unspecified() => {}
                Ok(_) => self.add("IP address", word),
                Err(_) if word.chars().any(char::is_alphabetic) => self.host(word),
                Err(_) => {}
            }
        }
    }

    fn host(&mut self, host: &str) {
        let host = host.trim_matches('.').to_lowercase();
        let lines = PUBLIC_HOSTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let mut public = lines.chain(self.public.iter().map(String::as_str));
        let known = public.any(|p| host == p || host.strip_suffix(p).is_some_and(|rest| rest.ends_with('.')));
        let top = host.rsplit('.').next().unwrap_or_default();
        if host.contains('.') && top.chars().all(char::is_alphabetic) && !known {
            self.add("host", &host);
        }
    }
}
