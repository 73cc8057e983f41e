//! The letters themselves: one file a letter, each a function that gives the message: CRLF, ready but for its DKIM
//! signature.

mod alert;
mod answer;
mod away;
mod declined;
mod invitation;
mod late;
mod problem;
mod reply;
mod sealed;
mod summary;
mod unreadable;
mod words;

pub use alert::alert;
pub use answer::answer;
pub use away::away;
pub use declined::declined;
pub use invitation::invitation;
pub use late::late;
pub use problem::problem;
pub use reply::reply;
pub use sealed::sealed;
pub use summary::summary;
pub use unreadable::unreadable;
pub use words::words;

use super::message::{html, multipart, plain};
use super::stationery::Written;
use super::{ComposeError, Heading, Problem, Stationery, phrase};
use crate::domain::address::NamedMailbox;
use crate::domain::attachment::Blocked;
use crate::domain::language::Language;
use crate::domain::leak::Finding;
use crate::domain::meeting::MeetingEvent;
use chrono::{DateTime, Utc};
use mail_builder::mime::MimePart;
use serde_json::json;
use std::collections::BTreeMap;

/// Text and HTML, and what else says the same (RFC 2046 §5.1.4: the best last).
fn alternatives<'x>(heading: &Heading<'_>, written: &Written, best: Option<MimePart<'x>>) -> MimePart<'x> {
    let parts = [plain(written), html(written)].into_iter().chain(best).collect();
    multipart(heading, 1, "alternative", parts)
}

/// What a letter is about: the meeting, or the one instance.
fn about(event: &MeetingEvent, instance: Option<DateTime<Utc>>) -> MeetingEvent {
    let of_instance = |id| Some(event.of_instances(BTreeMap::from([(id, event.instance(id)?)])));
    instance.and_then(of_instance).unwrap_or_else(|| event.clone())
}

/// How a person is called in a sentence.
fn called(who: &NamedMailbox) -> String {
    let name = who.name.as_deref().map(super::text::one_line).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| who.mailbox.to_string())
}

impl Stationery {
    /// The value of [`Problem::WouldLeak`]: what would show, and where it was written.
    pub fn finding(&self, language: &Language, finding: &Finding) -> Result<String, ComposeError> {
        let none = json!({});
        let spots: Result<Vec<String>, ComposeError> =
            finding.spots.iter().map(|spot| self.phrase(language, phrase::spot(*spot), &none)).collect();
        let secret = self.phrase(language, phrase::secret(finding.secret), &none)?;
        Ok(std::iter::once(secret).chain(spots?).collect::<Vec<_>>().join(" "))
    }

    /// The sentences that name files which were not passed on, and say why.
    pub fn blocked(&self, language: &Language, files: &[Blocked]) -> Result<Vec<String>, ComposeError> {
        let sentence =
            |file: &Blocked| self.phrase(language, phrase::blocked(file.reason), &json!({ "name": super::text::one_line(&file.name) }));
        files.iter().map(sentence).collect()
    }

    /// The sentences for problems, their values filled in, each once: several findings may ask for one and the same thing.
    pub fn problems(&self, language: &Language, problems: &[(Problem, String)]) -> Result<Vec<String>, ComposeError> {
        let mut sentences: Vec<String> = Vec::with_capacity(problems.len());
        for (problem, value) in problems {
            let values = json!({ "value": super::text::one_line(value) });
            let sentence = self.phrase(language, phrase::problem(*problem), &values)?;
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        Ok(sentences)
    }
}
