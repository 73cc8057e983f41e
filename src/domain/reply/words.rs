//! What the sender newly wrote: quotes and signature taken off.

use super::lexicon::{Lexicon, fold};
use super::quotes;

/// Most lines that a signature below `-- ` has; more is somebody's text.
const SIGNATURE_LINES: usize = 20;

/// The new words. Where nothing would remain (a bare forward), all of it stays.
pub(super) fn new_text(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let own = quotes::strip(&lines);
    let words = tidy(without_signature(&own));
    if words.is_empty() { text.trim().to_owned() } else { words }
}

fn without_signature<'a, 't>(lines: &'a [&'t str]) -> &'a [&'t str] {
    let dashes = lines.iter().rposition(|line| *line == "--" || *line == "-- " || *line == "—");
    let end = dashes.filter(|at| lines.len() - at <= SIGNATURE_LINES).unwrap_or(lines.len());
    let lines = lines.get(..end).unwrap_or(lines);
    match lines.iter().rposition(|line| is_program_line(line)) {
        // What a program appends stands at the end, with little below it.
        Some(at) if lines.iter().skip(at + 1).filter(|line| !line.is_empty()).count() <= 2 => lines.get(..at).unwrap_or(lines),
        _ => lines,
    }
}

fn is_program_line(line: &str) -> bool {
    let folded = fold(line);
    let folded = folded.trim_start_matches(|c: char| !c.is_alphanumeric());
    folded.len() < 120
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
    fn telephones_and_what_only_looks_like_one() {
        assert_eq!(new_text("D'accord\n\nEnvoyé de mon iPhone\n\nLe 3 mars 2026 à 10:00, X <x@y.example> a écrit :\n\n> a"), "D'accord");
        let kept = "Sent from my heart, a\nlong\ntext\ngoes\non";
        assert_eq!(new_text(kept), kept);
        assert_eq!(new_text("> all quoted"), "> all quoted");
    }
}
