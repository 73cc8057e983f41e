//! Whether the programs that look into mail can be asked.

use crate::config::Finding;
use crate::scan::{ScanSettings, scanners};

/// One finding for each that is configured.
pub(super) async fn findings(settings: &ScanSettings) -> Vec<Finding> {
    let scanners = match scanners(settings) {
        Ok(scanners) => scanners,
        Err(error) => return vec![Finding::problem("scan", error.to_string(), "see docs/scan.md for the form")],
    };
    let mut findings = Vec::new();
    for (name, scanner) in scanners {
        findings.push(match scanner.ping().await {
            Ok(()) => Finding::ok(name, "it answers"),
            Err(error) => {
                Finding::problem(name, error.to_string(), "start it, or take it out of the configuration: no mail is taken without it")
            }
        });
    }
    findings
}
