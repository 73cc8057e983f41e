//! The settings: their reference page, the template of `paravent init`, and what a wrong file is told.

mod reference;

use paravent::config::{Config, Level};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parse(text: &str) -> Result<Config, String> {
    parse_with(text, &[])
}

fn parse_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(Path::new("paravent.toml"), text, environment).map_err(|error| error.to_string())
}

#[test]
fn the_reference_page_is_what_the_sources_say() {
    let file = root().join("docs/configuration.md");
    let page = reference::page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let fresh = kept == page;
    assert!(fresh, "docs/configuration.md is not what the sources say: UPDATE_DOCS=1 cargo test --test all configuration::");
}

#[test]
fn every_setting_that_the_template_offers_exists() {
    let template = fs::read_to_string(root().join("deploy/paravent.toml")).unwrap();
    let template =
        template.replace("{{domain}}", "visio.example").replace("{{folder}}", "/etc/paravent").replace("{{state}}", "/var/lib/paravent");
    parse(&template).unwrap();

    let is_setting = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    let mut offered = 0;
    let opened: Vec<&str> = template
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_setting(rest) || rest.starts_with('[') => {
                offered += 1;
                rest
            }
            _ => line,
        })
        .collect();
    assert!(offered > 3, "the template offers nothing in comments");
    parse(&opened.join("\n")).unwrap();
}

#[test]
fn the_environment_overrides_the_file() {
    let environment = [
        ("PARAVENT__LISTEN__MX", "127.0.0.1:2525"),
        ("PARAVENT__LISTEN__TRUSTED_NETWORKS", r#"["192.0.2.0/24", "2001:db8::/32"]"#),
        ("PARAVENT__DELIVERY__SMARTHOST__PORT", "2525"),
        ("PARAVENT__DELIVERY__SMARTHOST__TLS_REQUIRED", "false"),
        ("PARAVENT__IDENTITY__SENDER_NAME", "Rendez-vous = vidéo"),
        ("PARAVENT__DELIVERY__SMARTHOST__LOGIN", "\"2525\""),
        ("PARAVENT_CONFIG", "elsewhere.toml"),
        ("HOME", "/"),
    ];
    let config = parse_with(reference::LEAST, &environment).unwrap();
    assert_eq!(config.listen.mx, Some("127.0.0.1:2525".parse().unwrap()));
    assert_eq!(config.listen.trusted_networks.len(), 2);
    assert_eq!(config.delivery.smarthost.port, 2525);
    assert!(!config.delivery.smarthost.tls_required);
    assert_eq!(config.delivery.smarthost.login.as_deref(), Some("2525"), "quotes make a text of digits");
    assert_eq!(config.identity.sender_name, "Rendez-vous = vidéo");
}

#[test]
fn no_message_shows_a_secret() {
    let broken = [
        "[delivery.smarthost]\npassword = \"hunter2-of-old\n",
        "[delivery.smarthost]\npassword = [\"hunter2-of-old\"]\n",
        "[secrets]\naddress = [{ letter = \"a\", secret = \"hunter2-of-old\", x = 1 }]\n",
        "[secrets]\nlink = \"hunter2-of-old\"\n",
    ];
    for text in broken {
        let told = parse(text).unwrap_err();
        assert!(!told.contains("hunter2"), "{told}");
        assert!(told.contains("line "), "{told}");
    }
    let told = parse_with(reference::LEAST, &[("PARAVENT__SECRETS__LINK", "hunter2-of-old")]).unwrap_err();
    assert!(!told.contains("hunter2") && told.contains("PARAVENT__SECRETS__LINK"), "{told}");
    assert!(parse("[delivery.smarthost]\nport = \"25x\"\n").unwrap_err().contains("25x"));
}

#[test]
fn a_wrong_variable_is_named() {
    let unknown = parse_with(reference::LEAST, &[("PARAVENT__LISTEN__MXX", "127.0.0.1:25")]).unwrap_err();
    assert!(unknown.contains("PARAVENT__LISTEN__MXX") && unknown.contains("`mxx`"), "{unknown}");
    let too_deep =
        parse_with(&format!("{}\n[store]\npath = \"here\"", reference::LEAST), &[("PARAVENT__STORE__PATH__DEEP", "x")]).unwrap_err();
    assert!(too_deep.contains("PARAVENT__STORE__PATH__DEEP"), "{too_deep}");
    let number = parse_with(reference::LEAST, &[("PARAVENT__POLICY__MAX_GUESTS", "many")]).unwrap_err();
    assert!(number.contains("PARAVENT__POLICY__MAX_GUESTS"), "{number}");
}

/// A folder as `paravent init` leaves it. Making the keys is slow: once for all cases.
fn fresh() -> &'static Path {
    static FRESH: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    FRESH
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            paravent::config::write_fresh(folder.path(), "visio.example").unwrap();
            folder
        })
        .path()
}

#[test]
fn a_fresh_configuration_is_right() {
    let config = Config::load(&fresh().join("paravent.toml")).unwrap();
    let findings: Vec<_> = config.validate().into_iter().filter(|finding| finding.level != Level::Ok).collect();
    assert!(findings.is_empty(), "{findings:#?}");
    let again = paravent::config::write_fresh(fresh(), "visio.example").unwrap_err();
    assert!(again.to_string().contains("not written"), "what exists must not be overwritten: {again}");
}

#[test]
fn a_key_that_everyone_can_read_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.toml");
    fs::copy(fresh().join("keys.toml"), &keys).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    let mut config = Config::load(&fresh().join("paravent.toml")).unwrap();
    config.keys.file = keys;
    assert!(config.validate().iter().any(|finding| finding.level == Level::Problem && finding.found.contains("read by everyone")));
}

/// Every folder of fixtures/configurations: a file that is wrong, and all that its owner is told.
#[test]
fn every_wrong_file_is_told_what_is_wrong() {
    let mut cases: Vec<PathBuf> =
        fs::read_dir(root().join("fixtures/configurations")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    assert!(cases.len() >= 10, "the cases were not found");
    let mut faults = Vec::new();
    for case in &cases {
        let told = told(case);
        let expected_file = case.join("expected.txt");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&expected_file, &told).unwrap();
        }
        let expected = fs::read_to_string(&expected_file).unwrap_or_default();
        if told != expected {
            faults.push(format!("{}\n--- expected\n{expected}--- told\n{told}", case.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn told(case: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let keys = case.join("keys.toml");
    if keys.exists() {
        let copy = folder.path().join("keys.toml");
        fs::copy(&keys, &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let (own, fresh) = (folder.path().display().to_string(), fresh().display().to_string());
    let text = fs::read_to_string(case.join("paravent.toml")).unwrap().replace("{{own}}", &own).replace("{{fresh}}", &fresh);
    let told = match parse(&text) {
        Err(error) => format!("{}\n", error.trim_end()),
        Ok(config) => {
            let findings = config.validate().into_iter().filter(|finding| finding.level != Level::Ok);
            findings.map(|finding| format!("{:?}: {}: {} -> {}\n", finding.level, finding.subject, finding.found, finding.advice)).collect()
        }
    };
    told.replace(&own, "{{own}}").replace(&fresh, "{{fresh}}")
}
