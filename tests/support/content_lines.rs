//! Content lines, components and times as RFC 5545 writes them: the strict reader of the judge beside.

use std::collections::HashSet;

#[derive(Default)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) value: String,
}

#[derive(Default)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Date,
    Floating,
    Utc,
    Zoned,
    Period,
}

impl Line {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The form of the first value; `None` where it is no time.
    pub(super) fn form(&self) -> Option<Form> {
        self.forms()?.first().copied()
    }

    pub(super) fn forms(&self) -> Option<Vec<Form>> {
        self.value.split(',').map(|value| self.form_of(value)).collect()
    }

    pub(super) fn form_of(&self, value: &str) -> Option<Form> {
        let declared = self.parameter("VALUE").unwrap_or("DATE-TIME");
        if declared == "PERIOD" {
            let (start, end) = value.split_once('/')?;
            return (is_time(start.trim_end_matches('Z')) && (is_time(end.trim_end_matches('Z')) || seconds(end).is_some()))
                .then_some(Form::Period);
        }
        match (declared, value.strip_suffix('Z')) {
            ("DATE", _) => is_date(value).then_some(Form::Date),
            ("DATE-TIME", Some(instant)) => is_time(instant).then_some(Form::Utc),
            ("DATE-TIME", None) if self.parameter("TZID").is_some() => is_time(value).then_some(Form::Zoned),
            ("DATE-TIME", None) => is_time(value).then_some(Form::Floating),
            _ => None,
        }
    }
}

impl Part {
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.name == name)
    }

    pub(super) fn one(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    pub(super) fn inner<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| part.name == name)
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.one(name).map(|line| line.value.as_str()).unwrap_or_default()
    }
}

impl Form {
    /// Whether both are days, both local, or both instants.
    pub(super) fn is_like(self, other: Self) -> bool {
        let kind = |form| match form {
            Self::Date => 0,
            Self::Floating => 1,
            Self::Utc | Self::Zoned | Self::Period => 2,
        };
        kind(self) == kind(other)
    }
}

pub(super) fn split(octets: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = octets;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    lines
}

/// `None` where it is no content line.
pub(super) fn content_line(text: &str) -> Option<Line> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let mut pieces = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => quoted = !quoted,
            ';' if !quoted => pieces.push(String::new()),
            ':' if !quoted => break,
            c => pieces.last_mut()?.push(c),
        }
    }
    let name = pieces.remove(0);
    let pairs = pieces.iter().map(|piece| piece.split_once('='));
    let parameters: Vec<(String, String)> = pairs.map(|pair| pair.map(|(a, b)| (a.to_owned(), b.to_owned()))).collect::<Option<_>>()?;
    let names: HashSet<&String> = parameters.iter().map(|(name, _)| name).collect();
    let right = is_name(&name) && names.len() == parameters.len() && names.iter().all(|name| is_name(name));
    right.then(|| Line { name, parameters, value: characters.collect() })
}

pub(super) fn is_escaped(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let right = match c {
            '\\' => characters.next().is_some_and(|next| "\\;,nN".contains(next)),
            other => !";,".contains(other),
        };
        if !right {
            return false;
        }
    }
    true
}

pub(super) fn is_date(text: &str) -> bool {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    text.len() == 8
        && text.bytes().all(|b| b.is_ascii_digit())
        && number(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && number(6, 8).is_some_and(|day| (1..=31).contains(&day))
}

pub(super) fn is_time(text: &str) -> bool {
    let clock = text.get(9..).unwrap_or_default();
    let below = |from: usize, most: u32| clock.get(from..from + 2).and_then(|d| d.parse::<u32>().ok()).is_some_and(|n| n < most);
    let digits = clock.len() == 6 && clock.bytes().all(|b| b.is_ascii_digit());
    text.get(..8).is_some_and(is_date) && text.get(8..9) == Some("T") && digits && below(0, 24) && below(2, 60) && below(4, 61)
}

pub(super) fn is_offset(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or_default();
    [4, 6].contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && text != "-0000"
}

/// A DURATION in seconds (RFC 5545 §3.3.6).
pub(super) fn seconds(text: &str) -> Option<i64> {
    let (sign, text) = if let Some(rest) = text.strip_prefix('-') { (-1, rest) } else { (1, text.strip_prefix('+').unwrap_or(text)) };
    let (mut total, mut number, mut in_time) = (0, String::new(), false);
    for c in text.strip_prefix('P')?.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        if c == 'T' && number.is_empty() {
            in_time = true;
            continue;
        }
        let unit = match (c, in_time) {
            ('W', false) => 604_800,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        total += number.parse::<i64>().ok()? * unit;
        number.clear();
    }
    (number.is_empty() && text.len() > 2).then_some(sign * total)
}
