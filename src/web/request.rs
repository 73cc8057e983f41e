//! What a reader of a page asks for: a token, and a language.

use super::pages::accepted_languages;
use crate::domain::language::Language;
use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// `?lang=`
#[derive(Deserialize)]
pub(super) struct Wish {
    lang: Option<String>,
    /// What became of the answer that led here.
    pub(super) said: Option<String>,
}

impl Wish {
    /// The language wished, for the next address.
    pub(super) fn language_again(&self) -> String {
        let language = self.lang.as_deref().and_then(Language::parse);
        language.map(|language| format!("&lang={}", language.tag())).unwrap_or_default()
    }
}

/// What is taken from a request.
pub struct Request<'a> {
    /// The token in the path.
    pub(super) token: &'a str,
    pub(super) said: Option<&'a str>,
    language: Option<Language>,
    accepted: &'a str,
}

impl<'a> Request<'a> {
    pub(super) fn new(token: &'a str, wish: &'a Wish, headers: &'a HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { token, said: wish.said.as_deref(), language: wish.lang.as_deref().and_then(Language::parse), accepted }
    }

    /// Of a page whose path has no token, and where nothing was clicked.
    pub(super) fn bare(headers: &'a HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { token: "", said: None, language: None, accepted }
    }

    /// Languages, most wanted first: what was clicked, what is `known` of the reader, what the browser says.
    pub(super) fn wishes(&self, known: Option<Language>) -> impl Iterator<Item = Language> {
        self.language.iter().cloned().chain(known).chain(accepted_languages(self.accepted))
    }
}
