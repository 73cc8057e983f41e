//! Every letter in every language as a whole mail, and what no value may ever do to one.

pub mod desk;
mod series;

use desk::{Desk, LINK, at, named};
use mail_parser::{MessageParser, MimeHeaders};
use paravent::domain::attachment::{Blocked, Kind, Reason};
use paravent::domain::attendance::PartStat;
use paravent::domain::compose::{InvitationKind, Problem, Stationery};
use paravent::domain::leak::{Finding, SecretKind, Spot};

const GUEST_MAIL: &[u8] = "From: Jean Martin <jean.martin@hopital.example>\r\nSubject: Re: Entretien\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\n\
Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>Plut\u{f4}t jeudi ?<script>x()</script>\
<img src=\"cid:logo@h\"><img src=\"https://t.example/pixel.gif\"></p><blockquote>Bonjour</blockquote>\r\n--r\r\n\
Content-Type: image/png\r\nContent-ID: <logo@h>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n--m\r\n\
Content-Type: application/pdf; name=\"../../plan.pdf\"\r\nContent-Disposition: attachment; filename=\"../../plan.pdf\"\r\n\
Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--m\r\nContent-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n\
--m--\r\n"
    .as_bytes();

const ORGANIZER_MAIL: &[u8] = b"From: Claire Bernard <claire.bernard@agence.example>\r\nSubject: Secret subject\r\nX-Mailer: Host42\r\n\
Content-Type: text/html\r\n\r\n<p>Signed by Claire Bernard, 01 23 45 67 89</p>\r\n";

/// Signed, with a program that calls itself a picture, a script, an attached message and a picture that may pass.
const SIGNED_MAIL: &[u8] = b"From: Jean Martin <jean.martin@hopital.example>\r\nSubject: Re: Entretien\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s\r\n\r\n--s\r\n\
Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nOui.\r\n--m\r\n\
Content-Type: image/png; name=photo.png\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAA=\r\n--m\r\n\
Content-Type: text/plain; name=\"run.ps1\"\r\nContent-Disposition: attachment\r\n\r\nWrite-Host 1\r\n--m\r\n\
Content-Type: message/rfc822\r\n\r\nSubject: Ancien message\r\n\r\nBonjour\r\n--m\r\n\
Content-Type: image/gif; name=ok.gif\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lGODlhAQABAAAA\r\n--m--\r\n--s\r\n\
Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Disposition: attachment; filename=smime.p7s\r\n\
Content-Transfer-Encoding: base64\r\n\r\nMIAG\r\n--s--\r\n";

fn blocked(name: &str, kind: Kind, reason: Reason) -> Blocked {
    Blocked { name: name.to_owned(), kind, reason }
}

fn every_letter(desk: &Desk) -> Vec<(&'static str, Vec<u8>)> {
    let proposal = Some((at("2026-11-26T13:00:00Z"), at("2026-11-26T13:45:00Z")));
    let problems = [(Problem::UnknownTimeZone, "Mars/Base".to_owned()), (Problem::NoGuests, String::new())];
    vec![
        ("invitation", desk.invitation(InvitationKind::New)),
        ("update", desk.invitation(InvitationKind::Update)),
        ("cancellation", desk.invitation(InvitationKind::Cancellation)),
        ("reply", desk.reply(PartStat::Accepted, None)),
        ("counter", desk.reply(PartStat::NeedsAction, proposal)),
        ("delegated", desk.reply(PartStat::Delegated, None)),
        ("declined", desk.declined()),
        ("words", desk.words(GUEST_MAIL, "Plutôt jeudi ?")),
        ("answer", desk.answer(ORGANIZER_MAIL, "Bonjour,\n\nJeudi me convient : <14 h>.")),
        ("away", desk.away()),
        ("late", desk.late()),
        ("summary", desk.summary()),
        ("problem", desk.problem("Réunion", &problems)),
        (
            "shortened",
            desk.shortened(&[blocked("plan.dwg", Kind::Unknown, Reason::NotForGuests), blocked("a.pdf", Kind::Pdf, Reason::Encrypted)]),
        ),
        ("sealed", desk.sealed()),
        ("unreadable", desk.unreadable()),
        ("words-signed", desk.words(SIGNED_MAIL, "Oui.")),
        ("alert", desk.alert()),
        ("leak", desk.leak()),
    ]
}

fn text(mail: &[u8]) -> String {
    String::from_utf8(mail.to_vec()).unwrap()
}

/// The mail as a reader sees it: header block, then each text part decoded.
fn readable(mail: &[u8]) -> String {
    let raw = text(mail);
    let parsed = MessageParser::new().parse(mail).unwrap();
    let mut shown = raw.split("\r\n\r\n").next().unwrap().replace("\r\n", "\n");
    for part in &parsed.parts {
        let kind = part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default())).unwrap_or_default();
        shown.push_str(&format!("\n\n===== {kind} {}\n", part.attachment_name().unwrap_or_default()));
        shown.push_str(&part.text_contents().unwrap_or_default().replace("\r\n", "\n"));
    }
    shown
}

#[test]
fn every_language_is_complete() {
    let stationery = Stationery::embedded().unwrap();
    let languages: Vec<&str> = stationery.languages().collect();
    assert!(languages.contains(&"en") && languages.contains(&"fr"), "{languages:?}");
    assert_eq!(stationery.check(), Vec::<String>::new());
}

#[test]
fn whole_mails() {
    for language in Stationery::embedded().unwrap().languages() {
        for (name, mail) in every_letter(&Desk::new(language)) {
            insta::assert_snapshot!(format!("{language}-{name}"), readable(&mail));
        }
    }
    insta::assert_snapshot!("raw-invitation", text(&Desk::new("fr").invitation(InvitationKind::New)).replace("\r\n", "\n"));
}

#[test]
fn every_mail_is_seven_bit_with_short_lines() {
    for (name, mail) in every_letter(&Desk::new("fr")) {
        assert!(mail.is_ascii(), "{name}");
        let mail = text(&mail);
        for line in mail.split("\r\n") {
            assert!(line.len() <= 78 && !line.contains(['\r', '\n']), "{name}: {line}");
        }
    }
}

#[test]
fn the_invitation_has_the_form_that_calendars_look_for() {
    let mail = Desk::new("fr").invitation(InvitationKind::New);
    let parsed = MessageParser::new().parse(&mail).unwrap();
    let kinds: Vec<String> = parsed
        .parts
        .iter()
        .filter_map(|part| part.content_type())
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
        .collect();
    let expected = ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics"];
    assert_eq!(kinds, expected);
    let (calendar, file) = (&parsed.parts[4], &parsed.parts[5]);
    assert_eq!(calendar.content_type().unwrap().attribute("method"), Some("REQUEST"));
    assert_eq!(calendar.content_type().unwrap().attribute("component"), Some("VEVENT"));
    assert!(calendar.content_disposition().is_none());
    assert_eq!(calendar.contents(), file.contents());
    assert_eq!(file.attachment_name(), Some("invite.ics"));
    assert_eq!(parsed.from(), parsed.reply_to());
    for part in 2..=3 {
        assert!(parsed.parts[part].text_contents().unwrap().contains(LINK));
    }
    assert!(text(&mail).starts_with("Date: Fri, 20 Nov 2026 09:30:00 +0000\r\n"));
}

#[test]
fn a_mail_is_a_function_of_its_values() {
    assert_eq!(every_letter(&Desk::new("en")), every_letter(&Desk::new("en")));
}

#[test]
fn nothing_of_the_organizers_mail_but_the_new_words_reaches_a_guest() {
    let shown = readable(&Desk::new("en").answer(ORGANIZER_MAIL, "Hello"));
    for secret in ["Claire", "agence", "Secret", "Host42", "01 23"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn hostile_values_stay_values() {
    let hostile = "x\r\nBcc: evil@x.example\r\n\r\n<script>\u{202e}{{phrases}}\0";
    let mut desk = Desk::new("en");
    desk.alias = named(hostile, "o-k3v9@guest.visio.example");
    desk.guest = named(hostile, "jean.martin@hopital.example");
    desk.event.title = hostile.into();
    desk.event.description = Some(hostile.into());
    desk.loop_mark = hostile.into();
    let mut mails = every_letter(&desk);
    mails.push(("problem", desk.problem(hostile, &[(Problem::Resource, hostile.into())])));
    for (name, mail) in mails {
        let parsed = MessageParser::new().parse(&mail).unwrap();
        assert!(parsed.bcc().is_none() && parsed.header("Bcc").is_none(), "{name}");
        let headers: Vec<&str> = parsed.headers().iter().map(|header| header.name()).collect();
        assert!(headers.contains(&"MIME-Version") && headers.len() <= 14, "{name}: {headers:?}");
        let html = parsed.body_html(0).unwrap();
        assert!(!html.contains("<script"), "{name}: {html}");
        assert!(text(&mail).split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])), "{name}");
    }
}

#[test]
fn endless_words_are_cut_into_lines() {
    for endless in ["a".repeat(3_000), "é".repeat(3_000)] {
        let mut desk = Desk::new("fr");
        desk.alias = named(&endless, "o-k3v9@guest.visio.example");
        desk.event.title = endless.clone();
        let mail = desk.invitation(InvitationKind::New);
        assert!(text(&mail).split("\r\n").all(|line| line.len() <= 78));
        let parsed = MessageParser::new().parse(&mail).unwrap();
        assert_eq!(parsed.subject(), Some(format!("Invitation : {endless}").as_str()));
        assert_eq!(parsed.from().unwrap().first().unwrap().name(), Some(endless.as_str()));
    }
}

#[test]
fn a_span_over_midnight_names_both_days_and_an_unknown_language_is_english() {
    let mut desk = Desk::new("fr");
    desk.event.starts_at = at("2026-11-30T22:30:00Z");
    desk.event.ends_at = at("2026-11-30T23:30:00Z");
    let shown = readable(&desk.invitation(InvitationKind::New));
    assert!(shown.contains("lundi 30 novembre 2026, 23:30 – mardi 1er décembre 2026, 00:30 (Europe/Paris, UTC+1)"), "{shown}");
    let shown = readable(&Desk::new("xx").invitation(InvitationKind::New));
    assert!(shown.contains("Tuesday 24 November 2026, 14:00–14:45 (Europe/Paris, UTC+1)"), "{shown}");
}

#[test]
fn an_address_outside_ascii_stays_readable() {
    let mut desk = Desk::new("fr");
    desk.guest = named("Zoé", "zoé@hôpital.example");
    let mail = desk.invitation(InvitationKind::New);
    assert!(String::from_utf8(mail).unwrap().contains("<zoé@hôpital.example>"));
}

#[test]
fn a_finding_is_told_with_its_places_in_one_language() {
    let desk = Desk::new("fr");
    let found = |secret, spots: &[Spot]| {
        let finding = Finding { secret, spots: spots.to_vec() };
        (Problem::WouldLeak, desk.stationery.finding(&desk.language, &finding).unwrap())
    };
    let name = found(SecretKind::Name, &[Spot::Title, Spot::Text]);
    let shown = readable(&desk.problem("Réunion", &[name.clone(), found(SecretKind::Host, &[]), name]));
    assert_eq!(shown.matches("auraient vu votre nom dans le titre dans votre texte.").count(), 2, "once as text, once as HTML\n{shown}");
    assert!(shown.contains("de votre organisme."), "{shown}");
}
