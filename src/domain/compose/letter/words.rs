//! A guest's words for the organizer: what is new first, then everything, harmless.

use super::super::message::{Nature, base64_part, file, html, multipart, pack, plain};
use super::super::sanitize::sanitize;
use super::super::text::{one_line, passage};
use super::super::{ComposeError, Stationery, WordsLetter, phrase};
use super::called;
use crate::domain::attachment::{Kind, clean_name};
use crate::domain::mime::Part;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::MimePart;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// `alternative{ plain, html }`, with the guest's pictures in `related` and their files in `mixed`.
pub fn words(stationery: &Stationery, letter: &WordsLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, mail) = (&letter.heading, letter.mail);
    let known: BTreeSet<String> = letter.files.passed.iter().filter_map(|part| picture_id(part)).collect();
    let clean = mail.html.as_deref().and_then(|html| sanitize(html, &known));
    let mut unplaced = clean.as_ref().map(|clean| clean.pictures.clone()).unwrap_or_default();
    // Of two pictures under one id the first is shown; the other is a file like any.
    let (shown, files): (Vec<&Part>, Vec<&Part>) =
        letter.files.passed.iter().copied().partition(|part| picture_id(part).is_some_and(|id| unplaced.remove(&id)));
    let written = stationery.write("words", heading, values(stationery, letter, clean.map(|clean| clean.html).as_deref())?)?;

    let mut seen = vec![html(&written)];
    seen.extend(shown.into_iter().map(picture));
    let readable = if seen.len() > 1 { vec![multipart(heading, 2, "related", seen)] } else { seen };
    let mut parts = vec![multipart(heading, 1, "alternative", [plain(&written)].into_iter().chain(readable).collect())];
    parts.extend(files.into_iter().map(attached));
    let body = match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => multipart(heading, 0, "mixed", parts.into_iter().chain(last).collect()),
    };
    Ok(pack(heading, Nature::Personal, &written.subject, body))
}

fn values(stationery: &Stationery, letter: &WordsLetter<'_>, guest_html: Option<&str>) -> Result<Value, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let hint = |suggestion| stationery.phrase(heading.language, phrase::suggestion(suggestion), &json!({}));
    let hints: Vec<String> = letter.suggestions.iter().map(|suggestion| hint(*suggestion)).collect::<Result<_, _>>()?;
    let (new, full) = (passage(letter.new_text), passage(&letter.mail.text));
    Ok(json!({
        "name": called(heading.from),
        "subject": one_line(&letter.mail.subject),
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
        "hints": hints.join(" "),
        // What is said twice is shown once.
        "full": if full == new { Value::Null } else { full },
        "new": new,
        "html": guest_html,
        "blocked": stationery.blocked(heading.language, &letter.files.blocked)?,
        "signed": letter.mail.is_signed,
    }))
}

/// The id under which the HTML may show a picture; an odd one could say something in a header, and what is no picture by its
/// content is none.
fn picture_id(part: &Part) -> Option<String> {
    let is_plain = |id: &&String| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"@._-+$=".contains(&b));
    let kind = Kind::of(&part.bytes, part.file_name.as_deref(), &part.content_type);
    let is_picture = part.content_type.starts_with("image/") && matches!(kind, Kind::Jpeg | Kind::Png | Kind::Picture);
    part.content_id.as_ref().filter(|_| is_picture).filter(is_plain).cloned()
}

fn picture(part: &Part) -> MimePart<'static> {
    let id = part.content_id.clone().unwrap_or_default();
    base64_part(ContentType::new(media_type(part)), &part.bytes).inline().cid(id)
}

fn attached(part: &Part) -> MimePart<'static> {
    let name = clean_name(part.file_name.as_deref()).unwrap_or_else(|| "attachment".to_owned());
    file(ContentType::new(media_type(part)), name, &part.bytes)
}

/// The media type, where it is one that base64 is allowed for (RFC 2046 §5.2.1).
fn media_type(part: &Part) -> String {
    let is_token = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.+_".contains(&b));
    let kind = part.content_type.as_str();
    match kind.split_once('/') {
        Some((top, sub)) if is_token(top) && is_token(sub) && !matches!(top, "multipart" | "message") => kind.to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}
