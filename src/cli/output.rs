//! Tables for people, JSON for programs.

use serde::Serialize;
use std::io::{self, Write};

/// Prints one value as a line of JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints an aligned table; `nothing` where there is no row.
pub(super) fn table(head: &[&str], rows: &[Vec<String>], nothing: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if rows.is_empty() {
        writeln!(out, "{nothing}")?;
        return Ok(());
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let width = |column: usize| rows.iter().chain([&head]).map(|row| row.get(column).map_or(0, |cell| cell.chars().count())).max();
    let widths: Vec<usize> = (0..head.len()).filter_map(width).collect();
    for row in [&head].into_iter().chain(rows) {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Prints a line.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Says what was done: as JSON for programs, as a line for people.
pub(super) fn done(as_json: bool, value: &impl Serialize, text: &str) -> anyhow::Result<()> {
    if as_json { json(value) } else { say(text) }
}

/// Prints what went wrong, where programs do not read.
pub(super) fn complain(text: &str) {
    // Nobody is left to tell when even this cannot be written.
    let _ = writeln!(io::stderr().lock(), "paravent: {text}");
}

/// Text from outside for a terminal: control characters shown, so that no mail can move the cursor.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The name that an enum has in JSON.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
