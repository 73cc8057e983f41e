//! How fast the worker empties an outbox into Postfix's sink: `cargo test --test all outbound::pace -- --ignored --nocapture`. Printed, never asserted.

use super::items::item;
use super::sink::Sink;
use super::worker::House;
use paravent::domain::record::{Commit, Write};
use paravent::flow::port::Archive;
use paravent::outbound::worker::OutboxSettings;
use std::sync::Arc;
use std::time::Instant;

const MAILS: usize = 5_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn the_outbox_is_emptied_into_a_sink() {
    let Some(sink) = Sink::start(&[]) else { return };
    let body =
        [b"Subject: x\r\n\r\n".as_slice(), &b"0123456789 0123456789 0123456789 0123456789 0123456789 012345\r\n".repeat(70)].concat();
    let house = House::over(Arc::new(sink.smarthost()), OutboxSettings::default()).await;
    let writes = (0..MAILS).map(|_| Write::Outbox(Box::new(item("jean@hopital.example", &body)))).collect();
    house.archive.commit(Commit { writes }).await.unwrap();
    let start = Instant::now();
    house.wake.notify_one();
    while house.archive.outbox_waiting().await.unwrap() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{MAILS} mails of {} octets in {seconds:.2} s: {:.0} a second", body.len(), MAILS as f64 / seconds);
}
