//! Front door: parses arguments and hands over to [`paravent::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    paravent::cli::main()
}
