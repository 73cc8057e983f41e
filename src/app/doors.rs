//! The mail doors of a configuration: bound first, served then.

use super::build;
use crate::config::Config;
use crate::flow::Gateway;
use crate::flow::port::{MailDoor, Reception};
use crate::inbound::{Door, Listener, serve};
use anyhow::Context;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A bound listener and what it is.
struct Bound {
    listener: Listener,
    role: MailDoor,
    implicit_tls: bool,
}

/// Every bound mail door.
pub(super) struct Doors(Vec<Bound>);

impl Doors {
    /// Binds what the configuration names.
    pub(super) async fn bind(config: &Config) -> anyhow::Result<Self> {
        let listen = &config.listen;
        let named = [
            ("listen.mx", listen.mx, MailDoor::Mx, false),
            ("listen.submission", listen.submission, MailDoor::Submission, false),
            ("listen.submissions", listen.submissions, MailDoor::Submission, true),
            ("listen.lmtp", listen.lmtp, MailDoor::Lmtp, false),
        ];
        let mut bound = Vec::new();
        for (key, address, role, implicit_tls) in named {
            if let Some(address) = address {
                let listener = Listener::tcp(address).await.with_context(|| format!("{key} {address}"))?;
                bound.push(Bound { listener, role, implicit_tls });
            }
        }
        if let Some(path) = &listen.lmtp_socket {
            let listener = Listener::unix(path).await.with_context(|| format!("listen.lmtp_socket {}", path.display()))?;
            bound.push(Bound { listener, role: MailDoor::Lmtp, implicit_tls: false });
        }
        Ok(Self(bound))
    }

    /// Serves every door until `stopping` is true.
    pub(super) fn serve(
        self,
        config: &Config,
        gateway: &Arc<Gateway>,
        stopping: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        for Bound { listener, role, implicit_tls } in self.0 {
            let reception: Arc<dyn Reception> = gateway.clone();
            let door = Door {
                role,
                host_name: config.identity.host_name.clone(),
                limits: config.limits.clone(),
                tls: build::tls(config)?,
                implicit_tls,
                trusted_networks: config.listen.trusted_networks.clone(),
                plain_login_on_loopback: false,
                reception,
            };
            tasks.spawn(serve(Arc::new(door), listener, stopping.clone()));
        }
        Ok(())
    }
}
