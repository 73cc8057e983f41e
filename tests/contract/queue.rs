//! The queue of mail to send: who gets what in which order, and what operators do to it.

use super::{at, commit, item};
use chrono::{DateTime, Utc};
use paravent::domain::address::Mailbox;
use paravent::domain::delivery::{OutboxItem, OutboxPurpose, OutboxState};
use paravent::domain::id::{GuestId, OutboxId};
use paravent::domain::queue::{Claim, Paused, QueueFilter, QueueWrite};
use paravent::domain::record::{Committed, Write};
use paravent::flow::port::Archive;
use uuid::Uuid;

fn mail(to: &str, turn: i64) -> OutboxItem {
    OutboxItem { recipient: Mailbox::parse(to).unwrap(), turn: at(turn), ..item(GuestId(Uuid::now_v7()), OutboxPurpose::Organizer, 10) }
}

async fn put(archive: &dyn Archive, items: &[&OutboxItem]) {
    commit(archive, items.iter().map(|item| Write::Outbox(Box::new((*item).clone()))).collect()).await;
}

fn claim<'a>(node: Uuid, now: DateTime<Utc>, limit: u32, not_to: &'a [String], not: &'a [OutboxId]) -> Claim<'a> {
    Claim { node, now, until: now + chrono::TimeDelta::seconds(60), limit, not_to, not }
}

async fn claimed(archive: &dyn Archive, claim: &Claim<'_>) -> Vec<OutboxId> {
    archive.outbox_claim(claim).await.unwrap().into_iter().map(|item| item.id).collect()
}

pub(crate) async fn queue(archive: &dyn Archive) {
    let node = Uuid::now_v7();
    let (second, first, third, later) =
        (mail("a@one.example", 5), mail("b@two.example", 1), mail("c@one.example", 9), mail("d@one.example", 0));
    let later = OutboxItem { state: OutboxState::Due { at: at(50), attempts: 1, last: "451 x".into() }, ..later };
    put(archive, &[&second, &first, &third, &later]).await;
    let all = claimed(archive, &claim(node, at(20), 9, &[], &[])).await;
    assert_eq!(all, [first.id, second.id, third.id], "what is due, in the order of turns");
    assert_eq!(archive.outbox_one(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(claimed(archive, &claim(node, at(20), 1, &[], &[first.id])).await, [second.id]);
    assert_eq!(claimed(archive, &claim(node, at(20), 9, &["one.example".into()], &[])).await, [first.id]);
    assert_eq!(claimed(archive, &claim(node, at(20), 9, &["one.example".into(), "two.example".into()], &[first.id, third.id])).await, []);

    // A pause holds what is for a destination, and nothing else.
    let paused = Paused { destination: "one.example".into(), since: at(1), actor: "operator".into() };
    commit(archive, vec![Write::Queue(QueueWrite::Pause(paused.clone()))]).await;
    let later_pause = Paused { since: at(2), ..paused.clone() };
    assert_eq!(commit(archive, vec![Write::Queue(QueueWrite::Pause(later_pause))]).await, Committed::Done);
    assert_eq!(archive.paused().await.unwrap(), [paused], "since the first");
    assert_eq!(claimed(archive, &claim(node, at(20), 9, &[], &[])).await, [first.id]);
    assert_eq!(commit(archive, vec![Write::Queue(QueueWrite::Resume("one.example".into()))]).await, Committed::Done);
    assert_eq!(commit(archive, vec![Write::Queue(QueueWrite::Resume("one.example".into()))]).await, Committed::Conflict);
    archive.outbox_renew(node, at(20), at(90)).await.unwrap();

    // What is deferred stands behind what came meanwhile.
    let deferred = OutboxState::Due { at: at(15), attempts: 1, last: "451 y".into() };
    commit(archive, vec![Write::OutboxState { id: first.id, state: deferred.clone() }]).await;
    assert_eq!(claimed(archive, &claim(node, at(20), 9, &[], &[])).await, [second.id, third.id, first.id]);

    // Operators see what waits and what was given up, and may try it again.
    let rows = archive.outbox_rows(&QueueFilter { destination: Some("two.example".into()), failed: false }, 9).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.id, &row.state, row.size, row.recipient.as_str()), (first.id, &deferred, first.message.len() as u64, "b@two.example"));
    assert_eq!(archive.outbox_rows(&QueueFilter::default(), 2).await.unwrap().len(), 2);
    commit(archive, vec![Write::OutboxState { id: second.id, state: OutboxState::Failed { at: at(30), last: "550 z".into() } }]).await;
    let given_up = archive.outbox_rows(&QueueFilter { failed: true, destination: None }, 9).await.unwrap();
    assert_eq!(given_up.iter().map(|row| row.id).collect::<Vec<_>>(), [second.id]);
    let again = |id| vec![Write::Queue(QueueWrite::Again { id, at: at(200), expires_at: at(90_000_000) })];
    assert_eq!(commit(archive, again(second.id)).await, Committed::Done);
    let revived = archive.outbox_one(second.id).await.unwrap().unwrap();
    assert_eq!(revived.state, OutboxState::Due { at: at(200), attempts: 0, last: "550 z".into() });
    assert_eq!((revived.expires_at, revived.turn), (at(90_000_000), at(200)));
    commit(archive, vec![Write::OutboxState { id: third.id, state: OutboxState::Sent { at: at(40), last: "250".into() } }]).await;
    assert_eq!(commit(archive, again(third.id)).await, Committed::Conflict, "what was sent is not sent again");
    assert_eq!(commit(archive, again(OutboxId(Uuid::now_v7()))).await, Committed::Conflict);

    // What waited too long is found whether it was tried or not.
    let expired: Vec<OutboxId> = archive.outbox_expired(later.expires_at, 9).await.unwrap().into_iter().map(|item| item.id).collect();
    assert!(expired.contains(&later.id) && !expired.contains(&second.id), "{expired:?}");
}

/// Two nodes on one archive: neither gets what the other has in hand, until its lease ends.
pub(crate) async fn nodes(archive: &dyn Archive) {
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mails: Vec<OutboxItem> = (0..40).map(|turn| mail(&format!("m{turn}@one.example"), turn)).collect();
    put(archive, &mails.iter().collect::<Vec<_>>()).await;
    let claims: Vec<Claim<'_>> = (0..8).map(|round| claim(if round % 2 == 0 { one } else { other }, at(50), 3, &[], &[])).collect();
    let mut got = Vec::new();
    for claim in &claims {
        let mine = claimed(archive, claim).await;
        assert_eq!(mine.len(), 3);
        got.push(mine);
    }
    let of = |node: usize| got.iter().skip(node).step_by(2).flatten().collect::<std::collections::BTreeSet<_>>();
    assert!(of(0).is_disjoint(&of(1)), "no mail is in two hands");
    // A node may take again what it has not in hand; of two at the same time each gets its own.
    let (mine, theirs) = (claim(one, at(60), 40, &[], &[]), claim(other, at(60), 40, &[], &[]));
    let (mine, theirs) = tokio::join!(claimed(archive, &mine), claimed(archive, &theirs));
    let both: std::collections::BTreeSet<_> = mine.iter().chain(&theirs).collect();
    assert_eq!((both.len(), mine.len() + theirs.len()), (40, 40));
    // The first lives and renews; the second is gone, and its mail goes to the first when its lease is over.
    archive.outbox_renew(one, at(100), at(300)).await.unwrap();
    let taken_over = claimed(archive, &claim(one, at(121), 40, &[], &mine)).await;
    assert_eq!(taken_over.iter().collect::<std::collections::BTreeSet<_>>(), theirs.iter().collect());
    assert_eq!(claimed(archive, &claim(other, at(122), 40, &[], &[])).await, []);
}

/// One node has a duty at a time, keeps it while it asks, and loses it when it is gone.
pub(crate) async fn duties(archive: &dyn Archive) {
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let ask = async |node, now: i64| archive.duty("watch", node, at(now), at(now + 10)).await.unwrap();
    assert!(ask(one, 0).await && !ask(other, 9).await && ask(one, 9).await && !ask(other, 18).await);
    assert!(ask(other, 19).await && !ask(one, 20).await);
    assert!(archive.duty("else", one, at(20), at(30)).await.unwrap(), "another duty");
}
