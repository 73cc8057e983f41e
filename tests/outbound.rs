//! The mouth: sessions with the next mail server, signatures, and the worker that empties the outbox.

mod support;

#[path = "outbound/items.rs"]
mod items;
#[path = "outbound/server.rs"]
mod server;
#[path = "outbound/sink.rs"]
mod sink;
#[path = "outbound/smarthost.rs"]
mod smarthost;
#[path = "outbound/worker.rs"]
mod worker;
