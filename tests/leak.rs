//! The leak guard: every disguise is found in every place, each named; ordinary guest mail passes.

mod tricks;

use crate::letters::desk;

use data_encoding::BASE64;
use desk::{Desk, named};
use paravent::domain::attendance::Response;
use paravent::domain::compose::{InvitationKind, InvitationLetter, letter};
use paravent::domain::itip;
use paravent::domain::leak::{Finding, Limits, SecretKind, Secrets, Spot, findings, scan, scan_within};
use paravent::domain::mime::{self, MimeLimits};
use proptest::prelude::*;
use tricks::{places, tricks};

fn organizer(name: &str, address: &str, anonymity: &str, extra: &[&str]) -> paravent::domain::organizer::Organizer {
    serde_json::from_value(serde_json::json!({
        "id": "018f0000-0000-7000-8000-000000000001", "mailbox": address, "aliases": [], "name": name,
        "language": "fr", "secrets": extra, "active": true,
        "group": {"name": "m", "label": "Service médical", "anonymity": anonymity, "language": "fr",
                  "time_zone": "Europe/Paris", "allow_counter": false}
    }))
    .unwrap()
}

fn secrets(name: &str, address: &str) -> Secrets {
    Secrets::of(&organizer(name, address, "anonymous", &[]), &["rdv.example".to_owned()])
}

fn mail(body: &[u8]) -> Vec<u8> {
    let mut mail = b"From: =?utf-8?Q?Service_m=C3=A9dical?= <r-7f3k@rdv.example>\r\nSubject: Point trimestriel\r\n\
        Content-Type: text/html\r\n\r\n"
        .to_vec();
    mail.extend_from_slice(body);
    mail
}

/// What a guest gets, made by the real letter code.
fn invitation(desk: &Desk, kind: InvitationKind, link: &str) -> Vec<u8> {
    let letter = InvitationLetter {
        heading: desk.heading(&desk.alias, &desk.guest),
        kind,
        uid: &desk.uid,
        sequence: 1,
        event: &desk.event,
        before: None,
        link: (kind != InvitationKind::Cancellation).then_some(link),
        response: &Response::default(),
        allow_counter: true,
    };
    letter::invitation(&desk.stationery, &letter).unwrap()
}

/// Every trick in every place; how many mails those were.
fn assert_found(name: &str, address: &str) -> usize {
    let secrets = secrets(name, address);
    let mut mails = 0;
    for text in [name, address] {
        for (trick, body) in tricks(text) {
            for (place, mail) in places(&body) {
                let leaks = scan(&mail, &secrets);
                mails += 1;
                let named = leaks.iter().any(|leak| leak.secret != SecretKind::Unscannable);
                assert!(named, "not found: {trick}, {place}: {leaks:?}\n{}", String::from_utf8_lossy(&mail));
            }
        }
    }
    mails
}

#[test]
fn every_trick_is_found_in_every_place() {
    println!("{} mails for an identity", assert_found("Hélène Bernardin", "helene.bernardin@agence.example"));
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
        "claire.bernard@\r\nagence.example",
        "<x@mail.agence.example>",
        "claire_bernard",
        "Claire<br>Bernard",
    ] {
        assert!(!scan(&mail(text.as_bytes()), &secrets).is_empty(), "not found: {text}");
    }
    let shown = format!("{:?}{secrets:?}", scan(&mail(b"claire.bernard@agence.example"), &secrets));
    assert!(!shown.to_lowercase().contains("bernard"), "{shown}");
}

#[test]
fn a_longer_host_is_never_cut_into_the_secret_one() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    // Surroundings of a disguise begin and end somewhere: at every place around such a host.
    for far in 0..300 {
        let pad = "a ".repeat(far / 2) + if far % 2 == 0 { "" } else { "b" };
        let text = format!("monagence.example {pad}&eacute; {pad} agence.example-bis {pad}{pad}");
        assert_eq!(scan(&mail(text.as_bytes()), &secrets), [], "{far}");
    }
}

#[test]
fn a_long_disguise_is_read_throughout() {
    let secrets = secrets("Наталья Воронцова", "n.v@agence.example");
    let text = "Уважаемые коллеги, прошу вас сообщить мне, сможете ли вы прийти. Наталья Воронцова, отдел кадров и обучения, второй этаж.";
    let text = format!("{0} {text} {0}", "Прошу вас также принести с собой все документы, которые вы получили от нас. ".repeat(3));
    let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let prose = "Bonjour à tous.\r\n".repeat(60);
    let link = format!("{prose}<a href=\"mailto:x@y.test?body={percent}\">.</a>\r\n{prose}");
    let word = format!("Subject: =?koi8-r?B?{}?=\r\n{prose}", BASE64.encode(&encoding_rs::KOI8_R.encode(&text).0));
    for body in [link, word] {
        assert!(scan(&mail(body.as_bytes()), &secrets).iter().any(|leak| leak.secret == SecretKind::Name), "{body}");
    }
}

#[test]
fn a_comment_sign_in_two_disguises_is_one() {
    let secrets = secrets("Claire Bernardin", "c@agence.example");
    // Far from the disguises of the header.
    let prose = "Bonjour a tous.\r\n".repeat(60);
    for text in ["Mme Bernar<!-- note -=\r\n->din vous", "Mme Bernar<!=\r\n-- a > b -->din vous", "Mme Bernar<!-- note -\r\n ->din vous"] {
        assert!(!scan(&mail(format!("{prose}{text}\r\n{prose}").as_bytes()), &secrets).is_empty(), "{text}");
    }
}

#[test]
fn a_host_in_punycode_is_found() {
    // The directory has the domain as people write it; DNS and some programs have it in ASCII.
    let secrets = secrets("Claire Bernard", "claire@agence-santé.example");
    let label = idna::punycode::encode_str("agence-santé").unwrap();
    let leaks = scan(&mail(format!("https://www.XN--{label}.example/").as_bytes()), &secrets);
    assert!(leaks.iter().any(|leak| leak.secret == SecretKind::Host), "{leaks:?}");
}

#[test]
fn a_finding_names_what_and_where() {
    let secrets = secrets("Claire Bernard", "standard@agence.example");
    let leaks = scan(&mail(b"Claire Bernard, agence.example"), &secrets);
    let sources = [(Spot::Title, "Point avec Claire Bernard"), (Spot::Description, "Rien."), (Spot::GuestName, "Cl. Bernard")];
    let found = findings(&leaks, &secrets, &sources);
    let finding = |secret, spots: &[Spot]| Finding { secret, spots: spots.to_vec() };
    let surname = finding(SecretKind::Surname, &[Spot::Title, Spot::GuestName]);
    assert_eq!(found, [finding(SecretKind::Name, &[Spot::Title]), surname, finding(SecretKind::Host, &[])]);
    // The surname within the name is not told again.
    let name = finding(SecretKind::Name, &[Spot::Title]);
    assert_eq!(findings(&leaks, &secrets, &sources[..1]), [name, finding(SecretKind::Host, &[])]);
}

#[test]
fn names_of_several_parts_are_found_in_any_turn() {
    let secrets = secrets("Anne-Laure de la Ferté", "al@agence.example");
    for text in ["de la Ferté Anne-Laure", "Ferté, Anne Laure", "LA FERTÉ ANNE LAURE DE", "Mme Ferte"] {
        assert!(!scan(&mail(text.as_bytes()), &secrets).is_empty(), "not found: {text}");
    }
}

#[test]
fn extra_secrets_and_telephones_are_found() {
    let secrets = Secrets::of(&organizer("X", "x1@agence.example", "open", &["+33 1 23 45 67 89", "Salle Hermine 4"]), &[]);
    for text in ["01 23 45 67 89", "0123456789", "01.23.45.67.89", "+33 (0)1-23-45-67-89", "salle hermine, 4"] {
        assert!(!scan(&mail(text.as_bytes()), &secrets).is_empty(), "not found: {text}");
    }
    assert_eq!(scan(&mail(b"le 01/02/2026 de 13:45 a 14:45, salle 4"), &secrets), []);
}

#[test]
fn ordinary_guest_mail_passes() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    let token = BASE64.encode(&[0x5a, 0xc3, 0x11, 0x9e, 0x77].repeat(40));
    for text in [
        "Point trimestriel, le 3 mars. Claire comme de l'eau de roche.",
        "Quarterly review with Bernardo",
        "Merci de passer par l'agence. Example: 14 h.",
        "L'agence, example de bon accueil; agence example",
        "monagence.example, sous-agence.example et agence.example-bis",
        "https://visio.example/salle?jwt=eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoiYWJjIn0.c2lnbmF0dXJl",
        &token,
    ] {
        assert_eq!(scan(&mail(text.as_bytes()), &secrets), [], "{text}");
    }
}

#[test]
fn a_public_name_is_no_secret_but_the_address_stays_one() {
    let mut secrets = Secrets::of(&organizer("Claire Bernard", "claire.bernard@agence.example", "named", &[]), &[]);
    let own = b"From: Claire BERNARD <claire.bernard@agence.example>\r\nContent-Type: text/calendar\r\n\r\n";
    let calendar = itip::read(
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:abcdefgh-1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\n\
        ORGANIZER;CN=BERNARD Claire:mailto:claire.bernard@agence.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    )
    .unwrap();
    secrets.learn(&mime::read(own, &MimeLimits::default()), Some(&calendar));
    for text in ["Claire Bernard", "BERNARD Claire", "Mme Bernard"] {
        assert_eq!(scan(&mail(text.as_bytes()), &secrets), [], "{text}");
    }
    for text in ["claire.bernard@agence.example", "agence.example", "abcdefgh-1"] {
        assert!(!scan(&mail(text.as_bytes()), &secrets).is_empty(), "{text}");
    }
}

#[test]
fn a_guest_of_the_same_house_excuses_the_domain_alone() {
    let before = secrets("Claire Bernard", "claire@agence.example");
    let secrets = before.allowing(&named("Paul Bernard", "marie-claire@agence.example"));
    for text in ["marie-claire@agence.example", "Paul Bernard", "agence.example", "M. Bernard"] {
        assert_eq!(scan(&mail(text.as_bytes()), &secrets), [], "{text}");
    }
    for text in ["claire@agence.example", "de claire@agence.example", "Claire Bernard", "marie-claire@agence.example claire@agence.example"]
    {
        assert!(!scan(&mail(text.as_bytes()), &secrets).is_empty(), "{text}");
    }
}

#[test]
fn the_name_that_an_organizer_gives_a_guest_excuses_no_address() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    for name in ["Jean, de claire.bernard@agence.example", "Jean (agence.example)", "Jean par Claire Bernard"] {
        let secrets = secrets.allowing(&named(name, "jean@hopital.example"));
        assert!(!scan(&mail(name.as_bytes()), &secrets).is_empty(), "{name}");
    }
    let namesake = secrets.allowing(&named("Claire BERNARD", "cb@hopital.example"));
    assert_eq!(scan(&mail(b"Bonjour Claire Bernard"), &namesake), []);
}

#[test]
fn the_order_of_allowing_and_learning_does_not_matter() {
    let own = mime::read(
        b"From: Claire Bernard <claire@agence.example>\r\nReceived: from mx.hopital.example by mail.agence.example; x\r\n\r\n",
        &MimeLimits::default(),
    );
    let guest = named("Jean Martin", "jean@hopital.example");
    let mut first = secrets("Claire Bernard", "claire@agence.example").allowing(&guest);
    first.learn(&own, None);
    let mut last = secrets("Claire Bernard", "claire@agence.example");
    last.learn(&own, None);
    let last = last.allowing(&guest);
    for text in ["jean@hopital.example", "hopital.example", "Jean Martin", "mail.agence.example", "claire@agence.example"] {
        assert_eq!(scan(&mail(text.as_bytes()), &first), scan(&mail(text.as_bytes()), &last), "{text}");
    }
    assert_eq!(scan(&mail(b"jean@hopital.example"), &first), []);
}

#[test]
fn what_the_own_message_shows_is_learned() {
    let raw = "Received: from pc-42.agence.example ([192.0.2.7]) by mx1.gmail.com for <jean@hopital.example>; Mon, 1 Jun 2026 09:30:00 +0200\r\n\
        X-Originating-IP: [198.51.100.23]\r\nFrom: Claire Bernard <cb@perso.example>\r\nSender: accueil <standard@siege.example>\r\n\
        Reply-To: reponses@autre.example\r\nTo: jean@hopital.example\r\nMessage-ID: <abc.def.123@ordinateur.example>\r\nPhone: 01 23 45 67 89\r\n\r\n";
    let calendar = itip::read(
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:evenement-77@serveur.example\r\nDTSTAMP:20260101T000000Z\r\n\
        DTSTART:20260101T000000Z\r\nORGANIZER;CN=Direction des soins;SENT-BY=\"mailto:assistante@bureau.example\";\
        EMAIL=interne@prive.example;DIR=\"ldap://annuaire.lan.example/cn=cb\":mailto:claire@agence.example\r\n\
        CONTACT:Mme B.\\, +33 1 98 76 54 32\\, cb@ligne.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            .as_bytes(),
    )
    .unwrap();
    let mut secrets = secrets("Claire Bernard", "claire@agence.example");
    secrets.learn(&mime::read(raw.as_bytes(), &MimeLimits::default()), Some(&calendar));
    for text in [
        "pc-42.agence.example",
        "192.0.2.7",
        "198.51.100.23",
        "cb@perso.example",
        "standard@siege.example",
        "reponses@autre.example",
        "abc.def.123@ordinateur.example",
        "0123456789",
        "evenement-77@serveur.example",
        "assistante@bureau.example",
        "interne@prive.example",
        "annuaire.lan.example",
        "01.98.76.54.32",
        "cb@ligne.example",
        "direction des soins",
    ] {
        assert!(!scan(&mail(text.as_bytes()), &secrets).is_empty(), "not learned: {text}");
    }
    for text in ["mx1.gmail.com", "hopital.example", "la direction", "1192.0.2.70"] {
        assert_eq!(scan(&mail(text.as_bytes()), &secrets), [], "{text}");
    }
}

#[test]
fn what_cannot_be_opened_is_unscannable() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    let mut nested = b"rien".repeat(9);
    for _ in 0..12 {
        nested = BASE64.encode(&nested).into_bytes();
    }
    let base64 = |bytes: &[u8]| BASE64.encode(bytes).into_bytes();
    let zip =
        |flags: u8, method: u8| [b"PK\x03\x04\x14\0".as_slice(), &[flags, 0, method, 0], &[0; 16], &[1, 0, 0, 0, b'a'], &[7; 40]].concat();
    let disguised = format!("{}65 rien", "%25".to_owned() + &"25".repeat(200));
    for (case, body) in [
        ("too deep", nested),
        ("too many disguises", disguised.into_bytes()),
        ("unknown zip method", base64(&zip(0, 12))),
        ("encrypted zip", base64(&zip(1, 8))),
        ("7z", base64(b"7z\xbc\xaf\x27\x1c\0\x04 and what follows in it")),
        ("encrypted PDF", base64(b"%PDF-1.7\ntrailer << /Encrypt 5 0 R >>")),
        ("compressed RTF", base64(b"\x78\x9f\x3e\x22 and then \x40LZFu and what follows")),
        ("PGP", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==".to_vec()),
        ("bomb", base64(&tricks::gzipped(&[0; 24 << 20]))),
    ] {
        let leaks = scan(&mail(&body), &secrets);
        assert!(leaks.iter().any(|leak| leak.secret == SecretKind::Unscannable), "{case}: {leaks:?}");
    }
}

/// A quadratic pass over these would not end in a day; the guard's own count of bytes bounds the rest.
#[test]
fn hostile_bytes_cost_no_more_than_their_length() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    for unit in [
        "=?",
        "=?a?q?",
        "=?a?b?x",
        "<!--",
        "<a",
        "&",
        "&#",
        "&#x0",
        "%",
        "%25",
        "=3D",
        "=",
        "; a*1=",
        "xn--",
        "x\u{9c}",
        "(at)",
        "\\",
        "\n ",
        "A",
        "charset=koi8-r ",
    ] {
        let size = if matches!(unit, "=?" | "<!--") { 2 << 20 } else { 64 << 10 };
        let hostile = unit.repeat(size / unit.len());
        let seen = scan_within(&mail(hostile.as_bytes()), &secrets, &Limits::default());
        assert!(seen.bytes <= 60 * size && seen.views <= 120, "{unit:?}: {} bytes, {} views", seen.bytes, seen.views);
    }
}

#[test]
fn invitations_of_ours_pass_for_anybody() {
    let titles = [
        ("fr", "Point trimestriel", "Merci d'apporter vos documents.\nL'agence vous attend."),
        ("fr", "Entretien d'évaluation & suivi", "Ordre du jour :\n1) bilan 2026 ; 2) budget <prévisionnel> ; 3) 50 % de remise"),
        ("fr", "Réunion à l'hôtel", "Accès : 12, rue des Lilas, 75011 Paris. Code 45B12#. Tél. du lieu : 01 40 00 00 00"),
        ("fr", "Comité d'établissement", "Documents : https://docs.example/a?b=c%20d&e=f#g"),
        ("fr", "Pré-rentrée 2026/2027", "« Apportez vos questions » — œuvre, cœur, naïveté…"),
        ("en", "Quarterly review", "Please bring the figures.\nBest regards"),
        ("en", "Interview: senior engineer (remote)", "Dial-in is below. Passcode: 482-913."),
        ("en", "Weekly sync \u{1f600}", "Agenda:\n- status\n- risks\n- a.o.b."),
        ("en", "Contract #2026-114 — signature", "See clause 4.2, C:\\shared\\contracts and the table x<y, y>z."),
        ("en", "Agency visit", "The agency is on the 3rd floor; agency example, not a host."),
    ];
    let mut mails = Vec::new();
    for (number, (language, title, description)) in titles.into_iter().enumerate() {
        let mut desk = Desk::new(language);
        desk.event.title = title.to_owned();
        desk.event.description = Some(description.to_owned());
        // A link as long as ours: three parts of a token.
        let noise: Vec<u8> =
            (0..240_u32).map(|i| u8::try_from((i * i * 31 + i * 7 + u32::try_from(number).unwrap() * 89) % 251).unwrap()).collect();
        let link = format!(
            "https://visio.example/j/eyJhbGciOiJIUzI1NiJ9.{}.{}",
            data_encoding::BASE64URL_NOPAD.encode(&noise[..180]),
            data_encoding::BASE64URL_NOPAD.encode(&noise[180..212])
        );
        let kinds = [InvitationKind::New, InvitationKind::New, InvitationKind::Update, InvitationKind::Cancellation];
        mails.push(invitation(&desk, kinds[number % 4], &link));
    }
    let given = ["Claire", "Hélène", "Jean-Pierre", "Aïcha", "Bo", "Zoé", "Marc", "Ömer", "Anne Sophie", "Lucía"];
    let surnames = ["Bernardin", "Lefèvre", "de la Ferté", "Ng", "Østergård"];
    for (number, (given, surname)) in given.iter().flat_map(|given| surnames.iter().map(move |surname| (given, surname))).enumerate() {
        let address = format!("u{number}.{}@agence{number}.example", ["interne", "soins", "rh", "dsi"][number % 4]);
        let secrets = secrets(&format!("{given} {surname}"), &address).allowing(&named("Jean Martin", "jean.martin@hopital.example"));
        // Two of the ten for each, so that each mail meets ten people.
        for mail in mails.iter().cycle().skip(number % 10).step_by(5).take(2) {
            assert_eq!(scan(mail, &secrets), [], "{given} {surname}\n{}", String::from_utf8_lossy(mail));
        }
    }
}

/// `cargo test --test all what_a_scan_costs -- --ignored --nocapture`
#[test]
#[ignore = "prints figures"]
fn what_a_scan_costs() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    let link = format!("https://visio.example/j/{}.{}.{}", "a1B2".repeat(18), "Zm9vYmFyLg".repeat(23), "x_Y-".repeat(10));
    let invitation = invitation(&Desk::new("fr"), InvitationKind::New, &link);
    let noise: Vec<u8> = (0..5_u64 << 20).map(|i| u8::try_from((i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 29) & 0xff).unwrap()).collect();
    let lines: Vec<u8> = BASE64.encode(&noise).as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
    for (case, mail) in [("invitation", invitation), ("5 MB attachment", mail(&lines))] {
        let begin = std::time::Instant::now();
        let seen = scan_within(&mail, &secrets, &Limits::default());
        println!(
            "{case}: {} bytes, {} views of {} bytes, {:?}, leaks {:?}",
            mail.len(),
            seen.views,
            seen.bytes,
            begin.elapsed(),
            seen.leaks
        );
    }
}

#[test]
fn cases_of_guest_bound_mail() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/leaks");
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    for case in cases {
        let read = |name: &str| std::fs::read(case.join(name)).unwrap();
        assert!(!read("why.md").is_empty());
        let expected: serde_json::Value = serde_json::from_slice(&read("expected.json")).unwrap();
        let lf = String::from_utf8(read("message.eml")).unwrap().replace("\r\n", "\n");
        for mail in [lf.replace('\n', "\r\n"), lf] {
            let mut found: Vec<String> = scan(mail.as_bytes(), &secrets).into_iter().map(|leak| leak.secret.to_string()).collect();
            found.sort();
            assert_eq!(serde_json::json!(found), expected["leaks"], "{}", case.display());
        }
    }
}

/// The same identities at every run, so that a failure can be looked at again; more of them, or others, by
/// `PARAVENT_CASES=100 PARAVENT_SEED=7`.
fn identities() -> ProptestConfig {
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual);
    let rng_seed = proptest::test_runner::RngSeed::Fixed(number("PARAVENT_SEED", 2026));
    ProptestConfig { cases: u32::try_from(number("PARAVENT_CASES", 8)).unwrap(), rng_seed, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(identities())]

    #[test]
    fn any_identity_is_found(given in "[A-ZÉ][a-zéèï]{5,8}", surname in "[A-ZÇ][a-zéç]{5,9}", host in "[a-z]{4,8}") {
        assert_found(&format!("{given} {surname}"), &format!("{host}.login7@{host}.example"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_are_scanned(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        scan(&bytes, &secrets("Claire Bernard", "claire.bernard@agence.example"));
    }
}

#[test]
fn digits_before_a_boundary_line_are_read_for_themselves() {
    // Found by chance: unpadded base64 of Latin-1, and the dashes of the next line decode to letters.
    assert_found("Éïaèèaaaa Ççaççéça", "aaaa.login7@aaaa.example");
}

/// What people write is passed on, whoever the organizer is. (`../shared/corpus`, where it is there; at most one in 200 held.)
#[test]
fn what_people_write_is_not_held() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/human");
    let Ok(mut labels) = csv::Reader::from_path(folder.join("labels.csv")) else {
        return eprintln!("SKIPPED: no corpus at {}: nothing was tried", folder.display());
    };
    let organizers = [
        ("Claire Bernard", "claire.bernard@agence.example"),
        ("Łukasz Nowakowski", "l.nowakowski@soins.agence.example"),
        ("Anne-Marie de la Ferté", "amf00417@interne.example"),
        ("Sofía Fernández Ruiz", "sofia.fernandez@cnam.example"),
    ];
    let desk = Desk::new("fr");
    let (mut tried, mut held) = (0_usize, Vec::new());
    for (number, row) in labels.records().map(Result::unwrap).enumerate() {
        if !row[1].starts_with("human") {
            continue;
        }
        let bytes = std::fs::read(folder.join(&row[0])).unwrap();
        let words = paravent::domain::explain::content_only(&row[0], &bytes, &Default::default(), chrono::Utc::now()).new_text;
        let (name, address) = organizers[number % organizers.len()];
        let found = scan(&desk.answer(b"Subject: x\r\n\r\n", &words), &secrets(name, address));
        tried += 1;
        held.extend((!found.is_empty()).then(|| format!("{} for {name}: {found:?}", &row[0])));
    }
    println!("{} of {tried} held:\n{}", held.len(), held.join("\n"));
    assert!(tried > 100 && held.len() * 200 <= tried, "{held:?}");
}

/// Empty lines above an indented one are a fold in a fold in a fold.
#[test]
fn a_text_with_deep_indents_is_read_to_its_end() {
    let secrets = secrets("Claire Bernard", "claire.bernard@agence.example");
    for (lines, blanks) in [(1, 1), (3, 8), (20, 20), (40, 7), (7, 40)] {
        let gap = format!("{}{}", "\r\n".repeat(lines), "\t".repeat(blanks));
        assert_eq!(scan(&mail(format!("Bonjour,{gap}à mardi.").as_bytes()), &secrets), [], "{lines} {blanks}");
        let split = mail(format!("claire.ber{gap}nard@agence.example").as_bytes());
        assert_ne!(scan(&split, &secrets), [], "{lines} {blanks}: a word across it is read");
    }
}
