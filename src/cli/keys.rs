//! `paravent keys list|rotate|forget`

use super::{Desk, Outcome, output};
use crate::config::{KeyKind, Secrets, with_new, without};
use anyhow::Context;
use chrono::Utc;
use clap::{Subcommand, ValueEnum};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The names of all keys: the first of a kind signs, every one verifies.
    List,
    /// Put a new key in front; what was made with the old ones stays good. The gateway uses it after a restart.
    Rotate {
        /// Which.
        kind: Kind,
    },
    /// Take an old key out: what was made with it is worthless from the next restart on.
    Forget {
        /// Which.
        kind: Kind,
        /// Its name.
        name: String,
    },
}

/// The kinds of keys that can be rotated here.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Kind {
    /// Addresses: replies to mails that went out before name an old key for as long as people answer them.
    Address,
    /// Guests' links, organizers' pages, alerts: a link is good until 30 days after its meeting.
    Link,
}

impl Kind {
    fn of_file(self) -> KeyKind {
        match self {
            Self::Address => KeyKind::Address,
            Self::Link => KeyKind::Link,
        }
    }
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let path = desk.load()?.keys.file;
    match command {
        Command::List => return list(desk, &Secrets::load(&path)?),
        Command::Rotate { kind } => {
            let (text, name) = with_new(&read(&path)?, kind.of_file(), Utc::now().date_naive())?;
            replace(&path, &text)?;
            output::say(&format!("`{name}` signs after a restart of the gateway (systemctl restart paravent); the old keys stay good"))?;
        }
        Command::Forget { kind, name } => {
            let text = without(&read(&path)?, kind.of_file(), name)?;
            replace(&path, &text)?;
            output::say(&format!("`{name}` is gone; what was made with it is worthless after a restart (systemctl restart paravent)"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(desk: &Desk, secrets: &Secrets) -> Outcome {
    let all = crate::app::shown_keys(secrets);
    if desk.json {
        for (kind, name, role) in all {
            output::json(&serde_json::json!({ "kind": kind, "name": name, "role": role }))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = all.into_iter().map(|(kind, name, role)| vec![kind.to_owned(), name, role.to_owned()]).collect();
    output::table(&["KIND", "NAME", "ROLE"], &rows, "No key.")?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Puts the new file in the place of the old one at once, for the same owner and with the same rights: nobody ever sees half of it.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let old = fs::metadata(path)?;
        let beside = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let done = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
            if old.uid() != file.metadata()?.uid() || old.gid() != file.metadata()?.gid() {
                chown(&beside, Some(old.uid()), Some(old.gid()))?;
            }
            fs::set_permissions(&beside, fs::Permissions::from_mode(old.mode() & 0o7777))?;
            fs::rename(&beside, path)
        });
        if done.is_err() {
            // What is left behind would hold secrets.
            let _ = fs::remove_file(&beside);
        }
        done
    };
    write().with_context(|| format!("{} stays as it was", path.display()))
}
