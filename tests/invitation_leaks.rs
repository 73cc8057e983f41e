//! The promise of the product: whatever an organizer's invitation carries, and however it is encoded, no byte to a
//! guest shows who they are, while the guests do get their invitations.

use crate::support::identity;
use crate::support::naive;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use identity::{Disguise, Hidden, Identity, Program, Secret, Spot};
use paravent::domain::address::{Mailbox, NamedMailbox, ReversePath};
use paravent::domain::alert::Alert;
use paravent::domain::attachment::AttachmentPolicy;
use paravent::domain::authentication::Authentication;
use paravent::domain::budget::Budgets;
use paravent::domain::compose::Stationery;
use paravent::domain::delivery::{OutboxItem, OutboxPurpose};
use paravent::domain::id::OrganizerId;
use paravent::domain::language::Language;
use paravent::domain::link::LinkKeys;
use paravent::domain::mime::MimeLimits;
use paravent::domain::organizer::Organizer;
use paravent::domain::record::HoldState;
use paravent::domain::token::{AliasDomain, Purpose, TokenKeys};
use paravent::flow::hold::HoldOutcome;
use paravent::flow::port::*;
use paravent::flow::route::Domains;
use paravent::flow::{Gateway, Settings};
use paravent::store::SqliteArchive;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

const GUESTS: [(&str, &str); 2] = [("Jean Martin", "jean.martin@hopital.test"), ("Mme Petit", "n.petit@clinique.test")];

struct OneOrganizer(Organizer);

#[async_trait]
impl Directory for OneOrganizer {
    async fn by_mailbox(&self, mailbox: &Mailbox) -> PortResult<Option<Organizer>> {
        Ok(self.0.owns(mailbox).then(|| self.0.clone()))
    }

    async fn by_id(&self, id: OrganizerId) -> PortResult<Option<Organizer>> {
        Ok((self.0.id == id).then(|| self.0.clone()))
    }

    async fn login(&self, _: &str, _: &str) -> PortResult<Option<Organizer>> {
        Ok(None)
    }

    async fn all(&self) -> PortResult<Vec<Organizer>> {
        Ok(vec![self.0.clone()])
    }
}

/// Authenticator, bell, waker and world at once: vouches, is silent, and time stands still.
struct Fixed;

#[async_trait]
impl Authenticator for Fixed {
    async fn authenticate(&self, _: &Session, _: &ReversePath, _: Option<&Mailbox>, _: &[u8]) -> Authentication {
        Authentication::vouched()
    }
}

#[async_trait]
impl Bell for Fixed {
    async fn ring(&self, _: &Alert) {}
}

impl Waker for Fixed {
    fn wake(&self) {}
}

impl World for Fixed {
    fn now(&self) -> DateTime<Utc> {
        "2026-06-01T08:00:00Z".parse().unwrap()
    }

    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn key(&self) -> Uuid {
        Uuid::now_v7()
    }
}

fn organizer(identity: &Identity, named: bool) -> Organizer {
    serde_json::from_value(serde_json::json!({
        "id": "018f0000-0000-7000-8000-000000000001", "mailbox": identity.address, "aliases": [], "name": identity.name,
        "language": "fr", "secrets": [identity.login, identity.telephone], "active": true,
        "group": {"name": "m", "label": "Service médical", "anonymity": if named { "named" } else { "anonymous" },
                  "language": "fr", "time_zone": "Europe/Paris", "allow_counter": true}
    }))
    .unwrap()
}

fn gateway(organizer: Organizer, archive: SqliteArchive) -> Gateway {
    static STATIONERY: LazyLock<Arc<Stationery>> = LazyLock::new(|| Arc::new(Stationery::embedded().unwrap()));
    let domain = |name: &str| AliasDomain::parse(name).unwrap();
    Gateway {
        archive: Arc::new(archive),
        scanners: Vec::new(),
        directory: Arc::new(OneOrganizer(organizer)),
        authenticator: Arc::new(Fixed),
        world: Arc::new(Fixed),
        bell: Arc::new(Fixed),
        waker: Arc::new(Fixed),
        stationery: STATIONERY.clone(),
        turns: Default::default(),
        burst: Default::default(),
        tokens: Arc::new(TokenKeys::new(&[('a', vec![7; 32])]).unwrap()),
        links: Arc::new(LinkKeys::new(&[("k1".to_owned(), vec![9; 32])]).unwrap()),
        settings: Settings {
            gateway: NamedMailbox::new("Paravent", Mailbox::parse("paravent@rdv.test").unwrap()),
            domains: Domains { alias: domain("rdv.test"), guest: domain("invites.rdv.test") },
            public_url: "https://visio.test".to_owned(),
            helpdesk: None,
            helpdesk_staff: Vec::new(),
            helpdesk_language: Language::parse("fr").unwrap(),
            max_guests: 50,
            attachments: AttachmentPolicy::default(),
            mime: MimeLimits::default(),
            budgets: Budgets::default(),
            hold_for: TimeDelta::days(30),
            retry_for: TimeDelta::hours(72),
        },
    }
}

fn run<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(story)
}

async fn give(gateway: &Gateway, door: MailDoor, from: &str, recipients: Vec<Mailbox>, raw: Vec<u8>) {
    let session = Session {
        door,
        peer: std::net::IpAddr::from([127, 0, 0, 1]),
        helo: "client.test".to_owned(),
        encrypted: true,
        submitter: (door == MailDoor::Submission).then_some(Submitter::TrustedNetwork),
    };
    let incoming = Incoming { session, reverse_path: ReversePath::Mailbox(Mailbox::parse(from).unwrap()), recipients, raw };
    let answers = gateway.receive(incoming).await;
    assert!(answers.iter().all(|answer| answer.code == 250), "{answers:?}");
}

/// The first guest proposes another time, and the organizer refuses it with this mail; what the guest would be told.
fn refused(identity: &Identity, refusal: Vec<u8>) -> Vec<OutboxItem> {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let gateway = gateway(organizer(identity, false), SqliteArchive::open(&folder.path().join("archive.db")).await.unwrap());
        let (guest, invited) = (GUESTS[0].1, Mailbox::parse(GUESTS[0].1).unwrap());
        let invitation = identity::invitation(identity, Program::Gmail, &[], &GUESTS[..1]);
        give(&gateway, MailDoor::Submission, &identity.address, vec![invited.clone()], invitation).await;
        let meeting = gateway.archive.meetings(DateTime::UNIX_EPOCH, 2).await.unwrap().remove(0);
        let known = gateway.archive.guests(meeting.id).await.unwrap().remove(0);
        let alias = gateway.tokens.address(Purpose::OrganizerAlias, known.id.0, &gateway.settings.domains.alias);
        let counter = format!(
            "From: {guest}\r\nMessage-ID: <c@hopital.test>\r\nContent-Type: text/calendar; method=COUNTER\r\n\r\nBEGIN:VCALENDAR\r\n\
             METHOD:COUNTER\r\nBEGIN:VEVENT\r\nUID:{}\r\nDTSTAMP:20260601T080000Z\r\nDTSTART:20260706T130000Z\r\n\
             DTEND:20260706T134500Z\r\nATTENDEE:mailto:{guest}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            known.uid.0
        );
        give(&gateway, MailDoor::Mx, guest, vec![alias], counter.into_bytes()).await;
        give(&gateway, MailDoor::Submission, &identity.address, vec![invited], refusal).await;
        let due = gateway.archive.outbox_due(Fixed.now() + TimeDelta::days(1), 100).await.unwrap();
        due.into_iter().filter(|item| item.purpose == OutboxPurpose::Answer).collect()
    })
}

/// Submits the invitation to the real gateway; what it would send to guests, and what it tells the organizer.
fn sent(identity: &Identity, named: bool, mail: Vec<u8>) -> (Vec<OutboxItem>, String) {
    submitted(identity, named, mail, false)
}

/// The same; where it is held, the organizer chooses to have it sent `without` what would show them.
fn submitted(identity: &Identity, named: bool, mail: Vec<u8>, without: bool) -> (Vec<OutboxItem>, String) {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let gateway = gateway(organizer(identity, named), SqliteArchive::open(&folder.path().join("archive.db")).await.unwrap());
        let guests = GUESTS.iter().map(|(_, address)| Mailbox::parse(address).unwrap()).collect();
        give(&gateway, MailDoor::Submission, &identity.address, guests, mail).await;
        let due = gateway.archive.outbox_due(Fixed.now() + TimeDelta::days(1), 100).await.unwrap();
        let told = due.iter().find(|item| item.purpose == OutboxPurpose::Organizer).expect("the organizer was told nothing");
        let told = paravent::domain::mime::read(&told.message, &MimeLimits::default()).text;
        if without {
            for held in gateway.archive.received(Some(HoldState::Waiting), 9).await.unwrap() {
                let outcome = gateway.release_without(held.id).await.unwrap();
                assert!(matches!(outcome, HoldOutcome::Done | HoldOutcome::StillHeld), "{outcome:?}");
            }
        }
        let due = gateway.archive.outbox_due(Fixed.now() + TimeDelta::days(1), 100).await.unwrap();
        (due.into_iter().filter(|item| matches!(item.purpose, OutboxPurpose::Invitation | OutboxPurpose::Answer)).collect(), told)
    })
}

fn assert_hidden(identity: &Identity, named: bool, items: &[OutboxItem]) -> Result<(), TestCaseError> {
    for item in items {
        let found = naive::finds(&item.message, identity, named);
        prop_assert!(found.is_none(), "{found:?} in\n{}", String::from_utf8_lossy(&item.message));
        let path = format!("{:?}", item.reverse_path.mailbox().map(Mailbox::canonical));
        prop_assert!(naive::finds(path.as_bytes(), identity, named).is_none(), "{path}");
    }
    Ok(())
}

/// The same identities at every run, so that a failure can be looked at again; others, and more of them, by
/// `PARAVENT_SEED=7 PARAVENT_CASES=1000`.
fn config() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let cases = number("PARAVENT_CASES").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(64);
    let seed = proptest::test_runner::RngSeed::Fixed(number("PARAVENT_SEED").unwrap_or(2026));
    ProptestConfig { cases, max_shrink_iters: 10, rng_seed: seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Where nothing is passed on, the identity neither leaks nor stops any mail: every guest is invited, always.
    #[test]
    fn dropped_places_cost_no_invitation(
        identity in identity::identity(), program in identity::program(), hidden in identity::hidden_in_dropped_places(), named: bool,
    ) {
        let (items, told) = sent(&identity, named, identity::invitation(&identity, program, &hidden, &GUESTS));
        prop_assert_eq!(items.len(), GUESTS.len(), "a mail was held: {}", told);
        assert_hidden(&identity, named, &items)?;
    }

    /// Where text is passed on, the mail may be held; what is sent never shows the identity, also where the organizer has it
    /// sent without what was found.
    #[test]
    fn passed_places_never_leak(
        identity in identity::identity(), program in identity::program(), hidden in identity::hidden_in_passed_places(),
        dropped in identity::hidden_in_dropped_places(),
    ) {
        let hidden = [hidden, dropped].concat();
        let (items, _) = submitted(&identity, false, identity::invitation(&identity, program, &hidden, &GUESTS), true);
        assert_hidden(&identity, false, &items)?;
    }

    /// What the organizer writes when they refuse another time: in the calendar object, or beside it.
    #[test]
    fn refusals_never_leak(identity in identity::identity(), hidden in identity::hidden_in_a_refusal()) {
        assert_hidden(&identity, false, &refused(&identity, identity::refusal(&identity, &hidden, GUESTS[0].1)))?;
    }

    /// The oracle sees every secret in every disguise, so that its silence means something.
    #[test]
    fn the_oracle_is_not_blind(identity in identity::identity(), hidden in identity::hidden_in_passed_places()) {
        for one in hidden {
            let text = format!("Subject: x\r\nContent-Type: text/plain\r\n\r\nVoici {} !\r\n", one.disguise.write(identity.text(one.secret)));
            prop_assert!(naive::finds(text.as_bytes(), &identity, false).is_some(), "{:?}: {text}", one);
        }
        prop_assert_eq!(naive::finds(b"Subject: x\r\n\r\nBonjour, voici une invitation.\r\n", &identity, false), None);
    }
}

/// The oracle and the gateway together: a title with the plain name stops the mail, one without lets it go.
#[test]
fn a_name_in_the_title_stops_the_mail() {
    let identity = Identity {
        name: "Claire Bernardin".into(),
        address: "claire@agence.example".into(),
        login: "cbn00042".into(),
        telephone: "0123456789".into(),
        host: "pc-7.lan.agence.example".into(),
    };
    for spot in [Spot::Title, Spot::InstanceTitle, Spot::InstanceDescription] {
        let hidden = [Hidden { secret: Secret::Name, disguise: Disguise::Plain, spot }];
        assert!(sent(&identity, false, identity::invitation(&identity, Program::Gmail, &hidden, &GUESTS)).0.is_empty(), "{spot:?}");
    }
    assert_eq!(sent(&identity, false, identity::invitation(&identity, Program::Gmail, &[], &GUESTS)).0.len(), 2);
    assert_eq!(sent(&identity, false, identity::invitation(&identity, Program::Apple, &[], &GUESTS)).0.len(), 2);
    assert_eq!(refused(&identity, identity::refusal(&identity, &[], GUESTS[0].1)).len(), 1);
    let hidden = [Hidden { secret: Secret::Name, disguise: Disguise::Plain, spot: Spot::RefusalComment }];
    assert!(refused(&identity, identity::refusal(&identity, &hidden, GUESTS[0].1)).is_empty());
}
