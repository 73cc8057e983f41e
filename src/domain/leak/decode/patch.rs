//! A text with some stretches read anew: the new reading with what stands around it.
//!
//! What is far from every change says nothing new: it is looked at where it comes from. Of a text that was changed before,
//! only those places say something new where the earlier changes and these stand together; the others are seen in the
//! text without one of them. So the readings of a text in every order of its disguises stay few and short.

use std::ops::Range;

/// Octets of the surroundings on each side of a change: more than any secret has.
const CONTEXT: usize = 128;
/// Octets of the longest sign that begins or ends what is removed: `<!--`.
const LONGEST_END: usize = 4;
/// Stands for what is left out. Letters on both sides, so that a word cut in two is nobody's name; four lines between, so
/// that no disguise goes on across them.
const LEFT_OUT: &[u8] = b"x\n\n\n\nx";

/// A reading of some text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Reading {
    pub(in super::super) bytes: Vec<u8>,
    /// Where something was changed to come to it, ascending; nothing in a text that is as it was found.
    pub(in super::super) marks: Vec<usize>,
}

/// Collects the stretches that read otherwise, in their order.
pub(super) struct Patch<'a> {
    source: &'a [u8],
    marks: &'a [usize],
    was_changed: bool,
    at: usize,
    out: Vec<u8>,
    placed: Vec<Mark>,
}

/// A place of the new reading where an earlier change was, a new one is, or both.
struct Mark {
    at: usize,
    old: bool,
    new: bool,
}

impl<'a> Patch<'a> {
    /// Of a source with the marks of its earlier changes.
    pub(super) fn of(source: &'a [u8], marks: &'a [usize]) -> Self {
        Self { source, marks, was_changed: !marks.is_empty(), at: 0, out: Vec::new(), placed: Vec::new() }
    }

    /// Up to where the source was read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// This range of the source reads `text`; what of it was replaced before stays so.
    pub(super) fn replace(&mut self, range: Range<usize>, text: &[u8]) {
        self.keep_to(range.start);
        self.place_marks(range.end);
        self.place(false);
        // A long text is new throughout: without marks within, its middle would be left out as far from any change.
        for piece in text.chunks(CONTEXT) {
            self.out.extend_from_slice(piece);
            self.place(false);
        }
        self.at = self.at.max(range.end);
    }

    /// This range of the source is not shown. What it had within it, its ends put aside, says nothing of that.
    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.keep_to(range.start);
        let is_end = |mark: &usize| *mark < range.start + LONGEST_END || *mark + LONGEST_END > range.end;
        let within = self.marks.partition_point(|mark| *mark < range.end);
        let (inside, after) = self.marks.split_at(within);
        if inside.iter().any(is_end) {
            self.place(true);
        }
        self.marks = after;
        self.place(false);
        self.at = self.at.max(range.end);
    }

    /// The new reading, unless nothing new can be seen in it.
    pub(super) fn finish(mut self) -> Option<Reading> {
        if self.placed.is_empty() {
            return None;
        }
        self.keep_to(self.source.len());
        self.place_marks(usize::MAX);
        let mut reading = Reading::default();
        let mut marks = self.placed.iter().enumerate().filter(|(index, _)| self.tells(*index)).map(|(_, mark)| mark.at).peekable();
        while let Some(first) = marks.next() {
            let mut last = first;
            while let Some(near) = marks.next_if(|mark| mark - last <= 2 * CONTEXT) {
                last = near;
            }
            reading.take(&self.out, first, last, &self.placed);
        }
        (!reading.marks.is_empty()).then_some(reading)
    }

    /// Whether something new can be seen near this mark: any change of a text as it was found; else an earlier change and a
    /// new one together.
    fn tells(&self, index: usize) -> bool {
        let Some(mark) = self.placed.get(index) else { return false };
        let meets = |other: &Mark| (other.old && mark.new) || (other.new && mark.old);
        let is_near = |other: &&Mark| other.at.abs_diff(mark.at) <= CONTEXT;
        let before = self.placed.iter().take(index).rev();
        let after = self.placed.iter().skip(index);
        !self.was_changed || before.take_while(is_near).any(meets) || after.take_while(is_near).any(meets)
    }

    fn keep_to(&mut self, end: usize) {
        while let Some(mark) = self.marks.first().copied().filter(|mark| *mark < end) {
            let kept = self.source.get(self.at..mark).unwrap_or_default();
            self.out.extend_from_slice(kept);
            self.at = self.at.max(mark);
            self.place_marks(mark + 1);
        }
        self.out.extend_from_slice(self.source.get(self.at..end).unwrap_or_default());
        self.at = self.at.max(end);
    }

    /// A mark here: one for each place, however much was taken away at it.
    fn place(&mut self, old: bool) {
        let at = self.out.len();
        match self.placed.last_mut().filter(|mark| mark.at == at) {
            Some(mark) => {
                mark.old |= old;
                mark.new |= !old;
            }
            None => self.placed.push(Mark { at, old, new: !old }),
        }
    }

    /// Marks of the source before `end` stand here.
    fn place_marks(&mut self, end: usize) {
        let here = self.marks.partition_point(|mark| *mark < end);
        if here > 0 {
            self.place(true);
            self.marks = self.marks.get(here..).unwrap_or_default();
        }
    }
}

impl Reading {
    /// A text as it was found.
    pub(in super::super) fn found(bytes: Vec<u8>) -> Self {
        Self { bytes, marks: Vec::new() }
    }

    /// Adds what stands from the first of some marks to the last, with their surroundings in `text` and all marks there.
    fn take(&mut self, text: &[u8], first: usize, last: usize, marks: &[Mark]) {
        let start = boundary(text, first.saturating_sub(CONTEXT));
        let end = boundary(text, last.saturating_add(CONTEXT).min(text.len()));
        if start > 0 && !self.bytes.ends_with(LEFT_OUT) {
            self.bytes.extend_from_slice(LEFT_OUT);
        }
        let shift = self.bytes.len();
        let here = marks.partition_point(|mark| mark.at < start)..marks.partition_point(|mark| mark.at <= end);
        self.marks.extend(marks.get(here).unwrap_or_default().iter().map(|mark| shift + mark.at - start));
        self.bytes.extend_from_slice(text.get(start..end).unwrap_or_default());
        if end < text.len() {
            self.bytes.extend_from_slice(LEFT_OUT);
        }
    }
}

/// The first place at or after `at` that lies in no UTF-8 character (RFC 3629 §3: at most four octets).
fn boundary(bytes: &[u8], at: usize) -> usize {
    let is_inside = |place: &usize| bytes.get(*place).is_some_and(|byte| byte & 0xc0 == 0x80);
    (at..bytes.len()).take(4).find(|place| !is_inside(place)).unwrap_or(at.min(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, marks: &[usize], changes: &[(usize, usize, &str)]) -> Option<(String, Vec<usize>)> {
        let mut patch = Patch::of(source.as_bytes(), marks);
        for (start, end, text) in changes {
            patch.replace(*start..*end, text.as_bytes());
        }
        patch.finish().map(|reading| (String::from_utf8(reading.bytes).unwrap(), reading.marks))
    }

    #[test]
    fn a_short_text_is_kept_whole() {
        assert_eq!(shown("a=41b", &[], &[(1, 4, "A")]), Some(("aAb".to_owned(), vec![1, 2])));
        assert_eq!(shown("a=41b", &[], &[]), None);
        assert_eq!(shown("=41=42", &[], &[(0, 3, "A"), (3, 6, "B")]), Some(("AB".to_owned(), vec![0, 1, 2])));
    }

    #[test]
    fn far_surroundings_are_left_out() {
        let far = "é".repeat(1000);
        let source = format!("{far}={far}={far}");
        let (first, second) = (far.len(), 2 * far.len() + 1);
        let (view, marks) = shown(&source, &[], &[(first, first + 1, "A"), (second, second + 1, "B")]).unwrap();
        let near = "é".repeat(64);
        assert_eq!(view, format!("x\n\n\n\nx{near}A{near}x\n\n\n\nx{near}B{near}x\n\n\n\nx"));
        let marked: Vec<usize> = ["A", "B"].iter().flat_map(|sign| view.find(sign)).flat_map(|at| [at, at + 1]).collect();
        assert_eq!(marks, marked);
    }

    #[test]
    fn of_a_changed_text_only_what_stands_near_the_changes_is_new() {
        let far = "a".repeat(2000);
        let source = format!("={far}=");
        // Changed before at its end alone: a change at its start was seen in the text before.
        assert_eq!(shown(&source, &[2001], &[(0, 1, "A")]), None);
        let (view, marks) = shown(&source, &[2001], &[(0, 1, "A"), (2001, 2002, "B")]).unwrap();
        assert_eq!(view, format!("x\n\n\n\nx{}B", &far[..128]));
        assert_eq!(marks, [134, 135]);
        // A change of what was changed before is both.
        assert!(shown("abc", &[1], &[(0, 3, "d")]).is_some());
    }
}
