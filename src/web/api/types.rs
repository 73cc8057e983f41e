//! What programs read and write. Names and forms are a promise: they change with the version in the path alone.

use super::KnownWebhook;
use crate::domain::alert::Alert;
use crate::domain::listing::Hit;
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::presence::{Attended, Punctual};
use crate::domain::record::ReceivedSummary;
use crate::web::pages::word;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Page<T: ToSchema> {
    /// Its rows.
    pub items: Vec<T>,
    /// `cursor` of the next page; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A meeting.
#[derive(Serialize, ToSchema)]
pub(super) struct MeetingOut {
    /// Id.
    pub id: Uuid,
    /// Title.
    pub title: String,
    /// What guests read of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Start; of a series, of its first date.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// `scheduled` or `cancelled`.
    pub status: String,
    /// The organizer's address.
    pub organizer: String,
    /// The UID of the organizer's calendar object (RFC 5545 §3.8.4.7).
    pub uid: String,
    /// Whether it recurs.
    pub is_series: bool,
    /// Whether it can be changed here: a meeting of a calendar program is changed there.
    pub is_changeable: bool,
}

/// A guest with their attendance.
#[derive(Serialize, ToSchema)]
pub(super) struct GuestOut {
    /// Id.
    pub id: Uuid,
    /// Address.
    pub address: String,
    /// Name, where the organizer gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether they are invited still.
    pub is_invited: bool,
    /// `queued`, `sent`, `delayed`, `undeliverable` or `stopped`.
    pub delivery: String,
    /// PARTSTAT (RFC 5545 §3.2.12).
    pub response: String,
    /// What they wrote with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When they pressed the button of their page first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<DateTime<Utc>>,
    /// In the room of the current date: since when, as the conference server tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_room_from: Option<DateTime<Utc>>,
    /// Until when; missing while they are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_room_until: Option<DateTime<Utc>>,
    /// How long in all, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_room_seconds: Option<i64>,
    /// Whether they did not come, where the conference server told of the room at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_not_come: Option<bool>,
}

/// A meeting with its guests.
#[derive(Serialize, ToSchema)]
pub(super) struct MeetingWithGuests {
    /// The meeting.
    #[serde(flatten)]
    pub meeting: MeetingOut,
    /// Everybody who was ever invited.
    pub guests: Vec<GuestOut>,
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GuestIn {
    /// Address.
    pub address: String,
    /// Name.
    pub name: Option<String>,
}

/// A meeting to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeetingIn {
    /// Title, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What guests read of it; nothing in it may show the organizer.
    #[schema(max_length = 8000)]
    pub description: Option<String>,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End, later than the start.
    pub ends_at: DateTime<Utc>,
    /// Whom to invite, at least one.
    #[schema(min_items = 1)]
    pub guests: Vec<GuestIn>,
}

/// A new meeting.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMeeting {
    /// Address of the organizer, who is in the directory and active.
    pub organizer: String,
    /// Title, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What guests read of it; nothing in it may show the organizer.
    #[schema(max_length = 8000)]
    pub description: Option<String>,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End, later than the start.
    pub ends_at: DateTime<Utc>,
    /// Whom to invite, at least one.
    #[schema(min_items = 1)]
    pub guests: Vec<GuestIn>,
}

/// What to do about an alert: one of its `actions`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertActionIn {
    /// Its name.
    #[schema(pattern = "^(acknowledge|resolve|accept-address|release|send-without|drop|resend|reissue-link|revoke-link)$")]
    pub action: String,
}

/// What to do for a guest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GuestActionIn {
    /// Its name.
    pub action: GuestAction,
}

/// What can be done for a guest.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum GuestAction {
    /// The invitation once more.
    Resend,
    /// The invitation with a new link; the old one is dead.
    ReissueLink,
    /// Open the door for them.
    LetIn,
}

/// What to do about a mail that waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldActionIn {
    /// Its name.
    pub action: HoldAction,
}

/// What can be done about a mail that waits.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum HoldAction {
    /// It goes on as if its author had been proved.
    Release,
    /// It goes on without what shows the organizer.
    SendWithout,
    /// It ends without effect.
    Drop,
}

/// An alert.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertOut {
    /// Id.
    pub id: Uuid,
    /// Kind: docs/alerts.md has the list.
    pub kind: String,
    /// `info`, `warning` or `high`.
    pub severity: String,
    /// `open`, `acknowledged` or `resolved`.
    pub state: String,
    /// One sentence, addresses masked.
    pub evidence: String,
    /// How often it happened.
    pub count: u32,
    /// First time.
    pub opened_at: DateTime<Utc>,
    /// Last time.
    pub last_at: DateTime<Utc>,
    /// The meeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting: Option<Uuid>,
    /// The guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<Uuid>,
    /// The mail that waits behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Uuid>,
    /// What can be done about it now.
    pub actions: Vec<String>,
}

/// A mail that waits.
#[derive(Serialize, ToSchema)]
pub(super) struct HoldOut {
    /// Id.
    pub id: Uuid,
    /// What it is.
    pub class: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Why it waits.
    pub reasons: Vec<String>,
    /// The meeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meeting: Option<Uuid>,
    /// The guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<Uuid>,
    /// Octets.
    pub size: u64,
}

impl MeetingOut {
    pub(super) fn of(meeting: &Meeting, is_changeable: bool) -> Self {
        Self {
            id: meeting.id.0,
            title: meeting.event.title.clone(),
            description: meeting.event.description.clone(),
            starts_at: meeting.event.starts_at,
            ends_at: meeting.event.ends_at,
            status: word(&meeting.status),
            organizer: meeting.organizer_address.mailbox.to_string(),
            uid: meeting.organizer_uid.0.clone(),
            is_series: meeting.event.series.is_some(),
            is_changeable,
        }
    }
}

impl GuestOut {
    pub(super) fn of(guest: &Guest, attended: Option<Attended>) -> Self {
        let present = attended.and_then(|attended| attended.present);
        let response = &guest.attendance.response.whole;
        Self {
            id: guest.id.0,
            address: guest.mailbox.mailbox.to_string(),
            name: guest.mailbox.name.clone(),
            is_invited: guest.removed_at.is_none(),
            delivery: word(&guest.attendance.delivery),
            response: response.partstat.as_str().to_owned(),
            comment: response.comment.clone(),
            entered_at: guest.attendance.presence.entered_at,
            in_room_from: present.map(|present| present.first_at),
            in_room_until: present.and_then(|present| present.left_at),
            in_room_seconds: present.map(|present| present.lasted.num_seconds()),
            did_not_come: attended.map(|attended| attended.punctual == Punctual::NoShow),
        }
    }
}

impl AlertOut {
    pub(super) fn of(alert: &Alert) -> Self {
        Self {
            id: alert.id.0,
            kind: word(&alert.kind),
            severity: word(&alert.severity),
            state: word(&alert.state),
            evidence: alert.evidence.clone(),
            count: alert.count,
            opened_at: alert.opened_at,
            last_at: alert.last_at,
            meeting: alert.meeting.map(|meeting| meeting.0),
            guest: alert.guest.map(|guest| guest.0),
            hold: alert.received.map(|received| received.0),
            actions: alert.actions().into_iter().map(|action| action.name().to_owned()).collect(),
        }
    }
}

impl HoldOut {
    pub(super) fn of(mail: &ReceivedSummary) -> Self {
        Self {
            id: mail.id.0,
            class: word(&mail.class),
            received_at: mail.received_at,
            reasons: mail.reasons.clone(),
            meeting: mail.meeting.map(|meeting| meeting.0),
            guest: mail.guest.map(|guest| guest.0),
            size: mail.size,
        }
    }
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(super) struct Hits {
    /// Meetings and guests.
    items: Vec<HitOut>,
}

/// A meeting, or a guest of one.
#[derive(Serialize, ToSchema)]
pub(super) struct HitOut {
    /// The meeting.
    meeting: Uuid,
    /// Its title.
    title: String,
    /// Its start.
    starts_at: DateTime<Utc>,
    /// The guest that was found; `null` where it was the meeting.
    guest: Option<Uuid>,
    /// Their address.
    address: Option<String>,
}

impl Hits {
    pub(super) fn of(hits: &[Hit]) -> Self {
        let items = hits.iter().map(|hit| match hit {
            Hit::Meeting { id, title, starts_at } => {
                HitOut { meeting: id.0, title: title.clone(), starts_at: *starts_at, guest: None, address: None }
            }
            Hit::Guest { id, address, meeting, title, starts_at } => HitOut {
                meeting: meeting.0,
                title: title.clone(),
                starts_at: *starts_at,
                guest: Some(id.0),
                address: Some(address.clone()),
            },
        });
        Self { items: items.collect() }
    }
}

/// All webhooks.
#[derive(Serialize, ToSchema)]
pub(super) struct Webhooks {
    /// In the order of the settings.
    pub(super) items: Vec<WebhookOut>,
}

/// How far a webhook is.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookOut {
    /// Its name.
    name: String,
    /// The least severe that it is told of: `info`, `warning` or `high`.
    severity: String,
    /// The number of the last event that it was told, or that was passed over.
    told: u64,
    /// How many newer events there are at most: some may be less severe than it wants.
    waiting: u64,
}

impl WebhookOut {
    pub(super) fn of(webhook: &KnownWebhook, told: u64, newest: u64) -> Self {
        Self { name: webhook.name.clone(), severity: word(&webhook.severity), told, waiting: newest.saturating_sub(told) }
    }
}
