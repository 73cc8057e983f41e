//! The values that the letters of the tests are made of: all fixed.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use paravent::domain::address::{Mailbox, NamedMailbox};
use paravent::domain::alert::{Alert, AlertKind, AlertState, Severity};
use paravent::domain::attachment::{self, Blocked, FilesToGuest, FilesToOrganizer};
use paravent::domain::attendance::{PartStat, Response};
use paravent::domain::compose::*;
use paravent::domain::id::{AlertId, MeetingId};
use paravent::domain::itip::{self, Uid};
use paravent::domain::language::Language;
use paravent::domain::meeting::MeetingEvent;
use paravent::domain::mime::{self, MimeLimits, Seal};
use paravent::domain::reply::Suggestion;
use paravent::domain::series::Recurrence;
use paravent::domain::thread::MessageId;
use uuid::Uuid;

pub(crate) const LINK: &str = "https://visio.example/j/eyJ0eXAi.eyJzdWIi.c2ln";

pub(crate) fn named(name: &str, address: &str) -> NamedMailbox {
    NamedMailbox::new(name, Mailbox::parse(address).unwrap())
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Everything a letter borrows.
pub(crate) struct Desk {
    pub(crate) stationery: Stationery,
    pub(crate) language: Language,
    pub(crate) alias: NamedMailbox,
    pub(crate) guest: NamedMailbox,
    pub(crate) organizer: NamedMailbox,
    pub(crate) gateway: NamedMailbox,
    pub(crate) id: MessageId,
    pub(crate) event: MeetingEvent,
    pub(crate) uid: Uid,
    pub(crate) time_zone: Tz,
    pub(crate) date: DateTime<Utc>,
    pub(crate) loop_mark: String,
}

impl Desk {
    pub(crate) fn new(language: &str) -> Self {
        Self {
            stationery: Stationery::embedded().unwrap(),
            language: Language::parse(language).unwrap(),
            alias: named("Service médical", "o-k3v9@guest.visio.example"),
            guest: named("Jean Martin", "jean.martin@hopital.example"),
            organizer: named("Claire Bernard", "claire.bernard@agence.example"),
            gateway: named("Paravent", "paravent@visio.example"),
            id: MessageId::parse("0190-7@visio.example").unwrap(),
            event: MeetingEvent {
                title: "Entretien médical & suivi".into(),
                description: Some("Merci d'apporter vos documents.\n\nL'entretien dure 45 minutes,\nen visioconférence <vidéo>.".into()),
                starts_at: at("2026-11-24T13:00:00Z"),
                ends_at: at("2026-11-24T13:45:00Z"),
                series: None,
                whole_days: None,
            },
            uid: Uid("0190-1@visio.example".into()),
            time_zone: Tz::Europe__Paris,
            date: at("2026-11-20T09:30:00Z"),
            loop_mark: "1.abcdef".into(),
        }
    }

    pub(crate) fn heading<'a>(&'a self, from: &'a NamedMailbox, to: &'a NamedMailbox) -> Heading<'a> {
        Heading {
            from,
            to,
            message_id: &self.id,
            in_reply_to: None,
            references: &[],
            date: self.date,
            loop_mark: &self.loop_mark,
            language: &self.language,
            time_zone: self.time_zone,
        }
    }

    /// What the guest was told before: an hour earlier, or the series without what was changed of it.
    fn earlier(&self) -> MeetingEvent {
        let hour = TimeDelta::hours(1);
        let MeetingEvent { starts_at, ends_at, .. } = self.event;
        let mut earlier =
            MeetingEvent { title: "Entretien".into(), starts_at: starts_at - hour, ends_at: ends_at - hour, ..self.event.clone() };
        if let Some(series) = &mut earlier.series {
            (earlier.starts_at, earlier.ends_at) = (starts_at, ends_at);
            series.recurrence = series
                .recurrence
                .as_ref()
                .map(|recurrence| Recurrence::new(recurrence.zone(), starts_at, recurrence.rule().cloned(), vec![], vec![]).unwrap());
            series.changed.clear();
        }
        earlier
    }

    pub(crate) fn invitation(&self, kind: InvitationKind) -> Vec<u8> {
        let earlier = self.earlier();
        letter::invitation(
            &self.stationery,
            &InvitationLetter {
                heading: self.heading(&self.alias, &self.guest),
                kind,
                uid: &self.uid,
                sequence: 1,
                event: &self.event,
                before: (kind == InvitationKind::Update).then_some(&earlier),
                link: (kind != InvitationKind::Cancellation).then_some(LINK),
                response: &Response::default(),
                allow_counter: true,
            },
        )
        .unwrap()
    }

    pub(crate) fn reply(&self, partstat: PartStat, proposal: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Vec<u8> {
        let object = itip::read(
            b"BEGIN:VCALENDAR\r\nPRODID:x\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:their-uid@agence.example\r\n\
            DTSTAMP:20261101T080000Z\r\nORGANIZER:mailto:claire.bernard@agence.example\r\nDTSTART:20261124T130000Z\r\n\
            DTEND:20261124T134500Z\r\nSUMMARY:Entretien\r\nSEQUENCE:3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        )
        .unwrap();
        letter::reply(
            &self.stationery,
            &ReplyLetter {
                heading: self.heading(&self.alias, &self.organizer),
                object: &object,
                event: &self.event,
                instance: None,
                and_later: false,
                attendee: &self.guest,
                partstat,
                delegated_to: (partstat == PartStat::Delegated).then_some(&named("Dr Anne Roche", "anne.roche@cabinet.example")),
                comment: Some("Avec plaisir.\nÀ bientôt"),
                proposal,
            },
        )
        .unwrap()
    }

    pub(crate) fn declined(&self) -> Vec<u8> {
        self.declined_time((at("2026-11-26T13:00:00Z"), at("2026-11-26T13:45:00Z")))
    }

    pub(crate) fn declined_time(&self, proposed: (DateTime<Utc>, DateTime<Utc>)) -> Vec<u8> {
        letter::declined(
            &self.stationery,
            &DeclineLetter {
                heading: self.heading(&self.alias, &self.guest),
                uid: &self.uid,
                sequence: 1,
                event: &self.event,
                instance: None,
                proposed,
                response: &Response::default(),
                comment: Some("Jeudi est pris.\n<Désolée>"),
            },
        )
        .unwrap()
    }

    pub(crate) fn words(&self, raw: &[u8], new_text: &str) -> Vec<u8> {
        let from = named("Jean Martin", "g-77@guest.visio.example");
        let mail = mime::read(raw, &MimeLimits::default());
        letter::words(
            &self.stationery,
            &WordsLetter {
                heading: self.heading(&from, &self.organizer),
                mail: &mail,
                new_text,
                suggestions: &[Suggestion::OtherTime],
                files: &attachment::for_organizer(&mail, &FilesToOrganizer::default()),
                event: &self.event,
            },
        )
        .unwrap()
    }

    pub(crate) fn answer(&self, raw: &[u8], new_text: &str) -> Vec<u8> {
        let mail = mime::read(raw, &MimeLimits::default());
        let files = attachment::for_guest(&mail, &attachment::pictures_aside(&mail, new_text), &FilesToGuest::default());
        letter::answer(
            &self.stationery,
            &AnswerLetter {
                heading: self.heading(&self.alias, &self.guest),
                subject: &mail.subject,
                new_text,
                files: &files.files,
                event: &self.event,
            },
        )
        .unwrap()
    }

    pub(crate) fn away(&self) -> Vec<u8> {
        letter::away(
            &self.stationery,
            &AwayLetter {
                heading: self.heading(&self.guest, &self.organizer),
                text: "Je suis absent jusqu'au 30 novembre.",
                guest: &self.guest,
                event: &self.event,
            },
        )
        .unwrap()
    }

    pub(crate) fn late(&self) -> Vec<u8> {
        let heading = self.heading(&self.alias, &self.guest);
        letter::late(&self.stationery, &LateLetter { heading, event: &self.event }).unwrap()
    }

    pub(crate) fn sealed(&self) -> Vec<u8> {
        let heading = self.heading(&self.alias, &self.guest);
        letter::sealed(&self.stationery, &SealedLetter { heading, seal: Seal::Smime, event: &self.event }).unwrap()
    }

    pub(crate) fn unreadable(&self) -> Vec<u8> {
        let from = named("Jean Martin", "g-77@guest.visio.example");
        let heading = self.heading(&from, &self.organizer);
        let letter = UnreadableLetter { heading, guest: &self.guest, seal: Seal::OpenPgp, event: &self.event };
        letter::unreadable(&self.stationery, &letter).unwrap()
    }

    /// What is said of files that did not go with the rest.
    pub(crate) fn shortened(&self, blocked: &[Blocked]) -> Vec<u8> {
        let sentences = self.stationery.blocked(&self.language, blocked).unwrap();
        let problems: Vec<(Problem, String)> = sentences.into_iter().map(|sentence| (Problem::Attachments, sentence)).collect();
        let heading = self.heading(&self.gateway, &self.organizer);
        letter::problem(
            &self.stationery,
            &ProblemLetter { heading, subject: "Réunion", problems: &problems, rest_was_sent: true, page: None },
        )
        .unwrap()
    }

    pub(crate) fn summary(&self) -> Vec<u8> {
        let stopped = |address| NamedMailbox::bare(Mailbox::parse(address).unwrap());
        let guests = [
            ("invited", self.guest.clone()),
            ("doubtful", stopped("d@clinique.example")),
            ("complaint", stopped("c@clinique.example")),
            ("no-such-user", stopped("n@clinique.example")),
            ("stopped", stopped("s@clinique.example")),
            ("held", NamedMailbox::bare(Mailbox::parse("b@clinique.example").unwrap())),
        ];
        let guests: Vec<SummaryGuest> = guests.into_iter().map(|(outcome, guest)| SummaryGuest { guest, outcome }).collect();
        letter::summary(
            &self.stationery,
            &SummaryLetter {
                heading: self.heading(&self.gateway, &self.organizer),
                kind: SummaryKind::Created,
                event: &self.event,
                guests: &guests,
                meeting_page: "https://visio.example/m/0190",
                remarks: &[(Problem::Resource, "salle@agence.example".into())],
            },
        )
        .unwrap()
    }

    pub(crate) fn problem(&self, subject: &str, problems: &[(Problem, String)]) -> Vec<u8> {
        let heading = self.heading(&self.gateway, &self.organizer);
        letter::problem(&self.stationery, &ProblemLetter { heading, subject, problems, rest_was_sent: false, page: None }).unwrap()
    }

    /// What would have shown the organizer, and may be left out.
    pub(crate) fn leak(&self) -> Vec<u8> {
        let problems = [(Problem::WouldLeak, "votre nom, dans le titre".to_owned())];
        let (heading, page) = (self.heading(&self.gateway, &self.organizer), Some("https://visio.example/w/0190"));
        let letter = ProblemLetter { heading, subject: "Réunion", problems: &problems, rest_was_sent: false, page };
        letter::problem(&self.stationery, &letter).unwrap()
    }

    pub(crate) fn alert(&self) -> Vec<u8> {
        let alert = Alert {
            id: AlertId(Uuid::nil()),
            kind: AlertKind::GuestUndeliverable,
            severity: Severity::High,
            state: AlertState::Open,
            key: "guest-undeliverable/0".into(),
            meeting: Some(MeetingId(Uuid::nil())),
            guest: None,
            received: None,
            escalated: 0,
            evidence: "j…@hopital.example: 5.1.1 user unknown".into(),
            count: 2,
            opened_at: at("2026-11-20T09:00:00Z"),
            last_at: at("2026-11-20T09:20:00Z"),
        };
        let heading = self.heading(&self.gateway, &self.organizer);
        letter::alert(
            &self.stationery,
            &AlertLetter { heading, alert: &alert, hint: "paravent alert show 0190", page: "https://visio.example/a/eyJ0" },
        )
        .unwrap()
    }
}
