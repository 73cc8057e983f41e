//! Archive: what must never be lost. One port ([`crate::flow::port::Archive`]), one folder per engine; all SQL is here.

pub mod sqlite;

pub use sqlite::{SqliteArchive, StoreError};
