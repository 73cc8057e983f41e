//! Calendar objects, wherever clients put them: as text/calendar, application/ics, a file named so, bare in a text
//! part, or (OBM) in the part's own header block with an empty body.

use super::structure::Leaf;
use super::{CalendarPart, Part, Placement};
use std::collections::HashMap;

const TYPES: [&str; 6] =
    ["text/calendar", "application/ics", "text/x-vcalendar", "application/calendar", "text/ical", "application/x-ical"];
const ENDINGS: [&str; 4] = [".ics", ".vcs", ".ical", ".ifb"];

/// Every calendar object, the sender's own first, identical bytes once.
pub(super) fn find(leaves: &[Leaf]) -> Vec<CalendarPart> {
    let mut found: Vec<CalendarPart> = Vec::new();
    let mut seen: HashMap<Vec<u8>, usize> = HashMap::new();
    for embedded in [false, true] {
        for leaf in leaves.iter().filter(|leaf| (leaf.part.placement == Placement::Embedded) == embedded) {
            let Some(bytes) = calendar_of(leaf) else { continue };
            let method = leaf.part.parameter("method").map(str::to_owned);
            match seen.get(bytes).and_then(|index| found.get_mut(*index)) {
                Some(same) => same.method = same.method.take().or(method),
                None => {
                    seen.insert(bytes.to_vec(), found.len());
                    found.push(CalendarPart { bytes: bytes.to_vec(), method, embedded });
                }
            }
        }
    }
    found
}

fn calendar_of(leaf: &Leaf) -> Option<&[u8]> {
    let part = &leaf.part;
    if is_declared(part) {
        let is_empty = part.bytes.iter().all(u8::is_ascii_whitespace);
        return if is_empty { in_header(&leaf.header) } else { Some(&part.bytes) };
    }
    let can_hide_one = part.content_type.starts_with("text/") || part.content_type == "application/octet-stream";
    (can_hide_one && is_bare_calendar(&part.bytes)).then_some(&part.bytes)
}

fn is_declared(part: &Part) -> bool {
    let name = part.file_name.as_deref().unwrap_or_default().to_lowercase();
    TYPES.contains(&part.content_type.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether the content starts as a calendar object.
pub(super) fn is_bare_calendar(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    bytes.get(..15).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCALENDAR"))
}

/// The calendar object that stands among the header fields.
fn in_header(header: &[u8]) -> Option<&[u8]> {
    let mut offset = 0;
    for line in header.split_inclusive(|b| *b == b'\n') {
        if is_bare_calendar(line) && !line.starts_with(b" ") {
            return header.get(offset..);
        }
        offset += line.len();
    }
    None
}
