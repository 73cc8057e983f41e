//! Keys of programs.

use super::apply::changed;
use super::engine::{Connection, DbRow, Engine};
use crate::domain::api_key::{ApiKey, ApiKeyWrite};
use crate::domain::record::Committed;
use crate::flow::api_key::ApiKeys;
use crate::flow::port::PortResult;
use crate::store::codec::{decode, from_json, json, micros, time};
use crate::store::unread;
use async_trait::async_trait;
use sqlx::Row;

/// A key comes or goes.
pub(super) async fn store_api_key(connection: &mut Connection, write: &ApiKeyWrite) -> Result<Committed, sqlx::Error> {
    match write {
        ApiKeyWrite::Created(key) => {
            let query = sqlx::query("INSERT INTO api_keys (name, hash, scopes, created_at) VALUES ($1, $2, $3, $4)");
            let query = query.bind(key.name.as_str()).bind(key.hash.to_vec()).bind(json(&key.scopes)?);
            changed(connection, query.bind(micros(key.created_at))).await
        }
        ApiKeyWrite::Revoked(name) => changed(connection, sqlx::query("DELETE FROM api_keys WHERE name = $1").bind(name.as_str())).await,
    }
}

#[async_trait]
impl ApiKeys for Engine {
    async fn api_key(&self, hash: &[u8; 32]) -> PortResult<Option<ApiKey>> {
        let query = sqlx::query("SELECT * FROM api_keys WHERE hash = $1").bind(hash.to_vec());
        let row = query.fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(key_of).transpose().map_err(unread)
    }

    async fn api_keys(&self) -> PortResult<Vec<ApiKey>> {
        let rows = sqlx::query("SELECT * FROM api_keys ORDER BY name").fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(key_of).collect::<Result<_, _>>().map_err(unread)
    }
}

fn key_of(row: &DbRow) -> Result<ApiKey, sqlx::Error> {
    let hash: Vec<u8> = row.try_get("hash")?;
    Ok(ApiKey {
        name: row.try_get("name")?,
        hash: hash.try_into().map_err(|_| decode("no hash"))?,
        scopes: from_json(row.try_get("scopes")?)?,
        created_at: time(row.try_get("created_at")?),
    })
}
