//! The organizer's page of a meeting through its router: what it tells, to whom, and that it changes nothing.

use super::archive::{FixedWorld, OneDialog, guest, meeting, noon};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::TimeDelta;
use paravent::domain::alert::{Alert, AlertKind, AlertState, Severity};
use paravent::domain::attendance::{Answer, Delivery, PartStat, Proposal};
use paravent::domain::id::AlertId;
use paravent::domain::link::LinkKeys;
use paravent::domain::meeting::MeetingStatus;
use paravent::domain::occurrence::{Instance, Series};
use paravent::domain::series::{Recurrence, Rule};
use paravent::domain::suppression::{Suppression, SuppressionCause};
use paravent::flow::meeting_page::MeetingPages;
use paravent::web::meeting::{MeetingCounter, router};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use uuid::Uuid;

struct House {
    archive: Arc<OneDialog>,
    links: Arc<LinkKeys>,
    router: Router,
}

fn house_at(days: i64) -> House {
    let archive = Arc::new(OneDialog::new());
    let links = Arc::new(LinkKeys::new(&[("k1".into(), vec![7; 32])]).unwrap());
    let world = Arc::new(FixedWorld(Mutex::new(noon() + TimeDelta::days(days))));
    let meetings = MeetingPages { archive: archive.clone(), world, links: links.clone() };
    let counter = MeetingCounter::new(meetings, "https://visio.example").unwrap();
    House { archive, links, router: router(Arc::new(counter)) }
}

impl House {
    fn token(&self) -> String {
        self.links.mint_meeting(&meeting(), noon()).unwrap()
    }

    async fn ask(&self, method: &str, path: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (parts.status, parts.headers, body)
    }

    async fn get(&self, token: &str) -> (StatusCode, String) {
        let (status, _, body) = self.ask("GET", &format!("/m/{token}")).await;
        (status, body)
    }
}

fn has(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text}\n{page}");
    }
}

#[tokio::test]
async fn the_meeting_stands_there_in_the_organizers_language_and_zone() {
    let house = house_at(0);
    let (status, page) = house.get(&house.token()).await;
    assert_eq!(status, StatusCode::OK);
    has(&page, &["lang=\"fr\"", "Avis médical", "lundi 23 novembre 2026", "14 h 00 – 15 h 00", "Europe/Paris (UTC+01:00)"]);
    has(&page, &["Jean Martin", "jean.martin@hopital.example", "en attente d’envoi", "pas encore de réponse", "pas encore<", "modérateur"]);
    assert!(!page.contains("<form") && !page.contains("<button"), "a button that does nothing misleads");
    let (_, page) = house.get(&format!("{}?lang=en", house.token())).await;
    has(&page, &["lang=\"en\"", "Monday 23 November 2026", "no answer yet"]);
}

#[tokio::test]
async fn of_a_series_the_date_that_comes_next_is_shown_and_those_after_it() {
    let house = house_at(7);
    {
        let event = &mut house.archive.meeting.lock().unwrap().event;
        let zone = chrono_tz::Europe::Paris;
        let rule = Rule::parse("FREQ=WEEKLY;COUNT=3", zone, false).unwrap();
        let recurrence = Recurrence::new(zone, event.starts_at, Some(rule), vec![], vec![]).unwrap();
        let second = event.starts_at + TimeDelta::days(7);
        let renamed = Instance { title: "Bilan".into(), starts_at: second, ends_at: second + TimeDelta::hours(1), ..event.first() };
        event.series = Some(Box::new(Series { recurrence: Some(recurrence), changed: [(second, renamed)].into() }));
    }
    {
        let second = house.archive.meeting.lock().unwrap().event.starts_at + TimeDelta::days(7);
        let proposal =
            Proposal { starts_at: second + TimeDelta::hours(2), ends_at: second + TimeDelta::hours(3), comment: None, received_at: noon() };
        let answer =
            Answer { partstat: PartStat::Declined, comment: Some("En congé".into()), proposal: Some(proposal), ..Answer::default() };
        house.archive.guest.lock().unwrap().attendance.response.put(Some(second), answer);
    }
    let (_, page) = house.get(&house.token()).await;
    has(
        &page,
        &[
            "une autre réponse",
            "lundi 30 novembre 2026, <span class=\"hours\">14 h 00 – 15 h 00</span> <span class=\"chip is-declined\">",
            "En congé",
            "16 h 00 – 17 h 00",
        ],
    );
    has(&page, &["<h1 dir=\"auto\">Avis médical</h1>", "<dd dir=\"auto\">Bilan</dd>", "lundi 30 novembre 2026</time>", "Prochaines dates"]);
    has(
        &page,
        &["lundi 7 décembre 2026</time>, <span class=\"hours\">14 h 00 – 15 h 00</span> <strong dir=\"auto\">Avis médical</strong>"],
    );
    assert!(!page.contains("23 novembre") && !page.contains("d’autres dates"), "{page}");
    house.archive.meeting.lock().unwrap().status = MeetingStatus::Cancelled;
    assert!(!house.get(&house.token()).await.1.contains("Prochaines dates"));
}

#[tokio::test]
async fn whole_days_are_days_also_in_a_proposal() {
    let house = house_at(0);
    {
        let event = &mut house.archive.meeting.lock().unwrap().event;
        event.whole_days = Some(chrono_tz::Europe::Paris);
        event.starts_at = "2026-11-23T23:00:00Z".parse().unwrap();
        event.ends_at = event.starts_at + TimeDelta::days(1);
        let starts_at = event.starts_at + TimeDelta::days(1);
        let proposal = Proposal { starts_at, ends_at: starts_at + TimeDelta::days(1), comment: None, received_at: noon() };
        house.archive.guest.lock().unwrap().attendance.response.whole.proposal = Some(proposal);
    }
    let (_, page) = house.get(&house.token()).await;
    has(&page, &["mardi 24 novembre 2026, toute la journée</time>", "<strong>mercredi 25 novembre 2026, toute la journée</strong>"]);
    assert!(!page.contains("0 h 00"), "{page}");
}

#[tokio::test]
async fn each_track_of_a_guest_is_told() {
    let house = house_at(0);
    {
        let mut guest = house.archive.guest.lock().unwrap();
        guest.attendance.delivery = Delivery::Delayed;
        let response = &mut guest.attendance.response;
        response.whole.partstat = PartStat::Tentative;
        response.whole.comment = Some("Je suis <b>en garde</b>".into());
        response.away_since = Some(noon());
        let starts_at = noon() + TimeDelta::days(1);
        let comment = Some("Plutôt demain".into());
        response.whole.proposal = Some(Proposal { starts_at, ends_at: starts_at + TimeDelta::hours(1), comment, received_at: noon() });
        guest.attendance.presence.opened_at = Some(noon());
    }
    let (_, page) = house.get(&house.token()).await;
    has(&page, &["retardée", "peut-être", "Je suis &lt;b&gt;en garde&lt;/b&gt;", "absence signalée le lundi 23 novembre 2026"]);
    has(
        &page,
        &[
            "Propose un autre horaire",
            "mardi 24 novembre 2026, <span class=\"hours\">13 h 00 – 14 h 00</span>",
            "Plutôt demain",
            "lien ouvert à 13 h 00",
        ],
    );

    let mut changed = guest();
    changed.attendance.presence.entered_at = Some(noon() + TimeDelta::minutes(50));
    changed.removed_at = Some(noon());
    *house.archive.guest.lock().unwrap() = changed;
    let (_, page) = house.get(&house.token()).await;
    has(&page, &["arrivée à 13 h 50", "n’est plus invité"]);
}

#[tokio::test]
async fn alerts_are_told_in_plain_words_without_the_helpdesks_evidence() {
    let house = house_at(0);
    house.archive.alerts.lock().unwrap().push(Alert {
        id: AlertId(Uuid::from_u128(9)),
        kind: AlertKind::GuestUndeliverable,
        severity: Severity::High,
        state: AlertState::Open,
        key: "guest-undeliverable/3".into(),
        meeting: Some(meeting().id),
        guest: Some(guest().id),
        received: None,
        escalated: 0,
        evidence: "550 5.1.1 for j…@hopital.example".into(),
        count: 1,
        opened_at: noon(),
        last_at: noon(),
    });
    let (_, page) = house.get(&house.token()).await;
    has(&page, &["À surveiller", "sev-high", "L’invitation est revenue", "<strong dir=\"auto\">Jean Martin</strong>"]);
    assert!(!page.contains("550"), "{page}");
    house.archive.alerts.lock().unwrap().clear();
    assert!(!house.get(&house.token()).await.1.contains("À surveiller"));
}

#[tokio::test]
async fn a_cancelled_meeting_says_so() {
    let house = house_at(0);
    house.archive.meeting.lock().unwrap().status = MeetingStatus::Cancelled;
    let (status, page) = house.get(&house.token()).await;
    assert_eq!(status, StatusCode::OK);
    has(&page, &["state-cancelled", "Vous avez annulé cette réunion"]);
    assert!(!page.contains("modérateur"), "nothing is left to open");
}

#[tokio::test]
async fn foreign_changed_and_old_tokens_show_nothing_of_any_meeting() {
    let house = house_at(0);
    let right = house.token();
    let other_keys = LinkKeys::new(&[("k1".into(), vec![8; 32])]).unwrap();
    let mut other = meeting();
    other.id.0 = Uuid::from_u128(99);
    for (what, token) in [
        ("a guest's link", house.links.mint(&meeting(), &guest(), noon()).unwrap()),
        ("another key", other_keys.mint_meeting(&meeting(), noon()).unwrap()),
        ("an unknown meeting", house.links.mint_meeting(&other, noon()).unwrap()),
        ("the bare id", meeting().id.to_string()),
        ("a shortened signature", right[..right.len() - 2].to_owned()),
        ("not valid yet", house.links.mint_meeting(&meeting(), noon() + TimeDelta::hours(1)).unwrap()),
        ("too long", "a".repeat(3_000)),
    ] {
        let (status, page) = house.get(&token).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{what}");
        has(&page, &["This link does not work"]);
        assert!(!page.contains("Avis") && !page.contains("Martin"), "{what}");
    }
    let (status, page) = house_at(40).get(&right).await;
    assert_eq!(status, StatusCode::GONE);
    has(&page, &["no longer kept"]);
    assert!(!page.contains("Avis") && !page.contains("Martin"));
}

#[tokio::test]
async fn it_only_shows() {
    let house = house_at(0);
    let path = format!("/m/{}", house.token());
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(house.ask(method, &path).await.0, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    for method in ["GET", "HEAD"] {
        assert_eq!(house.ask(method, &path).await.0, StatusCode::OK, "{method}");
    }
    assert!(house.archive.writes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let house = house_at(0);
    for path in [format!("/m/{}", house.token()), "/m/x".to_owned()] {
        for method in ["GET", "POST"] {
            let (_, headers, _) = house.ask(method, &path).await;
            let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            for rule in ["default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
                assert!(header("content-security-policy").contains(rule), "{method} {path}");
            }
            assert_eq!((header("referrer-policy").as_str(), header("cache-control").as_str()), ("no-referrer", "no-store"));
            assert!(header("x-robots-tag").contains("noindex") && header("strict-transport-security").contains("max-age"));
            assert!(!headers.contains_key("set-cookie"));
        }
    }
}

#[tokio::test]
async fn when_the_archive_is_down_the_page_asks_to_come_again() {
    let house = house_at(0);
    *house.archive.down.lock().unwrap() = true;
    let (status, headers, page) = house.ask("GET", &format!("/m/{}", house.token())).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers["retry-after"], "60");
    assert!(!page.contains("disk"), "causes stay inside");
}

#[tokio::test]
async fn why_nothing_more_is_sent_to_a_guest_is_said() {
    let house = house_at(0);
    let address = guest().mailbox.mailbox;
    let suppression =
        Suppression { address, meeting: None, cause: SuppressionCause::Complaint, since: noon(), received: None, note: String::new() };
    house.archive.suppressions.lock().unwrap().push(suppression);
    house.archive.guest.lock().unwrap().attendance.delivery = Delivery::Stopped;
    let (_, page) = house.get(&house.token()).await;
    has(&page, &["arrêtée", "cet invité a signalé nos messages comme indésirables"]);
    let (_, page) = house.get(&format!("{}?lang=en", house.token())).await;
    has(&page, &["stopped", "this guest reported our mail as unwanted"]);
}
