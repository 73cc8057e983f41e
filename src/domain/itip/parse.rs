//! Lines to tree. Lenient where real clients err, bounded everywhere.

use super::CalendarError;
use super::lines::unfold;
use super::tree::{Component, Parameter, Property};

/// Bounds of one calendar object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarLimits {
    /// Octets.
    pub bytes: usize,
    /// Unfolded lines.
    pub lines: usize,
    /// Nesting of components.
    pub depth: usize,
    /// Parameters of one property.
    pub parameters: usize,
}

impl Default for CalendarLimits {
    fn default() -> Self {
        Self { bytes: 4 << 20, lines: 50_000, depth: 8, parameters: 200 }
    }
}

/// A VCALENDAR, and what was odd and read all the same.
pub(super) type Parsed = Result<(Component, Vec<String>), CalendarError>;

/// Reads the first VCALENDAR. The second value says what was odd and read all the same.
pub fn parse(bytes: &[u8], limits: &CalendarLimits) -> Result<(Component, Vec<String>), CalendarError> {
    let lines = bounded_lines(bytes, limits)?;
    let first = lines.iter().position(|line| is_calendar_start(line)).ok_or(CalendarError::NotACalendar)?;
    let mut builder = Builder::new(limits);
    if lines[..first].iter().any(|line| !line.trim().is_empty()) {
        builder.odd("text before BEGIN:VCALENDAR");
    }
    for (index, line) in lines.iter().enumerate().skip(first) {
        let read = builder.line(line).map_err(|refusal| refusal.at(index + 1))?;
        if let Some(calendar) = read {
            if lines[index + 1..].iter().any(|line| is_calendar_start(line)) {
                builder.odd("several calendar objects: only the first is read");
            }
            return Ok((calendar, builder.defects));
        }
    }
    builder.finish().map_err(|refusal| refusal.at(lines.len()))
}

/// Reads every VCALENDAR, each for itself: one that is broken says nothing of the others. The limits are those of all together.
pub(super) fn parse_all(bytes: &[u8], limits: &CalendarLimits) -> Result<Vec<Parsed>, CalendarError> {
    let lines = bounded_lines(bytes, limits)?;
    let starts: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| is_calendar_start(line)).map(|(index, _)| index).collect();
    if starts.is_empty() {
        return Err(CalendarError::NotACalendar);
    }
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    Ok(starts.iter().zip(ends).map(|(start, end)| one_of(&lines, *start, end, limits)).collect())
}

/// The VCALENDAR that starts at this line, before the next one does.
fn one_of(lines: &[String], start: usize, end: usize, limits: &CalendarLimits) -> Parsed {
    let mut builder = Builder::new(limits);
    for (index, line) in lines.iter().enumerate().take(end).skip(start) {
        if let Some(calendar) = builder.line(line).map_err(|refusal| refusal.at(index + 1))? {
            return Ok((calendar, builder.defects));
        }
    }
    builder.finish().map_err(|refusal| refusal.at(end))
}

fn bounded_lines(bytes: &[u8], limits: &CalendarLimits) -> Result<Vec<String>, CalendarError> {
    if bytes.len() > limits.bytes {
        return Err(CalendarError::TooLarge("octets"));
    }
    let lines = unfold(bytes);
    if lines.len() > limits.lines {
        return Err(CalendarError::TooLarge("lines"));
    }
    Ok(lines)
}

fn is_calendar_start(line: &str) -> bool {
    line.trim().eq_ignore_ascii_case("BEGIN:VCALENDAR")
}

/// Why a line is refused.
enum Refusal {
    Large(&'static str),
    Broken(&'static str),
}

impl Refusal {
    fn at(self, line: usize) -> CalendarError {
        match self {
            Self::Large(what) => CalendarError::TooLarge(what),
            Self::Broken(what) => CalendarError::Broken { line, what },
        }
    }
}

/// What a line that is none could belong to.
enum Last {
    Nothing,
    Property,
}

struct Builder<'a> {
    limits: &'a CalendarLimits,
    open: Vec<Component>,
    defects: Vec<String>,
    last: Last,
}

impl<'a> Builder<'a> {
    fn new(limits: &'a CalendarLimits) -> Self {
        Self { limits, open: Vec::new(), defects: Vec::new(), last: Last::Nothing }
    }

    /// Takes one line; gives the calendar when it is complete.
    fn line(&mut self, line: &str) -> Result<Option<Component>, Refusal> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        let Some(property) = content_line(line, self.limits)? else {
            self.stray(line);
            return Ok(None);
        };
        if property.is("BEGIN") {
            self.last = Last::Nothing;
            return self.begin(property.value.trim()).map(|()| None);
        }
        if property.is("END") {
            self.last = Last::Nothing;
            return self.end(property.value.trim());
        }
        if let Some(component) = self.open.last_mut() {
            component.properties.push(property);
            self.last = Last::Property;
        }
        Ok(None)
    }

    fn begin(&mut self, name: &str) -> Result<(), Refusal> {
        if name.is_empty() {
            return Err(Refusal::Broken("BEGIN without a name"));
        }
        if self.open.len() >= self.limits.depth {
            return Err(Refusal::Large("nesting"));
        }
        self.open.push(Component::new(name));
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<Option<Component>, Refusal> {
        let name = name.to_ascii_uppercase();
        let Some(depth) = self.open.iter().rposition(|component| component.name == name) else {
            return Err(Refusal::Broken("END without its BEGIN"));
        };
        if depth + 1 < self.open.len() {
            self.odd("a component has no END");
        }
        Ok(self.close(depth))
    }

    /// Closes all components from the innermost to the one at this depth.
    fn close(&mut self, depth: usize) -> Option<Component> {
        while self.open.len() > depth {
            let component = self.open.pop()?;
            match self.open.last_mut() {
                Some(parent) => parent.components.push(component),
                None => return Some(component),
            }
        }
        None
    }

    fn finish(mut self) -> Result<(Component, Vec<String>), Refusal> {
        self.odd("no END:VCALENDAR");
        let calendar = self.close(0).ok_or(Refusal::Broken("nothing in it"))?;
        Ok((calendar, self.defects))
    }

    /// A line without name and colon: the rest of the one before it, wrapped by somebody who does not know folding;
    /// or a property without value, which is left out.
    fn stray(&mut self, line: &str) {
        if line.split_once(';').is_some_and(|(name, _)| is_name(name)) {
            return self.odd("a property without a value was left out");
        }
        self.odd("a line that is no content line was added to the one before it");
        let Last::Property = self.last else { return };
        let Some(property) = self.open.last_mut().and_then(|component| component.properties.last_mut()) else { return };
        let quoted_printable = property.parameter("ENCODING").is_some_and(|value| value.eq_ignore_ascii_case("QUOTED-PRINTABLE"));
        let is_text = ["SUMMARY", "DESCRIPTION", "COMMENT", "LOCATION"].iter().any(|name| property.is(name));
        if quoted_printable && property.value.ends_with('=') {
            property.value.pop();
        } else if is_text {
            property.value.push_str("\\n");
        }
        property.value.extend(line.chars().filter(|&c| is_allowed(c)));
    }

    fn odd(&mut self, what: &str) {
        if !self.defects.iter().any(|defect| defect == what) {
            self.defects.push(what.to_owned());
        }
    }
}

/// Control characters but TAB are not allowed in a content line (RFC 5545 §3.1).
fn is_allowed(c: char) -> bool {
    c == '\t' || !c.is_control()
}

/// A property name, with the dots and slashes of vCalendar groups and of careless makers.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
}

/// `name *(";" param) ":" value`; `None` where the line has not that form.
fn content_line(line: &str, limits: &CalendarLimits) -> Result<Option<Property>, Refusal> {
    let clean: String = line.chars().filter(|&c| is_allowed(c)).collect();
    let Some(name_end) = clean.find([':', ';']) else { return Ok(None) };
    let (name, mut rest) = clean.split_at(name_end);
    let name = name.trim();
    if !is_name(name) {
        return Ok(None);
    }
    // A quote that closes after the last colon cannot be meant: the value would be inside it.
    let value_length = clean.rfind(':').map_or(0, |colon| clean.len() - colon);
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        if parameters.len() >= limits.parameters {
            return Err(Refusal::Large("parameters"));
        }
        let Some((parameter, tail)) = parameter(after, value_length) else { return Ok(None) };
        if !parameter.name.is_empty() {
            parameters.push(parameter);
        }
        rest = tail;
    }
    let Some(value) = rest.strip_prefix(':') else { return Ok(None) };
    Ok(Some(Property { name: name.to_owned(), parameters, value: value.to_owned() }))
}

/// `name "=" value *("," value)`, and what follows it; `None` where the line ends within it.
fn parameter(text: &str, value_length: usize) -> Option<(Parameter, &str)> {
    let name_end = text.find(['=', ';', ':'])?;
    let (name, mut rest) = text.split_at(name_end);
    let name = name.replace('"', "").trim().to_owned();
    let mut values = Vec::new();
    if let Some(after) = rest.strip_prefix('=') {
        rest = after;
        loop {
            let (value, tail) = parameter_value(rest, value_length)?;
            values.push(value);
            rest = tail;
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
    }
    Some((Parameter { name, values }, rest))
}

/// One value without its quotes, up to a comma, semicolon or colon outside them. A quote that is never closed
/// is no quote.
fn parameter_value(text: &str, value_length: usize) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let stop = rest.find(['"', ',', ';', ':'])?;
        let (plain, tail) = rest.split_at(stop);
        value.push_str(plain);
        // Outlook.com leaves `TZID=tzone://Microsoft/Utc` unquoted: that colon does not start the value.
        let is_zone_uri = value.eq_ignore_ascii_case("tzone");
        if let Some(after) = tail.strip_prefix("://").filter(|after| is_zone_uri && after.len() >= value_length) {
            value.push_str("://");
            rest = after;
            continue;
        }
        let Some(after) = tail.strip_prefix('"') else { return Some((value, tail)) };
        match after.split_once('"').filter(|(_, after)| after.len() >= value_length) {
            Some((quoted, after)) => {
                value.push_str(quoted);
                rest = after;
            }
            None => {
                // Not closed before the value: every later quote is as meaningless.
                let stop = after.find([',', ';', ':'])?;
                value.extend(after[..stop].chars().filter(|&c| c != '"'));
                return Some((value, &after[stop..]));
            }
        }
    }
}
