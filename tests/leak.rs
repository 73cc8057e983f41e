//! The leak guard: every disguise is found, each named; ordinary guest mail passes.

use data_encoding::{BASE64, HEXLOWER};
use flate2::{Compression, write::DeflateEncoder, write::GzEncoder, write::ZlibEncoder};
use paravent::domain::leak::{Secrets, scan};
use proptest::prelude::*;
use std::io::Write;

fn secrets(name: &str, address: &str) -> Secrets {
    let organizer = serde_json::json!({
        "id": "018f0000-0000-7000-8000-000000000001", "mailbox": address, "aliases": [], "name": name,
        "language": "fr", "secrets": [], "active": true,
        "group": {"name": "m", "label": "Service médical", "anonymity": "anonymous", "language": "fr",
                  "time_zone": "Europe/Paris", "allow_counter": false}
    });
    Secrets::of(&serde_json::from_value(organizer).unwrap(), &["rdv.example".to_owned()])
}

fn mail(body: &[u8]) -> Vec<u8> {
    let mut mail = b"From: =?utf-8?Q?Service_m=C3=A9dical?= <r-7f3k@rdv.example>\r\nSubject: Point trimestriel\r\n\
        Content-Type: text/html\r\n\r\n"
        .to_vec();
    mail.extend_from_slice(body);
    mail
}

fn deflated(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zipped(text: &str) -> Vec<u8> {
    let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
    zip.extend_from_slice(&[0; 16]);
    zip.extend_from_slice(&[1, 0, 0, 0, b'a']);
    zip.extend_from_slice(&deflated(text));
    zip
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn pdf(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    [b"%PDF-1.7\nstream\r\n".as_slice(), &encoder.finish().unwrap()].concat()
}

fn each(text: &str, one: impl Fn(char) -> String) -> Vec<u8> {
    text.chars().map(one).collect::<String>().into_bytes()
}

fn bytes_as(text: &str, sign: &str) -> Vec<u8> {
    text.bytes().map(|b| format!("{sign}{b:02X}")).collect::<String>().into_bytes()
}

/// Every way of hiding a text (of at least 12 bytes), by name.
fn tricks(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (head, tail) = secret.split_at(secret.char_indices().nth(3).unwrap().0);
    let base64 = |bytes: &[u8]| BASE64.encode(bytes).into_bytes();
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wrapped = BASE64.encode(format!("Bonjour à tous, ceci vient de {secret}, merci.").as_bytes());
    let (first, second) = wrapped.split_at(20);
    vec![
        ("plain", secret.into()),
        ("upper case", secret.to_uppercase().into()),
        ("quoted-printable", bytes_as(secret, "=")),
        ("soft line break", format!("{head}=\r\n{tail}").into()),
        ("percent", bytes_as(secret, "%")),
        ("entities, decimal", each(secret, |c| format!("&#{};", u32::from(c)))),
        ("entities, hex, no semicolon", each(secret, |c| format!("&#x{:x}&shy;", u32::from(c)))),
        ("tags", format!("{head}<span class=x>{tail}</span>").into()),
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
        ("base64, wrapped", format!("{first}\r\n{second}").into()),
        ("base64 twice", base64(&base64(secret.as_bytes()))),
        ("hex", HEXLOWER.encode(secret.as_bytes()).into()),
        ("encoded word", format!("=?utf-8?B?{}?=", BASE64.encode(secret.as_bytes())).into()),
        ("encoded words", format!("=?utf-8?Q?{head}?=\r\n =?utf-8?Q?{}?=", tail.replace(' ', "_")).into()),
        ("continuation", format!("a; name*0=\"{head}\";\r\n name*1=\"{tail}\"").into()),
        ("calendar fold", format!("SUMMARY:{head}\r\n {tail}").into()),
        ("calendar escape", format!("SUMMARY:{head}\\{tail}").into()),
        ("UTF-16 in base64", base64(&utf16)),
        ("gzip", base64(&gzipped(secret))),
        ("zip", base64(&zipped(secret))),
        ("PDF", base64(&pdf(secret))),
        ("data URI", format!("<img src=\"data:text/plain;base64,{}\">", BASE64.encode(secret.as_bytes())).into()),
    ]
}

fn assert_found(name: &str, address: &str) {
    let secrets = secrets(name, address);
    for text in [name, address] {
        for (trick, body) in tricks(text) {
            assert!(!scan(&mail(&body), &secrets).is_empty(), "not found: {trick}");
        }
    }
}

#[test]
fn every_trick_is_found() {
    assert_found("Hélène Bernardin", "helene.bernardin@agence.example");
}

#[test]
fn forms_of_the_name_address_and_host_are_found() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    for text in [
        "BERNARD, Claire",
        "c.bernard",
        "cbernard",
        "Mme Bernard",
        "claire.bernard (at) agence [dot] example",
        "<x@mail.agence.example>",
        "claire_bernard",
    ] {
        assert!(!scan(&mail(text.as_bytes()), &secrets).is_empty(), "not found: {text}");
    }
    let shown = scan(&mail(b"claire.bernard@agence.example"), &secrets);
    assert!(!format!("{shown:?}").to_lowercase().contains("bernard"));
}

#[test]
fn ordinary_guest_mail_passes() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    let token = BASE64.encode(&[0x5a, 0xc3, 0x11, 0x9e, 0x77].repeat(40));
    for text in [
        "Point trimestriel, le 3 mars. Claire comme de l'eau de roche.",
        "Quarterly review with Bernardo",
        "https://visio.example/salle?jwt=eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoiYWJjIn0.c2lnbmF0dXJl",
        &token,
    ] {
        assert_eq!(scan(&mail(text.as_bytes()), &secrets), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_identity_is_found(given in "[A-ZÉ][a-zéèï]{5,8}", surname in "[A-ZÇ][a-zéç]{5,9}", host in "[a-z]{4,8}") {
        assert_found(&format!("{given} {surname}"), &format!("{host}.login7@{host}.example"));
    }

    #[test]
    fn any_bytes_are_scanned(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        scan(&bytes, &secrets("Claire Bernard", "claire.bernard@agence.example"));
    }
}
