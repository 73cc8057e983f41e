//! Budgets: how much mail of one kind is worked on in a day or an hour, so that loops and floods end and nobody is written to
//! again and again by machines (RFC 3834 §2).

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Deserialize;

/// How much is worked on. What is more is kept with its reason: words and answers wait for a person (`paravent hold`), what
/// machines wrote ends there. One alert tells of it, once a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    /// Messages of one sender to one guest's or organizer's alias, a day (UTC).
    pub pair_per_day: u32,
    /// Messages to one alias from everybody, a day.
    pub alias_per_day: u32,
    /// Messages of one sender to all aliases and to the gateway itself, a day; delivery reports to return paths not counted.
    pub sender_per_day: u32,
    /// Calendar messages of one organizer, a day: some programs send one for each guest.
    pub orders_per_day: u32,
    /// Messages with the same text to one alias, an hour: more of them are a loop.
    pub same_text_per_hour: u32,
    /// Automatic mails to one person, a day, whatever they say: what could not be done, absences, late answers.
    pub notices_per_day: u32,
    /// Mails to the helpdesk, a day; further alerts are kept and rung without a mail.
    pub helpdesk_per_day: u32,
    /// Recipients that don't exist, refused within an hour by this process, after which the helpdesk hears of a burst.
    pub unknown_per_hour: u32,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            pair_per_day: 100,
            alias_per_day: 200,
            sender_per_day: 500,
            orders_per_day: 5_000,
            same_text_per_hour: 10,
            notices_per_day: 30,
            helpdesk_per_day: 300,
            unknown_per_hour: 200,
        }
    }
}

/// What a counter counts. The name is part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One sender to one alias.
    Pair,
    /// One alias.
    Alias,
    /// One sender.
    Sender,
    /// One organizer's calendar messages.
    Orders,
    /// One text to one alias.
    Text,
    /// All automatic mail to one person.
    Notices,
    /// One automatic mail of one type to one person (RFC 3834 §2: the same answer not again and again).
    Notice,
    /// All mail to the helpdesk.
    Helpdesk,
    /// One thing that one guest asks for on their page.
    Page,
}

impl Scope {
    /// The name in keys and alerts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Alias => "alias",
            Self::Sender => "sender",
            Self::Orders => "orders",
            Self::Text => "text",
            Self::Notices => "notices",
            Self::Notice => "notice",
            Self::Helpdesk => "helpdesk",
            Self::Page => "page",
        }
    }

    /// How much of it there may be in its window.
    pub fn limit(self, budgets: &Budgets) -> u32 {
        match self {
            Self::Pair => budgets.pair_per_day,
            Self::Alias => budgets.alias_per_day,
            Self::Sender => budgets.sender_per_day,
            Self::Orders => budgets.orders_per_day,
            Self::Text => budgets.same_text_per_hour,
            Self::Notices => budgets.notices_per_day,
            Self::Notice | Self::Page => 1,
            Self::Helpdesk => budgets.helpdesk_per_day,
        }
    }

    /// The end of the window that `now` is in. Windows are aligned, so that nothing need be searched: up to twice the limit
    /// can come around the moment where one ends.
    pub fn until(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let window = match self {
            Self::Text | Self::Page => TimeDelta::hours(1),
            Self::Pair | Self::Alias | Self::Sender | Self::Orders | Self::Notices | Self::Notice | Self::Helpdesk => TimeDelta::days(1),
        };
        // Fails only centuries away from now.
        now.duration_trunc(window).map_or(now, |start| start + window)
    }
}

/// An automatic mail of ours, of which a person gets at most one of a type a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// What could not be done; of one type are the same words about the same mail.
    Problem,
    /// A guest is away.
    Away,
    /// An answer came after the end.
    Late,
    /// An encrypted mail can't be read.
    Sealed,
}

impl Notice {
    /// The name in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Away => "away",
            Self::Late => "late",
            Self::Sealed => "sealed",
        }
    }
}

/// SHA-256 of what is counted, cut to 16 octets: no address is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterKey(pub [u8; 16]);

/// One counter in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counter {
    /// What is counted.
    pub key: CounterKey,
    /// The end of the window.
    pub until: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_days_and_hours_of_utc() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-01-05T08:59:59.999999Z");
        assert_eq!(Scope::Pair.until(now), at("2026-01-06T00:00:00Z"));
        assert_eq!(Scope::Text.until(now), at("2026-01-05T09:00:00Z"));
        assert_eq!(Scope::Text.until(at("2026-01-05T09:00:00Z")), at("2026-01-05T10:00:00Z"));
    }
}
