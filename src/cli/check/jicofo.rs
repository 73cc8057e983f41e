//! Jicofo's configuration (HOCON), and what in it would overrule the roles of the conference token.

use crate::config::Finding;

/// Whether a text is a configuration of Jicofo and not of Prosody.
pub(super) fn is_jicofo(text: &str) -> bool {
    settings(text).iter().any(|(path, _)| path.starts_with("jicofo."))
}

/// Judges the two settings that give away the moderator's role.
pub(super) fn judge(file: &str, text: &str) -> Vec<Finding> {
    let settings = settings(text);
    let get = |path: &str| settings.iter().rev().find(|(known, _)| known == path).map(|(_, value)| value.as_str());
    vec![auto_owner(file, get("jicofo.conference.enable-auto-owner")), authentication(file, get("jicofo.authentication.enabled"))]
}

fn auto_owner(file: &str, value: Option<&str>) -> Finding {
    let subject = format!("{file} enable-auto-owner");
    let advice = "set jicofo { conference { enable-auto-owner = false } }";
    match value {
        Some("false" | "no" | "off") => Finding::ok(subject, "off: the conference token alone makes moderators"),
        None => Finding::problem(subject, "it is not set, and on by default: whoever comes first becomes moderator", advice),
        Some(_) => Finding::problem(subject, "it is on: whoever comes first becomes moderator", advice),
    }
}

fn authentication(file: &str, value: Option<&str>) -> Finding {
    let subject = format!("{file} authentication");
    match value {
        None | Some("false" | "no" | "off") => Finding::ok(subject, "off: Prosody alone checks tokens"),
        Some(_) => Finding::problem(
            subject,
            "it is on: everybody who has a token becomes moderator, guests too",
            "set jicofo { authentication { enabled = false } }",
        ),
    }
}

/// Every setting as a dotted path with its plain value. Includes and substitutions are not followed.
fn settings(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut rest = without_comment(line).trim();
        while !rest.is_empty() {
            let at = rest.find(['{', '}', '=', ':', ',']).unwrap_or(rest.len());
            let (before, after) = rest.split_at(at);
            let key = plain(before);
            rest = after.get(1..).unwrap_or_default().trim_start();
            if after.starts_with('{') {
                open.push(key);
            } else if after.starts_with('}') {
                open.pop();
            } else if after.starts_with(['=', ':']) && !rest.starts_with('{') {
                let (value, after) = rest.split_at(end_of_value(rest));
                found.push((path(&open, &key), plain(value)));
                rest = after;
            } else if after.starts_with(['=', ':']) {
                open.push(key);
                rest = rest.get(1..).unwrap_or_default().trim_start();
            }
        }
    }
    found
}

/// Where a value ends: at a comma or a closing brace outside quotes and `${…}`.
fn end_of_value(text: &str) -> usize {
    let (mut quoted, mut substituted) = (false, false);
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' if before == '$' => substituted = true,
            '}' if substituted => substituted = false,
            ',' | '}' if !quoted => return at,
            _ => {}
        }
        before = c;
    }
    text.len()
}

fn path(open: &[String], key: &str) -> String {
    let whole: Vec<&str> = open.iter().map(String::as_str).chain([key]).filter(|part| !part.is_empty()).collect();
    whole.join(".")
}

fn plain(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

/// The line up to `#` or `//` outside quotes.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut before = '\0';
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return line.get(..at).unwrap_or_default(),
            '/' if !quoted && before == '/' => return line.get(..at.saturating_sub(1)).unwrap_or_default(),
            _ => {}
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Level;

    fn levels(text: &str) -> Vec<Level> {
        judge("jicofo.conf", text).into_iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn both_must_be_off_in_every_way_to_write_it() {
        let (good, bad) = (Level::Ok, Level::Problem);
        assert_eq!(levels("jicofo {\n conference {\n enable-auto-owner = false\n }\n}"), [good, good]);
        assert_eq!(levels("jicofo.conference.enable-auto-owner = false"), [good, good]);
        assert_eq!(levels("jicofo { conference: { enable-auto-owner: \"false\" }, authentication { enabled = true } }"), [good, bad]);
        assert_eq!(levels("jicofo { conference { # enable-auto-owner = false\n } }"), [bad, good]);
        assert_eq!(levels("jicofo { conference { // enable-auto-owner = false\n } }"), [bad, good]);
        assert_eq!(levels("jicofo { authentication: {\n enabled: true\n type: JWT\n login-url: \"https://x/#a\"\n } }"), [bad, bad]);
        assert_eq!(levels("jicofo.conference.enable-auto-owner = false\njicofo.conference.enable-auto-owner = true"), [bad, good]);
        let substituted = "jicofo { a = ${?A}, b = \"x}\", conference { enable-auto-owner = false } }";
        assert_eq!(levels(substituted), [good, good]);
        assert_eq!(levels("jicofo { other { conference { enable-auto-owner = false } } }"), [bad, good]);
    }

    #[test]
    fn the_kind_of_a_file_is_known_by_its_text() {
        assert!(is_jicofo("jicofo {\n bridge { brewery-jid = \"x\" }\n}"));
        assert!(!is_jicofo("-- jicofo { x = 1 }\nVirtualHost \"meet.test\"\n  app_id = \"jicofo\""));
    }

    #[test]
    fn no_text_makes_it_panic() {
        let whole = "jicofo é { a : { \"ü\" = // # \u{1F600} }, b = }} = :";
        for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            settings(&whole[..end]);
            settings(&whole[end..]);
        }
    }
}
