//! Changes of the key file that keep everything else in it, comments too: a new key in front, an old one out.

use super::Secrets;
use super::fresh::secret;
use chrono::NaiveDate;

/// Which keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Of addresses.
    Address,
    /// Of links.
    Link,
}

impl KeyKind {
    fn head(self) -> &'static str {
        match self {
            Self::Address => "[[address]]",
            Self::Link => "[[link]]",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Address => "letter",
            Self::Link => "kid",
        }
    }

    /// The names of the keys there are; the first signs.
    pub fn names(self, secrets: &Secrets) -> Vec<String> {
        match self {
            Self::Address => secrets.address.iter().map(|key| key.letter.to_string()).collect(),
            Self::Link => secrets.link.iter().map(|key| key.kid.clone()).collect(),
        }
    }
}

/// Why the file stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// It is no key file.
    #[error("not a key file: {0}")]
    NotAKeyFile(String),
    /// Every letter is taken.
    #[error("every letter a to z names a key already; take out one that is in use no more")]
    NoLetter,
    /// The random source failed.
    #[error("the random source failed")]
    NoChance,
    /// There is no such key.
    #[error("there is no key `{0}`")]
    Unknown(String),
    /// It signs.
    #[error("`{0}` is the key that signs; put a new one in front first")]
    Signs(String),
    /// The file is written in a form that is not changed by program.
    #[error("the file is written in another form than `paravent init` writes; change it by hand")]
    Form,
}

/// The file with a new key in front, and its name.
pub fn with_new(text: &str, kind: KeyKind, today: NaiveDate) -> Result<(String, String), RotateError> {
    let names = kind.names(&read(text)?);
    let name = match kind {
        KeyKind::Address => {
            ('a'..='z').map(|letter| letter.to_string()).find(|letter| !names.contains(letter)).ok_or(RotateError::NoLetter)?
        }
        KeyKind::Link => {
            let day = today.format("%Y%m%d").to_string();
            let taken = |name: &String| names.contains(name);
            std::iter::once(day.clone()).chain((2..).map(|number| format!("{day}.{number}"))).find(|name| !taken(name)).unwrap_or(day)
        }
    };
    let secret = secret().map_err(|()| RotateError::NoChance)?;
    let at = heads(text, kind).next().ok_or(RotateError::Form)?;
    let (before, after) = text.split_at(at);
    let changed = format!("{before}{}\n{} = \"{name}\"\nsecret = \"{secret}\"\n\n{after}", kind.head(), kind.label());
    let mut expected = vec![name.clone()];
    expected.extend(names);
    if kind.names(&read(&changed)?) == expected { Ok((changed, name)) } else { Err(RotateError::Form) }
}

/// The file without the old key of this name.
pub fn without(text: &str, kind: KeyKind, name: &str) -> Result<String, RotateError> {
    let names = kind.names(&read(text)?);
    match names.iter().position(|known| known == name) {
        None => return Err(RotateError::Unknown(name.to_owned())),
        Some(0) => return Err(RotateError::Signs(name.to_owned())),
        Some(_) => {}
    }
    let place = names.iter().position(|known| known == name).unwrap_or_default();
    let from = heads(text, kind).nth(place).ok_or(RotateError::Form)?;
    let to = lines(text).find(|(at, line)| *at > from && line.starts_with('[')).map_or(text.len(), |(at, _)| at);
    let changed = [text.get(..from), text.get(to..)].into_iter().flatten().collect::<String>();
    let expected: Vec<String> = names.into_iter().filter(|known| known != name).collect();
    if kind.names(&read(&changed)?) == expected { Ok(changed) } else { Err(RotateError::Form) }
}

fn read(text: &str) -> Result<Secrets, RotateError> {
    // The parser's own message quotes the line, and the line is a secret.
    toml::from_str(text).map_err(|error| RotateError::NotAKeyFile(error.message().to_owned()))
}

/// Where each line begins, and what it says.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let begins = at;
        at += line.len();
        (begins, line.trim())
    })
}

fn heads(text: &str, kind: KeyKind) -> impl Iterator<Item = usize> + '_ {
    lines(text).filter(move |(_, line)| *line == kind.head()).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Keep me.\n\n[[address]]\nletter = \"a\"\nsecret = \"eA==\"\n\n[[link]]\nkid = \"1\" # and me\nsecret = \"eQ==\"\n\n\
        [conference]\nalgorithm = \"HS256\"\napp_secret = \"z\"\n";

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 25).unwrap()
    }

    #[test]
    fn a_new_key_stands_in_front_and_the_rest_stays() {
        let (once, name) = with_new(FILE, KeyKind::Link, today()).unwrap();
        let (twice, second) = with_new(&once, KeyKind::Link, today()).unwrap();
        assert_eq!((name.as_str(), second.as_str()), ("20261125", "20261125.2"));
        assert_eq!(KeyKind::Link.names(&read(&twice).unwrap()), ["20261125.2", "20261125", "1"]);
        assert!(twice.starts_with("# Keep me.\n") && twice.contains("kid = \"1\" # and me"), "{twice}");
        let (lettered, letter) = with_new(&twice, KeyKind::Address, today()).unwrap();
        assert_eq!((letter.as_str(), KeyKind::Address.names(&read(&lettered).unwrap())), ("b", vec!["b".to_owned(), "a".to_owned()]));
        let octets = crate::config::decode_secret(&read(&lettered).unwrap().address[0].secret).unwrap();
        assert_eq!(octets.len(), 32);
    }

    #[test]
    fn an_old_key_goes_and_the_one_that_signs_never() {
        let (text, name) = with_new(FILE, KeyKind::Link, today()).unwrap();
        assert!(matches!(without(&text, KeyKind::Link, &name), Err(RotateError::Signs(_))));
        assert!(matches!(without(&text, KeyKind::Link, "7"), Err(RotateError::Unknown(_))));
        let pruned = without(&text, KeyKind::Link, "1").unwrap();
        assert_eq!(KeyKind::Link.names(&read(&pruned).unwrap()), [name]);
        assert!(pruned.contains("[conference]") && !pruned.contains("and me"), "{pruned}");
    }

    #[test]
    fn what_is_no_key_file_or_is_written_otherwise_is_left_alone() {
        let error = with_new("secret = \"abc", KeyKind::Link, today()).unwrap_err().to_string();
        assert!(error.starts_with("not a key file") && !error.contains("abc"), "{error}");
        let inline = "address = [{letter = \"a\", secret = \"eA==\"}]\nlink = [{kid = \"1\", secret = \"eQ==\"}]\n[conference]\nalgorithm = \"HS256\"\napp_secret = \"z\"\n";
        assert!(matches!(with_new(inline, KeyKind::Link, today()), Err(RotateError::Form)));
    }
}
