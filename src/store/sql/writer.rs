//! Group commit: one task writes for everybody. It takes all commits that wait, gives each a savepoint in one
//! transaction, and answers after the transaction is on disk.

use super::apply::apply;
use super::engine::{Connection, LONGEST, Pool, begin};
use super::ledger::{Accepted, store_duplicate};
use crate::domain::record::{Commit, Committed};
use crate::flow::port::{PortError, PortResult};
use tokio::sync::{mpsc, oneshot};

/// Most commits of one transaction: bounds how long the first one waits for the last.
const BATCH: usize = 512;
/// Most commits that wait; beyond, callers do.
const QUEUE: usize = 4_096;

struct Job {
    commit: Commit,
    answer: oneshot::Sender<PortResult<Committed>>,
}

enum Order {
    Write(Job),
    Stop(oneshot::Sender<()>),
}

/// The way to the writer task. It ends when the last one is dropped.
#[derive(Clone)]
pub(in super::super) struct Writer(mpsc::Sender<Order>);

impl Writer {
    /// Starts the task; `single` is the one connection that writes.
    pub(in super::super) fn start(single: Pool) -> Self {
        let (sender, orders) = mpsc::channel(QUEUE);
        tokio::spawn(run(single, orders));
        Self(sender)
    }

    /// Hands a commit over and waits until it is durable. Dropping the future does not take the commit back.
    pub(in super::super) async fn commit(&self, commit: Commit) -> PortResult<Committed> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Order::Write(Job { commit, answer })).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Waits until everything handed over before is written, and ends the task.
    pub(in super::super) async fn stop(self) {
        let (done, finished) = oneshot::channel();
        if self.0.send(Order::Stop(done)).await.is_ok() {
            // An error means that the task is gone already.
            let _ = finished.await;
        }
    }
}

fn stopped() -> PortError {
    PortError::new("write to the archive", "the writer has stopped")
}

async fn run(single: Pool, mut orders: mpsc::Receiver<Order>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while orders.recv_many(&mut waiting, BATCH).await > 0 {
        let mut jobs = Vec::with_capacity(waiting.len());
        let mut stop = None;
        for order in waiting.drain(..) {
            match order {
                Order::Write(job) => jobs.push(job),
                Order::Stop(done) => stop = Some(done),
            }
        }
        write(&single, jobs).await;
        if let Some(done) = stop {
            single.close().await;
            // Nobody waits any more when this fails.
            let _ = done.send(());
            return;
        }
    }
    single.close().await;
}

/// Writes all jobs, and answers each.
async fn write(single: &Pool, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    let (commits, answers): (Vec<Commit>, Vec<_>) = jobs.into_iter().map(|job| (job.commit, job.answer)).unzip();
    match transaction(single, &commits).await {
        Ok(outcomes) => {
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // The caller may have gone; the commit stands.
                let _ = answer.send(outcome);
            }
        }
        Err(error) => {
            tracing::error!(%error, commits = commits.len(), "nothing was written");
            for answer in answers {
                let _ = answer.send(Err(PortError::new("write to the archive", &error)));
            }
        }
    }
}

async fn transaction(single: &Pool, commits: &[Commit]) -> Result<Vec<PortResult<Committed>>, sqlx::Error> {
    let mut connection = single.acquire().await?;
    let result = match tokio::time::timeout(LONGEST, whole(&mut connection, commits)).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    };
    if result.is_err() {
        // A connection in doubt is not used again: what it did not commit is rolled back with its end, and the next one leads
        // to where the database is by then.
        connection.close_on_drop();
    }
    result
}

/// Most transactions are of commits that stand: they are written straight away. Where one does not, all is undone and written again
/// with a savepoint for each.
async fn whole(connection: &mut Connection, commits: &[Commit]) -> Result<Vec<PortResult<Committed>>, sqlx::Error> {
    begin(connection).await?;
    if all(connection, commits).await? {
        sqlx::query("COMMIT").execute(connection).await?;
        return Ok(commits.iter().map(|_| Ok(Committed::Done)).collect());
    }
    sqlx::query("ROLLBACK").execute(&mut *connection).await?;
    begin(connection).await?;
    let outcomes = each(connection, commits).await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(outcomes)
}

/// Whether every commit stands. An error that would be one commit's own is found again, and told apart, by [`each`].
async fn all(connection: &mut Connection, commits: &[Commit]) -> Result<bool, sqlx::Error> {
    let mut accepted = Accepted::default();
    for commit in commits {
        match apply(connection, commit).await {
            Ok(Committed::Done) => accepted.note(commit, Committed::Done),
            Ok(Committed::Duplicate | Committed::Conflict) | Err(_) => return Ok(false),
        }
    }
    accepted.write(connection).await.map(|()| true)
}

/// The outer error means that the transaction is lost; what is wrong with one commit is its own result.
async fn each(connection: &mut Connection, commits: &[Commit]) -> Result<Vec<PortResult<Committed>>, sqlx::Error> {
    let mut outcomes = Vec::with_capacity(commits.len());
    let mut accepted = Accepted::default();
    for commit in commits {
        sqlx::query("SAVEPOINT one").execute(&mut *connection).await?;
        let outcome = apply(connection, commit).await;
        if !matches!(outcome, Ok(Committed::Done)) {
            // Fails when the database has rolled back everything by itself (a full disk), and so ends the transaction.
            sqlx::query("ROLLBACK TO one").execute(&mut *connection).await?;
        }
        if matches!(outcome, Ok(Committed::Duplicate)) {
            store_duplicate(connection, commit).await?;
        }
        sqlx::query("RELEASE one").execute(&mut *connection).await?;
        if let Ok(outcome) = &outcome {
            accepted.note(commit, *outcome);
        }
        outcomes.push(outcome.map_err(|error| PortError::new("write to the archive", error)));
    }
    accepted.write(connection).await?;
    Ok(outcomes)
}
