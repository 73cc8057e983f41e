//! Reading the file: what is wrong is said with file, line and what is allowed.

use super::Config;
use serde::Deserialize;
use std::path::Path;
use toml::{Table, Value};

/// The prefix of overriding environment variables: `PARAVENT__LISTEN__MX`.
const PREFIX: &str = "PARAVENT__";

/// Why there is no configuration. The text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    place: String,
    what: String,
}

impl ConfigError {
    /// At this file.
    pub fn new(path: &Path, what: impl Into<String>) -> Self {
        Self { place: path.display().to_string(), what: what.into() }
    }
}

impl Config {
    /// Reads a file, and then what the environment overrides.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new(path, format!("cannot be read: {error}. `paravent init` writes one.")))?;
        Self::parse(path, &text, std::env::vars())
    }

    /// Parses the text of a file; `path` is for messages.
    pub fn parse(path: &Path, text: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        // First without the environment: only then can a message show the line.
        let unread = |error: toml::de::Error| ConfigError::new(path, without_secrets(&error.to_string()));
        let config: Self = toml::from_str(text).map_err(unread)?;
        let overrides: Vec<(String, String)> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
        if overrides.is_empty() {
            return Ok(config);
        }
        let mut table: Table = toml::from_str(text).map_err(unread)?;
        for (name, value) in &overrides {
            set(&mut table, &name[PREFIX.len()..].to_ascii_lowercase(), value);
        }
        Self::deserialize(table).map_err(|error| {
            let names = overrides.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let what = if is_secret(&names) { without_quotes(&error.to_string()) } else { error.to_string() };
            ConfigError { place: format!("environment ({names})"), what }
        })
    }
}

/// What the reader says, which quotes the line and its value: not where the line has a secret.
fn without_secrets(error: &str) -> String {
    if !error.lines().any(|line| line.contains(" | ") && is_secret(line)) {
        return error.to_owned();
    }
    let shown = error.lines().map(|line| match line.split_once('=') {
        Some((key, _)) if line.contains(" | ") => format!("{key}= …"),
        Some(_) | None => without_quotes(line),
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn is_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["password", "secret", "key"].iter().any(|word| text.contains(word))
}

/// Quoted texts put aside, to the last quotation mark.
fn without_quotes(line: &str) -> String {
    match (line.find('"'), line.rfind('"')) {
        (Some(first), Some(last)) if first < last => format!("{}…{}", &line[..first], &line[last + 1..]),
        (Some(first), _) => format!("{}…", &line[..first]),
        (None, _) => line.to_owned(),
    }
}

fn set(table: &mut Table, key: &str, value: &str) {
    match key.split_once("__") {
        None => {
            table.insert(key.to_owned(), literal(value));
        }
        Some((section, rest)) => {
            let inner = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            match inner {
                Value::Table(inner) => set(inner, rest, value),
                // No section: what is put here is refused when the whole is read, and not passed over.
                Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
                    *inner = Value::Table(Table::from_iter([(rest.to_owned(), literal(value))]));
                }
            }
        }
    }
}

/// A number, a truth value, a list or a quoted text where it reads as one; else the text as it is.
fn literal(value: &str) -> Value {
    match toml::from_str::<Table>(&format!("v = {value}")).ok().and_then(|mut table| table.remove("v")) {
        Some(found @ (Value::Integer(_) | Value::Boolean(_) | Value::Array(_) | Value::String(_))) => found,
        Some(Value::Float(_) | Value::Datetime(_) | Value::Table(_)) | None => Value::String(value.to_owned()),
    }
}
