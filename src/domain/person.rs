//! People who sign in: who the identity provider says they are, what they may do here, and their session.

use super::address::Mailbox;
use super::id::OrganizerId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who somebody is, for good: `iss` and `sub` (OpenID Connect Core §2). Names and addresses change hands, this does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The provider's name of the person.
    pub subject: String,
}

/// What the provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// Who.
    pub identity: Identity,
    /// The provider's name of this sign-in (`sid`).
    pub sid: Option<String>,
    /// Their address, where the provider has verified it.
    pub mailbox: Option<Mailbox>,
    /// Their name, for the page.
    pub name: Option<String>,
    /// Their groups.
    pub groups: Vec<String>,
    /// The ID token, for signing out there.
    pub id_token: String,
}

/// What somebody may do beside their own meetings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Alerts, mail that waits, search.
    pub helpdesk: bool,
    /// Keys, state, policy.
    pub administrator: bool,
}

/// SHA-256 of what a browser holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrowserKey(pub [u8; 32]);

/// A sign-in under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInUnderWay {
    /// Comes back with the answer.
    pub state: String,
    /// Is in the ID token.
    pub nonce: String,
    /// Proves to the provider that the code is ours (PKCE, RFC 7636).
    pub verifier: String,
    /// Where the person wanted to go: a path here.
    pub to: String,
}

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub identity: Identity,
    /// The provider's name of the sign-in.
    pub sid: Option<String>,
    /// Name, for the page.
    pub name: String,
    /// The organizer that they are.
    pub organizer: Option<OrganizerId>,
    /// What else they may do.
    pub roles: Roles,
    /// The ID token, for signing out at the provider.
    pub id_token: String,
    /// When it ends, however busy.
    pub until: DateTime<Utc>,
}

/// What is written about sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionWrite {
    /// The provider's answer to a sign-in came; conflicts where it was taken before.
    Taken {
        /// What the browser held meanwhile.
        key: BrowserKey,
        /// How long that is remembered: as long as it could be used.
        until: DateTime<Utc>,
        /// Now, to forget older ones.
        at: DateTime<Utc>,
    },
    /// A person is an organizer from now on; conflicts where either is taken.
    Bound {
        /// Who.
        identity: Identity,
        /// Which.
        organizer: OrganizerId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody is this organizer any more, and the sessions of who was end; conflicts where nobody is.
    Unbound(OrganizerId),
    /// A session begins; those that are over are forgotten.
    Opened {
        /// The browser.
        key: BrowserKey,
        /// It.
        session: Box<Session>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its person was here.
    Seen {
        /// Which.
        key: BrowserKey,
        /// When.
        at: DateTime<Utc>,
    },
    /// It ends.
    Ended(BrowserKey),
    /// All sessions of a person end; of one sign-in, where it is named.
    EndedAll {
        /// The provider.
        issuer: String,
        /// Who; anybody, where only the sign-in is named.
        subject: Option<String>,
        /// Which sign-in.
        sid: Option<String>,
    },
    /// A logout token of the provider is obeyed; conflicts where it was before.
    LogoutToken {
        /// Its `jti`.
        jti: String,
        /// How long it is remembered.
        until: DateTime<Utc>,
        /// Now, to forget older ones.
        at: DateTime<Utc>,
    },
}
