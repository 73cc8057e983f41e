//! Text from outside, made fit for mail: no control characters, one kind of line end, paragraphs for HTML.

use serde_json::{Value, json};

/// One line: every run of spaces, line ends and control characters is one space. No header can be injected.
pub(super) fn one_line(text: &str) -> String {
    let blank = |c: char| c.is_control() || c.is_whitespace() || is_invisible(c);
    text.split(blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Several lines with `\n`, trimmed, without other control characters; at most one empty line in a row.
pub(super) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut kept: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line: String = line.chars().filter(|c| *c == '\t' || !c.is_control() && !is_direction(*c)).collect();
        let line = line.trim_end();
        if !line.is_empty() || kept.last().is_some_and(|last| !last.is_empty()) {
            kept.push(line.to_owned());
        }
    }
    kept.join("\n").trim().to_owned()
}

/// CRLF line ends, as mail has them.
pub(super) fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// A text for templates: `text` as it is, `paragraphs` for HTML, each a list of lines. `null` when it is empty.
pub(super) fn passage(words: &str) -> Value {
    let text = lines(words);
    if text.is_empty() {
        return Value::Null;
    }
    let paragraphs: Vec<Vec<&str>> = text.split("\n\n").map(|paragraph| paragraph.split('\n').collect()).collect();
    json!({ "paragraphs": paragraphs, "text": text })
}

/// Zero-width and direction characters: they make one text look like another.
fn is_invisible(c: char) -> bool {
    is_direction(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
