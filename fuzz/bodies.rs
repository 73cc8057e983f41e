//! What each fuzz target does with its bytes, and what must hold. The stable tests replay the seeds through the same
//! functions (tests/fuzz_seeds.rs).

use chrono::DateTime;
use paravent::domain::address::Mailbox;
use paravent::domain::explain::content_only;
use paravent::domain::itip;
use paravent::domain::mime::{self, MimeLimits};
use paravent::domain::token::{Purpose, TokenKeys};
use uuid::Uuid;

/// Reads a message: never panics, keeps its limits.
pub(crate) fn mime(bytes: &[u8]) {
    let limits = MimeLimits::default();
    let mail = mime::read(bytes, &limits);
    assert!(mail.parts.iter().all(|part| part.depth <= limits.depth));
}

/// Reads a calendar object: never panics, and what was read can be walked.
pub(crate) fn calendar(bytes: &[u8]) {
    if let Ok(object) = itip::read(bytes) {
        assert!(object.answers().count() >= object.events.iter().map(|event| event.attendees.len()).sum());
        let _ = object.main_event();
    }
}

/// Opens a local part: what opens is what was minted, in whatever letter case.
pub(crate) fn token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Mailbox::parse(&text);
    let Ok(keys) = TokenKeys::new(&[('a', vec![7; 32]), ('b', vec![8; 32])]) else { return };
    if let Some(token) = keys.open(&text) {
        let minted = [('a', 7), ('b', 8)].into_iter().filter_map(|(name, octet)| TokenKeys::new(&[(name, vec![octet; 32])]).ok());
        assert!(minted.map(|key| key.mint(token.purpose, token.id)).any(|minted| minted.eq_ignore_ascii_case(&text)));
    }
    let mut id = [0; 16];
    id.iter_mut().zip(bytes).for_each(|(octet, byte)| *octet = *byte);
    let id = Uuid::from_bytes(id);
    let minted = keys.mint(Purpose::OrganizerAlias, id);
    assert!(keys.open(&minted).is_some_and(|token| token.id == id && token.purpose == Purpose::OrganizerAlias));
}

/// Judges a message: a class, reasons and a terminal state, whatever the bytes, and the same each time.
pub(crate) fn classification(bytes: &[u8]) {
    let judge = || content_only("fuzz", bytes, &MimeLimits::default(), DateTime::UNIX_EPOCH);
    let found = judge();
    assert!(!found.reasons.is_empty());
    assert!(found.delivery.iter().all(|report| !report.permanent || report.action == "failed"));
    assert_eq!(format!("{found:?}"), format!("{:?}", judge()));
}
