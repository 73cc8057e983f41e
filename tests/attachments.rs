//! Files that cross: an identity hidden in every corner of every format is scrubbed or held, what people see stays, and the rest is
//! said to whom it concerns.

use crate::support;

use data_encoding::BASE64;
use paravent::domain::attachment::{AttachmentPolicy, FilesToGuest, FilesToOrganizer, Kind, Reason, for_guest, for_organizer, scrub};
use paravent::domain::leak::{SecretKind, Secrets, scan};
use paravent::domain::mime::{self, InboundMail, MimeLimits};
use proptest::prelude::*;
use std::collections::BTreeSet;
use support::files::{SHOWN, compound, docx, eml, has, jpeg, odt, pdf, png, pptx, xlsx, zip};
use support::house::{ORGANIZER, organizer};

const NAME: &str = "Claire Bernardin";

fn secrets() -> Secrets {
    Secrets::of(&organizer(ORGANIZER, NAME), &["visio.example".to_owned()])
}

/// One line of base64 parts, as mail has them.
fn lines(bytes: &[u8]) -> String {
    let digits = BASE64.encode(bytes);
    digits.as_bytes().chunks(76).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn mail_with(files: &[(&str, &str, &[u8])]) -> InboundMail {
    mime::read(raw_with("text/plain; charset=utf-8", "Voici.", files).as_bytes(), &MimeLimits::default())
}

fn raw_with(kind: &str, text: &str, files: &[(&str, &str, &[u8])]) -> String {
    let mut raw = format!(
        "From: Claire <{ORGANIZER}>\r\nTo: x@visio.example\r\nSubject: Bilan\r\nMessage-ID: <{}@pc.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=lim\r\n\r\n--lim\r\nContent-Type: {kind}\r\n\r\n{text}\r\n",
        files.len()
    );
    for (name, kind, bytes) in files {
        raw += &format!(
            "--lim\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
            lines(bytes)
        );
    }
    raw + "--lim--\r\n"
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// Nothing of it is left, and what people see is.
    Scrubbed,
    /// People see it: the guard finds it in what is left.
    Found,
    /// The file does not go.
    Blocked(Reason),
}

type Case = (Kind, &'static str, fn(&str, &str) -> Vec<u8>, Fate);

fn cases() -> Vec<Case> {
    use Fate::{Blocked, Found, Scrubbed};
    let mut cases: Vec<Case> = Vec::new();
    for place in ["exif", "xmp", "iptc", "icc", "comment", "jfif-thumbnail", "between-scans", "behind-the-end"] {
        cases.push((Kind::Jpeg, place, jpeg, Scrubbed));
    }
    for place in ["tEXt", "zTXt", "iTXt", "eXIf", "iCCP", "private", "behind-the-end"] {
        cases.push((Kind::Png, place, png, Scrubbed));
    }
    for place in [
        "info",
        "xmp",
        "annotation-author",
        "annotation-without-type",
        "annotation-file",
        "launch",
        "file-link",
        "field",
        "private-data",
        "script",
        "embedded",
        "form-values",
        "unused",
        "earlier-version",
        "object-stream",
        "picture",
        "picture-packed",
    ] {
        cases.push((Kind::Pdf, place, pdf, Scrubbed));
    }
    for place in ["text", "text-kerned", "text-by-letter", "text-mapped", "form", "bookmark", "annotation-words"] {
        cases.push((Kind::Pdf, place, pdf, Found));
    }
    for make in [docx, xlsx, pptx] {
        for place in ["core", "app", "custom", "thumbnail", "custom-xml"] {
            cases.push((Kind::Office, place, make, Scrubbed));
        }
    }
    for place in ["author-of-a-change", "comment-author", "people", "template", "linked-file", "picture", "picture-path"] {
        cases.push((Kind::Office, place, docx, Scrubbed));
    }
    for place in ["body", "body-in-runs", "comment"] {
        cases.push((Kind::Office, place, docx, Found));
    }
    for place in ["printer", "comment-author", "external-link", "path", "view"] {
        cases.push((Kind::Office, place, xlsx, Scrubbed));
    }
    for place in ["shared-string", "shared-string-in-runs"] {
        cases.push((Kind::Office, place, xlsx, Found));
    }
    cases.push((Kind::Office, "notes", pptx, Found));
    cases.push((Kind::Office, "comment-author", pptx, Scrubbed));
    cases.push((Kind::Office, "chart-table", pptx, Scrubbed));
    cases.push((Kind::Office, "picture-of-another-format", docx, Blocked(Reason::Embedded)));
    cases.push((Kind::Office, "unknown-part", docx, Blocked(Reason::Embedded)));
    cases.push((Kind::Macros, "macros", docx, Blocked(Reason::NotForGuests)));
    cases
}

/// What the guard finds of the name, the way the mail would be sent.
fn found(bytes: &[u8]) -> Vec<SecretKind> {
    let mail = format!("Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", lines(bytes));
    scan(mail.as_bytes(), &secrets()).into_iter().map(|leak| leak.secret).collect()
}

#[test]
fn an_identity_in_every_corner_is_scrubbed_or_found() {
    for (kind, place, make, fate) in cases() {
        let file = make(place, NAME);
        let case = format!("{kind:?} {place}");
        assert_eq!(Kind::of(&file, None, ""), kind, "{case}");
        let clean = scrub(kind, &file);
        match fate {
            Fate::Scrubbed => {
                assert!(has(&file, "Bernardin"), "{case}: not hidden at all");
                let clean = clean.unwrap_or_else(|reason| panic!("{case}: {reason:?}"));
                assert!(!has(&clean, "Bernardin"), "{case}: still there");
                assert_eq!(found(&clean), [], "{case}");
                if kind == Kind::Pdf || kind == Kind::Office {
                    assert!(has(&clean, SHOWN), "{case}: what people see is gone");
                }
                assert_eq!(Kind::of(&clean, None, ""), kind, "{case}");
                assert_eq!(scrub(kind, &clean).as_deref(), Ok(clean.as_slice()), "{case}: a clean file stays as it is");
            }
            Fate::Found => {
                let clean = clean.unwrap_or_else(|reason| panic!("{case}: {reason:?}"));
                let found = found(&clean);
                assert!(found.contains(&SecretKind::Surname) || found.contains(&SecretKind::Name), "{case}: {found:?}");
            }
            Fate::Blocked(reason) => assert_eq!(clean, Err(reason), "{case}"),
        }
    }
}

#[test]
fn the_guard_alone_finds_it_too() {
    // Before any scrubbing: the guard does not rely on it.
    for (kind, place, make, fate) in cases() {
        if matches!(fate, Fate::Blocked(_)) {
            continue;
        }
        let found = found(&make(place, NAME));
        assert!(found.iter().any(|kind| *kind != SecretKind::Unscannable), "{kind:?} {place}: {found:?}");
    }
    let others: [(&str, Vec<u8>); 7] = [
        ("odt", odt(NAME)),
        ("eml in eml", eml(NAME)),
        ("zip in zip", zip(&[("a.zip", &zip(&[("b.txt", NAME.as_bytes())]))])),
        ("docx in zip", zip(&[("a.docx", &docx("body-in-runs", NAME))])),
        ("msg", compound("/__substg1.0_0C1A001F", NAME)),
        ("doc", compound("/WordDocument", NAME)),
        ("pdf in eml", format!("Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", lines(&pdf("text-mapped", NAME))).into_bytes()),
    ];
    for (case, file) in others {
        let found = found(&file);
        assert!(found.iter().any(|kind| *kind != SecretKind::Unscannable), "{case}: {found:?}");
    }
}

#[test]
fn innocent_files_pass_and_stay_what_they_are() {
    for (kind, file) in [
        (Kind::Jpeg, jpeg("", "")),
        (Kind::Png, png("", "")),
        (Kind::Pdf, pdf("", "")),
        (Kind::Office, docx("", "xxxxx")),
        (Kind::Office, xlsx("", "xxxxx")),
        (Kind::Office, pptx("", "xxxxx")),
        (Kind::Text, SHOWN.as_bytes().to_vec()),
    ] {
        let clean = scrub(kind, &file).unwrap();
        assert_eq!(found(&clean), [], "{kind:?}");
        assert_eq!(Kind::of(&clean, None, ""), kind);
    }
    // A picture that is held upright stays so, and says nothing else.
    let upright = scrub(Kind::Jpeg, &jpeg("exif", NAME)).unwrap();
    assert!(has(&upright, "Exif\0\0MM\0*\0\0\0\u{8}\0\u{1}\u{1}\u{12}\0\u{3}\0\0\0\u{1}\0\u{6}"));
}

#[test]
fn text_without_letters_is_unreadable() {
    assert!(found(&pdf("text-without-map", NAME)).contains(&SecretKind::Unscannable));
    assert!(found(b"%PDF-1.7\n1 0 obj\n<</Encrypt 2 0 R>>").contains(&SecretKind::Unscannable));
}

#[test]
fn a_kind_is_judged_by_content_and_name() {
    let pass = |name: &str, kind: &str, bytes: &[u8]| {
        let mail = mail_with(&[(name, kind, bytes)]);
        let sorted = for_guest(&mail, &BTreeSet::new(), &FilesToGuest::default());
        let first = sorted.files.first().map(|file| (file.name.clone(), file.media_type));
        (first, sorted.blocked.first().map(|blocked| blocked.reason))
    };
    let jpeg = jpeg("exif", NAME);
    assert_eq!(pass("plan.jpg", "image/jpeg", &jpeg), (Some(("plan.jpg".to_owned(), "image/jpeg")), None));
    assert_eq!(pass("plan.dat", "application/octet-stream", &pdf("", "")).1, Some(Reason::NotForGuests));
    assert_eq!(pass("plan.pdf.exe", "application/pdf", &pdf("", "")).1, Some(Reason::NotForGuests));
    assert_eq!(pass("plan.pdf", "application/pdf", b"MZ\x90\0").1, Some(Reason::NotForGuests));
    assert_eq!(pass("plan.pdf", "application/pdf", b"Bonjour").1, Some(Reason::Damaged));
    assert_eq!(pass("plan", "application/octet-stream", &jpeg).0.unwrap().0, "plan.jpg");
    // A picture with an archive behind it is an archive.
    assert_eq!(pass("a.jpg", "image/jpeg", &[jpeg, zip(&[("a", b"a")])].concat()).1, Some(Reason::NotForGuests));
    assert_eq!(pass("a.dwg", "application/octet-stream", b"\x01\x02AC1032").1, Some(Reason::NotForGuests));
}

#[test]
fn bounds_hold() {
    let bomb = zip(&[("[Content_Types].xml", &vec![b' '; 120 << 20]), ("word/document.xml", b"<a/>")]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(scrub(Kind::Office, &bomb), Err(Reason::TooComplex));
    let policy = FilesToGuest { files: 1, file_bytes: 100, ..FilesToGuest::default() };
    let mail = mail_with(&[("a.txt", "text/plain", b"a"), ("b.txt", "text/plain", b"b"), ("c.txt", "text/plain", &[b'c'; 200])]);
    let sorted = for_guest(&mail, &BTreeSet::new(), &policy);
    let reasons: Vec<Reason> = sorted.blocked.iter().map(|blocked| blocked.reason).collect();
    assert_eq!((sorted.files.len(), reasons.as_slice()), (1, [Reason::TooMany, Reason::TooMany].as_slice()));
    let policy = FilesToGuest { pdf: false, total_bytes: 150, ..FilesToGuest::default() };
    let mail = mail_with(&[
        ("a.pdf", "application/pdf", &pdf("", "")),
        ("b.txt", "text/plain", &[b'b'; 100]),
        ("c.txt", "text/plain", &[b'c'; 100]),
    ]);
    let reasons: Vec<Reason> = for_guest(&mail, &BTreeSet::new(), &policy).blocked.iter().map(|blocked| blocked.reason).collect();
    assert_eq!(reasons, [Reason::NotForGuests, Reason::TooLarge]);
}

#[test]
fn what_a_guest_sends_is_passed_but_for_what_may_do_harm() {
    let script = zip(&[("docs/a.txt", b"a"), ("docs/run.js", b"x()")]);
    let nested = zip(&[("inner.zip", &zip(&[("setup.exe", b"MZ\x90\0")]))]);
    let calm = zip(&[("a.pdf", &pdf("", "")), ("b.txt", b"b")]);
    let macros = docx("macros", "x");
    let files: Vec<(&str, &str, &[u8], Option<Reason>)> = vec![
        ("plan.pdf", "application/pdf", b"%PDF-1.7\n\x01", None),
        ("plan.dwg", "application/octet-stream", b"\x01\x02AC1032", None),
        ("photo.heic", "image/heic", b"\0\0\0\x18ftypheic\0", None),
        ("notes.docx", "application/octet-stream", &calm, None),
        ("calm.zip", "application/zip", &calm, None),
        ("old.doc", "application/msword", b"plain", None),
        ("setup.exe", "application/octet-stream", b"MZ\x90\0", Some(Reason::Executable)),
        ("photo.jpg", "image/jpeg", b"MZ\x90\0", Some(Reason::Executable)),
        ("facture.pdf.scr", "application/pdf", b"%PDF-1.7\n\x01", Some(Reason::Executable)),
        ("a.vbs", "text/plain", b"x", Some(Reason::Script)),
        ("lien.url", "text/plain", b"[InternetShortcut]", Some(Reason::Script)),
        ("a.docm", "application/octet-stream", &calm, Some(Reason::Macros)),
        ("a.docx", "application/octet-stream", &macros, Some(Reason::Macros)),
        ("script.zip", "application/zip", &script, Some(Reason::ArchiveWithDanger)),
        ("nested.zip", "application/zip", &nested, Some(Reason::ArchiveWithDanger)),
        ("a.7z", "application/octet-stream", b"7z\xbc\xaf\x27\x1c\0\0", Some(Reason::SealedArchive)),
        ("cut.zip", "application/zip", &calm[..60], Some(Reason::SealedArchive)),
        ("page.html", "text/html", b"<p>x</p>", Some(Reason::Page)),
        ("facture.svg", "image/svg+xml", b"<svg/>", Some(Reason::Page)),
        ("a.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", Some(Reason::Calendar)),
        ("a.vcf", "text/vcard", b"BEGIN:VCARD", Some(Reason::Contact)),
        ("a.eml", "application/octet-stream", b"Received: x\r\n", Some(Reason::Message)),
    ];
    for (name, kind, bytes, expected) in &files {
        let mail = mail_with(&[(name, kind, bytes)]);
        let sorted = for_organizer(&mail, &FilesToOrganizer::default());
        assert_eq!(sorted.blocked.first().map(|blocked| blocked.reason), *expected, "{name}");
        assert_eq!(sorted.passed.len(), usize::from(expected.is_none()), "{name}");
    }
    let lax =
        FilesToOrganizer { sealed_archives: true, objects: true, blocked_endings: vec![".DWG".to_owned()], ..FilesToOrganizer::default() };
    for (name, expected) in
        [("a.7z", None), ("a.vcf", None), ("plan.dwg", Some(Reason::Ending)), ("script.zip", Some(Reason::ArchiveWithDanger))]
    {
        let (_, kind, bytes, _) = files.iter().find(|(known, ..)| *known == name).unwrap();
        let mail = mail_with(&[(name, kind, bytes)]);
        assert_eq!(for_organizer(&mail, &lax).blocked.first().map(|blocked| blocked.reason), expected, "{name}");
    }
    assert_eq!(AttachmentPolicy::default().to_organizer, FilesToOrganizer::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mutated_files_are_scrubbed_or_refused(which in 0..7_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30), cut in any::<prop::sample::Index>()) {
        let (kind, mut file) = [
            (Kind::Jpeg, jpeg("exif", NAME)), (Kind::Png, png("zTXt", NAME)), (Kind::Pdf, pdf("object-stream", NAME)), (Kind::Pdf, pdf("text-mapped", NAME)),
            (Kind::Office, docx("comment", NAME)), (Kind::Office, xlsx("printer", NAME)), (Kind::Pdf, pdf("picture-packed", NAME)),
        ][which].clone();
        for (at, octet) in changes {
            let at = at.index(file.len());
            file[at] = octet;
        }
        if cut.index(4) == 0 {
            file.truncate(cut.index(file.len()) + 1);
        }
        let _ = scrub(kind, &file);
        let _ = scan(&file, &secrets());
    }

    #[test]
    fn any_octets_are_sorted(bytes in prop::collection::vec(any::<u8>(), 0..400), head in prop::sample::select(vec!["", "%PDF-1.7\n", "PK\x03\x04", "II*\0", "<html", "\u{1f}"])) {
        let file = [head.as_bytes(), &bytes].concat();
        let kind = Kind::of(&file, Some("a"), "");
        let _ = scrub(kind, &file);
        for kind in [Kind::Jpeg, Kind::Png, Kind::Pdf, Kind::Office, Kind::Text] {
            let _ = scrub(kind, &file);
        }
    }
}

/// `PARAVENT_FILES=a.pdf:b.jpg cargo test --test all what_files_cost -- --ignored --nocapture`
#[test]
#[ignore = "prints figures of files that one names"]
fn what_files_cost() {
    for path in std::env::var("PARAVENT_FILES").unwrap_or_default().split(':').filter(|path| !path.is_empty()) {
        let file = std::fs::read(path).unwrap();
        let kind = Kind::of(&file, Some(path), "");
        let begin = std::time::Instant::now();
        let clean = scrub(kind, &file);
        let scrubbed = begin.elapsed();
        let begin = std::time::Instant::now();
        let leaks = clean.as_ref().map(|clean| found(clean));
        println!(
            "{path}: {kind:?}, {} octets, {:?} left, scrubbed {scrubbed:?}, scanned {:?}, {leaks:?}",
            file.len(),
            clean.as_ref().map(Vec::len),
            begin.elapsed()
        );
        if let (Ok(clean), Ok(folder)) = (clean, std::env::var("PARAVENT_FILES_TO")) {
            std::fs::write(std::path::Path::new(&folder).join(std::path::Path::new(path).file_name().unwrap()), clean).unwrap();
        }
    }
}
