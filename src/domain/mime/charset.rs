//! Bytes to text, whatever the declared charset is worth.

use mail_parser::decoders::charsets::map::charset_decoder;

/// The declared charset where it is known, else UTF-8, else windows-1252, which no byte string fails. A byte order
/// mark wins over all.
pub(crate) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, ..] => return with("utf-16le", &bytes[2..]),
        [0xFE, 0xFF, ..] => return with("utf-16be", &bytes[2..]),
        _ => {}
    }
    let declared = declared.map(|name| name.trim().trim_matches('"').to_ascii_lowercase()).unwrap_or_default();
    let is_default = matches!(declared.as_str(), "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "ansi_x3.4-1968");
    match charset_decoder(declared.as_bytes()) {
        Some(decoder) if !is_default => decoder(bytes),
        _ => String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| windows_1252(bytes)),
    }
}

/// Every byte string is text in windows-1252.
pub(crate) fn windows_1252(bytes: &[u8]) -> String {
    with("windows-1252", bytes)
}

fn with(charset: &str, bytes: &[u8]) -> String {
    charset_decoder(charset.as_bytes()).map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |decoder| decoder(bytes))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn lies_and_truths() {
        assert_eq!(decode("é".as_bytes(), Some("us-ascii")), "é");
        assert_eq!(decode(b"\xE9\x80", Some("utf-8")), "é€");
        assert_eq!(decode(b"\xE9", Some("ISO-8859-1")), "é");
        assert_eq!(decode(b"\xFF\xFEA\0\xE9\0", Some("utf-8")), "Aé");
        assert_eq!(decode(b"\xFE\xFF\0A", None), "A");
        assert_eq!(decode("é".as_bytes(), Some("x-unknown")), "é");
        assert_eq!(decode(b"\xEF\xBB\xBFok", Some("iso-8859-1")), "ok");
    }
}
