//! Names of files: only a name, and with the ending of what the file is.

use super::Kind;
use super::kind::ending;

/// Longest name, in characters: the end of a longer one is kept, since programs go by it.
const LONGEST: usize = 120;

/// A file name that is only a name: no path, no control or direction characters, not hidden, not endless. `None` when nothing
/// is left.
pub fn clean_name(name: Option<&str>) -> Option<String> {
    let last = name?.rsplit(['/', '\\']).next()?;
    let blank = |c: char| c.is_control() || c.is_whitespace() || is_unseen(c);
    let one_line = last.split(blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let clean: String = one_line.chars().filter(|c| !r#""<>:|?*;"#.contains(*c)).collect();
    let clean = clean.trim_matches(['.', ' ']);
    let skipped = clean.chars().count().saturating_sub(LONGEST);
    (!clean.is_empty()).then(|| clean.chars().skip(skipped).collect())
}

/// The name under which a guest gets a file, or a plain one: `document-2.pdf`.
pub(super) fn for_guest(name: Option<&str>, kind: Kind, number: usize) -> String {
    let Some(name) = clean_name(name) else { return plain_name(kind, "", number) };
    let fits = ending(&name).is_some_and(|ending| endings(kind).contains(&ending.as_str()));
    // Content that is known under a name that says nothing.
    if fits { name } else { format!("{name}.{}", usual(kind)) }
}

/// A name that says what the file is and nothing else. The ending of `name` stays where it fits the kind.
pub fn plain_name(kind: Kind, name: &str, number: usize) -> String {
    let kept = ending(name).filter(|ending| endings(kind).contains(&ending.as_str()));
    format!("document-{number}.{}", kept.as_deref().unwrap_or(usual(kind)))
}

fn usual(kind: Kind) -> &'static str {
    endings(kind).first().copied().unwrap_or("bin")
}

fn endings(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &["txt", "log", "md", "csv", "tsv", "asc"],
        Kind::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
        Kind::Png => &["png"],
        Kind::Pdf => &["pdf"],
        Kind::Office => &["docx", "xlsx", "pptx", "dotx", "xltx", "potx", "ppsx"],
        Kind::Picture | Kind::Media | Kind::OpenDocument | Kind::Rtf | Kind::Contact | Kind::Key | Kind::Unknown => &[],
        Kind::OldOffice | Kind::Message | Kind::Archive | Kind::SealedArchive | Kind::Calendar => &[],
        Kind::Page | Kind::Macros | Kind::Script | Kind::Executable => &[],
    }
}

/// The media type of a file for guests.
pub(super) fn media_type(kind: Kind, name: &str) -> &'static str {
    let ending = ending(name).unwrap_or_default();
    match (kind, ending.as_str()) {
        (Kind::Text, "csv") => "text/csv",
        (Kind::Text, _) => "text/plain",
        (Kind::Jpeg, _) => "image/jpeg",
        (Kind::Png, _) => "image/png",
        (Kind::Pdf, _) => "application/pdf",
        (Kind::Office, "xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        (Kind::Office, "pptx") => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        (Kind::Office, "docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        _ => "application/octet-stream",
    }
}

/// Zero-width and direction characters: they make one name look like another.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_only_names() {
        assert_eq!(clean_name(Some("../../etc/passwd")).as_deref(), Some("passwd"));
        assert_eq!(clean_name(Some("C:\\Users\\claire\\plan.pdf")).as_deref(), Some("plan.pdf"));
        assert_eq!(clean_name(Some("plan\r\nX: y.pdf")).as_deref(), Some("plan X y.pdf"));
        assert_eq!(clean_name(Some("photo\u{202e}gpj.exe")).as_deref(), Some("photo gpj.exe"));
        assert_eq!(clean_name(Some(" .. ")), None);
        assert_eq!(clean_name(Some(&"a".repeat(500))).map(|name| name.len()), Some(LONGEST));
    }

    #[test]
    fn a_guest_s_file_has_the_ending_of_what_it_is() {
        assert_eq!(for_guest(Some("plan.PDF"), Kind::Pdf, 1), "plan.PDF");
        assert_eq!(for_guest(Some("plan"), Kind::Pdf, 1), "plan.pdf");
        assert_eq!(for_guest(Some("plan.v2"), Kind::Png, 1), "plan.v2.png");
        assert_eq!(for_guest(None, Kind::Jpeg, 3), "document-3.jpg");
        assert_eq!(plain_name(Kind::Office, "Notes de Claire.xlsx", 2), "document-2.xlsx");
    }
}
