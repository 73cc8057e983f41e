//! The language of a mail or a page. A language exists when `templates/<tag>/` exists; no code lists them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A primary language subtag of BCP 47, in lower case: `en`, `fr`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(String);

impl Language {
    /// Takes the primary subtag of a BCP 47 tag (`fr-CA` is `fr`); `None` where there is none.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        let plausible = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_lowercase());
        plausible.then_some(Self(primary))
    }

    /// English: what every template set must have.
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// The subtag.
    pub fn tag(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
