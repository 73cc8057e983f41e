//! What a person does about an alert: looked up, allowed, carried out, written down. The page, the mail and the command line ask here.

use super::draft::Unsent;
use super::gateway::Gateway;
use super::help_page::newest_words;
use super::hold::HoldOutcome;
use super::link_again::{NotAgain, again};
use super::port::{PortError, PortResult};
use crate::domain::alert::{Alert, AlertAction, AlertKind, AlertState};
use crate::domain::id::{AlertId, ReceivedId};
use crate::domain::link::{LinkError, LinkKeyError};
use crate::domain::meeting::{Guest, Meeting};
use crate::domain::mime;
use crate::domain::record::{AuditEvent, Committed, HoldState, Received, Write};
use chrono::{DateTime, Utc};

/// Longest text of a waiting mail that the page shows, in characters.
const PREVIEW: usize = 4_000;

/// What the page of an alert is made of.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The alert.
    pub alert: Alert,
    /// The meeting and guest that it is about, where it names a guest.
    pub dialog: Option<(Meeting, Guest)>,
    /// The mail that waits behind it.
    pub mail: Option<Preview>,
    /// What the guest wrote when they asked for help on their page.
    pub words: Option<String>,
}

/// A waiting mail, harmless to look at: text alone.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Who says that they wrote it.
    pub from: String,
    /// Subject.
    pub subject: String,
    /// What they wrote, its beginning.
    pub text: String,
    /// Why it waits.
    pub reasons: Vec<String>,
}

/// What the token of a page is worth.
#[derive(Clone, Debug)]
pub enum AlertSeen {
    /// Not ours, or of an alert that is no longer kept.
    Unknown,
    /// Ours, and too old.
    Expired,
    /// The alert.
    Alert(Box<AlertView>),
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// Done.
    Done,
    /// It is not offered: the alert is settled, or of another kind.
    NotOffered,
    /// The mail waits as before: nobody's word lets it go on.
    StillHeld,
    /// What it was about has changed meanwhile, or is gone.
    Overtaken,
}

impl Gateway {
    /// What this token shows now. Changes nothing.
    pub async fn alert_page(&self, token: &str) -> PortResult<AlertSeen> {
        let id = match self.links.read_alert(token, self.world.now()) {
            Ok(id) => id,
            Err(LinkError::Expired) => return Ok(AlertSeen::Expired),
            Err(LinkError::TooLong | LinkError::Form | LinkError::UnknownKey | LinkError::Forged | LinkError::NotYet) => {
                return Ok(AlertSeen::Unknown);
            }
        };
        Ok(self.alert_view(id).await?.map_or(AlertSeen::Unknown, |view| AlertSeen::Alert(Box::new(view))))
    }

    /// An alert with what it is about. Changes nothing.
    pub async fn alert_view(&self, id: AlertId) -> PortResult<Option<AlertView>> {
        let Some(alert) = self.archive.alert(id).await? else { return Ok(None) };
        let dialog = match alert.guest {
            Some(guest) => self.archive.guest(guest).await?,
            None => None,
        };
        let mail = match alert.received {
            Some(received) => self.archive.received_one(received).await?.filter(|received| received.hold == Some(HoldState::Waiting)),
            None => None,
        };
        let mail = mail.map(|received| self.preview(&received));
        let words = match alert.guest.zip(alert.meeting).filter(|_| alert.kind == AlertKind::CannotConnect) {
            Some((guest, meeting)) => newest_words(&self.archive.audit(meeting).await?, guest),
            None => None,
        };
        Ok(Some(AlertView { alert, dialog, mail, words }))
    }

    /// Where this alert is shown and acted on, by whoever has the link.
    pub fn alert_link(&self, alert: AlertId, now: DateTime<Utc>) -> Result<String, LinkKeyError> {
        Ok(format!("{}/a/{}", self.settings.public_url, self.links.mint_alert(alert, now)?))
    }

    /// A received mail, harmless to look at.
    pub fn preview(&self, received: &Received) -> Preview {
        let mail = mime::read(&received.raw, &self.settings.mime);
        Preview {
            from: mail.from.first().map(|author| author.mailbox.to_string()).unwrap_or_default(),
            text: mail.text.chars().take(PREVIEW).collect(),
            subject: mail.subject,
            reasons: received.reasons.clone(),
        }
    }

    /// Carries out an action on an alert, once. `actor` stands in the audit trail, as in `helpdesk:mail`.
    pub async fn act(&self, id: AlertId, action: AlertAction, actor: &str) -> PortResult<Acted> {
        self.act_with(id, action, actor, Vec::new()).await
    }

    /// As [`Self::act`], with what is to be written in the same commit where it is done.
    pub(super) async fn act_with(&self, id: AlertId, action: AlertAction, actor: &str, also: Vec<Write>) -> PortResult<Acted> {
        let Some(alert) = self.archive.alert(id).await? else { return Ok(Acted::Overtaken) };
        if !alert.actions().contains(&action) {
            return Ok(Acted::NotOffered);
        }
        match action {
            AlertAction::Acknowledge => self.settle_alert(&alert, action, AlertState::Acknowledged, actor, also).await,
            AlertAction::Resolve => self.settle_alert(&alert, action, AlertState::Resolved, actor, also).await,
            AlertAction::Release => self.with_mail(&alert, action, actor, also, |received| self.release(received)).await,
            AlertAction::SendWithout => self.with_mail(&alert, action, actor, also, |received| self.release_without(received)).await,
            AlertAction::Drop => self.with_mail(&alert, action, actor, also, |received| self.drop_held(received, actor)).await,
            AlertAction::AcceptAddress => self.accept_address(&alert, actor, also).await,
            AlertAction::Resend => self.invite_again(&alert, action, actor, also).await,
            AlertAction::ReissueLink => self.invite_again(&alert, action, actor, also).await,
            AlertAction::RevokeLink => self.revoke_link(&alert, actor, also).await,
        }
    }

    async fn settle_alert(
        &self,
        alert: &Alert,
        action: AlertAction,
        state: AlertState,
        actor: &str,
        mut writes: Vec<Write>,
    ) -> PortResult<Acted> {
        writes.push(Write::AlertState { id: alert.id, state, at: self.world.now() });
        writes.push(Write::Audit(self.act_audit(alert, action, actor)));
        Ok(match self.commit(writes).await? {
            Committed::Done => Acted::Done,
            Committed::Duplicate | Committed::Conflict => Acted::Overtaken,
        })
    }

    async fn with_mail<F>(
        &self,
        alert: &Alert,
        action: AlertAction,
        actor: &str,
        also: Vec<Write>,
        decide: impl FnOnce(ReceivedId) -> F,
    ) -> PortResult<Acted>
    where
        F: Future<Output = PortResult<HoldOutcome>>,
    {
        let Some(received) = alert.received else { return Ok(Acted::NotOffered) };
        match decide(received).await? {
            HoldOutcome::Done => self.settle_alert(alert, action, AlertState::Resolved, actor, also).await,
            HoldOutcome::StillHeld => Ok(Acted::StillHeld),
            HoldOutcome::NotWaiting | HoldOutcome::NoDialog => Ok(Acted::Overtaken),
        }
    }

    /// The author of the mail that waits is the guest under another address.
    async fn accept_address(&self, alert: &Alert, actor: &str, also: Vec<Write>) -> PortResult<Acted> {
        let (Some(received), Some(guest)) = (alert.received, alert.guest) else { return Ok(Acted::NotOffered) };
        let (Some(held), Some((_, mut guest))) = (self.archive.received_one(received).await?, self.archive.guest(guest).await?) else {
            return Ok(Acted::Overtaken);
        };
        let mail = mime::read(&held.raw, &self.settings.mime);
        let Some(author) = mail.author() else { return Ok(Acted::StillHeld) };
        if !guest.owns(&author.mailbox) {
            guest.also.push(author.mailbox.clone());
            if self.commit(vec![Write::Guest(Box::new(guest))]).await? != Committed::Done {
                return Ok(Acted::Overtaken);
            }
        }
        self.with_mail(alert, AlertAction::AcceptAddress, actor, also, |received| self.release(received)).await
    }

    /// The invitation once more, to the guest alone; with a new link, where that is asked for, the one that they had is dead.
    async fn invite_again(&self, alert: &Alert, action: AlertAction, actor: &str, mut writes: Vec<Write>) -> PortResult<Acted> {
        let Some(guest) = alert.guest else { return Ok(Acted::NotOffered) };
        let Some((meeting, mut guest)) = self.archive.guest(guest).await? else { return Ok(Acted::Overtaken) };
        let now = self.world.now();
        if guest.removed_at.is_some() || guest.is_over(&meeting, now) {
            return Ok(Acted::Overtaken);
        }
        if action == AlertAction::ReissueLink {
            guest.link = self.world.random();
            writes.push(Write::Guest(Box::new(guest.clone())));
        }
        match self.invitation_again(&meeting, &guest, now).await {
            Ok(item) => writes.extend(again(&guest, item)),
            Err(NotAgain::Unsent(Unsent::WouldLeak(_))) => return Ok(Acted::StillHeld),
            Err(error) => return Err(PortError::new("build an invitation", error)),
        }
        self.settle_alert(alert, action, AlertState::Acknowledged, actor, writes).await
    }

    /// The link that the guest has is dead; who needs a new one gets it by another action.
    async fn revoke_link(&self, alert: &Alert, actor: &str, mut writes: Vec<Write>) -> PortResult<Acted> {
        let Some(guest) = alert.guest else { return Ok(Acted::NotOffered) };
        let Some((_, mut guest)) = self.archive.guest(guest).await? else { return Ok(Acted::Overtaken) };
        guest.link = self.world.random();
        writes.push(Write::Guest(Box::new(guest)));
        self.settle_alert(alert, AlertAction::RevokeLink, AlertState::Acknowledged, actor, writes).await
    }

    fn act_audit(&self, alert: &Alert, action: AlertAction, actor: &str) -> AuditEvent {
        AuditEvent {
            at: self.world.now(),
            actor: actor.to_owned(),
            action: format!("alert.{}", action.name()),
            meeting: alert.meeting,
            guest: alert.guest,
            received: alert.received,
            detail: serde_json::json!({ "alert": alert.id, "kind": alert.kind }).to_string(),
        }
    }
}
