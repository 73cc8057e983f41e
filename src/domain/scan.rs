//! What programs that look into mail have found: a virus scanner, a spam filter.

/// Their findings about one message; none of them asked is none of them found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// The name of a virus; or why the message could not be looked into, which counts as one.
    pub virus: Option<String>,
    /// Why it is spam, as a short English clause.
    pub spam: Option<String>,
}

impl Scanned {
    /// What both have found.
    pub fn and(self, other: Self) -> Self {
        Self { virus: self.virus.or(other.virus), spam: self.spam.or(other.spam) }
    }
}
