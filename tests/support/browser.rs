//! A browser: keeps cookies, follows redirections and sends forms, between a provider on loopback and our own pages in this process.

use super::desk::form;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use cookie::Cookie;
use cookie::time::OffsetDateTime;
use std::collections::BTreeMap;
use tower::ServiceExt;

/// Where our own pages are, for the provider.
pub const OURS: &str = "https://visio.example";

pub struct Browser {
    /// Our address, and what answers there where that is in this process.
    ours: (String, Option<Router>),
    outside: reqwest::Client,
    jar: BTreeMap<String, BTreeMap<String, String>>,
    /// The addresses of the last journey.
    pub way: Vec<String>,
}

/// What the browser shows.
#[derive(Debug)]
pub struct Page {
    pub url: String,
    pub status: StatusCode,
    pub body: String,
}

impl Page {
    /// Where the only form of the page, or the one with this field, leads, and its hidden fields.
    pub fn form(&self, field: &str) -> (String, Vec<(String, String)>) {
        let forms = self.body.split("<form").skip(1).map(|rest| rest.split("</form").next().unwrap());
        let form = forms.clone().find(|form| form.contains(&format!("name=\"{field}\""))).unwrap_or_else(|| panic!("{field}: {self:?}"));
        let action = attribute(form.split('>').next().unwrap(), "action").unwrap_or_default();
        let hidden = form.split("<input").skip(1).map(|input| input.split('>').next().unwrap());
        let hidden = hidden.filter(|input| attribute(input, "type").as_deref() == Some("hidden"));
        let fields = hidden.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())));
        (join(&self.url, &action), fields.collect())
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let text = rest.split('"').next()?;
    Some(text.replace("&amp;", "&").replace("&quot;", "\"").replace("&#39;", "'"))
}

fn origin(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    url[after..].find('/').map_or(url, |at| &url[..after + at])
}

fn join(base: &str, to: &str) -> String {
    match to {
        "" | "#" => base.to_owned(),
        path if path.starts_with('/') => format!("{}{path}", origin(base)),
        whole => whole.to_owned(),
    }
}

impl Browser {
    /// For pages in this process.
    pub fn new(ours: &Router) -> Self {
        Self::of(OURS, Some(ours.clone()))
    }

    /// For pages of a program of ours at this address.
    pub fn at(ours: &str) -> Self {
        Self::of(ours, None)
    }

    fn of(ours: &str, router: Option<Router>) -> Self {
        let outside = paravent::http_client::new(super::net::PATIENCE).unwrap();
        Self { ours: (ours.to_owned(), router), outside, jar: BTreeMap::new(), way: Vec::new() }
    }

    /// Follows a link.
    pub async fn open(&mut self, url: &str) -> Page {
        self.go("GET", url, String::new()).await
    }

    /// Fills in the form that has this field, and sends it.
    pub async fn send(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let (action, hidden) = page.form(fields[0].0);
        let mut all: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
        all.extend(fields);
        self.go("POST", &action, form(&all)).await
    }

    /// The same browser in other hands.
    pub fn copy(&self) -> Self {
        Self { ours: self.ours.clone(), outside: self.outside.clone(), jar: self.jar.clone(), way: Vec::new() }
    }

    /// The value of a cookie of ours.
    pub fn holds(&self, name: &str) -> Option<&String> {
        self.jar.get(&self.ours.0)?.get(name)
    }

    async fn go(&mut self, method: &str, url: &str, body: String) -> Page {
        let (mut method, mut url, mut body) = (method.to_owned(), url.to_owned(), body);
        self.way.clear();
        for _ in 0..20 {
            self.way.push(url.clone());
            let (status, headers, text) = self.ask(&method, &url, &body).await;
            self.keep(origin(&url).to_owned(), &headers);
            match headers.get(header::LOCATION).filter(|_| status.is_redirection()) {
                Some(to) => (method, url, body) = ("GET".to_owned(), join(&url, to.to_str().unwrap()), String::new()),
                None => return Page { url, status, body: text },
            }
        }
        panic!("a circle: {:?}", self.way);
    }

    async fn ask(&self, method: &str, url: &str, body: &str) -> (StatusCode, HeaderMap, String) {
        let held = self.jar.get(origin(url)).into_iter().flatten().map(|(name, value)| format!("{name}={value}"));
        let held = held.collect::<Vec<_>>().join("; ");
        let kind = "application/x-www-form-urlencoded";
        if let (Some(path), Some(router)) = (url.strip_prefix(OURS), &self.ours.1) {
            let request = Request::builder().method(method).uri(path).header(header::COOKIE, held).header("sec-fetch-site", "same-origin");
            let request = request.header(header::CONTENT_TYPE, kind).body(Body::from(body.to_owned())).unwrap();
            let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
            let body = to_bytes(body, 1 << 20).await.unwrap();
            return (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned());
        }
        assert!(url.starts_with("http://127.0.0.1:"), "the browser leaves the machine: {url}");
        let request = self.outside.request(method.parse().unwrap(), url).header(header::COOKIE, held).header(header::ACCEPT, "text/html");
        let site = if origin(url) == self.ours.0 { "same-origin" } else { "cross-site" };
        let request = request.header("sec-fetch-site", site);
        let answer = request.header(header::CONTENT_TYPE, kind).body(body.to_owned()).send().await.unwrap();
        (answer.status(), answer.headers().clone(), answer.text().await.unwrap())
    }

    fn keep(&mut self, origin: String, headers: &HeaderMap) {
        let jar = self.jar.entry(origin).or_default();
        for line in headers.get_all(header::SET_COOKIE) {
            let cookie = Cookie::parse(line.to_str().unwrap()).unwrap();
            let is_gone = cookie.max_age().is_some_and(|age| age.is_zero())
                || cookie.expires_datetime().is_some_and(|until| until < OffsetDateTime::now_utc());
            match is_gone {
                true => drop(jar.remove(cookie.name())),
                false => drop(jar.insert(cookie.name().to_owned(), cookie.value().to_owned())),
            }
        }
    }
}
