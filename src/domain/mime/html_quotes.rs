//! The text of HTML with its quotations marked: what stands in `blockquote` gets `> `, as a mail of plain text has it.

use mail_parser::decoders::html::html_to_text;

/// Stands where a quotation begins, while tags are taken off: a character that nobody writes (private use).
const BEGIN: char = '\u{e000}';
/// Stands where it ends.
const END: char = '\u{e001}';
/// Deepest quotation that is marked as such; HTML may nest without end.
const DEPTH_MAX: usize = 20;

/// As [`html_to_text`], with quotations marked.
pub(super) fn text(html: &str) -> String {
    let text = html_to_text(&marked(html)).replace("\r\n", "\n");
    if !text.contains([BEGIN, END]) {
        return text.trim().to_owned();
    }
    let mut depth = 0_usize;
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().lines() {
        // What begins or ends within a line has been put on lines of its own.
        depth = (depth + line.matches(BEGIN).count()).saturating_sub(line.matches(END).count());
        let words = line.replace([BEGIN, END], "");
        let is_mark = words.len() < line.len() && words.trim().is_empty();
        if !is_mark {
            let marks = ">".repeat(depth.min(DEPTH_MAX));
            lines.push(if depth == 0 || words.trim().is_empty() { words } else { format!("{marks} {}", words.trim_start()) });
        }
    }
    lines.join("\n").trim().to_owned()
}

/// The HTML with a mark, on a line of its own, beside each tag of a quotation.
fn marked(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut marked = String::with_capacity(html.len());
    let mut done = 0;
    for (at, _) in lower.match_indices("blockquote") {
        let before = lower.get(..at).unwrap_or_default();
        let mark = if before.ends_with('<') {
            BEGIN
        } else if before.ends_with("</") {
            END
        } else {
            continue;
        };
        let Some(end) = lower.get(at..).and_then(|rest| rest.find('>')).map(|length| at + length + 1) else { break };
        if at < done {
            continue;
        }
        marked.push_str(html.get(done..end).unwrap_or_default());
        marked.push_str("<br>");
        marked.push(mark);
        marked.push_str("<br>");
        done = end;
    }
    marked.push_str(html.get(done..).unwrap_or_default());
    marked
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn quotations_are_marked_and_answers_between_them_are_not() {
        let html = "<p>On Tue, 3 Mar 2026 at 10:00, A &lt;a@b.example&gt; wrote:</p><BLOCKQUOTE type=\"cite\">One?</BLOCKQUOTE>Yes.\
                    <blockquote>Two?<blockquote>Three?</blockquote></blockquote><div>No.</div>";
        let lines: Vec<String> =
            text(html).lines().map(|line| line.trim().to_owned()).filter(|line| !line.trim_matches('>').is_empty()).collect();
        assert_eq!(lines, ["On Tue, 3 Mar 2026 at 10:00, A <a@b.example> wrote:", "> One?", "Yes.", "> Two?", ">> Three?", "No."]);
    }

    #[test]
    fn html_without_quotations_or_end_is_text_all_the_same() {
        assert_eq!(text("<p>Bonjour, <b>blockquote</b></p>"), "Bonjour, blockquote");
        assert_eq!(text("</blockquote></blockquote>a<blockquote"), "a");
        assert_eq!(text("a<blockquote>b").lines().last().unwrap(), "> b");
        assert!(text(&"<blockquote>".repeat(10_000)).is_empty());
    }
}
