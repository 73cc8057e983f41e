//! What one calendar object of the corpus costs, from its bytes to the objects that are sent for it, and which are the slowest.
//! `cargo bench --bench corpus_itip`; without the corpus it says so.

#[path = "../tests/support/corpus_itip.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod corpus_itip;

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Each object is tried so often; the fastest run counts, since the machine's other work only adds to it.
const RUNS: usize = 5;
/// So many of the slowest are shown.
const SHOWN: usize = 8;

fn main() {
    let Some(files) = corpus_itip::files() else {
        println!("SKIPPED: no corpus at {}", corpus_itip::folder().display());
        return;
    };
    let mut costs: Vec<(Duration, String)> = Vec::new();
    for (set, path) in files {
        let objects = corpus_itip::objects(&set, &path);
        if objects.is_empty() {
            continue;
        }
        // Reading is measured for the file as a whole, so that a file of many objects is judged too.
        let reading = fastest(|| drop(black_box(corpus_itip::objects(&set, &path))));
        costs.push((reading, format!("reading {set}/{} ({} objects)", path.file_name().unwrap_or_default().display(), objects.len())));
        for found in &objects {
            let cost = fastest(|| drop(black_box(corpus_itip::judge(&found.object))));
            costs.push((cost, format!("judging {set}/{}", found.file)));
        }
    }
    costs.sort();
    let total: Duration = costs.iter().map(|(cost, _)| *cost).sum();
    println!("{} measurements, {total:?} together, median {:?}", costs.len(), costs.get(costs.len() / 2).map(|(cost, _)| *cost));
    for (cost, what) in costs.iter().rev().take(SHOWN) {
        println!("{cost:>12.1?}  {what}");
    }
}

fn fastest(run: impl Fn()) -> Duration {
    let once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..RUNS).map(|_| once()).min().unwrap_or_default()
}
