//! Every statement of the archive, written once: each engine's folder takes this module in with the types and words of its own
//! `engine.rs`. What stands here is understood by all of them, and does the same.

#![allow(clippy::duplicate_mod, reason = "the same statements, compiled for each engine")]

mod alert;
mod api_key;
mod apply;
mod ledger;
mod list;
mod queue;
mod read;
mod readers;
mod reconcile;
mod room;
mod session;
mod suppression;
mod writer;

use super::engine;
pub(super) use readers::Readers;
pub(super) use writer::Writer;
