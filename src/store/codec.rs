//! Values to columns and back: times as microseconds, enums as their JSON names, entities as JSON.

use crate::domain::address::{Mailbox, ReversePath};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Microseconds since 1970.
pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// A time of a column; the nearest one that exists, should the column be damaged.
pub(super) fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(if micros < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC })
}

/// An id as 16 octets.
pub(super) fn id(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// An id of a column.
pub(super) fn uuid(octets: &[u8]) -> Result<Uuid, sqlx::Error> {
    Uuid::from_slice(octets).map_err(decode)
}

/// Free text as every engine can keep it: PostgreSQL has no U+0000.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The name that an enum has in JSON.
pub(super) fn word(value: &impl Serialize) -> Result<String, sqlx::Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(encode(format!("{other} is no word"))),
        Err(error) => Err(encode(error)),
    }
}

/// An enum by its name.
pub(super) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, sqlx::Error> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(decode)
}

/// An entity as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(encode)
}

/// An entity of a column.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(decode)
}

/// A reverse-path: NULL is the null one.
pub(super) fn path(path: &ReversePath) -> Option<String> {
    path.mailbox().map(Mailbox::to_string)
}

/// A reverse-path of a column.
pub(super) fn from_path(column: Option<String>) -> Result<ReversePath, sqlx::Error> {
    column.map_or(Ok(ReversePath::Null), |text| Mailbox::parse(&text).map(ReversePath::Mailbox).map_err(decode))
}

/// A count that SQL keeps signed.
pub(super) fn unsigned<T: TryFrom<i64>>(value: i64) -> Result<T, sqlx::Error>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(value).map_err(decode)
}

/// A damaged column.
pub(super) fn decode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

fn encode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Encode(error.into())
}
