//! Sends a message into our own doors as another server would: the same client, a fresh session each time.

use super::connection::{Connection, Endpoint, Verdict};
use super::smarthost::{SmarthostSettings, TlsMode};
use crate::domain::address::{Mailbox, ReversePath};
use crate::flow::port::{Injector, MailDoor, PortError, PortResult};
use crate::tls_client::connector;
use async_trait::async_trait;
use std::net::SocketAddr;

/// Speaks plain SMTP to the doors of this process.
pub struct DoorInjector {
    mx: SocketAddr,
    submission: SocketAddr,
}

impl DoorInjector {
    /// With the addresses at which the doors listen.
    pub fn new(mx: SocketAddr, submission: SocketAddr) -> Self {
        Self { mx, submission }
    }

    fn address(&self, door: MailDoor) -> PortResult<SocketAddr> {
        match door {
            MailDoor::Mx => Ok(self.mx),
            MailDoor::Submission => Ok(self.submission),
            MailDoor::Lmtp | MailDoor::Imap => Err(PortError::new("inject", "the injector speaks SMTP alone")),
        }
    }
}

#[async_trait]
impl Injector for DoorInjector {
    async fn inject(&self, door: MailDoor, reverse_path: &ReversePath, recipients: &[Mailbox], message: &[u8]) -> PortResult<String> {
        let address = self.address(door)?;
        let settings =
            SmarthostSettings { host: address.ip().to_string(), port: address.port(), tls: TlsMode::None, ..SmarthostSettings::default() };
        let failed = |cause: String| PortError::new("inject", cause);
        let mut connection = Connection::open(&Endpoint::from(&settings), &connector(None).map_err(failed)?)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let verdict = connection.send(reverse_path, recipients, message).await;
        connection.close().await;
        match verdict {
            Verdict::Answered(reply) => Ok(reply.text),
            Verdict::Unreached(cause) | Verdict::LostBefore(cause) | Verdict::LostAfter(cause) => Err(failed(cause)),
        }
    }
}
