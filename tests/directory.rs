//! The directory of CSV files: what is wrong is said with file, line and column; changes are seen; edits keep the rest.

use paravent::directory::{CsvDirectory, GROUPS_HEAD, NewOrganizer, ORGANIZERS_HEAD, add, deactivate, hash_password};
use paravent::domain::address::Mailbox;
use paravent::flow::port::Directory;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const GROUP: &str = "medical,Service médical,anonymous,fr,Europe/Paris,true";
const CLAIRE: &str =
    ",claire.bernard@agence.example,c.bernard@agence.example|claire@agence.example,Claire Bernard,,,fr,medical,CB|0600000000,true";

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

/// A folder with these rows below the usual heads.
fn folder(organizers: &str, groups: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("organizers.csv"), format!("{ORGANIZERS_HEAD}\n{organizers}\n")).unwrap();
    fs::write(folder.path().join("groups.csv"), format!("{GROUPS_HEAD}\n{groups}\n")).unwrap();
    folder
}

/// Looks at its files before each answer.
fn open(folder: &Path) -> CsvDirectory {
    CsvDirectory::open_fresh(folder, Duration::ZERO).unwrap()
}

fn error(folder: &TempDir) -> String {
    let error = CsvDirectory::open(folder.path()).err().expect("an error").to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[tokio::test]
async fn organizers_are_found_by_each_of_their_addresses() {
    let folder = folder(CLAIRE, GROUP);
    let directory = open(folder.path());
    let claire = directory.by_mailbox(&mailbox("Claire.Bernard@AGENCE.example")).await.unwrap().unwrap();
    assert_eq!((claire.name.as_str(), claire.active, claire.group.label.as_str()), ("Claire Bernard", true, "Service médical"));
    assert_eq!(claire.secrets, ["CB", "0600000000"]);
    for alias in ["c.bernard@agence.example", "claire@agence.example"] {
        assert_eq!(directory.by_mailbox(&mailbox(alias)).await.unwrap().unwrap().id, claire.id);
    }
    assert_eq!(directory.by_id(claire.id).await.unwrap(), Some(claire.clone()));
    assert_eq!(directory.all().await.unwrap(), std::slice::from_ref(&claire));
    assert_eq!(directory.by_mailbox(&mailbox("x@agence.example")).await.unwrap(), None);
    assert_eq!(open(folder.path()).all().await.unwrap(), [claire], "the id made from the address stays the same");
}

#[test]
fn what_is_wrong_is_said_with_file_line_and_column() {
    let cases = [
        (",nonsense,,N,,,fr,medical,,true", "organizers.csv, line 2: column mail: "),
        (",a@b.example,nonsense,N,,,fr,medical,,true", "organizers.csv, line 2: column aliases: `nonsense`: "),
        (",a@b.example,,N,,,no language,medical,,true", "organizers.csv, line 2: column language: "),
        (",a@b.example,,N,,,fr,sales,,true", "organizers.csv, line 2: column group: there is no group `sales`; known are medical"),
        (",a@b.example,,N,,,fr,medical,,maybe", "organizers.csv, line 2: column active: "),
        ("nonsense,a@b.example,,N,,,fr,medical,,true", "organizers.csv, line 2: column id: "),
        (",a@b.example,,N,,,fr,medical,,true,more", "organizers.csv, line 2: "),
        (",a@b.example,,N,,,fr,medical", "organizers.csv, line 2: "),
        ("# a note\n\n,a@b.example,,N,,,fr,sales,,true", "organizers.csv, line 4: column group: "),
        (",a@b.example,,\"N\nM\",,,fr,medical,,true\n,c@d.example,,N,,,fr,sales,,true", "organizers.csv, line 4: column group: "),
        (
            ",a@b.example,,N,,,fr,medical,,true\n,A@B.example,,N,,,fr,medical,,true",
            "organizers.csv, line 3: `a@b.example` stands on line 2 already",
        ),
        (
            ",a@b.example,c@d.example,N,,,fr,medical,,true\n,c@d.example,,N,,,fr,medical,,true",
            "organizers.csv, line 3: `c@d.example` stands on line 2",
        ),
        (
            ",a@b.example,,N,al,,fr,medical,,true\n,c@d.example,,N,al,,fr,medical,,true",
            "organizers.csv, line 3: `login al` stands on line 2",
        ),
    ];
    for (rows, expected) in cases {
        let said = error(&folder(rows, GROUP));
        assert!(said.starts_with(expected), "{rows:?}\n  said {said}\n  not  {expected}");
        assert!(said.len() > expected.len() || !expected.ends_with(' '), "{said}");
    }
    let cases = [
        ("medical,L,secret,fr,Europe/Paris,true", "groups.csv, line 2: column anonymity: "),
        ("medical,L,named,fr,Europe/Lutetia,true", "groups.csv, line 2: column time_zone: "),
        ("medical,L,named,fr,Europe/Paris,perhaps", "groups.csv, line 2: column allow_counter: "),
        ("a,L,named,fr,Europe/Paris,true\na,L,named,fr,Europe/Paris,true", "groups.csv, line 3: the group `a` is there twice"),
    ];
    for (rows, expected) in cases {
        let said = error(&folder("", rows));
        assert!(said.starts_with(expected), "{rows:?}\n  said {said}\n  not  {expected}");
    }
}

#[test]
fn heads_and_whole_files_may_be_wrong_too() {
    let folder = folder(CLAIRE, GROUP);
    let file = folder.path().join("organizers.csv");
    fs::write(&file, format!("{}\n{CLAIRE}\n", ORGANIZERS_HEAD.replace("group", "team"))).unwrap();
    assert!(error(&folder).contains("group"), "{}", error(&folder));
    fs::write(&file, b"id,mail\n\xff,\xfe\n").unwrap();
    assert!(error(&folder).starts_with("organizers.csv, line 2: "), "{}", error(&folder));
    fs::write(&file, "").unwrap();
    assert!(CsvDirectory::open(folder.path()).is_ok(), "nobody may organize yet");
    fs::remove_file(&file).unwrap();
    assert!(error(&folder).starts_with("organizers.csv, line 0: cannot be read: "), "{}", error(&folder));
    fs::remove_file(folder.path().join("groups.csv")).unwrap();
    assert!(error(&folder).starts_with("groups.csv, line 0: cannot be read: "));
}

#[tokio::test]
async fn changes_are_seen_and_broken_ones_leave_everyone_as_before() {
    let folder = folder(CLAIRE, GROUP);
    let directory = open(folder.path());
    let file = folder.path().join("organizers.csv");
    let write = |rows: &str| fs::write(&file, format!("{ORGANIZERS_HEAD}\n{rows}\n")).unwrap();
    let names = async || directory.all().await.unwrap().into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names().await, ["Claire Bernard"]);
    write(&format!("{CLAIRE}\n,jean.martin@agence.example,,Jean Martin,,,fr,medical,,true"));
    assert_eq!(names().await, ["Claire Bernard", "Jean Martin"]);
    write("nonsense");
    assert_eq!(names().await, ["Claire Bernard", "Jean Martin"]);
    fs::remove_file(&file).unwrap();
    assert_eq!(names().await, ["Claire Bernard", "Jean Martin"]);
    write(",jean.martin@agence.example,,Jean Martin,,,fr,medical,,true");
    assert_eq!(names().await, ["Jean Martin"]);
    fs::write(folder.path().join("groups.csv"), format!("{GROUPS_HEAD}\n{}\n", GROUP.replace("Service médical", "Conseil"))).unwrap();
    assert_eq!(directory.all().await.unwrap()[0].group.label, "Conseil");
}

#[tokio::test]
async fn files_that_were_just_read_are_believed() {
    let folder = folder(CLAIRE, GROUP);
    let directory = CsvDirectory::open_fresh(folder.path(), Duration::from_secs(3_600)).unwrap();
    fs::write(folder.path().join("organizers.csv"), ORGANIZERS_HEAD).unwrap();
    assert_eq!(directory.all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_login_is_right_or_it_is_not() {
    let hash = hash_password("correct horse").unwrap();
    let rows = format!(
        ",claire.bernard@agence.example,,Claire Bernard,claire,\"{hash}\",fr,medical,,true\n\
         ,jean.martin@agence.example,,Jean Martin,jean,\"{hash}\",fr,medical,,false\n\
         ,zoe@agence.example,,Zoé,zoe,,fr,medical,,true"
    );
    let folder = folder(&rows, GROUP);
    let directory = open(folder.path());
    let login = async |login: &str, password: &str| directory.login(login, password).await.unwrap().map(|found| found.name);
    assert_eq!(login("claire", "correct horse").await.as_deref(), Some("Claire Bernard"));
    assert_eq!(login("claire", "wrong horse").await, None);
    assert_eq!(login("claire", "").await, None);
    assert_eq!(login("nobody", "correct horse").await, None);
    assert_eq!(login("nobody", "nobody").await, None);
    assert_eq!(login("zoe", "").await, None, "no hash, no login");
    // Whoever may no longer organize may no longer send either.
    assert_eq!(login("jean", "correct horse").await, None);
}

#[tokio::test]
async fn organizers_are_added_below_what_is_there() {
    let folder = folder(&format!("# by hand\n{CLAIRE}"), GROUP);
    let file = folder.path().join("organizers.csv");
    let new = NewOrganizer {
        mailbox: mailbox("jean.martin@agence.example"),
        aliases: vec![mailbox("jm@agence.example"), mailbox("j@agence.example")],
        name: "Jean \"le grand\" Martin, Dr".to_owned(),
        login: String::new(),
        password_hash: String::new(),
        language: "fr".to_owned(),
        group: "medical".to_owned(),
    };
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, before.trim_end()).unwrap();
    add(folder.path(), &new).unwrap();
    assert!(fs::read_to_string(&file).unwrap().starts_with(&before));
    let jean = open(folder.path()).by_mailbox(&mailbox("j@agence.example")).await.unwrap().unwrap();
    assert_eq!(jean.name, new.name);

    let after = fs::read_to_string(&file).unwrap();
    let said = add(folder.path(), &new).unwrap_err().to_string();
    assert!(said.contains("organizers.csv, line 5: `jean.martin@agence.example` stands on line 4 already"), "{said}");
    let unknown = NewOrganizer { group: "sales".to_owned(), mailbox: mailbox("x@y.example"), aliases: Vec::new(), ..new.clone() };
    assert!(add(folder.path(), &unknown).unwrap_err().to_string().contains("no group `sales`"));
    assert_eq!(fs::read_to_string(&file).unwrap(), after, "a refused change changes nothing");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");

    fs::remove_file(&file).unwrap();
    add(folder.path(), &new).unwrap();
    assert_eq!(open(folder.path()).all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn taking_the_right_from_one_leaves_every_other_octet() {
    let others = [
        ("# first\n", "\n# last\n,zoe@agence.example,,Zoé,,,fr,medical,,true"),
        ("", ""),
        ("\n# a, \"quote\n\n,zoe@agence.example,,\"Zoé\nla deuxième\",,,fr,medical,,true\n", ""),
        (",zoe@agence.example,,Zoé,,,fr,medical,,true\n# claire.bernard@agence.example stays\n", "\n\n"),
    ];
    for row in [CLAIRE.to_owned(), CLAIRE.replace("Claire Bernard", "\"Claire\nBernard, \"\"CB\"\"\"")] {
        for (above, below) in others {
            for end in ["\n", "\r\n"] {
                let text = |rows: &str| rows.replace('\n', end);
                let folder = folder("", GROUP);
                let file = folder.path().join("organizers.csv");
                let (head, tail) = (text(&format!("{ORGANIZERS_HEAD}\n{above}")), text(&format!("{below}\n")));
                let whole = format!("{head}{}{tail}", text(&row));
                fs::write(&file, &whole).unwrap();
                let before = open(folder.path()).all().await.unwrap();
                assert!(deactivate(folder.path(), &mailbox("claire.bernard@agence.example")).unwrap());
                let now = fs::read_to_string(&file).unwrap();
                assert!(now.starts_with(&head) && now.ends_with(&tail), "{whole:?}\n{now:?}");
                let after = open(folder.path()).all().await.unwrap();
                assert_eq!(after.len(), before.len());
                for (was, is) in before.iter().zip(&after) {
                    assert_eq!((was.id, &was.name, &was.aliases), (is.id, &is.name, &is.aliases));
                    assert_eq!(is.active, is.mailbox != mailbox("claire.bernard@agence.example"));
                }
                assert!(!deactivate(folder.path(), &mailbox("nobody@agence.example")).unwrap());
                assert_eq!(fs::read_to_string(&file).unwrap(), now);
            }
        }
    }
}
