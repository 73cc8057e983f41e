//! `paravent store`: the archive as a whole.

use super::{Desk, Outcome, block_on, output};
use crate::store::{Copied, copy};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Copy the SQLite file of the configuration into an empty PostgreSQL database. Stop the gateway before.
    Copy {
        /// The database, as `store.url` has it; the password is that of the configuration.
        #[arg(long, value_name = "URL")]
        to: String,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    match command {
        Command::Copy { to } => {
            let settings = crate::app::postgres(&config.store, to)?;
            let bar = ProgressBar::new(0).with_style(style());
            let copied = block_on(async { Ok(copy(&config.store.path, &settings, &|copied| show(&bar, copied)).await?) })?;
            bar.finish_and_clear();
            if desk.json {
                output::json(&BTreeMap::from([("rows", copied.into_iter().collect::<BTreeMap<_, _>>())]))?;
            } else {
                let rows: Vec<Vec<String>> = copied.into_iter().map(|(table, rows)| vec![table, rows.to_string()]).collect();
                output::table(&["TABLE", "ROWS"], &rows, "Nothing was there to copy.")?;
                output::say("Everything is copied. Set store.url to it, run `paravent reconcile`, and start the gateway.")?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// On the terminal of a person alone: indicatif says nothing where none is.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:<14} {bar:30} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn show(bar: &ProgressBar, copied: Copied<'_>) {
    bar.set_message(copied.table.to_owned());
    bar.set_length(copied.total);
    bar.set_position(copied.done);
}
