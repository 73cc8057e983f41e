//! Who people are: an OpenID Connect provider (Core 1.0, Discovery 1.0; authorization code with PKCE, RFC 7636).

mod asker;
pub mod local;
mod logout;
mod settings;

use crate::domain::address::Mailbox;
use crate::domain::person::{Asserted, Identity, SignInUnderWay};
use crate::flow::port::{PortError, PortResult, World};
use crate::flow::session_port::{Begun, IdentityError, IdentityProvider, LogoutAsked};
use crate::http_client::{self, HttpClientError};
use asker::Asker;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse, UserInfoClaims,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

pub use settings::SignInSettings;

/// How long the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long its description and keys are good.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// How soon they are asked for again for a key that is not among them.
const SOONEST: TimeDelta = TimeDelta::seconds(30);
/// How long it is left alone after it did not answer: whoever clicks meanwhile is told at once.
const RESPITE: TimeDelta = TimeDelta::seconds(5);
/// How far the provider's clock may be from ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// What an ID token may be signed with: never with a secret that we share, nor not at all (RFC 8725 §3.1).
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Claims beside the standard's.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Others(Map<String, Value>);

impl AdditionalClaims for Others {}

type Claims = IdTokenClaims<Others, CoreGenderClaim>;
type Fields = IdTokenFields<Others, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why there is no provider. For the operator.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// An address is none.
    #[error("`{0}` is no address of a web page")]
    Url(String),
    /// There is no client.
    #[error(transparent)]
    Client(#[from] HttpClientError),
}

/// A provider, and us as it knows us.
pub struct Oidc {
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: ClientSecret,
    redirect: RedirectUrl,
    after_logout: PostLogoutRedirectUrl,
    settings: SignInSettings,
    http: Asker,
    known: Mutex<Knowledge>,
    world: Arc<dyn World>,
}

/// What is known of the provider.
#[derive(Default)]
struct Knowledge {
    known: Option<Known>,
    /// Why it could not be asked the last time, and when that was.
    failed: Option<(String, DateTime<Utc>)>,
}

/// What the provider says of itself.
struct Known {
    metadata: Arc<ProviderMetadataWithLogout>,
    at: DateTime<Utc>,
}

impl Oidc {
    /// `public_url` is ours, without a slash at the end. The provider is asked when somebody signs in.
    pub fn new(settings: SignInSettings, secret: &SecretString, public_url: &str, world: Arc<dyn World>) -> Result<Self, OidcError> {
        let url = |text: &str| OidcError::Url(text.to_owned());
        let redirect = format!("{public_url}/sign-in/return");
        Ok(Self {
            issuer: IssuerUrl::new(settings.issuer.clone()).map_err(|_| url(&settings.issuer))?,
            client_id: ClientId::new(settings.client_id.clone()),
            secret: ClientSecret::new(secret.expose_secret().to_owned()),
            redirect: RedirectUrl::new(redirect.clone()).map_err(|_| url(&redirect))?,
            after_logout: PostLogoutRedirectUrl::new(format!("{public_url}/signed-out")).map_err(|_| url(public_url))?,
            http: Asker(http_client::new(PATIENCE)?),
            known: Mutex::default(),
            world,
            settings,
        })
    }

    /// The provider's description; asked for again when it is older than this.
    async fn metadata(&self, not_older: TimeDelta) -> PortResult<Arc<ProviderMetadataWithLogout>> {
        let mut knowledge = self.known.lock().await;
        // Only now, for whoever waited while another asked.
        let now = self.world.now();
        if let Some(known) = knowledge.known.as_ref().filter(|known| now - known.at < not_older) {
            return Ok(known.metadata.clone());
        }
        let failure = |why: &str| PortError::new("ask the identity provider about itself", why.to_owned());
        if let Some((why, _)) = knowledge.failed.as_ref().filter(|(_, at)| now - *at < RESPITE) {
            return Err(failure(why));
        }
        match ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *knowledge = Knowledge { known: Some(Known { metadata: metadata.clone(), at: now }), failed: None };
                Ok(metadata)
            }
            Err(error) => {
                let why = chain(&error);
                // From when it failed, not from when it was asked: it may have taken longer than the respite.
                knowledge.failed = Some((why.clone(), self.world.now()));
                Err(failure(&why))
            }
        }
    }

    /// How we prove who we are. In the header the secret is form-encoded (RFC 6749 §2.3.1), which some providers do not undo:
    /// LemonLDAP::NG 2.16 takes it literally. Where that makes a difference, and they take it in the body, it goes there.
    fn proof(&self, metadata: &ProviderMetadataWithLogout) -> AuthType {
        let is_same = |text: &str| text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._*".contains(&octet));
        let in_body = |methods: &Vec<CoreClientAuthMethod>| methods.contains(&CoreClientAuthMethod::ClientSecretPost);
        let takes_body = metadata.token_endpoint_auth_methods_supported().is_some_and(in_body);
        if takes_body && !(is_same(self.secret.secret()) && is_same(&self.client_id)) { AuthType::RequestBody } else { AuthType::BasicAuth }
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> Client {
        Client::from_provider_metadata(metadata.clone(), self.client_id.clone(), Some(self.secret.clone()))
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(self.proof(metadata))
    }

    /// The claims of an ID token, by the keys that are known; those are asked for again where the right one is not among them.
    async fn claims(&self, answer: &StandardTokenResponse<Fields, CoreTokenType>, nonce: &Nonce) -> Result<Claims, IdentityError> {
        let token = answer.id_token().ok_or_else(|| refused("there is no ID token"))?;
        let mut not_older = FRESH;
        loop {
            let client = self.client(&*self.metadata(not_older).await?);
            let verifier =
                client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(|| self.world.now() - SKEW).set_issue_time_verifier_fn(
                    |issued| {
                        if issued <= self.world.now() + SKEW { Ok(()) } else { Err("it is from the future".to_owned()) }
                    },
                );
            match token.claims(&verifier, nonce) {
                Ok(claims) => return Ok(claims.clone()),
                Err(ClaimsVerificationError::SignatureVerification(_)) if not_older == FRESH => not_older = SOONEST,
                Err(error) => return Err(refused(chain(&error))),
            }
        }
    }

    /// What the provider tells beside the ID token; the library sees to it that it is about the same person.
    async fn info(
        &self,
        client: &Client,
        answer: &StandardTokenResponse<Fields, CoreTokenType>,
        claims: &Claims,
    ) -> Result<Option<Info>, IdentityError> {
        let Ok(request) = client.user_info(answer.access_token().clone(), Some(claims.subject().clone())) else { return Ok(None) };
        request.request_async(&self.http).await.map(Some).map_err(|error| refused(chain(&error)))
    }

    fn asserted(&self, token: String, claims: &Claims, info: Option<&Info>) -> Asserted {
        // A flag vouches for the address that it stands beside, and for no other.
        let told = [
            (claims.email(), claims.email_verified()),
            (info.and_then(UserInfoClaims::email), info.and_then(UserInfoClaims::email_verified)),
        ];
        let email = told.into_iter().find_map(|(email, verified)| email.filter(|_| verified.unwrap_or(self.settings.email_is_verified)));
        let name = claims.name().or_else(|| info.and_then(UserInfoClaims::name)).and_then(|name| name.get(None));
        let others = [Some(&claims.additional_claims().0), info.map(|info| &info.additional_claims().0)];
        Asserted {
            identity: Identity { issuer: claims.issuer().to_string(), subject: claims.subject().to_string() },
            sid: claims.additional_claims().0.get("sid").and_then(Value::as_str).map(str::to_owned),
            mailbox: email.and_then(|email| Mailbox::parse(email).ok()),
            name: name.map(|name| name.to_string()),
            groups: others.into_iter().flatten().filter_map(|claims| claims.get(&self.settings.groups_claim)).flat_map(groups).collect(),
            id_token: token,
        }
    }
}

type Info = UserInfoClaims<Others, CoreGenderClaim>;

/// A list, or one name, or names with `;` between them: names have commas and spaces in them.
fn groups(claim: &Value) -> Vec<String> {
    match claim {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => text.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn refused(why: impl Into<String>) -> IdentityError {
    IdentityError::Refused(why.into())
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

#[async_trait]
impl IdentityProvider for Oidc {
    async fn begin(&self, to: &str) -> PortResult<Begun> {
        let client = self.client(&*self.metadata(FRESH).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).set_pkce_challenge(challenge);
        let (url, state, nonce) = request.add_scopes(self.settings.scopes.iter().cloned().map(Scope::new)).url();
        let under_way = SignInUnderWay {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            to: to.to_owned(),
        };
        Ok(Begun { url: url.to_string(), under_way })
    }

    async fn finish(&self, code: &str, under_way: &SignInUnderWay) -> Result<Asserted, IdentityError> {
        let client = self.client(&*self.metadata(FRESH).await?);
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|error| refused(chain(&error)))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(under_way.verifier.clone()));
        let answer = request.request_async(&self.http).await.map_err(|error| refused(chain(&error)))?;
        let claims = self.claims(&answer, &Nonce::new(under_way.nonce.clone())).await?;
        let token = answer.id_token().map(ToString::to_string).unwrap_or_default();
        let info = self.info(&client, &answer, &claims).await?;
        Ok(self.asserted(token, &claims, info.as_ref()))
    }

    async fn sign_out_url(&self, id_token: &str) -> Option<String> {
        let metadata = self.metadata(FRESH).await.ok()?;
        let url = metadata.additional_metadata().end_session_endpoint.clone()?;
        let mut request =
            LogoutRequest::from(url).set_client_id(self.client_id.clone()).set_post_logout_redirect_uri(self.after_logout.clone());
        if let Ok(token) = id_token.parse::<openidconnect::core::CoreIdToken>() {
            request = request.set_id_token_hint(&token);
        }
        Some(request.http_get_url().to_string())
    }

    async fn logout(&self, token: &str) -> Result<LogoutAsked, IdentityError> {
        let mut not_older = FRESH;
        loop {
            let metadata = self.metadata(not_older).await?;
            match logout::read(token, &metadata, &self.client_id, self.world.now()) {
                Err(logout::Unproved::UnknownKey) if not_older == FRESH => not_older = SOONEST,
                Err(error) => return Err(refused(error.to_string())),
                Ok(asked) => return Ok(asked),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_come_in_several_forms() {
        assert_eq!(groups(&json!(["helpdesk", 1, "a b"])), ["helpdesk", "a b"]);
        assert_eq!(groups(&json!("helpdesk; medical staff")), ["helpdesk", "medical staff"]);
        assert_eq!(groups(&json!("cn=helpdesk,dc=agence")), ["cn=helpdesk,dc=agence"]);
        for none in [json!(null), json!(true), json!({}), json!("")] {
            assert!(groups(&none).is_empty(), "{none}");
        }
    }
}
