//! `paravent alert list|ack`

use super::{Desk, NOT_FOUND, Outcome, block_on, output};
use crate::domain::alert::AlertState;
use crate::domain::id::AlertId;
use crate::domain::record::{AuditEvent, Commit, Write};
use chrono::Utc;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open alerts, newest first.
    List {
        /// Acknowledged and resolved ones, too.
        #[arg(long)]
        all: bool,
        /// Most rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Take an alert, or finish it.
    Ack {
        /// The alert's id.
        id: AlertId,
        /// It is done.
        #[arg(long)]
        resolved: bool,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    block_on(async {
        let archive = crate::app::open_archive(&config.store).await?;
        match command {
            Command::List { all, limit } => {
                let state = (!all).then_some(AlertState::Open);
                let alerts = archive.alerts(state, *limit).await?;
                if desk.json {
                    alerts.iter().try_for_each(output::json)?;
                    return Ok(ExitCode::SUCCESS);
                }
                let rows: Vec<Vec<String>> = alerts
                    .iter()
                    .map(|alert| {
                        vec![
                            alert.id.to_string(),
                            alert.last_at.format("%Y-%m-%d %H:%M").to_string(),
                            output::word(&alert.severity),
                            output::word(&alert.state),
                            output::word(&alert.kind),
                            alert.count.to_string(),
                            output::shown(&alert.evidence),
                        ]
                    })
                    .collect();
                output::table(&["ALERT", "LAST (UTC)", "SEVERITY", "STATE", "KIND", "TIMES", "EVIDENCE"], &rows, "No alert.")?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Ack { id, resolved } => {
                let Some(alert) = archive.alert(*id).await? else {
                    output::complain(&format!("there is no alert {id}"));
                    return Ok(ExitCode::from(NOT_FOUND));
                };
                let state = if *resolved { AlertState::Resolved } else { AlertState::Acknowledged };
                let audit = AuditEvent {
                    at: Utc::now(),
                    actor: "operator".to_owned(),
                    action: format!("alert.{}", output::word(&state)),
                    meeting: alert.meeting,
                    guest: alert.guest,
                    received: None,
                    detail: "{}".to_owned(),
                };
                archive.commit(Commit { writes: vec![Write::AlertState { id: *id, state }, Write::Audit(audit)] }).await?;
                let value = serde_json::json!({ "id": id, "state": state });
                output::done(desk.json, &value, &format!("{id} {}", output::word(&state)))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}
