//! The arrows between the rooms, enforced on the source text: who may name whom, and what stays outside the quiet rooms.

use std::fs;
use std::path::Path;

/// Rooms at the rim: they know the domain and the flow's ports, never each other.
const SHELL: [&str; 10] = ["authenticate", "directory", "imap", "inbound", "notify", "oidc", "outbound", "scan", "store", "web"];
/// File names that say nothing.
const EMPTY_NAMES: [&str; 5] = ["handler", "helper", "manager", "process", "utils"];
/// Most lines of a source file, its tests left out.
const LONGEST: usize = 450;

struct Source {
    /// Path below `src`, with `/`.
    path: String,
    /// The text up to its test module, comments taken off.
    code: String,
    /// The first line.
    label: String,
}

impl Source {
    fn of(path: &str, text: &str) -> Self {
        let tested = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = tested.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        Self { path: path.to_owned(), code, label: text.lines().next().unwrap_or_default().to_owned() }
    }

    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    fn names_room(&self, room: &str) -> bool {
        self.code.contains(&format!("crate::{room}::")) || self.code.contains(&format!("crate::{room};"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            found.push(Source::of(&below, &fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// What a room must not say, and why.
fn forbidden_words(room: &str) -> Vec<(&'static str, &'static str)> {
    let mut words = Vec::new();
    if room == "domain" {
        let outside =
            ["tokio", "sqlx", "axum", "hickory", "reqwest", "mail_auth", "std::net::Tcp", "std::fs", "SystemTime", "Instant::now"];
        words.extend(outside.map(|word| (word, "the quiet rooms do no I/O")));
        words.extend(["new_v4", "now_v7", "rand::", "SystemRandom"].map(|word| (word, "chance is an argument of the quiet rooms")));
    }
    if room == "flow" {
        words.extend(["tokio", "axum", "hickory", "std::fs"].map(|word| (word, "the corridors speak to ports alone")));
    }
    if !["app", "cli"].contains(&room) {
        words.push(("Utc::now", "the clock comes from the World port"));
    }
    if room != "store" {
        words.extend(["sqlx", "SELECT ", "INSERT INTO"].map(|word| (word, "SQL lives in the archive")));
    }
    words
}

/// Rooms that a room must not name.
fn forbidden_rooms(room: &str) -> Vec<&'static str> {
    let shell = SHELL.iter().copied();
    match room {
        "domain" => shell.chain(["app", "cli", "config", "flow"]).collect(),
        "flow" => shell.chain(["app", "cli", "config"]).collect(),
        "config" => vec!["app", "cli", "flow"],
        "app" => vec!["cli"],
        other if SHELL.contains(&other) => SHELL.into_iter().filter(|known| *known != other).chain(["app", "cli", "config"]).collect(),
        _ => Vec::new(),
    }
}

/// Everything that breaks a rule in this source.
fn faults(source: &Source) -> Vec<String> {
    let (path, room) = (&source.path, source.room());
    let words = forbidden_words(room).into_iter().filter(|(word, _)| source.code.contains(word));
    let mut faults: Vec<String> = words.map(|(word, why)| format!("{path}: `{word}`: {why}")).collect();
    let rooms = forbidden_rooms(room).into_iter().filter(|other| source.names_room(other));
    faults.extend(rooms.map(|other| format!("{path}: names the room `{other}`")));
    if !source.label.starts_with("//! ") {
        faults.push(format!("{path}: has no label at its head"));
    }
    if source.code.lines().count() > LONGEST {
        faults.push(format!("{path}: has more than {LONGEST} lines"));
    }
    let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    if EMPTY_NAMES.contains(&name) {
        faults.push(format!("{path}: the name says nothing"));
    }
    faults
}

#[test]
fn every_source_keeps_the_rules() {
    let faults: Vec<String> = sources().iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_breach_of_each_rule_is_seen() {
    let breaches = [
        ("domain/x.rs", "//! Label.\nuse tokio::sync;"),
        ("domain/x.rs", "//! Label.\nlet id = Uuid::new_v4();"),
        ("domain/x.rs", "//! Label.\nuse crate::flow::port;"),
        ("flow/x.rs", "//! Label.\nuse crate::store::Store;"),
        ("flow/x.rs", "//! Label.\nlet now = Utc::now();"),
        ("web/x.rs", "//! Label.\nuse crate::outbound::memory;"),
        ("web/x.rs", "//! Label.\nlet q = \"SELECT 1\";"),
        ("config/x.rs", "//! Label.\nuse crate::app::serve;"),
        ("web/x.rs", "use a::b;"),
        ("web/utils.rs", "//! Label."),
    ];
    for (path, text) in breaches {
        assert!(!faults(&Source::of(path, text)).is_empty(), "{path}: {text}");
    }
    let long = format!("//! Label.\n{}", "let x = 1;\n".repeat(LONGEST + 1));
    assert!(!faults(&Source::of("web/x.rs", &long)).is_empty());
    let innocent = "//! Label.\nuse crate::domain::id;\n// tokio in a comment\n#[cfg(test)]\nmod tests { use tokio; }";
    assert!(faults(&Source::of("domain/x.rs", innocent)).is_empty());
}

/// A file of tests that `tests/main.rs` does not name would be run by nobody.
#[test]
fn every_file_of_tests_is_run() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let main = fs::read_to_string(tests.join("main.rs")).unwrap();
    for path in fs::read_dir(&tests).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && name != "main" {
            assert!(main.contains(&format!("\nmod {name};\n")), "tests/main.rs does not name {name}");
        }
    }
}
