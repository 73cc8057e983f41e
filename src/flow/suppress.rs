//! Suppressed addresses: a person stops mail to one, or lets it go there again; and who may be written to again is told what they
//! missed.

use super::draft::Parties;
use super::gateway::Gateway;
use super::port::{PortError, PortResult};
use crate::domain::address::Mailbox;
use crate::domain::attendance::Delivery;
use crate::domain::compose::InvitationKind;
use crate::domain::id::{GuestId, MeetingId};
use crate::domain::invitation::{self, After, Step};
use crate::domain::meeting::{Guest, Meeting, SentState};
use crate::domain::record::{AuditEvent, Commit, Committed, Write};
use crate::domain::suppression::{Lifted, Suppression, SuppressionCause, in_force};
use chrono::{DateTime, Utc};

/// Most attempts at a commit that others keep overtaking.
const ATTEMPTS: usize = 8;

impl Gateway {
    /// Stops all mail to an address, in one meeting or in all. `note` says why, for people.
    pub async fn suppress(&self, address: &Mailbox, meeting: Option<MeetingId>, note: &str) -> PortResult<()> {
        let now = self.world.now();
        let suppression = Suppression {
            address: address.clone(),
            meeting,
            cause: SuppressionCause::Operator,
            since: now,
            received: None,
            note: note.to_owned(),
        };
        let audit = audit("operator", "guest.suppressed", meeting, None, now);
        self.archive.commit(Commit { writes: vec![Write::Suppress(Box::new(suppression)), Write::Audit(audit)] }).await.map(drop)
    }

    /// Lets mail go to an address again, and sends its guests what they missed of meetings to come. How many were suppressed
    /// entries, and how many mails go out; `None` where nothing was suppressed.
    pub async fn unsuppress(&self, address: &Mailbox, lifted: Lifted) -> PortResult<Option<u32>> {
        let now = self.world.now();
        let known = self.archive.suppressions_of(&[address]).await?;
        let only = match lifted {
            Lifted::All => None,
            Lifted::Meeting(meeting) => Some(meeting),
        };
        if !known.iter().any(|one| only.is_none() || one.meeting == only) {
            return Ok(None);
        }
        // Before it is lifted: then nobody knows any more whose mail came back.
        let lost = self.archive.guests_of_address(address, now).await?;
        let lost: Vec<GuestId> = lost.iter().filter(|(_, guest)| is_lost(guest, &known)).map(|(_, guest)| guest.id).collect();
        let audit = audit("operator", "guest.unsuppressed", only, None, now);
        self.archive.commit(Commit { writes: vec![Write::Unsuppress { address: address.clone(), lifted }, Write::Audit(audit)] }).await?;
        self.catch_up(address, &lost).await.map(Some)
    }

    /// As [`Self::unsuppress`], after a guest's own answer, which is committed: what fails here is repaired by the next change.
    pub(super) async fn catch_up_after_answer(&self, address: &Mailbox) {
        if let Err(error) = self.catch_up(address, &[]).await {
            tracing::error!(%error, "a guest is not told what they missed");
        }
    }

    /// Tells an address what its guests missed. `again`: whose newest mail came back, and is sent once more.
    async fn catch_up(&self, address: &Mailbox, again: &[GuestId]) -> PortResult<u32> {
        let mut sent = 0;
        for (_, guest) in self.archive.guests_of_address(address, self.world.now()).await? {
            sent += u32::from(self.catch_up_one(guest.id, again.contains(&guest.id)).await?);
        }
        Ok(sent)
    }

    async fn catch_up_one(&self, id: GuestId, again: bool) -> PortResult<bool> {
        for _ in 0..ATTEMPTS {
            let now = self.world.now();
            let Some((meeting, guest)) = self.archive.guest(id).await? else { return Ok(false) };
            let known = self.archive.suppressions_of(&[&guest.mailbox.mailbox]).await?;
            let is_stopped = in_force(&known, &guest.mailbox.mailbox, meeting.id).is_some();
            if is_stopped || guest.removed_at.is_some() || guest.is_over(&meeting, now) {
                return Ok(false);
            }
            let Some(writes) = self.missed(&meeting, guest, again, now).await? else { return Ok(false) };
            match self.commit(writes).await? {
                Committed::Done | Committed::Duplicate => return Ok(true),
                Committed::Conflict => {}
            }
        }
        Err(PortError::new("send what a guest missed", "others changed the meeting again and again"))
    }

    /// The writes that send it; `None` where they know all of it.
    async fn missed(&self, meeting: &Meeting, mut guest: Guest, again: bool, now: DateTime<Utc>) -> PortResult<Option<Vec<Write>>> {
        let after = After { part: guest.part.clone(), ledger: guest.ledger.clone() };
        let (kind, sent, response): (InvitationKind, SentState, _) = match invitation::step(Some(&guest), &after, &meeting.event) {
            Step::Send { kind: kind @ (InvitationKind::New | InvitationKind::Update), sent, response } => (kind, *sent, response),
            Step::Send { kind: InvitationKind::Cancellation, .. } => return Ok(None),
            Step::Nothing if again => (InvitationKind::New, guest.newest(meeting), None),
            Step::Nothing => return Ok(None),
        };
        let organizer = self.organizer(meeting.organizer).await?;
        let secrets = self.organizer_secrets(&organizer).allowing(&guest.mailbox);
        let before = guest.attendance.response.clone();
        if let Some(response) = response {
            guest.attendance.response = *response;
        }
        let parties = Parties { meeting, guest: &guest, organizer: &organizer, now };
        let item =
            self.draft_invitation(&parties, kind, &sent, &secrets).map_err(|error| PortError::new("build what a guest missed", error))?;
        let (id, version) = (guest.id, guest.version);
        let response = guest.attendance.response.clone();
        guest.sent = Some(sent);
        let mut writes =
            vec![Write::Audit(audit("gateway", "guest.caught-up", Some(meeting.id), Some(id), now)), Write::Guest(Box::new(guest))];
        if response != before {
            writes.push(Write::Response { guest: id, version: version + 1, response: Box::new(response) });
        }
        writes.push(Write::OutboxSuperseded { guest: id, reason: "a newer mail replaces it" });
        writes.push(Write::Delivery { guest: id, delivery: Delivery::Queued });
        writes.push(Write::Outbox(Box::new(item)));
        Ok(Some(writes))
    }
}

/// Whether the newest mail to a guest came back, since nobody had the address.
fn is_lost(guest: &Guest, known: &[Suppression]) -> bool {
    let cause = in_force(known, &guest.mailbox.mailbox, guest.meeting).map(|one| one.cause);
    guest.attendance.delivery == Delivery::Undeliverable && cause == Some(SuppressionCause::NoSuchUser)
}

fn audit(actor: &str, action: &str, meeting: Option<MeetingId>, guest: Option<GuestId>, now: DateTime<Utc>) -> AuditEvent {
    AuditEvent { at: now, actor: actor.to_owned(), action: action.to_owned(), meeting, guest, received: None, detail: "{}".to_owned() }
}
