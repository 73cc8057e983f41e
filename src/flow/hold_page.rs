//! The page on which an organizer decides about a mail of theirs that waits because it would show them: what was found, what guests
//! would read without it, and the two things that can be done.

use super::gateway::Gateway;
use super::hold::HoldOutcome;
use super::port::PortResult;
use crate::domain::alert::AlertAction;
use crate::domain::id::ReceivedId;
use crate::domain::language::Language;
use crate::domain::leak::{self, Secrets, Spot};
use crate::domain::link::LinkError;
use crate::domain::organizer::Organizer;
use crate::domain::record::{HoldState, Received};

/// What the link of a mail that waits is worth.
#[derive(Clone, Debug)]
pub enum HoldSeen {
    /// Not ours, or of a mail that is no longer kept.
    Unknown,
    /// Ours, and too old.
    Expired,
    /// It waits no longer: what became of it.
    Settled(HoldState),
    /// It waits.
    Waiting(Box<HoldView>),
}

/// A mail that waits.
#[derive(Clone, Debug)]
pub struct HoldView {
    /// Which.
    pub id: ReceivedId,
    /// Its subject, as its organizer wrote it.
    pub subject: String,
    /// What it would be like.
    pub without: Without,
}

/// A mail without what would show its organizer.
#[derive(Clone, Debug)]
pub struct Without {
    /// The organizer's language.
    pub language: Language,
    /// What would show, and where it stands.
    pub found: Vec<String>,
    /// What guests would read: titles, texts, names of files.
    pub texts: Vec<String>,
}

impl Gateway {
    /// What this token shows now. Changes nothing.
    pub async fn hold_page(&self, token: &str) -> PortResult<HoldSeen> {
        let id = match self.links.read_hold(token, self.world.now()) {
            Ok(id) => id,
            Err(LinkError::Expired) => return Ok(HoldSeen::Expired),
            Err(LinkError::TooLong | LinkError::Form | LinkError::UnknownKey | LinkError::Forged | LinkError::NotYet) => {
                return Ok(HoldSeen::Unknown);
            }
        };
        let Some(held) = self.archive.received_one(id).await? else { return Ok(HoldSeen::Unknown) };
        match held.hold {
            None => Ok(HoldSeen::Unknown),
            Some(state @ (HoldState::Released | HoldState::Dropped | HoldState::Expired)) => Ok(HoldSeen::Settled(state)),
            Some(HoldState::Waiting) => Ok(match self.without(held).await? {
                Some(view) => HoldSeen::Waiting(Box::new(view)),
                None => HoldSeen::Unknown,
            }),
        }
    }

    async fn without(&self, held: Received) -> PortResult<Option<HoldView>> {
        let (id, recipients, is_order) = (held.id, held.recipients.clone(), held.is_order());
        let message = self.at_hand_again(held).await?;
        let without = if is_order {
            self.order_without(&message, &recipients, id).await?
        } else {
            let Some(recipient) = recipients.first() else { return Ok(None) };
            let Some(dialog) = self.dialog_of(&message, recipient).await? else { return Ok(None) };
            self.answer_without(&message, recipient, dialog, id).await?
        };
        Ok(without.map(|without| HoldView { id, subject: message.mail.subject, without }))
    }

    /// The organizer's own decision, once: `true` sends it without what would show them, `false` ends it.
    pub async fn decide_held(&self, token: &str, send: bool) -> PortResult<HoldOutcome> {
        let Ok(id) = self.links.read_hold(token, self.world.now()) else { return Ok(HoldOutcome::NotWaiting) };
        let outcome = if send { self.release_without(id).await? } else { self.drop_held(id, "organizer:page").await? };
        if outcome == HoldOutcome::Done {
            self.settle_leak(id).await?;
        }
        Ok(outcome)
    }

    /// Who decided about their own mail leaves the helpdesk nothing to do about it.
    async fn settle_leak(&self, id: ReceivedId) -> PortResult<()> {
        if let Some(alert) = self.archive.alert_by_key(&format!("leak/{id}")).await? {
            self.act(alert.id, AlertAction::Resolve, "organizer:page").await?;
        }
        Ok(())
    }

    /// What of these words would show the organizer, in their language.
    pub(super) fn found<S: AsRef<[u8]>>(&self, organizer: &Organizer, secrets: &Secrets, sources: &[(Spot, S)]) -> Vec<String> {
        let leaks: Vec<_> = sources.iter().flat_map(|(_, text)| leak::scan(text.as_ref(), secrets)).collect();
        self.would_leak(organizer, &leaks, secrets, sources).into_iter().map(|(_, found)| found).collect()
    }
}
