//! The archive's questions as queries.

use super::engine::{DbRow, Engine};
use super::queue::state_of;
use crate::domain::address::Mailbox;
use crate::domain::alert::{Alert, AlertEvent, AlertState, Severity};
use crate::domain::attendance::Attendance;
use crate::domain::budget::Counter;
use crate::domain::delivery::OutboxItem;
use crate::domain::id::{AlertId, GuestId, MeetingId, OrganizerId, OutboxId, ReceivedId};
use crate::domain::itip::Uid;
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::organizer::Organizer;
use crate::domain::reconciliation::{Progress, Reconciliation};
use crate::domain::record::{AuditEvent, Commit, Committed, DedupeKey, HoldState, Received, ReceivedSummary};
use crate::domain::suppression::Suppression;
use crate::domain::thread::{MessageId, ThreadLink};
use crate::flow::port::{Archive, PortResult};
use crate::store::codec::{decode, from_json, from_path, from_word, id, micros, text, time, unsigned, uuid, word};
use crate::store::unread;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;

const GUEST: &str = "SELECT g.facts, g.version, g.delivery, g.response, g.presence, m.facts AS meeting_facts, m.version AS meeting_version \
     FROM guests g JOIN meetings m ON m.id = g.meeting WHERE g.id = $1";

#[async_trait]
impl Archive for Engine {
    async fn commit(&self, commit: Commit) -> PortResult<Committed> {
        self.write(commit).await
    }

    async fn seen(&self, key: &DedupeKey) -> PortResult<bool> {
        let found = sqlx::query("SELECT 1 FROM received WHERE dedupe = $1").bind(key.0.to_vec()).fetch_optional(&self.readers).await;
        found.map(|row| row.is_some()).map_err(unread)
    }

    async fn meeting(&self, meeting: MeetingId) -> PortResult<Option<Meeting>> {
        let query = sqlx::query("SELECT facts, version FROM meetings WHERE id = $1").bind(id(meeting.0));
        let row = query.fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(|row| meeting_of(row, "facts", "version")).transpose().map_err(unread)
    }

    async fn meeting_by_uid(&self, organizer: OrganizerId, uid: &Uid) -> PortResult<Option<Meeting>> {
        let query = sqlx::query("SELECT facts, version FROM meetings WHERE organizer = $1 AND organizer_uid = $2");
        let row = query.bind(id(organizer.0)).bind(text(&uid.0)).fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(|row| meeting_of(row, "facts", "version")).transpose().map_err(unread)
    }

    async fn meetings(&self, since: DateTime<Utc>, limit: u32) -> PortResult<Vec<Meeting>> {
        let query = sqlx::query("SELECT facts, version FROM meetings WHERE ends_at > $1 ORDER BY starts_at DESC LIMIT $2");
        let rows = query.bind(micros(since)).bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(|row| meeting_of(row, "facts", "version")).collect::<Result<_, _>>().map_err(unread)
    }

    async fn guests(&self, meeting: MeetingId) -> PortResult<Vec<Guest>> {
        let query = sqlx::query("SELECT facts, version, delivery, response, presence FROM guests WHERE meeting = $1 ORDER BY number");
        let rows = query.bind(id(meeting.0)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(guest_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn guest(&self, guest: GuestId) -> PortResult<Option<(Meeting, Guest)>> {
        let row = sqlx::query(GUEST).bind(id(guest.0)).fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(dialog_of).transpose().map_err(unread)
    }

    async fn guests_of_address(&self, address: &Mailbox, since: DateTime<Utc>) -> PortResult<Vec<(Meeting, Guest)>> {
        let query = sqlx::query(
            "SELECT g.facts, g.version, g.delivery, g.response, g.presence, m.facts AS meeting_facts, m.version AS meeting_version \
             FROM guests g JOIN meetings m ON m.id = g.meeting WHERE g.mailbox = $1 AND m.ends_at > $2 ORDER BY g.number",
        );
        let rows = query.bind(address.canonical()).bind(micros(since)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(dialog_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn newest_dialog(&self, organizer: OrganizerId, invited_as: &Mailbox) -> PortResult<Option<(Meeting, Guest)>> {
        let query = sqlx::query(
            "SELECT g.facts, g.version, g.delivery, g.response, g.presence, m.facts AS meeting_facts, m.version AS meeting_version \
             FROM guests g JOIN meetings m ON m.id = g.meeting WHERE g.invited_as = $1 AND m.organizer = $2 ORDER BY g.number DESC LIMIT 1",
        );
        let row = query.bind(invited_as.canonical()).bind(id(organizer.0)).fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(dialog_of).transpose().map_err(unread)
    }

    async fn thread(&self, guest: GuestId) -> PortResult<Vec<ThreadLink>> {
        let query = sqlx::query("SELECT guest, organizer_side, guest_side FROM threads WHERE guest = $1 ORDER BY number DESC LIMIT 200");
        let rows = query.bind(id(guest.0)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(link_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn thread_by_organizer_ids(&self, ids: &[MessageId]) -> PortResult<Vec<ThreadLink>> {
        let mut links = Vec::new();
        for one in ids {
            let query = sqlx::query("SELECT guest, organizer_side, guest_side FROM threads WHERE organizer_side = $1");
            let rows = query.bind(one.as_str()).fetch_all(&self.readers).await.map_err(unread)?;
            links.extend(rows.iter().map(link_of).collect::<Result<Vec<_>, _>>().map_err(unread)?);
        }
        Ok(links)
    }

    async fn outbox_due(&self, now: DateTime<Utc>, limit: u32) -> PortResult<Vec<OutboxItem>> {
        let query = sqlx::query("SELECT * FROM outbox WHERE state = 'due' AND due_at <= $1 ORDER BY due_at LIMIT $2");
        let rows = query.bind(micros(now)).bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(item_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn outbox_next(&self) -> PortResult<Option<DateTime<Utc>>> {
        let next: Result<Option<i64>, _> =
            sqlx::query_scalar("SELECT min(due_at) FROM outbox WHERE state = 'due'").fetch_one(&self.readers).await;
        next.map(|micros| micros.map(time)).map_err(unread)
    }

    async fn outbox_waiting(&self) -> PortResult<u64> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE state = 'due'").fetch_one(&self.readers).await.map_err(unread)?;
        unsigned(count).map_err(unread)
    }

    async fn last_sent_at(&self, guest: GuestId) -> PortResult<Option<DateTime<Utc>>> {
        let query = sqlx::query_scalar(
            "SELECT max(settled_at) FROM outbox WHERE guest = $1 AND state = 'sent' AND purpose IN ('invitation', 'answer')",
        );
        let newest: Result<Option<i64>, _> = query.bind(id(guest.0)).fetch_one(&self.readers).await;
        newest.map(|micros| micros.map(time)).map_err(unread)
    }

    async fn received(&self, hold: Option<HoldState>, limit: u32) -> PortResult<Vec<ReceivedSummary>> {
        let query = match hold {
            Some(state) => {
                sqlx::query("SELECT * FROM received WHERE hold = $1 ORDER BY received_at DESC LIMIT $2").bind(word(&state).map_err(unread)?)
            }
            None => sqlx::query("SELECT * FROM received WHERE $1 IS NOT NULL ORDER BY received_at DESC LIMIT $2").bind("all"),
        };
        let rows = query.bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(summary_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn waiting_before(&self, before: DateTime<Utc>, limit: u32) -> PortResult<Vec<ReceivedSummary>> {
        let query = sqlx::query("SELECT * FROM received WHERE hold = 'waiting' AND received_at < $1 ORDER BY received_at LIMIT $2");
        let rows = query.bind(micros(before)).bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(summary_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn received_one(&self, received: ReceivedId) -> PortResult<Option<Received>> {
        let query = sqlx::query("SELECT r.*, w.raw FROM received r JOIN received_raw w ON w.id = r.id WHERE r.id = $1");
        let row = query.bind(id(received.0)).fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(received_of).transpose().map_err(unread)
    }

    async fn alerts(&self, state: Option<AlertState>, limit: u32) -> PortResult<Vec<Alert>> {
        let state = state.as_ref().map(word).transpose().map_err(unread)?;
        let query = sqlx::query("SELECT * FROM alerts WHERE $1 IS NULL OR state = $1 ORDER BY last_at DESC LIMIT $2");
        let rows = query.bind(state).bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(alert_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn alert(&self, alert: AlertId) -> PortResult<Option<Alert>> {
        let query = sqlx::query("SELECT * FROM alerts WHERE id = $1").bind(id(alert.0));
        let row = query.fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(alert_of).transpose().map_err(unread)
    }

    async fn meeting_alerts(&self, meeting: MeetingId) -> PortResult<Vec<Alert>> {
        let query =
            sqlx::query("SELECT * FROM alerts WHERE meeting = $1 AND state <> 'resolved' ORDER BY last_at DESC").bind(id(meeting.0));
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(alert_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn alert_by_key(&self, key: &str) -> PortResult<Option<Alert>> {
        let query = sqlx::query("SELECT * FROM alerts WHERE key = $1 AND state <> 'resolved'").bind(text(key));
        let row = query.fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(alert_of).transpose().map_err(unread)
    }

    async fn alert_events(&self, after: u64, limit: u32) -> PortResult<Vec<AlertEvent>> {
        self.read_alert_events(after, limit).await
    }

    async fn newest_alert_event(&self) -> PortResult<u64> {
        self.read_newest_alert_event().await
    }

    async fn webhook_at(&self, name: &str) -> PortResult<Option<u64>> {
        self.read_webhook(name).await
    }

    async fn organizer(&self, organizer: OrganizerId) -> PortResult<Option<Organizer>> {
        let query = sqlx::query_scalar("SELECT facts FROM organizers WHERE id = $1").bind(id(organizer.0));
        let facts: Option<String> = query.fetch_optional(&self.readers).await.map_err(unread)?;
        facts.as_deref().map(from_json).transpose().map_err(unread)
    }

    async fn audit(&self, meeting: MeetingId) -> PortResult<Vec<AuditEvent>> {
        let query = sqlx::query("SELECT * FROM audit WHERE meeting = $1 ORDER BY number").bind(id(meeting.0));
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(event_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn counts(&self, counters: &[Counter]) -> PortResult<Vec<u32>> {
        self.read_counts(counters).await
    }

    async fn suppressions_of(&self, addresses: &[&Mailbox]) -> PortResult<Vec<Suppression>> {
        self.read_suppressions_of(addresses).await
    }

    async fn suppressions(&self, limit: u32) -> PortResult<Vec<Suppression>> {
        self.read_suppressions(limit).await
    }

    async fn reconcile(&self, now: DateTime<Utc>, progress: &(dyn Fn(Progress) + Send + Sync)) -> PortResult<Reconciliation> {
        self.balance(now, progress).await
    }

    async fn disposition_counts(&self) -> PortResult<Vec<(String, u64)>> {
        let query = sqlx::query("SELECT disposition, count(*) AS messages FROM received GROUP BY disposition ORDER BY disposition");
        let rows = query.fetch_all(&self.readers).await.map_err(unread)?;
        let count =
            |row: &DbRow| -> Result<(String, u64), sqlx::Error> { Ok((row.try_get("disposition")?, unsigned(row.try_get("messages")?)?)) };
        rows.iter().map(count).collect::<Result<_, _>>().map_err(unread)
    }
}

/// Severities in order, for the database to compare.
pub(super) fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::High => 2,
    }
}

fn severity(rank: i64) -> Severity {
    match rank {
        i64::MIN..=0 => Severity::Info,
        1 => Severity::Warning,
        2..=i64::MAX => Severity::High,
    }
}

pub(super) fn meeting_of(row: &DbRow, facts: &str, version: &str) -> Result<Meeting, sqlx::Error> {
    let meeting: Meeting = from_json(row.try_get(facts)?)?;
    Ok(Meeting { version: unsigned(row.try_get(version)?)?, ..meeting })
}

fn guest_of(row: &DbRow) -> Result<Guest, sqlx::Error> {
    let guest: Guest = from_json(row.try_get("facts")?)?;
    let attendance = Attendance {
        delivery: from_word(row.try_get("delivery")?)?,
        response: from_json(row.try_get("response")?)?,
        presence: from_json(row.try_get("presence")?)?,
    };
    Ok(Guest { version: unsigned(row.try_get("version")?)?, attendance, ..guest })
}

fn dialog_of(row: &DbRow) -> Result<(Meeting, Guest), sqlx::Error> {
    Ok((meeting_of(row, "meeting_facts", "meeting_version")?, guest_of(row)?))
}

fn message_id(text: &str) -> Result<MessageId, sqlx::Error> {
    MessageId::parse(text).ok_or_else(|| decode("no message id"))
}

fn link_of(row: &DbRow) -> Result<ThreadLink, sqlx::Error> {
    Ok(ThreadLink {
        guest: GuestId(uuid(row.try_get("guest")?)?),
        organizer_side: message_id(row.try_get("organizer_side")?)?,
        guest_side: message_id(row.try_get("guest_side")?)?,
    })
}

pub(super) fn optional_id(row: &DbRow, column: &str) -> Result<Option<uuid::Uuid>, sqlx::Error> {
    row.try_get::<Option<&[u8]>, _>(column)?.map(uuid).transpose()
}

pub(super) fn item_of(row: &DbRow) -> Result<OutboxItem, sqlx::Error> {
    let recipient: String = row.try_get("recipient")?;
    Ok(OutboxItem {
        id: OutboxId(uuid(row.try_get("id")?)?),
        purpose: from_word(row.try_get("purpose")?)?,
        guest: optional_id(row, "guest")?.map(GuestId),
        meeting: optional_id(row, "meeting")?.map(MeetingId),
        reverse_path: from_path(row.try_get("reverse_path")?)?,
        recipient: Mailbox::parse(&recipient).map_err(decode)?,
        message_id: message_id(row.try_get("message_id")?)?,
        message: row.try_get("message")?,
        expires_at: time(row.try_get("expires_at")?),
        created_at: time(row.try_get("created_at")?),
        turn: time(row.try_get("turn")?),
        state: state_of(row)?,
    })
}

pub(super) fn summary_of(row: &DbRow) -> Result<ReceivedSummary, sqlx::Error> {
    Ok(ReceivedSummary {
        id: ReceivedId(uuid(row.try_get("id")?)?),
        received_at: time(row.try_get("received_at")?),
        class: from_word(row.try_get("class")?)?,
        disposition: from_word(row.try_get("disposition")?)?,
        reasons: from_json(row.try_get("reasons")?)?,
        meeting: optional_id(row, "meeting")?.map(MeetingId),
        guest: optional_id(row, "guest")?.map(GuestId),
        hold: row.try_get::<Option<String>, _>("hold")?.map(from_word).transpose()?,
        size: unsigned(row.try_get("size")?)?,
    })
}

fn received_of(row: &DbRow) -> Result<Received, sqlx::Error> {
    let ReceivedSummary { id, received_at, class, disposition, reasons, meeting, guest, hold, .. } = summary_of(row)?;
    let dedupe: Vec<u8> = row.try_get("dedupe")?;
    Ok(Received {
        id,
        dedupe: DedupeKey(dedupe.try_into().map_err(|_| decode("no dedupe key"))?),
        received_at,
        reverse_path: from_path(row.try_get("reverse_path")?)?,
        recipients: from_json(row.try_get("recipients")?)?,
        raw: row.try_get("raw")?,
        class,
        disposition,
        reasons,
        meeting,
        guest,
        hold,
        authentication: row.try_get::<Option<&str>, _>("authentication")?.map(from_json).transpose()?,
    })
}

pub(super) fn alert_of(row: &DbRow) -> Result<Alert, sqlx::Error> {
    Ok(Alert {
        id: AlertId(uuid(row.try_get("id")?)?),
        kind: from_word(row.try_get("kind")?)?,
        severity: severity(row.try_get("severity")?),
        state: from_word(row.try_get("state")?)?,
        key: row.try_get("key")?,
        meeting: optional_id(row, "meeting")?.map(MeetingId),
        guest: optional_id(row, "guest")?.map(GuestId),
        received: optional_id(row, "received")?.map(ReceivedId),
        escalated: unsigned(row.try_get("escalated")?)?,
        evidence: row.try_get("evidence")?,
        count: unsigned(row.try_get("count")?)?,
        opened_at: time(row.try_get("opened_at")?),
        last_at: time(row.try_get("last_at")?),
    })
}

pub(super) fn event_of(row: &DbRow) -> Result<AuditEvent, sqlx::Error> {
    Ok(AuditEvent {
        at: time(row.try_get("at")?),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        meeting: optional_id(row, "meeting")?.map(MeetingId),
        guest: optional_id(row, "guest")?.map(GuestId),
        received: optional_id(row, "received")?.map(ReceivedId),
        detail: row.try_get("detail")?,
    })
}
