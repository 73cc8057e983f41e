//! Tries the calendar and MIME rooms on real mail and calendar files that nobody of this project wrote. They lie
//! beside the project (`../shared/corpus`), not in it: without them the test says so and passes.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used)]

use paravent::domain::itip::{self, CalendarObject};
use paravent::domain::mime::{self, MimeLimits};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

struct Sample {
    file: String,
    class: String,
    detail: serde_json::Value,
    bytes: Vec<u8>,
}

fn samples(set: &str) -> Option<Vec<Sample>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(set);
    let Ok(mut labels) = csv::Reader::from_path(folder.join("labels.csv")) else {
        eprintln!("SKIPPED: no corpus at {}: nothing was tried", folder.display());
        return None;
    };
    let rows = labels.records().map(Result::unwrap).map(|row| Sample {
        bytes: std::fs::read(folder.join(PathBuf::from(&row[0]))).unwrap(),
        file: row[0].to_owned(),
        class: row[1].to_owned(),
        detail: serde_json::from_str(&row[2]).unwrap_or_default(),
    });
    Some(rows.collect())
}

impl Sample {
    /// Whether the label comes from the source's own tests, and so is evidence (looked at by eye as well).
    fn is_evidence(&self) -> bool {
        let sources = self.detail["label_source"].as_array();
        sources.into_iter().flatten().any(|source| source.as_str().is_some_and(|source| source.starts_with("upstream-test")))
    }
}

/// What the labels say that can be compared: METHOD, UID and the PARTSTATs of the first component.
fn differences(sample: &Sample, object: &CalendarObject) -> Vec<String> {
    let mut differences = Vec::new();
    let method = object.method.as_ref().map_or("NO_METHOD", |method| method.as_str());
    if method != sample.class {
        differences.push(format!("method {method}, label {}", sample.class));
    }
    let first = sample.detail.get("first").or(sample.detail.get("components").and_then(|list| list.get(0)));
    let (Some(first), Some(event)) = (first, object.events.first()) else { return differences };
    if first.get("type").is_some_and(|kind| kind != "VEVENT") {
        return differences;
    }
    if let Some(uid) = first["uid"].as_str().filter(|uid| *uid != event.uid) {
        differences.push(format!("uid {:?}, label {uid:?}", event.uid));
    }
    let labelled: Vec<_> = first["attendees"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|a| a["partstat"].as_str().unwrap_or("NEEDS-ACTION").to_uppercase())
        .collect();
    let read: Vec<_> = event.attendees.iter().map(|a| a.partstat.as_str().to_owned()).collect();
    if labelled != read {
        differences.push(format!("partstat {read:?}, label {labelled:?}"));
    }
    differences
}

#[test]
fn calendar_files() {
    let Some(samples) = samples("ics") else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in &samples {
        match itip::read(&sample.bytes) {
            Ok(object) => {
                *counts.entry("read").or_default() += 1;
                let again = itip::read(object.tree.to_text().as_bytes()).unwrap();
                assert_eq!(again.tree, object.tree, "{}", sample.file);
                assert_eq!(again.events, object.events, "{}", sample.file);
                let differences = differences(sample, &object);
                assert!(!sample.is_evidence() || differences.is_empty(), "{}: {differences:?}", sample.file);
                *counts.entry(if differences.is_empty() { "agrees" } else { "differs" }).or_default() += 1;
                for difference in differences {
                    println!("{:55} {difference}", sample.file);
                }
                for event in &object.events {
                    if let Some(itip::EventTime::Zoned { tzid, instant: None, .. }) = &event.start {
                        println!("{:55} unknown zone {tzid}", sample.file);
                    }
                }
                if !object.defects.is_empty() {
                    println!("{:55} odd: {:?}", sample.file, object.defects);
                }
            }
            Err(error) => {
                assert!(!sample.is_evidence(), "{}: {error}", sample.file);
                *counts.entry("refused").or_default() += 1;
                println!("{:55} refused: {error} (label {})", sample.file, sample.class);
            }
        }
    }
    println!("{} files: {counts:?}", samples.len());
}

#[test]
fn calendar_mails() {
    let Some(samples) = samples("imip") else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in &samples {
        let mail = mime::read(&sample.bytes, &MimeLimits::default());
        let labelled = sample.detail["n_calendar_parts"].as_u64().unwrap_or_default();
        if mail.calendars.is_empty() != (labelled == 0) {
            assert!(!sample.is_evidence(), "{}: {} calendars", sample.file, mail.calendars.len());
            println!("{:55} {} calendars, label {labelled}", sample.file, mail.calendars.len());
        }
        for calendar in mail.calendars.iter().take(1) {
            match itip::read(&calendar.bytes) {
                Ok(object) => {
                    let differences = differences(sample, &object);
                    assert!(!sample.is_evidence() || differences.is_empty(), "{}: {differences:?}", sample.file);
                    *counts.entry(if differences.is_empty() { "agrees" } else { "differs" }).or_default() += 1;
                    for difference in differences {
                        println!("{:55} {difference}", sample.file);
                    }
                }
                Err(error) => {
                    assert!(!sample.is_evidence(), "{}: {error}", sample.file);
                    *counts.entry("refused").or_default() += 1;
                    println!("{:55} refused: {error} (label {})", sample.file, sample.class);
                }
            }
        }
    }
    println!("{} files: {counts:?}", samples.len());
}

#[test]
fn any_mail() {
    for set in ["mime", "bounces", "autoreply", "human", "spoof", "imip"] {
        let Some(samples) = samples(set) else { return };
        let mut differing = 0;
        for sample in &samples {
            let mail = mime::read(&sample.bytes, &MimeLimits::default());
            let subject = sample.detail["subject"].as_str().map(|s| s.split_whitespace().collect::<String>());
            let read = mail.subject.split_whitespace().collect::<String>();
            if subject.is_some_and(|subject| subject != read) {
                differing += 1;
                println!("{set}/{}: subject {:?}, label {}", sample.file, mail.subject, sample.detail["subject"]);
            }
            if let Some(kinds) = sample.detail["parts"].as_array().filter(|_| set == "mime") {
                let labelled: Vec<_> =
                    kinds.iter().filter_map(|k| k.as_str()).filter(|k| !k.starts_with("multipart/") && *k != "message/rfc822").collect();
                let read: Vec<_> =
                    mail.parts.iter().filter(|p| p.content_type != "text/rfc822-headers").map(|p| p.content_type.as_str()).collect();
                if labelled != read {
                    differing += 1;
                    println!("{set}/{}: parts {read:?}, label {labelled:?}", sample.file);
                }
            }
        }
        println!("{set}: {} files, {differing} differ", samples.len());
    }
}
