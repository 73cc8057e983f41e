//! What each fuzz target does with its bytes, and what must hold. The stable tests replay the seeds through the same
//! functions (tests/fuzz_seeds.rs).

use chrono::DateTime;
use paravent::domain::address::Mailbox;
use paravent::domain::explain::content_only;
use paravent::domain::id::OrganizerId;
use paravent::domain::itip;
use paravent::domain::language::Language;
use paravent::domain::leak::{Secrets, scan};
use paravent::domain::mime::envelope::{Envelope, MOST};
use paravent::domain::mime::tnef::{Beside, TnefLimits, TnefMessage};
use paravent::domain::mime::{self, MimeLimits};
use paravent::domain::organizer::{Anonymity, Group, Organizer};
use paravent::domain::token::{Purpose, TokenKeys};
use std::sync::LazyLock;
use uuid::Uuid;

mod series;

/// Reads a message: never panics, keeps its limits.
pub(crate) fn mime(bytes: &[u8]) {
    let limits = MimeLimits::default();
    let mail = mime::read(bytes, &limits);
    assert!(mail.parts.iter().all(|part| part.depth <= limits.depth));
    let envelope = Envelope::read(bytes, &["Delivered-To".to_owned(), "Received".to_owned()]);
    assert!(envelope.recipients.iter().map(Vec::len).sum::<usize>() <= MOST);
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

/// Reads TNEF: never panics, and every meeting in it is told as a calendar object that can be read and says the same.
pub(crate) fn tnef(bytes: &[u8]) {
    let limits = TnefLimits::default();
    let Ok(message) = TnefMessage::read(bytes, &limits) else { return };
    assert!(message.text().is_none_or(|text| !text.trim().is_empty()));
    let _ = message.html();
    if let Ok(meeting) = message.meeting(&Beside::default()) {
        let object = itip::read(meeting.object.to_text().as_bytes());
        assert!(object.is_ok_and(|object| object.method == Some(meeting.method) && object.tree == meeting.object));
    }
}

/// Whom the guard protects.
const ADDRESS: &str = "helene.bernardin@agence.example";

static SECRETS: LazyLock<Option<Secrets>> = LazyLock::new(|| Some(Secrets::of(&organizer()?, &["rdv.example".to_owned()])));

fn organizer() -> Option<Organizer> {
    Some(Organizer {
        id: OrganizerId(Uuid::nil()),
        mailbox: Mailbox::parse(ADDRESS).ok()?,
        aliases: Vec::new(),
        name: "Hélène Bernardin".to_owned(),
        language: Language::english(),
        secrets: vec!["+33 1 23 45 67 89".to_owned()],
        group: Group {
            name: "medical".to_owned(),
            label: "Service médical".to_owned(),
            anonymity: Anonymity::Anonymous,
            language: Language::english(),
            time_zone: "Europe/Paris".parse().ok()?,
            allow_counter: false,
        },
        active: true,
    })
}

/// Looks for secrets: never panics, finds the same each time, and always what stands there undisguised.
pub(crate) fn leak(bytes: &[u8]) {
    let Some(secrets) = SECRETS.as_ref() else { return };
    let found = scan(bytes, secrets);
    assert_eq!(found, scan(bytes, secrets));
    let plain = [bytes, b" ", ADDRESS.as_bytes(), b" "].concat();
    assert!(!scan(&plain, secrets).is_empty());
}

/// Up to four objects of an organizer and answers of a guest (fuzz/series.rs): every object that leaves is sound, and says of the
/// meeting what the guest may know of it, no more and no less.
pub(crate) fn series(bytes: &[u8]) {
    if let Some(organizer) = organizer() {
        series::story(bytes, &organizer);
    }
}
