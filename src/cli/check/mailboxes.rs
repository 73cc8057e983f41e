//! Whether each mailbox that mail is fetched from can be signed in to, and its folders opened.

use crate::config::{Config, Finding, Secrets};
use crate::imap::{Credentials, mailbox};
use std::time::Duration;

/// Longest wait for connection, TLS, sign-in and folders together.
const PATIENCE: Duration = Duration::from_secs(30);

/// One finding for each; all are asked at once. What is wrong in the settings alone is said by another chapter.
pub(super) async fn findings(config: &Config, secrets: Option<&Secrets>) -> Vec<Finding> {
    let asked = config.imap.iter().filter(|settings| settings.faults().is_empty()).filter_map(|settings| {
        let password = secrets.and_then(|secrets| secrets.imap_password(&settings.name));
        let credentials = Credentials::of(settings, password)?;
        Some(async move {
            let subject = format!("imap.{}", settings.name);
            let advice = "look at its user, its password or token, and whether the provider lets programs in by IMAP";
            match tokio::time::timeout(PATIENCE, mailbox::probe(settings, &credentials)).await {
                Ok(Ok(how)) => Finding::ok(subject, format!("{}: signed in; {how}", settings.host)),
                Ok(Err(trouble)) => Finding::problem(subject, format!("{}: {trouble}", settings.host), advice),
                Err(_) => Finding::problem(subject, format!("{}: no answer within {} seconds", settings.host, PATIENCE.as_secs()), advice),
            }
        })
    });
    futures_util::future::join_all(asked).await
}
