//! Keys of programs: made, shown once, looked up by their hash, revoked.

use super::gateway::Gateway;
use super::port::PortResult;
use crate::domain::api_key::{ApiKey, ApiKeyWrite, Scope};
use crate::domain::record::{AuditEvent, Commit, Committed, Write};
use async_trait::async_trait;
use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;

/// What every key begins with, so that scanners of leaked secrets know it.
const PREFIX: &str = "pvt_";

/// The part of the archive that is about keys of programs.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// The key of this hash.
    async fn api_key(&self, hash: &[u8; 32]) -> PortResult<Option<ApiKey>>;
    /// All, by name.
    async fn api_keys(&self) -> PortResult<Vec<ApiKey>>;
}

impl Gateway {
    /// A new key for a program; `None` where there is one of this name. Nobody can ask for it again.
    pub async fn create_api_key(&self, name: &str, scopes: &[Scope]) -> PortResult<Option<String>> {
        let bits = [*self.world.random().as_bytes(), *self.world.random().as_bytes()].concat();
        let secret = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bits));
        let key = ApiKey { name: name.to_owned(), hash: hash(&secret), scopes: scopes.to_vec(), created_at: self.world.now() };
        Ok(self.write_key(ApiKeyWrite::Created(key), "api-key.created", name).await?.then_some(secret))
    }

    /// Makes a key worthless; `false` where there is none of this name.
    pub async fn revoke_api_key(&self, name: &str) -> PortResult<bool> {
        self.write_key(ApiKeyWrite::Revoked(name.to_owned()), "api-key.revoked", name).await
    }

    /// The program that shows this key.
    pub async fn program(&self, secret: &str) -> PortResult<Option<ApiKey>> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        self.archive.api_key(&hash(secret)).await
    }

    async fn write_key(&self, write: ApiKeyWrite, action: &str, name: &str) -> PortResult<bool> {
        let audit = AuditEvent {
            at: self.world.now(),
            actor: "operator".to_owned(),
            action: action.to_owned(),
            meeting: None,
            guest: None,
            received: None,
            detail: serde_json::json!({ "name": name }).to_string(),
        };
        let writes = vec![Write::ApiKey(write), Write::Audit(audit)];
        Ok(self.archive.commit(Commit { writes }).await? == Committed::Done)
    }
}

fn hash(secret: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    hash
}
