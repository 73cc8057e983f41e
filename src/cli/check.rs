//! `paravent check`

use super::{Desk, FINDINGS, Outcome, output};
use crate::config::Level;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Ask no name server and no mail server.
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(desk: &Desk, _options: &Options) -> Outcome {
    let findings = desk.load()?.validate();
    for finding in &findings {
        if desk.json {
            output::json(finding)?;
        } else {
            output::say(&format!("{:<8} {}: {} {}", output::word(&finding.level), finding.subject, finding.found, finding.advice))?;
        }
    }
    let bad = findings.iter().any(|finding| finding.level == Level::Problem);
    Ok(if bad { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS })
}
