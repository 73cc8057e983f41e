//! `paravent store copy`: a SQLite file becomes a PostgreSQL database, whole or not at all.

use crate::{contract, support};
use contract::{commit, guest, meeting, received};
use paravent::domain::record::{Committed, Write};
use paravent::domain::suppression::{Suppression, SuppressionCause};
use paravent::flow::port::Archive;
use paravent::store::{CopyError, PostgresArchive, SqliteArchive, copy};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;

/// A file in which the contract's stories happened, and one guest more.
async fn lived_in(file: &Path) -> (paravent::domain::meeting::Meeting, paravent::domain::meeting::Guest) {
    let archive = SqliteArchive::open(file).await.unwrap();
    contract::rooms(&archive).await;
    contract::threads_and_audit(&archive).await;
    contract::alert_events(&archive).await;
    contract::suppressions(&archive).await;
    contract::sessions(&archive).await;
    contract::received_messages(&archive).await;
    let meeting = meeting();
    let guest = guest(&meeting, "last");
    let suppression = Suppression {
        address: guest.mailbox.mailbox.clone(),
        meeting: None,
        cause: SuppressionCause::Operator,
        since: contract::at(1),
        received: None,
        note: "é".into(),
    };
    commit(&archive, vec![Write::Meeting(Box::new(meeting.clone())), Write::Guest(Box::new(guest.clone()))]).await;
    commit(&archive, vec![Write::Suppress(Box::new(suppression))]).await;
    archive.close().await;
    (meeting, guest)
}

#[tokio::test]
async fn everything_arrives() {
    let Some(settings) = support::postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let (meeting, first) = lived_in(&file).await;
    let steps = Mutex::new(Vec::new());
    let copied = copy(&file, &settings, &|step| steps.lock().unwrap().push((step.table.to_owned(), step.done, step.total))).await.unwrap();
    let rows = |table: &str| copied.iter().find(|(name, _)| name == table).unwrap().1;
    assert!(rows("threads") == 205 && rows("received") == 2 && rows("received_raw") == 2 && rows("alert_events") == 0, "{copied:?}");
    assert!(steps.lock().unwrap().contains(&("threads".to_owned(), 205, 205)));

    let (old, new) = (SqliteArchive::open(&file).await.unwrap(), PostgresArchive::open(&settings).await.unwrap());
    assert_eq!(new.guest(first.id).await.unwrap(), old.guest(first.id).await.unwrap());
    assert_eq!(new.received(None, 9).await.unwrap(), old.received(None, 9).await.unwrap());
    for mail in old.received(None, 9).await.unwrap() {
        assert_eq!(new.received_one(mail.id).await.unwrap(), old.received_one(mail.id).await.unwrap());
    }
    assert_eq!(new.suppressions(99).await.unwrap().len(), 1);
    assert_eq!(new.suppressions(99).await.unwrap(), old.suppressions(99).await.unwrap());
    assert_eq!(new.alerts(None, 99).await.unwrap(), old.alerts(None, 99).await.unwrap());
    assert_eq!(new.newest_alert_event().await.unwrap(), old.newest_alert_event().await.unwrap(), "numbers go on");
    let balance = new.reconcile(contract::at(0), &|_| {}).await.unwrap();
    assert_eq!(balance, old.reconcile(contract::at(0), &|_| {}).await.unwrap());
    let second = guest(&meeting, "next");
    assert_eq!(commit(&new, vec![Write::Guest(Box::new(second.clone()))]).await, Committed::Done);
    let guests: Vec<_> = new.guests(meeting.id).await.unwrap().iter().map(|guest| guest.id).collect();
    assert_eq!(guests, [first.id, second.id]);
    assert_eq!(commit(&new, vec![Write::Received(Box::new(received(1)))]).await, Committed::Duplicate, "seen before it moved");

    let again = copy(&file, &settings, &|_| {}).await;
    assert!(matches!(again, Err(CopyError::NotEmpty(_))), "{again:?}");
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_not_copied() {
    let Some(settings) = support::postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let (stored, _) = lived_in(&file).await;
    let once = Mutex::new(Some(file.clone()));
    // A gateway that nobody has stopped.
    let write = |_: paravent::store::Copied<'_>| {
        let Some(file) = once.lock().unwrap().take() else { return };
        let writes = vec![Write::Meeting(Box::new(meeting()))];
        let gateway = async move { commit(&SqliteArchive::open(&file).await.unwrap(), writes).await };
        std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(gateway)).join().unwrap();
    };
    let copied = copy(&file, &settings, &write).await;
    assert!(matches!(copied, Err(CopyError::Changed)), "{copied:?}");
    assert!(PostgresArchive::open(&settings).await.unwrap().meeting(stored.id).await.unwrap().is_none(), "nothing is copied");
    copy(&file, &settings, &|_| {}).await.unwrap();
    let missing = copy(&folder.path().join("b.db"), &settings, &|_| {}).await;
    assert!(matches!(missing, Err(CopyError::Missing(_))) && !folder.path().join("b.db").exists());
}

/// The command, and the other commands on what it made.
#[tokio::test]
async fn the_commands_do_it() {
    let Some(settings) = support::postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let paravent = |arguments: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paravent"));
        command.env("PARAVENT_CONFIG", folder.path().join("paravent.toml")).args(arguments).output().unwrap()
    };
    assert!(paravent(&["init", "--domain", "visio.example", "--folder", root]).status.success());
    let config = folder.path().join("paravent.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("/var/lib/paravent", root);
    std::fs::write(&config, &text).unwrap();
    let file = folder.path().join("paravent.sqlite");
    let (meeting, _) = lived_in(&file).await;
    let copied = paravent(&["--json", "store", "copy", "--to", &settings.url]);
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&copied.stdout).unwrap();
    assert_eq!(rows["rows"]["threads"], 205);
    let again = paravent(&["store", "copy", "--to", &settings.url]);
    assert!(again.status.code() == Some(1) && String::from_utf8_lossy(&again.stderr).contains("not empty"));
    std::fs::write(folder.path().join("password"), "any\n").unwrap();
    let url = format!("url = \"{}\"\npassword_file = \"{root}/password\"\n[keys]", settings.url);
    std::fs::write(&config, text.replace("[keys]", &url)).unwrap();
    std::fs::remove_file(&file).unwrap();
    let shown = paravent(&["--json", "meeting", "show", &meeting.id.to_string()]);
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let balance = paravent(&["--json", "reconcile"]);
    assert_eq!(balance.status.code(), Some(0), "{}", String::from_utf8_lossy(&balance.stdout));
    assert!(String::from_utf8_lossy(&paravent(&["--json", "check"]).stdout).contains("PostgreSQL; mails to send"));
    assert!(!file.exists(), "the file is not used any more");
}
