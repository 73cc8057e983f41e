//! What an organizer's own message shows of them and of their systems.

use super::SecretKind;
use super::matcher::Look;
use super::secrets::{Secrets, is_below};
use crate::domain::address::Mailbox;
use crate::domain::itip::CalendarObject;
use crate::domain::itip::tree::{Component, Property};
use crate::domain::mime::InboundMail;
use crate::domain::organizer::Anonymity;

/// Shorter ids are not one mail's or one event's alone.
const SHORTEST_ID: usize = 8;
/// Header fields that name the author or an address of theirs.
const OF_THE_AUTHOR: [&str; 14] = [
    "from",
    "sender",
    "reply-to",
    "return-path",
    "errors-to",
    "x-sender",
    "x-original-from",
    "resent-from",
    "resent-sender",
    "disposition-notification-to",
    "return-receipt-to",
    "x-confirm-reading-to",
    "x-authenticated-user",
    "autocrypt",
];
/// Header fields that name people's telephones.
const TELEPHONES: [&str; 4] = ["phone", "fax", "x-phone", "x-fax"];

impl Secrets {
    /// Adds what the organizer's own message shows: addresses, hosts, ids, telephones.
    pub fn learn(&mut self, mail: &InboundMail, calendar: Option<&CalendarObject>) {
        if self.anonymity == Anonymity::Open {
            return;
        }
        let guests: Vec<&str> = mail.to.iter().chain(&mail.cc).map(|guest| guest.mailbox.domain()).collect();
        for id in mail.message_id.iter().chain(&mail.in_reply_to).chain(&mail.references) {
            self.id(id.as_str());
        }
        for field in &mail.headers {
            let name = field.name.to_ascii_lowercase();
            if name == "received" || name.starts_with("x-originating") || name.starts_with("x-forward") {
                self.hosts_in(&field.value, &guests);
            }
            if OF_THE_AUTHOR.contains(&name.as_str()) || name.starts_with("x-originating") || name.starts_with("x-google-original") {
                self.addresses_in(&field.value);
            }
            if TELEPHONES.contains(&name.as_str()) {
                self.telephone(SecretKind::Telephone, &field.value);
            }
        }
        if let Some(object) = calendar {
            self.component(&object.tree);
        }
    }

    /// Adds what the organizer's own calendar object shows, where it came without a mail.
    pub fn learn_object(&mut self, object: &CalendarObject) {
        if self.anonymity != Anonymity::Open {
            self.component(&object.tree);
        }
    }

    /// A calendar component and those below it.
    fn component(&mut self, component: &Component) {
        for property in &component.properties {
            if property.is("UID") {
                self.id(&property.value);
            } else if property.is("ORGANIZER") {
                self.organizer(property);
            } else if property.is("CONTACT") {
                self.addresses_in(&property.value);
                for piece in property.value.split([',', ';', '\\']) {
                    self.telephone(SecretKind::Telephone, piece);
                }
            }
        }
        // Bounded by the reader of calendars, which builds no deeper trees than its limits say.
        component.components.iter().for_each(|inner| self.component(inner));
    }

    /// RFC 5545 §3.8.4.3, with EMAIL of RFC 7986 §6.2.
    fn organizer(&mut self, property: &Property) {
        self.addresses_in(&property.value);
        for parameter in &property.parameters {
            for value in &parameter.values {
                self.addresses_in(value);
                let name = parameter.name.to_ascii_uppercase();
                if name == "DIR" {
                    self.id(value);
                    if let Some((_, rest)) = value.split_once("://") {
                        self.host(rest.split(['/', ':', '?']).next().unwrap_or_default());
                    }
                } else if name == "CN" && self.anonymity == Anonymity::Anonymous && value.trim().contains(' ') && !value.contains('@') {
                    self.full_name(value);
                }
            }
        }
    }

    /// Every address in a text, but those of ours.
    fn addresses_in(&mut self, text: &str) {
        let text = text.replace("mailto:", " ").replace("MAILTO:", " ");
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';' | '(' | ')' | '[' | ']' | '\'' | '=' | '\\');
        let found = text.split(ends).filter_map(|word| Mailbox::parse(word.trim_matches(['.', ':'])).ok());
        for mailbox in found {
            if mailbox.domain().contains('.') && !self.is_ours(mailbox.domain()) {
                self.address(&mailbox);
            }
        }
    }

    fn id(&mut self, id: &str) {
        let id = id.trim_matches(['<', '>', ' ']);
        let host = id.rsplit_once('@').map(|(_, host)| host);
        if host.is_some_and(|host| self.is_ours(&host.to_lowercase())) {
            return;
        }
        if id.chars().count() >= SHORTEST_ID {
            self.add(SecretKind::Id, id, Look::Compact);
        }
        if let Some(host) = host {
            self.host(host);
        }
    }

    /// Hosts and addresses of hosts in a trace. The guests' own domains stand there too (`for <guest@…>`).
    fn hosts_in(&mut self, value: &str, guests: &[&str]) {
        // RFC 5321 §4.4: hosts and address literals stand before the date.
        let trace = value.rsplit_once(';').map_or(value, |(trace, _)| trace);
        for word in trace.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | ':'))) {
            let word = word.trim_matches(['.', ':', '-']);
            let bare = word.strip_prefix("IPv6:").unwrap_or(word);
            match bare.parse::<std::net::IpAddr>() {
                Ok(ip) if ip.is_loopback() || ip.is_unspecified() => {}
                Ok(_) => self.add(SecretKind::IpAddress, bare, Look::Host),
                Err(_) if guests.iter().any(|domain| is_below(&word.to_lowercase(), domain)) => {}
                Err(_) if word.chars().any(char::is_alphabetic) => self.host(word),
                Err(_) => {}
            }
        }
    }
}
