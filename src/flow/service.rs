//! Mail to the gateway itself: postmaster, abuse, and answers to its own summaries. A person must see it.

use super::alerts::About;
use super::conclude::failed;
use super::gateway::Gateway;
use super::reception::AtHand;
use crate::domain::address::Mailbox;
use crate::domain::alert::{AlertDraft, AlertKind, Severity};
use crate::domain::answer::Answer;
use crate::domain::authentication::Authentication;
use crate::domain::decision::Disposition;
use crate::domain::record::Write;
use crate::domain::reply::{Context, Door, ReplyClass, classify};

impl Gateway {
    /// Holds what a person wrote; automatic mail is recorded and needs nothing more.
    pub(super) async fn to_service(&self, message: &AtHand, recipient: &Mailbox) -> Answer {
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
            last_sent_at: None,
            now: message.now,
        };
        let classified = classify(&message.mail, &context);
        let automatic = message.reverse_path.mailbox().is_none()
            || matches!(
                classified.class,
                ReplyClass::DeliveryStatus | ReplyClass::Backscatter | ReplyClass::AutoReply | ReplyClass::ReadReceipt
            );
        let disposition = if automatic { Disposition::Consumed } else { Disposition::Held };
        let received = self.received(message, std::slice::from_ref(recipient), classified.class, disposition, classified.reasons);
        let mut writes = vec![Write::Received(Box::new(received))];
        if !automatic {
            let draft = AlertDraft {
                kind: AlertKind::Held,
                severity: Severity::Warning,
                evidence: format!("Somebody wrote to {}; the mail waits (paravent hold list).", recipient.local()),
            };
            if let Err(error) = self.raise(&[draft], About::default(), message.now, &mut writes).await {
                return failed(&error);
            }
        }
        self.conclude_at_once(writes).await
    }
}
