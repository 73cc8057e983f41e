//! The same story for a calendar object that an operator hands over: they are told what came of it, instead of the organizer
//! by mail where nothing did.

use super::order::{Order, Source};
use super::{ATTEMPTS, Effects, Gateway, Refusal};
use crate::domain::address::Mailbox;
use crate::domain::compose::{Problem, SummaryGuest, SummaryKind};
use crate::domain::invitation::{self, Remark};
use crate::domain::itip::{CalendarError, CalendarObject, Method, Uid};
use crate::domain::language::Language;
use crate::domain::meeting::Meeting;
use crate::domain::organizer::Organizer;
use crate::domain::record::Committed;
use crate::flow::note::object_key;
use crate::flow::port::{PortError, PortResult};

/// What came of a calendar object, or would come of it.
#[derive(Clone, Debug)]
pub struct ObjectTold {
    /// What happened to the meeting.
    pub kind: SummaryKind,
    /// The meeting afterwards.
    pub meeting: Meeting,
    /// Everyone, in the object's order.
    pub guests: Vec<SummaryGuest>,
    /// Where the organizer's summary goes.
    pub summary_to: Mailbox,
    /// What was left out, as English sentences.
    pub remarks: Vec<String>,
}

/// How it ended with a calendar object.
#[derive(Clone, Debug)]
pub enum ObjectEnd {
    /// Carried out, and durable.
    Done(Box<ObjectTold>),
    /// This would have been done: it was asked for no more.
    Planned(Box<ObjectTold>),
    /// The same object was carried out before. Nothing was done.
    Repeated,
    /// Neither the caller nor the object says who invites.
    NoOrganizer,
    /// Nobody who may invite has this address.
    NotAnOrganizer(Mailbox),
    /// Not possible, as English sentences. Nobody was sent anything.
    Refused(Vec<String>),
}

impl Gateway {
    /// Carries a calendar object out as if its organizer had mailed it to its attendees: `organizer`, else its ORGANIZER, who must
    /// be in the directory and active. Without METHOD it invites, or cancels where the meeting's STATUS says so. With `is_trial`
    /// nothing is changed. Fails when the outside does; then nothing was done.
    pub async fn carry_out_object(&self, mut object: CalendarObject, organizer: Option<&Mailbox>, is_trial: bool) -> PortResult<ObjectEnd> {
        let stated = object.events.iter().find_map(|event| event.organizer.as_ref()).map(|named| named.mailbox.clone());
        let Some(mailbox) = organizer.cloned().or(stated) else {
            // Of what is no meeting at all that is the better news.
            return if object.events.is_empty() {
                self.refused(&[not_an_invitation(&object)], &Language::english())
            } else {
                Ok(ObjectEnd::NoOrganizer)
            };
        };
        let organizer = match self.directory.by_mailbox(&mailbox).await? {
            Some(organizer) if organizer.active => organizer,
            Some(_) | None => return Ok(ObjectEnd::NotAnOrganizer(mailbox)),
        };
        if self.archive.seen(&object_key(organizer.id, &object)).await? {
            return Ok(ObjectEnd::Repeated);
        }
        object.method = object.method.take().or_else(|| Some(meant(&object)));
        self.in_turn(&object, &organizer, Source::Operator, is_trial).await
    }

    /// The same for what an organizer wrote on a page: they are told in their own language.
    pub(in crate::flow) async fn carry_out_written(
        &self,
        object: CalendarObject,
        organizer: &Organizer,
        is_trial: bool,
    ) -> PortResult<ObjectEnd> {
        if self.archive.seen(&object_key(organizer.id, &object)).await? {
            return Ok(ObjectEnd::Repeated);
        }
        self.in_turn(&object, organizer, Source::Page, is_trial).await
    }

    async fn in_turn(&self, object: &CalendarObject, organizer: &Organizer, source: Source<'_>, is_trial: bool) -> PortResult<ObjectEnd> {
        let order = Order { source, organizer, object, now: self.world.now(), released: None };
        let uid = invitation::uid(object);
        let _turn = self.turns.take(organizer.id, &uid).await;
        if is_trial { self.try_out(&order, &uid).await } else { self.insist(&order, &uid).await }
    }

    /// How it ends with an object that can't be read.
    pub fn unreadable_object(&self, error: &CalendarError) -> PortResult<ObjectEnd> {
        self.refused(&[(Problem::BrokenCalendar, error.to_string())], &Language::english())
    }

    async fn try_out(&self, order: &Order<'_>, uid: &Uid) -> PortResult<ObjectEnd> {
        match self.effects(order, uid).await? {
            Ok(effects) => Ok(ObjectEnd::Planned(Box::new(self.told(order, effects)?))),
            Err(Refusal { remarks, .. }) => self.refused(&remarks, &reader(order).language),
        }
    }

    async fn insist(&self, order: &Order<'_>, uid: &Uid) -> PortResult<ObjectEnd> {
        for _ in 0..ATTEMPTS {
            match self.effects(order, uid).await? {
                Ok(mut effects) => match self.commit(std::mem::take(&mut effects.writes)).await? {
                    Committed::Done => return Ok(ObjectEnd::Done(Box::new(self.told(order, effects)?))),
                    Committed::Duplicate => return Ok(ObjectEnd::Repeated),
                    // The gateway that serves was faster: judge again on what it left.
                    Committed::Conflict => {}
                },
                Err(Refusal { remarks, writes }) if writes.is_empty() => return self.refused(&remarks, &reader(order).language),
                Err(Refusal { remarks, writes }) => match self.commit(writes).await? {
                    Committed::Done | Committed::Duplicate => return self.refused(&remarks, &reader(order).language),
                    Committed::Conflict => {}
                },
            }
        }
        Err(PortError::new("commit the meeting", "others changed it again and again"))
    }

    fn told(&self, order: &Order<'_>, effects: Effects) -> PortResult<ObjectTold> {
        let Effects { kind, meeting, guests, remarks, .. } = effects;
        let summary_to = order.organizer.mailbox.clone();
        Ok(ObjectTold { kind, meeting, guests, summary_to, remarks: self.sentences(&remarks, &reader(order).language)? })
    }

    fn refused(&self, remarks: &[Remark], language: &Language) -> PortResult<ObjectEnd> {
        Ok(ObjectEnd::Refused(self.sentences(remarks, language)?))
    }

    /// The phrases of the mail that an organizer would get. Only that about themselves is another for the operator.
    fn sentences(&self, remarks: &[Remark], language: &Language) -> PortResult<Vec<String>> {
        let (others, rest): (Vec<Remark>, Vec<Remark>) =
            remarks.iter().cloned().partition(|(problem, _)| *problem == Problem::NotAnOrganizer);
        let sentences = self.stationery.problems(language, &rest).map_err(|error| PortError::new("find a phrase", error))?;
        let of_others = others.iter().map(|(_, address)| format!("Its ORGANIZER is somebody else: {address}."));
        Ok(of_others.chain(sentences).collect())
    }
}

/// Who reads of a refusal: the organizer of a mail or page; the operator, in English.
pub(super) fn reader(order: &Order<'_>) -> Organizer {
    match order.source {
        Source::Mail { .. } | Source::Page => order.organizer.clone(),
        Source::Operator => Organizer { language: Language::english(), ..order.organizer.clone() },
    }
}

/// What a stored object, which has no METHOD, is handed over for.
fn meant(object: &CalendarObject) -> Method {
    let is_off = object.events.iter().any(|event| event.recurrence_id.is_none() && event.status.as_deref() == Some("CANCELLED"));
    if is_off { Method::Cancel } else { Method::Request }
}

fn not_an_invitation(object: &CalendarObject) -> Remark {
    (Problem::NotAnInvitation, object.others.first().cloned().unwrap_or_else(|| "VCALENDAR".to_owned()))
}
