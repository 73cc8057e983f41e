//! `paravent alert list|act|ack`

use super::{Desk, FAILED, NOT_FOUND, Outcome, block_on, output};
use crate::domain::alert::{AlertAction, AlertState};
use crate::domain::id::AlertId;
use crate::domain::record::{AuditEvent, Commit, Write};
use crate::flow::alert_desk::Acted;
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
    /// What can be done about an alert, or do it: acknowledge, resolve, release, send-without, drop, resend, reissue-link, revoke-link, accept-address.
    Act {
        /// The alert's id.
        id: AlertId,
        /// What to do; without it, what can be done is listed.
        action: Option<String>,
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
            Command::Act { id, action } => act(desk, &config, *id, action.as_deref()).await,
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
                archive.commit(Commit { writes: vec![Write::AlertState { id: *id, state, at: audit.at }, Write::Audit(audit)] }).await?;
                let value = serde_json::json!({ "id": id, "state": state });
                output::done(desk.json, &value, &format!("{id} {}", output::word(&state)))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

async fn act(desk: &Desk, config: &crate::config::Config, id: AlertId, action: Option<&str>) -> Outcome {
    let gateway = crate::app::gateway(config).await?;
    let Some(alert) = gateway.archive.alert(id).await? else {
        output::complain(&format!("there is no alert {id}"));
        return Ok(ExitCode::from(NOT_FOUND));
    };
    let offered: Vec<&str> = alert.actions().into_iter().map(AlertAction::name).collect();
    let Some(name) = action else {
        output::done(desk.json, &serde_json::json!({ "id": id, "actions": offered }), &offered.join("\n"))?;
        return Ok(ExitCode::SUCCESS);
    };
    let outcome = match AlertAction::parse(name) {
        Some(action) => gateway.act(id, action, "operator").await?,
        None => Acted::NotOffered,
    };
    let complaint = match outcome {
        Acted::Done => {
            output::done(desk.json, &serde_json::json!({ "id": id, "done": name }), &format!("{id} {name}: done"))?;
            return Ok(ExitCode::SUCCESS);
        }
        Acted::NotOffered => format!("`{name}` can't be done about {id}; what can: {}", offered.join(", ")),
        Acted::StillHeld => format!("the mail behind {id} waits as before: it can't be passed on as it is"),
        Acted::Overtaken => format!("what {id} is about has changed meanwhile; nothing was done"),
    };
    output::complain(&complaint);
    Ok(ExitCode::from(FAILED))
}
