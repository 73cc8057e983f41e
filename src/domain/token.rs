//! Address tokens: the local parts of our own addresses. Compact, purpose-bound, forgeable only with the key.
//!
//! `o` + key letter + base32(id ‖ MAC): 1 + 1 + 42 = 44 characters. The MAC is the first 80 bits of
//! HMAC-SHA-256 over purpose, key letter and id. Base32 without padding, in lower case, read in any case:
//! local parts survive programs that change their case. Also here: the guest alias, which carries a real
//! address, and the loop mark.

use super::address::{LOCAL_PART_MAX, Mailbox, NamedMailbox};
use super::thread::MessageId;
use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Octets of the MAC in an address: 80 bits.
const MAC_LEN: usize = 10;
/// Octets of the id.
const ID_LEN: usize = 16;

/// What an address is for. A token of one purpose is worthless for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// What the guest sees as the organizer; the id is the guest's.
    OrganizerAlias,
    /// Return path of mail to the guest (VERP); the id is the guest's.
    GuestBounce,
    /// What the organizer sees as the guest; the id is the guest's.
    GuestAlias,
    /// Return path of mail to an organizer or the helpdesk; the id is the guest's.
    OrganizerBounce,
    /// Where the helpdesk answers an alert; the id is the alert's.
    Alert,
}

impl Purpose {
    const ALL: [Self; 5] = [Self::OrganizerAlias, Self::GuestBounce, Self::GuestAlias, Self::OrganizerBounce, Self::Alert];

    fn letter(self) -> u8 {
        match self {
            Self::OrganizerAlias => b'o',
            Self::GuestBounce => b'b',
            Self::GuestAlias => b'g',
            Self::OrganizerBounce => b'c',
            Self::Alert => b'a',
        }
    }
}

/// A token that was opened: its MAC was right. Whether its id still means something, the archive knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressToken {
    /// What the address is for.
    pub purpose: Purpose,
    /// Guest or alert.
    pub id: Uuid,
}

/// One key, known by a letter `a`–`z`.
pub struct TokenKey {
    letter: u8,
    key: hmac::Key,
}

/// Why a key is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenKeyError {
    /// The name is not one lower-case letter, or used twice.
    #[error("a token key is named by one letter a-z of its own")]
    Name,
    /// Fewer than 256 bits.
    #[error("a token key needs at least 32 octets")]
    TooShort,
    /// No key at all.
    #[error("at least one token key is needed")]
    Missing,
}

/// All keys: the first signs, every one verifies, so that addresses in people's calendars outlive a rotation.
pub struct TokenKeys(Vec<TokenKey>);

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKeys({} keys)", self.0.len())
    }
}

impl TokenKeys {
    /// Takes keys as (letter, secret); the first one signs.
    pub fn new(keys: &[(char, Vec<u8>)]) -> Result<Self, TokenKeyError> {
        let mut taken: Vec<TokenKey> = Vec::with_capacity(keys.len());
        for (name, secret) in keys {
            let letter = u8::try_from(*name).ok().filter(u8::is_ascii_lowercase).ok_or(TokenKeyError::Name)?;
            if taken.iter().any(|key| key.letter == letter) {
                return Err(TokenKeyError::Name);
            }
            if secret.len() < 32 {
                return Err(TokenKeyError::TooShort);
            }
            taken.push(TokenKey { letter, key: hmac::Key::new(hmac::HMAC_SHA256, secret) });
        }
        if taken.is_empty() {
            return Err(TokenKeyError::Missing);
        }
        Ok(Self(taken))
    }

    /// The local part for this purpose and id.
    pub fn mint(&self, purpose: Purpose, id: Uuid) -> String {
        let signing = &self.0[0];
        let mut payload = id.as_bytes().to_vec();
        payload.extend_from_slice(&mac(signing, purpose, id.as_bytes()));
        let mut local = String::with_capacity(44);
        local.push(char::from(purpose.letter()));
        local.push(char::from(signing.letter));
        local.push_str(&BASE32_NOPAD.encode(&payload).to_ascii_lowercase());
        local
    }

    /// The address for this purpose and id. `domain` is checked configuration.
    pub fn address(&self, purpose: Purpose, id: Uuid, domain: &AliasDomain) -> Mailbox {
        domain.mailbox(&self.mint(purpose, id))
    }

    /// Opens a local part. `None` for everything that we did not mint, without saying why.
    pub fn open(&self, local: &str) -> Option<AddressToken> {
        let lower = local.to_ascii_lowercase();
        let (&[purpose, letter], encoded) = lower.as_bytes().split_first_chunk::<2>()?;
        let purpose = Purpose::ALL.into_iter().find(|known| known.letter() == purpose)?;
        let payload = BASE32_NOPAD.decode(encoded.to_ascii_uppercase().as_slice()).ok()?;
        if payload.len() != ID_LEN + MAC_LEN {
            return None;
        }
        let (id, given) = payload.split_first_chunk::<ID_LEN>()?;
        let key = self.0.iter().find(|key| key.letter == letter)?;
        let right: bool = mac(key, purpose, id).as_slice().ct_eq(given).into();
        right.then(|| AddressToken { purpose, id: Uuid::from_bytes(*id) })
    }

    /// The value of our loop header for a message of ours: it cannot be made for another Message-ID.
    pub fn loop_mark(&self, message_id: &MessageId) -> String {
        let signing = &self.0[0];
        format!("{}{}", char::from(signing.letter), HEXLOWER.encode(&loop_mac(signing, message_id)))
    }

    /// Whether a loop header is ours.
    pub fn is_loop_mark(&self, mark: &str, message_id: &MessageId) -> bool {
        let Some((letter, hex)) = mark.trim().split_at_checked(1) else { return false };
        let Ok(given) = HEXLOWER.decode(hex.as_bytes()) else { return false };
        self.0
            .iter()
            .filter(|key| letter.as_bytes() == [key.letter])
            .any(|key| bool::from(loop_mac(key, message_id).as_slice().ct_eq(&given)))
    }
}

fn mac(key: &TokenKey, purpose: Purpose, id: &[u8; ID_LEN]) -> [u8; MAC_LEN] {
    let mut context = hmac::Context::with_key(&key.key);
    context.update(b"paravent-address\0");
    context.update(&[purpose.letter(), key.letter]);
    context.update(id);
    truncated(&context.sign())
}

fn loop_mac(key: &TokenKey, message_id: &MessageId) -> [u8; MAC_LEN] {
    let mut context = hmac::Context::with_key(&key.key);
    context.update(b"paravent-loop\0");
    context.update(message_id.as_str().as_bytes());
    truncated(&context.sign())
}

fn truncated(tag: &hmac::Tag) -> [u8; MAC_LEN] {
    let mut short = [0; MAC_LEN];
    short.copy_from_slice(&tag.as_ref()[..MAC_LEN]);
    short
}

/// Longest name of a mailbox below which aliases can be: a token and the `+` must fit beside it.
pub const BASE_MAX: usize = LOCAL_PART_MAX - 45;

/// A domain of ours, or what is ours of one: checked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasDomain {
    /// Where mail goes that has no better place.
    home: Mailbox,
    /// Of a domain with other people in it, only `base` and `base+…` are ours (RFC 5233).
    base: Option<String>,
}

impl AliasDomain {
    /// Takes a domain name; `None` when it is none.
    pub fn parse(domain: &str) -> Option<Self> {
        let home = Mailbox::parse(&format!("postmaster@{domain}")).ok().filter(|m| m.domain().is_ascii())?;
        Some(Self { home, base: None })
    }

    /// Of this domain only the mailbox of that name, and what stands behind its `+`. `None` when it can't be such a name.
    pub fn below(self, base: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if base.is_empty() || base.len() > BASE_MAX || !base.chars().all(is_plain) {
            return None;
        }
        let home = Mailbox::parse(&format!("{base}@{}", self.name())).ok()?;
        Some(Self { home, base: Some(base.to_owned()) })
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.home.domain()
    }

    /// Whether the mailbox is in this domain, and below our mailbox where only that is ours.
    pub fn owns(&self, mailbox: &Mailbox) -> bool {
        mailbox.domain() == self.name() && self.local_of(mailbox).is_some()
    }

    /// What a local part says once our mailbox before the `+` is put aside; empty for that mailbox itself. `None` for another's.
    pub fn local_of<'a>(&self, mailbox: &'a Mailbox) -> Option<&'a str> {
        let Some(base) = &self.base else { return Some(mailbox.local()) };
        let (before, behind) = mailbox.local().split_once('+').unwrap_or((mailbox.local(), ""));
        before.eq_ignore_ascii_case(base).then_some(behind)
    }

    /// `local@domain`, or `base+local@domain`; a local part that cannot stand in an address gives the postmaster, or our mailbox.
    pub fn mailbox(&self, local: &str) -> Mailbox {
        let address = match &self.base {
            None => format!("{local}@{}", self.name()),
            Some(base) => format!("{base}+{local}@{}", self.name()),
        };
        Mailbox::parse(&address).unwrap_or_else(|_| self.home.clone())
    }
}

/// The guest alias of a real address: `jean.martin@hopital.example` becomes `jean.martin=hopital.example@<guest domain>`.
/// `None` when it would be longer than a local part may be, or needs quotes.
pub fn guest_alias(guest: &Mailbox, domain: &AliasDomain) -> Option<Mailbox> {
    Mailbox::parse(&format!("{}={}@{}", guest.local(), guest.domain(), domain.name())).ok().filter(|_| !guest.local().starts_with('"'))
}

/// The real address inside a guest alias: the last `=` parts them, since a domain has none.
pub fn guest_of_alias(alias: &Mailbox) -> Option<Mailbox> {
    let (local, domain) = alias.local().rsplit_once('=')?;
    Mailbox::parse(&format!("{local}@{domain}")).ok()
}

/// The name and real address that an organizer meant by what they invited.
pub fn guest_behind(invited: &NamedMailbox, domain: &AliasDomain) -> Option<NamedMailbox> {
    if !domain.owns(&invited.mailbox) {
        return Some(invited.clone());
    }
    let mailbox = guest_of_alias(&invited.mailbox)?;
    // Programs fill in the alias itself where no name is known.
    let name = invited.name.clone().filter(|name| !name.contains('@') && !name.contains('='));
    Some(NamedMailbox { name, mailbox })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(letters: &str) -> TokenKeys {
        TokenKeys::new(&letters.chars().map(|c| (c, vec![c as u8; 32])).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn what_is_minted_opens_in_any_letter_case() {
        let keys = keys("a");
        for purpose in Purpose::ALL {
            let id = Uuid::from_u128(7);
            let local = keys.mint(purpose, id);
            assert_eq!(local.len(), 44);
            assert_eq!(keys.open(&local), Some(AddressToken { purpose, id }));
            assert_eq!(keys.open(&local.to_ascii_uppercase()), Some(AddressToken { purpose, id }));
        }
    }

    #[test]
    fn a_token_is_bound_to_purpose_key_and_id() {
        let keys = keys("a");
        let local = keys.mint(Purpose::OrganizerAlias, Uuid::from_u128(7));
        assert_eq!(keys.open(&local.replacen('o', "b", 1)), None);
        for i in 1..local.len() {
            let mut forged = local.clone().into_bytes();
            forged[i] = if forged[i] == b'a' { b'b' } else { b'a' };
            if forged != local.as_bytes() {
                assert_eq!(keys.open(std::str::from_utf8(&forged).unwrap()), None, "octet {i}");
            }
        }
        for junk in ["", "o", "oa", "é", "oaé", "jean.martin", "oa========"] {
            assert_eq!(keys.open(junk), None, "{junk}");
        }
    }

    #[test]
    fn old_keys_still_open_after_a_rotation() {
        let local = keys("a").mint(Purpose::GuestBounce, Uuid::from_u128(9));
        assert!(keys("ba").open(&local).is_some());
        assert!(keys("b").open(&local).is_none());
    }

    #[test]
    fn a_loop_mark_fits_one_message_alone() {
        let keys = keys("a");
        let (mine, other) = (MessageId::parse("1@a.example").unwrap(), MessageId::parse("2@a.example").unwrap());
        assert!(keys.is_loop_mark(&keys.loop_mark(&mine), &mine));
        assert!(!keys.is_loop_mark(&keys.loop_mark(&mine), &other));
        assert!(!keys.is_loop_mark("é", &mine));
    }

    #[test]
    fn below_a_mailbox_of_a_domain_of_others() {
        let keys = keys("a");
        let hosted = AliasDomain::parse("hosted.example").unwrap().below("visio").unwrap();
        let alias = keys.address(Purpose::OrganizerAlias, Uuid::from_u128(7), &hosted);
        assert!(alias.to_string().starts_with("visio+oa") && hosted.owns(&alias));
        assert!(keys.open(hosted.local_of(&alias).unwrap()).is_some());
        let local = |address: &str| hosted.local_of(&Mailbox::parse(address).unwrap()).map(str::to_owned);
        assert_eq!(local("VISIO@hosted.example").as_deref(), Some(""));
        assert_eq!(local("Visio+a+b@hosted.example").as_deref(), Some("a+b"));
        for other in ["claire@hosted.example", "visiox+a@hosted.example", "visio-a@hosted.example"] {
            assert_eq!(local(other), None, "{other}");
        }
        assert!(!hosted.owns(&Mailbox::parse("visio+a@other.example").unwrap()));
        let long = "x".repeat(BASE_MAX);
        let longest = AliasDomain::parse("hosted.example").unwrap().below(&long).unwrap();
        assert!(keys.address(Purpose::Alert, Uuid::max(), &longest).local().len() <= LOCAL_PART_MAX);
        for wrong in ["", "a+b", "a b", "é", &format!("{long}x")] {
            assert!(AliasDomain::parse("hosted.example").unwrap().below(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn guest_aliases_go_both_ways() {
        let domain = AliasDomain::parse("guest.visio.example").unwrap();
        for address in ["jean.martin@hopital.example", "a=b@c.example", "x+y@z.example"] {
            let guest = Mailbox::parse(address).unwrap();
            let alias = guest_alias(&guest, &domain).unwrap();
            assert_eq!(guest_of_alias(&alias), Some(guest));
        }
        assert_eq!(guest_of_alias(&Mailbox::parse("nobody@guest.visio.example").unwrap()), None);
    }
}
