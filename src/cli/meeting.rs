//! `paravent meeting create|list|show`

use super::{Desk, NOT_FOUND, Outcome, block_on, create, guest::reason as suppression_reason, output};
use crate::domain::address::Mailbox;
use crate::domain::attendance::Presence;
use crate::domain::id::MeetingId;
use crate::domain::meeting::{Guest, Meeting, MeetingEvent};
use crate::domain::occurrence::Occurrence;
use crate::domain::presence::{Attended, Punctual, Stays};
use crate::domain::series::Recurrence;
use crate::domain::suppression::{Suppression, in_force};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use std::process::ExitCode;

/// Most dates to come that are shown.
const COMING_MAX: usize = 5;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Invite, change or cancel by a calendar file, as if its organizer had mailed it. A running gateway sends the mail.
    Create(create::Options),
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
    match command {
        Command::Create(options) => create::run(desk, options),
        Command::List { past, limit } => {
            let now = Utc::now();
            let since = if *past { DateTime::<Utc>::MIN_UTC } else { now };
            let config = desk.load()?;
            block_on(async { list(desk, &crate::app::open_archive(&config.store).await?.meetings(since, *limit).await?, now) })
        }
        Command::Show { id } => {
            let config = desk.load()?;
            block_on(async {
                let archive = crate::app::open_archive(&config.store).await?;
                match archive.meeting(*id).await? {
                    Some(meeting) => {
                        let guests = archive.guests(*id).await?;
                        let addresses: Vec<&Mailbox> = guests.iter().map(|guest| &guest.mailbox.mailbox).collect();
                        let suppressed = archive.suppressions_of(&addresses).await?;
                        let stays = archive.stays(*id).await?;
                        show(desk, &meeting, (&guests, &suppressed, &stays), Utc::now())
                    }
                    None => {
                        output::complain(&format!("there is no meeting {id}"));
                        Ok(ExitCode::from(NOT_FOUND))
                    }
                }
            })
        }
    }
}

/// Of a series the date that runs, comes next or was the last.
fn list(desk: &Desk, meetings: &[Meeting], now: DateTime<Utc>) -> Outcome {
    if desk.json {
        for meeting in meetings {
            output::json(&json(meeting, now))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = meetings
        .iter()
        .map(|meeting| {
            let title = output::shown(&meeting.event.title);
            let next = meeting.event.occurrence_at(now).instance;
            vec![meeting.id.to_string(), time(next.starts_at), output::word(&meeting.status), title]
        })
        .collect();
    output::table(&["MEETING", "START (UTC)", "STATUS", "TITLE"], &rows, "No meeting.")?;
    Ok(ExitCode::SUCCESS)
}

fn show(desk: &Desk, meeting: &Meeting, (guests, suppressed, stays): (&[Guest], &[Suppression], &Stays), now: DateTime<Utc>) -> Outcome {
    let date = meeting.event.occurrence_at(now);
    let stays = stays.in_room(&meeting.room_of(date.id));
    let attended = |guest: &Guest| stays.attended(guest.id.0, date.instance.starts_at, date.instance.ends_at, now);
    if desk.json {
        let mut value = json(meeting, now);
        value["guests"] = guests.iter().map(|guest| guest_json(guest, suppressed, attended(guest))).collect();
        output::json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::say(&format!("{}  {}", output::shown(&meeting.event.title), output::word(&meeting.status)))?;
    output::say(&format!("{} to {} UTC, room {}", time(meeting.event.starts_at), time(meeting.event.ends_at), meeting.room))?;
    for line in series_lines(&meeting.event, now) {
        output::say(&line)?;
    }
    output::say(&format!("organizer {}, UID {}\n", meeting.organizer_address.mailbox, output::shown(&meeting.organizer_uid.0)))?;
    let rows: Vec<Vec<String>> = guests.iter().map(|guest| guest_row(guest, suppressed, attended(guest))).collect();
    output::table(&["GUEST", "DELIVERY", "RESPONSE", "PRESENCE", "NOTE"], &rows, "No guest.")?;
    Ok(ExitCode::SUCCESS)
}

/// How a meeting recurs, and the dates to come; nothing for one that takes place once.
fn series_lines(event: &MeetingEvent, now: DateTime<Utc>) -> Vec<String> {
    let Some(series) = &event.series else { return Vec::new() };
    let rule = match &series.recurrence {
        Some(recurrence) => format!("{}, on the clock of {}", rule_text(recurrence), recurrence.zone()),
        None => "single dates of a series".to_owned(),
    };
    let ahead = event.ahead(now, COMING_MAX);
    let line = |one: Occurrence| {
        let instance = one.instance;
        let title = if instance.title == event.title { String::new() } else { format!("  {}", output::shown(&instance.title)) };
        format!("  {} to {} UTC{title}", time(instance.starts_at), time(instance.ends_at))
    };
    let more = (!ahead.complete).then(|| "  and more".to_owned());
    let coming: Vec<String> = ahead.occurrences.into_iter().map(line).chain(more).collect();
    let label = if coming.is_empty() { "no date to come" } else { "coming:" };
    [format!("recurs: {rule}"), label.to_owned()].into_iter().chain(coming).collect()
}

/// RRULE, or what stands for it where dates are listed alone.
fn rule_text(recurrence: &Recurrence) -> String {
    recurrence.rule().map_or_else(|| "on listed dates".to_owned(), ToString::to_string)
}

fn series_json(event: &MeetingEvent, now: DateTime<Utc>) -> Option<serde_json::Value> {
    let series = event.series.as_ref()?;
    let coming: Vec<serde_json::Value> = event
        .coming(now, COMING_MAX)
        .into_iter()
        .map(|one| {
            let Occurrence { id, instance } = one;
            serde_json::json!({
                "id": id, "title": instance.title, "starts_at": instance.starts_at, "ends_at": instance.ends_at,
            })
        })
        .collect();
    let recurrence = series.recurrence.as_ref();
    Some(serde_json::json!({
        "rule": recurrence.and_then(Recurrence::rule).map(ToString::to_string),
        "time_zone": recurrence.map(|recurrence| recurrence.zone().name()),
        "coming": coming,
    }))
}

fn guest_row(guest: &Guest, suppressed: &[Suppression], attended: Option<Attended>) -> Vec<String> {
    let attendance = &guest.attendance;
    vec![
        guest.mailbox.mailbox.to_string(),
        output::word(&attendance.delivery),
        attendance.response.whole.partstat.as_str().to_owned(),
        attended.and_then(in_room).unwrap_or_else(|| presence(&attendance.presence).to_owned()),
        note(guest, suppressed),
    ]
}

/// What the conference server told of a guest; `None` for who is still awaited.
fn in_room(attended: Attended) -> Option<String> {
    let late = match attended.punctual {
        Punctual::Late(by) => format!(", {} min late", by.num_minutes()),
        Punctual::InTime | Punctual::Awaited => String::new(),
        Punctual::NoShow => return Some("did not come".to_owned()),
    };
    let present = attended.present?;
    let verb = if present.left_at.is_none() { "in the room for" } else { "was there" };
    Some(format!("{verb} {} min{late}", present.lasted.num_minutes()))
}

fn presence(presence: &Presence) -> &'static str {
    match (presence.opened_at, presence.entered_at) {
        (_, Some(_)) => "entered",
        (Some(_), None) => "link opened",
        (None, None) => "-",
    }
}

fn note(guest: &Guest, suppressed: &[Suppression]) -> String {
    let response = &guest.attendance.response;
    let mut notes: Vec<String> = in_force(suppressed, &guest.mailbox.mailbox, guest.meeting).map(suppression_reason).into_iter().collect();
    if guest.removed_at.is_some() {
        notes.push("no longer invited".to_owned());
    }
    if let Some(proposal) = &response.whole.proposal {
        notes.push(format!("proposes {} to {} UTC", time(proposal.starts_at), time(proposal.ends_at)));
    }
    for (id, answer) in &response.instances {
        let proposes =
            answer.proposal.as_ref().map(|proposal| format!(", proposes {} to {} UTC", time(proposal.starts_at), time(proposal.ends_at)));
        let said = answer.comment.as_ref().map(|comment| format!(" \"{}\"", output::shown(comment)));
        notes
            .push([Some(format!("{}: {}", time(*id), answer.partstat.as_str())), proposes, said].into_iter().flatten().collect::<String>());
    }
    if response.away_since.is_some() {
        notes.push("away".to_owned());
    }
    if let Some(comment) = &response.whole.comment {
        notes.push(format!("\"{}\"", output::shown(comment)));
    }
    notes.join("; ")
}

fn json(meeting: &Meeting, now: DateTime<Utc>) -> serde_json::Value {
    serde_json::json!({
        "id": meeting.id,
        "title": meeting.event.title,
        "starts_at": meeting.event.starts_at,
        "ends_at": meeting.event.ends_at,
        "whole_days": meeting.event.whole_days.map(|zone| zone.name()),
        "series": series_json(&meeting.event, now),
        "status": meeting.status,
        "organizer": meeting.organizer_address.mailbox,
        "organizer_uid": meeting.organizer_uid,
        "room": meeting.room,
    })
}

fn guest_json(guest: &Guest, suppressed: &[Suppression], attended: Option<Attended>) -> serde_json::Value {
    let present = attended.and_then(|attended| attended.present);
    serde_json::json!({
        "id": guest.id,
        "mailbox": guest.mailbox.mailbox,
        "name": guest.mailbox.name,
        "removed_at": guest.removed_at,
        "attendance": guest.attendance,
        "in_room": present.map(|present| serde_json::json!({
            "first_at": present.first_at, "left_at": present.left_at, "seconds": present.lasted.num_seconds(),
        })),
        "did_not_come": attended.map(|attended| attended.punctual == Punctual::NoShow),
        "suppressed": in_force(suppressed, &guest.mailbox.mailbox, guest.meeting),
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::occurrence::Series;
    use crate::domain::series::Rule;
    use chrono::TimeDelta;
    use chrono_tz::Tz;
    use std::collections::BTreeMap;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Mondays at nine in Paris; the second is moved and has a title of its own.
    fn mondays(rule: &str) -> MeetingEvent {
        let (starts_at, length) = (at("2026-10-19T07:00:00Z"), TimeDelta::minutes(45));
        let rule = Rule::parse(rule, Tz::Europe__Paris, false).unwrap();
        let recurrence = Recurrence::new(Tz::Europe__Paris, starts_at, Some(rule), vec![], vec![]).unwrap();
        let mut event = MeetingEvent {
            title: "Point".into(),
            description: None,
            starts_at,
            ends_at: starts_at + length,
            series: None,
            whole_days: None,
        };
        let moved = at("2026-10-27T13:00:00Z");
        let moved =
            crate::domain::occurrence::Instance { title: "Bilan".into(), starts_at: moved, ends_at: moved + length, ..event.first() };
        let changed = BTreeMap::from([(at("2026-10-26T08:00:00Z"), moved)]);
        event.series = Some(Box::new(Series { recurrence: Some(recurrence), changed }));
        event
    }

    #[test]
    fn a_series_is_shown_with_its_rule_and_the_dates_to_come() {
        let now = at("2026-10-20T00:00:00Z");
        let shown = [
            "recurs: FREQ=WEEKLY;COUNT=3, on the clock of Europe/Paris",
            "coming:",
            "  2026-10-27 13:00 to 2026-10-27 13:45 UTC  Bilan",
            "  2026-11-02 08:00 to 2026-11-02 08:45 UTC",
        ];
        assert_eq!(series_lines(&mondays("FREQ=WEEKLY;COUNT=3"), now), shown);
        assert_eq!(series_lines(&mondays("FREQ=WEEKLY"), now).last().map(String::as_str), Some("  and more"));
        assert_eq!(series_lines(&mondays("FREQ=WEEKLY;COUNT=3"), at("2027-01-01T00:00:00Z"))[1..], ["no date to come"]);
        let once = MeetingEvent { series: None, ..mondays("FREQ=WEEKLY") };
        assert_eq!((series_lines(&once, now), series_json(&once, now)), (vec![], None));
        let single = mondays("FREQ=WEEKLY").of_instances(mondays("FREQ=WEEKLY").series.unwrap().changed);
        assert_eq!(series_lines(&single, now)[0], "recurs: single dates of a series");
    }

    #[test]
    fn programs_get_the_same_as_json() {
        let value = series_json(&mondays("FREQ=WEEKLY;COUNT=3"), at("2026-10-20T00:00:00Z")).unwrap();
        let expected = serde_json::json!({
            "rule": "FREQ=WEEKLY;COUNT=3",
            "time_zone": "Europe/Paris",
            "coming": [
                {"id": "2026-10-26T08:00:00Z", "title": "Bilan", "starts_at": "2026-10-27T13:00:00Z", "ends_at": "2026-10-27T13:45:00Z"},
                {"id": "2026-11-02T08:00:00Z", "title": "Point", "starts_at": "2026-11-02T08:00:00Z", "ends_at": "2026-11-02T08:45:00Z"},
            ],
        });
        assert_eq!(value, expected);
    }
}
