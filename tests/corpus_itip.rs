//! Every calendar object of the corpus is understood, taken for an answer, or refused with a reason; docs/calendar-corpus.md says
//! how many. The corpus lies beside the project (`../shared/corpus`), not in it: without it the test says so and passes.

use crate::support;

use paravent::domain::compose::Problem;
use paravent::domain::explain::content_only;
use paravent::domain::itip::{self, CalendarLimits};
use paravent::domain::mime::MimeLimits;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::corpus_itip::{self, Found, Judged, Verdict, judge};
use support::itip_rules::violations;

const DOCUMENT: &str = "docs/calendar-corpus.md";
/// What is before it in the document is written by hand.
const MARK: &str = "\n<!-- From here on made by `UPDATE_DOCS=1 cargo test --test all corpus_itip::`. -->\n\n";

fn judged() -> Option<Vec<(Found, Judged)>> {
    let Some(files) = corpus_itip::files() else {
        eprintln!("SKIPPED: no corpus at {}: {DOCUMENT} was not compared", corpus_itip::folder().display());
        return None;
    };
    let found = files.iter().flat_map(|(set, path)| corpus_itip::objects(set, path));
    Some(found.map(|found| (judge(&found.object), found)).map(|(judged, found)| (found, judged)).collect())
}

#[derive(Default)]
struct Row {
    objects: usize,
    once: usize,
    series: usize,
    instances: usize,
    whole_days: usize,
    floating: usize,
    answers: usize,
    others: usize,
    refused: usize,
}

impl Row {
    fn count(&mut self, judged: &Judged) {
        self.objects += 1;
        self.whole_days += usize::from(judged.whole_days);
        self.floating += usize::from(judged.floating);
        let cell = match judged.verdict {
            Verdict::Once => &mut self.once,
            Verdict::Series => &mut self.series,
            Verdict::Instances => &mut self.instances,
            Verdict::Refused(_) => &mut self.refused,
            Verdict::Answers(_) => &mut self.answers,
            Verdict::Other => &mut self.others,
        };
        *cell += 1;
    }
}

fn tables(all: &[(Found, Judged)]) -> String {
    let mut rows: BTreeMap<(&str, &str), Row> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, &str, String), usize> = BTreeMap::new();
    let mut answers: BTreeMap<(&str, &str), [usize; 2]> = BTreeMap::new();
    for (found, judged) in all {
        rows.entry((&found.set, &judged.method)).or_default().count(judged);
        match &judged.verdict {
            Verdict::Refused(remarks) => *refused.entry((&found.set, &judged.method, reason(remarks))).or_default() += 1,
            Verdict::Answers(statuses) => {
                for (partstat, of_instance) in statuses {
                    answers.entry((&found.set, partstat.as_str())).or_default()[usize::from(*of_instance)] += 1;
                }
            }
            Verdict::Once | Verdict::Series | Verdict::Instances | Verdict::Other => {}
        }
    }
    let rows: String = rows
        .iter()
        .map(|((set, method), row)| {
            let Row { objects, once, series, instances, whole_days, floating, answers, others, refused } = row;
            format!(
                "| {set} | {method} | {objects} | {once} | {series} | {instances} | {whole_days} | {floating} | {answers} | {others} | {refused} |\n"
            )
        })
        .collect();
    let refused: String = refused.iter().map(|((set, method, why), count)| format!("| {set} | {method} | {why} | {count} |\n")).collect();
    let answers: String =
        answers.iter().map(|((set, partstat), [whole, one])| format!("| {set} | {partstat} | {whole} | {one} |\n")).collect();
    format!(
        "## Objects\n\n| set | METHOD | objects | once | series | instances alone | of whole days | without zone | answers | others | refused |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n{rows}\n\
         ## Refused, and why\n\n| set | METHOD | problem | objects |\n|---|---|---|---|\n{refused}\n\
         ## Answers\n\n| set | PARTSTAT | to the whole | to an instance |\n|---|---|---|---|\n{answers}"
    )
}

/// The sets of mails that hold no calendar object.
fn empty_sets(files: &[(String, PathBuf)], all: &[(Found, Judged)]) -> String {
    let sets: BTreeSet<&str> = files.iter().map(|(set, _)| set.as_str()).collect();
    let empty: Vec<&str> = sets.into_iter().filter(|set| !all.iter().any(|(found, _)| found.set == *set)).collect();
    format!("\n## Sets without any\n\n{}.\n", empty.join(", "))
}

/// Problems, with the value where that is a word and not somebody's own text.
fn reason(remarks: &[(Problem, String)]) -> String {
    let one = |(problem, value): &(Problem, String)| match problem {
        Problem::NotAnInvitation | Problem::BrokenCalendar if !value.is_empty() => format!("{problem:?}: {value}"),
        _ => format!("{problem:?}"),
    };
    let mut all: Vec<String> = remarks.iter().map(one).collect();
    all.dedup();
    all.join(", ")
}

#[test]
fn the_document_counts_what_is_found() {
    let (Some(files), Some(all)) = (corpus_itip::files(), judged()) else { return };
    for (found, judged) in &all {
        if let Verdict::Refused(remarks) = &judged.verdict {
            assert!(!remarks.is_empty(), "{}/{} is refused without a reason", found.set, found.file);
            println!("{}/{:45} {:10} {remarks:?}", found.set, found.file, judged.method);
        }
    }
    assert!(all.len() > 150, "only {} objects", all.len());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&path).unwrap();
    let (by_hand, made) = text.split_once(MARK).expect("the mark is there");
    let tables = format!("{}{}", tables(&all), empty_sets(&files, &all));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{by_hand}{MARK}{tables}")).unwrap();
        return;
    }
    assert_eq!(made, tables, "look at what changed, then UPDATE_DOCS=1");
}

/// What is made of them can be read again, and keeps RFC 5546.
#[test]
fn what_is_sent_for_them_keeps_the_rules() {
    let Some(all) = judged() else { return };
    let mut wrong = Vec::new();
    let mut count = 0;
    for (found, judged) in &all {
        for (text, is_for_guest) in judged.emitted.iter().zip([true, false]) {
            count += 1;
            let object = itip::read(text.as_bytes()).unwrap();
            assert!(object.main_event().is_some_and(|event| event.start.is_some() || !is_for_guest), "{}", found.file);
            // Lines that the organizer wrote are theirs, with their faults.
            let faults: Vec<String> = violations(text.as_bytes()).iter().filter(|_| is_for_guest).map(ToString::to_string).collect();
            wrong.extend(faults.into_iter().map(|fault| format!("{}/{}: {fault}", found.set, found.file)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} objects were made");
}

/// The judgement of whole files, as `explain` gives it, ends for each of them.
#[test]
fn every_file_is_classified() {
    let Some(files) = corpus_itip::files() else {
        eprintln!("SKIPPED: no corpus: nothing was classified");
        return;
    };
    let now = "2026-01-05T08:00:00Z".parse().unwrap();
    for (set, path) in files {
        let explained = content_only(&set, &std::fs::read(&path).unwrap(), &MimeLimits::default(), now);
        assert!(!explained.reasons.is_empty(), "{} has a class without a reason", path.display());
    }
}

/// Taking a file apart loses nothing: each event of its first VCALENDAR is in one of the objects, with the same times.
#[test]
fn files_taken_apart_keep_every_event() {
    let Some(files) = corpus_itip::files() else {
        eprintln!("SKIPPED: no corpus: no file was taken apart");
        return;
    };
    let mut count = 0;
    for (_, path) in files.iter().filter(|(set, _)| set == "ics") {
        let bytes = std::fs::read(path).unwrap();
        let Ok(whole) = itip::read(&bytes) else { continue };
        let apart: Vec<itip::CalendarObject> = itip::read_several(&bytes, &CalendarLimits::default()).filter_map(Result::ok).collect();
        let events: Vec<&itip::Event> = apart.iter().flat_map(|object| &object.events).collect();
        assert!(whole.events.iter().all(|event| events.contains(&event)), "{}", path.display());
        assert!(apart.iter().all(|object| object.events.iter().all(|event| event.uid == object.events[0].uid)), "{}", path.display());
        count += events.len();
    }
    assert!(count > 200, "only {count} events");
}
