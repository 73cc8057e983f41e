//! What is on this machine: the archive, the directory of organizers, the templates.

use crate::config::{Config, Finding};
use crate::directory::CsvDirectory;
use crate::domain::alert::AlertState;
use crate::domain::compose::Stationery;
use crate::domain::record::HoldState;
use crate::flow::port::Directory as _;
use chrono::{TimeDelta, Utc};
use std::collections::BTreeSet;
use std::path::Path;

/// How long a mail may be due before it seems that nothing sends.
const OVERDUE: TimeDelta = TimeDelta::minutes(15);
/// Most rows that are counted.
const MOST: u32 = 1_000;

pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = store(config).await;
    findings.extend(directory(&config.directory.folder).await);
    findings.push(templates());
    findings
}

/// A file that is not there is not made: it would belong to whoever checks.
async fn store(config: &Config) -> Vec<Finding> {
    if config.store.url.is_some() {
        let advice = "is the server running, are user, password and TLS as docs/postgresql.md says?";
        return opened(config, "PostgreSQL".to_owned(), advice).await;
    }
    let path = &config.store.path;
    let name = path.display();
    let Ok(meta) = std::fs::metadata(path) else {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return vec![if folder.is_dir() {
            Finding::ok("store", format!("{name} is not there yet: `paravent serve` makes it"))
        } else {
            let advice = format!("make the folder {}, writable for the user that serves", folder.display());
            Finding::problem("store", format!("{name} cannot be made: its folder is missing"), advice)
        }];
    };
    let advice = "give it to the user that serves; if it is damaged, restore it from a backup";
    opened(config, format!("{name} ({})", size(meta.len())), advice).await
}

async fn opened(config: &Config, name: String, advice: &str) -> Vec<Finding> {
    match inside(config).await {
        Ok(Inside { waiting, overdue, held, alerts }) => {
            let found = format!("{name}; mails to send: {waiting}, on hold: {held}; open alerts: {alerts}");
            let mut findings = vec![Finding::ok("store", found)];
            if overdue {
                let advice = "is `paravent serve` running? If so, look at its log for the smarthost's answer";
                findings.push(Finding::warning("outbox", "mail has been due for a while and is not sent", advice));
            }
            if held > 0 {
                findings.push(Finding::warning("hold", format!("mails that wait for a decision: {held}"), "paravent hold list"));
            }
            findings
        }
        Err(error) => vec![Finding::problem("store", format!("{name} cannot be opened: {error:#}"), advice)],
    }
}

struct Inside {
    waiting: u64,
    overdue: bool,
    held: usize,
    alerts: usize,
}

async fn inside(config: &Config) -> anyhow::Result<Inside> {
    let archive = crate::app::open_archive(&config.store).await?;
    Ok(Inside {
        waiting: archive.outbox_waiting().await?,
        overdue: archive.outbox_next().await?.is_some_and(|due| due < Utc::now() - OVERDUE),
        held: archive.received(Some(HoldState::Waiting), MOST).await?.len(),
        alerts: archive.alerts(Some(AlertState::Open), MOST).await?.len(),
    })
}

fn size(octets: u64) -> String {
    match octets {
        0..=9_999 => format!("{octets} B"),
        10_000..=9_999_999 => format!("{} kB", octets / 1_000),
        _ => format!("{} MB", octets / 1_000_000),
    }
}

async fn directory(folder: &Path) -> Vec<Finding> {
    let read = async { anyhow::Ok(CsvDirectory::open(folder)?.all().await?) };
    let organizers = match read.await {
        Ok(organizers) => organizers,
        Err(error) => {
            let advice = "mend the line, or the rights of the file; `paravent init` shows the form";
            return vec![Finding::problem("directory", format!("{error:#}"), advice)];
        }
    };
    let active: Vec<_> = organizers.iter().filter(|organizer| organizer.active).collect();
    if active.is_empty() {
        let advice = "paravent organizer add MAIL --name NAME --group GROUP";
        return vec![Finding::warning("directory", format!("{}: nobody may invite yet", folder.display()), advice)];
    }
    let used: BTreeSet<&str> = active.iter().map(|organizer| organizer.group.name.as_str()).collect();
    let found = format!("organizers who may invite: {} of {}; groups in use: {}", active.len(), organizers.len(), used.len());
    let mut findings = vec![Finding::ok("directory", found)];
    let unused: Vec<String> = groups(folder).into_iter().filter(|group| !used.contains(group.as_str())).collect();
    if !unused.is_empty() {
        let advice = "add somebody, or take the lines out of groups.csv";
        findings.push(Finding::warning("groups", format!("nobody who may invite is in: {}", unused.join(", ")), advice));
    }
    findings
}

/// The names in groups.csv; the file was read as a whole before.
fn groups(folder: &Path) -> Vec<String> {
    let Ok(mut reader) = csv::Reader::from_path(folder.join("groups.csv")) else { return Vec::new() };
    let name = reader.headers().ok().and_then(|head| head.iter().position(|field| field.trim() == "name"));
    let rows = reader.records().filter_map(Result::ok);
    rows.filter_map(|row| row.get(name?).map(|group| group.trim().to_owned())).collect()
}

fn templates() -> Finding {
    match Stationery::embedded() {
        Ok(stationery) => {
            let remarks = stationery.check();
            if remarks.is_empty() {
                let languages: Vec<&str> = stationery.languages().collect();
                Finding::ok("templates", format!("complete in: {}", languages.join(", ")))
            } else {
                Finding::problem("templates", remarks.join("\n"), "install the program as it was released")
            }
        }
        Err(error) => Finding::problem("templates", error.to_string(), "install the program as it was released"),
    }
}
