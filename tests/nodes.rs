//! Two gateways on one PostgreSQL: both take and send, no mail goes out twice, and what a killed one had in hand goes out by the other.

use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use support::letter::{Invited, Letter, ORGANIZER, calendar};
use support::peer::Peer;
use support::servers::{Gateway, GatewayPorts};
use support::sink::Sink;
use support::{net, postgres};

const GUESTS: usize = 60;
/// Invitations that each gateway takes at the same time.
const ROUNDS: usize = 5;

struct Stage {
    one: Gateway,
    other: Gateway,
    sink: Sink,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set() -> Option<Self> {
        let store = postgres::database().await?;
        let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start());
        let ports = || {
            let [mx, submission, lmtp, web] = net::free_ports();
            GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port }
        };
        let shared = |toml: &str| {
            let file = toml.lines().find(|line| line.starts_with("path = ")).unwrap();
            let database = format!("url = \"{}\"", store.url);
            toml.replace(file, &database)
                .replace("longest_wait_seconds = 2", "longest_wait_seconds = 2\nlease_seconds = 5\nlook_seconds = 1")
        };
        let one = Gateway::start_with(folder.path(), ports(), ORGANIZERS, shared);
        let other = one.beside("other.toml", ports());
        Some(Self { one, other, sink, _folder: folder })
    }

    /// For each recipient and title the Message-IDs that came, one for each time.
    fn came(&self, wanted: impl Fn(&support::sink::Taken) -> Option<String>) -> BTreeMap<String, Vec<String>> {
        let mut came: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for taken in self.sink.taken() {
            if let Some(key) = wanted(&taken) {
                came.entry(key).or_default().push(taken.mail().message_id.unwrap().as_str().to_owned());
            }
        }
        came
    }
}

const ORGANIZERS: &str = "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n\
    ,claire.bernard@agence.example,,Claire Bernard,,,fr,medical,,true\n";

fn submit(gateway: &Gateway, name: &str, guests: &[String]) {
    let to: Vec<&str> = guests.iter().map(String::as_str).collect();
    let said = Peer::smtp(gateway.ports.submission).send(ORGANIZER, &to, &Letter::new(name, guests).mail());
    assert!(said.answer().starts_with("250"), "{said:?}");
}

fn comment(taken: &support::sink::Taken) -> Option<String> {
    let object = calendar(taken).filter(|_| taken.to == ORGANIZER)?;
    Some(object.main_event()?.comments.join(" ")).filter(|comment| !comment.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_send_each_mail_once_and_one_survives_the_other() {
    let Some(mut stage) = Stage::set().await else { return };
    let guests: Vec<String> = (0..GUESTS).map(|number| format!("guest{number}@cabinet.example")).collect();
    let title = Letter::new("shared", &guests).title();
    // Both are busy at once, and each finds the other's mail due.
    let busy: Vec<String> = (0..ROUNDS).map(|round| format!("busy{round}")).collect();
    std::thread::scope(|scope| {
        for gateway in [&stage.one, &stage.other] {
            let (busy, guests) = (&busy, &guests);
            scope.spawn(move || {
                let door = gateway.ports.submission;
                busy.iter().for_each(|name| submit(gateway, &format!("{name}-{door}"), guests));
            });
        }
        submit(&stage.one, "shared", &guests);
    });
    let invitation = |taken: &support::sink::Taken| {
        let summary = calendar(taken).filter(|_| taken.to != ORGANIZER)?.main_event()?.summary.clone()?;
        Some(format!("{summary} {}", taken.to))
    };
    let all = GUESTS * (2 * ROUNDS + 1);
    stage
        .sink
        .wait_for("every invitation", |taken| (taken.iter().filter_map(invitation).collect::<BTreeSet<_>>().len() >= all).then_some(()));
    let invited: Vec<Invited> = stage.sink.taken().iter().filter_map(|taken| Invited::read(taken, &title)).collect();

    // Everybody answers, at either door; one gateway is killed in the middle.
    let (next, acknowledged) = (std::sync::atomic::AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for sender in 0..6 {
            let ports = [stage.one.ports.mx, stage.other.ports.mx];
            let (next, acknowledged, invited, tell) = (&next, &acknowledged, &invited, tell.clone());
            scope.spawn(move || {
                while let Some(guest) = invited.get(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) {
                    let mark = guest.guest.split('@').next().unwrap();
                    let message = guest.reply(mark, "ACCEPTED", "20300101T090000Z");
                    // Who finds one door closed goes to the other, as mail servers do.
                    let sent = (0..2).find_map(|turn| {
                        let mut peer = Peer::try_open(ports[(sender + turn) % 2], false).ok()?;
                        peer.try_send(&guest.guest, &[&guest.alias], &message).ok().filter(|said| said.answer().starts_with("250"))
                    });
                    assert!(sent.is_some(), "{mark} is answered by nobody");
                    acknowledged.lock().unwrap().insert(mark.to_owned());
                    let _ = tell.send(());
                }
            });
        }
        drop(tell);
        assert_eq!(told.iter().take(GUESTS / 3).count(), GUESTS / 3);
        stage.one.kill();
    });
    let relayed = |taken: &[support::sink::Taken]| taken.iter().filter_map(comment).collect::<BTreeSet<_>>().len() >= GUESTS;
    stage.sink.wait_for("a relay of every answer", |taken| relayed(taken).then_some(()));
    assert_eq!(acknowledged.into_inner().unwrap().len(), GUESTS);

    // Nothing but what the killed one had sent and not noted came twice, and that under one Message-ID.
    for (guest, ids) in stage.came(invitation) {
        assert_eq!(ids.len(), 1, "{guest} was invited more than once, and nobody was killed yet");
    }
    let twice = stage.came(comment).into_iter().filter(|(_, ids)| ids.iter().collect::<BTreeSet<_>>().len() != 1).collect::<Vec<_>>();
    assert!(twice.is_empty(), "{twice:?}");
    stage.other.command(&["reconcile"]);
    // The one that is left goes on.
    submit(&stage.other, "after", &guests[..1]);
    let after = Letter::new("after", &guests[..1]).title();
    stage.sink.wait_for("an invitation by the other", |taken| taken.iter().find_map(|taken| Invited::read(taken, &after)));
}
