//! When an alert that nobody has taken is told again, louder: the nearer the meeting, the sooner. Pure.

use super::{Alert, AlertState, Severity};
use chrono::{DateTime, TimeDelta, Utc};

/// How long before the meeting an untaken alert is told again: level 1, then level 2.
const BEFORE: [TimeDelta; 2] = [TimeDelta::hours(24), TimeDelta::hours(2)];
/// So long people are left to take it before it is told again.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// The level that is due now, where it is higher than the one that was told. `starts_at` is the next date of its meeting;
/// after the start nothing is gained by telling it again.
pub fn due(alert: &Alert, starts_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<u8> {
    if alert.state != AlertState::Open || alert.severity == Severity::Info || now >= starts_at || now < alert.opened_at + PATIENCE {
        return None;
    }
    let level = BEFORE.iter().filter(|before| now >= starts_at - **before).count();
    u8::try_from(level).ok().filter(|level| *level > alert.escalated)
}
