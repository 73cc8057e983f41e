//! Mails that pretend (`fixtures/spoof/`), in three roles, through the flows with the real checks: nothing of them is applied, passed
//! on or done; what is genuine is.

use crate::support;

use paravent::authenticate::{MailAuthenticator, Settings};
use paravent::domain::address::{Mailbox, ReversePath};
use paravent::domain::alert::AlertState;
use paravent::domain::answer::Answer;
use paravent::domain::attendance::PartStat;
use paravent::domain::delivery::OutboxPurpose;
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::flow::port::{Incoming, Reception, Session};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use support::dns::Zone;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, words};
use support::sealer::Key;

const EVIL: &str = "mallory@evil.example";
const HELPDESK: &str = "helpdesk@agence.example";

#[derive(Deserialize)]
struct Family {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    headers: String,
    path: Option<String>,
    helo: Option<String>,
    dkim: Option<Dkim>,
    #[serde(default)]
    after: After,
    #[serde(default)]
    genuine: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dkim {
    #[serde(default)]
    own: bool,
    domain: String,
    selector: Option<String>,
    signed: String,
    #[serde(default)]
    more: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    #[serde(default)]
    above: String,
    #[serde(default)]
    below: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// Whom a case pretends to be.
#[derive(Clone, Copy)]
struct Victim {
    address: &'static str,
    domain: &'static str,
}

const GUEST: Victim = Victim { address: JEAN, domain: "hopital.example" };
const OF_AGENCY: Victim = Victim { address: ORGANIZER, domain: "agence.example" };
const OF_HELPDESK: Victim = Victim { address: HELPDESK, domain: "agence.example" };

struct Keys {
    honest: Key,
    evil: Key,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys { honest: Key::new(), evil: Key::new() });

/// The name server of all: the victims' domains let only another address send, and the liar's let this one.
static RESOLVER: LazyLock<u16> = LazyLock::new(|| {
    let mut zone = Zone::default();
    for domain in ["hopital.example", "agence.example"] {
        zone = zone
            .txt(domain, "v=spf1 ip4:192.0.2.25 -all")
            .txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject")
            .txt(&format!("s1._domainkey.{domain}"), &KEYS.honest.record)
            .txt(&format!("{domain}.evil.example"), "v=spf1 ip4:127.0.0.1 -all")
            .txt(&format!("s1._domainkey.evil{domain}"), &KEYS.evil.record);
    }
    for domain in ["evil.example", "mail.evil.example"] {
        zone = zone.txt(domain, "v=spf1 ip4:127.0.0.1 -all");
    }
    for domain in ["evil.example", "example", "evil.example\"hopital.example"] {
        zone = zone.txt(&format!("s1._domainkey.{domain}"), &KEYS.evil.record);
    }
    zone.serve()
});

impl Case {
    fn filled(text: &str, victim: Victim) -> String {
        text.replace("@victim@", victim.address).replace("@domain@", victim.domain).replace("@evil@", EVIL)
    }

    /// The mail as the liar sends it: their headers over this rest.
    fn mail(&self, victim: Victim, rest: &str) -> Vec<u8> {
        let mail = format!("{}\n{rest}", Self::filled(&self.headers, victim));
        let mut mail = mail.replace("\r\n", "\n").replace('\n', "\r\n");
        if let Some(dkim) = &self.dkim {
            let key = if dkim.own { &KEYS.honest } else { &KEYS.evil };
            let (domain, more) = (Self::filled(&dkim.domain, victim), Self::filled(&dkim.more, victim));
            mail = key.dkim(&domain, dkim.selector.as_deref().unwrap_or("s1"), &dkim.signed, &more, &mail);
        }
        let After { above, below, from, to } = &self.after;
        let [above, below] = [above, below].map(|text| Self::filled(text, victim).replace('\n', "\r\n"));
        let mail = if from.is_empty() { mail } else { mail.replace(from, to) };
        format!("{above}{mail}{below}").into_bytes()
    }

    /// Gives it to the door that anybody may use; what the door answered.
    async fn give(&self, house: &House, victim: Victim, to: &str, rest: &str) -> String {
        let path = self.path.as_ref().map_or_else(|| EVIL.to_owned(), |path| Self::filled(path, victim));
        let reverse_path = match Mailbox::parse(&path) {
            Ok(mailbox) => ReversePath::Mailbox(mailbox),
            Err(_) if path.is_empty() => ReversePath::Null,
            // The door refuses such a path itself.
            Err(_) => return "501".to_owned(),
        };
        let helo = self.helo.as_ref().map_or_else(|| "mail.evil.example".to_owned(), |helo| Self::filled(helo, victim));
        let session = Session { door: Mx, peer: IpAddr::V4(Ipv4Addr::LOCALHOST), helo, encrypted: true, submitter: None };
        let recipients = vec![Mailbox::parse(to).unwrap()];
        let incoming = Incoming { session, reverse_path, recipients, raw: self.mail(victim, rest) };
        house.gateway.receive(incoming).await.iter().map(Answer::to_string).collect()
    }
}

/// A house that checks its mail for itself, with an invitation for Jean out.
async fn house() -> House {
    let mut house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let settings = Settings {
        resolvers: vec!["127.0.0.1".parse().unwrap()],
        resolver_port: *RESOLVER,
        arc_sealers: vec!["liste.example".to_owned()],
        ..Settings::default()
    };
    let gateway = Arc::get_mut(&mut house.gateway).unwrap();
    gateway.authenticator = Arc::new(MailAuthenticator::new(settings).unwrap());
    house
}

/// Whether Jean counts as having accepted, or the organizer was told so.
async fn as_guest(case: &Case) -> (bool, String) {
    let house = house().await;
    let jean = house.guest(JEAN).await;
    let alias = house.address(Purpose::OrganizerAlias, jean.id);
    let rest = format!(
        "To: {alias}\nSubject: Oui\nDate: Mon, 05 Jan 2026 09:00:00 +0000\nMessage-ID: <1@evil.example>\nMIME-Version: 1.0\n\
         Content-Type: text/calendar; charset=utf-8; method=REPLY\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Guest//EN\nMETHOD:REPLY\n\
         BEGIN:VEVENT\nUID:{}\nDTSTAMP:20260105T090000Z\nSEQUENCE:0\nDTSTART:20260106T130000Z\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{JEAN}\n\
         END:VEVENT\nEND:VCALENDAR\n",
        jean.uid.0
    );
    let answer = case.give(&house, GUEST, &alias, &rest).await;
    let applied = house.guest(JEAN).await.attendance.response.whole.partstat != PartStat::NeedsAction;
    let told = house.sent().await.iter().any(|item| item.purpose == OutboxPurpose::Organizer);
    (applied || told, answer)
}

/// Whether Léa is invited.
async fn as_organizer(case: &Case) -> (bool, String) {
    let house = house().await;
    let alias = format!("{}@guest.visio.example", LEA.replace('@', "="));
    let object = calendar_mail("REQUEST", 0, 15, &[&alias]).replace("UID:meeting-1", "UID:meeting-2");
    let (_, rest) = object.split_once('\n').unwrap();
    let answer =
        case.give(&house, OF_AGENCY, &alias, &rest.replace("Message-ID", "Date: Mon, 05 Jan 2026 09:00:00 +0000\nMessage-ID")).await;
    (house.sent().await.iter().any(|item| item.purpose != OutboxPurpose::Helpdesk), answer)
}

/// Whether the alert is resolved.
async fn as_helpdesk(case: &Case) -> (bool, String) {
    let house = house().await;
    let alias = house.address(Purpose::OrganizerAlias, house.guest(JEAN).await.id);
    house.accept(Mx, "x@elsewhere.example", &alias, &words("x@elsewhere.example", &alias, "1@elsewhere.example", "Bonjour")).await;
    let alert = house.archive.alerts(None, 1).await.unwrap().remove(0);
    let to = house.gateway.tokens.address(Purpose::Alert, alert.id.0, &house.gateway.settings.domains.alias).to_string();
    let rest = words("", &to, "2@evil.example", "resolve");
    let (_, rest) = rest.split_once('\n').unwrap();
    let answer =
        case.give(&house, OF_HELPDESK, &to, &rest.replace("Message-ID", "Date: Mon, 05 Jan 2026 09:00:00 +0000\nMessage-ID")).await;
    (house.archive.alert(alert.id).await.unwrap().unwrap().state != AlertState::Open, answer)
}

fn families() -> Vec<(String, Family)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/spoof");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let family = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_stem().unwrap().to_string_lossy().into_owned(), family)
    };
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).map(read).collect()
}

#[tokio::test]
async fn nothing_that_is_pretended_has_any_effect() {
    let (mut wrong, mut tried, mut genuine) = (Vec::new(), 0, 0);
    for (family, cases) in families() {
        for case in cases.case {
            let roles =
                [("guest", as_guest(&case).await), ("organizer", as_organizer(&case).await), ("helpdesk", as_helpdesk(&case).await)];
            for (role, (has_effect, answer)) in roles {
                tried += 1;
                genuine += usize::from(case.genuine);
                if has_effect != case.genuine {
                    wrong.push(format!("{family}: {}, as {role}: effect {has_effect}, {answer}", case.name));
                }
            }
        }
    }
    assert!(tried > 300 && genuine >= 9, "{tried} mails, {genuine} of them genuine");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is called doubtful is held: honest mail must not be. (`../shared/corpus`, where it is there.)
#[test]
fn honest_mail_is_not_doubted() {
    let (mut seen, mut doubted) = (0, Vec::new());
    for set in ["human", "imip"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(set);
        let Ok(mut labels) = csv::Reader::from_path(folder.join("labels.csv")) else {
            return eprintln!("SKIPPED: no corpus at {}: nothing was tried", folder.display());
        };
        for row in labels.records().map(Result::unwrap) {
            let mail = paravent::domain::mime::read(&std::fs::read(folder.join(&row[0])).unwrap(), &Default::default());
            // Some files are a text without a header.
            if mail.author().is_some() && mail.header("Message-ID").is_some() {
                seen += 1;
                doubted.extend((!mail.doubts.is_empty()).then(|| format!("{}: {:?}", &row[0], mail.doubts)));
            }
        }
    }
    println!("{} of {seen} mails are doubted:\n{}", doubted.len(), doubted.join("\n"));
    assert!(seen > 50 && doubted.len() * 200 <= seen, "{doubted:?}");
}
