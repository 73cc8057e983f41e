//! `paravent guest suppress|unsuppress|suppressed`

use super::{Desk, NOT_FOUND, Outcome, block_on, output};
use crate::domain::address::Mailbox;
use crate::domain::id::MeetingId;
use crate::domain::suppression::{Lifted, Suppression, SuppressionCause};
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Send nothing more to an address, cancellations included: in one meeting, or in all.
    Suppress {
        /// The guest's address.
        address: Mailbox,
        /// Only in this meeting.
        #[arg(long)]
        meeting: Option<MeetingId>,
        /// Why, for colleagues.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Send mail to an address again, first of all what its guests missed of meetings to come. A running gateway sends it.
    Unsuppress {
        /// The guest's address.
        address: Mailbox,
        /// Only what holds for this meeting.
        #[arg(long)]
        meeting: Option<MeetingId>,
    },
    /// Addresses that nothing is sent to, newest first.
    Suppressed {
        /// Most rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    block_on(async {
        match command {
            Command::Suppress { address, meeting, note } => {
                let gateway = crate::app::gateway(&config).await?;
                if let Some(id) = meeting
                    && gateway.archive.meeting(*id).await?.is_none()
                {
                    output::complain(&format!("there is no meeting {id}"));
                    return Ok(ExitCode::from(NOT_FOUND));
                }
                gateway.suppress(address, *meeting, note).await?;
                let value = serde_json::json!({ "address": address, "meeting": meeting, "suppressed": true });
                output::done(desk.json, &value, &format!("nothing more is sent to {address}"))?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Unsuppress { address, meeting } => {
                let gateway = crate::app::gateway(&config).await?;
                let Some(sent) = gateway.unsuppress(address, meeting.map_or(Lifted::All, Lifted::Meeting)).await? else {
                    output::complain(&format!("{address} is not suppressed"));
                    return Ok(ExitCode::from(NOT_FOUND));
                };
                let value = serde_json::json!({ "address": address, "meeting": meeting, "suppressed": false, "sent": sent });
                output::done(desk.json, &value, &format!("mail goes to {address} again; {sent} missed mail(s) on the way"))?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Suppressed { limit } => {
                let archive = crate::app::open_archive(&config.store).await?;
                list(desk, &archive.suppressions(*limit).await?)
            }
        }
    })
}

fn list(desk: &Desk, suppressions: &[Suppression]) -> Outcome {
    if desk.json {
        suppressions.iter().try_for_each(output::json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |one: &Suppression| {
        vec![
            one.address.to_string(),
            one.meeting.map_or_else(|| "all".to_owned(), |id| id.to_string()),
            output::word(&one.cause),
            one.since.format("%Y-%m-%d %H:%M").to_string(),
            output::shown(&one.note),
        ]
    };
    let rows: Vec<Vec<String>> = suppressions.iter().map(row).collect();
    output::table(&["ADDRESS", "MEETING", "CAUSE", "SINCE (UTC)", "NOTE"], &rows, "No address is suppressed.")?;
    Ok(ExitCode::SUCCESS)
}

/// Why nothing is sent to a guest, in words.
pub(super) fn reason(suppression: &Suppression) -> String {
    let cause = match suppression.cause {
        SuppressionCause::Complaint => "complained of unwanted mail",
        SuppressionCause::NoSuchUser => "address does not exist",
        SuppressionCause::Operator => "stopped by an operator",
    };
    format!("nothing is sent: {cause}, {} (paravent guest unsuppress)", suppression.since.format("%Y-%m-%d"))
}
