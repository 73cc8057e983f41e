//! The lossless tree: components and content lines (RFC 5545 §3.1) in order, nothing normalized.

/// A property parameter: its name in the letter case as written, and its values without their quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name as written.
    pub name: String,
    /// Values, RFC 6868 carets not decoded.
    pub values: Vec<String>,
}

/// One unfolded content line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Name as written.
    pub name: String,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// The value, still escaped.
    pub value: String,
}

impl Property {
    /// Whether the name is this one, in any letter case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// First value of the first parameter of that name, in any letter case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|p| p.name.eq_ignore_ascii_case(name)).and_then(|p| p.values.first()).map(String::as_str)
    }
}

/// `BEGIN:name` … `END:name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Name in upper case.
    pub name: String,
    /// Properties in order.
    pub properties: Vec<Property>,
    /// Nested components in order, after the properties.
    pub components: Vec<Component>,
}

impl Component {
    /// First property of that name, in any letter case.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.is(name))
    }
}
