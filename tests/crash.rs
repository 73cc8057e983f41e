//! Ended by `kill -9` at random moments, again and again: every mail that was answered with 250 has its effect, and
//! has it once; every other one can be sent again without harm.
//!
//! What is random comes from a seed, which is printed and can be given back as `PARAVENT_SEED`. The numbers of guests are
//! small so that an unoptimized program keeps up; `PARAVENT_FLOOD=200 PARAVENT_CROWD=500` is the long run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use crate::support;

use paravent::domain::itip::Method;
use paravent::domain::record::{AuditEvent, ReceivedSummary};
use paravent::flow::port::Archive;
use paravent::store::SqliteArchive;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use support::letter::{Invited, Letter, ORGANIZER, calendar};
use support::net;
use support::peer::{Peer, data_form};
use support::servers::{Gateway, GatewayPorts};
use support::sink::Sink;

const ROUNDS: usize = 3;
const KILLS_A_ROUND: usize = 2;
const SENDERS: usize = 12;
const ANSWERS: [&str; 3] = ["ACCEPTED", "TENTATIVE", "DECLINED"];

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Guests who answer.
fn flood_size() -> usize {
    setting("PARAVENT_FLOOD").unwrap_or(40)
}

/// Guests of an invitation that is broken off.
fn crowd_size() -> usize {
    setting("PARAVENT_CROWD").unwrap_or(24)
}

/// A small generator (SplitMix64): the same seed gives the same numbers everywhere.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed = setting("PARAVENT_SEED").unwrap_or_else(|| std::hash::RandomState::new().build_hasher().finish());
        println!("PARAVENT_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % most.max(1) as u64) as usize
    }
}

struct Stage {
    gateway: Gateway,
    sink: Sink,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start();
        let [mx, submission, lmtp, web] = net::free_ports();
        let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
        Self { gateway: Gateway::start(folder.path(), ports), sink, _folder: folder }
    }

    /// The meeting with this title, as `meeting show --json` has it.
    fn meeting(&self, title: &str) -> Option<serde_json::Value> {
        let list = self.gateway.command(&["meeting", "list", "--json"]);
        let meetings = list.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let found: Vec<_> = meetings.filter(|meeting| meeting["title"] == title).collect();
        assert!(found.len() <= 1, "{title} is there {} times", found.len());
        let shown = self.gateway.command(&["meeting", "show", found.first()?["id"].as_str().unwrap(), "--json"]);
        Some(serde_json::from_str(&shown).unwrap())
    }

    /// Waits until nothing is left to send.
    fn drained(&self) {
        let deadline = Instant::now() + net::PATIENCE;
        while self.look(async |archive| archive.outbox_waiting().await.unwrap()) > 0 {
            assert!(Instant::now() < deadline, "mail is left in the outbox");
            // Nothing can be waited for but the outbox itself.
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn look<T>(&self, ask: impl AsyncFnOnce(&SqliteArchive) -> T) -> T {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let archive = SqliteArchive::open(&self.gateway.archive()).await.unwrap();
            ask(&archive).await
        })
    }

    fn submit(&self, guests: &[String], message: &[u8]) {
        let to: Vec<&str> = guests.iter().map(String::as_str).collect();
        let said = Peer::smtp(self.gateway.ports.submission).send(ORGANIZER, &to, message);
        assert!(said.answer().starts_with("250"), "{said:?}");
    }

    /// The invitations with this title: for each guest, the Message-IDs under which the sink has them.
    fn invitations(&self, title: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for invited in self.sink.taken().iter().filter_map(|taken| Invited::read(taken, title)) {
            found.entry(invited.guest).or_default().insert(invited.message_id);
        }
        found
    }
}

/// A reply on its way.
#[derive(Clone)]
struct Reply {
    guest: usize,
    lmtp: bool,
    from: String,
    alias: String,
    message: Vec<u8>,
}

/// What a flood left behind.
#[derive(Default)]
struct Flood {
    acknowledged: Vec<Reply>,
    left: Vec<Reply>,
}

/// Sends everything over many sessions; kills the gateway when `kill_after` replies were answered with 250.
fn flood(gateway: &mut Gateway, replies: Vec<Reply>, kill_after: Option<usize>) -> Flood {
    let ports = gateway.ports;
    let (queue, outcome) = (Mutex::new(VecDeque::from(replies)), Mutex::new(Flood::default()));
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            let tell = tell.clone();
            scope.spawn(|| sender(ports, &queue, &outcome, tell));
        }
        drop(tell);
        if let Some(count) = kill_after {
            let seen = told.iter().take(count).count();
            assert_eq!(seen, count, "a sender failed");
            gateway.kill();
        }
    });
    let mut outcome = outcome.into_inner().unwrap();
    outcome.left.extend(queue.into_inner().unwrap());
    outcome
}

fn sender(ports: GatewayPorts, queue: &Mutex<VecDeque<Reply>>, outcome: &Mutex<Flood>, tell: Sender<()>) {
    let mut sessions: [Option<Peer>; 2] = [None, None];
    loop {
        let Some(reply) = queue.lock().unwrap().pop_front() else { return };
        let session = &mut sessions[usize::from(reply.lmtp)];
        let port = if reply.lmtp { ports.lmtp } else { ports.mx };
        let sent = match session.take().map_or_else(|| Peer::try_open(port, reply.lmtp), Ok) {
            Ok(mut peer) => peer.try_send(&reply.from, &[&reply.alias], &reply.message).inspect(|_| *session = Some(peer)),
            Err(error) => Err(error),
        };
        match sent {
            Ok(said) => {
                assert!(said.answer().starts_with("250"), "{said:?}");
                outcome.lock().unwrap().acknowledged.push(reply);
                // Nobody listens any more once the gateway was killed.
                let _ = tell.send(());
            }
            // The gateway is gone.
            Err(_) => return outcome.lock().unwrap().left.push(reply),
        }
    }
}

fn guests(count: usize, name: &str) -> Vec<String> {
    (0..count).map(|number| format!("{name}{number}@cabinet.example")).collect()
}

fn mark(round: usize, guest: usize) -> String {
    format!("round{round}-guest{guest}")
}

fn answer(round: usize, guest: usize) -> &'static str {
    ANSWERS[(round + guest) % ANSWERS.len()]
}

/// Everybody's reply of a round, one in four of them twice, in any order.
fn round_of_replies(chance: &mut Chance, invited: &[Invited], round: usize) -> Vec<Reply> {
    let mut replies = Vec::new();
    for (guest, invited) in invited.iter().enumerate() {
        let message = invited.reply(&mark(round, guest), answer(round, guest), &format!("203001{:02}T090000Z", round + 1));
        let reply = Reply { guest, lmtp: chance.below(2) == 0, from: invited.guest.clone(), alias: invited.alias.clone(), message };
        if chance.below(4) == 0 {
            replies.push(Reply { lmtp: !reply.lmtp, ..reply.clone() });
        }
        replies.push(reply);
    }
    for at in (1..replies.len()).rev() {
        replies.swap(at, chance.below(at + 1));
    }
    replies
}

fn assert_effects(stage: &Stage, title: &str, invited: &[Invited], round: usize, acknowledged: &[Reply]) {
    let meeting = stage.meeting(title).expect("the meeting");
    let responses: BTreeMap<&str, &str> = meeting["guests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|guest| (guest["mailbox"].as_str().unwrap(), guest["attendance"]["response"]["partstat"].as_str().unwrap()))
        .collect();
    for reply in acknowledged {
        let guest = invited[reply.guest].guest.as_str();
        assert_eq!(responses[guest], answer(round, reply.guest), "{guest} was answered with 250 in round {round}, and it was lost");
    }
}

#[test]
fn every_acknowledged_reply_has_its_effect_once() {
    let mut chance = Chance::new();
    let mut stage = Stage::set();
    let addresses = guests(flood_size(), "guest");
    let letter = Letter::new("flood", &addresses);
    let title = letter.title();
    stage.submit(&addresses, &letter.mail());
    stage.drained();
    let mut invited: Vec<Invited> = stage.sink.taken().iter().filter_map(|taken| Invited::read(taken, &title)).collect();
    invited.sort_by_key(|one| addresses.iter().position(|guest| *guest == one.guest));
    assert_eq!(invited.len(), addresses.len());

    for round in 0..ROUNDS {
        let mut replies = round_of_replies(&mut chance, &invited, round);
        for _ in 0..KILLS_A_ROUND {
            let kill_after = 1 + chance.below(replies.len() / 2);
            let total = replies.len();
            let outcome = flood(&mut stage.gateway, replies, Some(kill_after));
            println!("round {round}: killed after {kill_after} of {total}; {} acknowledged", outcome.acknowledged.len());
            stage.gateway.restart();
            assert_effects(&stage, &title, &invited, round, &outcome.acknowledged);
            replies = outcome.left;
            // A sender whose 250 was lost on the way sends again; some do so after they saw it.
            replies.extend(outcome.acknowledged.into_iter().take(10));
        }
        let outcome = flood(&mut stage.gateway, replies, None);
        assert!(outcome.left.is_empty());
        assert_effects(&stage, &title, &invited, round, &outcome.acknowledged);
    }
    stage.drained();
    assert_relayed_once(&stage);
    assert_recorded_once(&stage, &title);
    // Fails where anything is not accounted for.
    stage.gateway.command(&["reconcile"]);
}

/// One REPLY a guest and round reached the organizer. A repetition under the *same* Message-ID is what SMTP can't
/// avoid when the gateway dies between the next server's 250 and its own commit.
fn assert_relayed_once(stage: &Stage) {
    let mut relayed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for taken in stage.sink.taken().iter().filter(|taken| taken.to == ORGANIZER) {
        let Some(object) = calendar(taken).filter(|object| object.method == Some(Method::Reply)) else { continue };
        let comment = object.main_event().unwrap().comments.join(" ");
        let id = taken.mail().message_id.unwrap().as_str().to_owned();
        relayed.entry(comment.trim_end_matches('.').to_owned()).or_default().insert(id);
    }
    let expected: BTreeSet<String> = (0..ROUNDS).flat_map(|round| (0..flood_size()).map(move |guest| mark(round, guest))).collect();
    assert_eq!(relayed.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let twice: Vec<_> = relayed.iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert!(twice.is_empty(), "relayed more than once: {twice:?}");
}

fn assert_recorded_once(stage: &Stage, title: &str) {
    let id = stage.meeting(title).unwrap()["id"].clone();
    let meeting = serde_json::from_value(id).unwrap();
    let (audit, received): (Vec<AuditEvent>, Vec<ReceivedSummary>) =
        stage.look(async |archive| (archive.audit(meeting).await.unwrap(), archive.received(None, 100_000).await.unwrap()));
    let mut settled: BTreeMap<String, usize> = BTreeMap::new();
    let is_applied = |event: &&AuditEvent| {
        let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap();
        event.action == "mail.settled" && detail["disposition"] == "applied"
    };
    for event in audit.iter().filter(is_applied) {
        *settled.entry(event.guest.unwrap().to_string()).or_default() += 1;
    }
    assert_eq!(settled.len(), flood_size());
    assert!(settled.values().all(|count| *count == ROUNDS), "audited more or less than once: {settled:?}");
    assert_eq!(received.len(), 1 + ROUNDS * flood_size(), "the invitation, and one message a guest and round");
}

/// When the gateway ends during an invitation.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Half of the message was sent.
    Half,
    /// It has written so many bytes since the message was complete.
    Written(u64),
    /// Its 250 was seen.
    Answered,
    /// So many guests' invitations were taken by the next server.
    Delivered(usize),
}

/// Submits and kills at the moment. Whether the 250 came.
fn submit_and_kill(stage: &mut Stage, moment: Moment, guests: &[String], message: &[u8]) -> bool {
    let mut peer = Peer::smtp(stage.gateway.ports.submission);
    let to: Vec<&str> = guests.iter().map(String::as_str).collect();
    assert_eq!(peer.envelope(ORGANIZER, &to).unwrap().1, guests.len());
    assert!(peer.say("DATA").starts_with("354"));
    let bytes = data_form(message);
    if let Moment::Half = moment {
        peer.write(&bytes[..bytes.len() / 2]).unwrap();
        stage.gateway.kill();
        return peer.read().is_ok_and(|answer| answer.starts_with("250"));
    }
    let (before, delivered) = (stage.gateway.written(), stage.sink.taken().len());
    peer.write(&bytes).unwrap();
    std::thread::scope(|scope| {
        let answered = scope.spawn(move || peer.read().is_ok_and(|answer| answer.starts_with("250")));
        match moment {
            Moment::Half | Moment::Answered => {}
            Moment::Written(bytes) => {
                while stage.gateway.written() < before + bytes && !answered.is_finished() {
                    std::thread::yield_now();
                }
            }
            Moment::Delivered(count) => {
                stage.sink.wait_for("an invitation", |taken| (taken.len() >= delivered + count).then_some(()));
            }
        }
        if let Moment::Answered = moment {
            let answered = answered.join().unwrap();
            stage.gateway.kill();
            return answered;
        }
        stage.gateway.kill();
        answered.join().unwrap()
    })
}

#[test]
fn an_invitation_is_taken_whole_or_not_at_all() {
    let mut chance = Chance::new();
    let mut stage = Stage::set();
    let crowd = crowd_size();
    let moments = [
        Moment::Half,
        Moment::Written(1 + chance.below(crowd * 1_000) as u64),
        Moment::Written((crowd * 1_000 + chance.below(crowd * 20_000)) as u64),
        Moment::Answered,
        Moment::Delivered(1 + chance.below(crowd / 2)),
    ];
    for (round, moment) in moments.into_iter().enumerate() {
        let (name, addresses) = (format!("whole-{round}"), guests(crowd, &format!("crowd{round}-")));
        let letter = Letter::new(&name, &addresses);
        let title = letter.title();
        let answered = submit_and_kill(&mut stage, moment, &addresses, &letter.mail());
        stage.gateway.restart();
        let count = stage.meeting(&title).map_or(0, |meeting| meeting["guests"].as_array().unwrap().len());
        println!("killed at {moment:?}: answered with 250: {answered}; {count} guests");
        assert!(count == crowd || (count == 0 && !answered), "{moment:?}: {count} guests, answered with 250: {answered}");
        if !answered {
            stage.submit(&addresses, &letter.mail());
        }
        stage.drained();
        let invitations = stage.invitations(&title);
        assert_eq!(invitations.keys().collect::<BTreeSet<_>>(), addresses.iter().collect::<BTreeSet<_>>(), "{moment:?}");
        let twice: Vec<_> = invitations.iter().filter(|(_, ids)| ids.len() != 1).collect();
        assert!(twice.is_empty(), "{moment:?}: invited more than once: {twice:?}");
        stage.gateway.command(&["reconcile"]);
    }
}
