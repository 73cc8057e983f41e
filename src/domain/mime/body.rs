//! The words of a message: body parts decoded and joined.

use super::{Part, Placement, charset, html_quotes, pgp};

/// Text and HTML of the body. The text is made from the HTML where there is none.
pub(super) fn words<'p>(parts: impl Iterator<Item = &'p Part> + Clone) -> (String, Option<String>) {
    let of_type = |wanted: &'static str| parts.clone().filter(move |part| part.placement == Placement::Body && part.content_type == wanted);
    let html: Vec<String> = of_type("text/html").map(text_of).collect();
    let html = (!html.is_empty()).then(|| html.join("\n"));
    let plain: Vec<String> =
        of_type("text/plain").filter(|part| !super::calendars::is_bare_calendar(&part.bytes)).map(plain_text).collect();
    let plain = plain.iter().map(|text| text.trim_matches('\n')).filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n");
    match &html {
        Some(html) if plain.is_empty() => (html_quotes::text(html), Some(html.clone())),
        _ => (plain, html),
    }
}

fn text_of(part: &Part) -> String {
    charset::decode(&part.bytes, part.parameter("charset"))
}

fn plain_text(part: &Part) -> String {
    let text = text_of(part).replace("\r\n", "\n").replace('\r', "\n");
    let text = pgp::unsigned(&text).unwrap_or(text);
    let is_flowed = part.parameter("format").is_some_and(|format| format.trim().eq_ignore_ascii_case("flowed"));
    if !is_flowed {
        return text;
    }
    let deletes_space = part.parameter("delsp").is_some_and(|delsp| delsp.trim().eq_ignore_ascii_case("yes"));
    unflow(&text, deletes_space)
}

/// Joins the soft-broken lines of format=flowed (RFC 3676 §4).
fn unflow(text: &str, deletes_space: bool) -> String {
    let mut lines: Vec<String> = Vec::new();
    // Quote depth of a line that ended softly.
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_signature = content == "-- ";
        let is_soft = content.ends_with(' ') && !is_signature;
        let piece = content.strip_suffix(' ').filter(|_| is_soft && deletes_space).unwrap_or(content);
        let continues = open == Some(depth) && !is_signature;
        match lines.last_mut().filter(|_| continues) {
            Some(last) => last.push_str(piece),
            None => lines.push(format!("{}{}{piece}", ">".repeat(depth), if depth > 0 { " " } else { "" })),
        }
        open = is_soft.then_some(depth);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::unflow;

    #[test]
    fn soft_breaks_within_one_depth() {
        assert_eq!(unflow("a \nb\nc \n> q \n> r\n-- \nx", false), "a b\nc \n> q r\n-- \nx");
        assert_eq!(unflow("日 \n本\n > not a quote", true), "日本\n> not a quote");
        assert_eq!(unflow("end \n-- \nsig", false), "end \n-- \nsig");
    }
}
