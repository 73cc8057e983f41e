//! How mail leaves: the transport that the settings choose, behind the signer.

use crate::config::{Config, Route};
use crate::flow::port::Transport;
use crate::outbound::direct::Direct;
use crate::outbound::dkim::{Signer, SigningTransport};
use crate::outbound::failover::Failover;
use crate::outbound::smarthost::Smarthost;
use anyhow::anyhow;
use std::sync::Arc;

/// Builds it; connects to nobody yet.
pub(super) fn transport(config: &Config) -> anyhow::Result<Arc<dyn Transport>> {
    let signer = Arc::new(Signer::load(&config.keys.dkim)?);
    let delivery = &config.delivery;
    Ok(match delivery.route {
        Route::Smarthost => {
            let hosts = std::iter::once(&delivery.smarthost).chain(&delivery.fallback);
            let ways: Result<Vec<Smarthost>, String> = hosts.map(|host| Smarthost::new(host.clone())).collect();
            Arc::new(SigningTransport::new(signer, Failover::new(ways.map_err(|error| anyhow!(error))?)))
        }
        Route::Direct => {
            let direct = Direct::new(delivery.direct.clone(), &config.identity.host_name).map_err(|error| anyhow!(error))?;
            Arc::new(SigningTransport::new(signer, direct))
        }
    })
}
