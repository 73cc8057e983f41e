//! `paravent explain`: what a message is, and what would be done with it. Sends nothing, writes nothing.

use super::{Desk, Outcome, block_on, output};
use crate::domain::explain::{Explanation, content_only};
use crate::domain::mime::MimeLimits;
use chrono::Utc;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Larger files are not read: no mail door takes them either.
const LARGEST: u64 = 100 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Messages or bare .ics files; folders are searched; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Judge the bytes alone, as if the address were valid and the sender proved.
    #[arg(long)]
    content_only: bool,
}

pub(super) fn run(desk: &Desk, options: &Options) -> Outcome {
    let files = collect(&options.paths);
    let progress = progress(files.len());
    if options.content_only {
        for file in &files {
            print(desk, &judged_alone(file))?;
            progress.inc(1);
        }
    } else {
        let config = desk.load()?;
        block_on(async {
            let gateway = crate::app::gateway(&config).await?;
            for file in &files {
                let explanation = match read(file) {
                    Ok(bytes) => gateway.explain(&name(file), &bytes).await?,
                    Err(reason) => Explanation::unreadable(&name(file), &reason),
                };
                print(desk, &explanation)?;
                progress.inc(1);
            }
            Ok(())
        })?;
    }
    progress.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

fn judged_alone(file: &Path) -> Explanation {
    match read(file) {
        Ok(bytes) => content_only(&name(file), &bytes, &MimeLimits::default(), Utc::now()),
        Err(reason) => Explanation::unreadable(&name(file), &reason),
    }
}

/// Every file below the paths, folders in the order of their names.
fn collect(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = open.pop() {
        match std::fs::read_dir(&path) {
            // A link may lead back to where the search has been.
            Ok(entries) if !path.is_symlink() || paths.contains(&path) => {
                let mut inner: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
                inner.sort_by(|one, other| other.cmp(one));
                open.extend(inner);
            }
            Ok(_) => {}
            Err(_) => files.push(path),
        }
    }
    files
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let result = if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    match result {
        Ok(_) if bytes.len() as u64 > LARGEST => Err("the file is larger than any message may be".to_owned()),
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    }
}

fn name(file: &Path) -> String {
    file.display().to_string()
}

fn progress(files: usize) -> ProgressBar {
    if files < 50 || !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} files").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(files as u64).with_style(style)
}

fn print(desk: &Desk, explanation: &Explanation) -> anyhow::Result<()> {
    if desk.json {
        return output::json(explanation);
    }
    let value = serde_json::to_value(explanation)?;
    output::say(&output::shown(value["file"].as_str().unwrap_or_default()))?;
    let fields = value.as_object().into_iter().flatten().filter(|(key, _)| *key != "file");
    for (key, shown) in fields {
        let told = if key == "authentication" { explanation.authentication.lines() } else { lines(shown) };
        for line in told {
            output::say(&format!("  {key:<14} {}", output::shown(&line)))?;
        }
    }
    Ok(())
}

/// One line an item; nothing for what is empty.
fn lines(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Null => Vec::new(),
        serde_json::Value::String(text) => text.lines().map(str::to_owned).collect(),
        serde_json::Value::Array(items) => items.iter().flat_map(lines).collect(),
        serde_json::Value::Object(fields) => {
            let parts: Vec<String> = fields.iter().map(|(key, value)| format!("{key}: {}", lines(value).join(", "))).collect();
            vec![parts.join("; ")]
        }
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => vec![value.to_string()],
    }
}
