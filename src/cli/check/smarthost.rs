//! The way out: whether the smarthost can be reached, and how mail travels to it.

use crate::config::Finding;
use crate::outbound::smarthost::{Smarthost, SmarthostSettings, TlsMode};
use std::time::Duration;

/// Longest wait for connection, TLS and login together.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn findings(settings: &SmarthostSettings) -> Vec<Finding> {
    let subject = format!("{}:{}", settings.host, settings.port);
    let mut findings = vec![probe(settings, &subject).await];
    if !settings.is_loopback() && settings.tls == TlsMode::None {
        let advice = "set delivery.smarthost.tls = \"starttls\" or \"implicit\"";
        findings.push(Finding::warning(&subject, "mail travels to it unencrypted", advice));
    }
    if !settings.is_loopback() && settings.helo == "localhost" {
        let advice = "set delivery.smarthost.helo to identity.host_name";
        findings.push(Finding::warning(&subject, "we say EHLO localhost, which many servers refuse", advice));
    }
    findings
}

async fn probe(settings: &SmarthostSettings, subject: &str) -> Finding {
    let tried = async { Smarthost::new(settings.clone())?.probe().await };
    let advice = "look at delivery.smarthost; until then mail waits in the outbox";
    match tokio::time::timeout(PATIENCE, tried).await {
        Ok(Ok(())) => {
            let how = match settings.tls {
                TlsMode::None => "without TLS",
                TlsMode::Starttls => "with STARTTLS",
                TlsMode::Implicit => "over TLS",
            };
            let login = if settings.login.is_some() { ", the login is right" } else { "" };
            Finding::ok(subject, format!("takes our connection {how}{login}"))
        }
        Ok(Err(error)) => Finding::problem(subject, error.trim_start_matches(&format!("{subject}: ")), advice),
        Err(_) => Finding::problem(subject, format!("no answer within {} seconds", PATIENCE.as_secs()), advice),
    }
}
