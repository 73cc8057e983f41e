//! `paravent localserve`: the whole product on loopback in one command.

use super::{Outcome, block_on};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Keep everything in this folder; without it a temporary one is used and removed at the end.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// First port: web page; the next three are submission, MX and LMTP.
    #[arg(long, value_name = "PORT", default_value_t = 8025)]
    port: u16,
    /// Start without the sample meeting.
    #[arg(long)]
    empty: bool,
}

pub(super) fn run(options: &Options) -> Outcome {
    crate::telemetry::start();
    block_on(crate::app::localserve(options.folder.clone(), options.port, !options.empty))?;
    Ok(ExitCode::SUCCESS)
}
