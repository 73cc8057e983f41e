//! Findings for people: a sign for each, and under it what to do.

use super::Chapter;
use crate::cli::output::shown;
use crate::config::{Finding, Level};
use std::io::{self, IsTerminal, Write};

/// Widest column of subjects; longer ones push their line to the right.
const WIDEST: usize = 52;

/// Prints everything, and the sum.
pub(super) fn print(chapters: &[Chapter]) -> io::Result<()> {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    write!(io::stdout().lock(), "{}", page(chapters, colour))
}

fn page(chapters: &[Chapter], colour: bool) -> String {
    let mut page = String::new();
    for chapter in chapters {
        page.push_str(&format!("{}\n", painted(chapter.title, "1", colour)));
        let width = chapter.findings.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or_default().min(WIDEST);
        for finding in &chapter.findings {
            page.push_str(&entry(finding, width, colour));
        }
        page.push('\n');
    }
    let all = || chapters.iter().flat_map(|chapter| &chapter.findings);
    let count = |level: Level| all().filter(|finding| finding.level == level).count();
    page.push_str(&sum(count(Level::Problem), count(Level::Warning), count(Level::Ok)));
    page
}

fn entry(finding: &Finding, width: usize, colour: bool) -> String {
    let (sign, paint) = match finding.level {
        Level::Ok => ("✓", "32"),
        Level::Warning => ("!", "33"),
        Level::Problem => ("✗", "31"),
    };
    let margin = " ".repeat(6);
    let mut lines = finding.found.lines();
    let first = shown(lines.next().unwrap_or_default());
    let mut entry = format!("  {} {:width$}  {first}\n", painted(sign, paint, colour), shown(&finding.subject));
    for line in lines {
        entry.push_str(&format!("{margin}{}\n", shown(line)));
    }
    for (index, line) in finding.advice.lines().enumerate() {
        let arrow = if index == 0 { "→" } else { " " };
        entry.push_str(&format!("{margin}{arrow} {}\n", shown(line)));
    }
    entry
}

fn painted(text: &str, paint: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[{paint}m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn sum(problems: usize, warnings: usize, fine: usize) -> String {
    let many = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    if problems == 0 && warnings == 0 {
        return format!("Everything is as it should be ({}).\n", many(fine, "finding"));
    }
    format!("{}, {}, {fine} in order.\n", many(problems, "problem"), many(warnings, "warning"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_aligned_and_cannot_move_the_cursor() {
        let findings = vec![
            Finding::ok("store", "empty"),
            Finding::problem("DNS MX", "found \u{1b}[2J", "publish one\nand wait"),
            Finding::warning("x", "line one\nline two", ""),
        ];
        let page = page(&[Chapter { title: "All", findings }], false);
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(
            lines,
            [
                "All",
                "  ✓ store   empty",
                "  ✗ DNS MX  found \u{fffd}[2J",
                "      → publish one",
                "        and wait",
                "  ! x       line one",
                "      line two",
                "",
                "1 problem, 1 warning, 1 in order.",
            ]
        );
    }

    #[test]
    fn a_page_without_findings_to_mend_says_so() {
        let page = page(&[Chapter { title: "All", findings: vec![Finding::ok("store", "empty")] }], true);
        assert!(page.contains("\u{1b}[32m✓\u{1b}[0m") && page.ends_with("Everything is as it should be (1 finding).\n"));
    }
}
