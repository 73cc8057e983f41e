//! A person decides on a held mail: it goes on as if its author had been proved, or it ends.

use super::gateway::Gateway;
use super::port::{MailDoor, PortResult, Session};
use super::reception::AtHand;
use super::reply::{Released, STILL_HELD};
use super::route::Route;
use crate::domain::answer::AnswerClass;
use crate::domain::authentication::Authentication;
use crate::domain::id::{GuestId, ReceivedId};
use crate::domain::link::LinkKeyError;
use crate::domain::mime;
use crate::domain::record::{AuditEvent, Commit, Committed, HoldState, Received, Write};
use crate::domain::reply::Door;
use chrono::{DateTime, Utc};
use std::net::{IpAddr, Ipv4Addr};

/// How a person's decision on a held mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// Done.
    Done,
    /// There is no such mail, or it waits no longer.
    NotWaiting,
    /// Its address leads to no guest any more: it can only be dropped.
    NoDialog,
    /// Nobody's word lets it go on: it would show the organizer, or is no answer that could be passed on. It waits as before.
    StillHeld,
}

impl Gateway {
    /// Lets a held mail go on: its author counts as the one expected.
    pub async fn release(&self, id: ReceivedId) -> PortResult<HoldOutcome> {
        self.let_go(id, false).await
    }

    /// Lets a held mail of an organizer go on without what would show them. What is left is scanned as any mail to a guest is.
    pub async fn release_without(&self, id: ReceivedId) -> PortResult<HoldOutcome> {
        self.let_go(id, true).await
    }

    /// As [`Self::release`] or [`Self::release_without`], at the word of `actor`, who stands in the audit trail.
    pub async fn release_by(&self, id: ReceivedId, without: bool, actor: &str) -> PortResult<HoldOutcome> {
        let outcome = self.let_go(id, without).await?;
        if outcome == HoldOutcome::Done {
            let audit = AuditEvent {
                at: self.world.now(),
                actor: actor.to_owned(),
                action: if without { "hold.released-without" } else { "hold.released" }.to_owned(),
                meeting: None,
                guest: None,
                received: Some(id),
                detail: "{}".to_owned(),
            };
            self.archive.commit(Commit { writes: vec![Write::Audit(audit)] }).await?;
        }
        Ok(outcome)
    }

    async fn let_go(&self, id: ReceivedId, without: bool) -> PortResult<HoldOutcome> {
        let Some(held) = self.waiting(id).await? else { return Ok(HoldOutcome::NotWaiting) };
        let recipients = held.recipients.clone();
        let is_order = held.is_order();
        let message = self.at_hand_again(held).await?;
        if is_order {
            // It waits because it would show its organizer: only without that can it go on.
            return if without { self.invite_without(&message, &recipients, id).await } else { Ok(HoldOutcome::StillHeld) };
        }
        let Some(recipient) = recipients.first() else { return Ok(HoldOutcome::NoDialog) };
        let Some((door, guest)) = self.dialog_of(&message, recipient).await? else { return Ok(HoldOutcome::NoDialog) };
        let answer = self.settle(&message, recipient, door, guest, Some(Released { id, without })).await?;
        Ok(match answer.class() {
            AnswerClass::Accepted => HoldOutcome::Done,
            AnswerClass::Transient | AnswerClass::Permanent if answer == STILL_HELD => HoldOutcome::StillHeld,
            AnswerClass::Transient | AnswerClass::Permanent => HoldOutcome::NotWaiting,
        })
    }

    /// Ends a held mail without any effect, at the word of `actor`. Its bytes stay in the archive.
    pub async fn drop_held(&self, id: ReceivedId, actor: &str) -> PortResult<HoldOutcome> {
        let Some(held) = self.waiting(id).await? else { return Ok(HoldOutcome::NotWaiting) };
        let audit = AuditEvent {
            at: self.world.now(),
            actor: actor.to_owned(),
            action: "hold.dropped".to_owned(),
            meeting: held.meeting,
            guest: held.guest,
            received: Some(id),
            detail: "{}".to_owned(),
        };
        let writes = vec![Write::Hold { id, state: HoldState::Dropped }, Write::Audit(audit)];
        Ok(match self.archive.commit(Commit { writes }).await? {
            Committed::Done => HoldOutcome::Done,
            Committed::Duplicate | Committed::Conflict => HoldOutcome::NotWaiting,
        })
    }

    /// Where the organizer of this mail decides about it.
    pub(super) fn hold_link(&self, id: ReceivedId, now: DateTime<Utc>) -> Result<String, LinkKeyError> {
        Ok(format!("{}/w/{}", self.settings.public_url, self.links.mint_hold(id, now)?))
    }

    pub(super) async fn waiting(&self, id: ReceivedId) -> PortResult<Option<Received>> {
        Ok(self.archive.received_one(id).await?.filter(|received| received.hold == Some(HoldState::Waiting)))
    }

    /// The mail again, looked into again: what scanners know may have changed.
    pub(super) async fn at_hand_again(&self, held: Received) -> PortResult<AtHand> {
        let session =
            Session { door: MailDoor::Lmtp, peer: IpAddr::V4(Ipv4Addr::LOCALHOST), helo: String::new(), encrypted: false, submitter: None };
        let scanned = self.scan(&session, &held.reverse_path, &held.recipients, &held.raw).await?;
        Ok(AtHand {
            session,
            reverse_path: held.reverse_path,
            mail: mime::read(&held.raw, &self.settings.mime),
            raw: held.raw,
            authentication: Authentication::vouched(),
            scanned,
            now: self.world.now(),
        })
    }

    /// The door and the guest that a recipient leads to.
    pub(super) async fn dialog_of(
        &self,
        message: &AtHand,
        recipient: &crate::domain::address::Mailbox,
    ) -> PortResult<Option<(Door, GuestId)>> {
        Ok(match self.route(recipient) {
            Route::OrganizerAlias(guest) => Some((Door::OrganizerAlias, guest)),
            Route::GuestBounce(guest) => Some((Door::GuestBounce, guest)),
            Route::GuestAlias(guest) => Some((Door::GuestAlias, guest)),
            Route::OrganizerBounce(guest) => Some((Door::OrganizerBounce, guest)),
            Route::InvitedGuest => self.dialog_with_invited(message, recipient).await?.map(|guest| (Door::GuestAlias, guest)),
            Route::Alert(_) | Route::Service | Route::Unknown | Route::Foreign => None,
        })
    }
}
