//! Settings of the identity provider.

use serde::Deserialize;

/// The OpenID Connect provider with which organizers, helpdesk and administrators sign in (docs/sign-in.md). Its client secret is
/// in the key file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSettings {
    /// The provider's address, as its own description (`/.well-known/openid-configuration`) has it.
    pub issuer: String,
    /// Under which name it knows us.
    pub client_id: String,
    /// What is asked for beside `openid`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// The claim with a person's groups.
    #[serde(default = "default_claim")]
    pub groups_claim: String,
    /// Groups whose members are the helpdesk.
    #[serde(default)]
    pub helpdesk_groups: Vec<String>,
    /// Groups whose members are administrators.
    #[serde(default)]
    pub administrator_groups: Vec<String>,
    /// Take a person's address for verified where the provider does not say (`email_verified`): only where nobody can choose their own.
    #[serde(default)]
    pub email_is_verified: bool,
    /// Minutes after its last use at which a session ends.
    #[serde(default = "default_idle")]
    pub idle_minutes: u16,
    /// Hours after which it ends, however busy.
    #[serde(default = "default_longest")]
    pub longest_hours: u16,
}

fn default_scopes() -> Vec<String> {
    vec!["profile".to_owned(), "email".to_owned()]
}

fn default_claim() -> String {
    "groups".to_owned()
}

fn default_idle() -> u16 {
    60
}

fn default_longest() -> u16 {
    12
}
