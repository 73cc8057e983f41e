//! What icalendar, vobject and libical read in calendar objects (`tests/support/read_calendar.py`).

use super::parts;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Who reads.
pub const READERS: [&str; 3] = ["icalendar", "libical", "vobject"];

/// What one reader makes of one object.
#[derive(Clone, Debug, Deserialize)]
pub struct Reading {
    /// What it complains of.
    pub errors: Vec<String>,
    pub method: String,
    pub events: Vec<Event>,
    /// The first twelve instances as UTC instants, moved ones in their place.
    pub instances: Vec<String>,
}

/// One VEVENT; times are UTC instants, days, or without Z where the reader found no zone.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    pub uid: String,
    pub sequence: i64,
    pub start: Option<String>,
    pub end: Option<String>,
    pub recurrence_id: Option<String>,
}

/// Status of the script where a reader is not installed.
const MISSING: i32 = 3;

/// All objects in order, each as every reader reads it; `None` after saying that the test skips.
pub fn read(objects: &[String]) -> Option<Vec<BTreeMap<String, Reading>>> {
    let python = parts::find("python3")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/read_calendar.py");
    let mut command = Command::new(python);
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let texts = objects.iter().map(|text| serde_json::json!({ "text": text })).collect::<serde_json::Value>();
    let written = child.stdin.take().unwrap().write_all(texts.to_string().as_bytes());
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(MISSING) {
        parts::miss(complaint.trim());
        return None;
    }
    assert!(output.status.success() && written.is_ok(), "{complaint}");
    let readings: Vec<BTreeMap<String, Reading>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(readings.len(), objects.len());
    Some(readings)
}
