//! Mouth: the outbox worker and its transports.
//!
//! | file | what it is for |
//! |---|---|
//! | [`worker`] | takes due mail from the archive, has it delivered, commits what became of it |
//! | [`lanes`] | what the worker has in hand, and where it may send more |
//! | [`aftermath`] | what an attempt leaves behind: states, tracks, alerts, audit |
//! | [`failover`] | several ways, the next where one can't be reached |
//! | [`smarthost`] | the transport to the next mail server, over [`pool`], [`connection`] and [`wire`] |
//! | [`direct`] | the transport straight to the recipients' servers, over the same |
//! | [`dkim`] | keys, their DNS records, and the transport that signs before it sends |
//! | [`file`](mod@file), [`memory`] | named fakes, barred from production by [`Fake`] |
//! | [`injector`] | speaks to our own doors for `localserve` |

pub mod aftermath;
pub mod connection;
pub mod direct;
pub mod dkim;
pub mod failover;
pub mod file;
pub mod injector;
pub mod lanes;
pub mod memory;
pub mod pool;
pub mod smarthost;
pub mod wire;
pub mod worker;

/// Proof that fakes are wanted. Only `localserve` and tests may make one; `serve` has none, so that no
/// configuration can turn a gateway in production into one that swallows mail.
#[derive(Clone, Copy, Debug)]
pub struct Fake(());

impl Fake {
    /// For `localserve` and tests alone.
    pub fn for_localserve_and_tests() -> Self {
        Self(())
    }
}
