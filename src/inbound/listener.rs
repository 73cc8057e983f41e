//! Listening: accepts connections, counts them, and ends in good order.

use super::connections::{Connections, Full};
use super::conversation::converse;
use super::door::Door;
use super::replies::Replies;
use super::wire::{Shutdown, Stream, stopped};
use crate::domain::answer::Answer;
use std::fs::Permissions;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::select;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const FULL: Answer = Answer::new(421, (4, 3, 2), "Too many connections; try again later");
const FULL_FOR_PEER: Answer = Answer::new(421, (4, 7, 0), "Too many connections from your address; try again later");
/// Pause after a failed accept, such as when no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(100);
/// How long after the grace of its sessions a stopping server waits for a reception that still stores a message.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// A bound socket.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket, for LMTP.
    Unix(UnixListener),
}

impl Listener {
    /// Listens on a TCP address.
    pub async fn tcp(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self::Tcp)
    }

    /// Listens on a unix socket with mode 0660. A socket file on which nobody listens any more is removed first;
    /// anything else in its place is an error.
    pub async fn unix(path: &Path) -> io::Result<Self> {
        if std::fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
            match UnixStream::connect(path).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
                Ok(_) | Err(_) => return Err(io::ErrorKind::AddrInUse.into()),
            }
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o660))?;
        Ok(Self::Unix(listener))
    }

    /// The TCP address, for a port chosen by the system.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    async fn accept(&self) -> io::Result<(Box<dyn Stream>, IpAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Without it, every reply waits for the peer's delayed acknowledgement.
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), peer.ip().to_canonical()))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), Ipv4Addr::LOCALHOST.into()))
            }
        }
    }
}

/// Serves a door until `shutdown` is true or its sender is gone. Then: no new session, `421` to idle ones,
/// and transactions under way may finish within [`super::Limits::shutdown_seconds`].
pub async fn serve(door: Arc<Door>, listener: Listener, mut shutdown: watch::Receiver<bool>) {
    let connections = Arc::new(Connections::default());
    let mut sessions = JoinSet::new();
    let ours = shutdown.clone();
    loop {
        select! {
            biased;
            () = stopped(&mut shutdown) => break,
            Some(ended) = sessions.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => open(&door, &connections, stream, peer, &ours, &mut sessions).await,
                Err(error) => {
                    tracing::warn!(door = ?door.role, %error, "connection not accepted");
                    sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let all = async {
        while let Some(ended) = sessions.join_next().await {
            report(ended);
        }
    };
    if timeout(door.limits.shutdown_grace() + LAST_WAIT, all).await.is_err() {
        tracing::warn!(door = ?door.role, open = sessions.len(), "sessions still open at the end");
        // Aborting would drop a message that the reception is storing.
        sessions.detach_all();
    }
}

async fn open(
    door: &Arc<Door>,
    connections: &Arc<Connections>,
    stream: Box<dyn Stream>,
    peer: IpAddr,
    shutdown: &Shutdown,
    sessions: &mut JoinSet<()>,
) {
    match connections.enter(peer, door.limits.connections, door.limits.connections_per_peer) {
        Ok(place) => {
            let (door, shutdown) = (Arc::clone(door), shutdown.clone());
            sessions.spawn(async move {
                converse(&door, stream, peer, shutdown).await;
                drop(place);
            });
        }
        Err(full) => {
            tracing::warn!(door = ?door.role, %peer, ?full, "connection refused");
            // Before a handshake, nothing can be said.
            if !door.implicit_tls {
                turn_away(stream, full).await;
            }
        }
    }
}

/// One reply that fits into the empty socket buffer: it never makes the accepting task wait.
async fn turn_away(mut stream: Box<dyn Stream>, full: Full) {
    let mut reply = Replies::default();
    reply.answer(&match full {
        Full::Door => FULL,
        Full::Peer => FULL_FOR_PEER,
    });
    // Whether the peer reads it is the peer's affair.
    let _ = stream.write_all(reply.bytes()).await;
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a session broke off");
    }
}
