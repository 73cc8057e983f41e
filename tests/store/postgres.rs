//! The PostgreSQL archive: the contract of all archives, and what is PostgreSQL's own.

use crate::{contract, support};
use contract::{commit, meeting, received};
use paravent::domain::record::{Commit, Committed, Write};
use paravent::flow::port::Archive;
use paravent::store::{PostgresArchive, PostgresSettings, SqliteArchive, StoreError};
use std::collections::BTreeSet;
use std::time::Duration;
use support::postgres::{PASSWORD, Server};

async fn open() -> Option<((), PostgresArchive)> {
    Some(((), support::postgres::archive().await?))
}

contract::suite!(open);
contract::suite!(open: nodes, duties);

/// Every table of SQLite with the same columns: what a migration adds to one engine is in the other.
#[tokio::test]
async fn the_schema_is_that_of_sqlite() {
    let Some(settings) = support::postgres::database().await else { return };
    PostgresArchive::open(&settings).await.unwrap().close().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    SqliteArchive::open(&file).await.unwrap().close().await;
    let small = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let query = "SELECT t.name, c.name, CASE c.type WHEN 'BLOB' THEN 'bytea' WHEN 'TEXT' THEN 'text C' ELSE 'bigint' END, c.\"notnull\" OR c.pk \
                 FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '%sql%'";
    let expected: Vec<(String, String, String, bool)> = sqlx::query_as(query).fetch_all(&small).await.unwrap();
    let large = sqlx::PgPool::connect(&settings.url).await.unwrap();
    let query = "SELECT table_name::text, column_name::text, concat_ws(' ', data_type, collation_name), is_nullable = 'NO' \
                 FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%sqlx%' AND column_name <> 'rowid'";
    let found: Vec<(String, String, String, bool)> = sqlx::query_as(query).fetch_all(&large).await.unwrap();
    assert!(expected.len() > 100);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected.into_iter().collect::<BTreeSet<_>>());
    for change in ["UPDATE audit SET actor = 'y'", "DELETE FROM audit", "TRUNCATE audit"] {
        assert!(sqlx::query(change).execute(&large).await.is_err(), "{change}");
    }
    large.close().await;
}

/// Two gateways on one database: each commit is whole, one of two versions wins, and both number alert events in one order.
#[tokio::test]
async fn two_processes_share_a_database() {
    let Some(settings) = support::postgres::database().await else { return };
    // Both bring the schema up to date, at the same time.
    let (one, other) = tokio::join!(PostgresArchive::open(&settings), PostgresArchive::open(&settings));
    let (one, other) = (one.unwrap(), other.unwrap());
    let stored = meeting();
    commit(&one, vec![Write::Meeting(Box::new(stored.clone()))]).await;
    let stored = other.meeting(stored.id).await.unwrap().unwrap();
    let writes = (0..100_u8).map(|number| {
        let archive = if number % 2 == 0 { &one } else { &other };
        let writes = match number {
            0..50 => vec![Write::Meeting(Box::new(stored.clone()))],
            _ => vec![Write::Received(Box::new(received(number / 2)))],
        };
        archive.commit(Commit { writes })
    });
    let results: Vec<Committed> = futures_util::future::join_all(writes).await.into_iter().map(Result::unwrap).collect();
    let count = |wanted| results.iter().filter(|result| **result == wanted).count();
    assert_eq!((count(Committed::Done), count(Committed::Duplicate), count(Committed::Conflict)), (26, 25, 49));
    assert!(one.reconcile(contract::at(0), &|_| {}).await.unwrap().is_whole());
}

/// The server falls and comes back: commits fail meanwhile, none that was confirmed is lost, and the process goes on by itself.
#[tokio::test]
async fn a_process_survives_its_server() {
    let Some(mut server) = Server::start(&[]) else { return };
    let settings = PostgresSettings { wait: Duration::from_secs(1), ..server.database().await };
    let archive = PostgresArchive::open(&settings).await.unwrap();
    let before = meeting();
    commit(&archive, vec![Write::Meeting(Box::new(before.clone()))]).await;
    assert!(archive.meeting(before.id).await.unwrap().is_some());
    for _ in 0..2 {
        server.stop();
        let lost = Commit { writes: vec![Write::Meeting(Box::new(meeting()))] };
        assert!(archive.commit(lost).await.is_err());
        assert!(archive.meeting(before.id).await.is_err());
        server.resume(&[]);
        let after = meeting();
        commit(&archive, vec![Write::Meeting(Box::new(after.clone()))]).await;
        assert!(archive.meeting(before.id).await.unwrap().is_some());
        assert!(archive.meeting(after.id).await.unwrap().is_some());
    }
    // Sessions that the server ends; and sessions that say nothing any more, as after a power cut.
    let pool = sqlx::PgPool::connect(&settings.url).await.unwrap();
    let ours = "FROM pg_stat_activity WHERE application_name = 'paravent'";
    sqlx::query(sqlx::AssertSqlSafe(format!("SELECT pg_terminate_backend(pid) {ours}"))).execute(&pool).await.unwrap();
    commit(&archive, vec![Write::Meeting(Box::new(meeting()))]).await;
    let query = sqlx::AssertSqlSafe(format!("SELECT pid {ours}"));
    let silent: Vec<i32> = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
    let signal = |name: &str| {
        let pids = silent.iter().map(i32::to_string);
        assert!(std::process::Command::new("/bin/kill").arg(name).args(pids).status().unwrap().success());
    };
    assert!(!silent.is_empty());
    signal("-STOP");
    let lost = Commit { writes: vec![Write::Meeting(Box::new(meeting()))] };
    assert!(archive.commit(lost).await.is_err());
    commit(&archive, vec![Write::Meeting(Box::new(meeting()))]).await;
    signal("-CONT");
    archive.close().await;
}

/// Whoever fell silent while it was their turn to write holds the others up for a while only.
#[tokio::test]
async fn a_turn_ends_with_its_owner() {
    let Some(settings) = support::postgres::database().await else { return };
    let archive = PostgresArchive::open(&settings).await.unwrap();
    let pool = sqlx::PgPool::connect(&settings.url).await.unwrap();
    let mut silent = pool.acquire().await.unwrap();
    sqlx::query("SET idle_in_transaction_session_timeout = '1s'").execute(&mut *silent).await.unwrap();
    sqlx::query("BEGIN").execute(&mut *silent).await.unwrap();
    let key = i64::from_be_bytes(*b"paravent");
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(&mut *silent).await.unwrap();
    let start = std::time::Instant::now();
    commit(&archive, vec![Write::Meeting(Box::new(meeting()))]).await;
    assert!(start.elapsed() > Duration::from_millis(500), "it was somebody else's turn");
    silent.close_on_drop();
}

/// Over the network: TLS proves the server, a password proves us.
#[tokio::test]
async fn tls_and_a_password() {
    let [port] = support::net::free_ports();
    let Some((_server, authority)) = Server::start_tls(port) else { return };
    let try_open = async |host: &str, more: &str, password: &str| {
        let url = format!("postgres://postgres@{host}:{port}/postgres?{more}");
        let wait = Duration::from_secs(5);
        PostgresArchive::open(&PostgresSettings { url, password: Some(password.into()), readers: 1, wait }).await
    };
    let full = format!("sslmode=verify-full&sslrootcert={}", authority.display());
    let archive = try_open("localhost", &full, PASSWORD).await.unwrap();
    commit(&archive, vec![Write::Meeting(Box::new(meeting()))]).await;
    archive.close().await;
    assert!(try_open("localhost", &full, "another").await.is_err());
    assert!(try_open("127.0.0.1", &full, PASSWORD).await.is_err(), "the certificate is for another name");
    assert!(try_open("localhost", "sslmode=verify-full", PASSWORD).await.is_err(), "nobody knows the authority");
    assert!(try_open("localhost", "sslmode=disable", PASSWORD).await.is_err(), "the server takes no plain connection");
}

#[tokio::test]
async fn what_cannot_be_opened_is_named_without_its_password() {
    let Some(settings) = support::postgres::database().await else { return };
    let try_open = async |url: String, password: Option<&str>| {
        let settings = PostgresSettings { url, password: password.map(Into::into), wait: Duration::from_millis(300), ..settings.clone() };
        let error = PostgresArchive::open(&settings).await.err().unwrap();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error} {error:?}");
        error
    };
    let elsewhere = try_open("postgres://paravent:hush@127.0.0.1:1/archive".into(), Some("hush")).await;
    assert!(
        matches!(elsewhere, StoreError::Open { .. }) && elsewhere.to_string().contains("database archive at 127.0.0.1 port 1"),
        "{elsewhere}"
    );
    assert!(elsewhere.to_string().contains("refused"), "{elsewhere}");
    try_open("postgres://paravent:hush@[::1/archive".into(), None).await;
    try_open(settings.url.replace("/paravent_", "/nothing_"), None).await;
    PostgresArchive::open(&settings).await.unwrap().close().await;
    let pool = sqlx::PgPool::connect(&settings.url).await.unwrap();
    let row = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'x', TRUE, '\\x00', 0)";
    sqlx::query(row).execute(&pool).await.unwrap();
    assert!(matches!(try_open(settings.url.clone(), None).await, StoreError::Schema { .. }));
    pool.close().await;
}

#[tokio::test]
#[ignore = "prints a rate, asserts none"]
async fn postgres_commit_rate() {
    let Some(server) = Server::start(&[]) else { return };
    let archive = PostgresArchive::open(&server.database().await).await.unwrap();
    let start = std::time::Instant::now();
    let callers = (0..256).map(|_| {
        let archive = archive.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                commit(&archive, vec![Write::Meeting(Box::new(meeting()))]).await;
            }
        })
    });
    futures_util::future::join_all(callers).await;
    println!("{:.0} durable commits/s", 256.0 * 40.0 / start.elapsed().as_secs_f64());
}
