//! `paravent meeting create`: a calendar file is carried out as if its organizer had mailed it.

use super::{Desk, FAILED, Outcome, block_on, output};
use crate::domain::address::Mailbox;
use crate::domain::compose::SummaryKind;
use crate::domain::id::MeetingId;
use crate::domain::invitation;
use crate::domain::itip::{CalendarLimits, CalendarObject, read_several};
use crate::flow::{ObjectEnd, ObjectTold};
use anyhow::Context;
use clap::Args;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The calendar file (iCalendar, RFC 5545); `-` reads standard input. METHOD:CANCEL cancels.
    #[arg(long, value_name = "FILE")]
    ics: PathBuf,
    /// Who invites, an address of the directory. Without it the ORGANIZER of each meeting does.
    #[arg(long = "as", value_name = "ADDRESS")]
    organizer: Option<Mailbox>,
    /// Say what would be sent to whom, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Each meeting of the file in turn, a line each. One that can't be done leaves the others as they are.
pub(super) fn run(desk: &Desk, options: &Options) -> Outcome {
    let config = desk.load()?;
    let limits = CalendarLimits::default();
    let bytes = bytes_of(&options.ics, limits.bytes).with_context(|| options.ics.display().to_string())?;
    block_on(async {
        let gateway = crate::app::gateway(&config).await?;
        let mut all_done = true;
        for read in read_several(&bytes, &limits) {
            let uid = read.as_ref().map(|object| invitation::uid(object).0).unwrap_or_default();
            let title = read.as_ref().ok().and_then(title).unwrap_or_default();
            let end = match read {
                Ok(object) => gateway.carry_out_object(object, options.organizer.as_ref(), options.dry_run).await,
                Err(error) => gateway.unreadable_object(&error),
            };
            let end = end.with_context(|| format!("{} {}", output::shown(&title), output::shown(&uid)))?;
            all_done &= tell(desk, &Subject { uid, title }, &end)?;
        }
        Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    })
}

/// What is at the path, up to one octet more than a calendar file may have.
fn bytes_of(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(std::io::stdin().lock()) } else { Box::new(std::fs::File::open(path)?) };
    let mut bytes = Vec::new();
    source.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn title(object: &CalendarObject) -> Option<String> {
    object.main_event().and_then(|event| event.summary.clone())
}

/// What a line is about, as the file says.
struct Subject {
    uid: String,
    title: String,
}

impl Subject {
    fn for_people(&self) -> String {
        let names = [&self.title, &self.uid].map(|name| output::shown(name)).into_iter().find(|name| !name.is_empty());
        names.unwrap_or_else(|| "calendar object".to_owned())
    }
}

/// Prints the line of one meeting. Whether it is now as the file wants it.
fn tell(desk: &Desk, subject: &Subject, end: &ObjectEnd) -> anyhow::Result<bool> {
    let problems = problems(end);
    if desk.json {
        output::json(&json(subject, end, &problems))?;
        return Ok(problems.is_empty());
    }
    match end {
        ObjectEnd::Done(told) => output::say(&line(end, told, word(told.kind)))?,
        ObjectEnd::Planned(told) => output::say(&line(end, told, &format!("would be {}", word(told.kind))))?,
        ObjectEnd::Repeated => output::say(&format!("unchanged  {}: carried out before, nothing is sent again", subject.for_people()))?,
        ObjectEnd::NoOrganizer | ObjectEnd::NotAnOrganizer(_) | ObjectEnd::Refused(_) => {
            output::complain(&format!("{}: {}", subject.for_people(), output::shown(&problems.join(" "))));
        }
    }
    Ok(problems.is_empty())
}

/// Why nothing was done; nothing where it was.
fn problems(end: &ObjectEnd) -> Vec<String> {
    match end {
        ObjectEnd::Done(_) | ObjectEnd::Planned(_) | ObjectEnd::Repeated => Vec::new(),
        ObjectEnd::NoOrganizer => vec!["It names no ORGANIZER: say who invites with --as.".to_owned()],
        ObjectEnd::NotAnOrganizer(mailbox) => {
            vec![format!("{mailbox} is nobody who may invite (paravent organizer list shows who may).")]
        }
        ObjectEnd::Refused(sentences) => sentences.clone(),
    }
}

fn word(kind: SummaryKind) -> &'static str {
    match kind {
        SummaryKind::Created => "created",
        SummaryKind::Updated => "updated",
        SummaryKind::Cancelled => "cancelled",
    }
}

/// `created  <id>  Title, 2026-01-06 13:00 UTC: invitation to a, b; summary to c`
fn line(end: &ObjectEnd, told: &ObjectTold, what: &str) -> String {
    let ObjectTold { meeting, guests, summary_to, remarks, .. } = told;
    let to = |outcome: &str| -> Vec<String> {
        guests.iter().filter(|one| one.outcome == outcome).map(|one| one.guest.mailbox.to_string()).collect()
    };
    let of =
        |(outcome, label): (&str, &str)| Some(to(outcome)).filter(|all| !all.is_empty()).map(|all| format!("{label} {}", all.join(", ")));
    let labels = [("invited", "invitation to"), ("updated", "update to"), ("removed", "cancellation to"), ("unchanged", "nothing new for")];
    let sent: Vec<String> = labels.into_iter().filter_map(of).chain([format!("summary to {summary_to}")]).collect();
    let starts_at = meeting.event.starts_at.format("%Y-%m-%d %H:%M");
    let left_out: String = remarks.iter().map(|remark| format!(" ({remark})")).collect();
    let id = known_id(end, told).map(|id| format!("{id}  ")).unwrap_or_default();
    output::shown(&format!("{what}  {id}{}, {starts_at} UTC: {}{left_out}", meeting.event.title, sent.join("; ")))
}

/// The meeting's id, which leads nowhere for one that nobody made.
fn known_id(end: &ObjectEnd, told: &ObjectTold) -> Option<MeetingId> {
    (matches!(end, ObjectEnd::Done(_)) || told.meeting.version > 0).then_some(told.meeting.id)
}

fn json(subject: &Subject, end: &ObjectEnd, problems: &[String]) -> serde_json::Value {
    let result = match end {
        ObjectEnd::Done(told) | ObjectEnd::Planned(told) => word(told.kind),
        ObjectEnd::Repeated => "unchanged",
        ObjectEnd::NoOrganizer | ObjectEnd::NotAnOrganizer(_) | ObjectEnd::Refused(_) => "refused",
    };
    let mut value = serde_json::json!({
        "uid": subject.uid, "title": subject.title, "result": result, "dry_run": matches!(end, ObjectEnd::Planned(_)), "problems": problems,
    });
    if let ObjectEnd::Done(told) | ObjectEnd::Planned(told) = end {
        let ObjectTold { meeting, guests, summary_to, remarks, .. } = &**told;
        value["meeting"] = serde_json::json!(known_id(end, told));
        value["organizer"] = serde_json::json!(summary_to);
        value["starts_at"] = serde_json::json!(meeting.event.starts_at);
        value["ends_at"] = serde_json::json!(meeting.event.ends_at);
        let guest = |mailbox: &Mailbox, outcome: &str| serde_json::json!({ "mailbox": mailbox, "outcome": outcome });
        value["guests"] = guests.iter().map(|one| guest(&one.guest.mailbox, one.outcome)).collect();
        value["remarks"] = serde_json::json!(remarks);
    }
    value
}
