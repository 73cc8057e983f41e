//! An order: what an organizer's calendar object asks for, and how it came.

use super::Gateway;
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::decision::Disposition;
use crate::domain::id::{GuestId, MeetingId, ReceivedId};
use crate::domain::invitation::Plan;
use crate::domain::itip::CalendarObject;
use crate::domain::organizer::Organizer;
use crate::domain::record::{AuditEvent, HoldState, Received, Write, actor};
use crate::domain::reply::ReplyClass;
use crate::domain::thread::MessageId;
use crate::flow::note::object_key;
use crate::flow::reception::AtHand;
use chrono::{DateTime, Utc};

/// An organizer's calendar object.
pub(super) struct Order<'a> {
    pub source: Source<'a>,
    pub organizer: &'a Organizer,
    pub object: &'a CalendarObject,
    pub now: DateTime<Utc>,
    /// The mail that waited, where it is sent without what would show the organizer.
    pub released: Option<ReceivedId>,
}

/// How an order came.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// In the organizer's mail to these recipients.
    Mail { message: &'a AtHand, recipients: &'a [Mailbox] },
    /// From an operator, who has the calendar object alone: its attendees are the recipients.
    Operator,
    /// From the organizer themselves, on a page of ours.
    Page,
}

impl Order<'_> {
    /// Envelope recipients; `None` for every attendee.
    pub(super) fn recipients(&self) -> Option<&[Mailbox]> {
        match self.source {
            Source::Mail { recipients, .. } => Some(recipients),
            Source::Operator | Source::Page => None,
        }
    }

    /// The Message-ID in the organizer's mailbox.
    pub(super) fn message_id(&self) -> Option<&MessageId> {
        match self.source {
            Source::Mail { message, .. } => message.mail.message_id.as_ref(),
            Source::Operator | Source::Page => None,
        }
    }

    /// The line of the audit trail. The organizer is named, whoever acts for them.
    pub(super) fn audit(&self, meeting: MeetingId, guest: Option<GuestId>, action: &str) -> AuditEvent {
        let organizer = format!("organizer:{}", self.organizer.id);
        let (actor, detail) = match self.source {
            Source::Mail { .. } | Source::Page => (actor("organizer", self.organizer.id, &self.organizer.name), serde_json::json!({})),
            Source::Operator => ("operator".to_owned(), serde_json::json!({ "for": organizer })),
        };
        AuditEvent {
            at: self.now,
            actor,
            action: action.to_owned(),
            meeting: Some(meeting),
            guest,
            received: None,
            detail: detail.to_string(),
        }
    }
}

impl Order<'_> {
    /// What the archive is told of the mail: that it came, or that it waits no longer.
    pub(super) fn noted(&self, received: Received) -> Write {
        match self.released {
            None => Write::Received(Box::new(received)),
            Some(id) => Write::Hold { id, state: HoldState::Released },
        }
    }
}

impl Gateway {
    /// The record of what came.
    pub(super) fn order_received(&self, order: &Order<'_>, plan: &Plan, class: ReplyClass, reason: &str) -> Received {
        let reasons = vec![reason.to_owned()];
        match order.source {
            Source::Mail { message, recipients } => self.received(message, recipients, class, Disposition::Applied, reasons),
            Source::Operator | Source::Page => Received {
                id: ReceivedId(self.world.key()),
                dedupe: object_key(order.organizer.id, order.object),
                received_at: order.now,
                // There was no envelope.
                reverse_path: ReversePath::Null,
                recipients: plan.invited.iter().map(|invited| invited.invited_as.clone()).collect(),
                raw: order.object.tree.to_text().into_bytes(),
                class,
                disposition: Disposition::Applied,
                reasons,
                meeting: None,
                guest: None,
                hold: None,
                authentication: None,
            },
        }
    }
}
