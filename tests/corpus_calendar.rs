//! Tries the calendar and MIME rooms on real mail and calendar files that nobody of this project wrote. They lie
//! beside the project (`../shared/corpus`), not in it: without them the test says so and passes.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used)]

use paravent::domain::itip::{self, CalendarObject};
use paravent::domain::mime::tnef::{Beside, SIGNATURE, TnefLimits, TnefMessage, Untold};
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

/// Every file of the corpus, whatever its set.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_none_or(|extension| extension != "bin") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The TNEF streams in a file: as they are, and where a base64 body begins with the signature.
fn streams(bytes: &[u8]) -> Vec<Vec<u8>> {
    let places =
        |wanted: &'static [u8]| bytes.windows(wanted.len()).enumerate().filter(move |(_, window)| *window == wanted).map(|(at, _)| at);
    let plain = places(&SIGNATURE).map(|at| bytes[at..].to_vec());
    let encoded = places(b"eJ8+I").map(|at| {
        let is_digit = |octet: &&u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
        let lines = bytes[at..].split(|octet| *octet == b'\n').take_while(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"--"));
        let digits: Vec<u8> = lines.flatten().filter(is_digit).copied().collect();
        data_encoding::BASE64.decode(&digits[..digits.len() / 4 * 4]).unwrap_or_default()
    });
    plain.chain(encoded).collect()
}

#[test]
fn outlooks_own_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no corpus at {}: nothing was tried", folder.display());
        return;
    }
    let mut found = 0;
    for file in all_files(&folder) {
        for stream in streams(&std::fs::read(&file).unwrap()) {
            found += 1;
            let name = file.strip_prefix(&folder).unwrap().display();
            let message = match TnefMessage::read(&stream, &TnefLimits::default()) {
                Ok(message) => message,
                Err(error) => {
                    println!("{name}: {} octets: {error}", stream.len());
                    continue;
                }
            };
            let words = message.text().map_or(0, |text| text.chars().count());
            let (class, odd) = (message.class.as_deref().unwrap_or_default(), &message.defects);
            println!(
                "{name}: {class:?}, {} properties, {} files, {words} characters, odd: {odd:?}",
                message.properties.len(),
                message.attachments.len()
            );
            match message.meeting(&Beside::default()) {
                Ok(meeting) => assert!(itip::read(meeting.object.to_text().as_bytes()).is_ok(), "{name}"),
                Err(untold) => assert!(untold == Untold::NoMeeting || class.to_lowercase().contains("schedule"), "{name}: {untold}"),
            }
        }
    }
    println!("{found} TNEF streams");
    assert!(found > 0, "the corpus has some");
}
