//! Mail addresses, parsed once at the edge. `Debug` masks them so that no log shows a person's address.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest local part, in octets (RFC 5321 §4.5.3.1.1).
pub const LOCAL_PART_MAX: usize = 64;
/// Longest domain, in octets (RFC 5321 §4.5.3.1.2).
pub const DOMAIN_MAX: usize = 255;

/// Why a text is no mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No `@`, or nothing before or after it.
    #[error("an address has the form local-part@domain")]
    Shape,
    /// A part is longer than RFC 5321 §4.5.3.1 allows.
    #[error("the address is too long")]
    TooLong,
    /// A control character, a space or a bracket outside quotes, or an empty label.
    #[error("the address has a character that is not allowed")]
    Character,
}

/// A mailbox (RFC 5321 §4.1.2, RFC 6531 for UTF-8): the local part as written, the domain in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mailbox {
    local: String,
    domain: String,
}

impl Mailbox {
    /// Parses `local@domain`. No display name, no angle brackets, no source route.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        if local.len() > LOCAL_PART_MAX || domain.len() > DOMAIN_MAX {
            return Err(AddressError::TooLong);
        }
        if !local_part_is_valid(local) || !domain_is_valid(domain) {
            return Err(AddressError::Character);
        }
        Ok(Self { local: local.to_owned(), domain: domain.to_lowercase() })
    }

    /// The local part, as it was written.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, in lower case.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The form under which two spellings of one mailbox are compared: all in lower case.
    /// Strictly, local parts are case-sensitive (RFC 5321 §2.4); no provider in use treats them so.
    pub fn canonical(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// Whether both are the same mailbox once letter case is put aside.
    pub fn same_as(&self, other: &Self) -> bool {
        self.domain == other.domain && self.local.to_lowercase() == other.local.to_lowercase()
    }

    /// Whether any octet is outside ASCII, so that a transfer needs SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii() || !self.domain.is_ascii()
    }

    /// The same mailbox with its domain in A-labels (RFC 5891 §4.4), for a server that takes no international addresses. `None` where
    /// the local part is what is international: it has no other spelling.
    pub fn in_ascii(&self) -> Option<Self> {
        if !self.local.is_ascii() {
            return None;
        }
        let domain = if self.domain.is_ascii() { self.domain.clone() } else { idna::domain_to_ascii_strict(&self.domain).ok()? };
        (domain.len() <= DOMAIN_MAX).then(|| Self { local: self.local.clone(), domain })
    }

    /// What a log may show: the first character and the domain.
    pub fn masked(&self) -> String {
        let first: String = self.local.chars().take(1).collect();
        format!("{first}…@{}", self.domain)
    }
}

fn local_part_is_valid(local: &str) -> bool {
    if local.len() >= 2 && local.starts_with('"') && local.ends_with('"') {
        // RFC 5321 §4.1.2 Quoted-string: anything printable, with `"` and `\` escaped.
        let mut escaped = false;
        for c in local[1..local.len() - 1].chars() {
            match c {
                _ if c.is_control() => return false,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return false,
                _ => {}
            }
        }
        return !escaped;
    }
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || r#"()<>[]:;@\,""#.contains(c);
    !local.contains(forbidden)
}

fn domain_is_valid(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[') {
        let inner = literal.strip_suffix(']').unwrap_or("|");
        return inner.bytes().all(|b| b.is_ascii_hexdigit() || b":.IPv6".contains(&b));
    }
    domain.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || !c.is_ascii() && c.is_alphanumeric())
    })
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl TryFrom<String> for Mailbox {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl std::str::FromStr for Mailbox {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl From<Mailbox> for String {
    fn from(mailbox: Mailbox) -> Self {
        mailbox.to_string()
    }
}

/// A mailbox with the display name shown beside it (RFC 5322 §3.4 name-addr).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NamedMailbox {
    /// The decoded display name, where there is one. Text from outside: escape it where it is shown.
    pub name: Option<String>,
    /// The address.
    pub mailbox: Mailbox,
}

impl NamedMailbox {
    /// A mailbox with a display name.
    pub fn new(name: impl Into<String>, mailbox: Mailbox) -> Self {
        Self { name: Some(name.into()), mailbox }
    }

    /// A mailbox alone.
    pub fn bare(mailbox: Mailbox) -> Self {
        Self { name: None, mailbox }
    }
}

/// The reverse-path of an envelope (RFC 5321 §4.1.1.2): null for mail that must never be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReversePath {
    /// `<>`
    Null,
    /// `<local@domain>`
    Mailbox(Mailbox),
}

impl ReversePath {
    /// The mailbox, unless it is null.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_parsed_strictly() {
        for good in ["a@b.example", "\"a b\"@b.example", "x+y@[192.0.2.1]", "zoé@exemple.example", "a@B.Example"] {
            assert!(Mailbox::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "a", "@b", "a@", "a b@c.example", "a@b..example", "a@-b.example", "a\r\n@b.example", "<a@b.example", "\"a\"b\"@c.example"]
        {
            assert!(Mailbox::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_international_domain_has_an_ascii_spelling_and_a_local_part_has_none() {
        let ascii = |text| Mailbox::parse(text).unwrap().in_ascii().map(|mailbox| mailbox.to_string());
        assert_eq!(ascii("jean@hôpital.example").as_deref(), Some("jean@xn--hpital-ixa.example"));
        assert_eq!(ascii("jean@hopital.example").as_deref(), Some("jean@hopital.example"));
        assert_eq!(ascii("rené@hôpital.example"), None);
        assert_eq!(ascii("jean@[192.0.2.1]").as_deref(), Some("jean@[192.0.2.1]"));
    }

    #[test]
    fn debug_masks_the_person() {
        let mailbox = Mailbox::parse("jean.martin@hopital.example").unwrap();
        assert_eq!(format!("{mailbox:?}"), "j…@hopital.example");
    }
}
