//! TNEF (winmail.dat): the streams of the fixtures are made here, then read, told as calendar objects, broken in every
//! place, and found in real mail. `UPDATE_FIXTURES=1` writes the fixtures and seeds anew.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::support;

use data_encoding::BASE64;
use paravent::domain::itip::{self, CalendarObject, Method};
use paravent::domain::mime::tnef::{Beside, Content, TnefError, TnefLimits, TnefMessage, Untold};
use paravent::domain::mime::{self, InboundMail, MimeLimits, Placement};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use support::outlook::{self, OUR_UID};
use support::tnef::{APPOINTMENT, MEETING, Props, Tnef, compressed_rtf, outlook_object_id};

/// A mail with TNEF, as Outlook builds it; `text` is what stands beside it.
fn mail(number: u32, from: &str, to: &str, subject: &str, text: &str, tnef: &[u8]) -> String {
    let base64 = BASE64.encode(tnef);
    let lines = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n");
    let domain = from.rsplit_once('@').unwrap().1.trim_end_matches('>');
    format!(
        "From: {from}\nTo: {to}\nSubject: {subject}\nDate: Mon, 15 Jun 2026 10:55:00 +0200\nMessage-ID: <m{number}@{domain}>\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b1\"\n\n--b1\nContent-Type: text/plain; charset=us-ascii\n\n{text}\n\
         --b1\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment; filename=\"winmail.dat\"\n\n{lines}\n--b1--\n"
    )
}

fn from_jean(number: u32, subject: &str, text: &str, tnef: &[u8]) -> String {
    mail(number, "Jean Martin <jean.martin@hopital.example>", "o2abcdefghijklmnopqrst@visio.example", subject, text, tnef)
}

fn from_claire(number: u32, subject: &str, tnef: &[u8]) -> String {
    mail(number, "Claire Bernard <claire.bernard@agence.example>", "jean.martin@hopital.example", subject, "", tnef)
}

/// A guest forwards somebody's answer as an attachment.
fn forwarded(number: u32, inner: &str) -> String {
    format!(
        "From: Jean Martin <jean.martin@hopital.example>\nTo: o2abcdefghijklmnopqrst@visio.example\nSubject: Fwd: Accepted: Point dossier\n\
         Date: Mon, 15 Jun 2026 11:30:00 +0200\nMessage-ID: <m{number}@hopital.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"f1\"\n\n--f1\nContent-Type: text/plain; charset=us-ascii\n\nVoici la reponse de mon collegue.\n\
         --f1\nContent-Type: message/rfc822\n\n{inner}\n--f1--\n"
    )
}

/// Every fixture with TNEF: its folder and its message.
fn fixtures() -> Vec<(&'static str, String)> {
    vec![
        ("replies/101-outlook-tnef-accept", from_jean(101, "Accepted: Point dossier", "", &outlook::accept())),
        (
            "replies/102-outlook-tnef-decline-with-words",
            from_jean(102, "Declined: Point dossier", "Je suis en conge.", &outlook::decline_with_words()),
        ),
        ("replies/103-outlook-tnef-letter", from_jean(103, "Point dossier", "Merci, a bientot.", &outlook::letter())),
        ("replies/109-outlook-tnef-tentative", from_jean(109, "Tentative: Point dossier", "", &outlook::tentative())),
        ("replies/110-outlook-tnef-counter", from_jean(110, "New Time Proposed: Point dossier", "", &outlook::counter())),
        ("replies/111-outlook-tnef-instance", from_jean(111, "Declined: Point dossier", "", &outlook::instance())),
        ("replies/112-outlook-tnef-old-class", from_jean(112, "Tentative: Reunion", "", &outlook::old_class())),
        ("replies/113-outlook-tnef-letter-in-rtf", from_jean(113, "Point dossier", "", &outlook::letter_in_rtf())),
        ("replies/114-outlook-tnef-cut", from_jean(114, "Accepted: Point dossier", "", &outlook::cut())),
        (
            "replies/115-outlook-tnef-forward-notification",
            from_jean(115, "Meeting Forward Notification: Point dossier", "Transmis.", &outlook::forward_notification()),
        ),
        ("replies/116-outlook-tnef-without-identity", from_jean(116, "Accepted: Point dossier", "", &outlook::without_identity())),
        ("replies/117-outlook-tnef-answer-forwarded", forwarded(117, &from_jean(101, "Accepted: Point dossier", "", &outlook::accept()))),
        ("invites/53-outlook-tnef-request", from_claire(53, "Point de suivi", &outlook::request())),
        ("invites/54-outlook-tnef-cancel", from_claire(54, "Canceled: Point de suivi", &outlook::cancellation())),
        ("invites/55-outlook-tnef-series", from_claire(55, "Point de suivi", &outlook::series())),
    ]
}

/// Streams that the fuzz target `tnef` starts from.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let embedded = Props::new().number(0x3705, 5).message(0x3701, &outlook::accept());
    let html = Props::new().binary(0x1013, b"<p>Bonjour</p>").number(0x3FDE, 28_591);
    vec![
        ("accept", outlook::accept()),
        ("counter", outlook::counter()),
        ("cut", outlook::cut()),
        ("decline-rtf", outlook::decline_with_words()),
        ("embedded", Tnef::new(1_252).class("IPM.Note").attachment("m", None, &embedded).bytes()),
        ("html", Tnef::new(65_001).class("IPM.Note").properties(&html).bytes()),
        ("instance", outlook::instance()),
        ("letter-rtf", outlook::letter_in_rtf()),
        ("old-class", outlook::old_class()),
        ("request", outlook::request()),
        ("series", outlook::series()),
    ]
}

/// Mails with TNEF that no transfer encoding hides from a fuzzer.
fn bare_mails() -> Vec<(&'static str, Vec<u8>)> {
    let head = b"From: Jean <jean.martin@hopital.example>\nContent-Type: application/ms-tnef\n\n";
    let bare = |tnef: Vec<u8>| [&head[..], &tnef].concat();
    vec![
        ("tnef-answer", bare(outlook::accept())),
        ("tnef-letter", bare(outlook::letter_in_rtf())),
        ("tnef-request", bare(outlook::request())),
    ]
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_fixtures_are_what_is_written_here() {
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    files
        .extend(fixtures().into_iter().map(|(folder, mail)| (root().join("fixtures").join(folder).join("message.eml"), mail.into_bytes())));
    files.extend(seeds().into_iter().map(|(name, bytes)| (root().join("fuzz/seeds/tnef").join(name), bytes)));
    files.extend(bare_mails().into_iter().map(|(name, bytes)| (root().join("fuzz/seeds/mime").join(name), bytes)));
    for (path, bytes) in files {
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).is_ok_and(|known| known == bytes), "{} differs: UPDATE_FIXTURES=1", path.display());
    }
}

fn read(bytes: &[u8]) -> TnefMessage<'_> {
    TnefMessage::read(bytes, &TnefLimits::default()).unwrap()
}

fn object(bytes: &[u8]) -> CalendarObject {
    let meeting = read(bytes).meeting(&Beside::default()).unwrap();
    itip::read(meeting.object.to_text().as_bytes()).unwrap()
}

/// The lines of the event, unfolded.
fn lines(bytes: &[u8]) -> String {
    let meeting = read(bytes).meeting(&Beside::default()).unwrap();
    meeting.object.to_text().replace("\r\n ", "").replace("\r\n", "\n")
}

fn mail_of(tnef: &[u8]) -> InboundMail {
    mime::read(from_jean(1, "x", "", tnef).as_bytes(), &MimeLimits::default())
}

#[test]
fn an_answer_is_told_line_by_line() {
    assert_eq!(
        lines(&outlook::tentative()),
        "BEGIN:VCALENDAR\nPRODID:-//Paravent//TNEF//EN\nVERSION:2.0\nMETHOD:REPLY\nBEGIN:VEVENT\n\
         UID:7f0c2a9e5b1d4e8f@visio.example\nSEQUENCE:0\nDTSTAMP:20260615T085500Z\nDTSTART:20260706T070000Z\nDTEND:20260706T080000Z\n\
         SUMMARY:Point dossier\nLOCATION:Visio\nORGANIZER;CN=\"Service médical\":mailto:o2abcdefghijklmnopqrst@visio.example\n\
         ATTENDEE;CN=\"Jean Martin\";PARTSTAT=TENTATIVE:mailto:jean.martin@hopital.example\nCOMMENT:Je confirme demain.\n\
         END:VEVENT\nEND:VCALENDAR\n"
    );
}

#[test]
fn a_proposal_has_both_times() {
    let told = lines(&outlook::counter());
    for line in [
        "METHOD:COUNTER",
        "DTSTART:20260707T120000Z",
        "DTEND:20260707T130000Z",
        "X-MS-OLK-ORIGINALSTART:20260706T070000Z",
        "X-MS-OLK-ORIGINALEND:20260706T080000Z",
        "COMMENT:Plutôt mardi ?",
    ] {
        assert!(told.lines().any(|known| known == line), "{line} is not in\n{told}");
    }
    // Without the proposed time no other takes its place.
    let add = |props| outlook::ours(props).named_flag(APPOINTMENT, 0x8257, true);
    let bare = outlook::answer("IPM.Schedule.Meeting.Resp.Tent", "IPM.Schedule.Meeting.Resp.Tent", "x", add).bytes();
    let bare = object(&bare);
    assert_eq!((bare.method, bare.events[0].start.clone()), (Some(Method::Counter), None));
}

#[test]
fn an_instance_is_its_day_or_its_instant() {
    assert!(lines(&outlook::instance()).contains("\nRECURRENCE-ID;VALUE=DATE:20260706\n"));
    let add = |props: Props| {
        let props = props.named_binary(MEETING, 0x03, &outlook_object_id(b"x", Some("2026-07-06")));
        props.named_time(APPOINTMENT, 0x8228, "2026-07-06T07:00:00Z")
    };
    let told = lines(&outlook::answer("IPM.Schedule.Meeting.Resp.Neg", "IPM.Schedule.Meeting.Resp.Neg", "x", add).bytes());
    assert!(
        told.contains("\nRECURRENCE-ID:20260706T070000Z\n") && told.contains("\nUID:040000008200E00074C5B7101A82E00800000000"),
        "{told}"
    );
}

#[test]
fn a_request_names_everybody_but_the_organizer() {
    let told = lines(&outlook::request());
    for line in [
        "METHOD:REQUEST",
        "ORGANIZER;CN=\"Claire Bernard\":mailto:claire.bernard@agence.example",
        "ATTENDEE;CN=\"Jean Martin\";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:jean.martin@hopital.example",
        "ATTENDEE;CN=\"Marie Petit\";CUTYPE=INDIVIDUAL;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:marie.petit@hopital.example",
        "DTSTAMP:20260613T090000Z",
        "DESCRIPTION:Ordre du jour : le dossier.",
    ] {
        assert!(told.lines().any(|known| known == line), "{line} is not in\n{told}");
    }
    assert_eq!(told.matches("ATTENDEE").count(), 2);
    let cancelled = lines(&outlook::cancellation());
    assert!(cancelled.contains("\nMETHOD:CANCEL\n") && cancelled.contains("\nSTATUS:CANCELLED\n"));
    // A series must never pass for one event.
    assert!(object(&outlook::series()).events[0].recurs.is_some() && !object(&outlook::request()).events[0].recurs.is_some());
}

#[test]
fn whole_days_are_days() {
    let add = |props: Props| {
        let props = props.named_time(APPOINTMENT, 0x820D, "2026-07-05T22:00:00Z").named_time(APPOINTMENT, 0x820E, "2026-07-06T22:00:00Z");
        outlook::ours(props.named_flag(APPOINTMENT, 0x8215, true))
    };
    // Of two properties with one name the first counts, so the builder's own times must go.
    let props = add(Props::new().text(0x001A, "IPM.Schedule.Meeting.Request"));
    let told = lines(&Tnef::new(1_252).properties(&props).bytes());
    assert!(told.contains("\nDTSTART;VALUE=DATE:20260706\nDTEND;VALUE=DATE:20260707\n"), "{told}");
}

#[test]
fn what_the_tnef_leaves_out_is_taken_from_the_mail() {
    let mail = mail_of(&outlook::old_class());
    let object = itip::read(&mail.calendars[0].bytes).unwrap();
    let event = &object.events[0];
    assert_eq!(event.attendees[0].address, "jean.martin@hopital.example");
    assert_eq!((event.summary.as_deref(), event.comments.as_slice()), (Some("Réunion"), &["À voir.".to_owned()][..]));
    assert_eq!(event.dtstamp.unwrap().to_rfc3339(), "2026-06-15T08:55:00+00:00");
    assert_eq!(mail.calendars[0].method.as_deref(), Some("REPLY"));
    // The words beside a TNEF without body go with the answer.
    let beside = mime::read(from_jean(1, "x", "A bientot.", &outlook::accept()).as_bytes(), &MimeLimits::default());
    assert_eq!(itip::read(&beside.calendars[0].bytes).unwrap().events[0].comments, ["A bientot."]);
    assert_eq!(beside.text, "A bientot.");
}

#[test]
fn a_delegate_answers_in_the_name_of_another() {
    let props = outlook::ours(
        Props::new().text(0x001A, "IPM.Schedule.Meeting.Resp.Pos").text(0x0065, "jean@h.example").text(0x0C1F, "lea@h.example"),
    );
    let told = lines(&Tnef::new(1_252).properties(&props).bytes());
    assert!(told.contains("\nATTENDEE;SENT-BY=\"mailto:lea@h.example\";PARTSTAT=ACCEPTED:mailto:jean@h.example\n"), "{told}");
}

#[test]
fn what_cannot_be_told_says_why() {
    let untold = |bytes: &[u8]| read(bytes).meeting(&Beside::default()).unwrap_err();
    assert_eq!(untold(&outlook::letter_in_rtf()), Untold::NoMeeting);
    assert_eq!(untold(&outlook::forward_notification()), Untold::OtherMeeting);
    assert_eq!(untold(&outlook::without_identity()), Untold::NoIdentity);
    let twice = outlook::answer("IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Neg", "x", outlook::ours).bytes();
    assert_eq!(untold(&twice), Untold::Contradiction);
}

#[test]
fn a_letter_brings_its_words_and_its_files() {
    let mail = mail_of(&outlook::letter_in_rtf());
    assert_eq!(mail.text, "Bonjour,\nVoici le dossier demandé.\nJean");
    let files: Vec<_> = mail.parts.iter().filter(|part| part.placement == Placement::Attachment).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!((file.file_name.as_deref(), file.content_type.as_str()), (Some("dossier médical.pdf"), "application/pdf"));
    assert_eq!(file.bytes, b"%PDF-1.4 example");
    assert!(mail.calendars.is_empty() && mail.defects.is_empty(), "{:?}", mail.defects);
}

#[test]
fn html_is_kept_and_read() {
    let html = Props::new().binary(0x1013, b"<p>Sinc\xE8rement</p>").number(0x3FDE, 28_591);
    let picture = Props::new().text(0x3712, "<p1@h.example>").text(0x370E, "image/png").flag(0x7FFE, true);
    let bytes = Tnef::new(65_001).class("IPM.Note").properties(&html).attachment("p.png", Some(b"\x89PNG"), &picture).bytes();
    let mail = mail_of(&bytes);
    assert_eq!((mail.text.as_str(), mail.html.as_deref()), ("Sincèrement", Some("<p>Sincèrement</p>")));
    let inline = mail.parts.iter().find(|part| part.placement == Placement::Inline).unwrap();
    assert_eq!(inline.content_id.as_deref(), Some("p1@h.example"));
}

#[test]
fn what_is_within_files_is_found_and_what_is_forwarded_is_evidence_alone() {
    let ics = b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:u\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let forwarded = b"From: x@y.example\nSubject: s\n\nwords of another";
    let embedded = Props::new().number(0x3705, 5).message(0x3701, &outlook::accept());
    let bytes = Tnef::new(1_252)
        .class("IPM.Note")
        .body(b"Voir les fichiers.")
        .attachment("reponse.ics", Some(ics), &Props::new())
        .attachment("m.eml", Some(forwarded), &Props::new().text(0x370E, "message/rfc822"))
        .attachment("Accepted", None, &embedded)
        .bytes();
    let mail = mail_of(&bytes);
    let kinds: Vec<_> = mail.calendars.iter().map(|calendar| (calendar.embedded, calendar.method.as_deref())).collect();
    assert_eq!(kinds, [(false, None), (true, Some("REPLY"))]);
    assert_eq!(mail.text, "Voir les fichiers.");
    let words: Vec<_> = mail.parts.iter().filter(|part| part.bytes == b"words of another").map(|part| part.placement).collect();
    assert_eq!(words, [Placement::Embedded]);
}

#[test]
fn messages_are_opened_one_deep() {
    let inner =
        Tnef::new(1_252).class("IPM.Note").body(b"in").attachment("a", None, &Props::new().message(0x3701, &outlook::accept())).bytes();
    let outer = Tnef::new(1_252).class("IPM.Note").attachment("b", None, &Props::new().message(0x3701, &inner)).bytes();
    let message = read(&outer);
    let Content::Message(first) = &message.attachments[0].content else { panic!() };
    assert_eq!(first.text().as_deref(), Some("in"));
    assert!(matches!(first.attachments[0].content, Content::File(_)));
    assert_eq!(first.defects, ["a message within messages in the TNEF was not opened"]);
}

#[test]
fn a_wrong_checksum_is_odd_and_a_cut_is_an_error() {
    let mut bytes = outlook::accept();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(read(&bytes).defects, ["a checksum in the TNEF is wrong"]);
    assert!(mail_of(&bytes).defects.contains(&"a checksum in the TNEF is wrong".to_owned()));
    let whole = outlook::accept();
    let error = |bytes: &[u8]| TnefMessage::read(bytes, &TnefLimits::default()).unwrap_err();
    assert_eq!(error(&whole[..last]), TnefError::Cut);
    assert_eq!(error(&whole[..4]), TnefError::Cut);
    assert_eq!(error(b"PK\x03\x04"), TnefError::NotTnef);
    assert_eq!(read(&[&whole[..], &[0; 7]].concat()).defects, ["the TNEF has octets after its last attribute"]);
    let cut = mail_of(&outlook::cut());
    assert!(cut.calendars.is_empty() && cut.parts.iter().any(|part| part.content_type == "application/ms-tnef"));
    assert!(cut.defects.contains(&"a TNEF (winmail.dat) cannot be read".to_owned()));
}

#[test]
fn every_limit_is_kept() {
    let bytes = outlook::request();
    let refused = |limits: TnefLimits| TnefMessage::read(&bytes, &limits).unwrap_err();
    let limits = TnefLimits::default();
    assert_eq!(refused(TnefLimits { bytes: bytes.len() - 1, ..limits }), TnefError::TooLarge("octets"));
    assert_eq!(refused(TnefLimits { attributes: 2, ..limits }), TnefError::TooLarge("attributes"));
    assert_eq!(refused(TnefLimits { values: 10, ..limits }), TnefError::TooLarge("properties"));
    let rtf = Props::new().binary(0x1009, &compressed_rtf(br"{\rtf1 abcdefghijkl}"));
    let bytes = Tnef::new(1_252).properties(&rtf).bytes();
    let shortened = TnefMessage::read(&bytes, &TnefLimits { rtf: 12, ..limits }).unwrap();
    assert_eq!(shortened.text().as_deref(), Some("abcde"));
    // A mail with many of them.
    let part =
        format!("--b\nContent-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n{}\n", BASE64.encode(&outlook::accept()));
    let many = format!("From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n{}--b--\n", part.repeat(20));
    let mail = mime::read(many.as_bytes(), &MimeLimits::default());
    assert!(mail.truncated && mail.parts.iter().filter(|part| part.content_type == "application/ms-tnef").count() == 12);
}

fn walk(bytes: &[u8]) {
    if let Ok(message) = TnefMessage::read(bytes, &TnefLimits::default()) {
        let _ = (message.text(), message.html());
        if let Ok(meeting) = message.meeting(&Beside::default()) {
            let object = itip::read(meeting.object.to_text().as_bytes()).unwrap();
            assert_eq!(object.method, Some(meeting.method));
        }
    }
    let _ = mail_of(bytes);
}

#[test]
fn cut_anywhere_nothing_panics_and_nothing_is_told() {
    for (name, whole) in seeds() {
        for end in 0..whole.len() {
            let cut = TnefMessage::read(&whole[..end], &TnefLimits::default());
            // Between two attributes nobody can see a cut: what is missing is then the meeting itself.
            assert!(cut.map_or(true, |message| message.meeting(&Beside::default()).is_err()), "{name} {end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_streams_are_read_or_refused(which in 0..11_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = seeds().swap_remove(which).1;
        for (at, octet) in changes {
            let at = at.index(bytes.len());
            bytes[at] = octet;
        }
        walk(&bytes);
    }

    #[test]
    fn any_octets_behind_the_signature(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        walk(&[&[0x78, 0x9F, 0x3E, 0x22, 0, 0][..], &bytes].concat());
    }

    #[test]
    fn texts_of_all_kinds_come_back(uid in "[!-~àé日]{1,40}", words in "[ -~àé日😀]{0,80}") {
        let props = Props::new().text(0x001A, "IPM.Schedule.Meeting.Resp.Pos").text(0x1000, &words).text(0x0065, "a@b.example");
        let props = props.named_binary(MEETING, 0x03, &support::tnef::global_object_id(&uid, None));
        let object = object(&Tnef::new(1_252).properties(&props).bytes());
        prop_assert_eq!(&object.events[0].uid, &uid);
        prop_assert_eq!(object.events[0].comments.join(""), words.trim());
    }
}

#[test]
fn the_uid_of_the_fixtures_is_ours() {
    for bytes in [outlook::accept(), outlook::counter(), outlook::instance(), outlook::old_class()] {
        assert_eq!(object(&bytes).events[0].uid, OUR_UID);
    }
}
