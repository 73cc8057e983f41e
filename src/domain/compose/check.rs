//! What is missing in a language, and what nobody uses.

use super::phrase::{
    ALERTS, BLOCKED, OUTCOMES, PROBLEMS, RESPONSES, RESPONSES_SHORT, SEALS, SECRETS, SEVERITIES, SPOTS, SUGGESTIONS, SUMMARIES,
};
use super::stationery::{Stationery, TEMPLATES, phrases_of};
use include_dir::{Dir, File};
use serde_json::Value;

/// The folders that a language has, and the pieces in each.
const MAILS: &[(&str, &[&str])] = &[
    ("invitation", &["subject.txt", "body.txt", "body.html", "description.txt"]),
    ("update", PIECES),
    ("cancellation", PIECES),
    ("reply", PIECES),
    ("counter", PIECES),
    ("words", PIECES),
    ("answer", PIECES),
    ("declined", PIECES),
    ("away", PIECES),
    ("late", PIECES),
    ("summary", PIECES),
    ("problem", PIECES),
    ("shortened", PIECES),
    ("alert", PIECES),
    ("sealed", PIECES),
    ("unreadable", PIECES),
];
const PIECES: &[&str] = &["subject.txt", "body.txt", "body.html"];

impl Stationery {
    /// Every missing template and phrase, and every file or phrase that nothing uses: one English line each.
    pub fn check(&self) -> Vec<String> {
        let english = phrases_of("en").unwrap_or_default();
        let mut remarks = unused_partials();
        let enumerated =
            [PROBLEMS, BLOCKED, SEALS, RESPONSES, RESPONSES_SHORT, SUGGESTIONS, ALERTS, SEVERITIES, SUMMARIES, OUTCOMES, SECRETS, SPOTS];
        for keys in enumerated {
            let missing = keys.iter().filter(|key| english.pointer(&format!("/{}", key.replace('.', "/"))).is_none());
            remarks.extend(missing.map(|key| format!("en/phrases.toml: {key} is missing")));
        }
        for tag in self.languages() {
            remarks.extend(templates_of(tag));
            match phrases_of(tag) {
                Ok(phrases) => compare(&english, &phrases, &format!("{tag}/phrases.toml:"), &mut remarks),
                Err(error) => remarks.push(error.to_string()),
            }
        }
        remarks
    }
}

fn templates_of(tag: &str) -> Vec<String> {
    let wanted: Vec<String> =
        MAILS.iter().flat_map(|(mail, pieces)| pieces.iter().map(move |piece| format!("{tag}/{mail}/{piece}"))).collect();
    let missing = wanted.iter().filter(|name| TEMPLATES.get_file(name).is_none()).map(|name| format!("{name} is missing"));
    let found = TEMPLATES.get_dir(tag).into_iter().flat_map(Dir::dirs).flat_map(Dir::files);
    let names = found.map(|file| file.path().to_string_lossy().into_owned());
    let unused = names.filter(|name| !wanted.contains(name)).map(|name| format!("{name} is not used"));
    missing.chain(unused).collect()
}

fn compare(english: &Value, other: &Value, path: &str, remarks: &mut Vec<String>) {
    match (english, other) {
        (Value::Object(english), Value::Object(other)) => {
            for (key, value) in english {
                match other.get(key) {
                    Some(translated) => compare(value, translated, &format!("{path} {key}"), remarks),
                    None => remarks.push(format!("{path} {key} is missing")),
                }
            }
            remarks.extend(other.keys().filter(|key| !english.contains_key(*key)).map(|key| format!("{path} {key} is not used")));
        }
        (Value::Array(english), Value::Array(other)) if english.len() == other.len() => {}
        (Value::String(_), Value::String(_)) => {}
        _ => remarks.push(format!("{path} has another shape than in English")),
    }
}

fn unused_partials() -> Vec<String> {
    let languages = TEMPLATES.dirs().flat_map(Dir::dirs).flat_map(Dir::files);
    let sources: Vec<&str> = TEMPLATES.files().chain(languages).filter_map(File::contents_utf8).collect();
    let is_used = |stem: &str| sources.iter().any(|source| source.contains(&format!("> {stem}")));
    let stems = TEMPLATES.files().filter_map(|file| Some((file.path().to_str()?, file.path().file_stem()?.to_str()?)));
    stems.filter(|(_, stem)| !is_used(stem)).map(|(name, _)| format!("{name} is not used")).collect()
}
