//! What was quoted: `>` lines, the line above them, and the block that Outlook puts above the old mail.

use super::lexicon::{Lexicon, fold, is_whole};

/// Most lines over which programs wrap the line above a quotation.
const HEADER_LINES: usize = 4;
/// Longest line above a quotation, folded, in octets.
const HEADER_OCTETS: usize = 400;

/// The lines that are not quoted.
pub(super) fn strip<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let mut own = Vec::new();
    let mut at = 0;
    while let Some(rest) = lines.get(at..).filter(|rest| !rest.is_empty()) {
        if is_outlook_block(rest) || is_separator(rest) {
            // Everything below is the old mail, save what somebody wrote between `>` lines.
            if !is_marked_below(rest) {
                break;
            }
            at += 1;
        } else if let Some(count) = header_length(rest) {
            let below = rest.get(count..).unwrap_or_default();
            if !is_marked_below(below) {
                break;
            }
            at += count;
        } else {
            let line = rest.first().copied().unwrap_or_default();
            if !is_marked(line) {
                own.push(line);
            }
            at += 1;
        }
    }
    own
}

fn is_marked(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// Whether the first line that has something on it is a `>` line.
fn is_marked_below(lines: &[&str]) -> bool {
    lines.iter().find(|line| !line.trim().is_empty()).is_some_and(|line| is_marked(line))
}

/// How many lines the line above a quotation takes, where one begins here.
fn header_length(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?.trim();
    if first.is_empty() || is_marked(first) {
        return None;
    }
    let mut joined = String::new();
    for (index, line) in lines.iter().take(HEADER_LINES).enumerate() {
        if line.trim().is_empty() || is_marked(line) || joined.len() > HEADER_OCTETS {
            return None;
        }
        joined.push(' ');
        joined.push_str(line);
        if is_dated(line) {
            return (index == 0).then_some(1);
        }
        // A colon ends it, or the rule that began it; some programs forget it.
        let is_ruled = first.starts_with("--") && line.trim_end().ends_with("--");
        let forgets = line.trim_end().ends_with(" wrote") && line.contains("> ");
        if !line.trim_end().ends_with([':', '：']) && !is_ruled && !forgets {
            continue;
        }
        if forgets {
            joined.push(':');
        }
        let folded = fold(joined.trim_matches(|c: char| c == '-' || c == '_' || c == '*' || c.is_whitespace()));
        // A pattern that begins with anything must not swallow the words above it.
        let may_begin = |pattern: &str| index == 0 || !pattern.starts_with('*') || first.contains('@');
        let is_header = Lexicon::QUOTE_HEADERS.section("lines").any(|pattern| may_begin(pattern) && is_whole(&folded, pattern));
        if folded.len() <= HEADER_OCTETS && tells_when_or_who(&folded) && is_header {
            return Some(index + 1);
        }
    }
    None
}

/// `2026-03-03 17:21 GMT+01:00 Somebody`, `2026/7/20 Somebody <a@b.example>`: a date, and who, with nothing around them.
fn is_dated(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_date = words.next().is_some_and(|word| {
        let numbers: Vec<&str> = word.split(['-', '/']).collect();
        numbers.len() == 3
            && numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
            && numbers.first().is_some_and(|year| year.len() == 4)
    });
    let rest: Vec<&str> = words.collect();
    let is_timed = rest.first().is_some_and(|word| word.contains(':')) && rest.get(1).is_some_and(|word| word.starts_with("GMT"));
    is_date && rest.len() <= 8 && (is_timed || rest.last().is_some_and(|word| word.starts_with('<') && word.contains('@')))
}

/// "On …, X wrote:" names a time or an address; "On this I wrote:" does not.
fn tells_when_or_who(folded: &str) -> bool {
    folded.contains('@') || folded.bytes().filter(u8::is_ascii_digit).count() >= 2
}

/// `-----Original Message-----` and the like, in whichever language.
fn is_separator(lines: &[&str]) -> bool {
    let Some(line) = lines.first() else { return false };
    let folded = fold(line);
    let words = folded.trim_matches(|c: char| c == '-' || c == '_' || c == '*' || c == '=' || c == ' ');
    if words.is_empty() {
        // Outlook's rule, when its block follows.
        return folded.len() >= 10 && lines.get(1..).is_some_and(|rest| is_outlook_block(skip_empty(rest)));
    }
    let is_ruled = words.len() + 2 <= folded.len() || words.ends_with(':');
    is_ruled && Lexicon::QUOTE_HEADERS.section("separators").any(|known| known == words)
}

fn skip_empty<'a, 't>(lines: &'a [&'t str]) -> &'a [&'t str] {
    let start = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(lines.len());
    lines.get(start..).unwrap_or_default()
}

/// `From:` with at least two more such lines right below it.
fn is_outlook_block(lines: &[&str]) -> bool {
    let Some(first) = lines.first().and_then(|line| label(line)) else { return false };
    let is_known = |section: &str, label: &str| Lexicon::QUOTE_HEADERS.section(section).any(|known| known == label);
    let starts = is_known("from", &first) || is_known("others", &first) && is_addressed(lines);
    let below = lines.iter().skip(1).filter(|line| !line.trim().is_empty()).take(5);
    starts && below.filter_map(|line| label(line)).filter(|label| is_known("others", label) || is_known("from", label)).count() >= 2
}

/// Blocks that start with the date or the subject have a From among their first lines.
fn is_addressed(lines: &[&str]) -> bool {
    lines
        .iter()
        .take(5)
        .filter_map(|line| Some((label(line)?, line)))
        .any(|(label, line)| line.contains('@') && Lexicon::QUOTE_HEADERS.section("from").any(|known| known == label))
}

/// The folded word before a colon, `*bold*` marks taken off.
fn label(line: &str) -> Option<String> {
    if is_marked(line) {
        return None;
    }
    let (word, _) = line.split_once([':', '：'])?;
    (word.len() <= 30).then(|| fold(word).trim_matches(|c: char| c == '*' || c == '_' || c == ' ').to_owned())
}
