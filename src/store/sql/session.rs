//! Sign-ins under way, sessions, and who is which organizer.

use super::apply::{changed, done};
use super::engine::{Connection, Engine};
use crate::domain::id::OrganizerId;
use crate::domain::person::{BrowserKey, Identity, Session, SessionWrite};
use crate::domain::record::Committed;
use crate::flow::port::PortResult;
use crate::flow::session_port::Sessions;
use crate::store::codec::{from_json, id, json, micros, time, uuid};
use crate::store::unread;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;

/// What happens to sessions.
pub(super) async fn store_session(connection: &mut Connection, write: &SessionWrite) -> Result<Committed, sqlx::Error> {
    match write {
        SessionWrite::Taken { key, until, at } => {
            forget(connection, "DELETE FROM sign_ins WHERE until < $1", *at).await?;
            // `facts` is of the time when sign-ins under way were kept here.
            let query = sqlx::query("INSERT INTO sign_ins (key, facts, until) VALUES ($1, '{}', $2)");
            changed(connection, query.bind(octets(*key)).bind(micros(*until))).await
        }
        SessionWrite::Bound { identity, organizer, at } => {
            let query = sqlx::query("INSERT INTO identities (issuer, subject, organizer, at) VALUES ($1, $2, $3, $4)");
            let query = query.bind(identity.issuer.as_str()).bind(identity.subject.as_str());
            changed(connection, query.bind(id(organizer.0)).bind(micros(*at))).await
        }
        SessionWrite::Unbound(organizer) => {
            let theirs = "DELETE FROM sessions WHERE EXISTS (SELECT 1 FROM identities WHERE organizer = $1 \
                          AND identities.issuer = sessions.issuer AND identities.subject = sessions.subject)";
            sqlx::query(theirs).bind(id(organizer.0)).execute(&mut *connection).await?;
            changed(connection, sqlx::query("DELETE FROM identities WHERE organizer = $1").bind(id(organizer.0))).await
        }
        SessionWrite::Opened { key, session, at } => {
            forget(connection, "DELETE FROM sessions WHERE until < $1", *at).await?;
            let query =
                sqlx::query("INSERT INTO sessions (key, issuer, subject, sid, facts, seen_at, until) VALUES ($1, $2, $3, $4, $5, $6, $7)");
            let query = query.bind(octets(*key)).bind(session.identity.issuer.as_str()).bind(session.identity.subject.as_str());
            let query = query.bind(session.sid.as_deref()).bind(json(session)?);
            done(connection, query.bind(micros(*at)).bind(micros(session.until))).await
        }
        SessionWrite::Seen { key, at } => {
            let query = sqlx::query("UPDATE sessions SET seen_at = $2 WHERE key = $1 AND seen_at < $2");
            done(connection, query.bind(octets(*key)).bind(micros(*at))).await
        }
        SessionWrite::Ended(key) => done(connection, sqlx::query("DELETE FROM sessions WHERE key = $1").bind(octets(*key))).await,
        SessionWrite::EndedAll { issuer, subject, sid } => {
            let query = sqlx::query(
                "DELETE FROM sessions WHERE issuer = $1 AND ($2 IS NULL OR subject = $2) AND ($3 IS NULL OR sid = $3 OR ($2 IS NOT NULL AND sid IS NULL)) \
                 AND ($2 IS NOT NULL OR $3 IS NOT NULL)",
            );
            done(connection, query.bind(issuer.as_str()).bind(subject.as_deref()).bind(sid.as_deref())).await
        }
        SessionWrite::LogoutToken { jti, until, at } => {
            forget(connection, "DELETE FROM logout_tokens WHERE until < $1", *at).await?;
            let query = sqlx::query("INSERT INTO logout_tokens (jti, until) VALUES ($1, $2)");
            changed(connection, query.bind(jti.as_str()).bind(micros(*until))).await
        }
    }
}

async fn forget(connection: &mut Connection, statement: &'static str, before: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(statement).bind(micros(before)).execute(&mut *connection).await.map(drop)
}

fn octets(key: BrowserKey) -> Vec<u8> {
    key.0.to_vec()
}

#[async_trait]
impl Sessions for Engine {
    async fn session(&self, key: BrowserKey, now: DateTime<Utc>) -> PortResult<Option<(Session, DateTime<Utc>)>> {
        let query = sqlx::query("SELECT facts, seen_at FROM sessions WHERE key = $1 AND until > $2").bind(octets(key)).bind(micros(now));
        let row = query.fetch_optional(&self.readers).await.map_err(unread)?;
        row.map(|row| Ok((from_json(row.try_get("facts")?)?, time(row.try_get("seen_at")?))))
            .transpose()
            .map_err(|error: sqlx::Error| unread(error))
    }

    async fn bound(&self, identity: &Identity) -> PortResult<Option<OrganizerId>> {
        let query = sqlx::query("SELECT organizer FROM identities WHERE issuer = $1 AND subject = $2");
        let row =
            query.bind(identity.issuer.as_str()).bind(identity.subject.as_str()).fetch_optional(&self.readers).await.map_err(unread)?;
        row.map(|row| uuid(row.try_get("organizer")?).map(OrganizerId)).transpose().map_err(unread)
    }

    async fn is_taken(&self, organizer: OrganizerId, issuer: &str) -> PortResult<bool> {
        let query = sqlx::query("SELECT 1 FROM identities WHERE issuer = $1 AND organizer = $2").bind(issuer).bind(id(organizer.0));
        Ok(query.fetch_optional(&self.readers).await.map_err(unread)?.is_some())
    }
}
