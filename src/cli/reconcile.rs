//! `paravent reconcile`: whether everything that was accepted, held or to be sent is accounted for.

use super::{Desk, FINDINGS, Outcome, block_on, output};
use crate::domain::reconciliation::{Progress, Reconciliation};
use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;

pub(super) fn run(desk: &Desk) -> Outcome {
    let config = desk.load()?;
    let found = block_on(async {
        let archive = crate::app::open_archive(&config.store).await?;
        let bar = ProgressBar::new(0).with_style(style());
        let found = archive.reconcile(Utc::now(), &|progress| show(&bar, progress)).await?;
        bar.finish_and_clear();
        Ok(found)
    })?;
    if desk.json {
        let mut value = serde_json::to_value(&found)?;
        value["whole"] = found.is_whole().into();
        output::json(&value)?;
    } else {
        report(&found)?;
    }
    Ok(if found.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}

/// On the terminal of a person alone: indicatif says nothing where none is.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:<10} {bar:30} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_message(progress.table);
    bar.set_length(progress.total);
    bar.set_position(progress.done);
}

fn report(found: &Reconciliation) -> anyhow::Result<()> {
    let states: Vec<String> = found.states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    output::say(&format!("accepted  {}", found.accepted))?;
    output::say(&format!(
        "          = {} ({})",
        found.accounted_for(),
        if states.is_empty() { "-".to_owned() } else { states.join(" + ") }
    ))?;
    let holds = found.holds;
    output::say(&format!(
        "held      {} waiting, {} released, {} dropped, {} expired",
        holds.waiting, holds.released, holds.dropped, holds.expired
    ))?;
    let outbox = found.outbox;
    output::say(&format!("outbox    {} due, {} sent, {} given up", outbox.due, outbox.sent, outbox.failed))?;
    if found.is_whole() {
        return output::say("Everything is accounted for.");
    }
    output::say("")?;
    let rows: Vec<Vec<String>> =
        found.faults.iter().map(|fault| vec![fault.table.to_owned(), fault.row.clone(), fault.what.to_owned()]).collect();
    output::table(&["TABLE", "ROW", "WHAT IS WRONG"], &rows, "The sums do not agree.")?;
    output::complain(&format!("{} row(s) are not accounted for", found.fault_count));
    Ok(())
}
