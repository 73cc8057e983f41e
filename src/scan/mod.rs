//! Programs beside us that look into mail: ClamAV's clamd for viruses, rspamd for spam. Both are optional. Where one is configured and
//! can't be asked, mail is not taken (451): it comes again.

mod clamd;
mod rspamd;
mod settings;

pub use clamd::Clamd;
pub use rspamd::Rspamd;
pub use settings::ScanSettings;

use crate::flow::port::Scanner;
use std::sync::Arc;
use std::time::Duration;

/// Why a scanner can't be asked as configured. For the operator.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct ScanConfigError {
    what: &'static str,
    why: String,
}

/// A scanner by the name of its setting.
pub type Named = (&'static str, Arc<dyn Scanner>);

/// Those that are configured.
pub fn scanners(settings: &ScanSettings) -> Result<Vec<Named>, ScanConfigError> {
    let patience = Duration::from_secs(settings.timeout_seconds.into());
    let mut scanners: Vec<Named> = Vec::new();
    if let Some(address) = &settings.clamd {
        scanners.push(("scan.clamd", Arc::new(Clamd::new(address, patience)?)));
    }
    if let Some(url) = &settings.rspamd {
        scanners.push(("scan.rspamd", Arc::new(Rspamd::new(url, patience)?)));
    }
    Ok(scanners)
}
