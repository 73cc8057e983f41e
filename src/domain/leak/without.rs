//! A text without what would show the organizer: for "send without it". What is left is scanned again before it leaves, as everything is.

use super::Secrets;
use super::scan::scan;

/// Stands where something was left out.
pub const LEFT_OUT: &str = "[…]";

/// The text with every line left out in which something is found; the mark alone where what is left still shows it, as when it stands
/// across lines.
pub fn without(text: &str, secrets: &Secrets) -> String {
    if scan(text.as_bytes(), secrets).is_empty() {
        return text.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines() {
        match scan(line.as_bytes(), secrets).is_empty() {
            true => kept.push(line),
            false if kept.last() == Some(&LEFT_OUT) => {}
            false => kept.push(LEFT_OUT),
        }
    }
    let kept = kept.join("\n");
    if scan(kept.as_bytes(), secrets).is_empty() { kept } else { LEFT_OUT.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::organizer::Organizer;

    fn secrets() -> Secrets {
        let organizer: Organizer = serde_json::from_value(serde_json::json!({
            "id": "018f0000-0000-7000-8000-000000000001", "mailbox": "claire.bernard@agence.example", "aliases": [],
            "name": "Claire Bernard", "language": "fr", "secrets": ["01 23 45 67 89"], "active": true,
            "group": {"name": "m", "label": "Service médical", "anonymity": "anonymous", "language": "fr",
                      "time_zone": "Europe/Paris", "allow_counter": true}
        }))
        .unwrap();
        Secrets::of(&organizer, &["rdv.example".to_owned()])
    }

    #[test]
    fn lines_are_left_out_and_others_kept() {
        let secrets = secrets();
        assert_eq!(without("Bonjour,\r\nà mardi", &secrets), "Bonjour,\r\nà mardi", "as it is where nothing is found");
        let text = "Bonjour,\nClaire Bernard\nclaire.bernard@agence.example\nà mardi";
        assert_eq!(without(text, &secrets), "Bonjour,\n[…]\nà mardi");
        assert_eq!(without("Appelez le\n01 23 45\n67 89", &secrets), LEFT_OUT, "across lines");
        assert_eq!(without("", &secrets), "");
    }
}
