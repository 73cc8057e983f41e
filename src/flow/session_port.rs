//! What signing in needs of the outside: the archive's sessions, and an identity provider.

use super::port::{PortError, PortResult};
use crate::domain::id::OrganizerId;
use crate::domain::person::{Asserted, BrowserKey, Identity, Session, SignInUnderWay};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The part of the archive that is about sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// An open session that is not over, and when its person was here last.
    async fn session(&self, key: BrowserKey, now: DateTime<Utc>) -> PortResult<Option<(Session, DateTime<Utc>)>>;
    /// The organizer that this person is.
    async fn bound(&self, identity: &Identity) -> PortResult<Option<OrganizerId>>;
    /// Whether anybody of this provider is that organizer.
    async fn is_taken(&self, organizer: OrganizerId, issuer: &str) -> PortResult<bool>;
}

/// Why the provider's answer is not believed. The texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The provider did not answer, or not now.
    #[error(transparent)]
    Port(#[from] PortError),
    /// It refused, or what it said is not proved.
    #[error("{0}")]
    Refused(String),
}

/// Where a browser is sent to sign in.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The provider's page.
    pub url: String,
    /// What its answer is compared with.
    pub under_way: SignInUnderWay,
}

/// A logout that the provider asks for (OpenID Connect Back-Channel Logout 1.0 §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutAsked {
    /// The provider.
    pub issuer: String,
    /// Whom to sign out.
    pub subject: Option<String>,
    /// Which sign-in to end.
    pub sid: Option<String>,
    /// The token's own id.
    pub jti: String,
}

/// An OpenID Connect provider.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Where to sign in, to come back to `to`.
    async fn begin(&self, to: &str) -> PortResult<Begun>;
    /// Who came back with this code.
    async fn finish(&self, code: &str, under_way: &SignInUnderWay) -> Result<Asserted, IdentityError>;
    /// Where to sign out there too, where the provider has such a page.
    async fn sign_out_url(&self, id_token: &str) -> Option<String>;
    /// What a logout token asks for.
    async fn logout(&self, token: &str) -> Result<LogoutAsked, IdentityError>;
}
