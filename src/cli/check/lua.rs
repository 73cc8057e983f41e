//! A lenient reader of Prosody's configuration, which is Lua: assignments inside sections; what is computed is not followed.

/// What an option is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `true` or `false`.
    Truth(bool),
    /// A string.
    Text(String),
    /// The strings of a table, keys and inner tables left out.
    List(Vec<String>),
    /// A number, or something that Prosody computes.
    Other,
}

/// What a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What stands before the first host: it holds for every host.
    Global,
    /// `VirtualHost "name"`
    Host,
    /// `Component "name" "muc"`: a place of rooms.
    Rooms,
    /// Another component.
    Component,
}

/// A host, a component or what stands before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) kind: Kind,
    /// Its name; empty for the global one.
    pub(super) name: String,
    /// Options in their order; of two with one name the later one holds.
    options: Vec<(String, Value)>,
}

impl Section {
    fn new(kind: Kind, name: String) -> Self {
        Self { kind, name, options: Vec::new() }
    }

    /// The value that holds for this option.
    pub(super) fn get(&self, option: &str) -> Option<&Value> {
        self.options.iter().rev().find(|(name, _)| name == option).map(|(_, value)| value)
    }

    /// The strings of a list option; none when it is not set.
    pub(super) fn list(&self, option: &str) -> &[String] {
        match self.get(option) {
            Some(Value::List(items)) => items,
            Some(Value::Truth(_) | Value::Text(_) | Value::Other) | None => &[],
        }
    }
}

/// Reads one file into sections, the global one first. Never fails: what it does not know it passes over.
pub(super) fn read(text: &str) -> Vec<Section> {
    let tokens = tokens(text);
    let mut sections = vec![Section::new(Kind::Global, String::new())];
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        let Token::Word(word) = token else { continue };
        match word.as_str() {
            "VirtualHost" | "Component" => {
                if let Some((section, after)) = section(word, rest) {
                    sections.push(section);
                    rest = after;
                }
            }
            option => {
                if let Some((Token::Sign('='), after)) = rest.split_first() {
                    let (value, after) = value(after);
                    rest = after;
                    if let Some(section) = sections.last_mut() {
                        section.options.push((option.to_owned(), value));
                    }
                }
            }
        }
    }
    sections
}

/// `VirtualHost "name"`, `Component "name" "kind"`, both also with parentheses around a string.
fn section<'t>(word: &str, tokens: &'t [Token]) -> Option<(Section, &'t [Token])> {
    let (name, rest) = string(tokens)?;
    if word == "VirtualHost" {
        return Some((Section::new(Kind::Host, name), rest));
    }
    match string(rest) {
        Some((kind, rest)) => {
            let kind = if kind == "muc" { Kind::Rooms } else { Kind::Component };
            Some((Section::new(kind, name), rest))
        }
        None => Some((Section::new(Kind::Component, name), rest)),
    }
}

fn string(tokens: &[Token]) -> Option<(String, &[Token])> {
    match tokens {
        [Token::Sign('('), Token::Text(text), Token::Sign(')'), rest @ ..] | [Token::Text(text), rest @ ..] => Some((text.clone(), rest)),
        _ => None,
    }
}

fn value(tokens: &[Token]) -> (Value, &[Token]) {
    let Some((first, rest)) = tokens.split_first() else { return (Value::Other, tokens) };
    let (value, rest) = match first {
        Token::Sign('{') => table(rest),
        Token::Text(text) => (Value::Text(text.clone()), rest),
        Token::Word(word) if word == "true" => (Value::Truth(true), rest),
        Token::Word(word) if word == "false" => (Value::Truth(false), rest),
        Token::Word(_) | Token::Sign(_) => (Value::Other, rest),
    };
    // A calculation such as `"a" .. b` or `f("x")`.
    let computed = matches!(rest.first(), Some(Token::Sign('.' | '(' | '+' | ':')));
    (if computed { Value::Other } else { value }, rest)
}

/// After the opening brace: the strings at this level, up to the closing one.
fn table(tokens: &[Token]) -> (Value, &[Token]) {
    let mut items = Vec::new();
    let mut depth = 1_usize;
    let mut keyed = false;
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            Token::Text(text) if depth == 1 && !keyed => items.push(text.clone()),
            Token::Text(_) | Token::Word(_) | Token::Sign(_) => {}
        }
        keyed = matches!(token, Token::Sign('='));
    }
    (Value::List(items), rest)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name, a keyword or a number.
    Word(String),
    /// A quoted string.
    Text(String),
    /// Any other character.
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = match long_bracket(comment) {
                Some((_, after)) => after,
                None => comment.split_once('\n').map_or("", |(_, after)| after),
            };
        } else if let Some((inside, after)) = long_bracket(rest) {
            found.push(Token::Text(inside.to_owned()));
            rest = after;
        } else if matches!(first, '"' | '\'') {
            let (inside, after) = quoted(rest, first);
            found.push(Token::Text(inside));
            rest = after;
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let (word, after) = split_where(rest, |c| !(c.is_ascii_alphanumeric() || c == '_'));
            found.push(Token::Word(word.to_owned()));
            rest = after;
        } else {
            if !first.is_whitespace() {
                found.push(Token::Sign(first));
            }
            rest = split_after(rest);
        }
    }
    found
}

/// `[[…]]` and `[==[…]==]`: what is inside, and what follows. Without an end it reaches to the end of the text.
fn long_bracket(text: &str) -> Option<(&str, &str)> {
    let (level, inside) = text.strip_prefix('[')?.split_once('[')?;
    if !level.chars().all(|c| c == '=') {
        return None;
    }
    Some(inside.split_once(&format!("]{level}]")).unwrap_or((inside, "")))
}

/// A string up to its closing quote or the end of the line, escapes undone as far as configurations use them.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut inside = String::new();
    let mut rest = split_after(text);
    while let Some(c) = rest.chars().next() {
        if c == '\n' {
            break;
        }
        rest = split_after(rest);
        if c == quote {
            break;
        }
        let Some(escaped) = rest.chars().next().filter(|_| c == '\\') else {
            inside.push(c);
            continue;
        };
        inside.push(match escaped {
            'n' => '\n',
            't' => '\t',
            other => other,
        });
        rest = split_after(rest);
    }
    (inside, rest)
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

/// What follows the first character.
fn split_after(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_values_are_read() {
        let sections = read(
            "-- a comment with VirtualHost \"no\"\n--[[ and\nVirtualHost \"none\" ]]\nadmins = { \"focus@auth.x\" }\n\
             VirtualHost \"meet.test\"\n  authentication = 'token';\n  app_secret = [[a\"b]]\n  allow_empty_token = false -- no\n\
             ssl = { key = \"k.pem\"; certificate = \"c.pem\" }\n  modules_enabled = {\n \"bosh\"; -- one\n 'ping', { \"inner\" }; n = 3 }\n\
             Component(\"conference.meet.test\")(\"muc\")\n  x = os.getenv(\"X\")\n  y = \"a\" .. z\nComponent \"focus.meet.test\" \"client_proxy\"",
        );
        let names: Vec<_> = sections.iter().map(|section| (section.kind, section.name.as_str())).collect();
        assert_eq!(
            names,
            [(Kind::Global, ""), (Kind::Host, "meet.test"), (Kind::Rooms, "conference.meet.test"), (Kind::Component, "focus.meet.test")]
        );
        let host = &sections[1];
        assert_eq!(host.get("authentication"), Some(&Value::Text("token".to_owned())));
        assert_eq!(host.get("app_secret"), Some(&Value::Text("a\"b".to_owned())));
        assert_eq!(host.get("allow_empty_token"), Some(&Value::Truth(false)));
        assert_eq!(host.list("modules_enabled"), ["bosh", "ping"]);
        assert_eq!(host.list("ssl"), [""; 0]);
        assert_eq!(host.get("key"), None);
        assert_eq!(sections[2].get("x"), Some(&Value::Other));
        assert_eq!(sections[2].get("y"), Some(&Value::Other));
        assert_eq!(sections[0].list("admins"), ["focus@auth.x"]);
    }

    #[test]
    fn the_later_of_two_holds_and_escapes_are_undone() {
        let sections = read(r#"a = "one" a = "t\"wo\\" b = "never ended"#);
        assert_eq!(sections[0].get("a"), Some(&Value::Text("t\"wo\\".to_owned())));
        assert_eq!(sections[0].get("b"), Some(&Value::Text("never ended".to_owned())));
    }

    #[test]
    fn no_text_makes_it_panic() {
        let whole = "VirtualHost \"é\" x = { { \"a\" } = --[==[ ü ]==] 'b\\' [[ \u{1F600}";
        for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            read(&whole[..end]);
            read(&whole[end..]);
        }
        read(&"{".repeat(100_000));
    }
}
