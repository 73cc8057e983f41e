//! How fast pages are asked for: by network, and by link. Who guesses links pays for each that does not exist as for many looks.

use super::peer::Peer;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// What a link that does not exist costs, in requests.
const DEAD: u32 = 20;
/// Most networks and links that are remembered before the idle ones are forgotten.
const REMEMBERED: usize = 100_000;

/// The pace.
pub struct Pace {
    networks: DefaultKeyedRateLimiter<u64>,
    links: DefaultKeyedRateLimiter<u64>,
}

impl Pace {
    /// Requests of one network, and to one link, a minute.
    pub fn new(network_per_minute: NonZeroU32, link_per_minute: NonZeroU32) -> Self {
        let limiter = |most| RateLimiter::keyed(Quota::per_minute(most));
        Self { networks: limiter(network_per_minute), links: limiter(link_per_minute) }
    }

    fn has_room(&self, network: Option<u64>, link: Option<u64>) -> bool {
        for limiter in [&self.networks, &self.links] {
            if limiter.len() > REMEMBERED {
                limiter.retain_recent();
            }
        }
        network.is_none_or(|network| self.networks.check_key(&network).is_ok())
            && link.is_none_or(|link| self.links.check_key(&link).is_ok())
    }

    fn pay_for_a_dead_link(&self, network: u64) {
        // One by one: where there is not room for all of it, what is left is taken.
        for _ in 0..DEAD {
            let _ = self.networks.check_key(&network);
        }
    }
}

/// Lets a request through, or answers 429 (RFC 6585 §4).
pub async fn keep_pace(State(pace): State<Arc<Pace>>, Peer(peer): Peer, request: Request, next: Next) -> Response {
    // Prosody shows a secret, and tells of everybody who comes and goes.
    if request.uri().path().starts_with("/jitsi/") {
        return next.run(request).await;
    }
    let network = peer.map(network);
    let link = link_of(request.uri().path()).map(|token| xxh3_64(token.as_bytes()));
    if !pace.has_room(network, link) {
        let about = [(header::RETRY_AFTER, "60"), (header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        let text = "Too many requests. Please wait a minute and try again.\nTrop de demandes. Merci d\u{2019}attendre une minute.\n";
        return (StatusCode::TOO_MANY_REQUESTS, about, text).into_response();
    }
    let response = next.run(request).await;
    if let Some(network) = network.filter(|_| link.is_some() && response.status() == StatusCode::NOT_FOUND) {
        pace.pay_for_a_dead_link(network);
    }
    response
}

/// What shares a limit: an IPv4 address, an IPv6 /48.
fn network(peer: IpAddr) -> u64 {
    match peer.to_canonical() {
        IpAddr::V4(address) => xxh3_64(&address.octets()),
        IpAddr::V6(address) => xxh3_64(&address.octets()[..6]),
    }
}

/// The token of `/j/…`, `/m/…`, `/a/…` and `/w/…`.
fn link_of(path: &str) -> Option<&str> {
    let mut parts = path.split('/').skip(1);
    let is_page = parts.next().is_some_and(|page| matches!(page, "j" | "m" | "a" | "w"));
    parts.next().filter(|_| is_page)
}
