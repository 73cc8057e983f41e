//! Names of folders: settings write `/` between levels and any letter; servers have a delimiter of their own and modified UTF-7
//! (RFC 3501 §5.1.3).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// The base64 of modified UTF-7: `,` in place of `/`, no padding.
const LETTERS: GeneralPurpose = GeneralPurpose::new(&alphabet::IMAP_MUTF7, NO_PAD);

/// The name on a server with this delimiter; without one there are no levels, and a dot must do.
pub(super) fn on_server(name: &str, delimiter: Option<&str>) -> String {
    encoded(name).replace('/', delimiter.unwrap_or("."))
}

/// Quoted, as a command has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut foreign: Vec<u8> = Vec::new();
    for c in name.chars() {
        if !(' '..='~').contains(&c) {
            let mut units = [0; 2];
            foreign.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        flush(&mut foreign, &mut out);
        match c {
            '&' => out.push_str("&-"),
            plain => out.push(plain),
        }
    }
    flush(&mut foreign, &mut out);
    out
}

fn flush(foreign: &mut Vec<u8>, out: &mut String) {
    if !foreign.is_empty() {
        out.push('&');
        out.push_str(&LETTERS.encode(foreign.as_slice()));
        out.push('-');
        foreign.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_servers_have_them() {
        assert_eq!(on_server("Paravent/Done", Some(".")), "Paravent.Done");
        assert_eq!(on_server("Paravent/Done", Some("/")), "Paravent/Done");
        assert_eq!(on_server("Paravent/Done", None), "Paravent.Done");
        assert_eq!(on_server("R&D/Traité", Some("/")), "R&-D/Trait&AOk-");
        // The example of RFC 3501 §5.1.3; its `/` inside base64 is a comma.
        assert_eq!(on_server("~peter/mail/台北/日本語", Some("/")), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(on_server("😀", Some("/")), "&2D3eAA-");
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    }
}
