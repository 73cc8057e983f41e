//! The author in a From field, read strictly: one mailbox in the form that every program reads alike.
//!
//! RFC 5322 §3.4 allows much more (groups, routes, quoted local parts, comments anywhere), and programs differ in what they see there.
//! Honest ones write none of it.

use crate::domain::address::Mailbox;

/// The pieces of a From field.
#[derive(Default)]
struct Pieces {
    /// What stands before the angle brackets, or alone; quoted strings and comments left out.
    before: String,
    /// Inside angle brackets.
    inside: Option<String>,
    has_quotes: bool,
}

/// The one mailbox of a field's value without folds; else why there is doubt, as a clause that follows "its From field".
pub(super) fn scan(value: &[u8]) -> Result<Mailbox, &'static str> {
    let text = std::str::from_utf8(value).map_err(|_| "is not in UTF-8")?;
    let pieces = Pieces::of(text)?;
    let before = pieces.before.trim();
    let address = match &pieces.inside {
        // Some programs repeat the address as the name, without quotes.
        Some(inside) if before.contains('@') && !before.eq_ignore_ascii_case(inside.trim()) => return Err("names two addresses"),
        Some(inside) => inside.trim(),
        None if pieces.has_quotes => return Err("has a quoted local part"),
        None => before,
    };
    if address.contains('"') {
        return Err("has a quoted local part");
    }
    if address.contains("=?") || address.contains(['(', ')', '\\']) {
        return Err("has an address that is not written plainly");
    }
    if address.contains([':', ',']) {
        return Err("has a route or several addresses");
    }
    Mailbox::parse(address).map_err(|_| "has no address that can be read")
}

impl Pieces {
    fn of(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Self::default();
        let mut letters = text.chars();
        while let Some(c) = letters.next() {
            match c {
                '"' => {
                    pieces.has_quotes = true;
                    until_quote(&mut letters)?;
                }
                '(' => comment(&mut letters)?,
                '<' if pieces.inside.is_some() => return Err("has more than one address"),
                '<' => {
                    let inside: String = letters.by_ref().take_while(|c| *c != '>').collect();
                    // Without an end, the brackets took everything.
                    if inside.contains('<') || text.matches('>').next().is_none() {
                        return Err("has brackets that do not match");
                    }
                    pieces.inside = Some(inside);
                }
                '>' | '\\' | ')' => return Err("has brackets that do not match"),
                ',' | ';' | ':' => return Err("is a list or a group"),
                _ if c.is_control() && c != '\t' => return Err("has a control character in it"),
                _ if pieces.inside.is_some() && !c.is_whitespace() => return Err("goes on behind its address"),
                _ => pieces.before.push(c),
            }
            if pieces.inside.is_some() && c == '"' {
                return Err("goes on behind its address");
            }
        }
        Ok(pieces)
    }
}

fn until_quote(letters: &mut std::str::Chars<'_>) -> Result<(), &'static str> {
    while let Some(c) = letters.next() {
        match c {
            '\\' => drop(letters.next()),
            '"' => return Ok(()),
            _ => {}
        }
    }
    Err("has quotes that do not match")
}

/// A comment without anything that could pass for an address.
fn comment(letters: &mut std::str::Chars<'_>) -> Result<(), &'static str> {
    for c in letters {
        match c {
            ')' => return Ok(()),
            '(' | '\\' | '@' | '<' | '>' | '"' => return Err("has a comment that hides something"),
            _ => {}
        }
    }
    Err("has brackets that do not match")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_honest_programs_write() {
        for value in [
            "jean@hopital.example",
            "<jean@hopital.example>",
            "Jean Martin <jean@hopital.example>",
            "\"Martin, Jean (CHU)\" <jean@hopital.example>",
            "\"x@evil.example\" <jean@hopital.example>",
            "=?UTF-8?Q?J=C3=A9r=C3=B4me?= <jean@hopital.example>",
            "Dr. J\u{e9}r\u{f4}me O'Neil\t<jean@hopital.example>",
            "jean@hopital.example <JEAN@hopital.example>",
            "jean@hopital.example (Jean Martin)",
            "Jean (CHU) <jean@hopital.example> (mobile)",
        ] {
            let mailbox = scan(value.as_bytes()).unwrap_or_else(|why| panic!("{value}: {why}"));
            assert!(mailbox.same_as(&Mailbox::parse("jean@hopital.example").unwrap()), "{value}");
        }
    }

    #[test]
    fn what_is_read_in_two_ways() {
        for value in [
            "<jean@hopital.example>, <x@evil.example>",
            "jean@hopital.example, x@evil.example",
            "<jean@hopital.example> <x@evil.example>",
            "<jean@hopital.example>x@evil.example",
            "<jean@hopital.example> \"x@evil.example\"",
            "jean@hopital.example <x@evil.example>",
            "jean@hopital.example x@evil.example",
            "<@hopital.example,@any.example:x@evil.example>",
            "<@evil.example:jean@hopital.example>",
            "guests: jean@hopital.example;",
            "\"jean@hopital.example\"@evil.example",
            "<\"x@evil.example\"@hopital.example>",
            "<jean(comment)@hopital.example>",
            "jean@hopital.example (x@evil.example)",
            "(<x@evil.example>) jean@hopital.example",
            "<jean@hopital.example\0@evil.example>",
            "<jean@hopital.example",
            "jean@hopital.example>",
            "\"Jean <jean@hopital.example>",
            "<<jean@hopital.example>>",
            "=?utf-8?Q?jean=40hopital.example?=",
            "<=?utf-8?Q?jean?=@hopital.example>",
            "\\<x@evil.example> <jean@hopital.example>",
            "<jean@hopital.example\\>",
            "",
        ] {
            assert!(scan(value.as_bytes()).is_err(), "{value:?}");
        }
        assert!(scan(b"J\xe9r\xf4me <jean@hopital.example>").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_scanned(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = scan(&value);
        }

        #[test]
        fn one_address_of_two_is_never_taken(one in "[a-z]{1,8}", glue in "[ ,;:<>()\"\\\\]{1,4}", order in any::<bool>()) {
            let (a, b) = (format!("{one}@hopital.example"), "x@evil.example".to_owned());
            let (first, second) = if order { (a, b) } else { (b, a) };
            let read = scan(format!("{first}{glue}{second}").as_bytes());
            // Quotes and comments around the one make it a name; nothing else does.
            let is_name = glue.contains(['"', '(', ')']);
            prop_assert!(read.is_err() || is_name, "{first}{glue}{second}: {read:?}");
        }
    }
}
