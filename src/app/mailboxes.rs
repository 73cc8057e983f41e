//! The mailboxes of a configuration: each a task of its own.

use crate::config::{Config, Secrets};
use crate::flow::Gateway;
use crate::imap::{Credentials, Mailbox};
use anyhow::{Context, anyhow};
use std::sync::Arc;
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;

/// Fetches from all of them until `stopping` is true. A mailbox that can't be opened is tried again: that is no reason not to start.
pub(super) fn serve(
    config: &Config,
    secrets: &Secrets,
    gateway: &Arc<Gateway>,
    stopping: &Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    for settings in &config.imap {
        let name = &settings.name;
        let credentials = Credentials::of(settings, secrets.imap_password(name))
            .ok_or_else(|| anyhow!("the key file has no [[imap]] with a password for `{name}`"))?;
        let mailbox = Mailbox::new(settings.clone(), credentials, gateway.clone(), gateway.world.clone());
        tasks.spawn(mailbox.with_context(|| format!("imap.{name}"))?.run(stopping.clone()));
    }
    Ok(())
}
