//! # Paravent: address translation for calendar mail
//!
//! The plan of the house. Each room has one purpose; `ARCHITECTURE.md` tells the two stories (an
//! invitation goes out, an answer comes back) and `tests/architecture.rs` enforces the arrows.
//!
//! | room | what it is for |
//! |---|---|
//! | [`cli`] | reception: the commands a person types |
//! | [`app`] | fuse box: builds the adapters, starts the tasks, shuts them down |
//! | [`config`] | settings desk: one file per concern |
//! | [`domain`] | quiet rooms: pure values in, values out |
//! | [`flow`] | corridors: route, invite, reply, join, and the ports to the outside |
//! | [`inbound`] | ears: SMTP and LMTP |
//! | [`imap`] | ears for mailboxes elsewhere: IMAP |
//! | [`outbound`] | mouth: the outbox worker and its transports |
//! | [`notify`] | bells: how an alert reaches people |
//! | [`directory`] | who may organize |
//! | [`authenticate`] | whether a sender is who they say: SPF, DKIM, DMARC |
//! | [`oidc`] | who people are: an OpenID Connect provider |
//! | [`web`] | counter: the guest's page, the mailbox of `localserve` |
//! | [`store`] | archive: what must never be lost |
//! | [`telemetry`] | logbook |

#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::todo, clippy::dbg_macro)]

pub mod app;
pub mod authenticate;
pub mod cli;
pub mod config;
pub mod directory;
pub mod domain;
pub mod flow;
pub mod http_client;
pub mod imap;
pub mod inbound;
pub mod notify;
pub mod oidc;
pub mod outbound;
pub mod scan;
pub mod store;
pub mod telemetry;
pub mod tls_client;
pub mod web;
