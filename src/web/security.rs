//! What every page says to the browser, and where a POST may come from.

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use std::time::Duration;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// The headers of a page with this content policy. `https` adds HSTS (RFC 6797).
pub fn headers(policy: HeaderValue, https: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let fixed: [(HeaderName, &str); 7] = [
        // The URL is the capability: it must not travel on as a Referer, nor stay in a cache or an index.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), interest-cohort=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    headers
}

/// Routes with what every counter has around them: a bound on a request's body (octets) and on its time, and these headers on
/// each answer.
pub(super) fn guarded<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    body_max: usize,
    time_max: Duration,
    all: HeaderMap,
) -> Router<S> {
    routes
        .layer(RequestBodyLimitLayer::new(body_max))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, time_max))
        .layer(map_response(move |response| std::future::ready(with_headers(response, &all))))
}

/// Adds the headers that the response does not set itself: also to refusals that no page of ours made.
pub fn with_headers(mut response: Response, headers: &HeaderMap) -> Response {
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    response
}

/// `scheme://host[:port]` of a URL; `None` where it has another form or a character that could end a policy.
pub fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]+".contains(&b));
    (plain(scheme) && plain(host)).then(|| url.split_at(scheme.len() + 3 + host.len()).0)
}

/// Whether a POST came from a page of ours. Sec-Fetch-Site (Fetch Metadata) decides where the browser sends it; older
/// ones are judged by Origin, which is `null` under our referrer policy. What is absent does not accuse: the token in
/// the path is the capability.
pub fn is_from_here(headers: &HeaderMap, own_origin: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    headers.get(header::ORIGIN).is_none_or(|origin| origin == "null" || origin == own_origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_from_a_url() {
        assert_eq!(origin("https://meet.example/tenant?x"), Some("https://meet.example"));
        assert_eq!(origin("http://127.0.0.1:8080"), Some("http://127.0.0.1:8080"));
        for bad in ["", "meet.example", "https://", "https://a;b/", "https://a b/", "https://a'/"] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_post_from_another_site_is_noticed() {
        let with = |pairs: &[(&'static str, &'static str)]| {
            let map: HeaderMap = pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect();
            is_from_here(&map, "https://visio.example")
        };
        assert!(with(&[]));
        assert!(with(&[("origin", "https://visio.example")]));
        assert!(with(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!with(&[("origin", "https://evil.example")]));
        assert!(!with(&[("sec-fetch-site", "cross-site")]));
        assert!(!with(&[("origin", "https://visio.example"), ("sec-fetch-site", "same-site")]));
    }
}
