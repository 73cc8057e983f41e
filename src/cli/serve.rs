//! `paravent serve`

use super::{Desk, FINDINGS, Outcome, block_on, output};
use crate::config::Level;
use std::process::ExitCode;

pub(super) fn run(desk: &Desk) -> Outcome {
    let config = desk.load()?;
    let problems: Vec<_> = config.validate().into_iter().filter(|finding| finding.level == Level::Problem).collect();
    if !problems.is_empty() {
        for finding in &problems {
            output::complain(&format!("{}: {}; {}", finding.subject, finding.found, finding.advice));
        }
        return Ok(ExitCode::from(FINDINGS));
    }
    crate::telemetry::start();
    block_on(crate::app::serve(config))?;
    Ok(ExitCode::SUCCESS)
}
