//! `paravent completions SHELL`

use super::{Arguments, Outcome};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// bash, zsh, fish, elvish or powershell.
    shell: Shell,
}

pub(super) fn run(options: &Options) -> Outcome {
    clap_complete::generate(options.shell, &mut Arguments::command(), "paravent", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
