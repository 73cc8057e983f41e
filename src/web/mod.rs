//! Counter: what people see in a browser.
//!
//! * [`alert`] the page of an alert, for the helpdesk
//! * [`api`] `/api/v1`, for programs
//! * [`conference_server`] what Prosody asks and tells, and what Jitsi's pages ask
//! * [`dates`] how a language writes dates, and the next ones of a series
//! * [`guest`] the page behind a guest's link; [`answer`] what they send from it, [`live`] what is told to it, `room` Jitsi in a page
//! * [`meeting`] the organizer's page of a meeting
//! * [`mailbox`] what `localserve` caught, and buttons to answer it
//! * [`pace`] how fast all of it may be asked for, by whom: [`peer`]
//! * [`pages`] templates and words, embedded when the program is built
//! * [`sign_in`] by whom pages are asked for that are not for everybody
//! * [`staff`] pages for people who are signed in
//! * [`security`] headers, and where a POST may come from

pub mod alert;
pub mod answer;
pub mod api;
pub mod conference_server;
pub mod dates;
pub mod guest;
pub mod hold;
pub mod live;
pub mod mailbox;
pub mod meeting;
pub mod pace;
pub mod pages;
pub mod peer;
mod request;
mod room;
pub mod security;
pub mod sign_in;
pub mod staff;

use axum::Router;
use axum::serve::ListenerExt;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Serves until `shutdown` is done, then lets open requests end.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    // Small answers must not wait for the peer's acknowledgement.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).with_graceful_shutdown(shutdown).await
}
