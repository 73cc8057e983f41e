//! The webhooks of the configuration: each a task of its own, and a bell that wakes them all.

use crate::config::{self, Config, Secrets};
use crate::domain::id::AlertId;
use crate::flow::Gateway;
use crate::notify::caller::{Caller, CallerBell, Page};
use crate::notify::webhook::Webhook;
use anyhow::{Context, anyhow};
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch::Receiver};
use tokio::task::JoinSet;
use uuid::Uuid;

/// What is called, before the flows are built that ring.
pub(super) struct Callers(Vec<(config::Webhook, Webhook, Arc<Notify>)>);

/// The webhook of these settings.
pub fn webhook(settings: &config::Webhook, secrets: &Secrets) -> anyhow::Result<Webhook> {
    let name = &settings.name;
    let key = secrets.webhook_key(name).ok_or_else(|| anyhow!("the key file has no [[webhook]] with a secret for `{name}`"))?;
    Webhook::new(&settings.url, &key, Duration::from_secs(settings.timeout_seconds.into())).with_context(|| format!("webhook `{name}`"))
}

impl Callers {
    pub(super) fn build(config: &Config, secrets: &Secrets) -> anyhow::Result<Self> {
        let built = config.webhooks.iter().map(|settings| Ok((settings.clone(), webhook(settings, secrets)?, Arc::default())));
        Ok(Self(built.collect::<anyhow::Result<_>>()?))
    }

    pub(super) fn bell(&self) -> CallerBell {
        CallerBell(self.0.iter().map(|(_, _, wake)| wake.clone()).collect())
    }

    pub(super) fn start(self, gateway: &Arc<Gateway>, node: Uuid, stopping: &Receiver<bool>, tasks: &mut JoinSet<()>) {
        for (settings, webhook, wake) in self.0 {
            let caller = Caller {
                node,
                name: settings.name,
                webhook,
                severity: settings.severity,
                give_up: TimeDelta::hours(settings.give_up_hours.into()),
                archive: gateway.archive.clone(),
                world: gateway.world.clone(),
                page: page(gateway),
            };
            tasks.spawn(caller.run(wake, stopping.clone()));
        }
    }
}

fn page(gateway: &Arc<Gateway>) -> Page {
    let gateway = gateway.clone();
    Arc::new(move |alert: AlertId| gateway.alert_link(alert, gateway.world.now()).ok())
}
