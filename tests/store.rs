//! The SQLite archive: the contract of all archives, and what is SQLite's own.

use crate::contract;

use contract::{commit, meeting, received};
use paravent::domain::record::{Commit, Committed, Write};
use paravent::flow::port::Archive;
use paravent::store::{SqliteArchive, StoreError};
use std::sync::Arc;

mod copy;
mod postgres;
mod served;

async fn open() -> Option<(tempfile::TempDir, SqliteArchive)> {
    let folder = tempfile::tempdir().unwrap();
    let archive = SqliteArchive::open(&folder.path().join("a.db")).await.unwrap();
    Some((folder, archive))
}

contract::suite!(open);

#[tokio::test]
async fn what_was_answered_is_in_a_copy_taken_without_closing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let archive = SqliteArchive::open(&path).await.unwrap();
    let stored = meeting();
    assert_eq!(commit(&archive, vec![Write::Meeting(Box::new(stored.clone()))]).await, Committed::Done);
    for suffix in ["", "-wal"] {
        std::fs::copy(format!("{}{suffix}", path.display()), folder.path().join(format!("b.db{suffix}"))).unwrap();
    }
    let copy = SqliteArchive::open(&folder.path().join("b.db")).await.unwrap();
    assert!(copy.meeting(stored.id).await.unwrap().is_some());
    let second = SqliteArchive::open(&path).await.unwrap();
    assert_eq!(commit(&second, vec![Write::Meeting(Box::new(meeting()))]).await, Committed::Done, "another program writes");
}

#[tokio::test]
async fn closing_writes_what_waits_and_then_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let archive = SqliteArchive::open(&path).await.unwrap();
    let one = received(1);
    let waiting = archive.clone();
    let mut sent = Box::pin(async move { waiting.commit(Commit { writes: vec![Write::Received(Box::new(received(1)))] }).await });
    // One poll hands the commit over; then its caller goes away.
    assert!(futures_util::poll!(&mut sent).is_pending());
    drop(sent);
    let other = archive.clone();
    archive.close().await;
    assert!(other.commit(Commit::default()).await.is_err());
    let again = SqliteArchive::open(&path).await.unwrap();
    assert!(again.seen(&one.dedupe).await.unwrap());
}

#[tokio::test]
async fn files_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "no database at all, ".repeat(100)).unwrap();
    assert!(matches!(SqliteArchive::open(&text).await, Err(StoreError::Open { .. })));
    let future = folder.path().join("future.db");
    SqliteArchive::open(&future).await.unwrap().close().await;
    let url = format!("sqlite://{}", future.display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let row = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'x', 1, x'00', 0)";
    sqlx::query(row).execute(&pool).await.unwrap();
    sqlx::query("INSERT INTO audit (at, actor, action, detail) VALUES (0, 'x', 'x', '{}')").execute(&pool).await.unwrap();
    assert!(sqlx::query("UPDATE audit SET actor = 'y'").execute(&pool).await.is_err());
    assert!(sqlx::query("DELETE FROM audit").execute(&pool).await.is_err());
    pool.close().await;
    assert!(matches!(SqliteArchive::open(&future).await, Err(StoreError::Schema { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_archive_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let archive = SqliteArchive::open(&folder.path().join("a.db")).await.unwrap();
    commit(&archive, vec![Write::Meeting(Box::new(meeting()))]).await;
    for file in std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.display());
    }
}

#[tokio::test]
#[ignore = "prints a rate, asserts none"]
async fn store_commit_rate() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Arc::new(SqliteArchive::open(&folder.path().join("a.db")).await.unwrap());
    let start = std::time::Instant::now();
    let callers = (0..256).map(|_| {
        let archive = Arc::clone(&archive);
        tokio::spawn(async move {
            for _ in 0..40 {
                commit(&*archive, vec![Write::Meeting(Box::new(meeting()))]).await;
            }
        })
    });
    futures_util::future::join_all(callers).await;
    println!("{:.0} durable commits/s", 256.0 * 40.0 / start.elapsed().as_secs_f64());
}
