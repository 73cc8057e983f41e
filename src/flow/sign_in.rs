//! Signing in: `begin → provider → finish: compare → bind → open`, and who holds a session.

use super::gateway::Gateway;
use super::port::{Archive, Directory, PortError, PortResult, World};
use super::seal::Seal;
use super::session_port::{IdentityError, IdentityProvider, LogoutAsked};
use crate::domain::id::OrganizerId;
use crate::domain::organizer::Organizer;
use crate::domain::person::{Asserted, BrowserKey, Identity, Roles, Session, SessionWrite};
use crate::domain::record::{AuditEvent, Commit, Committed, Write, actor};
use aws_lc_rs::{constant_time, digest};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use std::sync::Arc;

/// How long a sign-in may take.
pub const UNDER_WAY: TimeDelta = TimeDelta::minutes(10);
/// How often it is noted that somebody is here.
const NOTED: TimeDelta = TimeDelta::minutes(1);
/// How long a logout token is remembered; older ones are refused.
pub const LOGOUT_TOKEN: TimeDelta = TimeDelta::minutes(10);

/// Who gets which role, and how long sessions last.
#[derive(Clone, Debug)]
pub struct SignInSettings {
    /// Groups of the provider whose members are the helpdesk.
    pub helpdesk_groups: Vec<String>,
    /// Groups whose members are administrators.
    pub administrator_groups: Vec<String>,
    /// How long a session outlives its last use.
    pub idle: TimeDelta,
    /// How long it lasts at most.
    pub longest: TimeDelta,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub identity: Identity,
    /// Name, for the page.
    pub name: String,
    /// The organizer that they are.
    pub organizer: Option<Organizer>,
    /// What else they may do.
    pub roles: Roles,
    /// Stands in every form of theirs: another site can't know it.
    pub form_key: String,
}

impl Person {
    /// How the audit trail names them for what they do with meetings of theirs: as where they write a mail.
    pub fn as_organizer(&self, organizer: &Organizer) -> String {
        actor("organizer", organizer.id, &self.name)
    }

    /// How it names them for what they do at the desk.
    pub fn as_helpdesk(&self) -> String {
        actor("helpdesk", &self.identity.subject, &self.name)
    }
}

/// A browser that comes back.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What it holds from now on.
    pub cookie: String,
    /// Where the person wanted to go.
    pub to: String,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Not now.
    #[error(transparent)]
    Port(#[from] PortError),
    /// This browser began no sign-in, or too long ago, or the answer was taken before.
    #[error("no such sign-in is under way")]
    NotBegun,
    /// The provider refused, or its answer is not proved; the text is for the log.
    #[error("the provider's answer is not taken: {0}")]
    Refused(String),
    /// Their address is an organizer's, and that organizer is somebody else at the provider.
    #[error("another person of the provider is this organizer already")]
    Taken,
    /// They are known there, and have nothing to do here.
    #[error("they are no organizer and have no role here")]
    Nobody,
}

impl From<IdentityError> for SignInError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Port(error) => Self::Port(error),
            IdentityError::Refused(why) => Self::Refused(why),
        }
    }
}

/// The reception for people who sign in.
pub struct SignIn {
    /// Where sessions are kept.
    pub archive: Arc<dyn Archive>,
    /// Who may organize.
    pub directory: Arc<dyn Directory>,
    /// Clock and chance.
    pub world: Arc<dyn World>,
    /// Who people are.
    pub provider: Arc<dyn IdentityProvider>,
    /// Closes what browsers keep for us.
    pub seal: Seal,
    /// Roles and times.
    pub settings: SignInSettings,
}

impl SignIn {
    /// Where to sign in, and what the browser holds meanwhile. Nothing is written: anybody may ask this, as often as they like.
    pub async fn begin(&self, to: &str) -> PortResult<(String, String)> {
        let begun = self.provider.begin(to).await?;
        let cookie = self.seal.close(begun.under_way, self.world.now() + UNDER_WAY)?;
        Ok((begun.url, cookie))
    }

    /// The provider's answer, brought by a browser that holds `cookie`. The session gets a secret of its own: what was held before
    /// opens nothing.
    pub async fn finish(&self, cookie: &str, state: &str, code: &str) -> Result<Opened, SignInError> {
        let now = self.world.now();
        let under_way = self.seal.open(cookie, now).ok_or(SignInError::NotBegun)?;
        constant_time::verify_slices_are_equal(under_way.state.as_bytes(), state.as_bytes()).map_err(|_| SignInError::NotBegun)?;
        let asserted = self.provider.finish(code, &under_way).await?;
        let (organizer, binding) = self.organizer(&asserted, now).await?;
        let is_in = |groups: &[String]| asserted.groups.iter().any(|group| groups.contains(group));
        let roles = Roles { helpdesk: is_in(&self.settings.helpdesk_groups), administrator: is_in(&self.settings.administrator_groups) };
        if organizer.is_none() && roles == Roles::default() {
            return Err(SignInError::Nobody);
        }
        let secret = self.secret();
        let name = asserted.name.or_else(|| organizer.as_ref().map(|organizer| organizer.name.clone()));
        let session = Session {
            name: name.unwrap_or_else(|| asserted.identity.subject.clone()),
            sid: asserted.sid,
            organizer: organizer.map(|organizer| organizer.id),
            roles,
            id_token: asserted.id_token,
            until: now + self.settings.longest,
            identity: asserted.identity,
        };
        let audit = opened(&session, now);
        let mut writes = vec![SessionWrite::Taken { key: key(cookie), until: now + UNDER_WAY, at: now }];
        writes.extend(binding);
        writes.push(SessionWrite::Opened { key: key(&secret), session: Box::new(session), at: now });
        match self.commit(writes, vec![audit]).await? {
            Committed::Done => Ok(Opened { cookie: secret, to: under_way.to }),
            Committed::Conflict | Committed::Duplicate => Err(SignInError::NotBegun),
        }
    }

    /// Who holds this, if anybody does now.
    pub async fn person(&self, cookie: &str) -> PortResult<Option<Person>> {
        let (now, key) = (self.world.now(), key(cookie));
        let Some((session, seen_at)) = self.archive.session(key, now).await? else { return Ok(None) };
        if now >= seen_at + self.settings.idle {
            return Ok(None);
        }
        let organizer = match session.organizer {
            Some(id) => self.directory.by_id(id).await?.filter(|organizer| organizer.active),
            None => None,
        };
        if organizer.is_none() && session.roles == Roles::default() {
            return Ok(None);
        }
        if now >= seen_at + NOTED {
            self.write(vec![SessionWrite::Seen { key, at: now }]).await?;
        }
        let form_key = BASE64URL_NOPAD.encode(hashed(b"form", cookie).as_ref());
        Ok(Some(Person { identity: session.identity, name: session.name, organizer, roles: session.roles, form_key }))
    }

    /// Ends the session; where to sign out at the provider too.
    pub async fn sign_out(&self, cookie: &str) -> PortResult<Option<String>> {
        let key = key(cookie);
        let Some((session, _)) = self.archive.session(key, self.world.now()).await? else { return Ok(None) };
        self.write(vec![SessionWrite::Ended(key)]).await?;
        Ok(self.provider.sign_out_url(&session.id_token).await)
    }

    /// Ends the session of whoever holds this, here alone.
    pub async fn end(&self, cookie: &str) -> PortResult<()> {
        self.write(vec![SessionWrite::Ended(key(cookie))]).await
    }

    /// The provider signs somebody out, with a token of its own.
    pub async fn sign_out_by_provider(&self, token: &str) -> Result<(), SignInError> {
        let LogoutAsked { issuer, subject, sid, jti } = self.provider.logout(token).await?;
        let now = self.world.now();
        let obeyed = SessionWrite::LogoutToken { jti, until: now + LOGOUT_TOKEN * 2, at: now };
        match self.commit(vec![obeyed, SessionWrite::EndedAll { issuer, subject, sid }], Vec::new()).await? {
            Committed::Done => Ok(()),
            Committed::Conflict | Committed::Duplicate => Err(SignInError::Refused("the logout token was used before".to_owned())),
        }
    }

    /// The organizer that somebody is: by what was bound before, else by a verified address of the directory, once.
    async fn organizer(&self, asserted: &Asserted, now: DateTime<Utc>) -> Result<(Option<Organizer>, Option<SessionWrite>), SignInError> {
        if let Some(id) = self.archive.bound(&asserted.identity).await? {
            return Ok((self.active(id).await?, None));
        }
        let Some(mailbox) = &asserted.mailbox else { return Ok((None, None)) };
        let Some(organizer) = self.directory.by_mailbox(mailbox).await?.filter(|organizer| organizer.active) else {
            return Ok((None, None));
        };
        if self.archive.is_taken(organizer.id, &asserted.identity.issuer).await? {
            return Err(SignInError::Taken);
        }
        let bound = SessionWrite::Bound { identity: asserted.identity.clone(), organizer: organizer.id, at: now };
        Ok((Some(organizer), Some(bound)))
    }

    async fn active(&self, id: OrganizerId) -> PortResult<Option<Organizer>> {
        Ok(self.directory.by_id(id).await?.filter(|organizer| organizer.active))
    }

    /// 244 random bits.
    fn secret(&self) -> String {
        let bits = [*self.world.random().as_bytes(), *self.world.random().as_bytes()].concat();
        BASE64URL_NOPAD.encode(&bits)
    }

    async fn write(&self, writes: Vec<SessionWrite>) -> PortResult<()> {
        self.commit(writes, Vec::new()).await.map(drop)
    }

    async fn commit(&self, writes: Vec<SessionWrite>, also: Vec<Write>) -> PortResult<Committed> {
        let writes = writes.into_iter().map(|write| Write::Session(Box::new(write))).chain(also).collect();
        self.archive.commit(Commit { writes }).await
    }
}

impl Gateway {
    /// Lets an organizer sign in with another account, at the word of the operator; `false` where they have none.
    pub async fn unbind_organizer(&self, organizer: OrganizerId) -> PortResult<bool> {
        let audit = Write::Audit(AuditEvent {
            at: self.world.now(),
            actor: "operator".to_owned(),
            action: "organizer.unbound".to_owned(),
            meeting: None,
            guest: None,
            received: None,
            detail: serde_json::json!({ "organizer": organizer }).to_string(),
        });
        let writes = vec![Write::Session(Box::new(SessionWrite::Unbound(organizer))), audit];
        Ok(self.archive.commit(Commit { writes }).await? == Committed::Done)
    }
}

/// What a browser's secret is known by.
fn key(cookie: &str) -> BrowserKey {
    let mut key = [0; 32];
    key.copy_from_slice(hashed(b"key", cookie).as_ref());
    BrowserKey(key)
}

fn hashed(purpose: &[u8], cookie: &str) -> digest::Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(purpose);
    context.update(b"\0");
    context.update(cookie.as_bytes());
    context.finish()
}

/// Who came in, by the role that they have first of all.
fn opened(session: &Session, now: DateTime<Utc>) -> Write {
    let Identity { issuer, subject } = &session.identity;
    let actor = match (session.organizer, session.roles.helpdesk) {
        (Some(id), _) => actor("organizer", id, &session.name),
        (None, true) => actor("helpdesk", subject, &session.name),
        (None, false) => actor("administrator", subject, &session.name),
    };
    Write::Audit(AuditEvent {
        at: now,
        actor,
        action: "session.opened".to_owned(),
        meeting: None,
        guest: None,
        received: None,
        detail: serde_json::json!({ "issuer": issuer, "subject": subject }).to_string(),
    })
}
