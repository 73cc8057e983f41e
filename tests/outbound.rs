//! The mouth: sessions with the next mail server, signatures, and the worker that empties the outbox.

use crate::letters::desk;
mod dkim;
pub(crate) mod items;
mod pace;
pub(crate) mod server;
mod sink;
pub(crate) mod smarthost;
mod worker;
