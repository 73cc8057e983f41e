//! `GET /j/{token}/events`: tells an open page that what it shows has changed (server-sent events). It changes nothing.

use super::guest::GuestCounter;
use crate::flow::join::{JoinPage, JoinState};
use crate::flow::port::PortError;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How open pages are kept up to date.
pub struct Live {
    /// How often each is compared with what is known.
    pub every: Duration,
    /// How many may be open.
    pub open: Arc<Semaphore>,
    /// When the gateway ends, they end.
    pub stopping: watch::Receiver<bool>,
}

/// One open page.
struct Follower {
    counter: Arc<GuestCounter>,
    token: String,
    shown: Shown,
    stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

/// What a reload would show differently.
#[derive(PartialEq)]
struct Shown(JoinPage, Option<String>);

impl Follower {
    async fn shown(counter: &GuestCounter, token: &str) -> Result<Shown, PortError> {
        let page = counter.join().look(token).await?;
        let answer = counter.answered(&page).await?;
        Ok(Shown(page, answer))
    }

    /// Waits for the next change; `None` when the gateway ends.
    async fn changed(&mut self) -> Option<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.counter.live().every) => {}
                _ = self.stopping.wait_for(|stop| *stop) => return None,
            }
            // An archive that does not answer now says nothing of the page.
            if let Ok(shown) = Self::shown(&self.counter, &self.token).await
                && shown != self.shown
            {
                self.shown = shown;
                return Some(());
            }
        }
    }
}

/// The stream of a page.
pub(super) async fn events(State(counter): State<Arc<GuestCounter>>, Path(token): Path<String>) -> Response {
    let shown = match Follower::shown(&counter, &token).await {
        Ok(Shown(JoinPage { state: JoinState::Unknown, .. }, _)) => return StatusCode::NOT_FOUND.into_response(),
        Ok(shown) => shown,
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    // 204 tells the browser not to ask again: the page works without.
    let Ok(place) = counter.live().open.clone().try_acquire_owned() else { return StatusCode::NO_CONTENT.into_response() };
    let stopping = counter.live().stopping.clone();
    let follower = Follower { counter, token, shown, stopping, _place: place };
    let changes = stream::unfold(follower, |mut follower| async {
        follower.changed().await?;
        Some((Ok::<_, Infallible>(Event::default().event("changed").data("1")), follower))
    });
    Sse::new(changes).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}
