//! From which address a request came: the connection's own, or what a proxy of ours says.

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The address of whoever asks, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}

/// Notes the peer of each request, for whoever asks for [`Peer`].
pub async fn note_peer(State(proxies): State<Arc<[IpNet]>>, mut request: Request, next: Next) -> Response {
    let connected = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let peer = connected.map(|connected| behind(connected, request.headers(), &proxies));
    request.extensions_mut().insert(Peer(peer));
    next.run(request).await
}

/// Each proxy adds whom it was asked by at the end of X-Forwarded-For: the last one that is no proxy of ours is the peer. What stands
/// before was written by anybody.
fn behind(connected: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_ours = |address: &IpAddr| proxies.iter().any(|net| net.contains(&address.to_canonical()));
    let told = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut told: Vec<&str> = told.map(str::trim).collect();
    let mut peer = connected;
    while is_ours(&peer)
        && let Some(Ok(next)) = told.pop().map(str::parse)
    {
        peer = next;
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_proxies_added_is_believed() {
        let proxies: Vec<IpNet> = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let peer = |connected: &str, told: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in told {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            behind(connected.parse().unwrap(), &headers, &proxies).to_string()
        };
        assert_eq!(peer("192.0.2.1", &["198.51.100.9"]), "192.0.2.1", "a stranger says what they like");
        assert_eq!(peer("127.0.0.1", &["203.0.113.5, 198.51.100.9, 10.1.1.1"]), "198.51.100.9");
        assert_eq!(peer("127.0.0.1", &["203.0.113.5", "198.51.100.9"]), "198.51.100.9", "several fields are one list");
        assert_eq!(peer("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        for nonsense in ["", "unknown", "x, y"] {
            assert_eq!(peer("127.0.0.1", &[nonsense]), "127.0.0.1", "{nonsense}");
        }
    }
}
