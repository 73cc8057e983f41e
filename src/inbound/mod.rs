//! Ears: SMTP (MX and submission) and LMTP. Protocol alone; what a message means is asked of [`crate::flow::port::Reception`].

mod auth;
mod bdat;
mod connections;
mod content;
mod conversation;
mod door;
mod limits;
mod listener;
mod path;
mod replies;
mod session;
mod tls;
mod verdict;
mod wire;

pub use door::Door;
pub use limits::Limits;
pub use listener::{Listener, serve};
pub use tls::{Tls, TlsError};
