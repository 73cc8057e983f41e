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
    let filter = without_secrets(EnvFilter::try_from_env("PARAVENT_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT)));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let json = std::env::var("PARAVENT_LOG_FORMAT").is_ok_and(|format| format == "json");
    // An error means that logging was started before.
    let _ = if json { lines.json().try_init() } else { lines.try_init() };
}

fn without_secrets(filter: EnvFilter) -> EnvFilter {
    match NEVER.parse() {
        Ok(never) => filter.add_directive(never),
        Err(_) => filter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_shows_what_is_said_to_a_mail_server() {
        for wanted in ["trace", "async_imap=trace", "async_imap::imap_stream=trace", "info,async_imap::imap_stream=trace"] {
            let page = Page::default();
            let shown = page.clone();
            let filter = without_secrets(EnvFilter::new(wanted));
            let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || shown.clone()).finish();
            tracing::subscriber::with_default(subscriber, || {
                tracing::trace!(target: "async_imap::imap_stream", "LOGIN a hunter2");
                tracing::info!(target: "async_imap::client", "hello");
                tracing::error!("the end");
            });
            let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            assert!(!text.contains("hunter2"), "{wanted}: {text}");
        }
    }
}
