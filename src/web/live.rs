//! Tells an open page that what it shows has changed (server-sent events). It changes nothing, and pages work without it.

use super::guest::GuestCounter;
use crate::flow::join::{JoinPage, JoinState};
use crate::flow::port::PortError;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, stream};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How open pages are kept up to date. Clones share the places.
#[derive(Clone)]
pub struct Live {
    /// How often each is compared with what is known.
    pub every: Duration,
    /// How many may be open.
    pub open: Arc<Semaphore>,
    /// When the gateway ends, they end.
    pub stopping: watch::Receiver<bool>,
}

/// Looks up what a page shows: what a reload would show differently, `None` where there is nothing to see.
type Look<S> = Box<dyn Fn() -> BoxFuture<'static, Result<Option<S>, PortError>> + Send + Sync>;

/// One open page: what it shows, and how that is looked up again.
struct Follower<S> {
    live: Live,
    look: Look<S>,
    shown: S,
    _place: OwnedSemaphorePermit,
}

impl<S: PartialEq> Follower<S> {
    /// Waits for the next change; `None` when the gateway ends, or the page is for nobody any more.
    async fn changed(&mut self) -> Option<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.live.every) => {}
                _ = self.live.stopping.wait_for(|stop| *stop) => return None,
            }
            // An archive that does not answer now says nothing of the page.
            let Ok(seen) = (self.look)().await else { continue };
            let seen = seen?;
            if seen != self.shown {
                self.shown = seen;
                return Some(());
            }
        }
    }
}

/// The stream of a page.
pub(super) async fn follow<S: PartialEq + Send + 'static>(live: &Live, look: Look<S>) -> Response {
    let shown = match look().await {
        Ok(Some(shown)) => shown,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    // 204 tells the browser not to ask again.
    let Ok(place) = live.open.clone().try_acquire_owned() else { return StatusCode::NO_CONTENT.into_response() };
    let follower = Follower { live: live.clone(), look, shown, _place: place };
    let changes = stream::unfold(follower, |mut follower| async {
        follower.changed().await?;
        Some((Ok::<_, Infallible>(Event::default().event("changed").data("1")), follower))
    });
    Sse::new(changes).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

/// `GET /j/{token}/events`
pub(super) async fn events(State(counter): State<Arc<GuestCounter>>, Path(token): Path<String>) -> Response {
    let live = counter.live().clone();
    let look = move || {
        let (counter, token) = (counter.clone(), token.clone());
        async move {
            let page = counter.join().look(&token).await?;
            if matches!(page, JoinPage { state: JoinState::Unknown, .. }) {
                return Ok(None);
            }
            let answer = counter.answered(&page).await?;
            Ok(Some((page, answer)))
        }
        .boxed()
    };
    follow(&live, Box::new(look)).await
}
