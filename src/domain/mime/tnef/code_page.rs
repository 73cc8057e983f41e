//! Windows code pages to text: TNEF says by number which charset its narrow strings are in.

use crate::domain::mime::charset;

/// The charset of a code page, as mail names it; windows-1252 where nobody knows the number.
pub(super) fn charset_of(code_page: u32) -> String {
    match code_page {
        65_001 => "utf-8".to_owned(),
        1_200 => "utf-16le".to_owned(),
        1_201 => "utf-16be".to_owned(),
        20_127 => "us-ascii".to_owned(),
        874 | 1_250..=1_258 => format!("windows-{code_page}"),
        28_591..=28_606 => format!("iso-8859-{}", code_page - 28_590),
        437 | 850 | 852 | 855 | 857 | 866 => format!("ibm{code_page}"),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 | 51_949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10_000 => "macintosh".to_owned(),
        20_866 => "koi8-r".to_owned(),
        21_866 => "koi8-u".to_owned(),
        20_932 | 51_932 => "euc-jp".to_owned(),
        50_220..=50_222 => "iso-2022-jp".to_owned(),
        54_936 => "gb18030".to_owned(),
        _ => "windows-1252".to_owned(),
    }
}

/// A narrow string up to its NUL.
pub(super) fn narrow(bytes: &[u8], code_page: u32) -> String {
    let text = bytes.split(|octet| *octet == 0).next().unwrap_or_default();
    charset::decode(text, Some(&charset_of(code_page)))
}

/// A string in UTF-16, little-endian, up to its NUL.
pub(super) fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    char::decode_utf16(units.take_while(|unit| *unit != 0)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_many_code_pages() {
        for (code_page, bytes, text) in [
            (1_252, &b"caf\xE9\0x"[..], "café"),
            (1_251, b"\xC4\xE0", "Да"),
            (28_605, b"\xA4", "€"),
            (65_001, "né".as_bytes(), "né"),
            (932, b"\x93\xFA\x96\x7B", "日本"),
            (20_866, b"\xE4\xC1", "Да"),
            (0, b"\x80", "€"),
        ] {
            assert_eq!(narrow(bytes, code_page), text, "{code_page}");
        }
        assert_eq!(wide(b"A\0\xE9\0\0\0B\0"), "Aé");
        assert_eq!(wide(b"\x3D\xD8\x00\xDE\x3D\xD8"), "😀\u{FFFD}");
    }
}
