//! Every way of hiding a text, and every place of a mail to put it in.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use flate2::{Compression, write::DeflateEncoder, write::GzEncoder, write::ZlibEncoder};
use std::io::Write;

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zipped(text: &[u8]) -> Vec<u8> {
    [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[0; 16], &[1, 0, 0, 0, b'a'], &deflated(text)].concat()
}

fn each(text: &str, one: impl Fn(char) -> String) -> Vec<u8> {
    text.chars().map(one).collect::<String>().into_bytes()
}

fn bytes_as(text: &str, sign: &str) -> String {
    text.bytes().map(|b| format!("{sign}{b:02X}")).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn noise(length: u32) -> Vec<u8> {
    (0..u64::from(length)).map(|i| u8::try_from((i * i * 31 + i * 7) % 127 + 128).unwrap()).collect()
}

fn lines(base64: &str) -> Vec<u8> {
    base64.as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
}

/// Each trick by name. The text has at least twelve bytes, all of Latin-1.
pub(crate) fn tricks(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (head, tail) = secret.split_at(secret.char_indices().nth(3).unwrap().0);
    let base64 = |bytes: &[u8]| BASE64.encode(bytes).into_bytes();
    let wrapped = BASE64.encode(format!("Bonjour à tous, ceci vient de {secret}, merci.").as_bytes());
    let (first, second) = wrapped.split_at(20);
    let latin1: Vec<u8> = secret.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let entity = |c: char| match c {
        'é' => "&eacute;".to_owned(),
        'è' => "&egrave;".to_owned(),
        'ï' => "&iuml;".to_owned(),
        'ç' => "&ccedil;".to_owned(),
        'É' => "&Eacute".to_owned(),
        'Ç' => "&Ccedil;".to_owned(),
        '@' => "&commat;".to_owned(),
        '.' => "&period;".to_owned(),
        other => other.to_string(),
    };
    let cyrillic = encoding_rs::IBM866.encode("Привет ").0.into_owned();
    let exif = [b"\xff\xd8\xff\xe1\x00\x20Exif\0\0".as_slice(), secret.as_bytes(), &noise(900), b"\xff\xd9"].concat();
    let exif_wide = [b"\xff\xd8\xff\xe1\x00\x20Exif\0\0\x9c\x9d".as_slice(), &utf16(secret), b"\0\0", &noise(900)].concat();
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\x20zTXtAuthor\0\0".as_slice(), &zlib(secret.as_bytes()), &noise(500)].concat();
    let tnef = [b"\x78\x9f\x3e\x22\x01\x02\x1f\0\x1a\x0c\x01\0\0\0\x10\0\0\0".as_slice(), &utf16(secret), b"\0\0"].concat();
    let nested = format!(
        "From: x@y.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
        bytes_as(secret, "=")
    );
    let calendar = format!("BEGIN:VEVENT\r\nATTACH;ENCODING=BASE64:{}", BASE64.encode(nested.as_bytes()));
    let folded: String = calendar.as_bytes().chunks(74).map(|line| format!("{}\r\n ", String::from_utf8_lossy(line))).collect();
    let big = [noise(20_001), secret.as_bytes().to_vec(), noise(20_000)].concat();
    vec![
        ("plain", secret.into()),
        ("upper case", secret.to_uppercase().into()),
        ("quoted-printable", bytes_as(secret, "=").into()),
        ("soft line break", format!("{head}=\r\n{tail}").into()),
        ("soft line break after blanks", format!("{head}= \t\r\n{tail}").into()),
        ("percent", bytes_as(secret, "%").into()),
        ("entities, decimal", each(secret, |c| format!("&#{};", u32::from(c)))),
        ("entities, hex, no semicolon", each(secret, |c| format!("&#x{:x}&shy;", u32::from(c)))),
        ("entities, zeros before", each(secret, |c| format!("&#00000000000{};", u32::from(c)))),
        ("entities, named", each(secret, entity)),
        ("entities in percent", bytes_as(&String::from_utf8(each(secret, |c| format!("&#{};", u32::from(c)))).unwrap(), "%").into()),
        ("tags", format!("{head}<span class=x>{tail}</span>").into()),
        ("tags from entities", format!("{head}&lt;b&gt;{tail}&lt;/b&gt;").into()),
        ("comment", format!("{head}<!-- > -->{tail}").into()),
        ("attribute", format!("<img alt=\"{secret}\">").into()),
        ("zero width", each(secret, |c| format!("{c}\u{200b}"))),
        ("soft hyphen", each(secret, |c| format!("{c}\u{ad}"))),
        (
            "full width",
            each(secret, |c| match c {
                '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap().to_string(),
                _ => c.to_string(),
            }),
        ),
        ("base64", base64(secret.as_bytes())),
        ("base64, one letter glued to it", [b"x".to_vec(), base64(secret.as_bytes())].concat()),
        ("base64, two letters glued to it", [b"xy".to_vec(), base64(secret.as_bytes())].concat()),
        ("base64, three letters glued to it", [b"xyz".to_vec(), base64(secret.as_bytes())].concat()),
        ("base64, long, glued to a word", [b"donc".to_vec(), b"x".to_vec(), base64(&[&noise(900), secret.as_bytes()].concat())].concat()),
        ("base64url", format!("https://x.example/{}", BASE64URL_NOPAD.encode(secret.as_bytes())).into()),
        ("base64, wrapped", format!("{first}\r\n{second}").into()),
        ("base64 twice", base64(&base64(secret.as_bytes()))),
        ("base64 of Latin-1", base64(&latin1)),
        ("base64 in entities", each(&BASE64.encode(secret.as_bytes()), |c| format!("&#{};", u32::from(c)))),
        ("base64 in quoted-printable", bytes_as(&BASE64.encode(secret.as_bytes()), "=").into()),
        ("base64 of percent", base64(bytes_as(secret, "%").as_bytes())),
        ("big binary", lines(&BASE64.encode(&big))),
        ("hex", HEXLOWER.encode(secret.as_bytes()).into()),
        ("hex, one digit glued to it", format!("a{}", HEXLOWER.encode(secret.as_bytes())).into()),
        ("encoded word", format!("=?utf-8?B?{}?=", BASE64.encode(secret.as_bytes())).into()),
        ("encoded words", format!("=?utf-8?Q?{head}?=\r\n =?utf-8?Q?{}?=", tail.replace(' ', "_")).into()),
        ("encoded word of a charset", {
            let letters: String = secret.bytes().map(|byte| format!("={byte:02X}")).collect();
            format!("=?utf-8*fr?Q?{letters}?=").into()
        }),
        ("encoded word, UTF-16", format!("=?utf-16le?B?{}?=", BASE64.encode(&utf16(secret))).into()),
        ("charset", {
            let named = b"Content-Type: text/plain; charset=\"x-mac-roman\"\r\n\r\n".to_vec();
            let mac: Vec<u8> = secret.chars().map(mac_roman).collect();
            [named, cyrillic.clone(), b" ".to_vec(), mac].concat()
        }),
        ("continuation", format!("a; name*0=\"{head}\";\r\n name*1=\"{tail}\"").into()),
        ("continuation, percent", format!("a; name*0*=utf-8''{};\r\n name*1*={}", bytes_as(head, "%"), bytes_as(tail, "%")).into()),
        ("calendar fold", format!("SUMMARY:{head}\r\n {tail}").into()),
        ("calendar escape", format!("SUMMARY:{head}\\{tail}").into()),
        ("attachment of a calendar", folded.into()),
        ("UTF-16 in base64", base64(&utf16(secret))),
        ("UTF-16, big endian, in base64", base64(&secret.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>())),
        ("gzip", base64(&gzipped(secret.as_bytes()))),
        ("gzip in zip", base64(&zipped(&gzipped(secret.as_bytes())))),
        ("zip", base64(&zipped(secret.as_bytes()))),
        ("PDF", base64(&[b"%PDF-1.7\nstream\r\n".as_slice(), &zlib(secret.as_bytes())].concat())),
        ("EXIF", lines(&BASE64.encode(&exif))),
        ("EXIF, wide", lines(&BASE64.encode(&exif_wide))),
        ("PNG", lines(&BASE64.encode(&png))),
        ("TNEF", base64(&tnef)),
        ("nested message", nested.clone().into()),
        ("nested message in base64", lines(&BASE64.encode(nested.as_bytes()))),
        ("data URI", format!("<img src=\"data:text/plain;base64,{}\">", BASE64.encode(secret.as_bytes())).into()),
    ]
}

/// Our secrets' letters in the charset of old Macs.
fn mac_roman(c: char) -> u8 {
    match c {
        'é' => 0x8e,
        'è' => 0x8f,
        'ï' => 0x95,
        'ç' => 0x8d,
        'É' => 0x83,
        'Ç' => 0x82,
        other => u8::try_from(u32::from(other)).unwrap(),
    }
}

/// Mails with the text in each place where a mail can have one.
pub(crate) fn places(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let start = b"From: =?utf-8?Q?Service_m=C3=A9dical?= <r-7f3k@rdv.example>\r\nSubject: Point trimestriel\r\n".as_slice();
    let mixed =
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"lim\"\r\n\r\n--lim\r\nContent-Type: text/plain\r\n".as_slice();
    let end = b"\r\n--lim--\r\n".as_slice();
    let at = |parts: &[&[u8]]| parts.concat();
    // Longer than any surroundings that are kept with a disguise, and full of disguises of its own.
    let prose = "Le compte rendu est joint=C3=A0 ce message &agrave; toutes fins <b>utiles</b>, soit 50 %25 des cas.\r\n".repeat(30);
    let calendar = b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@rdv.example\r\nDESCRIPTION:";
    vec![
        ("body", at(&[start, b"Content-Type: text/html\r\n\r\n<p>", text, b"</p>\r\n"])),
        ("body, amid much else", at(&[start, b"Content-Type: text/html\r\n\r\n", prose.as_bytes(), text, b"\r\n", prose.as_bytes()])),
        ("header", at(&[start, b"X-Note: ", text, b"\r\n\r\nBonjour\r\n"])),
        ("part header", at(&[start, mixed, b"Content-Description: ", text, b"\r\n\r\nBonjour", end])),
        ("boundary", at(&[start, b"Content-Type: multipart/mixed; boundary=\"", text, b"\"\r\n\r\nBonjour"])),
        ("file name", at(&[start, mixed, b"Content-Disposition: attachment; filename=\"", text, b".pdf\"\r\n\r\nBonjour", end])),
        ("calendar", at(&[start, calendar, text, b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"])),
        ("message in a message", at(&[start, mixed, b"\r\n--lim\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n", text, end])),
    ]
}
