//! What must never reach a guest: built from the organizer; `learn` adds what their own message shows.

use super::SecretKind;
use super::matcher::{Allowed, Look, Matcher, Shown};
use super::spelling::Spelled;
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::organizer::{Anonymity, Organizer};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Hosts that are no secret of anybody.
const PUBLIC_HOSTS: &str = include_str!("public_hosts.txt");
/// A surname alone is a secret from this many letters on.
const SURNAME: usize = 4;
/// A distinctive local part has at least this many characters.
const LOCAL_PART: usize = 5;
/// A text with this many digits, and hardly more, is a telephone number.
const TELEPHONE: usize = 8;

/// One text that must not be found.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle {
    pub(super) kind: SecretKind,
    pub(super) text: String,
    pub(super) look: Look,
}

/// What must not be found, and what may be although it looks like it. The order of additions doesn't matter.
#[derive(Clone, Default)]
pub struct Secrets {
    needles: Vec<Needle>,
    allowed: Vec<String>,
    /// Names that the organizer gave to guests.
    claimed: Vec<String>,
    /// Domains of ours.
    pub(super) ours: Vec<String>,
    pub(super) anonymity: Anonymity,
    /// Built at the first scan and shared by the copies for all guests.
    matcher: Arc<OnceLock<Option<Matcher>>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} texts)", self.needles.len())
    }
}

impl Secrets {
    /// The secrets of an organizer under their group's policy. `ours` are domains of ours, which are none.
    pub fn of(organizer: &Organizer, ours: &[String]) -> Self {
        let mut secrets = Self { ours: ours.to_vec(), anonymity: organizer.group.anonymity, ..Self::default() };
        for text in &organizer.secrets {
            secrets.text(SecretKind::Extra, text);
        }
        secrets.allow(organizer.public_name());
        secrets.allow(&organizer.group.label);
        for domain in ours {
            secrets.allow(domain);
        }
        match secrets.anonymity {
            Anonymity::Open => return secrets,
            Anonymity::Named => {}
            Anonymity::Anonymous => secrets.person(&organizer.name),
        }
        for mailbox in std::iter::once(&organizer.mailbox).chain(&organizer.aliases) {
            secrets.address(mailbox);
        }
        secrets
    }

    /// The same for one guest, who may see their own address and name. The name comes from the organizer's message and
    /// may have anything in it: it excuses a surname, or a namesake, and no more.
    #[must_use]
    pub fn allowing(&self, guest: &NamedMailbox) -> Self {
        let mut rest = self.clone();
        rest.allow(&guest.mailbox.canonical());
        rest.claimed.extend(guest.name.clone());
        rest
    }

    /// A text that the guest sees anyway. Surnames, logins and hosts in it are no secret any more; whole addresses and
    /// names only where they stand within it.
    pub fn allow(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.allowed.push(text.trim().to_owned());
        }
    }

    /// The automata over all needles; `None` when they can't be built.
    pub(super) fn matcher(&self) -> Option<&Matcher> {
        self.matcher.get_or_init(|| Matcher::new(&self.needles)).as_ref()
    }

    pub(super) fn allowed(&self) -> Allowed {
        let allowed = self.allowed.iter().map(|text| (text, false));
        let shown = allowed.chain(self.claimed.iter().map(|name| (name, true)));
        Allowed(shown.map(|(text, claimed)| Shown { spelled: Spelled::of(text), claimed }).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    pub(super) fn add(&mut self, kind: SecretKind, text: &str, look: Look) {
        let needle = Needle { kind, text: text.trim().to_owned(), look };
        let telling = needle.text.chars().filter(|c| c.is_alphanumeric()).count() >= 3;
        if telling && !self.needles.contains(&needle) {
            self.needles.push(needle);
            self.matcher = Arc::default();
        }
    }

    /// A text of any kind: as words, and without white space or as digits where that is how it is written.
    pub(super) fn text(&mut self, kind: SecretKind, text: &str) {
        self.add(kind, text, Look::Words);
        if text.contains('@') {
            self.add(kind, text, Look::Compact);
        }
        self.telephone(kind, text);
    }

    pub(super) fn telephone(&mut self, kind: SecretKind, text: &str) {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if digits >= TELEPHONE && !text.chars().any(char::is_alphabetic) {
            self.add(kind, text, Look::Digits);
        }
    }

    pub(super) fn address(&mut self, mailbox: &Mailbox) {
        let address = mailbox.canonical();
        self.add(SecretKind::Address, &address, Look::Words);
        self.add(SecretKind::Address, &address, Look::Compact);
        let local = mailbox.local();
        if local.chars().count() >= LOCAL_PART && local.chars().any(|c| !c.is_alphabetic()) {
            self.add(SecretKind::Login, local, Look::Words);
        }
        self.host(mailbox.domain());
    }

    /// A person's name in its usual forms, the surname alone too.
    fn person(&mut self, name: &str) {
        self.full_name(name);
        let words = Spelled::of(name).words;
        let mut parts = words.split_whitespace();
        if let (Some(given), Some(surname)) = (parts.next(), parts.next_back()) {
            if let Some(initial) = given.chars().next() {
                self.add(SecretKind::Name, &format!("{initial} {surname}"), Look::Words);
                self.add(SecretKind::Name, &format!("{initial}{surname}"), Look::Words);
            }
            if surname.chars().count() >= SURNAME {
                self.add(SecretKind::Surname, surname, Look::Words);
            }
        }
    }

    /// All parts of a name together, in any turn.
    pub(super) fn full_name(&mut self, name: &str) {
        let words = Spelled::of(name).words;
        let parts: Vec<&str> = words.split_whitespace().collect();
        for turn in 0..parts.len() {
            let (tail, head) = parts.split_at(turn);
            self.add(SecretKind::Name, &[head, tail].concat().join(" "), Look::Words);
        }
        if let (Some(given), Some(surname), true) = (parts.first(), parts.last(), parts.len() > 1) {
            self.add(SecretKind::Name, &format!("{given} {surname}"), Look::Words);
            self.add(SecretKind::Name, &format!("{surname} {given}"), Look::Words);
            self.add(SecretKind::Name, &parts.concat(), Look::Words);
        }
    }

    pub(super) fn host(&mut self, host: &str) {
        let host = host.trim_matches('.').to_lowercase();
        let mut lines = PUBLIC_HOSTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let top = host.rsplit('.').next().unwrap_or_default();
        let is_name = host.contains('.') && top.chars().all(char::is_alphabetic);
        if is_name && !self.is_ours(&host) && !lines.any(|line| is_below(&host, line)) {
            self.add(SecretKind::Host, &host, Look::Host);
            let written = idna::domain_to_unicode(&host).0;
            self.add(SecretKind::Host, &written, Look::Host);
        }
    }

    pub(super) fn is_ours(&self, host: &str) -> bool {
        self.ours.iter().any(|own| is_below(host, own))
    }
}

/// Whether a host is this domain or one below it.
pub(super) fn is_below(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}
