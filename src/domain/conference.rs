//! The conference token that Jitsi's Prosody accepts: minted at the click, minutes of life.
//!
//! Its form is a contract with a verifier that is strict in odd places (docs/portal.md has the table): `aud`, `iss` and
//! `sub` are one string each, times are whole seconds, nothing is ever null, and the room is named exactly.

mod key;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE32_NOPAD;
use serde::Serialize;

pub use key::{ConferenceKey, PublicKey};

/// Longest token, in octets: it travels in a URL and an XMPP stanza.
pub const TOKEN_MAX: usize = 4_096;
/// Longest life of a token, in minutes: who was let in stays, so only a slow click needs it.
pub const LIFETIME_MAX_MINUTES: u32 = 60;
/// Longest display name, in characters.
const NAME_MAX: usize = 100;
/// How far back `nbf` lies, for clocks that are a little slow.
const SKEW_SECONDS: i64 = 10;

/// Why a conference setting or token is impossible. All are defects of configuration or of stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConferenceError {
    /// An HS256 secret shorter than the hash (RFC 7518 §3.2).
    #[error("the conference secret needs at least 32 octets")]
    SecretTooShort,
    /// Not an RSA private key in PEM, or without a key name.
    #[error("the conference key is not an RSA private key in PEM form with a key name")]
    BadKey,
    /// Application, audience or subject is empty or has control characters.
    #[error("the conference application, audience and subject are each one short line of text")]
    BadName,
    /// Zero, or longer than [`LIFETIME_MAX_MINUTES`].
    #[error("a conference token lives 1 to 60 minutes")]
    BadLifetime,
    /// A room that is not `[a-z0-9-]`.
    #[error("the room name is not made of a-z, 0-9 and hyphens")]
    BadRoom,
    /// Longer than [`TOKEN_MAX`].
    #[error("the conference token would be too long")]
    TooLong,
    /// The signature could not be made.
    #[error("the conference token could not be signed")]
    Signing,
}

/// What Prosody expects of every token.
#[derive(Debug)]
pub struct Conference {
    key: ConferenceKey,
    application: String,
    audience: String,
    subject: String,
    lifetime: TimeDelta,
}

/// A conference server.
#[derive(Debug)]
pub struct Server {
    /// Its public URL, of a tenant with the tenant's path; no slash at the end.
    pub url: String,
    /// The tenant (`[tenant]room` in the server's own names), where one is used.
    pub tenant: Option<String>,
    /// Its tokens.
    pub tokens: Conference,
    /// The groups of organizers whose meetings take place there.
    pub groups: Vec<String>,
}

/// Where meetings take place.
#[derive(Debug)]
pub struct Servers {
    /// For groups that no other one names.
    pub first: Server,
    /// For the groups that they name.
    pub others: Vec<Server>,
}

impl Servers {
    /// The server for the meetings of a group; `None` for an organizer whom nobody knows any more.
    pub fn of_group(&self, group: Option<&str>) -> &Server {
        let named = |server: &&Server| group.is_some_and(|group| server.groups.iter().any(|name| name == group));
        self.others.iter().find(named).unwrap_or(&self.first)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Who enters, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role<'a> {
    /// Takes part.
    Guest {
        /// Passes the conference server's lobby: who waited before our door need not wait again.
        lobby_bypass: bool,
    },
    /// Opens and leads the meeting.
    Moderator {
        /// Shown to everyone in the room: only under the open policy.
        mail: Option<&'a str>,
    },
}

/// One person at the door.
#[derive(Clone, Copy, Debug)]
pub struct Participant<'a> {
    /// Opaque and stable; presence events carry it back.
    pub id: &'a str,
    /// Display name, if one is known. Text from outside.
    pub name: Option<&'a str>,
    /// Role.
    pub role: Role<'a>,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    room: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderator: Option<bool>,
    context: Context,
}

#[derive(Serialize)]
struct Context {
    user: User,
}

// A null crashes the verifier: what is not there is left out.
#[derive(Serialize)]
struct User {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    affiliation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderator: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lobby_bypass: Option<bool>,
}

impl Conference {
    /// `application` is Prosody's `app_id`; `audience` one of its accepted audiences; `subject` the XMPP domain or the
    /// tenant, never the public host; `lifetime_minutes` is 1 to [`LIFETIME_MAX_MINUTES`].
    pub fn new(
        key: ConferenceKey,
        application: &str,
        audience: &str,
        subject: &str,
        lifetime_minutes: u32,
    ) -> Result<Self, ConferenceError> {
        if !(1..=LIFETIME_MAX_MINUTES).contains(&lifetime_minutes) {
            return Err(ConferenceError::BadLifetime);
        }
        let name = |text: &str| plain_line(text).filter(|line| line == text && line != "*").ok_or(ConferenceError::BadName);
        let (application, audience, subject) = (name(application)?, name(audience)?, name(subject)?);
        Ok(Self { key, application, audience, subject, lifetime: TimeDelta::minutes(i64::from(lifetime_minutes)) })
    }

    /// The token that lets this participant into this room from now on, for minutes.
    pub fn mint(&self, room: &str, participant: &Participant<'_>, now: DateTime<Utc>) -> Result<String, ConferenceError> {
        if !is_room(room) {
            return Err(ConferenceError::BadRoom);
        }
        let claims = Claims {
            aud: &self.audience,
            iss: &self.application,
            sub: &self.subject,
            room,
            iat: now.timestamp(),
            nbf: now.timestamp() - SKEW_SECONDS,
            exp: (now + self.lifetime).timestamp(),
            moderator: matches!(participant.role, Role::Moderator { .. }).then_some(true),
            context: Context { user: user(participant) },
        };
        let token = jsonwebtoken::encode(&self.key.header, &claims, &self.key.key).map_err(|_| ConferenceError::Signing)?;
        if token.len() < TOKEN_MAX { Ok(token) } else { Err(ConferenceError::TooLong) }
    }
}

fn user(participant: &Participant<'_>) -> User {
    let id = plain_line(participant.id).unwrap_or_default();
    let name = participant.name.and_then(plain_line);
    match participant.role {
        Role::Guest { lobby_bypass } => {
            User { id, name, email: None, affiliation: "member", moderator: None, lobby_bypass: lobby_bypass.then_some(true) }
        }
        Role::Moderator { mail } => {
            let email = mail.and_then(plain_line);
            User { id, name, email, affiliation: "owner", moderator: Some(true), lobby_bypass: Some(true) }
        }
    }
}

/// One line without control and direction characters, at most [`NAME_MAX`] characters; `None` when nothing is left.
fn plain_line(text: &str) -> Option<String> {
    let turns_text = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = text.chars().filter(|c| !c.is_control() && !turns_text(*c)).take(NAME_MAX).collect();
    let line = kept.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

fn is_room(room: &str) -> bool {
    (1..=64).contains(&room.len()) && room.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A fresh room name: 26 characters of `[a-z2-7]`, all 128 bits of `random` in them.
pub fn new_room(random: [u8; 16]) -> String {
    BASE32_NOPAD.encode(&random).to_ascii_lowercase()
}

/// Where the browser goes. `base` is the conference server's public URL.
pub fn room_url(base: &str, room: &str, token: &str) -> String {
    format!("{}/{room}?jwt={token}", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
