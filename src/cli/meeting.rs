//! `paravent meeting list|show`

use super::{Desk, NOT_FOUND, Outcome, block_on, output};
use crate::domain::attendance::Presence;
use crate::domain::id::MeetingId;
use crate::domain::meeting::{Guest, Meeting};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Meetings that are not over, the latest first.
    List {
        /// Those that are over, too.
        #[arg(long)]
        past: bool,
        /// Most rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// One meeting with its guests.
    Show {
        /// The meeting's id.
        id: MeetingId,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    block_on(async {
        let archive = crate::app::open_archive(&config.store).await?;
        match command {
            Command::List { past, limit } => {
                let since = if *past { DateTime::<Utc>::MIN_UTC } else { Utc::now() };
                list(desk, &archive.meetings(since, *limit).await?)
            }
            Command::Show { id } => match archive.meeting(*id).await? {
                Some(meeting) => show(desk, &meeting, &archive.guests(*id).await?),
                None => {
                    output::complain(&format!("there is no meeting {id}"));
                    Ok(ExitCode::from(NOT_FOUND))
                }
            },
        }
    })
}

fn list(desk: &Desk, meetings: &[Meeting]) -> Outcome {
    if desk.json {
        for meeting in meetings {
            output::json(&json(meeting))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = meetings
        .iter()
        .map(|meeting| {
            let title = output::shown(&meeting.event.title);
            vec![meeting.id.to_string(), time(meeting.event.starts_at), output::word(&meeting.status), title]
        })
        .collect();
    output::table(&["MEETING", "START (UTC)", "STATUS", "TITLE"], &rows, "No meeting.")?;
    Ok(ExitCode::SUCCESS)
}

fn show(desk: &Desk, meeting: &Meeting, guests: &[Guest]) -> Outcome {
    if desk.json {
        let mut value = json(meeting);
        value["guests"] = guests.iter().map(guest_json).collect();
        output::json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::say(&format!("{}  {}", output::shown(&meeting.event.title), output::word(&meeting.status)))?;
    output::say(&format!("{} to {} UTC, room {}", time(meeting.event.starts_at), time(meeting.event.ends_at), meeting.room))?;
    output::say(&format!("organizer {}, UID {}\n", meeting.organizer_address.mailbox, output::shown(&meeting.organizer_uid.0)))?;
    let rows: Vec<Vec<String>> = guests.iter().map(guest_row).collect();
    output::table(&["GUEST", "DELIVERY", "RESPONSE", "PRESENCE", "NOTE"], &rows, "No guest.")?;
    Ok(ExitCode::SUCCESS)
}

fn guest_row(guest: &Guest) -> Vec<String> {
    let attendance = &guest.attendance;
    vec![
        guest.mailbox.mailbox.to_string(),
        output::word(&attendance.delivery),
        attendance.response.whole.partstat.as_str().to_owned(),
        presence(&attendance.presence).to_owned(),
        note(guest),
    ]
}

fn presence(presence: &Presence) -> &'static str {
    match (presence.opened_at, presence.entered_at) {
        (_, Some(_)) => "entered",
        (Some(_), None) => "link opened",
        (None, None) => "-",
    }
}

fn note(guest: &Guest) -> String {
    let response = &guest.attendance.response;
    let mut notes = Vec::new();
    if guest.removed_at.is_some() {
        notes.push("no longer invited".to_owned());
    }
    if let Some(proposal) = &response.whole.proposal {
        notes.push(format!("proposes {} to {} UTC", time(proposal.starts_at), time(proposal.ends_at)));
    }
    if response.away_since.is_some() {
        notes.push("away".to_owned());
    }
    if let Some(comment) = &response.whole.comment {
        notes.push(format!("\"{}\"", output::shown(comment)));
    }
    notes.join("; ")
}

fn json(meeting: &Meeting) -> serde_json::Value {
    serde_json::json!({
        "id": meeting.id,
        "title": meeting.event.title,
        "starts_at": meeting.event.starts_at,
        "ends_at": meeting.event.ends_at,
        "status": meeting.status,
        "organizer": meeting.organizer_address.mailbox,
        "organizer_uid": meeting.organizer_uid,
        "room": meeting.room,
    })
}

fn guest_json(guest: &Guest) -> serde_json::Value {
    serde_json::json!({
        "id": guest.id,
        "mailbox": guest.mailbox.mailbox,
        "name": guest.mailbox.name,
        "removed_at": guest.removed_at,
        "attendance": guest.attendance,
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
