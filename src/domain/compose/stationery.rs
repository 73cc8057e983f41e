//! Templates, embedded when the program is built: `templates/<language>/<mail>/{subject.txt,body.txt,body.html}`,
//! phrases beside them, and partials that every language shares directly in `templates/`.

use super::{ComposeError, Heading};
use crate::domain::language::Language;
use handlebars::{Handlebars, no_escape};
use include_dir::{Dir, File, include_dir};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Every template of every language, parsed once.
#[derive(Debug, Default)]
pub struct Stationery {
    html: Handlebars<'static>,
    text: Handlebars<'static>,
    /// By language tag, what is missing filled in from English.
    phrases: BTreeMap<String, Value>,
}

/// A mail, written but not yet packed.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Stationery {
    /// Parses what was embedded. Fails only on a template or phrase file that cannot be parsed: a missing one falls
    /// back to English, and [`Stationery::check`] names it.
    pub fn embedded() -> Result<Self, ComposeError> {
        let mut stationery = Self { html: Handlebars::new(), text: Handlebars::new(), phrases: BTreeMap::new() };
        stationery.text.register_escape_fn(no_escape);
        stationery.html.set_strict_mode(true);
        stationery.text.set_strict_mode(true);
        for partial in TEMPLATES.files() {
            let stem = partial.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
            stationery.register(&stem, partial)?;
        }
        let english = phrases_of(Language::english().tag())?;
        for folder in TEMPLATES.dirs() {
            let tag = folder.path().to_string_lossy().into_owned();
            stationery.phrases.insert(tag.clone(), overlaid(&english, phrases_of(&tag)?));
            for file in folder.dirs().flat_map(Dir::files) {
                stationery.register(&file.path().to_string_lossy(), file)?;
            }
        }
        Ok(stationery)
    }

    /// The tags for which a folder exists.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.phrases.keys().map(String::as_str)
    }

    fn register(&mut self, name: &str, file: &File<'_>) -> Result<(), ComposeError> {
        let source = file.contents_utf8().ok_or_else(|| fault(name, "is not UTF-8"))?;
        let is_html = file.path().extension().is_some_and(|extension| extension == "html");
        let registry = if is_html { &mut self.html } else { &mut self.text };
        registry.register_template_string(name, source).map_err(|cause| fault(name, cause))
    }

    /// Writes the three pieces of a mail. `values` must be an object; language, phrases and subject are added to it.
    pub(super) fn write(&self, mail: &str, heading: &Heading<'_>, values: Value) -> Result<Written, ComposeError> {
        let mut values = self.with_phrases(heading.language, values)?;
        let subject = super::text::one_line(&self.render(heading.language, mail, "subject.txt", &values)?);
        values.insert("subject_line".to_owned(), Value::String(subject.clone()));
        let text = self.render(heading.language, mail, "body.txt", &values)?;
        let html = self.render(heading.language, mail, "body.html", &values)?;
        Ok(Written { subject, text, html })
    }

    /// Writes one piece alone.
    pub(super) fn piece(&self, language: &Language, mail: &str, piece: &str, values: Value) -> Result<String, ComposeError> {
        self.render(language, mail, piece, &self.with_phrases(language, values)?)
    }

    fn with_phrases(&self, language: &Language, values: Value) -> Result<Map<String, Value>, ComposeError> {
        let Value::Object(mut values) = values else { return Err(fault("values", "are no object")) };
        values.insert("language".to_owned(), Value::String(self.known(language).to_owned()));
        values.insert("phrases".to_owned(), self.phrases_in(language)?.clone());
        Ok(values)
    }

    fn render(&self, language: &Language, mail: &str, piece: &str, values: &Map<String, Value>) -> Result<String, ComposeError> {
        let registry = if piece.ends_with(".html") { &self.html } else { &self.text };
        let own = format!("{}/{mail}/{piece}", self.known(language));
        let name = if registry.has_template(&own) { own } else { format!("{}/{mail}/{piece}", Language::english()) };
        registry.render(&name, values).map_err(|cause| fault(&name, cause))
    }

    /// The phrase at a dotted path, its own `{{placeholders}}` filled in.
    pub(super) fn phrase(&self, language: &Language, path: &str, values: &Value) -> Result<String, ComposeError> {
        let name = || format!("{}/phrases.toml: {path}", self.known(language));
        let pointer = format!("/{}", path.replace('.', "/"));
        let phrase = self.phrases_in(language)?.pointer(&pointer).and_then(Value::as_str).ok_or_else(|| fault(&name(), "is missing"))?;
        self.text.render_template(phrase, values).map_err(|cause| fault(&name(), cause))
    }

    /// The list of phrases at a dotted path.
    pub(super) fn phrase_list(&self, heading: &Heading<'_>, path: &str) -> Result<Vec<&str>, ComposeError> {
        let pointer = format!("/{}", path.replace('.', "/"));
        let list = self.phrases_in(heading.language)?.pointer(&pointer).and_then(Value::as_array);
        Ok(list.map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default())
    }

    fn phrases_in(&self, language: &Language) -> Result<&Value, ComposeError> {
        self.phrases.get(self.known(language)).ok_or_else(|| fault("en/phrases.toml", "is missing"))
    }

    fn known<'a>(&self, language: &'a Language) -> &'a str {
        if self.phrases.contains_key(language.tag()) { language.tag() } else { "en" }
    }
}

pub(super) fn fault(name: &str, cause: impl std::fmt::Display) -> ComposeError {
    ComposeError::Template { name: name.to_owned(), cause: cause.to_string() }
}

/// The phrases as a language wrote them; empty where it wrote none.
pub(super) fn phrases_of(tag: &str) -> Result<Value, ComposeError> {
    let name = format!("{tag}/phrases.toml");
    match TEMPLATES.get_file(&name).and_then(File::contents_utf8) {
        Some(source) => toml::from_str(source).map_err(|cause| fault(&name, cause)),
        None => Ok(Value::Object(Map::new())),
    }
}

/// `base` with what `over` says in its place.
fn overlaid(base: &Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(base), Value::Object(mut over)) => {
            let names: BTreeSet<String> = base.keys().chain(over.keys()).cloned().collect();
            let merge = |name: String| {
                let value = match (base.get(&name), over.remove(&name)) {
                    (Some(base), Some(over)) => overlaid(base, over),
                    (Some(value), None) => value.clone(),
                    (None, value) => value.unwrap_or_default(),
                };
                (name, value)
            };
            Value::Object(names.into_iter().map(merge).collect())
        }
        (_, over) => over,
    }
}
