//! Reception: what the mail doors ask, and the split of a message into the stories it belongs to.

use super::conclude::failed;
use super::gateway::Gateway;
use super::invite::Asked;
use super::port::{Incoming, MailDoor, PortResult, Reception, Session, Submitter, ToScan};
use super::route::{Route, route};
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::answer::Answer;
use crate::domain::authentication::Authentication;
use crate::domain::decision::policy::{Claim, policy};
use crate::domain::id::{GuestId, OrganizerId};
use crate::domain::mime::{self, InboundMail};
use crate::domain::scan::Scanned;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Two From fields make every check of the author worthless.
const ONE_AUTHOR: Answer = Answer::new(550, (5, 6, 0), "The message has more than one From field");

/// What would be kept for no guest's dialog is not taken.
const INFECTED: Answer = Answer::new(554, (5, 7, 1), "The message has a virus in it");

/// A message at hand: parsed once, authenticated once.
pub(super) struct AtHand {
    pub session: Session,
    pub reverse_path: ReversePath,
    pub raw: Vec<u8>,
    pub mail: InboundMail,
    pub authentication: Authentication,
    pub scanned: Scanned,
    pub now: DateTime<Utc>,
}

impl AtHand {
    /// Whether the check of the author must be made again later before this claim can be judged.
    pub(super) fn must_come_again(&self, claim: Claim) -> bool {
        policy(claim).asks_for_author() && self.authentication.is_temporary()
    }

    /// Lets a claim pass whose author is proved or needs no proof. One that could not be checked comes again, any other gets `refusal`.
    pub(super) fn author_is_proved(&self, claim: Claim, refusal: Answer) -> Result<(), Answer> {
        if self.must_come_again(claim) {
            return Err(Answer::TRY_AGAIN);
        }
        if policy(claim).asks_for_author() && !self.authentication.aligned {
            return Err(refusal);
        }
        Ok(())
    }
}

#[async_trait]
impl Reception for Gateway {
    async fn login(&self, login: &str, password: &str) -> PortResult<Option<OrganizerId>> {
        let organizer = self.directory.login(login, password).await?;
        Ok(organizer.filter(|organizer| organizer.active).map(|organizer| organizer.id))
    }

    async fn check_recipient(&self, session: &Session, _reverse_path: &ReversePath, recipient: &Mailbox) -> Answer {
        let answer = match self.route(recipient) {
            Route::OrganizerAlias(id) | Route::GuestBounce(id) | Route::GuestAlias(id) | Route::OrganizerBounce(id) => {
                self.check_guest(id).await
            }
            Route::Alert(id) => self.check_alert(id).await,
            Route::InvitedGuest | Route::Service => Answer::RECIPIENT_OK,
            Route::Unknown => Answer::UNKNOWN_RECIPIENT,
            Route::Foreign => match (session.door, &session.submitter) {
                (MailDoor::Submission, Some(Submitter::Organizer(_) | Submitter::TrustedNetwork)) => Answer::RECIPIENT_OK,
                (MailDoor::Submission | MailDoor::Mx | MailDoor::Lmtp | MailDoor::Imap, _) => Answer::RELAY_DENIED,
            },
        };
        if answer == Answer::UNKNOWN_RECIPIENT {
            self.note_unknown().await;
        }
        answer
    }

    async fn receive(&self, incoming: Incoming) -> Vec<Answer> {
        let Incoming { session, reverse_path, recipients, raw } = incoming;
        let mail = mime::read(&raw, &self.settings.mime);
        if mail.from_fields > 1 {
            return vec![ONE_AUTHOR; recipients.len()];
        }
        let scanned = match self.scan(&session, &reverse_path, &recipients, &raw).await {
            Ok(scanned) => scanned,
            Err(error) => return vec![failed(&error); recipients.len()],
        };
        let authentication = self.authenticated(&session, &reverse_path, &mail, &raw).await;
        let now = self.world.now();
        self.distribute(&AtHand { session, reverse_path, raw, mail, authentication, scanned, now }, &recipients).await
    }
}

impl Gateway {
    /// What the scanners find, all asked at once.
    pub(super) async fn scan(
        &self,
        session: &Session,
        reverse_path: &ReversePath,
        recipients: &[Mailbox],
        raw: &[u8],
    ) -> PortResult<Scanned> {
        if self.scanners.is_empty() {
            return Ok(Scanned::default());
        }
        let from = reverse_path.mailbox().map(Mailbox::to_string);
        let recipients: Vec<String> = recipients.iter().map(Mailbox::to_string).collect();
        let mail = ToScan {
            peer: session.peer,
            helo: &session.helo,
            from: from.as_deref(),
            recipients: &recipients,
            is_trusted: session.submitter.is_some(),
            raw,
        };
        let found = futures_util::future::try_join_all(self.scanners.iter().map(|scanner| scanner.scan(&mail))).await?;
        Ok(found.into_iter().fold(Scanned::default(), Scanned::and))
    }

    /// What is proved of the author. What two programs may read in two ways proves nobody, but who signed in.
    pub(super) async fn authenticated(
        &self,
        session: &Session,
        reverse_path: &ReversePath,
        mail: &InboundMail,
        raw: &[u8],
    ) -> Authentication {
        let author = mail.author().map(|author| &author.mailbox);
        let found = self.authenticator.authenticate(session, reverse_path, author, raw).await;
        match session.submitter {
            Some(Submitter::Organizer(_)) => found,
            Some(Submitter::TrustedNetwork) | None => found.unless_doubted(&mail.doubts),
        }
    }

    /// Where this recipient leads.
    pub(super) fn route(&self, recipient: &Mailbox) -> Route {
        route(recipient, &self.settings.domains, &self.tokens, self.settings.gateway.mailbox.local())
    }

    async fn check_guest(&self, id: GuestId) -> Answer {
        match self.archive.guest(id).await {
            Ok(Some(_)) => Answer::RECIPIENT_OK,
            Ok(None) => Answer::UNKNOWN_RECIPIENT,
            Err(error) => {
                tracing::error!(%error, "recipient not checked");
                Answer::TRY_AGAIN
            }
        }
    }

    /// As whom an organizer's message invites, updates or takes off this recipient; `None` where it does nothing of that.
    async fn invited(&self, message: &AtHand, recipient: &Mailbox, route: &Route, asked: Asked) -> PortResult<Option<Mailbox>> {
        Ok(match (route, asked) {
            (Route::Foreign, Asked::ToInvite | Asked::Nothing) | (Route::InvitedGuest, Asked::ToInvite) => Some(recipient.clone()),
            // Programs keep the address that a guest's answer came from.
            (Route::GuestAlias(guest), Asked::ToInvite) => self.invited_by_alias(message, *guest).await?,
            (Route::Foreign | Route::InvitedGuest | Route::GuestAlias(_), Asked::ToAnswer | Asked::Nothing)
            | (Route::OrganizerAlias(_) | Route::GuestBounce(_) | Route::OrganizerBounce(_), _)
            | (Route::Alert(_) | Route::Service | Route::Unknown, _) => None,
        })
    }

    /// Gives each recipient to its story. Those that an invitation names are one story together.
    async fn distribute(&self, message: &AtHand, recipients: &[Mailbox]) -> Vec<Answer> {
        let routes: Vec<Route> = recipients.iter().map(|recipient| self.route(recipient)).collect();
        let asked = self.asked(message);
        let mut invited: Vec<Option<Mailbox>> = Vec::with_capacity(recipients.len());
        for (recipient, route) in recipients.iter().zip(&routes) {
            invited.push(match self.invited(message, recipient, route, asked).await {
                Ok(invited) => invited,
                Err(error) => return vec![failed(&error); recipients.len()],
            });
        }
        let guests: Vec<Mailbox> = invited.iter().flatten().cloned().collect();
        let invitation = match &message.scanned.virus {
            _ if guests.is_empty() => Answer::ACCEPTED,
            // Its author's own server tells them.
            Some(_) => INFECTED,
            None => self.invite(message, &guests).await,
        };

        let mut answers = Vec::with_capacity(recipients.len());
        for ((recipient, route), invited) in recipients.iter().zip(&routes).zip(&invited) {
            answers.push(match route {
                _ if invited.is_some() => invitation.clone(),
                Route::Unknown => Answer::UNKNOWN_RECIPIENT,
                Route::Foreign | Route::InvitedGuest => self.answer_to_invited(message, recipient).await,
                Route::Alert(id) => self.to_alert(message, recipient, *id).await,
                Route::Service => self.to_service(message, recipient).await,
                Route::OrganizerAlias(_) | Route::GuestBounce(_) | Route::GuestAlias(_) | Route::OrganizerBounce(_) => {
                    self.answer(message, recipient, route).await
                }
            });
        }
        answers
    }
}
