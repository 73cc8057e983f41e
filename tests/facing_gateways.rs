//! Two gateways face each other, beside real servers, and every mailbox has a responder (RFC 5230): whoever writes, and whatever is
//! forwarded where, the machines are done after three messages, nothing is lost, and what waits waits for a reason.
//!
//! Claire organizes on A (`visio.example`), Benoît on B (`autre.example`), and each is a guest of the other. Each also invites the
//! alias under which the other gateway shows its organizer, and a mailbox that forwards everything to such an alias.

use crate::support;

use paravent::domain::mime::{self, InboundMail, MimeLimits};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use support::net::{self, Smtp};
use support::servers::{Dovecot, Gateway, GatewayPorts, OtherRoutes, Postfix, Routes};

const CLAIRE: &str = "claire.bernard@agence.example";
const BENOIT: &str = "benoit.roux@societe.example";
const RELAY_A: &str = "relais.a@hopital.example";
const RELAY_B: &str = "relais.b@hopital.example";
/// What machines may say to each other after one message of a person.
const MACHINES: usize = 3;

const DIRECTORY: &str = "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n";

/// A message as it entered Postfix, and where it went: `from to`, tokens by their first letter.
type Wire = Vec<String>;

struct Stage {
    a: Gateway,
    b: Gateway,
    postfix: Postfix,
    dovecot: Dovecot,
    organizers: [u16; 2],
    folder: tempfile::TempDir,
}

/// Everybody is away, and two mailboxes forward all they get.
fn script(forwards: &[(&str, &str)]) -> String {
    let mut script = "require [\"vacation\", \"envelope\", \"copy\"];\n".to_owned();
    for (mailbox, to) in forwards {
        script.push_str(&format!("if envelope :is \"to\" \"{mailbox}\" {{ redirect :copy \"{to}\"; }}\n"));
    }
    script.push_str("vacation :days 0 \"Je suis absent jusqu'à lundi.\";\n");
    script
}

impl Stage {
    fn set() -> Option<Self> {
        let folder = tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir().unwrap();
        let [organizers, everyone, imap, dovecot_lmtp, mx, submission, lmtp, web] = net::free_ports();
        let [other_organizers, other_mx, other_submission, other_lmtp, other_web] = net::free_ports();
        let other = OtherRoutes { organizers: other_organizers, gateway_lmtp: other_lmtp, gateway_submission: other_submission };
        let routes = Routes { organizers, everyone, dovecot_lmtp, gateway_lmtp: lmtp, gateway_submission: submission, other: Some(other) };
        let dovecot = Dovecot::start_with(&folder.path().join("dovecot"), imap, dovecot_lmtp, Some((&script(&[]), everyone)))?;
        let postfix = Postfix::start(&folder.path().join("postfix"), &routes)?;
        let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: everyone };
        let people = format!("{DIRECTORY},{CLAIRE},,Claire Bernard,,,fr,medical,,true\n");
        let a = Gateway::start_with(&folder.path().join("a"), ports, &people, str::to_owned);
        let ports = GatewayPorts { mx: other_mx, submission: other_submission, lmtp: other_lmtp, web: other_web, smarthost: everyone };
        let people = format!("{DIRECTORY},{BENOIT},,Benoit Roux,,,fr,medical,,true\n");
        let edit = |text: &str| text.replace("visio.example", "autre.example").replace("helpdesk@agence", "helpdesk@societe");
        let b = Gateway::start_with(&folder.path().join("b"), ports, &people, edit);
        Some(Self { a, b, postfix, dovecot, organizers: [organizers, other_organizers], folder })
    }

    fn forward(&self, forwards: &[(&str, &str)]) {
        Dovecot::write_script(&self.folder.path().join("dovecot"), &script(forwards));
    }

    fn organizer_sends(&self, from: &str, to: &[&str], message: &str) {
        let port = self.organizers[usize::from(from == BENOIT)];
        let answer = Smtp::open(port).send(from, to, message.as_bytes());
        assert!(answer.starts_with("250"), "{answer}");
    }

    fn sends(&self, from: &str, to: &str, message: &str) {
        let answer = Smtp::open(self.postfix.everyone).send(from, &[to], message.as_bytes());
        assert!(answer.starts_with("250"), "{answer}");
    }

    /// Every message that entered Postfix, by its queue id, and whether it has left again.
    fn log(&self) -> (Vec<String>, bool) {
        let log = self.postfix.log();
        let id_of =
            |line: &str, after: &str| line.split_once(after).and_then(|(_, rest)| rest.split_once(": ")).map(|(id, _)| id.to_owned());
        let (mut froms, mut wire, mut open) = (BTreeMap::new(), Vec::new(), std::collections::BTreeSet::new());
        for line in log.lines() {
            let Some(id) = id_of(line, "]: ") else { continue };
            if line.contains(": message-id=") {
                open.insert(id);
            } else if let Some((_, rest)) = line.split_once(": from=<") {
                froms.insert(id, rest.split('>').next().unwrap_or_default().to_owned());
            } else if line.contains(" status=sent ") || line.contains(" status=bounced ") {
                let to = line.split_once(" to=<").and_then(|(_, rest)| rest.split('>').next()).unwrap_or_default();
                wire.push(format!("{} {}", short(froms.get(&id).map_or("", String::as_str)), short(to)));
            } else if line.ends_with(": removed") {
                open.remove(&id);
            }
        }
        (wire, open.is_empty())
    }

    fn reconcile(gateway: &Gateway) -> Value {
        serde_json::from_str(&gateway.command(&["reconcile", "--json"])).unwrap()
    }

    /// Waits until nothing is under way, neither in a queue nor in an outbox: a message is always in one of them. Gives what
    /// went over the wire since `before` deliveries, sorted.
    fn quiet(&self, before: usize) -> Wire {
        let deadline = Instant::now() + net::PATIENCE;
        let mut last = None;
        let mut alike = 0;
        loop {
            let (wire, is_empty) = self.log();
            let (a, b) = (Self::reconcile(&self.a), Self::reconcile(&self.b));
            let is_idle = is_empty && a["outbox"]["due"] == 0 && b["outbox"]["due"] == 0;
            let now = (wire.len(), a["accepted"].clone(), b["accepted"].clone());
            alike = if is_idle && last.as_ref() == Some(&now) { alike + 1 } else { 0 };
            if alike == 3 {
                let mut since = wire[before..].to_vec();
                since.sort();
                return since;
            }
            last = Some(now);
            assert!(Instant::now() < deadline, "it does not end: {wire:#?}");
            // Nothing can be waited for but the servers themselves.
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// What goes over the wire after this.
    fn after(&self, act: impl FnOnce()) -> Wire {
        let before = self.log().0.len();
        act();
        self.quiet(before)
    }

    /// The newest mail of a mailbox that `is` so.
    fn newest(&self, mailbox: &str, is: impl Fn(&InboundMail) -> bool) -> InboundMail {
        let all = self.dovecot.mailbox(mailbox).all();
        all.iter().rev().map(|raw| mime::read(raw, &MimeLimits::default())).find(|mail| is(mail)).expect("such a mail")
    }

    fn from(&self, mailbox: &str, is: impl Fn(&InboundMail) -> bool) -> String {
        self.newest(mailbox, is).author().unwrap().mailbox.to_string()
    }

    fn held(gateway: &Gateway) -> Vec<(String, String)> {
        let list = gateway.command(&["hold", "list", "--json"]);
        let held = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        held.map(|mail| (mail["id"].as_str().unwrap().to_owned(), mail["class"].as_str().unwrap().to_owned())).collect()
    }

    fn classes_held(gateway: &Gateway) -> Vec<String> {
        Self::held(gateway).into_iter().rev().map(|(_, class)| class).collect()
    }
}

/// An address of a gateway by the letter of its token.
fn short(address: &str) -> String {
    let Some((local, domain)) = address.split_once('@') else { return "-".to_owned() };
    let is_token = ["visio.example", "autre.example"].contains(&domain) && local.len() > 20;
    let local = if is_token { &local[..1] } else { local.split('.').next().unwrap_or(local) };
    let place = match domain {
        "visio.example" => "A",
        "autre.example" => "B",
        _ if local == "relais" => return address.split('@').next().unwrap_or_default().to_owned(),
        _ => return local.to_owned(),
    };
    format!("{local}@{place}")
}

fn request(from: &str, uid: &str, guest: &str) -> String {
    format!(
        "From: {from}\r\nTo: {guest}\r\nSubject: Point\r\nMessage-ID: <{uid}@pc.example>\r\nDate: Mon, 05 Jan 2026 09:00:00 +0100\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
         PRODID:-//Test//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260105T080000Z\r\nSEQUENCE:0\r\n\
         DTSTART:20310115T130000Z\r\nDTEND:20310115T134500Z\r\nSUMMARY:Point\r\nORGANIZER:mailto:{from}\r\n\
         ATTENDEE;RSVP=TRUE:mailto:{guest}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn words(from: &str, to: &str, id: &str, text: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Point\r\nMessage-ID: <{id}@pc.example>\r\nDate: Mon, 05 Jan 2026 11:00:00 +0100\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

fn has_calendar(mail: &InboundMail) -> bool {
    !mail.calendars.is_empty()
}

/// What machines said: all but what these people's messages became on their way to people.
fn of_machines<'a>(wire: &'a Wire, of_people: &[&str]) -> Vec<&'a String> {
    wire.iter().filter(|one| !of_people.contains(&one.as_str())).collect()
}

#[test]
fn two_gateways_with_responders_are_done_after_three_messages() {
    let Some(stage) = Stage::set() else { return };
    let mut all_wire = 0;
    let mut check = |what: &str, wire: Wire, of_people: &[&str], of_machines_expected: &[&str]| {
        let machines = of_machines(&wire, of_people);
        println!("{what}: {} on the wire, {} of machines: {wire:?}", wire.len(), machines.len());
        assert_eq!(machines, of_machines_expected, "{what}: {wire:?}");
        for person in of_people {
            assert_eq!(wire.iter().filter(|one| one == person).count(), 1, "{what}: {person} in {wire:?}");
        }
        let talk = machines.iter().filter(|one| !one.contains(" helpdesk")).count();
        assert!(talk <= MACHINES, "{what}: {machines:?}");
        all_wire += wire.len();
    };

    // Each invites the other: an invitation and a summary, which say that they are automatic; nobody answers.
    let wire = stage.after(|| stage.organizer_sends(CLAIRE, &[BENOIT], &request(CLAIRE, "a1", BENOIT)));
    check("Claire invites Benoît", wire, &["claire benoit", "b@A benoit"], &["- claire"]);
    let wire = stage.after(|| stage.organizer_sends(BENOIT, &[CLAIRE], &request(BENOIT, "b1", CLAIRE)));
    check("Benoît invites Claire", wire, &["benoit claire", "b@B claire"], &["- benoit"]);
    let o_a = stage.from(BENOIT, has_calendar);
    let o_b = stage.from(CLAIRE, |mail| has_calendar(mail) && mail.author().unwrap().mailbox.domain() == "autre.example");

    // Benoît writes to what he knows of Claire: her responder answers to the return path, where it ends.
    let wire = stage.after(|| stage.sends(BENOIT, &o_a, &words(BENOIT, &o_a, "w1", "Bonjour, à jeudi.")));
    check("a guest writes", wire, &["benoit o@A", "c@A claire"], &["- c@A"]);
    let g_a = stage.from(CLAIRE, |mail| mail.text.contains("à jeudi"));

    // Claire answers him: his responder answers, and she hears, once, that he is away. Again, and she doesn't.
    let wire = stage.after(|| stage.organizer_sends(CLAIRE, &[&g_a], &words(CLAIRE, &g_a, "w2", "Entendu.")));
    check("an organizer answers", wire, &["claire g@A", "b@A benoit"], &["- b@A", "c@A claire"]);
    let wire = stage.after(|| stage.organizer_sends(CLAIRE, &[&g_a], &words(CLAIRE, &g_a, "w3", "Apportez le dossier.")));
    check("an organizer writes again", wire, &["claire g@A", "b@A benoit"], &["- b@A"]);
    assert_eq!((Stage::held(&stage.a), Stage::held(&stage.b)), (vec![], vec![]), "nothing waits so far");

    // Each invites, through their own gateway, the alias that the other gateway gave them: an invitation that comes to an
    // address for answers, from somebody else than its guest, waits there, and the helpdesk is told.
    let wire = stage.after(|| stage.organizer_sends(CLAIRE, &[&o_b], &request(CLAIRE, "a2", &o_b)));
    check("Claire invites an alias of B", wire, &["claire o@B", "b@A o@B"], &["- claire", "- helpdesk"]);
    let wire = stage.after(|| stage.organizer_sends(BENOIT, &[&o_a], &request(BENOIT, "b2", &o_a)));
    check("Benoît invites an alias of A", wire, &["benoit o@A", "b@B o@A"], &["- benoit", "- helpdesk"]);
    assert_eq!((Stage::classes_held(&stage.a), Stage::classes_held(&stage.b)), (vec!["itip-request".into()], vec!["itip-request".into()]));

    // The person at B lets it go on: that is no answer, and stays.
    let waiting = Stage::held(&stage.b);
    assert_eq!(stage.b.status(&["hold", "release", &waiting[0].0]), Some(1));

    // Mailboxes that forward all they get, each to an alias of the other gateway, and answer beside.
    stage.forward(&[(RELAY_A, &o_b), (RELAY_B, &o_a)]);
    let wire = stage.after(|| stage.organizer_sends(CLAIRE, &[RELAY_A], &request(CLAIRE, "a3", RELAY_A)));
    check("Claire invites who forwards to B", wire, &["claire relais.a", "b@A relais.a"], &["- claire", "b@A o@B"]);
    let wire = stage.after(|| stage.organizer_sends(BENOIT, &[RELAY_B], &request(BENOIT, "b3", RELAY_B)));
    check("Benoît invites who forwards to A", wire, &["benoit relais.b", "b@B relais.b"], &["- benoit", "b@B o@A"]);

    // The forwarder answers in words; what Claire answers is forwarded to B, where a stranger's words wait.
    let o_a3 = stage.from(RELAY_A, has_calendar);
    let wire = stage.after(|| stage.sends(RELAY_A, &o_a3, &words(RELAY_A, &o_a3, "w4", "Bonjour de la part du relais.")));
    check("the forwarder writes", wire, &["relais.a o@A", "c@A claire"], &["- c@A"]);
    let g_a3 = stage.from(CLAIRE, |mail| mail.text.contains("la part du relais"));
    let wire = stage.after(|| stage.organizer_sends(CLAIRE, &[&g_a3], &words(CLAIRE, &g_a3, "w5", "Merci, à bientôt.")));
    check(
        "words that are forwarded to the other gateway",
        wire,
        &["claire g@A", "b@A relais.a"],
        &["- b@A", "- helpdesk", "b@A o@B", "c@A claire"],
    );
    assert_eq!(Stage::classes_held(&stage.b).last().map(String::as_str), Some("stranger"));

    // Even that may be let go on: it reaches Benoît, whose responder's answer ends at the return path.
    let waiting = Stage::held(&stage.b);
    let wire = stage.after(|| assert_eq!(stage.b.status(&["hold", "release", &waiting[0].0]), Some(0)));
    check("released at B", wire, &["c@B benoit"], &["- c@B"]);
    assert!(stage.newest(BENOIT, |mail| mail.text.contains("à bientôt")).author().unwrap().mailbox.domain().ends_with("autre.example"));

    // Nothing is lost on either side, and what waits is what does not belong there.
    for (name, gateway) in [("A", &stage.a), ("B", &stage.b)] {
        let found = Stage::reconcile(gateway);
        println!("{name}: {found}");
        assert_eq!((&found["whole"], &found["outbox"]["failed"]), (&true.into(), &0.into()), "{name}: {found}");
        assert!(Stage::classes_held(gateway).iter().all(|class| class == "itip-request"), "{name}: {:?}", Stage::held(gateway));
    }
    let (wire, _) = stage.log();
    assert_eq!(wire.len(), all_wire, "every delivery belongs to one of the steps");
}
