//! `paravent init`: a commented configuration with fresh keys.

use super::{Desk, Outcome, output};
use crate::config::write_fresh;
use crate::domain::token::AliasDomain;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where to write; nothing that exists is overwritten.
    #[arg(long, default_value = "/etc/paravent")]
    folder: PathBuf,
    /// Domain of the aliases.
    #[arg(long, default_value = "visio.example")]
    domain: String,
}

pub(super) fn run(desk: &Desk, options: &Options) -> Outcome {
    anyhow::ensure!(AliasDomain::parse(&options.domain).is_some(), "`{}` is no domain name", options.domain);
    let fresh = write_fresh(&options.folder, &options.domain)?;
    if desk.json {
        let record = |(name, kind, value): &(String, &str, String)| serde_json::json!({ "name": name, "type": kind, "value": value });
        let records: Vec<_> = fresh.records.iter().map(record).collect();
        output::json(&serde_json::json!({ "files": fresh.files, "records": records }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for file in &fresh.files {
        output::say(&format!("wrote {}", file.display()))?;
    }
    output::say("\nPublish in DNS:")?;
    for (name, kind, value) in &fresh.records {
        output::say(&format!("  {name}. {kind} {value}"))?;
    }
    output::say(&format!(
        "\nThen look at {0}/paravent.toml, and run: paravent --config {0}/paravent.toml check",
        options.folder.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
