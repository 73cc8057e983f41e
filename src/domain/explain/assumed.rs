//! `explain --content-only`: the bytes alone are judged, as if they had come to the right address from the guest.

use super::{Explanation, of_calendar};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::attachment::AttachmentPolicy;
use crate::domain::attendance::Attendance;
use crate::domain::authentication::Authentication;
use crate::domain::decision::{Dialog, decide};
use crate::domain::id::{GuestId, MeetingId, OrganizerId};
use crate::domain::itip::Uid;
use crate::domain::language::Language;
use crate::domain::meeting::{Guest, Meeting, MeetingEvent, MeetingStatus};
use crate::domain::mime::{self, InboundMail, MimeLimits};
use crate::domain::organizer::{Anonymity, Group, Organizer};
use crate::domain::part::Part;
use crate::domain::reply::{Context, Door, classify};
use crate::domain::revision::Ledger;
use crate::domain::scan::Scanned;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Judges a message or a bare calendar file. Never fails: what can't be read is classed `unreadable`.
pub fn content_only(file: &str, bytes: &[u8], limits: &MimeLimits, now: DateTime<Utc>) -> Explanation {
    let mail = read(bytes, limits);
    let authentication = Authentication::vouched();
    let context = Context {
        door: Door::Assumed,
        null_reverse_path: false,
        authentication: &authentication,
        sender_is_expected: Some(true),
        duplicate: false,
        looped: false,
        uid: None,
        over: false,
        attachments: &AttachmentPolicy::default(),
        scanned: &Scanned::default(),
        released: false,
        last_sent_at: None,
        now,
    };
    let classified = classify(&mail, &context);
    let Some((meeting, guest, organizer)) = made_up(&mail, now) else {
        return Explanation::unreadable(file, "no dialog could be assumed");
    };
    let dialog = Dialog { meeting: &meeting, guest: &guest, organizer: &organizer };
    let decision = decide(&mail, &classified, &dialog, &context);
    Explanation::of(file, &classified, &decision, &dialog, &authentication)
}

fn read(bytes: &[u8], limits: &MimeLimits) -> InboundMail {
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if start.get(..15).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCALENDAR")) {
        return of_calendar(start);
    }
    if !bytes.contains(&b'\n') && bytes.contains(&b'\r') {
        // Files of old Macs end their lines with CR alone.
        let lines: Vec<u8> = bytes.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect();
        return mime::read(&lines, limits);
    }
    if starts_with_a_field(bytes) {
        return mime::read(bytes, limits);
    }
    // Words without any header: all of them are the body.
    mime::read(&[b"\n", bytes].concat(), limits)
}

/// Whether the first line is a header field (RFC 5322 §2.2) or an mbox line.
fn starts_with_a_field(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let name = line.split(|b| *b == b':').next().unwrap_or_default();
    line.starts_with(b"From ")
        || name.len() < line.len() && !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// A dialog in which the sender is the guest and the meeting is a week ahead.
fn made_up(mail: &InboundMail, now: DateTime<Utc>) -> Option<(Meeting, Guest, Organizer)> {
    let nobody = |text: &str| Mailbox::parse(text).ok();
    let mailbox = match mail.from.first() {
        Some(from) => from.mailbox.clone(),
        None => nobody("guest@guest.invalid")?,
    };
    let organizer_mailbox = nobody("organizer@organizer.invalid")?;
    let (meeting_id, organizer_id) = (MeetingId(Uuid::nil()), OrganizerId(Uuid::nil()));
    let starts_at = now.checked_add_signed(TimeDelta::days(7))?;
    let meeting = Meeting {
        id: meeting_id,
        organizer: organizer_id,
        organizer_address: NamedMailbox::bare(organizer_mailbox.clone()),
        organizer_uid: Uid(String::new()),
        ledger: Ledger::default(),
        organizer_object: String::new(),
        event: MeetingEvent {
            title: String::new(),
            description: None,
            starts_at,
            ends_at: starts_at + TimeDelta::hours(1),
            series: None,
            whole_days: None,
        },
        status: MeetingStatus::Scheduled,
        room: String::new(),
        created_at: now,
        version: 0,
    };
    let guest = Guest {
        part: Part::default(),
        ledger: Ledger::default(),
        id: GuestId(Uuid::nil()),
        meeting: meeting_id,
        mailbox: NamedMailbox::bare(mailbox.clone()),
        also: Vec::new(),
        invited_as: mailbox,
        language: Language::english(),
        uid: Uid(String::new()),
        sent: None,
        link: Uuid::nil(),
        removed_at: None,
        attendance: Attendance::default(),
        version: 0,
    };
    let group = Group {
        name: String::new(),
        label: String::new(),
        anonymity: Anonymity::default(),
        language: Language::english(),
        time_zone: chrono_tz::Tz::UTC,
        allow_counter: true,
    };
    let organizer = Organizer {
        id: organizer_id,
        mailbox: organizer_mailbox,
        aliases: Vec::new(),
        name: String::new(),
        language: Language::english(),
        secrets: Vec::new(),
        group,
        active: true,
    };
    Some((meeting, guest, organizer))
}
