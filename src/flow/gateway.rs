//! What every corridor needs at hand: the ports, the keys, the stationery and the settings.

use super::burst::Burst;
use super::port::{Archive, Authenticator, Bell, Directory, PortError, PortResult, Scanner, Waker, World};
use super::route::Domains;
use super::turns::Turns;
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::attachment::AttachmentPolicy;
use crate::domain::budget::Budgets;
use crate::domain::compose::Stationery;
use crate::domain::id::OrganizerId;
use crate::domain::language::Language;
use crate::domain::leak::Secrets;
use crate::domain::link::LinkKeys;
use crate::domain::mime::MimeLimits;
use crate::domain::organizer::Organizer;
use crate::domain::token::TokenKeys;
use chrono::TimeDelta;
use std::sync::Arc;

/// Settings of the flows, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our two domains.
    pub domains: Domains,
    /// Where guests' links and organizers' pages are, without a slash at the end.
    pub public_url: String,
    /// Who signs summaries, problems and alerts; an address of the alias domain.
    pub gateway: NamedMailbox,
    /// Who hears of alerts by mail.
    pub helpdesk: Option<NamedMailbox>,
    /// Who else of the helpdesk may answer alerts by mail.
    pub helpdesk_staff: Vec<Mailbox>,
    /// The language of mail to the helpdesk.
    pub helpdesk_language: Language,
    /// Most guests of one invitation.
    pub max_guests: usize,
    /// Bounds of the MIME parser.
    pub mime: MimeLimits,
    /// How much mail is worked on.
    pub budgets: Budgets,
    /// Which files pass.
    pub attachments: AttachmentPolicy,
    /// How long a mail waits for a decision.
    pub hold_for: TimeDelta,
    /// How long a mail is tried; one to a guest never longer than to the meeting's end.
    pub retry_for: TimeDelta,
}

/// The gateway: the flows are its methods, one file a story.
pub struct Gateway {
    /// What must never be lost.
    pub archive: Arc<dyn Archive>,
    /// Who looks into mail; nobody, where none is.
    pub scanners: Vec<Arc<dyn Scanner>>,
    /// Who may organize.
    pub directory: Arc<dyn Directory>,
    /// SPF, DKIM, DMARC, ARC.
    pub authenticator: Arc<dyn Authenticator>,
    /// Clock and chance.
    pub world: Arc<dyn World>,
    /// Rings for alerts.
    pub bell: Arc<dyn Bell>,
    /// Wakes the outbox worker.
    pub waker: Arc<dyn Waker>,
    /// Templates.
    pub stationery: Arc<Stationery>,
    /// Keys of address tokens.
    pub tokens: Arc<TokenKeys>,
    /// Keys of guests' links.
    pub links: Arc<LinkKeys>,
    /// Turns of messages about one meeting.
    pub turns: Turns,
    /// Recipients that did not exist, lately.
    pub burst: Burst,
    /// Settings.
    pub settings: Settings,
}

impl Gateway {
    /// What must never reach a guest of this organizer.
    pub(super) fn organizer_secrets(&self, organizer: &Organizer) -> Secrets {
        let Domains { alias, guest } = &self.settings.domains;
        // The portal may stand in the organizer's own domain: its name is in every link.
        let (_, portal) = self.settings.public_url.split_once("://").unwrap_or_default();
        let portal = portal.split(['/', ':']).next().unwrap_or_default();
        Secrets::of(organizer, &[alias.name().to_owned(), guest.name().to_owned(), portal.to_owned()])
    }

    /// The organizer of this key: as the directory knows them, else as they were last seen.
    pub(super) async fn organizer(&self, id: OrganizerId) -> PortResult<Organizer> {
        if let Some(organizer) = self.directory.by_id(id).await? {
            return Ok(organizer);
        }
        let last_seen = self.archive.organizer(id).await?;
        last_seen.ok_or_else(|| PortError::new("find the organizer of a meeting", "neither the directory nor the archive has them"))
    }
}
