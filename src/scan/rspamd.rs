//! The protocol of rspamd: the message and its envelope in one HTTP request, a verdict as JSON.

use super::ScanConfigError;
use crate::domain::scan::Scanned;
use crate::flow::port::{PortError, PortResult, Scanner, ToScan};
use crate::http_client;
use async_trait::async_trait;
use reqwest::header::HeaderValue;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use std::time::Duration;

/// A worker of rspamd.
pub struct Rspamd {
    base: String,
    client: Client,
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Verdict {
    action: String,
    #[serde(default)]
    score: f64,
    #[serde(default)]
    required_score: f64,
}

impl Rspamd {
    /// At this http url. An answer is waited for no longer than `patience`.
    pub fn new(url: &str, patience: Duration) -> Result<Self, ScanConfigError> {
        let fault = |why: String| ScanConfigError { what: "scan.rspamd", why };
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(fault(format!("`{url}` is no http url")));
        }
        let client = http_client::new(patience).map_err(|error| fault(error.to_string()))?;
        Ok(Self { base: url.trim_end_matches('/').to_owned(), client })
    }

    async fn body(&self, request: RequestBuilder) -> PortResult<Vec<u8>> {
        let failed = |error: reqwest::Error| PortError::new("ask rspamd", error.without_url());
        let answer = request.send().await.map_err(failed)?;
        match answer.status() {
            StatusCode::OK => Ok(answer.bytes().await.map_err(failed)?.to_vec()),
            other => Err(PortError::new("ask rspamd", format!("HTTP {}", other.as_u16()))),
        }
    }
}

fn understood(body: &[u8]) -> PortResult<Scanned> {
    let Verdict { action, score, required_score } =
        serde_json::from_slice(body).map_err(|error| PortError::new("ask rspamd", format!("its answer can't be read: {error}")))?;
    match action.as_str() {
        // Greylisting is for the server in front of us, which knows when it was seen before.
        "no action" | "greylist" => Ok(Scanned::default()),
        "add header" | "rewrite subject" | "reject" | "quarantine" | "discard" => {
            Ok(Scanned { virus: None, spam: Some(format!("rspamd says `{action}` ({score:.1} of {required_score:.1})")) })
        }
        other => Err(PortError::new("ask rspamd", format!("it says `{other}`"))),
    }
}

#[async_trait]
impl Scanner for Rspamd {
    async fn scan(&self, mail: &ToScan<'_>) -> PortResult<Scanned> {
        let ToScan { peer, helo, from, recipients, is_trusted, raw } = mail;
        // An organizer's own mail is no spam.
        if *is_trusted {
            return Ok(Scanned::default());
        }
        let mut request = self.client.post(format!("{}/checkv2", self.base));
        // Of mail that was fetched nobody knows who brought it: a made-up address would be judged by its reputation.
        if !peer.is_unspecified() {
            request = request.header("IP", peer.to_string());
        }
        let from = from.unwrap_or_default();
        let envelope = [("Helo", *helo), ("From", from)].into_iter().chain(recipients.iter().map(|to| ("Rcpt", to.as_str())));
        for (name, value) in envelope {
            if let Ok(value) = HeaderValue::from_str(value) {
                request = request.header(name, value);
            }
        }
        understood(&self.body(request.body(raw.to_vec())).await?)
    }

    async fn ping(&self) -> PortResult<()> {
        self.body(self.client.get(format!("{}/ping", self.base))).await.map(drop)
    }
}
