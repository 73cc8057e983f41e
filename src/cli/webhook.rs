//! `paravent webhook list|test`

use super::{Desk, FAILED, NOT_FOUND, Outcome, block_on, output};
use crate::config::Secrets;
use crate::notify::webhook::Called;
use chrono::Utc;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The webhooks, and how many events each has before it.
    List,
    /// Call one with a `ping`, and say what it answered.
    Test {
        /// Its name in the configuration.
        name: String,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    match command {
        Command::List => list(desk),
        Command::Test { name } => test(desk, name),
    }
}

fn list(desk: &Desk) -> Outcome {
    let config = desk.load()?;
    block_on(async {
        let archive = crate::app::open_archive(&config.store).await?;
        let newest = archive.newest_alert_event().await?;
        let mut rows = Vec::new();
        for webhook in &config.webhooks {
            let waiting = archive.webhook_at(&webhook.name).await?.map(|number| newest.saturating_sub(number));
            if desk.json {
                output::json(&serde_json::json!({ "name": webhook.name, "severity": webhook.severity, "waiting": waiting }))?;
            }
            let waiting = waiting.map_or_else(|| "never called".to_owned(), |waiting| waiting.to_string());
            rows.push(vec![webhook.name.clone(), output::word(&webhook.severity), waiting]);
        }
        if !desk.json {
            output::table(&["WEBHOOK", "FROM", "EVENTS BEFORE IT"], &rows, "No webhook is configured.")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn test(desk: &Desk, name: &str) -> Outcome {
    let config = desk.load()?;
    let Some(settings) = config.webhooks.iter().find(|webhook| webhook.name == name) else {
        output::complain(&format!("there is no webhook `{name}`"));
        return Ok(ExitCode::from(NOT_FOUND));
    };
    let webhook = crate::app::webhook(settings, &Secrets::load(&config.keys.file)?)?;
    let now = Utc::now();
    match block_on(async { Ok(webhook.ping(&format!("ping.{}", now.timestamp_micros()), now).await) })? {
        Called::Taken => {
            output::done(desk.json, &serde_json::json!({ "name": name, "taken": true }), &format!("{name}: taken"))?;
            Ok(ExitCode::SUCCESS)
        }
        Called::Later(why) | Called::Refused(why) => {
            output::complain(&format!("{name}: not taken: {why}"));
            Ok(ExitCode::from(FAILED))
        }
    }
}
