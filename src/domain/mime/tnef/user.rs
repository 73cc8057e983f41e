//! The people of a message: properties and attributes to mailboxes. Addresses that are none of SMTP's are passed over.

use super::property::{Key, Properties};
use super::tags::{self, Person};
use super::{Beside, Party, TnefMessage};
use crate::domain::address::{Mailbox, NamedMailbox};

/// PidTagRecipientFlags: this recipient is the organizer (MS-OXOCAL §2.2.3.9).
const IS_ORGANIZER: i64 = 0x2;

/// A recipient and how much they are asked for (PidTagRecipientType: 1 required, 2 optional, 3 a resource).
#[derive(Debug)]
pub(super) struct Recipient {
    pub(super) named: NamedMailbox,
    pub(super) kind: i64,
}

/// In whose name the message was sent, and who sent it where that is somebody else.
#[derive(Debug, Default)]
pub(super) struct Sender {
    pub(super) principal: Option<NamedMailbox>,
    pub(super) by: Option<Mailbox>,
}

pub(super) fn sender(message: &TnefMessage<'_>, beside: &Beside<'_>) -> Sender {
    let properties = &message.properties;
    let represented = person(properties, &tags::SENT_REPRESENTING).or_else(|| message.sent_for.as_ref().and_then(party));
    let author = person(properties, &tags::SENDER).or_else(|| message.from.as_ref().and_then(party));
    let by = author.clone().map(|author| author.mailbox);
    let principal = represented.or(author).or_else(|| beside.from.cloned());
    let is_other = |by: &Mailbox| principal.as_ref().is_some_and(|principal| !principal.mailbox.same_as(by));
    Sender { by: by.filter(is_other), principal }
}

/// The organizer, as an answer names them.
pub(super) fn organizer_of_answer(message: &TnefMessage<'_>) -> Option<NamedMailbox> {
    message.owner.as_ref().and_then(party).or_else(|| person(&message.properties, &tags::RECEIVED_REPRESENTING))
}

/// Those who are invited: the table of recipients without the organizer, else the recipients of the mail.
pub(super) fn invited(message: &TnefMessage<'_>, organizer: Option<&NamedMailbox>, beside: &Beside<'_>) -> Vec<Recipient> {
    let is_other = |named: &NamedMailbox| organizer.is_none_or(|organizer| !organizer.mailbox.same_as(&named.mailbox));
    let rows = message.recipients.iter().filter(|row| row.number(&tags::RECIPIENT_FLAGS).unwrap_or_default() & IS_ORGANIZER == 0);
    let listed = rows.filter_map(|row| {
        let named = person(row, &tags::RECIPIENT)?;
        Some(Recipient { named, kind: row.number(&tags::RECIPIENT_TYPE).unwrap_or(1) })
    });
    let listed: Vec<Recipient> = listed.filter(|recipient| is_other(&recipient.named)).collect();
    if !listed.is_empty() {
        return listed;
    }
    let mailed = beside.recipients.iter().filter(|named| is_other(named));
    mailed.map(|named| Recipient { named: named.clone(), kind: 1 }).collect()
}

fn person(properties: &Properties<'_>, person: &Person) -> Option<NamedMailbox> {
    let mailbox = person.addresses.iter().find_map(|key| mailbox(&properties.text(key)?))?;
    Some(named(properties, &person.name, mailbox))
}

fn named(properties: &Properties<'_>, name: &Key, mailbox: Mailbox) -> NamedMailbox {
    NamedMailbox { name: properties.text(name).and_then(|name| display_name(&name, &mailbox)), mailbox }
}

fn party(party: &Party) -> Option<NamedMailbox> {
    let mailbox = mailbox(&party.address)?;
    Some(NamedMailbox { name: display_name(&party.name, &mailbox), mailbox })
}

/// `SMTP:a@b`, or the address alone. `EX:/o=…` and `/O=…` are names within somebody's Exchange.
fn mailbox(address: &str) -> Option<Mailbox> {
    let address = address.trim().trim_matches(['<', '>', '\'', '"']);
    let plain = match address.split_once(':') {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("SMTP") => rest,
        Some(_) | None => address,
    };
    Mailbox::parse(plain.trim()).ok().filter(|mailbox| !mailbox.local().starts_with('/'))
}

/// One line, without the quotes that Outlook puts around; `None` where it only repeats the address.
fn display_name(name: &str, mailbox: &Mailbox) -> Option<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')).unwrap_or(&name).trim();
    (!name.is_empty() && !name.eq_ignore_ascii_case(&mailbox.to_string())).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_smtp_and_of_exchange() {
        let read = |text: &str| mailbox(text).map(|mailbox| mailbox.to_string());
        for text in ["SMTP:jean@h.example", "smtp: jean@h.example", "jean@h.example", "'jean@h.example'"] {
            assert_eq!(read(text).as_deref(), Some("jean@h.example"), "{text}");
        }
        for text in ["EX:/o=H/ou=X/cn=Recipients/cn=jean", "/O=H/OU=X/CN=JEAN", "", "SMTP:", "jean"] {
            assert_eq!(read(text), None, "{text}");
        }
        let jean = Mailbox::parse("jean@h.example").unwrap();
        assert_eq!(display_name("'Jean\tMartin'", &jean).as_deref(), Some("Jean Martin"));
        assert_eq!(display_name("'Jean@h.example'", &jean), None);
    }
}
