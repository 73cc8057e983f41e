//! One mailbox: a task of its own that opens it, stays in it, and begins again after any trouble.

use super::link::Link;
use super::retries::Pace;
use super::sign_in::Credentials;
use super::visit::{Memory, Visit};
use super::{ImapSettings, Trouble};
use crate::flow::port::{Reception, World};
use crate::tls_client::connector;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// How long what is under way may take when the gateway stops. What is cut off comes again.
const GRACE: Duration = Duration::from_secs(20);

/// A mailbox that mail is fetched from.
pub struct Mailbox {
    pub(super) settings: ImapSettings,
    pub(super) credentials: Credentials,
    pub(super) tls: TlsConnector,
    pub(super) reception: Arc<dyn Reception>,
    pub(super) world: Arc<dyn World>,
}

impl Mailbox {
    /// Prepares; connects when it is run.
    pub fn new(
        settings: ImapSettings,
        credentials: Credentials,
        reception: Arc<dyn Reception>,
        world: Arc<dyn World>,
    ) -> Result<Self, Trouble> {
        let tls = prepared(&settings)?;
        Ok(Self { settings, credentials, tls, reception, world })
    }

    /// Fetches until `stopping` is true. Trouble is logged, and what it was about is tried again.
    pub async fn run(self, mut stopping: Receiver<bool>) {
        let within = stopping.clone();
        let stopped = async move {
            // An error means that nobody can stop us any more, which is the end too.
            let _ = stopping.wait_for(|stop| *stop).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = self.work(within) => {}
            () = stopped => tracing::warn!(mailbox = %self.settings.name, "stopped while a server was waited for"),
        }
    }

    async fn work(&self, mut stopping: Receiver<bool>) {
        let (name, pace) = (&self.settings.name, Pace::of(&self.settings));
        let mut memory = Memory::default();
        let mut failures = 0_u32;
        while !*stopping.borrow() {
            let begun = Instant::now();
            let ended = match Visit::begin(self, &mut memory, stopping.clone()).await {
                Ok(visit) => {
                    tracing::info!(mailbox = %name, "the mailbox is open");
                    visit.stay().await
                }
                Err(trouble) => Err(trouble),
            };
            let Err(trouble) = ended else { return };
            // Only what lasted is a success: a server that breaks off at the first command must not be asked without a pause.
            failures = if begun.elapsed() > pace.wait(failures + 1, 0.0) { 1 } else { failures.saturating_add(1) };
            let wait = pace.wait(failures, self.world.spread());
            tracing::error!(mailbox = %name, %trouble, failures, seconds = wait.as_secs(), "the mailbox can't be worked on; it is tried again");
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
    }
}

/// Tries whether a mailbox can be signed in to, and its folders opened: for `check`. Nothing is made or moved. What was found, in words.
pub async fn probe(settings: &ImapSettings, credentials: &Credentials) -> Result<String, Trouble> {
    let tls = prepared(settings)?;
    let mut link = Link::open(settings, &tls, credentials).await?;
    let delimiter = link.delimiter().await?;
    for name in &settings.folders {
        link.select(&super::folder::on_server(name, delimiter.as_deref())).await?;
    }
    let how = if link.idles { "it tells of new mail by itself" } else { "it is asked for new mail, since it has no IDLE" };
    link.close().await;
    Ok(how.to_owned())
}

fn prepared(settings: &ImapSettings) -> Result<TlsConnector, Trouble> {
    if let Some((setting, why)) = settings.faults().into_iter().next() {
        return Err(Trouble::Settings(format!("{setting}: {why}")));
    }
    connector(settings.ca_file.as_deref()).map_err(Trouble::Settings)
}
