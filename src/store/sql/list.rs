//! Long lists by keyset, and search. Every statement is bounded by its limit and finds its rows by an index, but for parts of titles.

use super::engine::{Db, DbRow, Engine};
use super::read::{alert_of, event_of, meeting_of, rank, summary_of};
use crate::domain::address::Mailbox;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::id::{AlertId, GuestId, MeetingId, OrganizerId, ReceivedId};
use crate::domain::listing::{AlertFilter, Cursor, Hit};
use crate::domain::meeting::Meeting;
use crate::domain::record::{AuditEvent, HoldState, ReceivedSummary};
use crate::flow::list_port::Lists;
use crate::flow::port::PortResult;
use crate::store::codec::{self, from_json, from_word, id, micros, unsigned, uuid, word};
use crate::store::unread;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row};

#[async_trait]
impl Lists for Engine {
    async fn meetings_page(
        &self,
        organizer: Option<OrganizerId>,
        past: bool,
        now: DateTime<Utc>,
        after: Option<Cursor>,
        limit: u32,
    ) -> PortResult<Vec<Meeting>> {
        let mut query = QueryBuilder::<Db>::new("SELECT facts, version FROM meetings WHERE ");
        query.push(if past { "ends_at <= " } else { "ends_at > " }).push_bind(micros(now));
        if let Some(organizer) = organizer {
            query.push(" AND organizer = ").push_bind(id(organizer.0));
        }
        if let Some(cursor) = after {
            query.push(if past { " AND (starts_at, id) < (" } else { " AND (starts_at, id) > (" });
            query.push_bind(cursor.at).push(", ").push_bind(id(cursor.id)).push(")");
        }
        query.push(if past { " ORDER BY starts_at DESC, id DESC LIMIT " } else { " ORDER BY starts_at, id LIMIT " });
        let rows = query.push_bind(i64::from(limit)).build().fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(|row| meeting_of(row, "facts", "version")).collect::<Result<_, _>>().map_err(unread)
    }

    async fn alerts_page(&self, filter: &AlertFilter, after: Option<Cursor>, limit: u32) -> PortResult<Vec<Alert>> {
        let mut query = QueryBuilder::<Db>::new("SELECT * FROM alerts WHERE 1 = 1");
        if let Some(state) = &filter.state {
            query.push(" AND state = ").push_bind(word(state).map_err(unread)?);
        }
        if let Some(kind) = &filter.kind {
            query.push(" AND kind = ").push_bind(word(kind).map_err(unread)?);
        }
        if let Some(severity) = filter.severity {
            query.push(" AND severity >= ").push_bind(rank(severity));
        }
        if let Some(meeting) = filter.meeting {
            query.push(" AND meeting = ").push_bind(id(meeting.0));
        }
        if let Some(cursor) = after {
            query.push(" AND (last_at, id) < (").push_bind(cursor.at).push(", ").push_bind(id(cursor.id)).push(")");
        }
        query.push(" ORDER BY last_at DESC, id DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(alert_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn alert_counts(&self) -> PortResult<Vec<(AlertState, u64)>> {
        let rows =
            sqlx::query("SELECT state, count(*) AS number FROM alerts GROUP BY state").fetch_all(&self.readers).await.map_err(unread)?;
        let count = |row: &DbRow| Ok((from_word(row.try_get("state")?)?, unsigned(row.try_get("number")?)?));
        rows.iter().map(count).collect::<Result<_, sqlx::Error>>().map_err(unread)
    }

    async fn alert_history(&self, alert: &Alert) -> PortResult<Vec<AuditEvent>> {
        // Of an alert about no meeting the trail is looked for by the mail that it is about.
        let query = match (alert.meeting, alert.received) {
            (Some(meeting), _) => sqlx::query("SELECT * FROM audit WHERE meeting = $1 AND at >= $2 ORDER BY number").bind(id(meeting.0)),
            (None, Some(received)) => {
                sqlx::query("SELECT * FROM audit WHERE received = $1 AND at >= $2 ORDER BY number").bind(id(received.0))
            }
            (None, None) => return Ok(Vec::new()),
        };
        let rows = query.bind(micros(alert.opened_at)).fetch_all(&self.readers).await.map_err(unread)?;
        let events: Vec<AuditEvent> = rows.iter().map(event_of).collect::<Result<_, _>>().map_err(unread)?;
        let name = alert.id.to_string();
        Ok(events.into_iter().filter(|event| event.action.starts_with("alert.") && event.detail.contains(&name)).collect())
    }

    async fn holds_page(&self, state: HoldState, after: Option<Cursor>, limit: u32) -> PortResult<Vec<ReceivedSummary>> {
        let mut query = QueryBuilder::<Db>::new("SELECT * FROM received WHERE hold = ");
        query.push_bind(word(&state).map_err(unread)?);
        if let Some(cursor) = after {
            query.push(" AND (received_at, id) < (").push_bind(cursor.at).push(", ").push_bind(id(cursor.id)).push(")");
        }
        query.push(" ORDER BY received_at DESC, id DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(summary_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn search(&self, text: &str, limit: u32) -> PortResult<Vec<Hit>> {
        let text = &codec::text(text.trim());
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut hits = self.guests_of_message(text, limit).await?;
        hits.extend(self.guests_by_address(text, limit).await?);
        hits.extend(self.meetings_by_title(text, limit).await?);
        Ok(hits)
    }

    async fn alert_of_mail(&self, received: ReceivedId) -> PortResult<Option<AlertId>> {
        let query = sqlx::query("SELECT id FROM alerts WHERE received = $1 ORDER BY last_at DESC LIMIT 1").bind(id(received.0));
        let row = query.fetch_optional(&self.readers).await.map_err(unread)?;
        row.map(|row| uuid(row.try_get("id")?).map(AlertId)).transpose().map_err(unread)
    }
}

const GUEST: &str =
    "SELECT g.id, g.mailbox, g.meeting, m.facts AS meeting_facts, m.version FROM guests g JOIN meetings m ON m.id = g.meeting WHERE ";

impl Engine {
    async fn guests_of_message(&self, text: &str, limit: u32) -> PortResult<Vec<Hit>> {
        let bare = text.trim_start_matches('<').trim_end_matches('>');
        if !bare.contains('@') {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Db>::new(GUEST);
        query.push("g.id IN (SELECT guest FROM threads WHERE organizer_side = ").push_bind(bare.to_owned());
        query.push(" UNION SELECT guest FROM outbox WHERE message_id = ").push_bind(bare.to_owned());
        query.push(") ORDER BY g.number DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(guest_hit).collect::<Result<_, _>>().map_err(unread)
    }

    /// The whole address, or its beginning.
    async fn guests_by_address(&self, text: &str, limit: u32) -> PortResult<Vec<Hit>> {
        let exact = Mailbox::parse(text).map(|mailbox| mailbox.canonical()).ok();
        let from = exact.clone().unwrap_or_else(|| text.to_lowercase());
        let mut query = QueryBuilder::<Db>::new(GUEST);
        match exact {
            Some(address) => query.push("g.mailbox = ").push_bind(address),
            // Between the text and what comes after everything that begins with it: the index finds that.
            None => query.push("g.mailbox >= ").push_bind(from.clone()).push(" AND g.mailbox < ").push_bind(format!("{from}\u{10ffff}")),
        };
        query.push(" ORDER BY g.number DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(guest_hit).collect::<Result<_, _>>().map_err(unread)
    }

    async fn meetings_by_title(&self, text: &str, limit: u32) -> PortResult<Vec<Hit>> {
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let query = sqlx::query(
            "SELECT facts, version FROM meetings WHERE lower(json_extract(facts, '$.event.title')) LIKE lower($1) ESCAPE '\\' \
             ORDER BY starts_at DESC LIMIT $2",
        );
        let rows = query.bind(pattern).bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(unread)?;
        let hit = |row: &DbRow| {
            let Meeting { id, event, .. } = meeting_of(row, "facts", "version")?;
            Ok(Hit::Meeting { id, title: event.title, starts_at: event.starts_at })
        };
        rows.iter().map(hit).collect::<Result<_, sqlx::Error>>().map_err(unread)
    }
}

fn guest_hit(row: &DbRow) -> Result<Hit, sqlx::Error> {
    let Meeting { event, .. } = from_json(row.try_get("meeting_facts")?)?;
    Ok(Hit::Guest {
        id: GuestId(uuid(row.try_get("id")?)?),
        address: row.try_get("mailbox")?,
        meeting: MeetingId(uuid(row.try_get("meeting")?)?),
        title: event.title,
        starts_at: event.starts_at,
    })
}
