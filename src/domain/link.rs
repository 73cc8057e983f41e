//! The guest's link: a JWT (RFC 7519) with opaque ids alone. Checked against the store on every use.
//!
//! It is signed and read by the gateway alone, so a shared key (HS256, RFC 7518 §3.2) is enough: nobody else has to
//! verify it. `nbf` and `exp` bound the life of the *address*, not of the door: a token is good from the moment it was
//! minted until [`OUTLIVES_END_DAYS`] after the meeting's end, so that the page can still explain "too early", "ended"
//! or "cancelled". Whether the door is open is for the store to say.
//!
//! The organizer's page of a meeting has a token of its own, for another audience: neither opens what the other does.

use super::id::{AlertId, GuestId, MeetingId, ReceivedId};
use super::meeting::{Guest, Meeting, MeetingEvent};
use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest token that is looked at, in octets.
pub const TOKEN_MAX: usize = 2_048;
/// Shortest secret, in octets: as long as the hash (RFC 7518 §3.2).
pub const SECRET_MIN: usize = 32;
/// For how many days after the meeting's end a link still explains itself.
pub const OUTLIVES_END_DAYS: i64 = 30;
/// For how many days the link of a series without end is good; every later mail brings a new token.
pub const ENDLESS_DAYS: i64 = 1_096;
/// The audience of a guest's link: a token made for anything else is worthless there.
const GUEST_AUDIENCE: &str = "paravent-link";
/// The audience of an organizer's page.
const MEETING_AUDIENCE: &str = "paravent-meeting";
/// The audience of the page of a mail that waits.
const HOLD_AUDIENCE: &str = "paravent-hold";
/// The audience of the page of an alert.
const ALERT_AUDIENCE: &str = "paravent-alert";
/// For how many days the page of an alert is good.
pub const ALERT_DAYS: i64 = 30;

/// What a link names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose link.
    pub guest: GuestId,
    /// To which meeting.
    pub meeting: MeetingId,
    /// Which issue of the link: [`Guest::link`]. Another one is dead.
    pub issue: Uuid,
}

/// Why a token is no link. All are the same to its bearer; the difference is for tests and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Longer than [`TOKEN_MAX`].
    #[error("the token is too long")]
    TooLong,
    /// Not three readable parts, another algorithm or header than ours, or other claims than ours.
    #[error("the token has another form than ours")]
    Form,
    /// Signed with a key that we do not have.
    #[error("the token names an unknown key")]
    UnknownKey,
    /// The signature does not fit, or the audience is another.
    #[error("the token was not made by us for this purpose")]
    Forged,
    /// Used before it was minted.
    #[error("the token is not valid yet")]
    NotYet,
    /// Its time is over: the meeting ended long ago.
    #[error("the token has expired")]
    Expired,
}

/// Why keys cannot be used, or a token cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkKeyError {
    /// The name is empty, longer than 64 octets, has other characters than `[A-Za-z0-9._-]`, or is used twice.
    #[error("a link key needs a name of its own of 1 to 64 letters, digits, dots, hyphens or underscores")]
    Name,
    /// Shorter than [`SECRET_MIN`].
    #[error("a link key needs at least 32 octets")]
    TooShort,
    /// No key at all.
    #[error("at least one link key is needed")]
    Missing,
    /// The signature could not be made.
    #[error("the link could not be signed")]
    Signing,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    aud: String,
    sub: Uuid,
    mtg: Uuid,
    jti: Uuid,
    nbf: i64,
    exp: i64,
}

/// Claims of a page for staff: one id, of the meeting or alert, and nothing of a person.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageClaims {
    aud: String,
    sub: Uuid,
    nbf: i64,
    exp: i64,
}

struct LinkKey {
    kid: String,
    signs: EncodingKey,
    verifies: DecodingKey,
    blinds: hmac::Key,
}

/// All keys: the first signs, every one verifies, so that links in people's calendars outlive a rotation.
pub struct LinkKeys(Vec<LinkKey>);

impl std::fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkKeys({} keys)", self.0.len())
    }
}

impl LinkKeys {
    /// Takes keys as (kid, secret); the first one signs.
    pub fn new(keys: &[(String, Vec<u8>)]) -> Result<Self, LinkKeyError> {
        let mut taken: Vec<LinkKey> = Vec::with_capacity(keys.len());
        for (kid, secret) in keys {
            if !is_key_name(kid) || taken.iter().any(|key| key.kid == *kid) {
                return Err(LinkKeyError::Name);
            }
            if secret.len() < SECRET_MIN {
                return Err(LinkKeyError::TooShort);
            }
            let (signs, verifies) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
            // Another use of the secret than signatures: what it is for is part of what is hashed.
            let blinds = hmac::Key::new(hmac::HMAC_SHA256, secret);
            taken.push(LinkKey { kid: kid.clone(), signs, verifies, blinds });
        }
        if taken.is_empty() { Err(LinkKeyError::Missing) } else { Ok(Self(taken)) }
    }

    /// The token of this guest's link in force, minted at `now`.
    pub fn mint(&self, meeting: &Meeting, guest: &Guest, now: DateTime<Utc>) -> Result<String, LinkKeyError> {
        self.sign(&Claims {
            aud: GUEST_AUDIENCE.to_owned(),
            sub: guest.id.0,
            mtg: meeting.id.0,
            jti: guest.link,
            nbf: now.timestamp(),
            // Whoever has it can read it: of a series, it tells of their own part's end alone.
            exp: expiry(&guest.view(meeting), now),
        })
    }

    /// Reads a guest's token: form, key, signature, audience and life; never the store.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Link, LinkError> {
        let claims: Claims = self.verify(token, GUEST_AUDIENCE)?;
        alive(claims.nbf, claims.exp, now)?;
        Ok(Link { guest: GuestId(claims.sub), meeting: MeetingId(claims.mtg), issue: claims.jti })
    }

    /// The token of the organizer's page of this meeting, minted at `now`.
    pub fn mint_meeting(&self, meeting: &Meeting, now: DateTime<Utc>) -> Result<String, LinkKeyError> {
        let (nbf, exp) = (now.timestamp(), expiry(&meeting.event, now));
        self.sign(&PageClaims { aud: MEETING_AUDIENCE.to_owned(), sub: meeting.id.0, nbf, exp })
    }

    /// Reads the token of an organizer's page, as [`Self::read`] does a guest's.
    pub fn read_meeting(&self, token: &str, now: DateTime<Utc>) -> Result<MeetingId, LinkError> {
        let claims: PageClaims = self.verify(token, MEETING_AUDIENCE)?;
        alive(claims.nbf, claims.exp, now)?;
        Ok(MeetingId(claims.sub))
    }

    /// The token of the page of this alert, minted at `now`: whoever has it may act on the alert.
    pub fn mint_alert(&self, alert: AlertId, now: DateTime<Utc>) -> Result<String, LinkKeyError> {
        let exp = (now + TimeDelta::days(ALERT_DAYS)).timestamp();
        self.sign(&PageClaims { aud: ALERT_AUDIENCE.to_owned(), sub: alert.0, nbf: now.timestamp(), exp })
    }

    /// The token of the page on which the organizer of this mail decides about it, minted at `now`: good for [`ALERT_DAYS`].
    pub fn mint_hold(&self, held: ReceivedId, now: DateTime<Utc>) -> Result<String, LinkKeyError> {
        let exp = (now + TimeDelta::days(ALERT_DAYS)).timestamp();
        self.sign(&PageClaims { aud: HOLD_AUDIENCE.to_owned(), sub: held.0, nbf: now.timestamp(), exp })
    }

    /// Reads the token of the page of a mail that waits, as [`Self::read`] does a guest's.
    pub fn read_hold(&self, token: &str, now: DateTime<Utc>) -> Result<ReceivedId, LinkError> {
        let claims: PageClaims = self.verify(token, HOLD_AUDIENCE)?;
        alive(claims.nbf, claims.exp, now)?;
        Ok(ReceivedId(claims.sub))
    }

    /// Reads the token of an alert's page, as [`Self::read`] does a guest's.
    pub fn read_alert(&self, token: &str, now: DateTime<Utc>) -> Result<AlertId, LinkError> {
        let claims: PageClaims = self.verify(token, ALERT_AUDIENCE)?;
        alive(claims.nbf, claims.exp, now)?;
        Ok(AlertId(claims.sub))
    }

    /// A hash of something that must not be kept as it is, and that nobody without the key can compute: the same for the same, until
    /// a new key is put in front.
    pub fn blinded(&self, of: &[u8]) -> [u8; 16] {
        let mut hash = [0; 16];
        let Some(key) = self.0.first() else { return hash };
        let mut context = hmac::Context::with_key(&key.blinds);
        context.update(b"paravent-blinded\0");
        context.update(of);
        hash.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        hash
    }

    fn sign(&self, claims: &impl Serialize) -> Result<String, LinkKeyError> {
        let key = self.0.first().ok_or(LinkKeyError::Missing)?;
        jsonwebtoken::encode(&header(&key.kid), claims, &key.signs).map_err(|_| LinkKeyError::Signing)
    }

    fn verify<C: DeserializeOwned>(&self, token: &str, audience: &str) -> Result<C, LinkError> {
        if token.len() > TOKEN_MAX {
            return Err(LinkError::TooLong);
        }
        let given = jsonwebtoken::decode_header(token).map_err(|_| LinkError::Form)?;
        let kid = given.kid.as_deref().ok_or(LinkError::Form)?;
        // The header must be the very one that we write: no other algorithm, no `crit`, `jku` or `jwk` (RFC 8725 §3.1).
        if given != header(kid) {
            return Err(LinkError::Form);
        }
        let key = self.0.iter().find(|key| key.kid == kid).ok_or(LinkError::UnknownKey)?;
        let decoded = jsonwebtoken::decode::<C>(token, &key.verifies, &validation(audience)).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature | jsonwebtoken::errors::ErrorKind::InvalidAudience => LinkError::Forged,
            _ => LinkError::Form,
        })?;
        Ok(decoded.claims)
    }
}

/// When a token minted at `now` dies, in seconds since 1970.
fn expiry(event: &MeetingEvent, now: DateTime<Utc>) -> i64 {
    let end = event.over_at().unwrap_or(now + TimeDelta::days(ENDLESS_DAYS));
    (end.max(now) + TimeDelta::days(OUTLIVES_END_DAYS)).timestamp()
}

fn alive(nbf: i64, exp: i64, now: DateTime<Utc>) -> Result<(), LinkError> {
    if now.timestamp() < nbf {
        return Err(LinkError::NotYet);
    }
    if now.timestamp() >= exp { Err(LinkError::Expired) } else { Ok(()) }
}

fn is_key_name(kid: &str) -> bool {
    (1..=64).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn header(kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) }
}

/// The library checks signature, algorithm and audience; time is checked here against a clock that is an argument.
fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["aud", "sub", "nbf", "exp"]);
    validation
}

#[cfg(test)]
mod tests;
