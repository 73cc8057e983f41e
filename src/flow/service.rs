//! Mail to the gateway itself: postmaster, abuse, and answers to its own summaries. A person must see it, but for a complaint that
//! names the mail that it is about: that one belongs to the guest's dialog.

use super::alerts::About;
use super::budget::TOO_MUCH;
use super::conclude::failed;
use super::gateway::Gateway;
use super::port::PortResult;
use super::reception::AtHand;
use super::route::Route;
use crate::domain::address::Mailbox;
use crate::domain::alert::{AlertDraft, AlertKind, Severity};
use crate::domain::answer::Answer;
use crate::domain::authentication::Authentication;
use crate::domain::decision::Disposition;
use crate::domain::id::GuestId;
use crate::domain::record::Write;
use crate::domain::reply::{Classified, Context, Door, ReplyClass, classify};

/// Most attempts at a commit that others keep overtaking.
const ATTEMPTS: usize = 8;

impl Gateway {
    /// Holds what a person wrote; automatic mail is recorded and needs nothing more.
    pub(super) async fn to_service(&self, message: &AtHand, recipient: &Mailbox) -> Answer {
        let classified = self.understood(message);
        self.serve(message, recipient, &classified).await.unwrap_or_else(|error| failed(&error))
    }

    async fn serve(&self, message: &AtHand, recipient: &Mailbox, classified: &Classified) -> PortResult<Answer> {
        if classified.class == ReplyClass::Complaint
            && let Some((path, guest)) = self.complained_of(message)
            && self.archive.guest(guest).await?.is_some()
        {
            return self.settle(message, &path, Door::GuestBounce, guest, None).await;
        }
        for _ in 0..ATTEMPTS {
            let room = self.service_room(message).await?;
            if room.flooded {
                return Ok(TOO_MUCH);
            }
            let is_automatic = room.is_loop() || is_automatic(message, classified);
            let disposition = if is_automatic { Disposition::Consumed } else { Disposition::Held };
            let mut reasons = classified.reasons.clone();
            reasons.extend(room.reason());
            let received = self.received(message, std::slice::from_ref(recipient), classified.class, disposition, reasons);
            let mut writes = vec![Write::Received(Box::new(received))];
            writes.extend(room.writes());
            writes.extend(self.tell_of_flood(&room, About::default(), message.now).await?);
            if !is_automatic && room.over.is_none() {
                let draft = AlertDraft {
                    kind: AlertKind::Held,
                    severity: Severity::Warning,
                    evidence: format!("Somebody wrote to {}; the mail waits (paravent hold list).", recipient.local()),
                };
                self.raise(&[draft], About::default(), message.now, &mut writes).await?;
            }
            if let Some(answer) = self.conclude(writes).await? {
                return Ok(answer);
            }
        }
        Ok(Answer::TRY_AGAIN)
    }

    /// What a message to the gateway itself is.
    pub(super) fn understood(&self, message: &AtHand) -> Classified {
        let trusted = Authentication::vouched();
        let context = Context {
            door: Door::Assumed,
            null_reverse_path: message.reverse_path.mailbox().is_none(),
            authentication: &trusted,
            sender_is_expected: None,
            duplicate: false,
            looped: false,
            uid: None,
            over: false,
            attachments: &self.settings.attachments,
            scanned: &message.scanned,
            released: false,
            last_sent_at: None,
            now: message.now,
        };
        classify(&message.mail, &context)
    }

    /// The return path that a feedback report names as that of the mail it is about (RFC 5965 §3.2), where it is one of ours: only
    /// mail servers that had our mail know it.
    fn complained_of(&self, message: &AtHand) -> Option<(Mailbox, GuestId)> {
        let reports = message.mail.parts.iter().filter(|part| part.content_type == "message/feedback-report");
        let texts = reports.map(|part| String::from_utf8_lossy(&part.bytes));
        let mut paths = texts.flat_map(|text| text.lines().filter_map(original_path).collect::<Vec<_>>());
        paths.find_map(|path| match self.route(&path) {
            Route::GuestBounce(guest) => Some((path, guest)),
            Route::OrganizerAlias(_)
            | Route::GuestAlias(_)
            | Route::OrganizerBounce(_)
            | Route::Alert(_)
            | Route::InvitedGuest
            | Route::Service
            | Route::Unknown
            | Route::Foreign => None,
        })
    }
}

pub(super) fn is_automatic(message: &AtHand, classified: &Classified) -> bool {
    let is_of_machine =
        matches!(classified.class, ReplyClass::DeliveryStatus | ReplyClass::Backscatter | ReplyClass::AutoReply | ReplyClass::ReadReceipt);
    message.reverse_path.mailbox().is_none() || is_of_machine
}

fn original_path(line: &str) -> Option<Mailbox> {
    let (name, value) = line.split_once(':')?;
    let path = value.trim().trim_start_matches('<').trim_end_matches('>');
    name.trim().eq_ignore_ascii_case("Original-Mail-From").then(|| Mailbox::parse(path).ok()).flatten()
}
