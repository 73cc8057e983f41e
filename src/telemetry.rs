//! Logbook: tracing to standard error. Addresses are masked by their types, tokens are never logged.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Everything from `info` on; the reader of PDF tells of the files that it reads, which are somebody's.
const DEFAULT: &str = "info,lopdf=off";

/// What no filter may turn on: it would tell every line that is said to a mail server, the password first.
const NEVER: &str = "async_imap::imap_stream=off";

/// Starts logging: `PARAVENT_LOG` filters (`info` by default), `PARAVENT_LOG_FORMAT=json` is for log collectors.
/// A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env("PARAVENT_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let filter = match NEVER.parse() {
        Ok(never) => filter.add_directive(never),
        Err(_) => filter,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let json = std::env::var("PARAVENT_LOG_FORMAT").is_ok_and(|format| format == "json");
    // An error means that logging was started before.
    let _ = if json { lines.json().try_init() } else { lines.try_init() };
}
