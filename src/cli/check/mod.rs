//! `paravent check`: looks at everything that a gateway needs, and says what to do.

mod direct;
mod dns;
mod jicofo;
mod keys;
mod local;
mod lua;
mod mailboxes;
mod meeting_server;
mod prosody;
mod records;
mod report;
mod scan;
mod smarthost;
mod tls;

use super::{Desk, FINDINGS, Outcome, block_on, output};
use crate::config::{Config, Finding, Level, Route};
use clap::Args;
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Ask no name server and no mail server.
    #[arg(long)]
    offline: bool,
    /// A configuration file of Prosody or Jicofo to compare with ours; may be repeated. Includes are not followed.
    #[arg(long, value_name = "FILE")]
    prosody: Vec<PathBuf>,
}

/// Findings that belong together.
struct Chapter {
    title: &'static str,
    findings: Vec<Finding>,
}

pub(super) fn run(desk: &Desk, options: &Options) -> Outcome {
    let chapters = match desk.load() {
        Ok(config) => block_on(async { Ok(look(&config, options).await) })?,
        Err(error) => {
            let advice = "mend the file; every setting is described in docs/configuration.md";
            vec![Chapter { title: "Configuration", findings: vec![Finding::problem("configuration", error.to_string(), advice)] }]
        }
    };
    if desk.json {
        chapters.iter().flat_map(|chapter| &chapter.findings).try_for_each(output::json)?;
    } else {
        report::print(&chapters)?;
    }
    let bad = chapters.iter().flat_map(|chapter| &chapter.findings).any(|finding| finding.level == Level::Problem);
    Ok(if bad { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS })
}

async fn look(config: &Config, options: &Options) -> Vec<Chapter> {
    // Drawn on standard error, and only where that is a terminal.
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(120));
    let mut chapters = Vec::new();
    let mut add = |title, findings: Vec<Finding>| {
        if !findings.is_empty() {
            chapters.push(Chapter { title, findings });
        }
    };
    let settings = config.validate();
    let secrets = keys::secrets(config, &settings);
    let dkim = keys::dkim(config);
    add("Configuration", settings);
    add("Keys", [keys::findings(config, secrets.as_ref()), dkim.findings(options.offline)].concat());
    add("Mail doors", tls::findings(config, chrono::Utc::now()));
    progress.set_message("opening the archive");
    add("On this machine", local::findings(config).await);
    if !options.offline {
        progress.set_message("asking name servers");
        add("DNS", dns::findings(config, &dkim.records).await);
        progress.set_message("asking scanners");
        add("Scanners", scan::findings(&config.scan).await);
        progress.set_message("trying the way out");
        match config.delivery.route {
            Route::Smarthost => {
                add("Smarthost", smarthost::findings(&config.delivery.smarthost).await);
                for host in &config.delivery.fallback {
                    add("Smarthost, fallback", smarthost::findings(host).await);
                }
            }
            Route::Direct => add("Direct delivery", direct::findings(&config.delivery.direct, &config.identity.host_name).await),
        }
        progress.set_message("signing in to mailboxes");
        add("Mailboxes", mailboxes::findings(config, secrets.as_ref()).await);
    }
    add("Jitsi", meeting_server::findings(config, secrets.as_ref(), &options.prosody));
    progress.finish_and_clear();
    chapters
}
