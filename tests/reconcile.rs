//! `paravent reconcile`: everything that was accepted is in one terminal state, and every row that is not is named.

use crate::support;

use chrono::Utc;
use paravent::domain::delivery::OutboxPurpose::Invitation;
use paravent::domain::reconciliation::Reconciliation;
use paravent::domain::record::HoldState;
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Lmtp, Mx, Submission};
use paravent::flow::port::{Archive, World};
use paravent::store::SqliteArchive;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use std::collections::BTreeMap;
use std::path::Path;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, of_purpose, reply, words};

async fn open(file: &Path) -> SqlitePool {
    SqlitePool::connect_with(SqliteConnectOptions::new().filename(file).create_if_missing(true)).await.unwrap()
}

async fn balance(house: &House) -> Reconciliation {
    house.archive.reconcile(house.clock.now(), &|_| {}).await.unwrap()
}

/// A house in which something of everything happened: ten deliveries were accepted.
async fn lived_in() -> House {
    let house = House::build().await;
    let order = |sequence| calendar_mail("REQUEST", sequence, 13, &[JEAN, LEA]);
    let both = [JEAN, LEA];
    assert!(house.give(Submission, ORGANIZER, &both, &order(0)).await.iter().all(|answer| answer.starts_with("250")));
    // The same again; and one that shows its organizer.
    house.give(Submission, ORGANIZER, &both, &order(0)).await;
    house.accept(Submission, ORGANIZER, JEAN, &order(1).replace("SUMMARY:Bilan", "SUMMARY:Claire Bernard")).await;
    house.sent().await;
    let guest = house.guest(JEAN).await;
    let alias = house.address(Purpose::OrganizerAlias, guest.id);
    let answer = reply(JEAN, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED");
    house.accept(Mx, JEAN, &alias, &answer).await;
    house.accept(Lmtp, JEAN, &alias, &answer).await;
    house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "w1@hopital.example", "Bonjour")).await;
    for number in 0..3 {
        let stranger = words("x@elsewhere.example", &alias, &format!("s{number}@elsewhere.example"), "Puis-je venir ?");
        house.accept(Mx, "x@elsewhere.example", &alias, &stranger).await;
    }
    let held = house.archive.received(Some(HoldState::Waiting), 10).await.unwrap();
    house.gateway.release(held[0].id).await.unwrap();
    house.gateway.drop_held(held[1].id, "operator").await.unwrap();
    house.accept(Mx, "", &house.address(Purpose::OrganizerAlias, guest.id), &words(LEA, &alias, "n@x.example", "Auto")).await;
    // As the worker leaves it: what the house hands out changes no track.
    sqlx::query("UPDATE guests SET delivery = 'sent'").execute(&open(&house.file()).await).await.unwrap();
    house
}

#[tokio::test]
async fn a_whole_archive_adds_up() {
    let house = lived_in().await;
    let found = balance(&house).await;
    assert!(found.is_whole(), "{found:#?}");
    assert_eq!((found.accepted, found.states["duplicate"]), (10, 2), "{found:#?}");
    assert_eq!((found.holds.released, found.holds.dropped), (1, 1));
    assert_eq!(found.outbox.failed, 0);
    assert!(found.outbox.sent > 3 && found.outbox.due > 0, "{:?}", found.outbox);
}

#[tokio::test]
async fn every_row_that_is_not_accounted_for_is_named() {
    // What is done to the archive, and the table and words by which it is told. Rows are looked up before.
    let cases: &[(&str, &str, &str)] = &[
        ("UPDATE received SET disposition = 'pending' WHERE class = 'itip-reply'", "received", "no terminal state"),
        ("UPDATE received SET hold = NULL WHERE hold = 'waiting'", "received", "without a hold state"),
        ("UPDATE received SET hold = 'waiting' WHERE class = 'itip-reply'", "received", "without being held"),
        ("UPDATE received SET hold = 'forgotten' WHERE hold = 'waiting'", "received", "hold state"),
        ("DELETE FROM received_raw WHERE id = (SELECT id FROM received WHERE class = 'itip-reply')", "received", "lost its bytes"),
        (
            "UPDATE received_raw SET raw = x'00' WHERE id = (SELECT id FROM received WHERE class = 'itip-reply')",
            "received",
            "lost its bytes",
        ),
        ("UPDATE received SET guest = x'00' WHERE class = 'itip-reply'", "received", "not there"),
        ("UPDATE duplicates SET dedupe = x'00' WHERE number = 1", "duplicates", "repeats a message"),
        ("DELETE FROM duplicates WHERE number = 1", "accepted", "another number"),
        ("DELETE FROM received_raw; DELETE FROM received WHERE class = 'itip-reply'", "accepted", "another number"),
        ("UPDATE accepted SET messages = messages + 1", "accepted", "another number"),
        ("DELETE FROM accepted", "accepted", "nothing was accepted"),
        ("UPDATE outbox SET state = 'lost' WHERE purpose = 'invitation'", "outbox", "neither due nor sent"),
        ("UPDATE outbox SET settled_at = NULL WHERE purpose = 'invitation'", "outbox", "settled"),
        ("UPDATE outbox SET expires_at = 1 WHERE state = 'due'", "outbox", "waits long after"),
        ("UPDATE outbox SET guest = x'00' WHERE purpose = 'invitation'", "outbox", "not there"),
        ("UPDATE guests SET delivery = 'queued'", "guests", "nobody will send"),
        ("UPDATE guests SET meeting = x'00'", "guests", "no meeting"),
    ];
    for (tampered, table, what) in cases {
        let house = lived_in().await;
        assert!(balance(&house).await.is_whole());
        let mut connection = open(&house.file()).await.acquire().await.unwrap();
        sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut *connection).await.unwrap();
        sqlx::raw_sql(*tampered).execute(&mut *connection).await.unwrap();
        let found = balance(&house).await;
        assert!(!found.is_whole(), "{tampered}");
        let named = found.faults.iter().find(|fault| fault.table == *table && fault.what.contains(what));
        assert!(named.is_some_and(|fault| !fault.row.is_empty()), "{tampered}: {:#?}", found.faults);
    }
}

#[tokio::test]
async fn an_archive_from_before_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let (old, file) = (folder.path().join("migrations"), folder.path().join("archive.sqlite"));
    std::fs::create_dir(&old).unwrap();
    let first = "migrations/sqlite/0001_archive.sql";
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(first), old.join("0001_archive.sql")).unwrap();
    let pool = open(&file).await;
    sqlx::migrate::Migrator::new(old.as_path()).await.unwrap().run(&pool).await.unwrap();
    let rows = "INSERT INTO received VALUES (x'01', x'02', 86400000001, NULL, '[]', 'human', 'relayed', '[]', NULL, NULL, NULL, 1);
        INSERT INTO received_raw VALUES (x'01', x'00');
        INSERT INTO audit (at, actor, action, detail) VALUES (86400000002, 'x', 'mail.settled', '{\"disposition\":\"duplicate\"}');
        INSERT INTO audit (at, actor, action, received, detail) VALUES (86400000002, 'x', 'mail.settled', x'01', '{\"disposition\":\"relayed\"}');
        INSERT INTO audit (at, actor, action, detail) VALUES (172800000001, 'x', 'mail.settled', '{\"disposition\":\"duplicate\"}');";
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();
    pool.close().await;
    let archive = SqliteArchive::open(&file).await.unwrap();
    let found = archive.reconcile(Utc::now(), &|_| {}).await.unwrap();
    assert!(found.is_whole(), "{found:#?}");
    assert_eq!((found.accepted, &found.states), (3, &BTreeMap::from([("duplicate".to_owned(), 2), ("relayed".to_owned(), 1)])));
}

#[tokio::test]
async fn what_is_written_meanwhile_is_not_in_the_balance() {
    let house = lived_in().await;
    let alias = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    let writes = async {
        for number in 0..40 {
            house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, &format!("c{number}@hopital.example"), &format!("n{number}"))).await;
        }
    };
    let reads = async {
        for _ in 0..40 {
            let found = balance(&house).await;
            assert!(found.is_whole(), "{found:#?}");
        }
    };
    futures_util::future::join(writes, reads).await;
    assert_eq!(balance(&house).await.accepted, 50);
    assert_eq!(of_purpose(&house.sent().await, Invitation).len(), 0);
}

/// `cargo test --release --test all reconcile::a_million -- --ignored --nocapture`: prints how long it takes.
#[tokio::test]
#[ignore = "writes a store of a million rows, prints times, asserts none"]
async fn a_million_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.sqlite");
    SqliteArchive::open(&file).await.unwrap().close().await;
    let pool = open(&file).await;
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
        INSERT INTO received SELECT randomblob(16), randomblob(32), 1800000000000000 + i * 1000000, NULL, '[]', 'human', 'relayed',
            '[\"a person''s words go to the organizer\"]', NULL, NULL, NULL, 2048 FROM n;
        INSERT INTO received_raw SELECT id, randomblob(2048) FROM received;
        INSERT INTO outbox SELECT randomblob(16), 'organizer', NULL, NULL, NULL, 'a@b.example', '<1@b.example>', randomblob(2048), 1, 1,
            'sent', 1, 0, '250', 1 FROM received LIMIT 500000;
        INSERT INTO accepted SELECT received_at / 86400000000, count(*) FROM received GROUP BY 1;";
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();
    pool.close().await;
    let archive = SqliteArchive::open(&file).await.unwrap();
    let started = std::time::Instant::now();
    let found = archive.reconcile(Utc::now(), &|_| {}).await.unwrap();
    assert!(found.is_whole(), "{:#?}", found.faults.first());
    println!("{} messages, {} mails: {:.1} s, {} MB", found.accepted, found.outbox.sent, started.elapsed().as_secs_f64(), size(&file));
}

fn size(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().len() / 1_000_000
}
