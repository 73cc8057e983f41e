//! What the sender newly wrote: quotes and signature taken off.

use super::lexicon::{Lexicon, fold};
use super::quotes;

/// Most lines that a signature below `-- ` has; more is somebody's text.
const SIGNATURE_LINES: usize = 20;
/// Most lines with something on them that stand below a line that a program appends.
const BELOW_PROGRAM_LINE: usize = 2;
/// Most lines of what a mailing list appends.
const LIST_FOOTER_LINES: usize = 8;
/// Most words behind a comma in a line that a program appends; a sentence has more.
const AFTER_COMMA: usize = 3;
/// Most lines that are searched for quotations; what stands below is kept as it is.
const LINES_LOOKED_AT: usize = 5_000;

/// The new words. Where nothing would remain (a bare forward), all of it stays.
pub(super) fn new_text(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let (near, far) = lines.split_at(lines.len().min(LINES_LOOKED_AT));
    let mut own = quotes::strip(near);
    own.extend_from_slice(far);
    let words = tidy(without_signature(&own));
    if words.is_empty() { text.trim().to_owned() } else { words }
}

fn without_signature<'a, 't>(lines: &'a [&'t str]) -> &'a [&'t str] {
    let dashes = lines.iter().rposition(|line| *line == "--" || *line == "-- " || *line == "—");
    let end = dashes.filter(|at| lines.len() - at <= SIGNATURE_LINES).unwrap_or(lines.len());
    let mut lines = without_list_footer(lines.get(..end).unwrap_or(lines));
    // What programs append stands at the end, with little below it; each of them adds its own.
    loop {
        let from_the_end = lines.iter().enumerate().rev().filter(|(_, line)| !line.trim().is_empty()).take(BELOW_PROGRAM_LINE + 1);
        let program_line = from_the_end.map(|(at, line)| (at, is_program_line(line))).find(|(_, is_program)| *is_program);
        match program_line.and_then(|(at, _)| lines.get(..at)) {
            Some(above) => lines = above,
            None => return without_rules(lines),
        }
    }
}

/// What a mailing list puts below a rule of underscores.
fn without_list_footer<'a, 't>(lines: &'a [&'t str]) -> &'a [&'t str] {
    let is_rule = |line: &str| line.len() >= 2 && line.trim_end().chars().all(|c| c == '_');
    let rule = lines.iter().rposition(|line| is_rule(line)).filter(|at| lines.len() - at <= LIST_FOOTER_LINES);
    let below = |at: &usize| lines.get(*at..).unwrap_or_default().iter().any(|line| fold(line).contains("mailing list"));
    rule.filter(below).and_then(|at| lines.get(..at)).unwrap_or(lines)
}

/// Rules with nothing below them divide nothing.
fn without_rules<'a, 't>(mut lines: &'a [&'t str]) -> &'a [&'t str] {
    let is_rule = |line: &str| line.trim().chars().all(|c| matches!(c, '=' | '-' | '_' | '*'));
    while let Some((last, above)) = lines.split_last()
        && is_rule(last)
    {
        lines = above;
    }
    lines
}

fn is_program_line(line: &str) -> bool {
    let folded = fold(line);
    let folded = folded.trim_start_matches(|c: char| !c.is_alphanumeric());
    let is_sentence = folded.split_once(',').is_some_and(|(_, rest)| rest.split_whitespace().count() > AFTER_COMMA);
    folded.len() < 120
        && !is_sentence
        && Lexicon::SIGNATURES
            .section("")
            .any(|start| folded.starts_with(start) || start.contains('*') && super::lexicon::has(folded, start))
}

/// Joins the lines, with at most one empty line between paragraphs.
fn tidy(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut gap = false;
    for line in lines {
        if line.trim().is_empty() {
            gap = !text.is_empty();
            continue;
        }
        if !text.is_empty() {
            text.push_str(if gap { "\n\n" } else { "\n" });
        }
        text.push_str(line);
        gap = false;
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::new_text;

    #[test]
    fn top_posted_in_seven_languages() {
        for header in [
            "On Tue, 3 Mar 2026 at 10:00, Service <o2@visio.example> wrote:",
            "Le mar. 3 mars 2026 à 10:00, Service <o2@visio.example> a écrit\u{a0}:",
            "Am 03.03.2026 um 10:00 schrieb Service:",
            "El mar, 3 mar 2026 a las 10:00, Service (<o2@visio.example>) escribió:",
            "Il giorno mar 3 mar 2026 alle ore 10:00 Service <o2@visio.example> ha scritto:",
            "Op di 3 mrt 2026 om 10:00 schreef Service <o2@visio.example>:",
            "Em ter., 3 de mar. de 2026 às 10:00, Service <o2@visio.example> escreveu:",
        ] {
            assert_eq!(new_text(&format!("Bien.\n\nJean\n\n{header}\n\n> Bonjour\n> x\n")), "Bien.\n\nJean", "{header}");
            assert_eq!(new_text(&format!("Bien.\n{header}\nBonjour\nx")), "Bien.", "{header}");
        }
    }

    #[test]
    fn wrapped_header_and_inline_answers() {
        let text = "On Tue, 3 Mar 2026 at 10:00, A Very Long Name\n<long@visio.example> wrote:\n> One?\nYes.\n> Two?\nNo.\n-- \nJean\n";
        assert_eq!(new_text(text), "Yes.\nNo.");
    }

    #[test]
    fn headers_of_other_programs() {
        for header in [
            "02.04.2026 14:20 пользователь \"o2@visio.example\" <\no2@visio.example> написал:",
            "2026.02.08. 7:31 keltezéssel, \"Service\" írta:",
            "On Tue, Apr 29, 2026 at 4:22 PM, Service <o2@visio.example>wrote:",
            "---- On Tue, 22 Dec 2026 14:17:36 +0530 Service<o2@visio.example> wrote ----",
            "---- Le mar., 22 déc. 2026 14:17:36 +0100 Service <o2@visio.example> a écrit ----",
        ] {
            assert_eq!(new_text(&format!("Bien.\n\n{header}\n\n> Bonjour")), "Bien.", "{header}");
            assert_eq!(new_text(&format!("Bien.\n\n{header}\n\nBonjour")), "Bien.", "{header}");
        }
        let table = "Service Date 2026-01-01 12\n--------------\nA 1\n--------------\nB 2";
        assert_eq!(new_text(table), table);
    }

    #[test]
    fn outlook_blocks() {
        for block in [
            "-----Original Message-----\nFrom: a@b.example\nSent: x\nTo: y\nSubject: z\n\nold",
            "De : Service <a@b.example>\nEnvoyé : mardi 3 mars\nÀ : Jean\nObjet : x\n\nold",
            "________________________________\nVon: Service\nGesendet: Dienstag\nAn: Jean\nBetreff: x\n\nold",
        ] {
            assert_eq!(new_text(&format!("New.\n\n{block}\n")), "New.", "{block}");
        }
    }

    #[test]
    fn lists_and_rules_below_the_words() {
        assert_eq!(new_text("Bien.\n\n______________\nteam mailing list\nteam@liste.example\nhttps://liste.example/team"), "Bien.");
        assert_eq!(
            new_text("Bien.\n\n====\n\nMessage du : 12/12/2026 13:20\nDe : \"Service\" <a@b.example>\nA : j@h.example\nSujet : x\n\nold"),
            "Bien."
        );
        assert_eq!(new_text("Bien.\n\n2026-03-03 17:21 GMT+01:00 Service\n\nBonjour"), "Bien.");
        assert_eq!(new_text("Bien.\n\n2026/7/20 Service <a@b.example>\n\n| Bonjour"), "Bien.");
        assert_eq!(new_text("Bien.\n\nOn Wed, 14 Nov 2026 08:14:43 -0200 Service <a@b.example> wrote\n\nBonjour"), "Bien.");
        for kept in ["2026-03-03 me va.\nJean", "Le choix :\n____\nA\nB", "Un\n\nSent from my desk, it is much easier than by telephone."] {
            assert_eq!(new_text(kept), kept);
        }
    }

    #[test]
    fn telephones_and_what_only_looks_like_one() {
        assert_eq!(new_text("D'accord\n\nEnvoyé de mon iPhone\n\nLe 3 mars 2026 à 10:00, X <x@y.example> a écrit :\n\n> a"), "D'accord");
        let kept = "Sent from my heart, a\nlong\ntext\ngoes\non";
        assert_eq!(new_text(kept), kept);
        assert_eq!(new_text("> all quoted"), "> all quoted");
    }
}
