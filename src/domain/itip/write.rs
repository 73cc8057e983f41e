//! Tree to text: CRLF, folded at 75 octets and never inside a character (RFC 5545 §3.1).

use super::tree::{Component, Parameter, Property};

/// Longest line in octets without its line end (RFC 5545 §3.1).
const LINE_MAX: usize = 75;

impl Component {
    /// The object as it is sent.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) {
        fold(&format!("BEGIN:{}", clean(&self.name)), text);
        for property in &self.properties {
            fold(&property.to_line(), text);
        }
        for component in &self.components {
            component.write_to(text);
        }
        fold(&format!("END:{}", clean(&self.name)), text);
    }
}

impl Property {
    /// The line, not folded. No control character gets through, so that no value can start another property.
    fn to_line(&self) -> String {
        let mut line = clean(&self.name);
        for parameter in &self.parameters {
            line.push(';');
            line.push_str(&parameter.to_fragment());
        }
        line.push(':');
        line.push_str(&clean(&self.value));
        line
    }
}

impl Parameter {
    fn to_fragment(&self) -> String {
        let mut fragment = clean(&self.name);
        for (index, value) in self.values.iter().enumerate() {
            fragment.push(if index == 0 { '=' } else { ',' });
            let value: String = clean(value).replace('"', "");
            // CN is quoted always: clients disagree on which names need it. The rest by RFC 5545 §3.1.
            if !value.contains([',', ';', ':']) && !self.name.eq_ignore_ascii_case("CN") {
                fragment.push_str(&value);
            } else {
                fragment.extend(["\"", &value, "\""]);
            }
        }
        fragment
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|&c| c == '\t' || !c.is_control()).collect()
}

fn fold(line: &str, text: &mut String) {
    let mut octets = 0;
    for c in line.chars() {
        if octets + c.len_utf8() > LINE_MAX {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(c);
        octets += c.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::super::parse::{CalendarLimits, parse};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_line_is_longer_than_75_octets() {
        let mut calendar = Component::new("VCALENDAR");
        calendar.properties.push(Property::text("SUMMARY", &"réunion € 😀 ".repeat(40)));
        let text = calendar.to_text();
        assert!(text.split("\r\n").all(|line| line.len() <= 75));
        let (read, defects) = parse(text.as_bytes(), &CalendarLimits::default()).unwrap();
        assert_eq!((read, defects), (calendar, vec![]));
    }

    #[test]
    fn nothing_can_start_a_new_property() {
        let mut calendar = Component::new("VCALENDAR");
        calendar.properties.push(Property::new("ORGANIZER", "mailto:a@b.example\r\nX-EVIL:1").with("CN", "x\"\r\nX-EVIL:2\u{85}"));
        let text = calendar.to_text();
        assert_eq!(text.matches("\r\n").count(), 3, "{text}");
        assert!(text.contains("CN=\"x^'^nX-EVIL:2\""), "{text}");
    }

    fn value() -> impl Strategy<Value = String> {
        "[ -~àé€😀\t]{0,90}"
    }

    prop_compose! {
        fn property()(name in "[A-Z][A-Z0-9-]{0,12}", values in prop::collection::vec((("[A-Z][A-Z-]{0,8}"), prop::collection::vec("[ !#-~àé€]{0,30}", 0..3)), 0..4), value in value()) -> Property {
            let name = if name == "BEGIN" || name == "END" { "X".to_owned() } else { name };
            Property { name, parameters: values.into_iter().map(|(name, values)| Parameter { name, values }).collect(), value }
        }
    }

    proptest! {
        #[test]
        fn a_written_tree_reads_the_same(top in prop::collection::vec(property(), 0..6), inner in prop::collection::vec(property(), 0..6)) {
            let mut calendar = Component::new("VCALENDAR");
            calendar.properties = top;
            calendar.components.push(Component { name: "VEVENT".into(), properties: inner, components: vec![] });
            let (read, _) = parse(calendar.to_text().as_bytes(), &CalendarLimits::default()).unwrap();
            prop_assert_eq!(read, calendar);
        }

        #[test]
        fn whatever_is_read_can_be_written_and_read_again(noise in "(?s)[A-Za-z0-9:;=\",\\\\^ \t\r\n\u{0}\u{7f}é😀-]{0,300}") {
            let text = format!("BEGIN:VCALENDAR\r\n{noise}\r\nEND:VCALENDAR\r\n");
            if let Ok((first, _)) = parse(text.as_bytes(), &CalendarLimits::default()) {
                let (second, _) = parse(first.to_text().as_bytes(), &CalendarLimits::default()).unwrap();
                prop_assert_eq!(first, second);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse(&bytes, &CalendarLimits::default());
        }
    }
}
