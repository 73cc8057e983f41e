//! The mouth: sessions with the next mail server, signatures, and the worker that empties the outbox.

use crate::letters::desk;
mod dkim;
mod items;
mod pace;
mod server;
mod sink;
mod smarthost;
mod worker;
