//! Templates and words of the pages, embedded when the program is built.
//!
//! `pages/*.html`, `pages/mailbox/*.html` and `pages/staff/*.html` are templates (Handlebars, escaping on); the files of `pages/<language>/`
//! have the words. A language exists when its folder does. `pages/assets/` is sent as it is.

use super::dates::DateWords;
use crate::domain::language::Language;
use chrono::{DateTime, SecondsFormat, Utc};
use handlebars::Handlebars;
use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/pages");

/// A page cannot be made: a defect of the files that were built in.
#[derive(Debug, thiserror::Error)]
#[error("page {name}: {cause}")]
pub struct PagesError {
    /// Which file.
    pub name: String,
    /// What is wrong.
    pub cause: String,
}

impl PagesError {
    fn new(name: &str, cause: impl std::fmt::Display) -> Self {
        Self { name: name.to_owned(), cause: cause.to_string() }
    }
}

/// The words of one language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The language's own name.
    pub name: String,
    /// How dates are written.
    pub dates: DateWords,
    /// What every page has.
    pub common: BTreeMap<String, String>,
    /// What the page of each state has.
    pub states: Texts,
    /// What a guest answers with on their page; in a file of its own.
    #[serde(skip)]
    pub answer: Texts,
    /// What helps a guest to prepare and to connect; in a file of its own.
    #[serde(skip)]
    pub help: Texts,
    /// What the organizer's page of a meeting has; in a file of its own.
    #[serde(skip)]
    pub meeting: Texts,
    /// What the page of an alert has; in a file of its own.
    #[serde(skip)]
    pub alert: Texts,
    /// What the page of an organizer's mail that waits has; in a file of its own.
    #[serde(skip)]
    pub hold: Texts,
    /// What the pages for people who sign in have; in a file of its own.
    #[serde(skip)]
    pub staff: Texts,
}

/// Words by section and name.
pub type Texts = BTreeMap<String, BTreeMap<String, String>>;

/// Every template and all words, parsed once.
pub struct Pages {
    templates: Handlebars<'static>,
    words: BTreeMap<Language, Words>,
}

impl Pages {
    /// Parses what was built in.
    pub fn load() -> Result<Self, PagesError> {
        let mut templates = Handlebars::new();
        templates.set_strict_mode(true);
        for file in FILES.files().chain(["mailbox", "staff"].into_iter().filter_map(|name| FILES.get_dir(name)).flat_map(Dir::files)) {
            let Some(name) = file.path().to_str().and_then(|path| path.strip_suffix(".html")) else { continue };
            let text = file.contents_utf8().ok_or_else(|| PagesError::new(name, "not UTF-8"))?;
            templates.register_template_string(name, text).map_err(|error| PagesError::new(name, error))?;
        }
        let mut words = BTreeMap::new();
        for dir in FILES.dirs() {
            let Some(guest) = read_toml::<Words>(dir, "guest.toml")? else { continue };
            let answer = read_toml(dir, "answer.toml")?.unwrap_or_default();
            let help = read_toml(dir, "help.toml")?.unwrap_or_default();
            let meeting = read_toml(dir, "meeting.toml")?.unwrap_or_default();
            let alert = read_toml(dir, "alert.toml")?.unwrap_or_default();
            let hold = read_toml(dir, "hold.toml")?.unwrap_or_default();
            let staff = read_toml(dir, "staff.toml")?.unwrap_or_default();
            let name = dir.path().display().to_string();
            let language = Language::parse(&name).ok_or_else(|| PagesError::new(&name, "no language"))?;
            words.insert(language, Words { answer, help, meeting, alert, hold, staff, ..guest });
        }
        if !words.contains_key(&Language::english()) {
            return Err(PagesError::new("en/guest.toml", "missing"));
        }
        Ok(Self { templates, words })
    }

    /// Fills in a template.
    pub fn render(&self, template: &str, values: &serde_json::Value) -> Result<String, PagesError> {
        self.templates.render(template, values).map_err(|error| PagesError::new(template, error))
    }

    /// All languages with their words, by tag.
    pub fn languages(&self) -> impl Iterator<Item = (&Language, &Words)> {
        self.words.iter()
    }

    /// All languages for the reader to choose from.
    pub fn language_choices(&self, current: &Language) -> Vec<Value> {
        self.languages().map(|(tag, words)| json!({ "tag": tag.tag(), "name": words.name, "current": tag == current })).collect()
    }

    /// The first of the wished languages that exists, else English.
    pub fn choose(&self, wishes: impl IntoIterator<Item = Language>) -> Result<(&Language, &Words), PagesError> {
        let wished = wishes.into_iter().find_map(|wish| self.words.get_key_value(&wish));
        wished.or_else(|| self.words.get_key_value(&Language::english())).ok_or_else(|| PagesError::new("en/guest.toml", "missing"))
    }
}

fn read_toml<T: serde::de::DeserializeOwned>(dir: &Dir<'_>, file: &str) -> Result<Option<T>, PagesError> {
    let Some(file) = dir.get_file(dir.path().join(file)) else { return Ok(None) };
    let name = file.path().display().to_string();
    let text = file.contents_utf8().ok_or_else(|| PagesError::new(&name, "not UTF-8"))?;
    toml::from_str(text).map(Some).map_err(|error| PagesError::new(&name, error))
}

/// A time as machines read it (RFC 3339).
pub fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The word under which a closed list is written everywhere.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The languages of an Accept-Language header (RFC 9110 §12.5.4), most wanted first; at most ten are looked at.
pub fn accepted_languages(header: &str) -> Vec<Language> {
    let mut wishes: Vec<(Language, f32)> = header
        .split(',')
        .take(10)
        .filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=")?.trim().parse::<f32>().ok()?;
            Some((Language::parse(tag)?, weight))
        })
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    wishes.sort_by(|a, b| b.1.total_cmp(&a.1));
    wishes.into_iter().map(|(language, _)| language).collect()
}

/// A file of `pages/assets/`.
pub fn asset(name: &str) -> Option<&'static [u8]> {
    FILES.get_file(format!("assets/{name}")).map(include_dir::File::contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_word_of_the_english_one() {
        let pages = Pages::load().unwrap();
        let (_, english) = pages.choose([]).unwrap();
        assert!(pages.languages().count() >= 2);
        for (language, words) in pages.languages() {
            assert!(words.common.keys().eq(english.common.keys()), "{language}: common");
            assert!(words.states.keys().eq(english.states.keys()), "{language}: states");
            for (state, texts) in &words.states {
                assert!(texts.keys().eq(english.states[state].keys()), "{language}: {state}");
            }
            for (own, english) in [
                (&words.answer, &english.answer),
                (&words.help, &english.help),
                (&words.meeting, &english.meeting),
                (&words.alert, &english.alert),
                (&words.hold, &english.hold),
                (&words.staff, &english.staff),
            ] {
                assert!(own.keys().eq(english.keys()), "{language}");
                for (section, texts) in own {
                    assert!(texts.keys().eq(english[section].keys()), "{language}: {section}");
                }
            }
        }
    }

    #[test]
    fn dates_are_written_as_the_language_does() {
        let pages = Pages::load().unwrap();
        let at = "2026-12-01T08:05:00Z".parse().unwrap();
        let (_, french) = pages.choose(Language::parse("fr")).unwrap();
        assert_eq!(french.dates.date(at, chrono_tz::Europe::Paris), "mardi 1er décembre 2026");
        assert_eq!(french.dates.clock(at, chrono_tz::Europe::Paris), "9 h 05");
        let (_, english) = pages.choose([]).unwrap();
        assert_eq!(english.dates.date(at, chrono_tz::Europe::Paris), "Tuesday 1 December 2026");
    }

    #[test]
    fn accepted_languages_are_ordered_by_weight() {
        let tags = |header: &str| accepted_languages(header).iter().map(|l| l.tag().to_owned()).collect::<Vec<_>>();
        assert_eq!(tags("de;q=0.5, fr-CA, en;q=0.8, x;q=1, es;q=0"), ["fr", "en", "de"]);
        assert_eq!(tags(&"fr,".repeat(1_000)).len(), 10);
        assert!(tags(";;;q=,,=").is_empty());
    }
}
