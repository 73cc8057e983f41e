//! The lossless tree: components and content lines (RFC 5545 §3.1) in order, nothing normalized.

use std::borrow::Cow;

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
    /// A content line with a value that is written as it is (a time, a URI, a word).
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), parameters: Vec::new(), value: value.into() }
    }

    /// A content line with a TEXT value (RFC 5545 §3.3.11): it is escaped.
    pub fn text(name: &str, text: &str) -> Self {
        Self::new(name, escape_text(text))
    }

    /// Adds a parameter with one value, encoded by RFC 6868.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.push(Parameter { name: name.to_owned(), values: vec![encode_carets(value)] });
        self
    }

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
    /// An empty component.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_ascii_uppercase(), ..Self::default() }
    }

    /// First property of that name, in any letter case.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.is(name))
    }

    /// All properties of that name.
    pub fn properties_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |p| p.is(name))
    }

    /// All nested components of that name (upper case).
    pub fn components_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Component> {
        self.components.iter().filter(move |c| c.name == name)
    }
}

/// Escapes a TEXT value (RFC 5545 §3.3.11). Line ends become `\n`; other control characters are dropped.
pub fn escape_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\r' => {
                characters.next_if_eq(&'\n');
                escaped.push_str("\\n");
            }
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push('\t'),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Undoes [`escape_text`]. A backslash before any other character stays (clients write Windows paths unescaped).
pub fn unescape_text(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some('n' | 'N')) => {
                characters.next();
                text.push('\n');
            }
            ('\\', Some(&next @ ('\\' | ';' | ',' | ':' | '"'))) => {
                characters.next();
                text.push(next);
            }
            _ => text.push(c),
        }
    }
    text
}

/// Encodes a parameter value (RFC 6868 §3.1): what a quoted string cannot hold.
pub fn encode_carets(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '^' => encoded.push_str("^^"),
            '"' => encoded.push_str("^'"),
            '\n' => encoded.push_str("^n"),
            '\t' => encoded.push(' '),
            c if c.is_control() => {}
            c => encoded.push(c),
        }
    }
    encoded
}

/// Decodes a parameter value (RFC 6868 §3.2).
pub fn decode_carets(value: &str) -> Cow<'_, str> {
    if !value.contains('^') {
        return Cow::Borrowed(value);
    }
    let mut decoded = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(c) = characters.next() {
        let replacement = match (c, characters.peek()) {
            ('^', Some('n')) => Some('\n'),
            ('^', Some('^')) => Some('^'),
            ('^', Some('\'')) => Some('"'),
            _ => None,
        };
        if replacement.is_some() {
            characters.next();
        }
        decoded.push(replacement.unwrap_or(c));
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_escaping() {
        let text = "a; b, c\\n \\ fin\nC:\\temp";
        assert_eq!(unescape_text(&escape_text(text)), text);
        assert_eq!(escape_text("a\r\nATTENDEE:x\rb\u{0}"), "a\\nATTENDEE:x\\nb");
    }

    #[test]
    fn carets_survive() {
        let name = "Jean \"JJ\" ^ Martin";
        assert_eq!(encode_carets(name), "Jean ^'JJ^' ^^ Martin");
        assert_eq!(decode_carets(&encode_carets(name)), name);
        assert_eq!(decode_carets("a^b"), "a^b");
    }
}
