//! An invitation that waited because it would show its organizer, sent without that.

use super::order::{Order, Source};
use super::{ATTEMPTS, Gateway, own_object};
use crate::domain::address::Mailbox;
use crate::domain::id::ReceivedId;
use crate::domain::invitation;
use crate::domain::itip::CalendarObject;
use crate::domain::leak::Spot;
use crate::domain::organizer::Organizer;
use crate::flow::hold::HoldOutcome;
use crate::flow::hold_page::Without;
use crate::flow::port::PortResult;
use crate::flow::reception::AtHand;

impl Gateway {
    /// The same order again, judged on what is known now, its plan without what shows the organizer.
    pub(in crate::flow) async fn invite_without(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        id: ReceivedId,
    ) -> PortResult<HoldOutcome> {
        let Some((organizer, object)) = self.ordered(message).await? else { return Ok(HoldOutcome::NoDialog) };
        let source = Source::Mail { message, recipients };
        let order = Order { source, organizer: &organizer, object: &object, now: message.now, released: Some(id) };
        let uid = invitation::uid(&object);
        let _turn = self.turns.take(organizer.id, &uid).await;
        for _ in 0..ATTEMPTS {
            if self.waiting(id).await?.is_none() {
                return Ok(HoldOutcome::NotWaiting);
            }
            let Ok(effects) = self.effects(&order, &uid).await? else { return Ok(HoldOutcome::StillHeld) };
            if self.conclude(effects.writes).await?.is_some() {
                return Ok(HoldOutcome::Done);
            }
        }
        Ok(HoldOutcome::NotWaiting)
    }

    /// What of an order would show its organizer, in their language, and what guests would read of it without that.
    pub(in crate::flow) async fn order_without(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        id: ReceivedId,
    ) -> PortResult<Option<Without>> {
        let Some((organizer, object)) = self.ordered(message).await? else { return Ok(None) };
        let source = Source::Mail { message, recipients };
        let order = Order { source, organizer: &organizer, object: &object, now: message.now, released: Some(id) };
        let known = self.archive.meeting_by_uid(organizer.id, &invitation::uid(&object)).await?;
        let Ok(mut plan) = self.plan(&order, known.as_ref()) else { return Ok(None) };
        let secrets = self.secrets(&order);
        let found = self.found(&organizer, &secrets, &plan.passed_on());
        plan.leave_out(&secrets, organizer.public_name());
        let texts = plan.passed_on().into_iter().filter(|(spot, _)| *spot != Spot::GuestName).map(|(_, text)| text.to_owned()).collect();
        Ok(Some(Without { language: organizer.language, found, texts }))
    }

    /// Who wrote an order that was taken before, and its object.
    pub(in crate::flow) async fn ordered(&self, message: &AtHand) -> PortResult<Option<(Organizer, CalendarObject)>> {
        let (Some(author), Some(Ok(object))) = (message.mail.author(), own_object(message)) else { return Ok(None) };
        let organizer = self.directory.by_mailbox(&author.mailbox).await?.filter(|organizer| organizer.active);
        Ok(organizer.map(|organizer| (organizer, object)))
    }
}
