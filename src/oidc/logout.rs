//! A logout token (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6).

use crate::flow::session_port::LogoutAsked;
use crate::flow::sign_in::LOGOUT_TOKEN;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use openidconnect::{ClientId, ProviderMetadataWithLogout};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The event that it must tell of.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Longest token that is looked at, in octets.
const TOKEN_MAX: usize = 16_384;
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why it is not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unproved {
    #[error("the logout token is none")]
    Form,
    #[error("the logout token is signed with a key that the provider does not publish")]
    UnknownKey,
    #[error("the logout token is not signed by the provider for us")]
    Forged,
    #[error("the logout token is too old, or from the future")]
    NotNow,
    #[error("the logout token asks for no logout")]
    NoLogout,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: Option<i64>,
    jti: String,
    sub: Option<String>,
    sid: Option<String>,
    events: Map<String, Value>,
    nonce: Option<Value>,
}

/// What the token asks for, if it is the provider's and new.
pub(super) fn read(
    token: &str,
    metadata: &ProviderMetadataWithLogout,
    client_id: &ClientId,
    now: DateTime<Utc>,
) -> Result<LogoutAsked, Unproved> {
    if token.len() > TOKEN_MAX {
        return Err(Unproved::Form);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| Unproved::Form)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Unproved::Forged);
    }
    let keys = serde_json::to_value(metadata.jwks()).ok().and_then(|keys| serde_json::from_value::<JwkSet>(keys).ok());
    let key = key(keys.as_ref().ok_or(Unproved::UnknownKey)?, header.kid.as_deref()).ok_or(Unproved::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Unproved::UnknownKey)?;
    let mut validation = Validation::new(header.alg);
    // Time is checked here: `exp` came later to the specification than `iat`.
    validation.validate_exp = false;
    validation.set_audience(&[client_id.as_str()]);
    validation.set_issuer(&[metadata.issuer().as_str()]);
    validation.set_required_spec_claims(&["aud", "iss"]);
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| Unproved::Forged)?.claims;
    let (age, longest) = (now.timestamp().saturating_sub(claims.iat), LOGOUT_TOKEN.num_seconds());
    if age.abs() > longest || claims.exp.is_some_and(|exp| now.timestamp() >= exp.saturating_add(60)) {
        return Err(Unproved::NotNow);
    }
    // An ID token is no logout token, and the other way round: it has a nonce, and no event.
    if claims.nonce.is_some() || !claims.events.contains_key(EVENT) || (claims.sub.is_none() && claims.sid.is_none()) {
        return Err(Unproved::NoLogout);
    }
    Ok(LogoutAsked { issuer: claims.iss, subject: claims.sub, sid: claims.sid, jti: claims.jti })
}

/// The key of this name; where none is named, the only one.
fn key<'a>(keys: &'a JwkSet, kid: Option<&str>) -> Option<&'a Jwk> {
    match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}
