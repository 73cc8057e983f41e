//! Markup of office documents, written anew element by element: authors, dates of changes, identities of sessions and paths of
//! the author's disk are taken out.

use crate::domain::attachment::Reason;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use std::collections::BTreeSet;

/// What stands for a person.
const SOMEBODY: &str = "Author";

/// Elements that go with all that is in them: what was written in which session, templates and data sources of the author's,
/// views named after people.
const DROPPED: [&str; 19] = [
    "rsids",
    "attachedTemplate",
    "docVars",
    "mailMerge",
    "dataBinding",
    "customProperties",
    "custDataLst",
    "absPath",
    "fileSharing",
    "docId",
    "webPublishItems",
    "webPublishing",
    "dataConsolidate",
    "customWorkbookViews",
    "customSheetViews",
    "smartTagPr",
    "smartTagType",
    "saveThroughXslt",
    "userInfo",
];
/// Attributes that name a person.
const PEOPLE: [&str; 8] = ["author", "lastModifiedBy", "refreshedBy", "userName", "displayName", "userId", "lastEditedBy", "creator"];
/// Attributes that say when.
const TIMES: [&str; 6] = ["date", "dateUtc", "dt", "dT", "refreshedDate", "refreshedDateIso"];
/// Attributes into which programs write where a picture was taken from.
const PLACES: [&str; 6] = ["descr", "title", "alt", "name", "src", "href"];

/// An element as it is read.
pub(super) struct Element<'e> {
    /// Its name without a prefix.
    pub(super) local: &'e str,
    start: &'e BytesStart<'e>,
}

/// What is done with an element.
pub(super) enum Verdict {
    /// Stays.
    Keep,
    /// Goes, with all that is in it.
    Drop,
    /// Stays, with these attributes set.
    Set(Vec<(&'static str, String)>),
}

impl Element<'_> {
    /// The value of an attribute, by its name without a prefix.
    pub(super) fn value(&self, local: &str) -> Option<String> {
        let found = self.start.attributes().filter_map(Result::ok).find(|attribute| attribute.key.local_name().as_ref() == local)?;
        unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
    }
}

/// Writes markup anew; `judge` says what becomes of each element. Comments, instructions and declarations of types go.
pub(super) fn rewrite(content: &[u8], depth: usize, judge: &mut dyn FnMut(&Element<'_>) -> Verdict) -> Result<Vec<u8>, Reason> {
    Pass { judge, attribute: &|_, _, value| Some(value.to_owned()), authors: false }.over(content, depth)
}

/// Writes a part of a document anew, cleaned; what uses a link in `gone` goes with it.
pub(super) fn clean(content: &[u8], gone: &BTreeSet<String>, depth: usize) -> Result<Vec<u8>, Reason> {
    let is_gone = |element: &Element<'_>| {
        let mut attributes = element.start.attributes().filter_map(Result::ok);
        attributes.any(|attribute| attribute.key.prefix().is_some() && gone.contains(attribute.value.as_ref()))
    };
    let mut judge = |element: &Element<'_>| {
        let stays = !DROPPED.contains(&element.local) && (element.local == "pageSetup" || !is_gone(element));
        if stays { Verdict::Keep } else { Verdict::Drop }
    };
    let attribute = |element: &str, name: &str, value: &str| cleaned(element, name, value, gone);
    Pass { judge: &mut judge, attribute: &attribute, authors: true }.over(content, depth)
}

/// An attribute, cleaned; `None` where it goes. Values are as they stand, with their references.
fn cleaned(element: &str, name: &str, value: &str, gone: &BTreeSet<String>) -> Option<String> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    if prefix == "xmlns" || name == "xmlns" {
        return Some(value.to_owned());
    }
    let is_author = matches!(element, "cmAuthor" | "author" | "person");
    if PEOPLE.contains(&local) || is_author && local == "name" {
        Some(SOMEBODY.to_owned())
    } else if local == "initials" {
        Some("A".to_owned())
    } else if local == "providerId" {
        Some("None".to_owned())
    } else if local.starts_with("rsid") || TIMES.contains(&local) || !prefix.is_empty() && gone.contains(value) {
        None
    } else if PLACES.contains(&local) && is_path(value) {
        Some(value.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
    } else {
        Some(value.to_owned())
    }
}

/// Whether a value leads to a file on somebody's disk or network.
fn is_path(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let drive = value.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/");
    drive || value.starts_with("\\\\") || value.starts_with("file:") || value.starts_with("/users/") || value.starts_with("/home/")
}

/// One pass over a part.
struct Pass<'a> {
    judge: &'a mut dyn FnMut(&Element<'_>) -> Verdict,
    attribute: &'a dyn Fn(&str, &str, &str) -> Option<String>,
    /// Whether the text of `author` elements is somebody's name.
    authors: bool,
}

impl Pass<'_> {
    fn over(&mut self, content: &[u8], deepest: usize) -> Result<Vec<u8>, Reason> {
        // Other encodings are allowed, and written by nobody.
        let text = std::str::from_utf8(content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)).map_err(|_| Reason::Damaged)?;
        let mut reader = Reader::from_str(text);
        let mut writer = Writer::new(Vec::with_capacity(content.len()));
        // How deep the reading stands, and how deep the element that is left out.
        let (mut depth, mut out, mut named): (usize, Option<usize>, Option<usize>) = (0, None, None);
        loop {
            let event = reader.read_event().map_err(|_| Reason::Damaged)?;
            let shown = match &event {
                Event::Eof => break,
                Event::Start(start) => {
                    depth += 1;
                    if depth > deepest {
                        return Err(Reason::TooComplex);
                    }
                    let made = if out.is_none() { self.element(start)? } else { None };
                    if out.is_none() && made.is_none() {
                        out = Some(depth);
                    }
                    if self.authors && out.is_none() && start.local_name().as_ref() == "author" {
                        named = Some(depth);
                    }
                    made.map(Event::Start)
                }
                Event::Empty(start) if out.is_none() => self.element(start)?.map(Event::Empty),
                Event::End(_) => {
                    let is_within = out.is_some();
                    out = out.filter(|at| *at != depth);
                    if named == Some(depth) {
                        named = None;
                        writer.write_event(Event::Text(BytesText::new(SOMEBODY))).map_err(|_| Reason::Damaged)?;
                    }
                    depth = depth.checked_sub(1).ok_or(Reason::Damaged)?;
                    (!is_within).then(|| event.borrow())
                }
                Event::GeneralRef(reference) => {
                    let is_known =
                        reference.is_char_ref() || ["amp", "lt", "gt", "quot", "apos"].contains(&reference.xml10_content().as_ref());
                    if !is_known {
                        return Err(Reason::Damaged);
                    }
                    (out.is_none() && named.is_none()).then(|| event.borrow())
                }
                Event::Text(_) | Event::CData(_) => (out.is_none() && named.is_none()).then(|| event.borrow()),
                Event::Decl(_) => Some(event.borrow()),
                // Entities of one's own could hide anything.
                Event::DocType(_) => return Err(Reason::Damaged),
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => None,
            };
            if let Some(shown) = shown {
                writer.write_event(shown).map_err(|_| Reason::Damaged)?;
            }
        }
        if depth == 0 { Ok(writer.into_inner()) } else { Err(Reason::Damaged) }
    }

    /// The element as it is written; `None` where it is left out.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Option<BytesStart<'static>>, Reason> {
        let (name, local) = (start.name(), start.local_name());
        let verdict = (self.judge)(&Element { local: local.as_ref(), start });
        let set = match verdict {
            Verdict::Keep => Vec::new(),
            Verdict::Drop => return Ok(None),
            Verdict::Set(set) => set,
        };
        let mut made = BytesStart::new(name.as_ref().to_owned());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| Reason::Damaged)?;
            let key = attribute.key.as_ref();
            let value = match set.iter().find(|(name, _)| *name == key) {
                Some((_, value)) => Some(escape(value.as_str()).into_owned()),
                None => (self.attribute)(local.as_ref(), key, &attribute.value),
            };
            if let Some(value) = value {
                // Written between double quotes, whichever it had before.
                let value = value.replace('"', "&quot;");
                made.push_attribute(quick_xml::events::attributes::Attribute { key: attribute.key, value: value.into() });
            }
        }
        Ok(Some(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        String::from_utf8(clean(text.as_bytes(), &BTreeSet::from(["rId7".to_owned()]), 50).unwrap()).unwrap()
    }

    #[test]
    fn what_names_people_goes_and_the_rest_stays() {
        assert_eq!(
            cleaned(
                r#"<?xml version="1.0"?><!-- Claire --><w:p w:rsidR="00A1" x="a&amp;b"><w:ins w:author="Claire" w:date="2026" w:id="1"/>é&lt;</w:p>"#
            ),
            r#"<?xml version="1.0"?><w:p x="a&amp;b"><w:ins w:author="Author" w:id="1"/>é&lt;</w:p>"#
        );
        assert_eq!(cleaned("<a b='\"c'/>"), "<a b=\"&quot;c\"/>");
        assert_eq!(
            cleaned("<c><authors><author>Claire B.</author></authors><t>x</t></c>"),
            "<c><authors><author>Author</author></authors><t>x</t></c>"
        );
        assert_eq!(
            cleaned("<s><w:rsids><w:rsid w:val='1'/></w:rsids><a r:id='rId7'><b/></a><c r:id='rId8'/></s>"),
            "<s><c r:id=\"rId8\"/></s>"
        );
        assert_eq!(cleaned("<s><pageSetup r:id='rId7' dpi='3'/></s>"), "<s><pageSetup dpi=\"3\"/></s>");
        assert_eq!(cleaned(r#"<s descr="C:\Users\claire\a.png" name="x"/>"#), r#"<s descr="a.png" name="x"/>"#);
    }

    #[test]
    fn what_could_hide_something_is_refused() {
        let none = BTreeSet::new();
        for text in
            ["<!DOCTYPE a [<!ENTITY x 'Claire'>]><a>&x;</a>", "<a>&x;</a>", "<a><b></a>", "<a b='1' b='2'/>", "<a>", "\u{fffd}<a", "</a>"]
        {
            assert!(clean(text.as_bytes(), &none, 50).is_err(), "{text}");
        }
        assert_eq!(clean("<a>".repeat(51).as_bytes(), &none, 50), Err(Reason::TooComplex));
        assert_eq!(clean(b"\xff\xfe<\0a\0", &none, 50), Err(Reason::Damaged));
    }
}
