//! How well the new text is taken out of replies that other libraries are tested with: ours is compared with the labels of their authors.
//! `scripts/peers/reply_text.py` gives the same measures of those libraries; docs/reply-text.md has them side by side.

use paravent::domain::explain::content_only;
use paravent::domain::mime::MimeLimits;
use std::collections::BTreeMap;
use std::path::Path;

/// Of one source: labelled texts, equal ones, and the sum of the F1 of their lines.
#[derive(Default)]
struct Score {
    count: usize,
    equal: usize,
    f1: f64,
}

fn lines(text: &str) -> Vec<String> {
    let joined = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    joined.filter(|line| !line.is_empty()).collect()
}

/// The longest common subsequence of lines, as F1.
fn f1(found: &str, expected: &str) -> f64 {
    let (found, expected) = (lines(found), lines(expected));
    if found.is_empty() || expected.is_empty() {
        return f64::from(found == expected);
    }
    let mut row = vec![0_u32; expected.len() + 1];
    for one in &found {
        let mut before = 0;
        for (at, other) in expected.iter().enumerate() {
            let longest = if one == other { before + 1 } else { row[at + 1].max(row[at]) };
            before = std::mem::replace(&mut row[at + 1], longest);
        }
    }
    2.0 * f64::from(row[expected.len()]) / (found.len() + expected.len()) as f64
}

/// The new text of a file: of a mail, or of a text without a header.
fn extracted(file: &str, bytes: &[u8]) -> String {
    let header: &[u8] = b"From: jean@hopital.example\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    let mail = if file.ends_with(".eml") { bytes.to_vec() } else { [header, bytes].concat() };
    content_only(file, &mail, &MimeLimits::default(), chrono::Utc::now()).new_text
}

#[test]
fn new_text_is_what_the_authors_of_other_libraries_expect() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/human");
    let Ok(mut labels) = csv::Reader::from_path(folder.join("labels.csv")) else {
        return eprintln!("SKIPPED: no corpus at {}: nothing was tried", folder.display());
    };
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for row in labels.records().map(Result::unwrap) {
        let detail: serde_json::Value = serde_json::from_str(&row[2]).unwrap_or_default();
        let Some(expected) = detail["reply"].as_str().or(detail["first_fragment"].as_str()) else { continue };
        let found = extracted(&row[0], &std::fs::read(folder.join(&row[0])).unwrap());
        let score = scores.entry(row[0].split('/').next().unwrap_or_default().to_owned()).or_default();
        score.count += 1;
        score.f1 += f1(&found, expected);
        if found.split_whitespace().eq(expected.split_whitespace()) {
            score.equal += 1;
        } else {
            println!("MISS {}\n=== expected\n{expected}\n=== found\n{found}\n===", &row[0]);
        }
    }
    for (source, Score { count, equal, f1 }) in &scores {
        println!("{source}: {equal} of {count} equal, F1 {:.3}", f1 / *count as f64);
    }
    // What was reached (docs/reply-text.md): less is a step back.
    for (source, least) in [("crisp-reply-parser", 24), ("email-reply-trimmer", 26), ("mail-parser-reply", 5), ("talon", 5)] {
        assert!(scores.get(source).is_some_and(|score| score.equal >= least), "{source}");
    }
}
