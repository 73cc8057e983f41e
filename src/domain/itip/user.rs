//! Calendar users (RFC 5545 §3.3.3): ORGANIZER and ATTENDEE lines to mailboxes, in every spelling that clients use.

use super::Attendee;
use super::tree::{Property, decode_carets};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::attendance::PartStat;

/// Reads an ATTENDEE.
pub(super) fn attendee(property: &Property) -> Attendee {
    let upper = |name: &str| property.parameter(name).unwrap_or_default().trim().to_ascii_uppercase();
    Attendee {
        address: plain_address(&property.value),
        mailbox: mailbox(property),
        partstat: property.parameter("PARTSTAT").and_then(PartStat::parse).unwrap_or_default(),
        delegated_to: delegates(property),
        cutype: upper("CUTYPE"),
        role: upper("ROLE"),
    }
}

/// The mailbox of a calendar user: its value, else its EMAIL parameter (RFC 7986 §6.2), as Apple writes beside
/// `urn:uuid:` and principal paths.
pub(super) fn mailbox(property: &Property) -> Option<NamedMailbox> {
    let mailbox = parse_mailbox(&property.value).or_else(|| property.parameter("EMAIL").and_then(parse_mailbox))?;
    let name = property.parameter("CN").and_then(|cn| display_name(cn, &mailbox));
    Some(NamedMailbox { name, mailbox })
}

fn delegates(property: &Property) -> Vec<NamedMailbox> {
    let lists = property.parameters.iter().filter(|p| p.name.eq_ignore_ascii_case("DELEGATED-TO"));
    lists.flat_map(|list| &list.values).filter_map(|value| parse_mailbox(value)).map(NamedMailbox::bare).collect()
}

fn parse_mailbox(value: &str) -> Option<Mailbox> {
    Mailbox::parse(&plain_address(value)).ok()
}

/// The address without `mailto:`, brackets, quotes and header fields (RFC 6068), percent-decoded where it was a URI.
fn plain_address(value: &str) -> String {
    let value = trim(value);
    let Some(rest) = strip_mailto(value) else { return value.to_owned() };
    let mut rest = trim(rest);
    while let Some(again) = strip_mailto(rest) {
        rest = trim(again);
    }
    let address = rest.split_once('?').map_or(rest, |(address, _)| address);
    percent_decoded(address)
}

fn trim(text: &str) -> &str {
    text.trim().trim_matches(|c| matches!(c, '<' | '>' | '"' | '\'')).trim()
}

fn strip_mailto(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    scheme.trim().eq_ignore_ascii_case("mailto").then_some(rest)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// CN as a person would write it; `None` where it only repeats the address.
fn display_name(cn: &str, mailbox: &Mailbox) -> Option<String> {
    let decoded = decode_carets(cn).replace("\\,", ",").replace("\\;", ";");
    let name = decoded.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')).unwrap_or(&name).trim();
    let repeats = strip_mailto(name).unwrap_or(name).eq_ignore_ascii_case(&mailbox.to_string());
    (!name.is_empty() && !repeats).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Attendee {
        let text = format!("BEGIN:VCALENDAR\n{line}\nEND:VCALENDAR\n");
        let (calendar, _) = super::super::parse::parse(text.as_bytes(), &super::super::CalendarLimits::default()).unwrap();
        attendee(&calendar.properties[0])
    }

    #[test]
    fn every_spelling_of_an_address() {
        for line in [
            "ATTENDEE:mailto:a+b@c.example",
            "ATTENDEE:MAILTO:a+b@C.example",
            "ATTENDEE:Mailto: a%2Bb@c.example",
            "ATTENDEE:a+b@c.example",
            "ATTENDEE:mailto:<a+b@c.example>",
            "ATTENDEE:mailto:mailto:a+b@c.example?subject=x",
            "ATTENDEE;EMAIL=a+b@c.example:urn:uuid:1f4e",
            "ATTENDEE;EMAIL=\"mailto:a+b@c.example\":/aMTIz/principal/",
            "ATTENDEE;CN=\"'a+b@c.example'\":invalid:nomail\nX:", // no mailbox: checked below
        ] {
            let expected = (!line.contains("nomail")).then(|| Mailbox::parse("a+b@c.example").unwrap());
            assert_eq!(read(line).mailbox.map(|named| named.mailbox), expected, "{line}");
        }
        assert_eq!(read("ATTENDEE:urn:uuid:1f4e").address, "urn:uuid:1f4e");
        assert_eq!(read("ATTENDEE:mailto:100%@x%zz.example").address, "100%@x%zz.example");
    }

    #[test]
    fn parameters_in_any_case() {
        let attendee = read(
            "ATTENDEE;partstat=accepted;Cutype=room;cn=\"Martin^, Jean ^'JJ^'\";DELEGATED-TO=\"mailto:d@e.example\",\"mailto:f@g.example\":mailto:a@b.example",
        );
        assert_eq!((attendee.partstat, attendee.cutype.as_str(), attendee.delegated_to.len()), (PartStat::Accepted, "ROOM", 2));
        assert_eq!(attendee.mailbox.unwrap().name.unwrap(), "Martin^, Jean \"JJ\"");
        assert_eq!(read("ATTENDEE;CN='A@b.example':mailto:a@b.example").mailbox.unwrap().name, None);
        assert_eq!(read("ATTENDEE;PARTSTAT=X-MAYBE:mailto:a@b.example").partstat, PartStat::NeedsAction);
    }
}
