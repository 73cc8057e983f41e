//! The keys under which enumerated values stand in `phrases.toml`.

use super::{InvitationKind, Problem, SummaryKind};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::attachment::Reason;
use crate::domain::attendance::PartStat;
use crate::domain::leak::{SecretKind, Spot};
use crate::domain::mime::Seal;
use crate::domain::reply::Suggestion;

/// Keys of an enum: the match has no wildcard, so that a new variant asks for its phrase here.
macro_rules! keys {
    ($table:literal, $key:ident, $all:ident, $type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        pub(super) const $all: &[&str] = &[$(concat!($table, ".", $name)),+];

        pub(super) fn $key(value: $type) -> &'static str {
            match value { $($type::$variant => concat!($table, ".", $name)),+ }
        }
    };
}

keys!("problem", problem, PROBLEMS, Problem {
    NotAnOrganizer => "not-an-organizer", NotAuthenticated => "not-authenticated", NoCalendar => "no-calendar",
    BrokenCalendar => "broken-calendar", NoGuests => "no-guests", TooManyGuests => "too-many-guests", Series => "series",
    UnknownTimeZone => "unknown-time-zone", WrongTimes => "wrong-times",
    NotAnInvitation => "not-an-invitation", BadGuestAddress => "bad-guest-address", Resource => "resource",
    WouldLeak => "would-leak", OutOfDate => "out-of-date", UnknownMeeting => "unknown-meeting", Attachments => "attachments",
    TooMuchMail => "too-much-mail", Suppressed => "suppressed",
    Sealed => "sealed",
});

keys!("blocked", blocked, BLOCKED, Reason {
    Executable => "executable", Script => "script", Macros => "macros", ArchiveWithDanger => "archive-with-danger",
    SealedArchive => "sealed-archive", Page => "page", Calendar => "calendar", Contact => "contact", Message => "message",
    Ending => "ending", TooLarge => "too-large", TooMany => "too-many", NotForGuests => "not-for-guests", Damaged => "damaged",
    Encrypted => "encrypted", TooComplex => "too-complex", Embedded => "embedded", Unreadable => "unreadable",
});

keys!("seal", seal, SEALS, Seal { Smime => "smime", OpenPgp => "openpgp" });

keys!("response", response, RESPONSES, PartStat {
    NeedsAction => "needs-action", Accepted => "accepted", Declined => "declined", Tentative => "tentative",
    Delegated => "delegated",
});

keys!("response-short", response_short, RESPONSES_SHORT, PartStat {
    NeedsAction => "needs-action", Accepted => "accepted", Declined => "declined", Tentative => "tentative",
    Delegated => "delegated",
});

keys!("suggestion", suggestion, SUGGESTIONS, Suggestion {
    Accepts => "accepts", Declines => "declines", OtherTime => "other-time", CannotConnect => "cannot-connect",
    CallMe => "call-me", WrongPerson => "wrong-person", Unsubscribe => "unsubscribe",
});

keys!("alert", alert, ALERTS, AlertKind {
    GuestUndeliverable => "guest-undeliverable", GuestDelayed => "guest-delayed",
    OrganizerUndeliverable => "organizer-undeliverable", Stranger => "stranger", Forged => "forged",
    GuestAway => "guest-away", CannotConnect => "cannot-connect", GuestAsks => "guest-asks", Challenge => "challenge", Complaint => "complaint",
    Loop => "loop", Flood => "flood", Virus => "virus", Held => "held", Leak => "leak", Delegation => "delegation",
    UnexpectedCalendar => "unexpected-calendar", BlockedAttachment => "blocked-attachment",
    SharedLink => "shared-link",
});

keys!("severity", severity, SEVERITIES, Severity { Info => "info", Warning => "warning", High => "high" });

keys!("secret", secret, SECRETS, SecretKind {
    Address => "address", Login => "login", Name => "name", Surname => "surname", Host => "host", Id => "id",
    IpAddress => "ip-address", Telephone => "telephone", Extra => "extra", Unscannable => "unscannable",
});

keys!("spot", spot, SPOTS, Spot {
    Title => "title", Description => "description", GuestName => "guest-name", Text => "text", File => "file",
});

keys!("summary", summary, SUMMARIES, SummaryKind { Created => "created", Updated => "updated", Cancelled => "cancelled" });

/// Outcomes of a guest in a summary.
pub(super) const OUTCOMES: &[&str] = &[
    "outcome.invited",
    "outcome.doubtful",
    "outcome.updated",
    "outcome.unchanged",
    "outcome.removed",
    "outcome.held",
    "outcome.complaint",
    "outcome.no-such-user",
    "outcome.stopped",
];

/// The folder of each kind of calendar mail.
pub(super) fn invitation_folder(kind: InvitationKind) -> &'static str {
    match kind {
        InvitationKind::New => "invitation",
        InvitationKind::Update => "update",
        InvitationKind::Cancellation => "cancellation",
    }
}
