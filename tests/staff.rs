//! What people do who are signed in: organizers with their meetings, the helpdesk at its desk. As a browser without scripts.

use crate::support;

use axum::http::StatusCode;
use chrono::TimeDelta;
use paravent::domain::alert::{Alert, AlertKind, AlertState, Severity};
use paravent::domain::delivery::OutboxPurpose::{Invitation, Organizer};
use paravent::domain::id::AlertId;
use paravent::domain::meeting::MeetingStatus;
use paravent::domain::record::{Commit, HoldState, RoomWrite, Write};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use support::desk::{Desk, form};
use support::house::{JEAN, LEA, ORGANIZER, calendar_mail, of_purpose, words};
use uuid::Uuid;

fn claire() -> Value {
    json!({ "email": ORGANIZER, "email_verified": true, "name": "Claire B." })
}

fn helpdesk() -> Value {
    json!({ "groups": ["helpdesk"], "name": "Ana Silva" })
}

fn meeting<'a>(key: &'a str, title: &'a str, from: &'a str, guests: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("key", key),
        ("title", title),
        ("date", "2026-01-06"),
        ("from", from),
        ("to", "15:00"),
        ("guests", guests),
        ("description", "À jeun"),
    ]
}

#[tokio::test]
async fn an_organizer_writes_changes_and_cancels_a_meeting() {
    let desk = Desk::open().await;
    let (cookie, key) = desk.person("c1", claire()).await;
    let blank = desk.ask("GET", "/meetings/new", &cookie, "").await;
    assert!(blank.status == StatusCode::OK && blank.body.contains("Europe/Paris") && blank.body.contains(&key), "{}", blank.body);

    let wrong = desk.ask("POST", "/meetings/new", &cookie, &form(&meeting(&key, "<b>Bilan</b>", "15:30", "jean@, lea"))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for said in ["La fin est avant le début.", "Ce n’est pas une adresse mail : jean@", "&lt;b&gt;Bilan", "jean@, lea</textarea>"] {
        assert!(wrong.body.contains(said), "{said}\n{}", wrong.body);
    }
    assert_eq!(desk.house.sent().await.len(), 0);

    let guests = format!("Jean Martin <{JEAN}>\n{LEA}");
    let number = blank.body.split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let mut fields = meeting(&key, "Bilan", "14:00", &guests);
    fields.push(("form", &number));
    let written = desk.ask("POST", "/meetings/new", &cookie, &form(&fields)).await;
    let pressed_twice = desk.ask("POST", "/meetings/new", &cookie, &form(&fields)).await;
    assert_eq!(pressed_twice.location(), written.location(), "one meeting");
    assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.body);
    let page = written.location().split('?').next().unwrap().to_owned();
    let (stored, invited) = desk.house.meeting().await;
    assert_eq!((page.as_str(), invited.len()), (format!("/meetings/{}", stored.id).as_str(), 2));
    assert_eq!(stored.event.starts_at.to_rfc3339(), "2026-01-06T13:00:00+00:00");
    let items = desk.house.sent().await;
    assert_eq!((of_purpose(&items, Invitation).len(), of_purpose(&items, Organizer).len()), (2, 1));
    for mail in of_purpose(&items, Invitation) {
        assert!(mail.text.contains("À jeun") && !mail.text.contains("Claire") && !mail.text.contains("agence"), "{}", mail.text);
    }
    let shown = desk.ask("GET", written.location(), &cookie, "").await.body;
    for part in ["Vos invitations partent", "Jean Martin", LEA, "/change\"", "Annuler la réunion", "Renvoyer l’invitation"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }

    desk.house.clock.move_by(TimeDelta::minutes(5));
    let filled = desk.ask("GET", &format!("{page}/change"), &cookie, "").await.body;
    assert!(filled.contains("value=\"14:00\"") && filled.contains(&format!("Jean Martin &lt;{JEAN}&gt;")), "{filled}");
    let changed = desk
        .ask("POST", &format!("{page}/change"), &cookie, &form(&meeting(&key, "Bilan", "14:30", &format!("{LEA}, paul@cabinet.example"))))
        .await;
    assert_eq!(changed.location(), format!("{page}?said=changed"), "{}", changed.body);
    let items = desk.house.sent().await;
    let mut told: Vec<(String, String)> = items
        .iter()
        .filter(|item| item.purpose == Invitation)
        .map(|item| {
            let mail = support::house::parsed(item);
            let method = String::from_utf8_lossy(&mail.calendars[0].bytes)
                .lines()
                .find(|line| line.starts_with("METHOD"))
                .unwrap()
                .trim()
                .to_owned();
            (item.recipient.to_string(), method)
        })
        .collect();
    told.sort();
    let expected = [(JEAN, "METHOD:CANCEL"), (LEA, "METHOD:REQUEST"), ("paul@cabinet.example", "METHOD:REQUEST")];
    assert_eq!(told, expected.map(|(who, what)| (who.to_owned(), what.to_owned())));

    desk.house.clock.move_by(TimeDelta::minutes(5));
    let leaking = desk
        .ask("POST", &format!("{page}/change"), &cookie, &form(&meeting(&key, "Avec Claire Bernard", "14:30", "paul@cabinet.example")))
        .await;
    assert_eq!(leaking.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(of_purpose(&desk.house.sent().await, Invitation).len(), 0, "nobody is taken off for a change that is refused");
    let cancelled = desk.ask("POST", &format!("{page}/act"), &cookie, &form(&[("key", &key), ("action", "cancel")])).await;
    assert_eq!(cancelled.location(), format!("{page}?said=cancelled"));
    assert_eq!(desk.house.meeting().await.0.status, MeetingStatus::Cancelled);
    assert_eq!(of_purpose(&desk.house.sent().await, Invitation).len(), 2);
    assert_eq!(desk.ask("GET", &format!("{page}/change"), &cookie, "").await.status, StatusCode::NOT_FOUND);
    let list = desk.ask("GET", "/meetings", &cookie, "").await.body;
    assert!(list.contains(&page) && list.contains("annulée"), "{list}");
}

#[tokio::test]
async fn what_would_show_the_organizer_is_not_sent_and_said() {
    let desk = Desk::open().await;
    let (cookie, key) = desk.person("c1", claire()).await;
    let refused = desk.ask("POST", "/meetings/new", &cookie, &form(&meeting(&key, "Bilan avec Claire Bernard", "14:00", JEAN))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("role=\"alert\"") && refused.body.contains("value=\"Bilan avec Claire Bernard\""), "{}", refused.body);
    assert_eq!(of_purpose(&desk.house.sent().await, Invitation).len(), 0);
}

#[tokio::test]
async fn the_moderator_opens_the_door_and_nobody_else() {
    let desk = Desk::open().await;
    desk.house.give(Submission, ORGANIZER, &[JEAN, LEA], &calendar_mail("REQUEST", 0, 13, &[JEAN, LEA])).await;
    desk.house.sent().await;
    let (cookie, key) = desk.person("c1", claire()).await;
    let (stored, guests) = desk.house.meeting().await;
    let start = form(&[("key", &key), ("action", "start")]);
    let act = format!("/meetings/{}/act", stored.id);
    assert!(desk.ask("POST", &act, &cookie, &start).await.location().ends_with("?said=closed-door"));
    desk.house.clock.move_by(TimeDelta::minutes(28 * 60 + 55));
    let (cookie, key) = desk.person("c1", claire()).await;
    let start = form(&[("key", &key), ("action", "start")]);
    let waits = Write::Room(RoomWrite::Waits { room: stored.room.clone(), guest: guests[0].id, at: desk.house.gateway.world.now() });
    desk.house.archive.commit(Commit { writes: vec![waits] }).await.unwrap();
    let page = desk.ask("GET", &format!("/meetings/{}", stored.id), &cookie, "").await.body;
    assert!(
        page.contains("Faire entrer") && page.contains("Ouvrir la réunion et l’animer") && page.contains("vient de votre agenda"),
        "{page}"
    );

    let help = format!("/meetings/{}/guests/{}", stored.id, guests[0].id);
    let let_in = desk.ask("POST", &help, &cookie, &form(&[("key", &key), ("action", "let-in")])).await;
    assert!(let_in.location().ends_with("?said=let-in"));
    assert!(desk.house.archive.doorstep(&stored.room, guests[0].id).await.unwrap().is_free());
    assert!(!desk.house.archive.doorstep(&stored.room, guests[1].id).await.unwrap().is_free());

    let started = desk.ask("POST", &act, &cookie, &start).await;
    let (url, token) = started.location().split_once("?jwt=").unwrap();
    assert_eq!(url, format!("https://meet.example/{}", stored.room));
    let claims = data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((claims["moderator"].clone(), claims["context"]["user"]["affiliation"].clone()), (json!(true), json!("owner")));
    assert_eq!(claims["context"]["user"]["name"], json!("Service médical"), "guests see what the invitation says");
    assert!(!claims.to_string().contains("agence") && !claims.to_string().contains("Bernard"));
    assert!(desk.house.archive.doorstep(&stored.room, guests[1].id).await.unwrap().is_free(), "everybody may come in");

    // Somebody else of the same company.
    let (other, other_key) = desk.person("p1", json!({ "email": "paul.roux@agence.example", "email_verified": true })).await;
    for path in [format!("/meetings/{}", stored.id), format!("/meetings/{}/change", stored.id)] {
        assert_eq!(desk.ask("GET", &path, &other, "").await.status, StatusCode::NOT_FOUND);
    }
    let stolen = form(&[("key", &other_key), ("action", "start")]);
    assert_eq!(desk.ask("POST", &act, &other, &stolen).await.status, StatusCode::NOT_FOUND);
    let helped = desk.ask("POST", &help, &other, &form(&[("key", &other_key), ("action", "resend")])).await;
    assert!(helped.location().ends_with("?said=not-done"));
    assert!(desk.ask("GET", "/meetings", &other, "").await.body.contains("Aucune."));
}

#[tokio::test]
async fn guests_are_helped_and_forms_of_others_do_nothing() {
    let desk = Desk::open().await;
    desk.house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    desk.house.sent().await;
    let (cookie, key) = desk.person("c1", claire()).await;
    let (stored, guests) = desk.house.meeting().await;
    let help = format!("/meetings/{}/guests/{}", stored.id, guests[0].id);
    let resend = form(&[("key", &key), ("action", "resend")]);
    for (site, body) in [("cross-site", resend.clone()), ("same-origin", form(&[("key", "x"), ("action", "resend")]))] {
        assert_eq!(desk.ask_from(site, "POST", &help, &cookie, &body).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(desk.ask("POST", &help, "", &resend).await.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.house.sent().await.len(), 0);
    assert!(desk.ask("POST", &help, &cookie, &resend).await.location().ends_with("?said=resent"));
    assert_eq!(desk.house.sent().await.len(), 1);
    let link = guests[0].link;
    assert!(
        desk.ask("POST", &help, &cookie, &form(&[("key", &key), ("action", "reissue-link")])).await.location().ends_with("?said=reissued")
    );
    assert_ne!(desk.house.guest(JEAN).await.link, link);
    // Whether they write or press a button, an organizer is the same in the audit trail.
    let audit = desk.house.archive.audit(desk.house.meeting().await.0.id).await.unwrap();
    let claire = format!("organizer:{} (Claire ", support::house::organizer(ORGANIZER, "").id);
    let theirs = |action: &str| audit.iter().filter(|line| line.action.ends_with(action)).all(|line| line.actor.starts_with(&claire));
    assert!(theirs("created") && theirs("invited") && theirs("link.reissued"), "{audit:?}");
    assert!(audit.iter().filter(|line| line.actor.starts_with(&claire)).count() >= 3, "{audit:?}");
    assert_eq!(desk.house.sent().await.len(), 1);
    for (who, path) in [(&cookie, "/desk"), (&cookie, "/desk/holds"), (&cookie, "/desk/search?q=jean"), (&cookie, "/administration")] {
        assert_eq!(desk.ask("GET", path, who, "").await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

fn alert(number: u32, severity: Severity, at: chrono::DateTime<chrono::Utc>) -> Alert {
    Alert {
        id: AlertId(Uuid::now_v7()),
        kind: if number.is_multiple_of(2) { AlertKind::Held } else { AlertKind::Flood },
        severity,
        state: AlertState::Open,
        key: format!("test/{number}"),
        meeting: None,
        guest: None,
        received: None,
        escalated: 0,
        evidence: format!("<i>number {number}</i>"),
        count: 1,
        opened_at: at,
        last_at: at,
    }
}

#[tokio::test]
async fn the_helpdesk_finds_its_way_through_many_alerts() {
    let desk = Desk::open().await;
    let now = desk.house.gateway.world.now();
    let writes = (0..120u32).map(|number| {
        let severity = if number.is_multiple_of(10) { Severity::High } else { Severity::Warning };
        Write::Alert(Box::new(alert(number, severity, now - TimeDelta::seconds(i64::from(number / 3)))))
    });
    desk.house.archive.commit(Commit { writes: writes.collect() }).await.unwrap();
    let (cookie, key) = desk.person("h1", helpdesk()).await;
    assert_eq!(desk.ask("GET", "/meetings", &cookie, "").await.location(), "/desk", "who organizes nothing begins at the desk");
    let mut path = "/desk".to_owned();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let page = desk.ask("GET", &path, &cookie, "").await.body;
        assert!(!page.contains("<i>number"), "evidence is text");
        seen.extend(page.split("number ").skip(1).map(|rest| rest.split('&').next().unwrap().to_owned()));
        let Some(next) = page.split("<p><a href=\"").nth(1) else { break };
        path = next.split('"').next().unwrap().replace("&amp;", "&").replace("&#x3D;", "=");
    }
    seen.sort_by_key(|number| number.parse::<u32>().unwrap());
    seen.dedup();
    assert_eq!(seen.len(), 120, "each on one page");
    let urgent = desk.ask("GET", "/desk?state=open&severity=high&kind=held", &cookie, "").await.body;
    assert_eq!(urgent.matches("number ").count(), 12);
    assert!(desk.ask("GET", "/desk?state=%22%3E%3Cscript%3E&kind=x&after=y", &cookie, "").await.status == StatusCode::OK);

    let one = desk.house.archive.alerts(None, 1).await.unwrap().remove(0);
    let path = format!("/desk/alerts/{}", one.id);
    let page = desk.ask("GET", &path, &cookie, "").await.body;
    assert!(page.contains("Take it") && page.contains("&lt;i&gt;number"), "{page}");
    let acted = desk.ask("POST", &path, &cookie, &form(&[("key", &key), ("action", "resolve")])).await;
    assert_eq!(acted.location(), format!("{path}?said=done"));
    assert_eq!(desk.house.archive.alert(one.id).await.unwrap().unwrap().state, AlertState::Resolved);
    let again = desk.ask("POST", &path, &cookie, &form(&[("key", &key), ("action", "resolve")])).await;
    assert_eq!(again.location(), format!("{path}?said=not-offered"));
}

#[tokio::test]
async fn the_helpdesk_decides_about_mail_and_every_action_is_somebodys() {
    let desk = Desk::open().await;
    desk.house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    desk.house.sent().await;
    desk.house.verdicts.aligned.store(false, Ordering::SeqCst);
    let alias = desk.house.address(Purpose::OrganizerAlias, desk.house.guest(JEAN).await.id);
    desk.house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "w1@hopital.example", "Je viens <b>avec</b> ma fille")).await;
    desk.house.sent().await;
    let held = desk.house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().remove(0);
    let (cookie, key) = desk.person("h1", helpdesk()).await;
    let list = desk.ask("GET", "/desk/holds", &cookie, "").await.body;
    let path = format!("/desk/holds/{}", held.id);
    assert!(list.contains(&path), "{list}");
    let page = desk.ask("GET", &path, &cookie, "").await.body;
    assert!(page.contains("Je viens &lt;b&gt;avec&lt;/b&gt; ma fille") && page.contains("/desk/alerts/"), "{page}");

    let alert = desk.house.archive.alert_by_key(&format!("{}/{}", "forged", held.guest.unwrap())).await.unwrap();
    let alert = alert.or(desk.house.archive.alerts(None, 1).await.unwrap().pop()).unwrap();
    let acted = desk.ask("POST", &format!("/desk/alerts/{}", alert.id), &cookie, &form(&[("key", &key), ("action", "acknowledge")])).await;
    assert!(acted.location().ends_with("?said=done"));
    let page = desk.ask("GET", &format!("/desk/alerts/{}", alert.id), &cookie, "").await.body;
    assert!(page.contains("What was done") && page.contains("helpdesk:h1 (Ana Silva)"), "{page}");

    let released = desk.ask("POST", &path, &cookie, &form(&[("key", &key), ("action", "release")])).await;
    assert_eq!(released.location(), format!("{path}?said=hold-done"));
    let mails = of_purpose(&desk.house.sent().await, Organizer);
    assert!(mails.len() == 1 && mails[0].text.contains("ma fille"), "{mails:?}");
    let again = desk.ask("POST", &path, &cookie, &form(&[("key", &key), ("action", "drop")])).await;
    assert_eq!(again.location(), format!("{path}?said=hold-gone"));

    for (query, found) in [(JEAN, true), ("jean", true), ("Bilan", true), ("%25", false), ("nobody@x.example", false), ("", false)] {
        let page = desk.ask("GET", &format!("/desk/search?q={query}"), &cookie, "").await.body;
        assert_eq!(page.contains("/desk/meetings/"), found, "{query}\n{page}");
    }
    let stored = desk.house.meeting().await.0;
    let page = desk.ask("GET", &format!("/desk/meetings/{}", stored.id), &cookie, "").await.body;
    assert!(page.contains(JEAN) && page.contains(ORGANIZER) && !page.contains("/guests/"), "{page}");
    for unknown in [
        "/desk/alerts/018f0000-0000-7000-8000-000000000000",
        "/desk/holds/018f0000-0000-7000-8000-000000000000",
        "/desk/meetings/018f0000-0000-7000-8000-000000000000",
    ] {
        assert_eq!(desk.ask("GET", unknown, &cookie, "").await.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[tokio::test]
async fn administrators_see_names_of_keys_and_no_secret() {
    let desk = Desk::open().await;
    let (cookie, _) = desk.person("a1", json!({ "groups": ["admins"] })).await;
    assert_eq!(desk.ask("GET", "/meetings", &cookie, "").await.location(), "/administration");
    let page = desk.ask("GET", "/administration", &cookie, "").await;
    assert!(page.status == StatusCode::OK && page.body.contains("medical: 2") && page.body.contains("policy.max_guests"), "{}", page.body);
    assert_eq!(desk.ask("GET", "/desk", &cookie, "").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_page_is_guarded_and_looking_changes_nothing() {
    let desk = Desk::open().await;
    desk.house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    let (cookie, _) = desk.person("b1", json!({ "email": ORGANIZER, "email_verified": true, "groups": ["helpdesk", "admins"] })).await;
    let (stored, _) = desk.house.meeting().await;
    let trail = desk.house.archive.audit(stored.id).await.unwrap().len();
    for path in ["/meetings", "/meetings?past=yes", "/meetings/new", "/desk", "/desk/holds", "/desk/search?q=Bilan", "/administration"] {
        for lang in ["en", "fr"] {
            let seen = desk.ask("GET", &format!("{path}{}lang={lang}", if path.contains('?') { "&" } else { "?" }), &cookie, "").await;
            assert_eq!(seen.status, StatusCode::OK, "{path}");
            assert!(seen.body.contains(&format!("<html lang=\"{lang}\">")) && seen.body.contains("aria-current=\"page\""), "{path}");
            let policy = seen.headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("form-action 'self'") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert_eq!(
                (&seen.headers["cache-control"], &seen.headers["x-frame-options"]),
                (&"no-store".parse().unwrap(), &"DENY".parse().unwrap())
            );
            assert!(seen.body.len() < 60_000, "{path}: {}", seen.body.len());
        }
    }
    assert_eq!(desk.house.archive.audit(stored.id).await.unwrap().len(), trail);
}
