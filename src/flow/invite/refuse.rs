//! What can't be carried out: nothing is sent to guests, and the organizer is told why.

use super::{ATTEMPTS, Gateway};
use crate::domain::address::Mailbox;
use crate::domain::alert::AlertKind;
use crate::domain::answer::Answer;
use crate::domain::budget::Notice;
use crate::domain::compose::Problem;
use crate::domain::decision::Disposition;
use crate::domain::id::ReceivedId;
use crate::domain::invitation::Remark;
use crate::domain::organizer::Organizer;
use crate::domain::record::{Received, Write};
use crate::domain::reply::ReplyClass;
use crate::flow::alerts::About;
use crate::flow::budget::{Noticed, Room, TOO_MUCH};
use crate::flow::conclude::failed;
use crate::flow::port::{PortError, PortResult};
use crate::flow::reception::AtHand;

impl Gateway {
    /// The organizer is told, in one commit with the record of their mail.
    pub(super) async fn refuse_with(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        organizer: &Organizer,
        problems: Vec<Remark>,
        also: Vec<Write>,
    ) -> Answer {
        for _ in 0..ATTEMPTS {
            let concluded = match self.refusal(message, recipients, organizer, &problems).await {
                Ok(writes) => self.conclude(writes.into_iter().chain(also.iter().cloned()).collect()).await,
                Err(error) => Err(error),
            };
            match concluded {
                Ok(Some(answer)) => return answer,
                // Another message took the room for the mail, or changed the meeting.
                Ok(None) => {}
                Err(error) => return failed(&error),
            }
        }
        Answer::TRY_AGAIN
    }

    /// More than one organizer may send a day: kept, said once, and in the end left with their server.
    pub(super) async fn refuse_too_much(&self, message: &AtHand, recipients: &[Mailbox], organizer: &Organizer, room: &Room) -> Answer {
        if room.flooded {
            return TOO_MUCH;
        }
        let told = match self.tell_of_flood(room, About::default(), message.now).await {
            Ok(told) => told,
            Err(error) => return failed(&error),
        };
        let also = room.writes().chain(told).collect();
        self.refuse_with(message, recipients, organizer, vec![(Problem::TooMuchMail, String::new())], also).await
    }

    /// The record of the mail, and the mail that says why, unless the organizer had the same words about it today: then the
    /// helpdesk hears of it.
    async fn refusal(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        organizer: &Organizer,
        problems: &[Remark],
    ) -> PortResult<Vec<Write>> {
        let id = ReceivedId(self.world.key());
        let would_leak = problems.iter().any(|(problem, _)| *problem == Problem::WouldLeak);
        let item = match would_leak {
            true => self.draft_leak(organizer, &message.mail, problems, id, message.now),
            false => self.draft_problem(organizer, &message.mail, problems, message.now),
        };
        let item = item.map_err(|error| PortError::new("build a problem mail", error))?;
        // Of what there is too much, one mail says so whatever it is about.
        let is_flood = problems.iter().any(|(problem, _)| *problem == Problem::TooMuchMail);
        let about = if is_flood { "too much".to_owned() } else { format!("{}\n{problems:?}", message.mail.subject) };
        let noticed = Noticed { notice: Notice::Problem, to: &item.recipient, about: &about };
        let room = self.notice_room(&noticed, message.now).await?;
        let mut reasons: Vec<String> = problems.iter().map(|(problem, _)| format!("{problem:?}")).collect();
        if room.is_none() {
            reasons.push("its organizer was told of it today already".to_owned());
        }
        // What would show the organizer waits: they may have it sent without that.
        let disposition = if would_leak { Disposition::Held } else { Disposition::Refused };
        let received = Received { id, ..self.received(message, recipients, ReplyClass::ItipRequest, disposition, reasons) };
        let mut writes = vec![Write::Received(Box::new(received)), Write::Organizer(Box::new(organizer.clone()))];
        match room {
            Some(counted) => {
                writes.push(Write::Outbox(Box::new(item)));
                writes.extend(counted);
            }
            None if is_flood => {}
            None => {
                let evidence = "An organizer's mail that could not be carried out came again; they were told once today.".to_owned();
                let key = format!("flood/problem/{}/{}", organizer.id, message.now.date_naive());
                writes.extend(self.alert_once(AlertKind::Flood, key, evidence, About::default(), message.now).await?);
            }
        }
        if would_leak {
            let evidence = "An invitation was not sent, since it would have shown its organizer; the organizer was told.".to_owned();
            let about = About { received: Some(id), ..About::default() };
            // Each waits for a decision of its own.
            writes.extend(self.alert_once(AlertKind::Leak, format!("leak/{id}"), evidence, about, message.now).await?);
        }
        Ok(writes)
    }
}
