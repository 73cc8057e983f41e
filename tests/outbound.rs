//! The mouth: sessions with the next mail server, signatures, and the worker that empties the outbox.

mod support;

#[path = "letters/desk.rs"]
#[allow(dead_code, reason = "other letters are for other tests")]
mod desk;
#[path = "outbound/dkim.rs"]
mod dkim;
#[path = "outbound/items.rs"]
mod items;
#[path = "outbound/pace.rs"]
mod pace;
#[path = "outbound/server.rs"]
mod server;
#[path = "outbound/sink.rs"]
mod sink;
#[path = "outbound/smarthost.rs"]
mod smarthost;
#[path = "outbound/worker.rs"]
mod worker;
