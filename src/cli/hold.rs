//! `paravent hold list|show|release|drop`

use super::{Desk, FAILED, NOT_FOUND, Outcome, block_on, output};
use crate::domain::authentication::Authentication;
use crate::domain::id::ReceivedId;
use crate::domain::record::{HoldState, Received};
use crate::flow::hold::HoldOutcome;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Mails that wait, newest first.
    List {
        /// Most rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// One mail: what it is, why it waits, and its text.
    Show {
        /// The mail's id.
        id: ReceivedId,
        /// Its bytes as they came.
        #[arg(long)]
        raw: bool,
    },
    /// Let it go on, as if its author had been proved.
    Release {
        /// The mail's id.
        id: ReceivedId,
        /// Leave out what would show its organizer.
        #[arg(long)]
        without: bool,
    },
    /// End it without any effect; its bytes stay in the archive.
    Drop {
        /// The mail's id.
        id: ReceivedId,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    block_on(async {
        match command {
            Command::List { limit } => {
                let archive = crate::app::open_archive(&config.store).await?;
                let waiting = archive.received(Some(HoldState::Waiting), *limit).await?;
                if desk.json {
                    waiting.iter().try_for_each(output::json)?;
                    return Ok(ExitCode::SUCCESS);
                }
                let rows: Vec<Vec<String>> = waiting
                    .iter()
                    .map(|held| {
                        let why = held.reasons.last().map(|reason| output::shown(reason)).unwrap_or_default();
                        let end = held.received_at + TimeDelta::days(i64::from(config.policy.hold_days));
                        let moment = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
                        vec![held.id.to_string(), moment(held.received_at), moment(end), output::word(&held.class), why]
                    })
                    .collect();
                output::table(&["MAIL", "RECEIVED (UTC)", "ENDS (UTC)", "CLASS", "WHY"], &rows, "Nothing waits.")?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Show { id, raw } => {
                let archive = crate::app::open_archive(&config.store).await?;
                match archive.received_one(*id).await? {
                    Some(received) if *raw => {
                        std::io::stdout().lock().write_all(&received.raw)?;
                        Ok(ExitCode::SUCCESS)
                    }
                    Some(received) => show(desk, &received),
                    None => Ok(missing(*id)),
                }
            }
            Command::Release { id, without } => {
                let gateway = crate::app::gateway(&config).await?;
                let outcome = if *without { gateway.release_without(*id).await? } else { gateway.release(*id).await? };
                ended(desk, *id, outcome, HoldState::Released)
            }
            Command::Drop { id } => {
                let gateway = crate::app::gateway(&config).await?;
                ended(desk, *id, gateway.drop_held(*id, "operator").await?, HoldState::Dropped)
            }
        }
    })
}

fn show(desk: &Desk, received: &Received) -> Outcome {
    let mail = crate::domain::mime::read(&received.raw, &crate::domain::mime::MimeLimits::default());
    let from = mail.from.first().map(|author| author.mailbox.to_string()).unwrap_or_default();
    if desk.json {
        output::json(&serde_json::json!({
            "id": received.id, "received_at": received.received_at, "class": received.class, "disposition": received.disposition,
            "hold": received.hold, "authentication": received.authentication, "reasons": received.reasons, "meeting": received.meeting, "guest": received.guest,
            "from": from, "subject": mail.subject, "text": mail.text,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output::say(&format!("class    {}", output::word(&received.class)))?;
    output::say(&format!("from     {}", output::shown(&from)))?;
    output::say(&format!("subject  {}", output::shown(&mail.subject)))?;
    for reason in &received.reasons {
        output::say(&format!("why      {}", output::shown(reason)))?;
    }
    for line in received.authentication.iter().flat_map(Authentication::lines) {
        output::say(&format!("author   {}", output::shown(&line)))?;
    }
    output::say("")?;
    for line in mail.text.lines() {
        output::say(&format!("  {}", output::shown(line)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn ended(desk: &Desk, id: ReceivedId, outcome: HoldOutcome, state: HoldState) -> Outcome {
    match outcome {
        HoldOutcome::Done => {
            let value = serde_json::json!({ "id": id, "hold": state });
            output::done(desk.json, &value, &format!("{id} {}", output::word(&state)))?;
            Ok(ExitCode::SUCCESS)
        }
        HoldOutcome::NotWaiting => Ok(missing(id)),
        HoldOutcome::StillHeld => {
            output::complain(&format!("{id} waits as before: it can't be passed on as it is (paravent hold show {id} says why)"));
            Ok(ExitCode::from(FAILED))
        }
        HoldOutcome::NoDialog => {
            output::complain(&format!("{id} leads to no guest: it can only be dropped"));
            Ok(ExitCode::from(FAILED))
        }
    }
}

fn missing(id: ReceivedId) -> ExitCode {
    output::complain(&format!("there is no mail {id} that waits"));
    ExitCode::from(NOT_FOUND)
}
