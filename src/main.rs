//! Front door: parses arguments and hands over to [`paravent::cli`].

#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

fn main() -> ExitCode {
    paravent::cli::main()
}
