//! The real clock and the real dice.

use crate::flow::port::World;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The machine's clock and random source.
pub(super) struct RealWorld;

impl World for RealWorld {
    fn now(&self) -> DateTime<Utc> {
        // The archive keeps microseconds: a value must be the same before and after it was stored.
        let now = Utc::now();
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn key(&self) -> Uuid {
        Uuid::now_v7()
    }
}
