//! "I can't connect": a guest asks for help from their page. It raises an alert with what their browser told of itself.

use super::alerts::About;
use super::bearer::Bearer;
use super::gateway::Gateway;
use super::port::PortResult;
use crate::domain::alert::{AlertDraft, AlertKind, Severity};
use crate::domain::id::GuestId;
use crate::domain::record::{AuditEvent, Committed, Write};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

/// Longest words that are taken, in characters.
pub const WORDS_MAX: usize = 1_000;
/// Longest name of a browser, in characters.
const BROWSER_MAX: usize = 200;
/// How long before its start a meeting is near: then the alert is high.
const NEAR: TimeDelta = TimeDelta::hours(2);

/// What the page's test of a camera or microphone found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// Not tested, or without scripts.
    #[default]
    Unknown,
    /// It works.
    Works,
    /// The browser or its user did not allow it.
    Refused,
    /// There is none.
    Missing,
    /// Another program has it, or it fails.
    Busy,
}

impl Device {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "not tested",
            Self::Works => "works",
            Self::Refused => "refused",
            Self::Missing => "missing",
            Self::Busy => "busy or broken",
        }
    }
}

/// What a guest and their browser say.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// The guest's words; empty for none.
    pub words: String,
    /// The browser's name of itself (User-Agent, RFC 9110 §10.1.5).
    pub browser: String,
    /// Camera.
    pub camera: Device,
    /// Microphone.
    pub microphone: Device,
    /// Whether it can hold a video call at all (WebRTC), where that is known.
    pub calls: Option<bool>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helped {
    /// The helpdesk knows.
    Told,
    /// The link is dead, or the meeting is over or does not take place.
    TooLate,
}

impl Gateway {
    /// Tells the helpdesk that whoever has this link can't connect. Again within the hour it changes nothing.
    pub async fn ask_for_help(&self, token: &str, trouble: &Trouble) -> PortResult<Helped> {
        let now = self.world.now();
        let Some(bearer) = self.bearer(token, now).await? else { return Ok(Helped::TooLate) };
        if !bearer.is_newest || !bearer.is_expected(now) {
            return Ok(Helped::TooLate);
        }
        let Bearer { meeting, guest, .. } = bearer;
        let Some(first) = self.once_an_hour("cannot-connect", guest.id, now).await? else { return Ok(Helped::Told) };
        let starts_at = guest.view(&meeting).occurrence_at(now).instance.starts_at;
        let draft = AlertDraft {
            kind: AlertKind::CannotConnect,
            severity: if now >= starts_at - NEAR { Severity::High } else { Severity::Warning },
            evidence: evidence(&guest.mailbox.mailbox.masked(), starts_at, trouble),
        };
        let about = About { meeting: Some(meeting.id), guest: Some(guest.id), received: None };
        let mut writes = vec![first, Write::Audit(asked(about, guest.id, trouble, now))];
        self.raise(&[draft], about, now, &mut writes).await?;
        match self.commit(writes).await? {
            // Two presses at once: the other one told.
            Committed::Done | Committed::Duplicate | Committed::Conflict => Ok(Helped::Told),
        }
    }
}

/// What the helpdesk reads; the guest's own words are not in it, since it goes to other programs too.
fn evidence(who: &str, starts_at: DateTime<Utc>, trouble: &Trouble) -> String {
    let calls = match trouble.calls {
        None => "not known",
        Some(true) => "yes",
        Some(false) => "no",
    };
    let browser = clean(&trouble.browser, BROWSER_MAX);
    format!(
        "{who} pressed \u{201c}I can\u{2019}t connect\u{201d} on their page, for the meeting at {}. Browser: {}. Camera: {}. Microphone: {}. \
         Video calls: {calls}.{}",
        starts_at.format("%Y-%m-%d %H:%M UTC"),
        if browser.is_empty() { "not named" } else { &browser },
        trouble.camera.name(),
        trouble.microphone.name(),
        if trouble.words.trim().is_empty() { "" } else { " Their words are on the page of this alert." },
    )
}

/// One line without control characters.
fn clean(text: &str, longest: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(longest).collect();
    line.trim().to_owned()
}

fn asked(about: About, guest: GuestId, trouble: &Trouble, now: DateTime<Utc>) -> AuditEvent {
    let words: String = trouble.words.trim().chars().take(WORDS_MAX).collect();
    AuditEvent {
        at: now,
        actor: format!("guest:{guest}"),
        action: ASKED.to_owned(),
        meeting: about.meeting,
        guest: Some(guest),
        received: None,
        detail: serde_json::json!({ "words": words }).to_string(),
    }
}

/// The audit trail's name of a cry for help.
pub(super) const ASKED: &str = "guest.cannot-connect";

/// The words of the newest cry for help of this guest in the audit trail.
pub(super) fn newest_words(trail: &[AuditEvent], guest: GuestId) -> Option<String> {
    let newest = trail.iter().rev().find(|event| event.action == ASKED && event.guest == Some(guest))?;
    let detail: serde_json::Value = serde_json::from_str(&newest.detail).ok()?;
    detail.get("words")?.as_str().filter(|words| !words.is_empty()).map(str::to_owned)
}
