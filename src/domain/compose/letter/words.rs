//! A guest's words for the organizer: what is new first, then everything, harmless.

use super::super::message::{Nature, base64_part, file, html, multipart, pack, plain};
use super::super::sanitize::sanitize;
use super::super::text::{file_name, one_line, passage};
use super::super::{ComposeError, Stationery, WordsLetter, phrase};
use super::called;
use crate::domain::mime::{InboundMail, Part, Placement};
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::MimePart;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// `alternative{ plain, html }`, with the guest's pictures in `related` and their files in `mixed`.
pub fn words(stationery: &Stationery, letter: &WordsLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, mail) = (&letter.heading, letter.mail);
    let known: BTreeSet<String> = pictures(mail).filter_map(|part| part.content_id.clone()).collect();
    let guest_html = mail.html.as_deref().and_then(|html| sanitize(html, &known));
    let shown = |part: &Part| {
        let id = part.content_id.as_ref().filter(|id| known.contains(*id));
        id.is_some_and(|id| guest_html.as_ref().is_some_and(|html| html.contains(&format!("cid:{id}"))))
    };
    let written = stationery.write("words", heading, values(stationery, letter, guest_html.as_deref())?)?;

    let mut seen = vec![html(&written)];
    seen.extend(pictures(mail).filter(|part| shown(part)).map(picture));
    let readable = if seen.len() > 1 { vec![multipart(heading, 2, "related", seen)] } else { seen };
    let mut parts = vec![multipart(heading, 1, "alternative", [plain(&written)].into_iter().chain(readable).collect())];
    parts.extend(mail.parts.iter().filter(|part| is_file(part) && !shown(part)).map(attached));
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
    }))
}

/// Pictures that the HTML may show; an odd Content-ID could say something in a header.
fn pictures(mail: &InboundMail) -> impl Iterator<Item = &Part> {
    let is_plain = |id: &String| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"@._-+$=".contains(&b));
    mail.parts.iter().filter(move |part| {
        part.content_type.starts_with("image/")
            && matches!(part.placement, Placement::Inline | Placement::Attachment)
            && part.content_id.as_ref().is_some_and(is_plain)
    })
}

fn picture(part: &Part) -> MimePart<'static> {
    let id = part.content_id.clone().unwrap_or_default();
    base64_part(ContentType::new(media_type(part)), &part.bytes).inline().cid(id)
}

/// Files of the guest. Calendar objects have been acted on already, and would act again in the organizer's calendar.
fn is_file(part: &Part) -> bool {
    let is_calendar = matches!(part.content_type.as_str(), "text/calendar" | "application/ics");
    matches!(part.placement, Placement::Inline | Placement::Attachment) && !is_calendar
}

fn attached(part: &Part) -> MimePart<'static> {
    let name = file_name(part.file_name.as_deref()).unwrap_or_else(|| "attachment".to_owned());
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
