//! The commands as programs see them: JSON lines, exit codes, and nothing lost on the way.

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn paravent(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paravent"));
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_fresh_gateway_is_managed_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let fresh = lines(&paravent(&["init", "--json", "--domain", "visio.example", "--folder", root], b""));
    assert_eq!(fresh[0]["records"].as_array().unwrap().len(), 6);
    assert!(fresh[0]["files"].as_array().unwrap().iter().all(|file| Path::new(file.as_str().unwrap()).exists()));
    let again = paravent(&["init", "--folder", root], b"");
    assert_eq!(again.status.code(), Some(1), "nothing is overwritten");

    let config = folder.path().join("paravent.toml");
    let toml = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, toml.replace("/var/lib/paravent", root)).unwrap();
    let with = |arguments: &[&str], input: &[u8]| {
        let mut all = vec!["--config", config.to_str().unwrap(), "--json"];
        all.extend(arguments);
        paravent(&all, input)
    };
    let add = ["organizer", "add", "claire.bernard@agence.example", "--name", "Claire Bernard", "--group", "default", "--login", "claire"];
    assert_eq!(with(&add, b"short\n").status.code(), Some(1), "a password of five letters");
    assert_eq!(lines(&with(&add, b"correct horse battery\n"))[0]["active"], true);
    assert_eq!(with(&add, b"correct horse battery\n").status.code(), Some(1), "twice");
    assert_eq!(lines(&with(&["organizer", "list"], b""))[0]["mailbox"], "claire.bernard@agence.example");
    assert_eq!(with(&["organizer", "unbind", "claire.bernard@agence.example"], b"").status.code(), Some(4), "nobody is bound");
    assert_eq!(lines(&with(&["organizer", "remove", "claire.bernard@agence.example"], b""))[0]["active"], false);
    assert_eq!(lines(&with(&["organizer", "list"], b""))[0]["active"], false);

    for command in [["meeting", "list"], ["hold", "list"], ["queue", "list"], ["alert", "list"]] {
        assert!(lines(&with(&command, b"")).is_empty(), "{command:?}");
    }
    let nobody = "00000000-0000-7000-8000-000000000000";
    let missing = [["meeting", "show", nobody], ["hold", "release", nobody], ["hold", "drop", nobody], ["alert", "ack", nobody]];
    for command in missing.into_iter().chain([["queue", "show", nobody], ["queue", "retry", nobody], ["queue", "drop", nobody]]) {
        assert_eq!(with(&command, b"").status.code(), Some(4), "{command:?}");
    }
    assert_eq!(paravent(&["meeting"], b"").status.code(), Some(2));

    lines(&with(&["queue", "pause", "Hopital.example"], b""));
    assert_eq!(lines(&with(&["queue", "list"], b""))[0]["destination"], "hopital.example");
    assert_eq!(with(&["queue", "pause", "no domain"], b"").status.code(), Some(1));
    lines(&with(&["queue", "resume", "hopital.example"], b""));
    assert_eq!(with(&["queue", "resume", "hopital.example"], b"").status.code(), Some(4), "it was not paused");
}

#[test]
fn explain_gives_one_line_for_each_file() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/replies");
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare.ics");
    std::fs::write(
        &bare,
        "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\nATTENDEE;PARTSTAT=DECLINED:mailto:a@b.example\nEND:VEVENT\nEND:VCALENDAR\n",
    )
    .unwrap();
    let gone = folder.path().join("gone.eml");
    let arguments =
        ["explain", "--json", "--content-only", fixtures.to_str().unwrap(), bare.to_str().unwrap(), gone.to_str().unwrap(), "-"];
    let explained = lines(&paravent(&arguments, b"From: a@b.example\nSubject: Hello\n\nI will be there.\n"));
    let [first, .., calendar, missing, typed] = explained.as_slice() else { panic!("{} lines", explained.len()) };
    for key in [
        "file",
        "class",
        "method",
        "uid",
        "sequence",
        "answers",
        "delivery",
        "new_text",
        "attachments",
        "suggestions",
        "authentication",
        "reasons",
        "would",
    ] {
        assert!(first.get(key).is_some(), "{key}");
    }
    assert_eq!(calendar["class"], "itip-reply");
    assert_eq!(calendar["answers"][0]["partstat"], "DECLINED");
    assert_eq!(missing["class"], "unreadable");
    assert_eq!((typed["file"].as_str(), typed["class"].as_str()), (Some("-"), Some("human")));
    assert_eq!(typed["suggestions"][0], "accepts");
    assert!(explained.len() > 150, "every file of a folder: {}", explained.len());
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let output = paravent(&["completions", shell], b"");
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("localserve"), "{shell}");
    }
}
