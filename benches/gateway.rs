//! The whole program, measured from outside: invitations and answers through a running gateway into a mail server that takes everything.
//! docs/performance.md says how to read it. `cargo bench --bench gateway`, with:
//!
//! * `PARAVENT_BENCH_MAILS` answers and invitations of each step (4000)
//! * `PARAVENT_BENCH_GROWTH` stored meetings to grow to, such as `100,10000` (none)
//! * `PARAVENT_BENCH_QUEUE` mails to queue while the next server is down (none)
//! * `PARAVENT_BENCH_POSTFIX=1` the same mails, in turn, through Postfix, and through Postfix with OpenDKIM (`scripts/peers/postfix`, as root)

#[path = "../tests/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the tests use more of it"
)]
mod support;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use support::letter::{Invited, Letter, ORGANIZER};
use support::peer::Peer;
use support::servers::{Gateway, GatewayPorts};
use support::sink::Sink;
use support::{letter, net};

/// Guests of one invitation.
const GUESTS: usize = 100;
/// What else a machine may do before a figure is void, as a share of one core.
const OTHERS_MAX: f64 = 0.10;

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn main() {
    // `cargo test --benches` only builds it.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mails: usize = setting("PARAVENT_BENCH_MAILS").and_then(|text| text.parse().ok()).unwrap_or(4_000);
    calibrate();
    let mut stage = Stage::set();
    let peers: Vec<Peers> = if setting("PARAVENT_BENCH_POSTFIX").is_some() {
        [false, true].into_iter().map(|signs| Peers::start(signs, stage.sink.port)).collect()
    } else {
        Vec::new()
    };
    let invited = stage.invite("first", mails);
    for (round, sessions) in [50, 10, 1].into_iter().enumerate() {
        stage.answer(&invited, round, sessions);
        for peer in &peers {
            peer.answer(&stage.sink, &invited, round, sessions);
        }
    }
    stage.check(&invited);
    for size in setting("PARAVENT_BENCH_GROWTH").unwrap_or_default().split(',').filter_map(|size| size.trim().parse().ok()) {
        stage.grow(size);
        stage.answer(&invited, 7, 50);
    }
    drop(stage);
    if let Some(count) = setting("PARAVENT_BENCH_QUEUE").and_then(|text| text.parse().ok()) {
        queue(count);
    }
}

/// What the machine can do at best, without us.
fn calibrate() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = File::create(folder.path().join("x")).unwrap();
    let synced = rate(Duration::from_secs(1), || {
        file.write_all(&[7; 4_096]).unwrap();
        file.sync_data().unwrap();
    });
    let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let key = aws_lc_rs::rsa::KeyPair::from_pkcs8(&pem.serialize_der()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    let signed = rate(Duration::from_secs(1), || {
        key.sign(&aws_lc_rs::signature::RSA_PKCS1_SHA256, &random, b"0123456789abcdef0123456789abcdef", &mut signature).unwrap();
    });
    let sink = Sink::start();
    let mail = vec![b'x'; 4_400];
    let taken = Measured::of(None, || {
        let all: Vec<(String, String, Vec<u8>)> =
            (0..8_000).map(|n| ("a@b.example".into(), format!("n{n}@b.example"), mail.clone())).collect();
        send(sink.port, &all, 10);
        8_000
    });
    println!("machine: {synced:.0} fdatasync/s, {signed:.0} RSA-2048 signatures/s, a sink that takes {:.0} mails/s", taken.rate());
}

fn rate(length: Duration, mut step: impl FnMut()) -> f64 {
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < length {
        step();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// One step, and what it cost.
struct Measured {
    count: usize,
    took: Duration,
    /// CPU time of the gateway.
    cpu: Duration,
    /// Share of one core that neither the gateway nor we used.
    others: f64,
}

impl Measured {
    fn of(process: Option<u32>, step: impl FnOnce() -> usize) -> Self {
        let (ours, all) = (|| process.map_or(Duration::ZERO, cpu_of), cpu_of_all);
        let (start, ours_before, all_before, me_before) = (Instant::now(), ours(), all(), cpu_of(std::process::id()));
        let count = step();
        let (took, cpu) = (start.elapsed(), ours() - ours_before);
        let known = cpu + (cpu_of(std::process::id()) - me_before);
        let others = (all() - all_before).saturating_sub(known).as_secs_f64() / took.as_secs_f64();
        Self { count, took, cpu, others }
    }

    fn rate(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }

    fn tell(&self, what: &str, more: &str) {
        let void = if self.others > OTHERS_MAX { ", VOID: the machine did something else" } else { "" };
        println!(
            "{what}: {} in {:.2} s = {:.0}/s, {:.2} ms CPU each{more}; others {:.0} %{void}",
            self.count,
            self.took.as_secs_f64(),
            self.rate(),
            self.cpu.as_secs_f64() * 1_000.0 / self.count as f64,
            self.others * 100.0,
        );
    }
}

/// Processor time of a process: user and system, in ticks of 10 ms (proc(5)).
fn cpu_of(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<u64> = text.rsplit(") ").next().unwrap_or_default().split(' ').map(|field| field.parse().unwrap_or_default()).collect();
    Duration::from_millis(10 * fields.get(11..13).map_or(0, |both| both.iter().sum()))
}

/// Processor time of everything but idling and waiting.
fn cpu_of_all() -> Duration {
    let text = std::fs::read_to_string("/proc/stat").unwrap();
    let fields: Vec<u64> = text.lines().next().unwrap().split_whitespace().skip(1).map(|field| field.parse().unwrap()).collect();
    Duration::from_millis(
        10 * fields.iter().enumerate().filter(|(place, _)| ![3, 4, 8, 9].contains(place)).map(|(_, ticks)| ticks).sum::<u64>(),
    )
}

/// Sends everything over so many sessions; how long each final dot waited for its answer, sorted.
fn send(port: u16, mails: &[(String, String, Vec<u8>)], sessions: usize) -> Vec<Duration> {
    let (next, waits) = (std::sync::atomic::AtomicUsize::new(0), Mutex::new(Vec::with_capacity(mails.len())));
    std::thread::scope(|scope| {
        for _ in 0..sessions {
            scope.spawn(|| {
                let (mut peer, mut mine) = (Peer::smtp(port), Vec::new());
                while let Some((from, to, message)) = mails.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let (said, wait) = peer.send_timed(from, to, message);
                    assert!(said.starts_with("250"), "{said}");
                    mine.push(wait);
                }
                waits.lock().unwrap().extend(mine);
            });
        }
    });
    let mut waits = waits.into_inner().unwrap();
    waits.sort_unstable();
    waits
}

fn share(waits: &[Duration], share: f64) -> f64 {
    waits.get(((waits.len() - 1) as f64 * share) as usize).map_or(0.0, |wait| wait.as_secs_f64() * 1_000.0)
}

/// Every mail of a round is of its own: token, UID, Message-ID, answer.
fn answers(invited: &[Invited], round: usize) -> Vec<(String, String, Vec<u8>)> {
    let partstat = ["ACCEPTED", "TENTATIVE", "DECLINED"][round % 3];
    let stamp = format!("203001{:02}T090000Z", round + 1);
    let mail = |guest: &Invited| {
        let message = guest.reply(&format!("r{round}-{}", guest.guest.split('@').next().unwrap()), partstat, &stamp);
        (guest.guest.clone(), guest.alias.clone(), message)
    };
    invited.iter().map(mail).collect()
}

struct Stage {
    gateway: Gateway,
    sink: Sink,
    rounds: usize,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start();
        let gateway = gateway(folder.path(), sink.port);
        Self { gateway, sink, rounds: 0, _folder: folder }
    }

    /// One request with [`GUESTS`] guests after the other, until each invitation was delivered.
    fn invite(&mut self, name: &str, count: usize) -> Vec<Invited> {
        let before = self.sink.count();
        let measured = Measured::of(Some(self.gateway.process()), || {
            let mut peer = Peer::smtp(self.gateway.ports.submission);
            for number in 0..count.div_ceil(GUESTS) {
                let guests: Vec<String> = (0..GUESTS).map(|guest| format!("{name}-{number}-{guest}@cabinet.example")).collect();
                let (letter_name, to) = (format!("{name}-{number}"), guests.iter().map(String::as_str).collect::<Vec<_>>());
                let said = peer.send(ORGANIZER, &to, &Letter::new(&letter_name, &guests).mail());
                assert!(said.answer().starts_with("250"), "{said:?}");
            }
            let all = count.div_ceil(GUESTS) * (GUESTS + 1);
            self.sink.wait_for_count(before + all);
            count.div_ceil(GUESTS) * GUESTS
        });
        measured.tell("invitations, signed and delivered", &format!(", {} MB", self.gateway.peak_memory() / 1_024));
        let taken = self.sink.taken();
        let invitations = taken.get(before..).unwrap_or_default().iter().filter(|taken| taken.to != ORGANIZER);
        invitations.filter_map(|taken| Invited::read(taken, &letter::calendar(taken)?.main_event()?.summary.clone()?)).collect()
    }

    /// A round of answers, until each was relayed.
    fn answer(&mut self, invited: &[Invited], round: usize, sessions: usize) {
        let (mails, before) = (answers(invited, round), self.sink.count());
        let (mut waits, mut accepted) = (Vec::new(), Duration::ZERO);
        let measured = Measured::of(Some(self.gateway.process()), || {
            let start = Instant::now();
            waits = send(self.gateway.ports.mx, &mails, sessions);
            accepted = start.elapsed();
            self.sink.wait_for_count(before + mails.len());
            mails.len()
        });
        self.rounds += 1;
        let more = format!(
            ", accepted {:.0}/s, 250 after {:.1} ms (median) {:.1} ms (p99), {} MB",
            mails.len() as f64 / accepted.as_secs_f64(),
            share(&waits, 0.5),
            share(&waits, 0.99),
            self.gateway.peak_memory() / 1_024
        );
        measured.tell(&format!("answers over {sessions} sessions, relayed and signed"), &more);
    }

    /// Every answer changed one attendance and was relayed once.
    fn check(&self, invited: &[Invited]) {
        let relayed: Vec<String> = self
            .sink
            .taken()
            .iter()
            .filter(|taken| taken.to == ORGANIZER)
            .filter_map(|taken| Some(letter::calendar(taken)?.main_event()?.comments.join(" ")))
            .filter(|comment| !comment.is_empty())
            .collect();
        let distinct: BTreeSet<&String> = relayed.iter().collect();
        assert_eq!((relayed.len(), distinct.len()), (self.rounds * invited.len(), self.rounds * invited.len()), "each answer once");
        self.gateway.command(&["reconcile"]);
        println!("checked: {} relays, each once; reconcile finds nothing", relayed.len());
    }

    /// Stores meetings of one guest until there are so many.
    fn grow(&mut self, size: usize) {
        println!("growing to {size} meetings");
        let mut peers: Vec<Peer> = (0..8).map(|_| Peer::smtp(self.gateway.ports.submission)).collect();
        let before = self.sink.count();
        std::thread::scope(|scope| {
            for (lane, peer) in peers.iter_mut().enumerate() {
                scope.spawn(move || {
                    for number in (lane..size).step_by(8) {
                        let (name, guest) = (format!("grow-{size}-{number}"), format!("grown-{size}-{number}@cabinet.example"));
                        let said = peer.send(ORGANIZER, &[&guest], &Letter::new(&name, std::slice::from_ref(&guest)).mail());
                        assert!(said.answer().starts_with("250"), "{said:?}");
                    }
                });
            }
        });
        self.sink.wait_for_count(before + 2 * size);
    }
}

/// Another mail server that passes the same mails on.
struct Peers {
    child: std::process::Child,
    port: u16,
    signs: bool,
}

impl Peers {
    fn start(signs: bool, next: u16) -> Self {
        let [port] = net::free_ports();
        let mut command = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/peers/postfix"));
        command.args([port.to_string(), next.to_string()]).args(signs.then_some("sign"));
        let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut ready).unwrap();
        assert_eq!(ready.trim(), "ready");
        Self { child, port, signs }
    }

    fn answer(&self, sink: &Sink, invited: &[Invited], round: usize, sessions: usize) {
        let (mails, before) = (answers(invited, round), sink.count());
        let (mut waits, mut accepted) = (Vec::new(), Duration::ZERO);
        let (all, me) = (cpu_of_all(), cpu_of(std::process::id()));
        let measured = Measured::of(None, || {
            let start = Instant::now();
            waits = send(self.port, &mails, sessions);
            accepted = start.elapsed();
            sink.wait_for_count(before + mails.len());
            mails.len()
        });
        let cpu = (cpu_of_all() - all).saturating_sub(cpu_of(std::process::id()) - me);
        println!(
            "Postfix{} over {sessions} sessions: {:.0}/s passed on, {:.2} ms CPU each, accepted {:.0}/s, 250 after {:.1} ms (median) {:.1} ms (p99)",
            if self.signs { " with OpenDKIM" } else { "" },
            measured.rate(),
            cpu.as_secs_f64() * 1_000.0 / mails.len() as f64,
            mails.len() as f64 / accepted.as_secs_f64(),
            share(&waits, 0.5),
            share(&waits, 0.99)
        );
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Memory with so many mails in the outbox, and how fast they leave once the next server is there.
fn queue(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let [down] = net::free_ports();
    let mut stage = Stage { gateway: gateway(folder.path(), down), sink: Sink::start(), rounds: 0, _folder: folder };
    let mut peer = Peer::smtp(stage.gateway.ports.submission);
    for number in 0..count.div_ceil(1_000) {
        let guests: Vec<String> = (0..1_000).map(|guest| format!("q{number}-{guest}@cabinet.example")).collect();
        let (name, to) = (format!("queue-{number}"), guests.iter().map(String::as_str).collect::<Vec<_>>());
        let said = peer.send(ORGANIZER, &to, &Letter::new(&name, &guests).mail());
        assert!(said.answer().starts_with("250"), "{said:?}");
    }
    println!("queued {count}: peak {} MB", stage.gateway.peak_memory() / 1_024);
    stage.gateway.restart();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(500));
    }
    println!("queued {count}, after a restart: peak {} MB", stage.gateway.peak_memory() / 1_024);
}

fn gateway(folder: &Path, smarthost: u16) -> Gateway {
    let [mx, submission, lmtp, web] = net::free_ports();
    let ports = GatewayPorts { mx, submission, lmtp, web, smarthost };
    let organizers = "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n,claire.bernard@agence.example,,Claire Bernard,,,fr,medical,,true\n";
    Gateway::start_with(folder, ports, organizers, |toml| {
        let key = folder.join("dkim-rsa.pem");
        format!(
            "{toml}\n[budgets]\norders_per_day = 100000000\n\n[[keys.dkim]]\ndomain = \"visio.example\"\nselector = \"rsa\"\nkey_file = \"{}\"\n",
            key.display()
        )
    })
}
