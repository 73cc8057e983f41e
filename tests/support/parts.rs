//! Real parts from Debian's packages: a test that misses one skips loudly on a laptop and fails in CI.

use std::path::{Path, PathBuf};

/// Where a program is; `None` after saying that the test skips. Panics under `CI=true`.
pub fn find(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
    if found.is_none() {
        miss(&format!("`{program}` is not installed (scripts/test installs it)"));
    }
    found
}

/// Whether we may start servers that change their user; `false` after saying so.
pub fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let root = status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"));
    if !root {
        miss("Postfix and Dovecot need root to start");
    }
    root
}

/// Says that the test skips for want of this. Panics under `CI=true`.
pub fn miss(what: &str) {
    assert!(std::env::var("CI").is_err(), "CI must have everything: {what}");
    eprintln!("SKIPPED: {what}");
}

/// A file of this package; `None` after saying that the test skips.
pub fn find_file(path: &str, package: &str) -> Option<PathBuf> {
    let found = Path::new(path).exists().then(|| PathBuf::from(path));
    if found.is_none() {
        miss(&format!("{package} is not installed (scripts/test installs it)"));
    }
    found
}
