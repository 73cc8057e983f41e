//! `paravent check` as an operator runs it: the program itself, on configurations that are right and wrong in one way each.

use crate::support::dns::Zone;
use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SECRET: &str = "a secret of the tests, 32 octets at least";

fn paravent() -> Command {
    let mut command = Command::cargo_bin("paravent").unwrap();
    // Of the settings, only those in the file count.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARAVENT")) {
        command.env_remove(name);
    }
    command
}

/// A folder with what `init` writes.
fn fresh() -> TempDir {
    let place = TempDir::new().unwrap();
    paravent().args(["init", "--domain", "visio.test", "--folder"]).arg(place.path()).assert().success();
    place
}

/// Runs the check without network; its exit code and findings.
fn check(place: &Path, arguments: &[&str]) -> (i32, Vec<Value>) {
    let file = place.join("paravent.toml");
    let output = paravent().arg("--config").arg(file).args(["--json", "check", "--offline"]).args(arguments).assert().get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn field<'v>(finding: &'v Value, name: &str) -> &'v str {
    finding[name].as_str().unwrap_or_else(|| panic!("no {name} in {finding}"))
}

/// The findings that ask for something.
fn to_mend(findings: &[Value]) -> Vec<&Value> {
    findings.iter().filter(|finding| field(finding, "level") != "ok").collect()
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    assert!(cases.len() > 20, "the cases of {kind} were not found");
    cases
}

/// Each line of `expected.txt` is `level subject: a part of what is found`, in any order; nothing else may be found.
fn compare(case: &Path, code: i32, found: &[&Value]) -> Vec<String> {
    let expected = fs::read_to_string(case.join("expected.txt")).unwrap();
    let mut left: Vec<&Value> = found.to_vec();
    let mut faults = Vec::new();
    for line in expected.lines() {
        let fits = |finding: &&Value| {
            let head = format!("{} {}", field(finding, "level"), field(finding, "subject"));
            let rest = line.strip_prefix(&head);
            rest.is_some_and(|part| part.is_empty() || part.strip_prefix(": ").is_some_and(|part| field(finding, "found").contains(part)))
        };
        match left.iter().position(fits) {
            Some(index) => drop(left.remove(index)),
            None => faults.push(format!("{}: not found: {line}", case.display())),
        }
    }
    faults.extend(left.iter().map(|finding| format!("{}: not expected: {finding}", case.display())));
    let silent = found.iter().filter(|finding| field(finding, "advice").is_empty());
    faults.extend(silent.map(|finding| format!("{}: no advice: {finding}", case.display())));
    let wanted = if expected.lines().any(|line| line.starts_with("problem ")) { 3 } else { 0 };
    if code != wanted {
        faults.push(format!("{}: exit code {code} instead of {wanted}", case.display()));
    }
    faults
}

/// Puts the files of a case over those of the place; `{{folder}}` becomes the place.
fn lay_over(place: &Path, case: &Path, below: &str) {
    for entry in fs::read_dir(case.join(below)).unwrap() {
        let name = format!("{below}{}", entry.unwrap().file_name().into_string().unwrap());
        if case.join(&name).is_dir() {
            lay_over(place, case, &format!("{name}/"));
        } else {
            let text = fs::read_to_string(case.join(&name)).unwrap();
            fs::write(place.join(&name), text.replace("{{folder}}", &place.display().to_string())).unwrap();
        }
    }
}

#[test]
fn every_broken_configuration_is_named() {
    let mut faults = Vec::new();
    let place = fresh();
    let kept = TempDir::new().unwrap();
    for case in cases("check") {
        let here = kept.path().join(case.file_name().unwrap());
        copy(place.path(), &here);
        lay_over(&here, &case, "");
        let (code, findings) = check(&here, &[]);
        faults.extend(compare(&case, code, &to_mend(&findings)));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn every_pitfall_of_prosody_and_jicofo_is_named() {
    let mut faults = Vec::new();
    let place = fresh();
    let keys = place.path().join("keys.toml");
    let text = fs::read_to_string(&keys).unwrap();
    let with_secret =
        text.lines().map(|line| if line.starts_with("app_secret") { format!("app_secret = \"{SECRET}\"") } else { line.to_owned() });
    fs::write(&keys, with_secret.collect::<Vec<_>>().join("\n")).unwrap();
    let (_, before) = check(place.path(), &[]);
    for case in cases("prosody") {
        let files = fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<String> = files
            .filter(|path| path.extension().is_some_and(|kind| kind == "lua" || kind == "conf"))
            .map(|path| path.display().to_string())
            .collect();
        files.sort();
        let arguments: Vec<&str> = files.iter().flat_map(|file| ["--prosody", file]).collect();
        let (code, findings) = check(place.path(), &arguments);
        let added: Vec<Value> = findings.into_iter().filter(|finding| !before.contains(finding)).collect();
        assert!(!added.is_empty(), "{}: not looked at", case.display());
        let shown = format!("{added:?}");
        assert!(!shown.contains("octets at least"), "{}: a secret is shown", case.display());
        faults.extend(compare(&case, code, &to_mend(&added)));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_page_for_people_says_what_to_do() {
    let place = fresh();
    let file = place.path().join("paravent.toml");
    let output = paravent().arg("--config").arg(&file).args(["check", "--offline"]).assert().code(0).get_output().clone();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.starts_with("Configuration\n  ✓ configuration  the settings fit together\n"), "{page}");
    assert!(page.contains("      → publish: ed25519._domainkey.visio.test. TXT \"v=DKIM1; k=ed25519; p="), "{page}");
    assert!(page.contains("nobody may invite yet\n      → paravent organizer add"), "{page}");
    assert!(page.trim_end().ends_with("in order."), "{page}");
    assert!(!page.contains('\u{1b}'), "colours in a pipe");

    let missing = place.path().join("none.toml");
    let output = paravent().arg("--config").arg(&missing).args(["check", "--offline"]).assert().code(3).get_output().clone();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("✗ configuration") && page.contains("none.toml") && page.contains("1 problem"), "{page}");
}

#[test]
fn the_archive_is_looked_at_and_never_made() {
    let place = fresh();
    let archive = place.path().join("paravent.sqlite");
    let said = |findings: &[Value]| field(findings.iter().find(|finding| finding["subject"] == "store").unwrap(), "found").to_owned();
    let (_, findings) = check(place.path(), &[]);
    assert!(said(&findings).contains("is not there yet"), "{findings:?}");
    assert!(!archive.exists());
    paravent().arg("--config").arg(place.path().join("paravent.toml")).args(["meeting", "list"]).assert().success();
    assert!(archive.exists());
    let (_, findings) = check(place.path(), &[]);
    assert!(said(&findings).contains("mails to send: 0, on hold: 0"), "{findings:?}");
}

#[test]
fn keys_that_everyone_can_read_are_a_problem() {
    let place = fresh();
    fs::set_permissions(place.path().join("keys.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, findings) = check(place.path(), &[]);
    let problems: Vec<&Value> = findings.iter().filter(|finding| field(finding, "level") == "problem").collect();
    assert_eq!((code, problems.len()), (3, 1), "{problems:?}");
    assert!(field(problems[0], "found").ends_with("keys.toml can be read by everyone"));
}

#[test]
fn without_a_network_it_ends_and_says_that_it_could_not_ask() {
    let place = fresh();
    let file = place.path().join("paravent.toml");
    let text = fs::read_to_string(&file).unwrap();
    // Nothing listens for DNS on this loopback address, nor for mail on this port.
    let text = text.replace("host = \"127.0.0.1\"\nport = 25", "host = \"127.0.0.1\"\nport = 1");
    fs::write(&file, format!("{text}\n[authentication]\nresolvers = [\"127.83.29.7\"]\n")).unwrap();
    let output = paravent().arg("--config").arg(&file).args(["--json", "check"]).assert().code(3).get_output().clone();
    let findings: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let dns: Vec<&Value> = findings.iter().filter(|finding| finding["subject"] == "DNS").collect();
    assert!(
        matches!(dns.as_slice(), [one] if field(one, "level") == "warning" && field(one, "found").starts_with("could not be asked")),
        "{findings:?}"
    );
    let smarthost = findings.iter().find(|finding| finding["subject"] == "127.0.0.1:1").unwrap();
    assert_eq!(field(smarthost, "level"), "problem");
    assert!(!field(smarthost, "found").starts_with("127.0.0.1:1"), "{smarthost}");
}

/// What the check says of the name of EHLO, for mail without a smarthost: levels in order.
fn levels_of_helo(zone: Zone) -> Vec<String> {
    let place = fresh();
    let file = place.path().join("paravent.toml");
    let text = fs::read_to_string(&file).unwrap();
    let direct = format!(
        "[delivery]\nroute = \"direct\"\n[delivery.direct]\nhelo = \"gateway.visio.test\"\nresolvers = [\"127.0.0.1\"]\nresolver_port = {}\n",
        zone.serve()
    );
    // Nothing listens for the other questions.
    fs::write(&file, format!("{text}\n{direct}[authentication]\nresolvers = [\"127.83.29.7\"]\n")).unwrap();
    let output = paravent().arg("--config").arg(&file).args(["--json", "check"]).assert().get_output().clone();
    let findings: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(findings.iter().any(|finding| field(finding, "subject") == "delivery.direct" && field(finding, "found").contains("port 25")));
    let about = findings.iter().filter(|finding| field(finding, "subject") == "EHLO gateway.visio.test");
    about.map(|finding| field(finding, "level").to_owned()).collect()
}

#[test]
fn who_delivers_without_a_smarthost_needs_a_name_that_leads_back() {
    let address = "192.0.2.7".parse().unwrap();
    let named = || Zone::default().address("gateway.visio.test", "192.0.2.7");
    assert_eq!(levels_of_helo(named().reverse(address, "Gateway.visio.test")), ["ok"]);
    assert_eq!(levels_of_helo(named().reverse(address, "host-7.provider.example")), ["warning"]);
    assert_eq!(levels_of_helo(named()), ["problem"]);
    assert_eq!(levels_of_helo(Zone::default()), ["problem"]);
    assert_eq!(levels_of_helo(Zone::default().broken("gateway.visio.test")), ["warning"]);
}

#[test]
fn what_is_deployed_to_jitsi_is_as_it_should_be() {
    let place = fresh();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/jitsi");
    let text = fs::read_to_string(root.join("prosody.cfg.lua")).unwrap();
    let keys = fs::read_to_string(place.path().join("keys.toml")).unwrap();
    let secret = keys.lines().find_map(|line| line.strip_prefix("app_secret = \"")).unwrap().trim_end_matches('"');
    let prosody = place.path().join("prosody.cfg.lua");
    fs::write(&prosody, text.replace("APP_SECRET", secret)).unwrap();
    let jicofo = root.join("jicofo.conf");
    let (_, findings) = check(place.path(), &["--prosody", prosody.to_str().unwrap(), "--prosody", jicofo.to_str().unwrap()]);
    let about: Vec<_> = to_mend(&findings)
        .into_iter()
        .filter(|finding| finding.to_string().to_lowercase().contains("prosody") || finding.to_string().contains("jicofo"))
        .collect();
    assert!(about.is_empty(), "{about:?}");
    assert!(findings.iter().filter(|finding| field(finding, "subject").starts_with("Prosody")).count() > 8, "{findings:?}");
}

#[test]
fn keys_are_rotated_in_their_file() {
    let place = fresh();
    let file = place.path().join("keys.toml");
    let run = |arguments: &[&str]| {
        let config = place.path().join("paravent.toml");
        let output = paravent().arg("--config").arg(config).arg("keys").args(arguments).assert().get_output().clone();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, said, _) = run(&["rotate", "link"]);
    assert!(code == 0 && said.contains("restart"), "{said}");
    assert_eq!(run(&["rotate", "address"]).0, 0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let (_, listed, _) = run(&["list"]);
    let roles: Vec<Vec<&str>> = listed.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(roles.len(), 4, "{listed}");
    assert_eq!((roles[0][1], roles[0][2], roles[1][1], roles[1][2]), ("b", "signs", "a", "verifies"));
    let (code, _, complaint) = run(&["forget", "address", "b"]);
    assert!(code == 1 && complaint.contains("signs"), "{complaint}");
    assert_eq!(run(&["forget", "address", "a"]).0, 0);
    assert!(!fs::read_to_string(&file).unwrap().contains("letter = \"a\"") && !file.with_extension("new").exists());
    let text = fs::read_to_string(&file).unwrap();
    for secret in text.lines().filter_map(|line| line.strip_prefix("secret = ")) {
        assert!(!listed.contains(secret.trim_matches('"')), "no secret is shown");
    }
}
