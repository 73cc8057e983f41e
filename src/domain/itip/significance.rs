//! How much of a change an update is, judged against what the guest was last sent: a significant one asks them again
//! (RFC 5546 §2.1.4, §3.2.2.1), a minor one keeps their answer.

use crate::domain::meeting::{MeetingEvent, SentState};

/// What an update means to a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Significance {
    /// Nothing that they see has changed.
    None,
    /// Words have changed.
    Minor,
    /// The time has changed: SEQUENCE grows, their answer is void.
    Significant,
}

/// Compares what is told now with what was sent.
pub fn significance(sent: &SentState, event: &MeetingEvent) -> Significance {
    if sent.starts_at != event.starts_at || sent.ends_at != event.ends_at {
        return Significance::Significant;
    }
    if sent.title != event.title || sent.description != event.description {
        return Significance::Minor;
    }
    Significance::None
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Duration, Utc};

    #[test]
    fn times_weigh_more_than_words() {
        let start: DateTime<Utc> = "2026-07-06T07:00:00Z".parse().unwrap();
        let event = MeetingEvent { title: "a".into(), description: None, starts_at: start, ends_at: start + Duration::hours(1) };
        let sent = SentState { sequence: 3, starts_at: start, ends_at: event.ends_at, title: "a".into(), description: None };
        assert_eq!(significance(&sent, &event), Significance::None);
        let worded = SentState { description: Some("b".into()), ..sent.clone() };
        assert_eq!(significance(&worded, &event), Significance::Minor);
        let moved = SentState { ends_at: start, title: "b".into(), ..sent };
        assert_eq!(significance(&moved, &event), Significance::Significant);
    }
}
