//! Tries the judgement on real mail that nobody of this project wrote. It lies beside the project
//! (`../shared/corpus`), not in it: without it the test says so and passes.

use chrono::Utc;
use paravent::domain::explain::{Explanation, content_only};
use paravent::domain::mime::MimeLimits;
use paravent::domain::reply::ReplyClass;
use std::path::Path;

struct Sample {
    file: String,
    class: String,
    detail: serde_json::Value,
    is_upstream: bool,
    found: Explanation,
}

fn samples(set: &str) -> Option<Vec<Sample>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(set);
    let Ok(mut labels) = csv::Reader::from_path(folder.join("labels.csv")) else {
        eprintln!("SKIPPED: no corpus at {}: nothing was tried", folder.display());
        return None;
    };
    let rows = labels.records().map(Result::unwrap).map(|row| {
        let bytes = std::fs::read(folder.join(&row[0])).unwrap();
        Sample {
            file: row[0].to_owned(),
            class: row[1].to_owned(),
            detail: serde_json::from_str(&row[2]).unwrap_or_default(),
            is_upstream: row[2].contains("upstream-"),
            found: content_only(&row[0], &bytes, &MimeLimits::default(), Utc::now()),
        }
    });
    Some(rows.collect())
}

/// Prints the misses and gives hits and tries, of upstream labels alone and of all.
fn score(title: &str, samples: &[&Sample], is_hit: impl Fn(&Sample) -> bool) -> (f64, f64) {
    let of = |only_upstream: bool| {
        let tried: Vec<_> = samples.iter().filter(|sample| sample.is_upstream || !only_upstream).collect();
        let hits = tried.iter().filter(|sample| is_hit(sample)).count();
        println!("{title}, {}: {hits} of {}", if only_upstream { "upstream labels" } else { "all labels" }, tried.len());
        hits as f64 / tried.len().max(1) as f64
    };
    for sample in samples.iter().filter(|sample| !is_hit(sample)) {
        let delivery = sample.found.delivery.as_ref().map(|report| format!("{} {} {}", report.action, report.status, report.permanent));
        println!(
            "MISS {title}: {} label {} {} found {:?} {:?} {:?}",
            sample.file, sample.class, sample.detail, sample.found.class, delivery, sample.found.reasons
        );
    }
    (of(true), of(false))
}

/// Prints hits and tries by source and by where the label comes from: the source's own tests, the status class that the
/// collector derived it from, or another program's run.
fn verdicts_of_each_source(judged: &[&Sample]) {
    let mut table = std::collections::BTreeMap::<(String, String), (usize, usize)>::new();
    for sample in judged {
        let sources = sample.detail["label_source"].as_array().into_iter().flatten().filter_map(|source| source.as_str());
        let origin = sources.into_iter().find(|source| source.starts_with("hard:")).unwrap_or("own").to_owned();
        let source = sample.file.split('/').next().unwrap_or_default().to_owned();
        let (hits, tries) = table.entry((origin, source)).or_default();
        *hits += usize::from(sample.found.delivery.as_ref().map(|report| report.permanent) == sample.detail["hard"].as_bool());
        *tries += 1;
    }
    for ((origin, source), (hits, tries)) in table {
        println!("hard or soft, {origin}, {source}: {hits} of {tries}");
    }
}

/// Whether the verdict is that of the source's own authors.
fn is_own(sample: &Sample) -> bool {
    !sample.detail["label_source"].to_string().contains("hard:")
}

fn is_automatic(class: ReplyClass) -> bool {
    use ReplyClass::{AutoReply, Backscatter, Challenge, Complaint, DeliveryStatus, ReadReceipt, Spam};
    matches!(class, AutoReply | Backscatter | Challenge | Complaint | DeliveryStatus | ReadReceipt | Spam)
}

#[test]
fn bounces() {
    let Some(samples) = samples("bounces") else { return };
    let of_class = |classes: &[&str]| samples.iter().filter(|sample| classes.contains(&sample.class.as_str())).collect::<Vec<_>>();
    let bounces = of_class(&["bounce", "bounce_body_text", "delay_warning"]);
    let (recognized, _) = score("bounce", &bounces, |sample| sample.found.class == ReplyClass::DeliveryStatus);
    let judged: Vec<_> =
        bounces.iter().copied().filter(|sample| sample.detail["hard"].is_boolean() && sample.found.delivery.is_some()).collect();
    let is_verdict =
        |sample: &Sample| sample.found.delivery.as_ref().is_some_and(|report| Some(report.permanent) == sample.detail["hard"].as_bool());
    let (verdict, _) = score("hard or soft", &judged, is_verdict);
    verdicts_of_each_source(&judged);
    let by_reason: Vec<_> = judged.iter().copied().filter(|sample| sample.file.starts_with("sisimai/") && is_own(sample)).collect();
    let (_, by_reason) = score("hard or soft by reason (Sisimai's own labels)", &by_reason, is_verdict);
    let (complaints, _) = score("complaint", &of_class(&["feedback_report"]), |sample| sample.found.class == ReplyClass::Complaint);
    let others = of_class(&["not_bounce", "dmarc_report", "tls_report"]);
    let (no_bounces, _) = score("no bounce", &others, |sample| sample.found.class != ReplyClass::DeliveryStatus);
    // The sets disagree on what is for good (docs/classification.md); ours is that of the set whose labels follow from reasons.
    assert!(recognized >= 0.98 && verdict >= 0.79 && by_reason >= 0.93 && complaints >= 0.95 && no_bounces >= 0.6);
}

#[test]
fn automatic_answers() {
    let Some(samples) = samples("autoreply") else { return };
    let of_class = |class: &str| samples.iter().filter(|sample| sample.class == class).collect::<Vec<_>>();
    let (replies, _) = score("auto-reply", &of_class("autoreply"), |sample| sample.found.class == ReplyClass::AutoReply);
    score("challenge", &of_class("challenge"), |sample| sample.found.class == ReplyClass::Challenge);
    score("generated", &of_class("auto_generated"), |sample| is_automatic(sample.found.class));
    score("no bounce", &of_class("not_bounce"), |sample| sample.found.class != ReplyClass::DeliveryStatus);
    assert!(replies >= 0.95);
}

#[test]
fn people() {
    let Some(samples) = samples("human") else { return };
    let people: Vec<_> = samples.iter().filter(|sample| sample.class.starts_with("human")).collect();
    let (_, read_as_people) = score("person", &people, |sample| !is_automatic(sample.found.class));
    assert!(read_as_people >= 0.995);
}
