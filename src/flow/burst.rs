//! Bursts of mail to recipients that don't exist: somebody tries addresses. They are refused at RCPT, counted in memory alone, and
//! the helpdesk hears of a burst once an hour at most.

use super::alerts::About;
use super::gateway::Gateway;
use crate::domain::alert::AlertKind;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};

/// Refused recipients of the hour that runs.
#[derive(Default)]
pub struct Burst(Mutex<Hour>);

#[derive(Clone, Copy, Default)]
struct Hour {
    start: DateTime<Utc>,
    refused: u32,
}

impl Burst {
    /// One more; true for the one that makes it a burst.
    fn note(&self, now: DateTime<Utc>, limit: u32) -> bool {
        let start = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
        let mut hour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hour.start != start {
            *hour = Hour { start, refused: 0 };
        }
        hour.refused = hour.refused.saturating_add(1);
        hour.refused == limit.saturating_add(1)
    }

    /// How many were refused in the hour of the last one.
    pub fn refused(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refused
    }
}

impl Gateway {
    /// Counts a recipient that does not exist. What fails here changes no answer.
    pub(super) async fn note_unknown(&self) {
        let (now, limit) = (self.world.now(), self.settings.budgets.unknown_per_hour);
        if !self.burst.note(now, limit) {
            return;
        }
        let evidence = format!("More than {limit} recipients that don't exist were refused within an hour: somebody tries addresses.");
        let told = match self.alert_once(AlertKind::Flood, "flood/unknown".to_owned(), evidence, About::default(), now).await {
            Ok(writes) if writes.is_empty() => return,
            Ok(writes) => self.commit(writes).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::error!(%error, "a burst of unknown recipients is not told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_told_once_an_hour() {
        let (burst, now) = (Burst::default(), DateTime::UNIX_EPOCH);
        let told: Vec<bool> = (0..6).map(|_| burst.note(now, 3)).collect();
        assert_eq!(told, [false, false, false, true, false, false]);
        assert_eq!(burst.refused(), 6);
        let later = now + TimeDelta::hours(1);
        assert_eq!((0..4).filter(|_| burst.note(later, 3)).count(), 1);
    }
}
