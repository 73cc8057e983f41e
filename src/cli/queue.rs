//! `paravent queue list|show|retry|drop|pause|resume`

use super::{Desk, FAILED, NOT_FOUND, Outcome, block_on, output};
use crate::domain::address::Mailbox;
use crate::domain::delivery::{OutboxItem, OutboxState};
use crate::domain::id::OutboxId;
use crate::domain::queue::{Paused, QueueFilter, QueueRow};
use crate::flow::queue_desk::QueueEnd;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Mail that waits to be sent, oldest first, and destinations that are paused.
    List {
        /// What was given up instead.
        #[arg(long)]
        failed: bool,
        /// For this domain alone.
        #[arg(long, value_name = "DOMAIN")]
        destination: Option<String>,
        /// Most rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// One mail: to whom, what the other side said last, when it is tried again.
    Show {
        /// The mail's id.
        id: OutboxId,
        /// Its bytes, without the signature that is made when it leaves.
        #[arg(long)]
        raw: bool,
    },
    /// Try a mail now, also one that was given up.
    Retry {
        /// The mail's id.
        id: OutboxId,
    },
    /// Give up a mail that waits. Its guest counts as not reached.
    Drop {
        /// The mail's id.
        id: OutboxId,
    },
    /// Send nothing to a domain until it is resumed; what is for it waits.
    Pause {
        /// The recipients' domain.
        destination: String,
    },
    /// Send to a domain again.
    Resume {
        /// The recipients' domain.
        destination: String,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    block_on(async {
        match command {
            Command::List { failed, destination, limit } => {
                let archive = crate::app::open_archive(&config.store).await?;
                let filter = QueueFilter { failed: *failed, destination: destination.as_deref().map(str::to_lowercase) };
                list(desk, &archive.outbox_rows(&filter, *limit).await?, &archive.paused().await?)
            }
            Command::Show { id, raw } => {
                let archive = crate::app::open_archive(&config.store).await?;
                match archive.outbox_one(*id).await? {
                    Some(item) if *raw => {
                        std::io::stdout().lock().write_all(&item.message)?;
                        Ok(ExitCode::SUCCESS)
                    }
                    Some(item) => show(desk, &item),
                    None => Ok(ended(desk, &id.to_string(), QueueEnd::Unknown, "")?),
                }
            }
            Command::Retry { id } => {
                let end = crate::app::gateway(&config).await?.queue_again(*id, "operator").await?;
                ended(desk, &id.to_string(), end, "is tried now")
            }
            Command::Drop { id } => {
                let end = crate::app::gateway(&config).await?.queue_drop(*id, "operator").await?;
                ended(desk, &id.to_string(), end, "was dropped")
            }
            Command::Pause { destination } => {
                anyhow::ensure!(Mailbox::parse(&format!("x@{destination}")).is_ok(), "{} is no domain", output::shown(destination));
                let end = crate::app::gateway(&config).await?.queue_pause(destination, "operator").await?;
                ended(desk, destination, end, "is paused")
            }
            Command::Resume { destination } => {
                let end = crate::app::gateway(&config).await?.queue_resume(destination, "operator").await?;
                ended(desk, destination, end, "goes on")
            }
        }
    })
}

fn list(desk: &Desk, rows: &[QueueRow], paused: &[Paused]) -> Outcome {
    if desk.json {
        rows.iter().try_for_each(output::json)?;
        paused.iter().try_for_each(output::json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let (next, last) = next_and_last(&row.state);
            vec![row.id.to_string(), moment(row.created_at), next, output::word(&row.purpose), output::shown(&row.recipient), last]
        })
        .collect();
    output::table(&["MAIL", "MADE (UTC)", "NEXT (UTC)", "KIND", "TO", "LAST ANSWER"], &cells, "Nothing waits.")?;
    for one in paused {
        output::say(&format!("paused: {} since {} by {}", output::shown(&one.destination), moment(one.since), output::shown(&one.actor)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(desk: &Desk, item: &OutboxItem) -> Outcome {
    let (next, last) = next_and_last(&item.state);
    if desk.json {
        output::json(&serde_json::json!({
            "id": item.id, "purpose": item.purpose, "recipient": item.recipient.to_string(), "meeting": item.meeting, "guest": item.guest,
            "message_id": item.message_id.as_str(), "created_at": item.created_at, "expires_at": item.expires_at, "state": item.state,
            "size": item.message.len(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines = [
        ("to", output::shown(&item.recipient.to_string())),
        ("kind", output::word(&item.purpose)),
        ("made", moment(item.created_at)),
        ("next", next),
        ("until", moment(item.expires_at)),
        ("answer", last),
        ("id", output::shown(item.message_id.as_str())),
    ];
    lines.iter().try_for_each(|(name, value)| output::say(&format!("{name:<8} {value}")))?;
    Ok(ExitCode::SUCCESS)
}

fn next_and_last(state: &OutboxState) -> (String, String) {
    match state {
        OutboxState::Due { at, attempts: 0, .. } => (moment(*at), "not tried yet".to_owned()),
        OutboxState::Due { at, last, .. } => (moment(*at), output::shown(last)),
        OutboxState::Sent { last, .. } => ("sent".to_owned(), output::shown(last)),
        OutboxState::Failed { last, .. } => ("given up".to_owned(), output::shown(last)),
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn ended(desk: &Desk, what: &str, end: QueueEnd, said: &str) -> Outcome {
    match end {
        QueueEnd::Done => {
            output::done(desk.json, &serde_json::json!({ "queue": what, "end": said }), &format!("{} {said}", output::shown(what)))?;
            Ok(ExitCode::SUCCESS)
        }
        QueueEnd::Unknown => {
            output::complain(&format!("{} is not there: no mail that waits, or no destination that is paused", output::shown(what)));
            Ok(ExitCode::from(NOT_FOUND))
        }
        QueueEnd::UnderWay => {
            output::complain(&format!("{what} is just being sent"));
            Ok(ExitCode::from(FAILED))
        }
    }
}
