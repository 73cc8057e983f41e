//! Mail with files, and sealed mail, through the whole gateway in both directions; and the named fixtures of both.

use crate::support;

use data_encoding::BASE64;
use paravent::domain::alert::AlertKind;
use paravent::domain::delivery::OutboxPurpose::{Answer, Organizer};
use paravent::domain::mime::{InboundMail, Placement};
use paravent::domain::record::HoldState;
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use support::files::{compound, docx, eml, has, jpeg, odt, pdf, png, pptx, xlsx};
use support::house::{House, JEAN, ORGANIZER, calendar_mail, of_purpose};
use support::tnef::{Props, Tnef};

const NAME: &str = "Claire Bernard";

fn lines(bytes: &[u8]) -> String {
    let digits = BASE64.encode(bytes);
    digits.as_bytes().chunks(76).map(|line| format!("{}\n", std::str::from_utf8(line).unwrap())).collect()
}

fn part(kind: &str, name: &str, bytes: &[u8]) -> String {
    format!(
        "Content-Type: {kind}\nContent-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n{}",
        lines(bytes)
    )
}

fn text(words: &str) -> String {
    format!("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{words}\n")
}

fn multipart(kind: &str, boundary: &str, parts: &[String]) -> String {
    let parts: String = parts.iter().map(|part| format!("--{boundary}\n{part}\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\n\n{parts}--{boundary}--\n")
}

/// A mail; `entity` begins with the rest of its header.
fn mail(from: &str, to: &str, id: &str, entity: &str) -> String {
    format!(
        "From: {from}\nTo: {to}\nSubject: Re: Point dossier\nDate: Mon, 15 Jun 2026 10:55:00 +0200\nMessage-ID: <{id}>\nMIME-Version: 1.0\n{entity}"
    )
}

// Sealed and signed, as mail programs write them.

/// id-envelopedData, and nothing that anybody could open.
const ENVELOPED: &[u8] = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80\x30\x80\x02\x01\0\x31\0\0\0\0\0\0\0";

fn smime() -> String {
    let kind = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"\nContent-Disposition: attachment; filename=\"smime.p7m\"";
    format!("{kind}\nContent-Transfer-Encoding: base64\n\n{}", lines(ENVELOPED))
}

fn pgp_mime() -> String {
    let version = "Content-Type: application/pgp-encrypted\n\nVersion: 1\n".to_owned();
    let sealed = "Content-Type: application/octet-stream; name=\"encrypted.asc\"\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n".to_owned();
    multipart("encrypted; protocol=\"application/pgp-encrypted\"", "pgp", &[version, sealed])
}

fn pgp_inline() -> String {
    text("-----BEGIN PGP MESSAGE-----\n\nhQEMA0a1\n=ab12\n-----END PGP MESSAGE-----")
}

fn signed_clear(words: &str) -> String {
    let signature = part("application/pkcs7-signature; name=\"smime.p7s\"", "smime.p7s", NAME.as_bytes());
    multipart("signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256", "sig", &[text(words), signature])
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x82][..], &u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
}

fn signed_opaque(words: &str) -> String {
    let oid = |last| tlv(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last]);
    let content = tlv(0xa0, &tlv(4, text(words).as_bytes()));
    let signed = [tlv(2, &[1]), tlv(0x31, b""), tlv(0x30, &[oid(1), content].concat()), tlv(0x31, b"")].concat();
    let message = tlv(0x30, &[oid(2), tlv(0xa0, &tlv(0x30, &signed))].concat());
    let kind = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"";
    format!("{kind}\nContent-Transfer-Encoding: base64\n\n{}", lines(&message))
}

fn signed_inline(words: &str) -> String {
    text(&format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{words}\n-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n=ab12\n-----END PGP SIGNATURE-----"
    ))
}

fn program() -> Vec<u8> {
    b"MZ\x90\0\x03\0\0\0\x04".to_vec()
}

fn winmail() -> String {
    let file = |name: &str| Props::new().text(0x3707, name).number(0x3705, 1);
    let tnef = Tnef::new(1_252)
        .class("IPM.Note")
        .body(b"Voici le plan.")
        .attachment("PLAN.PDF", Some(b"%PDF-1.4 example"), &file("plan.pdf"))
        .attachment("FACTURE.PDF", Some(&program()), &file("facture.pdf"))
        .bytes();
    part("application/ms-tnef", "winmail.dat", &tnef)
}

// The fixtures.

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn replies() -> Vec<(&'static str, String)> {
    let alias = "o2abcdefghijklmnopqrst@visio.example";
    let jean = |number: u32, entity: &str| mail(&format!("Jean Martin <{JEAN}>"), alias, &format!("m{number}@hopital.example"), entity);
    let claire = |number: u32, entity: &str| mail(&format!("{NAME} <{ORGANIZER}>"), alias, &format!("m{number}@pc.agence.example"), entity);
    let stranger = |number: u32, entity: &str| mail("Paul <paul@ailleurs.example>", alias, &format!("m{number}@ailleurs.example"), entity);
    let quoted = text("Je ne peux pas lire ceci :\n\n> -----BEGIN PGP MESSAGE-----\n> hQEMA\n> -----END PGP MESSAGE-----");
    let with_program = multipart("mixed", "m", &[text("Voici."), part("application/pdf", "facture.pdf", &program())]);
    vec![
        ("133-smime-encrypted", jean(133, &smime())),
        ("134-pgp-mime-encrypted", jean(134, &pgp_mime())),
        ("135-pgp-within-the-text", jean(135, &pgp_inline())),
        ("136-sealed-unproved", jean(136, &smime())),
        ("137-sealed-by-a-stranger", stranger(137, &smime())),
        ("138-sealed-without-return-path", jean(138, &pgp_mime())),
        ("139-sealed-of-the-organizer", claire(139, &smime())),
        ("140-sealed-of-the-organizer-unproved", claire(140, &pgp_mime())),
        ("141-sealed-long-after-the-meeting", jean(141, &smime())),
        ("142-signed-smime", jean(142, &signed_clear("Je serai présent."))),
        ("143-signed-smime-opaque", jean(143, &signed_opaque("Je serai présent."))),
        ("144-signed-pgp-within-the-text", jean(144, &signed_inline("Je serai présent."))),
        ("145-quotes-a-sealed-text", jean(145, &quoted)),
        ("146-program-called-a-pdf", jean(146, &with_program)),
        ("147-outlook-tnef-with-a-program", jean(147, &winmail())),
    ]
}

fn leaks() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
    vec![
        ("29-docx-text-in-runs", docx("body-in-runs", NAME), DOCX),
        ("30-docx-author", docx("core", NAME), DOCX),
        ("31-docx-author-of-a-change", docx("author-of-a-change", NAME), DOCX),
        ("32-xlsx-shared-string-in-runs", xlsx("shared-string-in-runs", NAME), XLSX),
        ("33-pptx-notes", pptx("notes", NAME), PPTX),
        ("34-pdf-text-by-a-map", pdf("text-mapped", NAME), "application/pdf"),
        ("35-pdf-text-by-letter", pdf("text-by-letter", NAME), "application/pdf"),
        ("36-pdf-info-in-an-object-stream", pdf("object-stream", NAME), "application/pdf"),
        ("37-pdf-xmp", pdf("xmp", NAME), "application/pdf"),
        ("38-jpeg-exif", jpeg("exif", NAME), "image/jpeg"),
        ("39-jpeg-iptc", jpeg("iptc", NAME), "image/jpeg"),
        ("40-png-ztxt", png("zTXt", NAME), "image/png"),
        ("41-message-in-a-message", eml(NAME), "application/octet-stream"),
        ("42-outlook-message", compound("/__substg1.0_0C1A001F", NAME), "application/vnd.ms-outlook"),
        ("43-opendocument", odt(NAME), "application/vnd.oasis.opendocument.text"),
        ("44-pdf-font-without-a-map", pdf("text-without-map", "Rien du tout"), "application/pdf"),
        ("45-innocent-documents", pdf("text-mapped", "Rien du tout"), "application/pdf"),
    ]
}

fn guest_mail(kind: &str, bytes: &[u8]) -> String {
    let entity = multipart("mixed", "lim", &[text("Bonjour."), part(kind, "document", bytes)]);
    format!(
        "From: =?utf-8?Q?Service_m=C3=A9dical?= <o-7f3k@rdv.example>\nTo: Jean Martin <{JEAN}>\nSubject: Point de suivi\n\
         Message-ID: <1@rdv.example>\nMIME-Version: 1.0\n{entity}"
    )
}

#[test]
fn the_fixtures_are_what_is_written_here() {
    let path = |set: &str, name: &str| root().join("fixtures").join(set).join(name).join("message.eml");
    let mut files: Vec<(PathBuf, String)> = replies().into_iter().map(|(name, mail)| (path("replies", name), mail)).collect();
    files.extend(leaks().into_iter().map(|(name, bytes, kind)| (path("leaks", name), guest_mail(kind, &bytes))));
    for (path, mail) in files {
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &mail).unwrap();
        }
        assert!(fs::read_to_string(&path).is_ok_and(|known| known == mail), "{} differs: UPDATE_FIXTURES=1", path.display());
    }
}

// Through the gateway.

async fn invited() -> (House, String, String) {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let guest = house.guest(JEAN).await.id;
    let (to_organizer, to_guest) = (house.address(Purpose::OrganizerAlias, guest), house.address(Purpose::GuestAlias, guest));
    (house, to_organizer, to_guest)
}

fn files(mail: &InboundMail) -> Vec<String> {
    let files = mail.parts.iter().filter(|part| part.placement == Placement::Attachment);
    files.map(|part| part.file_name.clone().unwrap_or_default()).collect()
}

fn rung(house: &House) -> Vec<AlertKind> {
    house.bell.0.lock().unwrap().iter().map(|alert| alert.kind).collect()
}

#[tokio::test]
async fn an_answer_brings_its_files_without_their_author() {
    let (house, _, to_guest) = invited().await;
    let parts = [
        text("Voici les documents.\n-- \nClaire Bernard"),
        part("application/pdf", "plan.pdf", &pdf("info", NAME)),
        part("image/jpeg", "Photo de Claire Bernard.jpg", &jpeg("exif", NAME)),
        part("application/octet-stream", "notes.docx", &docx("comment-author", NAME)),
        part("application/octet-stream", "plan.dwg", b"\x01\x02AC1032"),
        part("application/octet-stream", "vieux.doc", &compound("/WordDocument", "x")),
        part("application/pdf", "sans-lettres.pdf", &pdf("text-without-map", "xxxxx")),
        part("application/pkcs7-signature", "smime.p7s", NAME.as_bytes()),
    ];
    house
        .accept(Submission, ORGANIZER, &to_guest, &mail(ORGANIZER, &to_guest, "a1@pc.agence.example", &multipart("mixed", "m", &parts)))
        .await;
    let items = house.sent().await;
    let answers = of_purpose(&items, Answer);
    assert_eq!(answers.len(), 1);
    assert!(answers[0].text.contains("Voici les documents."));
    assert_eq!(files(&answers[0]), ["plan.pdf", "document-2.jpg", "notes.docx"]);
    let raw = &items.iter().find(|item| item.purpose == Answer).unwrap().message;
    assert!(!has(&String::from_utf8_lossy(raw).replace("\r\n--", "\r\n\r\n--").into_bytes(), "Bernard"));
    for part in answers[0].parts.iter().filter(|part| part.placement == Placement::Attachment) {
        assert!(!has(&part.bytes, "Bernard"), "{:?}", part.file_name);
    }
    let told = of_purpose(&items, Organizer);
    assert_eq!(told.len(), 1);
    for name in ["plan.dwg", "vieux.doc", "sans-lettres.pdf"] {
        assert!(told[0].text.contains(name), "{}", told[0].text);
    }
    assert!(told[0].subject.starts_with("Transmis en partie"), "{}", told[0].subject);
    assert!(!told[0].text.contains("smime.p7s"));
}

#[tokio::test]
async fn a_secret_in_a_file_holds_the_whole_and_says_where() {
    let (house, _, to_guest) = invited().await;
    for (id, file) in [("docx", docx("body-in-runs", NAME)), ("pdf", pdf("text-mapped", NAME)), ("xlsx", xlsx("shared-string", NAME))] {
        let entity = multipart("mixed", "m", &[text("Voici."), part("application/octet-stream", "a", &file)]);
        house.accept(Submission, ORGANIZER, &to_guest, &mail(ORGANIZER, &to_guest, &format!("{id}@pc.agence.example"), &entity)).await;
        let items = house.sent().await;
        assert_eq!(of_purpose(&items, Answer).len(), 0, "{id}");
        let told = of_purpose(&items, Organizer);
        assert!(told[0].text.contains("votre nom dans un fichier joint"), "{id}: {}", told[0].text);
    }
    assert!(rung(&house).contains(&AlertKind::Leak));
}

#[tokio::test]
async fn an_answer_of_files_alone_is_sent_only_if_one_may_go() {
    let (house, _, to_guest) = invited().await;
    let alone = |id: &str, file: String| mail(ORGANIZER, &to_guest, id, &multipart("mixed", "m", &[text(""), file]));
    house.accept(Submission, ORGANIZER, &to_guest, &alone("b1@pc.agence.example", part("application/pdf", "plan.pdf", &pdf("", "")))).await;
    let items = house.sent().await;
    assert_eq!((of_purpose(&items, Answer).len(), of_purpose(&items, Organizer).len()), (1, 0));

    house
        .accept(Submission, ORGANIZER, &to_guest, &alone("b2@pc.agence.example", part("application/octet-stream", "plan.dwg", b"\x01\x02")))
        .await;
    let items = house.sent().await;
    assert_eq!(of_purpose(&items, Answer).len(), 0);
    let told = of_purpose(&items, Organizer);
    assert!(
        told[0].subject.starts_with("Rien n’a été envoyé") && told[0].text.contains("plan.dwg"),
        "{}\n{}",
        told[0].subject,
        told[0].text
    );
    assert_eq!(rung(&house), []);
}

#[tokio::test]
async fn pictures_among_the_words_go_and_the_logo_of_a_signature_stays() {
    let (house, _, to_guest) = invited().await;
    let inline = |id: &str, bytes: &[u8]| {
        format!(
            "Content-Type: image/png; name=\"{id}.png\"\nContent-ID: <{id}@x>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\n{}",
            lines(bytes)
        )
    };
    let html = "Content-Type: text/html\n\n<p>Le plan : <img src=\"cid:plan@x\"></p><div class=\"gmail_signature\"><img src=\"cid:logo@x\"></div>\n".to_owned();
    let entity = multipart("related", "r", &[html, inline("plan", &png("tEXt", NAME)), inline("logo", &png("", ""))]);
    house.accept(Submission, ORGANIZER, &to_guest, &mail(ORGANIZER, &to_guest, "c1@pc.agence.example", &entity)).await;
    let items = house.sent().await;
    assert_eq!(files(&of_purpose(&items, Answer)[0]), ["plan.png"]);
    assert_eq!(of_purpose(&items, Organizer).len(), 0, "a logo that stays is nothing to tell");
}

#[tokio::test]
async fn a_guest_s_program_is_named_and_rings() {
    let (house, to_organizer, _) = invited().await;
    let parts = [text("Voici."), part("application/pdf", "facture.pdf", &program()), part("application/pdf", "plan.pdf", b"%PDF-1.7 \x01")];
    house.accept(Mx, JEAN, &to_organizer, &mail(JEAN, &to_organizer, "d1@hopital.example", &multipart("mixed", "m", &parts))).await;
    let told = of_purpose(&house.sent().await, Organizer);
    assert_eq!(files(&told[0]), ["plan.pdf"]);
    assert!(told[0].text.contains("« facture.pdf » : c’est un programme."), "{}", told[0].text);
    assert_eq!(rung(&house), [AlertKind::BlockedAttachment]);
    // The same out of winmail.dat.
    house.accept(Mx, JEAN, &to_organizer, &mail(JEAN, &to_organizer, "d2@hopital.example", &winmail())).await;
    let told = of_purpose(&house.sent().await, Organizer);
    assert_eq!(files(&told[0]), ["plan.pdf"]);
    assert!(told[0].text.contains("facture.pdf") && told[0].text.contains("Voici le plan."), "{}", told[0].text);
}

#[tokio::test]
async fn sealed_mail_is_answered_to_whom_is_proved_alone() {
    let (house, to_organizer, to_guest) = invited().await;
    house.accept(Mx, JEAN, &to_organizer, &mail(JEAN, &to_organizer, "e1@hopital.example", &smime())).await;
    let items = house.sent().await;
    let (answers, told) = (of_purpose(&items, Answer), of_purpose(&items, Organizer));
    assert_eq!((answers.len(), told.len()), (1, 1));
    assert_eq!(answers[0].header("Auto-Submitted"), Some("auto-replied"));
    assert_eq!(answers[0].in_reply_to[0].as_str(), "e1@hopital.example");
    let item = items.iter().find(|item| item.purpose == Answer).unwrap();
    assert!(item.reverse_path.mailbox().is_none(), "nobody answers it");
    assert!(answers[0].text.contains("S/MIME") && told[0].text.contains("Jean") | told[0].text.contains("jean"), "{}", told[0].text);
    assert!(told[0].parts.iter().all(|part| part.placement == Placement::Body), "what can't be read is not passed on");

    house.accept(Submission, ORGANIZER, &to_guest, &mail(ORGANIZER, &to_guest, "e2@pc.agence.example", &pgp_mime())).await;
    let items = house.sent().await;
    assert_eq!(of_purpose(&items, Answer).len(), 0);
    assert!(of_purpose(&items, Organizer)[0].text.contains("chiffré"));

    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, JEAN, &to_organizer, &mail(JEAN, &to_organizer, "e3@hopital.example", &pgp_inline())).await;
    let items = house.sent().await;
    assert_eq!((of_purpose(&items, Answer).len(), of_purpose(&items, Organizer).len()), (0, 0));
    assert_eq!(house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn signed_mail_is_read_and_its_signature_stays_here() {
    let (house, to_organizer, to_guest) = invited().await;
    for (id, entity) in [("f1", signed_clear("Entendu.")), ("f2", signed_opaque("Entendu.")), ("f3", signed_inline("Entendu."))] {
        house.accept(Mx, JEAN, &to_organizer, &mail(JEAN, &to_organizer, &format!("{id}@hopital.example"), &entity)).await;
        let told = of_purpose(&house.sent().await, Organizer);
        assert!(told[0].text.starts_with("Entendu."), "{id}: {}", told[0].text);
        assert!(told[0].text.contains("était signé"), "{id}: {}", told[0].text);
        assert_eq!(files(&told[0]), [""; 0], "{id}");
        house.accept(Submission, ORGANIZER, &to_guest, &mail(ORGANIZER, &to_guest, &format!("{id}@pc.agence.example"), &entity)).await;
        let answers = of_purpose(&house.sent().await, Answer);
        assert!(answers[0].text.contains("Entendu."), "{id}");
        assert_eq!(files(&answers[0]), [""; 0], "{id}");
    }
}
