//! The series, tested: against a naive model, where clocks change, and against those who mean ill.

mod clock;
mod hostile;
mod model;
mod rules;
mod zones;

use super::*;

/// An instant from its RFC 3339 text.
fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn rule(value: &str) -> Rule {
    Rule::parse(value, Tz::UTC, false).unwrap()
}

/// A recurrence by a rule alone.
fn ruled(zone: Tz, starts_at: &str, value: &str) -> Recurrence {
    let rule = Rule::parse(value, zone, false).unwrap();
    Recurrence::new(zone, utc(starts_at), Some(rule), vec![], vec![]).unwrap()
}

/// The first instances, written as instants.
fn first(recurrence: &Recurrence, starts_at: &str, count: usize) -> Vec<String> {
    let limits = SeriesLimits { instances: count, ..SeriesLimits::default() };
    recurrence.instants(utc(starts_at), &limits).instants.iter().map(|instant| instant.format("%Y-%m-%dT%H:%MZ").to_string()).collect()
}
