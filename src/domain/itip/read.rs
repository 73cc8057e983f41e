//! The typed view of a calendar object.

use super::CalendarObject;

/// Why bytes are no calendar object. The text names what and where, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// No BEGIN:VCALENDAR.
    #[error("no VCALENDAR in it")]
    NotACalendar,
    /// Over a limit.
    #[error("the calendar object is too large: {0}")]
    TooLarge(&'static str),
    /// BEGIN and END do not pair, or a line cannot be one.
    #[error("line {line}: {what}")]
    Broken {
        /// Unfolded line number, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Reads one iCalendar object from bytes of any charset lie, folding and line ending that real clients write.
pub fn read(_bytes: &[u8]) -> Result<CalendarObject, CalendarError> {
    Err(CalendarError::NotACalendar)
}
