//! Budgets at work: what an inbound message or an automatic mail of ours counts against, and whether there is room.

use super::gateway::Gateway;
use super::port::PortResult;
use super::reception::AtHand;
use crate::domain::address::Mailbox;
use crate::domain::alert::{Alert, AlertKind, AlertState, Severity};
use crate::domain::answer::Answer;
use crate::domain::budget::{Counter, CounterKey, Notice, Scope};
use crate::domain::id::{AlertId, GuestId};
use crate::domain::mime::Placement;
use crate::domain::record::Write;
use crate::domain::reply::Door;
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};

use super::alerts::About;

/// What is over a budget is still kept; this many times as much is left with its sender's server, which tries again when there is
/// room: nobody fills our disk.
const KEPT_TIMES: u32 = 10;
/// The answer then.
pub(super) const TOO_MUCH: Answer = Answer::new(450, (4, 7, 1), "Too much mail for this address now, try again later");

/// What a message counts against.
#[derive(Default)]
pub(super) struct Room {
    counters: Vec<(Scope, Counter, u32)>,
    /// The budget that is spent, if any.
    pub over: Option<(Scope, Counter)>,
    /// So far over it that nothing is kept.
    pub flooded: bool,
}

impl Room {
    /// One more of each. What was decided on there being room conflicts where another message took it.
    pub(super) fn writes(&self) -> impl Iterator<Item = Write> + '_ {
        self.counters.iter().map(|(_, counter, limit)| Write::Count { counter: *counter, below: self.over.is_none().then_some(*limit) })
    }

    /// Whether the same text comes again and again.
    pub(super) fn is_loop(&self) -> bool {
        self.over.is_some_and(|(scope, _)| scope == Scope::Text)
    }

    /// Why a message is not worked on, for people.
    pub(super) fn reason(&self) -> Option<String> {
        self.over.map(|(scope, _)| format!("more mail than is worked on (budget {})", scope.name()))
    }

    /// What to tell people: the limit that was reached.
    pub(super) fn limit(&self) -> Option<(Scope, u32)> {
        let (over, _) = self.over?;
        self.counters.iter().find(|(scope, ..)| *scope == over).map(|(scope, _, limit)| (*scope, *limit))
    }
}

/// An automatic mail: its type, and what tells it from others of that type.
pub(super) struct Noticed<'a> {
    pub notice: Notice,
    pub to: &'a Mailbox,
    pub about: &'a str,
}

impl Gateway {
    fn counter(&self, scope: Scope, of: &[&[u8]], now: DateTime<Utc>) -> Counter {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(scope.name().as_bytes());
        for part in of {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut key = [0; 16];
        key.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Counter { key: CounterKey(key), until: scope.until(now) }
    }

    /// The room for a message to `recipient`. Who is proved to be the one expected there has a budget apart: nobody else can
    /// spend it.
    pub(super) async fn room(&self, message: &AtHand, recipient: &Mailbox, door: Door, is_proved: bool) -> PortResult<Room> {
        let (anywhere, here, alias) = (sender(message, message.authentication.aligned), sender(message, is_proved), recipient.canonical());
        let (anywhere, here, alias) = (anywhere.as_bytes(), here.as_bytes(), alias.as_bytes());
        let text = text(message);
        let is_alias = match door {
            Door::OrganizerAlias | Door::GuestAlias => true,
            // Each guest's bounces come from the same few servers, and say the same.
            Door::GuestBounce | Door::OrganizerBounce | Door::Assumed => false,
        };
        let mut scopes: Vec<(Scope, Vec<&[u8]>)> = vec![(Scope::Pair, vec![here, alias])];
        if !is_proved {
            scopes.push((Scope::Alias, vec![alias]));
        }
        if is_alias {
            scopes.insert(0, (Scope::Text, vec![here, alias, &text]));
            scopes.push((Scope::Sender, vec![anywhere]));
        }
        self.room_in(&scopes, message.now).await
    }

    /// The room for a message to the gateway itself.
    pub(super) async fn service_room(&self, message: &AtHand) -> PortResult<Room> {
        let sender = sender(message, message.authentication.aligned);
        let text = text(message);
        self.room_in(&[(Scope::Text, vec![sender.as_bytes(), &text]), (Scope::Sender, vec![sender.as_bytes()])], message.now).await
    }

    /// The room for an organizer's calendar message.
    pub(super) async fn order_room(&self, organizer: &Mailbox, now: DateTime<Utc>) -> PortResult<Room> {
        self.room_in(&[(Scope::Orders, vec![organizer.canonical().as_bytes()])], now).await
    }

    async fn room_in(&self, scopes: &[(Scope, Vec<&[u8]>)], now: DateTime<Utc>) -> PortResult<Room> {
        let budgets = &self.settings.budgets;
        let counters: Vec<(Scope, Counter, u32)> =
            scopes.iter().map(|(scope, of)| (*scope, self.counter(*scope, of, now), scope.limit(budgets))).collect();
        let keys: Vec<Counter> = counters.iter().map(|(_, counter, _)| *counter).collect();
        let counts = self.archive.counts(&keys).await?;
        let mut room = Room::default();
        for ((scope, counter, limit), count) in counters.iter().zip(counts) {
            if count >= *limit {
                room.over = room.over.or(Some((*scope, *counter)));
                room.flooded |= count >= limit.saturating_mul(KEPT_TIMES).max(KEPT_TIMES);
            }
        }
        room.counters = counters;
        Ok(room)
    }

    /// The writes that an automatic mail needs beside itself; `None` where the person had it today, or had many (RFC 3834 §2).
    pub(super) async fn notice_room(&self, noticed: &Noticed<'_>, now: DateTime<Utc>) -> PortResult<Option<Vec<Write>>> {
        let to = noticed.to.canonical();
        let one: [&[u8]; 3] = [to.as_bytes(), noticed.notice.name().as_bytes(), noticed.about.as_bytes()];
        let room = self.room_in(&[(Scope::Notice, one.to_vec()), (Scope::Notices, vec![to.as_bytes()])], now).await?;
        Ok(room.over.is_none().then(|| room.writes().collect()))
    }

    /// The count that lets this be done once a day, and conflicts where it was; `None` where that is known already.
    pub(super) async fn once_a_day(&self, what: &str, now: DateTime<Utc>) -> PortResult<Option<Write>> {
        let counter = self.counter(Scope::Notice, &[what.as_bytes()], now);
        let count = self.archive.counts(&[counter]).await?.first().copied().unwrap_or_default();
        Ok((count == 0).then_some(Write::Count { counter, below: Some(1) }))
    }

    /// As [`Self::once_a_day`], for what a guest asks for on their page: once an hour each.
    pub(super) async fn once_an_hour(&self, what: &str, guest: GuestId, now: DateTime<Utc>) -> PortResult<Option<Write>> {
        let counter = self.counter(Scope::Page, &[what.as_bytes(), guest.0.as_bytes()], now);
        let count = self.archive.counts(&[counter]).await?.first().copied().unwrap_or_default();
        Ok((count == 0).then_some(Write::Count { counter, below: Some(1) }))
    }

    /// The count of one more mail to the helpdesk, and whether it is today's last; `None` where there were enough today. It never
    /// conflicts: an alert is raised together with what must be written.
    pub(super) async fn helpdesk_room(&self, now: DateTime<Utc>) -> PortResult<Option<(Write, bool)>> {
        let counter = self.counter(Scope::Helpdesk, &[], now);
        let count = self.archive.counts(&[counter]).await?.first().copied().unwrap_or_default();
        let limit = Scope::Helpdesk.limit(&self.settings.budgets);
        Ok((count < limit).then_some((Write::Count { counter, below: None }, count.saturating_add(1) == limit)))
    }

    /// The one alert that a budget is spent; nothing where it was raised in this window already, and is not resolved.
    pub(super) async fn tell_of_flood(&self, room: &Room, about: About, now: DateTime<Utc>) -> PortResult<Vec<Write>> {
        let (Some((scope, limit)), Some((_, counter))) = (room.limit(), room.over) else { return Ok(Vec::new()) };
        let kind = if scope == Scope::Text { AlertKind::Loop } else { AlertKind::Flood };
        let evidence = match scope {
            Scope::Text => format!("The same text came more than {limit} times within an hour: it goes no further."),
            Scope::Pair => format!("One sender wrote more than {limit} messages to one alias today: what is more waits."),
            Scope::Alias => format!("More than {limit} messages came to one alias today: what is more waits."),
            Scope::Sender => format!("One sender wrote more than {limit} messages today: what is more waits."),
            Scope::Orders => format!("One organizer sent more than {limit} calendar messages today: what is more is refused."),
            Scope::Notice | Scope::Notices => "A mail that could not be carried out came again; its sender was told once.".to_owned(),
            Scope::Helpdesk | Scope::Page => return Ok(Vec::new()),
        };
        let key: String = counter.key.0.iter().map(|octet| format!("{octet:02x}")).collect();
        self.alert_once(kind, format!("flood/{}/{key}/{}", scope.name(), counter.until.timestamp()), evidence, about, now).await
    }

    /// An alert that stays as it is while it is open: it is neither counted nor rung again.
    pub(super) async fn alert_once(
        &self,
        kind: AlertKind,
        key: String,
        evidence: String,
        about: About,
        now: DateTime<Utc>,
    ) -> PortResult<Vec<Write>> {
        if self.archive.alert_by_key(&key).await?.is_some() {
            return Ok(Vec::new());
        }
        let About { meeting, guest, received } = about;
        let (severity, state) = (Severity::Warning, AlertState::Open);
        let id = AlertId(self.world.key());
        let alert = Alert {
            id,
            kind,
            severity,
            state,
            key,
            meeting,
            guest,
            received,
            evidence,
            escalated: 0,
            count: 1,
            opened_at: now,
            last_at: now,
        };
        self.new_alert_writes(&alert).await
    }
}

/// Who wrote, as budgets count: what is proved apart from what is claimed, so that a forger spends no one else's.
fn sender(message: &AtHand, is_proved: bool) -> String {
    let author = message.mail.author().map(|author| &author.mailbox).or_else(|| message.reverse_path.mailbox());
    format!("{} {}", author.map(Mailbox::canonical).unwrap_or_default(), if is_proved { "proved" } else { "claimed" })
}

/// A hash of what a message says: its words without regard to spaces, calendar objects and files. Boundaries, encodings and header
/// fields differ between two messages that say the same.
fn text(message: &AtHand) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    for word in message.mail.text.split_whitespace() {
        hash.update(word.as_bytes());
        hash.update(b" ");
    }
    let files = message.mail.parts.iter().filter(|part| part.placement == Placement::Attachment).map(|part| part.bytes.as_slice());
    for bytes in message.mail.calendars.iter().map(|part| part.bytes.as_slice()).chain(files) {
        hash.update(digest::digest(&digest::SHA256, bytes).as_ref());
    }
    hash.finish().as_ref().to_vec()
}
