//! Connections that read, kept at hand. The pool they come from asks each whether it lives before and after every statement, which
//! costs more than most statements do; here one that failed, or was left in the middle, goes back to the pool, and is asked there.

use super::engine::{Connection, Db, DbRow, Pool};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::{Database, Describe, Either, Error, Execute, Executor, SqlStr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// The readers of an archive. Clones share them.
#[derive(Clone, Debug)]
pub(in crate::store) struct Readers(Arc<Room>);

#[derive(Debug)]
struct Room {
    pool: Pool,
    /// As many as may read at once: whoever has a place finds a connection, here or in the pool.
    places: Semaphore,
    idle: Mutex<Vec<PoolConnection<Db>>>,
}

impl Readers {
    /// So many at once from a pool that has at least one connection more, for [`Self::apart`].
    pub(in crate::store) fn new(pool: Pool, at_once: u32) -> Self {
        Self(Arc::new(Room { pool, places: Semaphore::new(at_once.max(1) as usize), idle: Mutex::default() }))
    }

    /// A connection for a longer task of its own.
    pub(super) async fn apart(&self) -> Result<PoolConnection<Db>, Error> {
        self.0.pool.acquire().await
    }

    /// Ends them all.
    pub(in crate::store) async fn close(self) {
        self.forget();
        self.0.pool.close().await;
    }

    fn forget(&self) {
        let idle = std::mem::take(&mut *self.0.idle.lock().unwrap_or_else(PoisonError::into_inner));
        drop(idle);
    }

    async fn take(&self) -> Result<(SemaphorePermit<'_>, PoolConnection<Db>), Error> {
        let patience = self.0.pool.options().get_acquire_timeout();
        let place = timeout(patience, self.0.places.acquire()).await.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let kept = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.0.pool.acquire().await?,
        };
        Ok((place, connection))
    }

    /// Lends a connection. After an error no other that lay here is trusted either: the server may be gone.
    async fn lend<T>(self, ask: impl AsyncFnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        let (_place, mut connection) = self.take().await?;
        let answer = ask(&mut connection).await;
        if answer.is_ok() {
            self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        } else {
            self.forget();
        }
        answer
    }
}

type Piece = Result<Either<<Db as Database>::QueryResult, DbRow>, Error>;

impl<'p> Executor<'p> for &'_ Readers {
    type Database = Db;

    /// All rows at once: nobody holds a connection while they look at one.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Piece>
    where
        E: 'q + Execute<'q, Self::Database>,
    {
        let rows = self.clone().lend(async move |connection| connection.fetch_many(query).try_collect::<Vec<_>>().await);
        rows.map_ok(|rows| stream::iter(rows.into_iter().map(Ok))).try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DbRow>, Error>>
    where
        E: 'q + Execute<'q, Self::Database>,
    {
        self.clone().lend(async move |connection| connection.fetch_optional(query).await).boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<Db as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<Db as Database>::Statement, Error>>
    where
        'p: 'e,
    {
        self.clone().lend(async move |connection| connection.prepare_with(sql, parameters).await).boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Db>, Error>> {
        self.clone().lend(async move |connection| connection.describe(sql).await).boxed()
    }
}
