//! A mail to the address of an alert: the helpdesk answers. Its first line may be a command; anything else is a note.
//!
//! Two things must be true before a command counts: the address's token (only who had the alert knows it) and an author of the
//! helpdesk, proved. What machines send there is consumed and never answered, so that nothing can circle.

use super::alert_desk::Acted;
use super::alerts::About;
use super::conclude::failed;
use super::gateway::Gateway;
use super::note::dedupe_key;
use super::port::PortResult;
use super::reception::AtHand;
use super::service::is_automatic;
use crate::domain::address::Mailbox;
use crate::domain::alert::{AlertAction, AlertDraft, AlertKind, Severity};
use crate::domain::answer::Answer;
use crate::domain::decision::Disposition;
use crate::domain::id::AlertId;
use crate::domain::record::{Received, Write};

impl Gateway {
    /// Whether the archive has this alert.
    pub(super) async fn check_alert(&self, id: AlertId) -> Answer {
        match self.archive.alert(id).await {
            Ok(Some(_)) => Answer::RECIPIENT_OK,
            Ok(None) => Answer::UNKNOWN_RECIPIENT,
            Err(error) => failed(&error),
        }
    }

    /// Takes the helpdesk's answer to an alert.
    pub(super) async fn to_alert(&self, message: &AtHand, recipient: &Mailbox, id: AlertId) -> Answer {
        if message.authentication.is_temporary() {
            return Answer::TRY_AGAIN;
        }
        self.answer_of_helpdesk(message, recipient, id).await.unwrap_or_else(|error| failed(&error))
    }

    async fn answer_of_helpdesk(&self, message: &AtHand, recipient: &Mailbox, id: AlertId) -> PortResult<Answer> {
        let Some(alert) = self.archive.alert(id).await? else { return Ok(Answer::UNKNOWN_RECIPIENT) };
        let classified = self.understood(message);
        let note = |disposition, reason: &str| {
            let reasons = vec![reason.to_owned()];
            let received = self.received(message, std::slice::from_ref(recipient), classified.class, disposition, reasons);
            vec![Write::Received(Box::new(Received { meeting: alert.meeting, guest: alert.guest, ..received }))]
        };
        let seen = self.archive.seen(&dedupe_key(message, std::slice::from_ref(recipient))).await?;
        let writes = if seen || is_automatic(message, &classified) {
            note(Disposition::Consumed, "an automatic answer to an alert")
        } else if !self.is_of_helpdesk(message) {
            let evidence = "Somebody who is not proved to be of the helpdesk answered an alert; nothing was done.";
            let mut writes = note(Disposition::Held, evidence);
            let draft = AlertDraft { kind: AlertKind::Forged, severity: Severity::Info, evidence: evidence.to_owned() };
            self.raise(&[draft], About::default(), message.now, &mut writes).await?;
            writes
        } else if let Some(action) = AlertAction::of_line(&classified.new_text) {
            // The mail and what it asks for are one commit: a mail that comes twice does nothing twice.
            match self.act_with(id, action, "helpdesk:mail", note(Disposition::Applied, "a command of the helpdesk")).await? {
                Acted::Done => return Ok(Answer::ACCEPTED),
                Acted::NotOffered | Acted::Overtaken => note(Disposition::Consumed, "what it asks for is not offered (any more)"),
                Acted::StillHeld => note(Disposition::Consumed, "the mail waits as before: it can't be passed on"),
            }
        } else {
            note(Disposition::Consumed, "a note of the helpdesk, without a command")
        };
        Ok(self.conclude(writes).await?.unwrap_or(Answer::TRY_AGAIN))
    }

    fn is_of_helpdesk(&self, message: &AtHand) -> bool {
        let Some(author) = message.mail.author().filter(|_| message.authentication.aligned) else { return false };
        let helpdesk = self.settings.helpdesk.iter().map(|named| &named.mailbox);
        helpdesk.chain(&self.settings.helpdesk_staff).any(|known| known.same_as(&author.mailbox))
    }
}
