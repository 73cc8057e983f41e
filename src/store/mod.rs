//! Archive: what must never be lost. One port ([`crate::flow::port::Archive`]), one folder per engine; all SQL is here.

mod codec;
mod copy;
pub mod postgres;
pub mod sqlite;

pub use copy::{Copied, CopyError, copy};
pub use postgres::{PostgresArchive, PostgresSettings};
pub use sqlite::SqliteArchive;

use crate::flow::port::PortError;
use sqlx::migrate::MigrateError;

/// Why the archive cannot be opened. For the operator; a password is never part of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not there and cannot be made, out of reach, or no archive.
    #[error("{place}: {cause}")]
    Open {
        /// The file, or the server and its database.
        place: String,
        /// What the engine says.
        cause: sqlx::Error,
    },
    /// Written by a newer program, or changed by hand.
    #[error("{place}: its schema does not fit this program: {cause}")]
    Schema {
        /// The file, or the server and its database.
        place: String,
        /// What does not fit.
        cause: MigrateError,
    },
}

/// A failed read.
fn unread(error: impl std::fmt::Display) -> PortError {
    PortError::new("read the archive", error)
}
