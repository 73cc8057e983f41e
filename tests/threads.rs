//! A conversation across the screen is one thread in each of the two mailboxes, as Thunderbird and Gmail put threads together,
//! whatever of the ids the two programs give back; and no id of the organizer's side is ever seen on the guest's.

use crate::support;

use paravent::domain::delivery::OutboxItem;
use paravent::domain::delivery::OutboxPurpose::{Answer, Invitation, Organizer};
use paravent::domain::meeting::Guest;
use paravent::domain::mime::InboundMail;
use paravent::domain::record::{Commit, Write};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use std::collections::BTreeSet;
use support::house::{House, JEAN, ORGANIZER, calendar_mail, of_purpose, parsed, reply, words};
use uuid::Uuid;

/// What a program writes of the message that it answers (RFC 5322 §3.6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// Thunderbird, Gmail, Apple Mail: the parent, and its whole line of references with it.
    Whole,
    /// Outlook of some years: the parent in both fields, nothing of the line.
    Parent,
    /// Small programs of phones: In-Reply-To alone.
    ReplyAlone,
    /// Gateways of other kinds: nothing.
    Nothing,
}

const PROGRAMS: [Program; 4] = [Program::Whole, Program::Parent, Program::ReplyAlone, Program::Nothing];

/// One of the messages of a mailbox: those that came, and those that its owner wrote.
#[derive(Clone, Debug)]
struct Kept {
    id: String,
    refers: Vec<String>,
    subject: String,
}

impl Kept {
    fn of(mail: &InboundMail) -> Self {
        let ids = mail.in_reply_to.iter().chain(&mail.references);
        Self {
            id: mail.message_id.as_ref().unwrap().as_str().to_owned(),
            refers: ids.map(|id| id.as_str().to_owned()).collect(),
            subject: mail.subject.clone(),
        }
    }
}

#[derive(Default)]
struct Mailbox(Vec<Kept>);

impl Mailbox {
    fn keep(&mut self, mail: &InboundMail) {
        self.0.push(Kept::of(mail));
    }

    /// Writes an answer to the newest message, as this program would, and keeps it.
    fn answer(&mut self, program: Program, from: &str, to: &str, id: &str, text: &str) -> String {
        let parent = self.0.last().unwrap().clone();
        let line = parent.refers.iter().chain([&parent.id]).map(|id| format!("<{id}>")).collect::<Vec<_>>().join("\n ");
        let references = match program {
            Program::Whole => format!("In-Reply-To: <{}>\nReferences: {line}\n", parent.id),
            Program::Parent => format!("In-Reply-To: <{0}>\nReferences: <{0}>\n", parent.id),
            Program::ReplyAlone => format!("In-Reply-To: <{}>\n", parent.id),
            Program::Nothing => String::new(),
        };
        let subject = if bare(&parent.subject) == parent.subject { format!("Re: {}", parent.subject) } else { parent.subject.clone() };
        let mail = format!(
            "From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{id}>\n{references}MIME-Version: 1.0\n\
             Content-Type: text/plain; charset=utf-8\n\n{text}\n"
        );
        self.keep(&paravent::domain::mime::read(mail.replace('\n', "\r\n").as_bytes(), &Default::default()));
        mail
    }

    /// The threads by shared references (Thunderbird); a message that nobody else has holds those together that refer to it.
    fn threads(&self) -> usize {
        let mut threads: Vec<BTreeSet<&str>> = Vec::new();
        for kept in &self.0 {
            let mut ids: BTreeSet<&str> = kept.refers.iter().map(String::as_str).chain([kept.id.as_str()]).collect();
            let (joined, apart) = threads.into_iter().partition::<Vec<_>, _>(|thread| !thread.is_disjoint(&ids));
            joined.into_iter().for_each(|thread| ids.extend(thread));
            threads = apart;
            threads.push(ids);
        }
        threads.len()
    }

    /// Gmail begins another thread where the subject is another.
    fn subjects(&self) -> BTreeSet<&str> {
        self.0.iter().map(|kept| bare(&kept.subject)).collect()
    }
}

/// A subject without the marks of an answer, as Gmail compares it.
fn bare(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some(next) = ["re:", "re :", "fwd:", "aw:"]
        .iter()
        .find_map(|mark| rest.get(..mark.len()).filter(|head| head.eq_ignore_ascii_case(mark)).map(|_| rest[mark.len()..].trim()))
    {
        rest = next;
    }
    rest
}

async fn sent(house: &House, organizer: &mut Mailbox, guest: &mut Mailbox) -> Vec<OutboxItem> {
    let items = house.sent().await;
    for item in &items {
        match item.purpose {
            Invitation | Answer => {
                let mail = String::from_utf8_lossy(&item.message).into_owned();
                assert!(!mail.contains("agence.example"), "an id of the organizer's side: {mail}");
                guest.keep(&parsed(item));
            }
            Organizer => organizer.keep(&parsed(item)),
            _ => {}
        }
    }
    items
}

/// They write to and fro, the meeting is moved, and they write again.
async fn conversation(of_guest: Program, of_organizer: Program) -> (House, Mailbox, Mailbox) {
    let house = House::build().await;
    let (mut organizer, mut guest) = (Mailbox::default(), Mailbox::default());
    let invitation = calendar_mail("REQUEST", 0, 13, &[JEAN]);
    organizer.keep(&paravent::domain::mime::read(invitation.replace('\n', "\r\n").as_bytes(), &Default::default()));
    house.accept(Submission, ORGANIZER, JEAN, &invitation).await;
    sent(&house, &mut organizer, &mut guest).await;
    let jean = house.guest(JEAN).await;
    let (of_claire, of_jean) = (house.address(Purpose::OrganizerAlias, jean.id), house.address(Purpose::GuestAlias, jean.id));
    for round in 0..2 {
        let words = guest.answer(of_guest, JEAN, &of_claire, &format!("g{round}@hopital.example"), "Une question.");
        house.accept(Mx, JEAN, &of_claire, &words).await;
        sent(&house, &mut organizer, &mut guest).await;
        let words = organizer.answer(of_organizer, ORGANIZER, &of_jean, &format!("o{round}@pc.agence.example"), "Une réponse.");
        house.accept(Submission, ORGANIZER, &of_jean, &words).await;
        sent(&house, &mut organizer, &mut guest).await;
        if round == 0 {
            let moved = calendar_mail("REQUEST", 1, 14, &[JEAN]);
            house.accept(Submission, ORGANIZER, JEAN, &moved).await;
            sent(&house, &mut organizer, &mut guest).await;
        }
    }
    (house, organizer, guest)
}

#[tokio::test]
async fn a_conversation_is_one_thread_on_both_sides_whatever_the_programs_write() {
    for of_guest in PROGRAMS {
        for of_organizer in PROGRAMS {
            let told = format!("guest {of_guest:?}, organizer {of_organizer:?}");
            let (_, organizer, guest) = conversation(of_guest, of_organizer).await;
            // What a program says nothing of, only its own mailbox can't hold together: two messages of its owner.
            let own = |program| usize::from(program == Program::Nothing) * 2;
            assert!(guest.threads() <= 1 + own(of_guest), "{told}: {:#?}", guest.0);
            // The organizer's calendar program sent the change as a mail of its own, without any reference.
            assert!(organizer.threads() <= 2 + own(of_organizer), "{told}: {:#?}", organizer.0);
            // Words stay under the subject that they answer.
            assert_eq!(guest.subjects(), BTreeSet::from(["Invitation : Bilan", "Modification : Bilan"]), "{told}");
        }
    }
}

#[tokio::test]
async fn an_answer_by_calendar_is_in_the_organizers_thread() {
    let (house, mut organizer, mut guest) = conversation(Program::Whole, Program::Whole).await;
    let before = organizer.threads();
    let jean = house.guest(JEAN).await;
    let of_claire = house.address(Purpose::OrganizerAlias, jean.id);
    house.accept(Mx, JEAN, &of_claire, &reply(JEAN, &jean.uid.0, 1, "20260105T090000Z", "ACCEPTED")).await;
    sent(&house, &mut organizer, &mut guest).await;
    assert_eq!((before, organizer.threads()), (1, 1), "{:#?}", organizer.0);
}

#[tokio::test]
async fn a_new_link_begins_no_new_thread() {
    let (house, mut organizer, mut guest) = conversation(Program::Whole, Program::Whole).await;
    let jean = house.guest(JEAN).await;
    let reissued = Guest { link: Uuid::now_v7(), ..jean };
    house.archive.commit(Commit { writes: vec![Write::Guest(Box::new(reissued))] }).await.unwrap();
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 2, 15, &[JEAN])).await;
    sent(&house, &mut organizer, &mut guest).await;
    assert_eq!((guest.0.len(), guest.threads()), (7, 1), "{:#?}", guest.0);
}

#[tokio::test]
async fn an_organizers_subject_only_says_what_is_answered() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let jean = house.guest(JEAN).await;
    let alias = house.address(Purpose::GuestAlias, jean.id);
    for (subject, expected) in [
        ("Re: Invitation : Bilan", "Re: Invitation : Bilan"),
        ("RE: [agence.example] Invitation : Bilan", "Re: Invitation : Bilan"),
        ("Pour mardi", "Re: Bilan"),
        ("=?utf-8?q?De_la_part_de_Claire_Bernard?=", "Re: Bilan"),
        ("", "Re: Bilan"),
    ] {
        let mail = words(ORGANIZER, &alias, &format!("{}@pc.agence.example", subject.len()), "Bonjour.");
        house.accept(Submission, ORGANIZER, &alias, &mail.replace("Subject: Bilan", &format!("Subject: {subject}"))).await;
        let answers = of_purpose(&house.sent().await, Answer);
        assert_eq!(answers.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), [expected]);
    }
}
