//! Pictures that an organizer's HTML shows: those among their new words are meant for the guest; those in a quotation or a signature
//! are not, and a logo there would say who they are.

use crate::domain::mime::InboundMail;
use std::collections::BTreeSet;

/// Longest Content-ID that is looked for.
const LONGEST_ID: usize = 250;
/// How quotations and signatures begin in the HTML of mail programs, in lower case.
const ASIDES: [&str; 18] = [
    "<blockquote",
    "<hr",
    "gmail_quote",
    "gmail_signature",
    "moz-cite-prefix",
    "moz-signature",
    "moz-forward-container",
    "id=\"signature",
    "id='signature",
    "class=\"signature",
    "id=\"ms-outlook-mobile-signature",
    "divrplyfwdmsg",
    "appendonsend",
    "outlookmessageheader",
    "border:none;border-top:solid",
    "protonmail_quote",
    "protonmail_signature",
    ">-- <",
];

/// Content-IDs of the pictures that stand in a quotation or signature alone.
pub fn pictures_aside(mail: &InboundMail, new_text: &str) -> BTreeSet<String> {
    let html = mail.html.as_deref().unwrap_or_default();
    let marked = |text: &str| markers(text).map(|(_, id)| id.to_owned()).collect::<BTreeSet<_>>();
    // Outlook says in the plain text where the pictures are, and marks no signature in its HTML.
    let own = if mail.text.contains("[cid:") { marked(new_text) } else { named(own_part(html)) };
    named(html).into_iter().filter(|id| !own.contains(id)).collect()
}

/// The text without the marks that say where a picture is: a guest's program would show them as they are.
pub fn without_markers(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some((at, id)) = markers(rest).next() {
        kept.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + id.len() + "[cid:]".len()..).unwrap_or_default();
    }
    kept + rest
}

/// `[cid:…]`: where each begins, and its id.
fn markers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("[cid:").filter_map(|(at, start)| {
        let id = text.get(at + start.len()..)?.split(']').next()?;
        (id.len() <= LONGEST_ID && !id.contains(char::is_whitespace) && text.get(at + start.len() + id.len()..)?.starts_with(']'))
            .then_some((at, id))
    })
}

/// The HTML up to the first quotation or signature.
fn own_part(html: &str) -> &str {
    let lower = html.to_ascii_lowercase();
    let end = ASIDES.iter().filter_map(|aside| lower.find(aside)).min().unwrap_or(html.len());
    html.get(..end).unwrap_or_default()
}

/// Every Content-ID that a piece of HTML names.
fn named(html: &str) -> BTreeSet<String> {
    let lower = html.to_ascii_lowercase();
    let found = lower.match_indices("cid:").filter_map(|(at, start)| {
        let rest = html.get(at + start.len()..)?;
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | ')'))?;
        rest.get(..end).filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)
    });
    found.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aside(text: &str, new_text: &str, html: &str) -> Vec<String> {
        let mail = InboundMail { text: text.to_owned(), html: Some(html.to_owned()), ..InboundMail::default() };
        pictures_aside(&mail, new_text).into_iter().collect()
    }

    #[test]
    fn pictures_of_signatures_and_quotations_stand_aside() {
        let html = "<p>Plan<img src=\"cid:plan@x\"></p><div class=\"gmail_signature\"><img src='cid:logo@x'></div>";
        assert_eq!(aside("Plan", "Plan", html), ["logo@x"]);
        let html = "<p>Plan<img src=\"cid:plan@x\"><br>Service<img src=cid:logo@x></p>";
        assert_eq!(aside("Plan [cid:plan@x]\n-- \nService [cid:logo@x]", "Plan [cid:plan@x]", html), ["logo@x"]);
        assert_eq!(aside("Plan", "Plan", html), [""; 0]);
    }

    #[test]
    fn markers_go_and_other_brackets_stay() {
        assert_eq!(without_markers("a [cid:x@y] b [cid: no] [1] [cid:open"), "a  b [cid: no] [1] [cid:open");
    }
}
