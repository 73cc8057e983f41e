//! The guest's pages through their router: what a link shows, what the button does, and what never happens.
//! `web/mailbox.rs` does the same for the mailbox page, `web/meeting.rs` for the organizer's page of a meeting.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at a surprise")]

mod archive;
mod mailbox;
mod meeting;

use archive::{FixedWorld, OneDialog, guest, meeting, noon};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::middleware::from_fn_with_state;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use futures_util::StreamExt;
use ipnet::IpNet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use paravent::domain::address::Mailbox;
use paravent::domain::conference::{Conference, ConferenceKey, Server, Servers};
use paravent::domain::doorstep::{Doorstep, JoinBy, WaitingRoom};
use paravent::domain::link::LinkKeys;
use paravent::domain::meeting::MeetingStatus;
use paravent::domain::occurrence::{Instance, Series};
use paravent::domain::part::Part;
use paravent::domain::record::RoomWrite;
use paravent::domain::record::Write;
use paravent::domain::series::{Recurrence, Rule};
use paravent::flow::join::{Join, JoinSettings};
use paravent::web::guest::{GuestCounter, router};
use paravent::web::live::Live;
use paravent::web::pace::{Pace, keep_pace};
use paravent::web::peer::note_peer;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;
use uuid::Uuid;

const SECRET: [u8; 32] = [5; 32];

/// The cardiologists have a tenant of their own.
fn servers(key: ConferenceKey) -> Servers {
    let tokens = |key, subject| Conference::new(key, "paravent", "jitsi", subject, 5).unwrap();
    let other = ConferenceKey::shared_secret(&[6; 32]).unwrap();
    Servers {
        first: Server { url: "https://meet.example".into(), tenant: None, tokens: tokens(key, "meet.internal.example"), groups: vec![] },
        others: vec![Server {
            url: "https://meet2.example/cardio".into(),
            tenant: Some("cardio".into()),
            tokens: tokens(other, "cardio"),
            groups: vec!["cardiology".into()],
        }],
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

struct House {
    archive: Arc<OneDialog>,
    world: Arc<FixedWorld>,
    links: Arc<LinkKeys>,
    router: Router,
    _stop: watch::Sender<bool>,
}

impl House {
    fn new() -> Self {
        Self::with(JoinSettings::default())
    }

    fn with(settings: JoinSettings) -> Self {
        let archive = Arc::new(OneDialog::new());
        let world = Arc::new(FixedWorld(Mutex::new(noon())));
        let links = Arc::new(LinkKeys::new(&[("k1".into(), vec![7; 32])]).unwrap());
        let key = ConferenceKey::shared_secret(&SECRET).unwrap();
        let join = Join {
            archive: archive.clone(),
            world: world.clone(),
            links: links.clone(),
            servers: Arc::new(servers(key)),
            desk: archive.clone(),
            bell: archive.clone(),
            settings,
        };
        let (stop, stopping) = watch::channel(false);
        let live = Live { every: Duration::from_millis(5), open: Arc::new(Semaphore::new(1)), stopping };
        let contact = Arc::new(|_| Mailbox::parse("oa-alias@visio.example").unwrap());
        let counter = GuestCounter::new(join, live, contact, "https://visio.example").unwrap();
        Self { archive, world, links, router: router(Arc::new(counter)), _stop: stop }
    }

    fn at(self, minutes: i64) -> Self {
        *self.world.0.lock().unwrap() = noon() + TimeDelta::minutes(minutes);
        self
    }

    fn token(&self) -> String {
        self.links.mint(&meeting(), &guest(), noon()).unwrap()
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, token: &str) -> Answer {
        self.ask("GET", &format!("/j/{token}"), &[]).await
    }

    async fn post(&self, token: &str) -> Answer {
        self.ask("POST", &format!("/j/{token}"), &[]).await
    }

    fn written(&self) -> usize {
        self.archive.writes.lock().unwrap().len()
    }
}

fn never_admitted(house: &House, answer: &Answer) {
    assert!(!answer.headers.contains_key("location"), "{}", answer.status);
    assert!(!answer.body.contains("jwt="), "{}", answer.status);
    assert_eq!(house.written(), 0);
}

#[tokio::test]
async fn before_the_slot_the_page_names_time_and_zone() {
    let house = House::new();
    let page = house.get(&house.token()).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in ["Vous êtes en avance", "lundi 23 novembre 2026", "14 h 00 – 15 h 00", "Europe/Paris (UTC+01:00)", "13 h 50"] {
        assert!(page.body.contains(text), "{text}\n{}", page.body);
    }
    assert!(page.body.contains("mailto:oa-alias@visio.example"));
    assert!(!page.body.contains(&format!("action=\"/j/{}\"", house.token())), "no button of the door before it opens");
    assert!(page.body.contains("value=\"accepted\"") && page.body.contains("Vous n’avez pas encore répondu."), "an answer is asked for");
    let pressed = house.post(&house.token()).await;
    assert_eq!(pressed.status, StatusCode::CONFLICT);
    never_admitted(&house, &pressed);
}

#[tokio::test]
async fn looking_changes_nothing_however_often_and_however() {
    for minutes in [0, 55, 90, 200] {
        let house = House::new().at(minutes);
        for method in ["GET", "HEAD", "GET", "OPTIONS", "PUT", "DELETE"] {
            house.ask(method, &format!("/j/{}", house.token()), &[("purpose", "prefetch")]).await;
        }
        assert_eq!(house.written(), 0);
    }
}

#[tokio::test]
async fn the_button_leads_to_the_room_with_a_token_that_prosody_takes() {
    let house = House::new().at(50);
    let page = house.get(&house.token()).await;
    assert!(page.body.contains(r#"<form method="post""#), "{}", page.body);

    let answer = house.post(&house.token()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let (base, token) = answer.header("location").split_once("?jwt=").unwrap();
    assert_eq!(base, "https://meet.example/k3v7q2salle");
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.set_audience(&["jitsi"]);
    validation.set_issuer(&["paravent"]);
    let claims = jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(&SECRET), &validation).unwrap().claims;
    assert_eq!(claims["room"], json!("k3v7q2salle"));
    assert_eq!(claims["sub"], json!("meet.internal.example"));
    assert_eq!(claims["exp"], json!((noon() + TimeDelta::minutes(55)).timestamp()));
    assert_eq!(claims["context"]["user"]["affiliation"], json!("member"));
    assert!(!claims.to_string().contains("bernard") && !claims.to_string().contains('@'), "{claims}");

    let writes = house.archive.writes.lock().unwrap();
    let [Write::Presence { guest: id, presence }, Write::Audit(audit)] = writes.as_slice() else { panic!("{writes:?}") };
    assert_eq!(*id, guest().id);
    assert_eq!((presence.opened_at, presence.entered_at), (Some(noon() + TimeDelta::minutes(50)), Some(noon() + TimeDelta::minutes(50))));
    assert_eq!(audit.action, "guest.entered");
}

#[tokio::test]
async fn the_door_opens_and_closes_at_its_minute() {
    for (minutes, status) in
        [(49, StatusCode::CONFLICT), (50, StatusCode::SEE_OTHER), (119, StatusCode::SEE_OTHER), (120, StatusCode::GONE)]
    {
        let house = House::new().at(minutes);
        assert_eq!(house.post(&house.token()).await.status, status, "minute {minutes}");
    }
}

#[tokio::test]
async fn of_a_series_the_door_opens_at_each_of_the_guests_instances_into_a_room_of_its_own() {
    const DAY: i64 = 24 * 60;
    let series = |house: &House| {
        let mut meeting = house.archive.meeting.lock().unwrap();
        let starts_at = meeting.event.starts_at;
        let rule = Rule::parse("FREQ=DAILY;COUNT=3", chrono_tz::Tz::UTC, false).unwrap();
        let recurrence = Recurrence::new(chrono_tz::Tz::UTC, starts_at, Some(rule), vec![], vec![]).unwrap();
        meeting.event.series = Some(Box::new(Series { recurrence: Some(recurrence), ..Series::default() }));
        let without = [starts_at + TimeDelta::days(1)].into();
        house.archive.guest.lock().unwrap().part = Part::Whole { without, before: None };
    };
    let door = [
        (49, StatusCode::CONFLICT),
        (50, StatusCode::SEE_OTHER),
        (120, StatusCode::CONFLICT),
        // The guest is not invited to the second.
        (DAY + 70, StatusCode::CONFLICT),
        (2 * DAY + 50, StatusCode::SEE_OTHER),
        (2 * DAY + 120, StatusCode::GONE),
    ];
    let mut rooms = Vec::new();
    for (minutes, status) in door {
        let house = House::new().at(minutes);
        series(&house);
        let answer = house.post(&house.token()).await;
        assert_eq!(answer.status, status, "minute {minutes}");
        if status == StatusCode::SEE_OTHER {
            let location = answer.header("location").to_owned();
            rooms.push(location.split('?').next().unwrap().to_owned());
        }
    }
    let room = |start: DateTime<Utc>| format!("https://meet.example/k3v7q2salle-{}", start.format("%Y%m%d%H%M"));
    assert_eq!(rooms, [room(noon() + TimeDelta::hours(1)), room(noon() + TimeDelta::hours(49))]);
}

/// The list of the next dates, line by line without tags.
fn next_dates(page: &str) -> Vec<String> {
    let list = page.split("<ul class=\"dates\">").nth(1).and_then(|rest| rest.split("</ul>").next()).unwrap_or_default();
    let bare = |line: &str| line.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect::<String>();
    list.lines().map(bare).filter(|line| !line.is_empty()).collect()
}

#[tokio::test]
async fn of_a_series_the_page_is_about_one_date_and_lists_the_guests_next_ones() {
    let house = House::new().at(7 * 24 * 60);
    {
        let mut meeting = house.archive.meeting.lock().unwrap();
        let start = "2026-10-12T12:00:00Z".parse().unwrap();
        let rule = Rule::parse("FREQ=WEEKLY;COUNT=12", chrono_tz::Europe::Paris, false).unwrap();
        let recurrence = Recurrence::new(chrono_tz::Europe::Paris, start, Some(rule), vec![], vec![]).unwrap();
        let moved = Instance {
            title: "Bilan <à trois>".into(),
            description: None,
            starts_at: "2026-12-09T08:00:00Z".parse().unwrap(),
            ends_at: "2026-12-09T09:00:00Z".parse().unwrap(),
        };
        let changed = [("2026-12-07T13:00:00Z".parse().unwrap(), moved)].into();
        (meeting.event.starts_at, meeting.event.ends_at) = (start, start + TimeDelta::hours(1));
        meeting.event.series = Some(Box::new(Series { recurrence: Some(recurrence), changed }));
        house.archive.guest.lock().unwrap().part = Part::Whole { without: ["2026-12-14T13:00:00Z".parse().unwrap()].into(), before: None };
    }
    let page = house.get(&house.token()).await.body;
    assert!(page.contains("lundi 30 novembre 2026</time>") && page.contains("14 h 00 – 15 h 00"), "{page}");
    assert!(page.contains("Prochaines dates") && page.contains("fuseau horaire Europe/Paris</p>"), "{page}");
    let dates = ["mercredi 9 décembre 2026, 9 h 00 – 10 h 00 Bilan &lt;à trois&gt;", "lundi 21 décembre 2026, 14 h 00 – 15 h 00"];
    assert_eq!(next_dates(&page)[..2], dates);
    assert!(!page.contains("d’autres dates"), "the twelfth is listed\n{page}");

    house.archive.guest.lock().unwrap().part = Part::Only(["2026-11-30T13:00:00Z".parse().unwrap()].into());
    let page = house.get(&house.token()).await.body;
    assert!(page.contains("lundi 30 novembre 2026") && !page.contains("Prochaines dates"), "{page}");
}

#[tokio::test]
async fn a_list_has_an_end_and_is_there_as_long_as_anything_comes() {
    let daily = |house: &House, rule: &str| {
        let mut meeting = house.archive.meeting.lock().unwrap();
        let rule = Rule::parse(rule, chrono_tz::Tz::UTC, false).unwrap();
        let recurrence = Recurrence::new(chrono_tz::Tz::UTC, meeting.event.starts_at, Some(rule), vec![], vec![]).unwrap();
        meeting.event.series = Some(Box::new(Series { recurrence: Some(recurrence), ..Series::default() }));
    };
    for (rule, listed, has_more) in [
        ("FREQ=DAILY", 5, true),
        ("FREQ=DAILY;COUNT=7", 5, true),
        ("FREQ=DAILY;COUNT=6", 5, false),
        ("FREQ=DAILY;COUNT=2", 1, false),
        ("FREQ=DAILY;COUNT=1", 0, false),
    ] {
        let house = House::new().at(55);
        daily(&house, rule);
        let page = house.get(&house.token()).await.body;
        assert_eq!((next_dates(&page).len(), page.contains("et d’autres dates")), (listed, has_more), "{rule}\n{page}");
    }
    let cancelled = House::new();
    daily(&cancelled, "FREQ=DAILY");
    cancelled.archive.meeting.lock().unwrap().status = MeetingStatus::Cancelled;
    let page = cancelled.get(&cancelled.token()).await.body;
    assert!(page.contains("Avis médical") && next_dates(&page).is_empty(), "{page}");
    let reissued = House::new();
    daily(&reissued, "FREQ=DAILY");
    reissued.archive.guest.lock().unwrap().link = Uuid::from_u128(5);
    assert!(next_dates(&reissued.get(&reissued.token()).await.body).is_empty(), "the bearer may be somebody else");
}

#[tokio::test]
async fn whole_days_have_no_clock() {
    for (ends_at, words) in [
        ("2026-11-24T23:00:00Z", "<time datetime=\"2026-11-24\">mardi 24 novembre 2026, toute la journée</time>"),
        ("2026-11-25T23:00:00Z", "<time datetime=\"2026-11-24\">du mardi 24 novembre 2026 au mercredi 25 novembre 2026 inclus</time>"),
    ] {
        let house = House::new();
        {
            let event = &mut house.archive.meeting.lock().unwrap().event;
            event.whole_days = Some(chrono_tz::Europe::Paris);
            (event.starts_at, event.ends_at) = ("2026-11-23T23:00:00Z".parse().unwrap(), ends_at.parse().unwrap());
        }
        let page = house.get(&house.token()).await.body;
        assert!(page.contains(words) && !page.contains("Europe/Paris"), "{words}\n{page}");
    }
}

#[tokio::test]
async fn a_dead_link_says_why() {
    type Change = fn(&OneDialog);
    let cases: [(Change, &str, bool); 3] = [
        (|a| a.guest.lock().unwrap().removed_at = Some(Utc::now()), "Ce lien n’est plus valable", false),
        (|a| a.guest.lock().unwrap().link = Uuid::from_u128(5), "Un lien plus récent existe", false),
        (|a| a.meeting.lock().unwrap().status = MeetingStatus::Cancelled, "La réunion est annulée", true),
    ];
    for (change, words, tells_title) in cases {
        let house = House::new().at(55);
        change(&house.archive);
        for answer in [house.get(&house.token()).await, house.post(&house.token()).await] {
            assert_eq!(answer.status, StatusCode::GONE);
            assert!(answer.body.contains(words), "{words}\n{}", answer.body);
            assert_eq!(answer.body.contains("Avis médical"), tells_title, "{words}");
            never_admitted(&house, &answer);
        }
    }
}

#[tokio::test]
async fn after_the_end_and_long_after_the_end_it_is_over() {
    for minutes in [120, 60 * 24 * 40] {
        let house = House::new().at(minutes);
        for answer in [house.get(&house.token()).await, house.post(&house.token()).await] {
            assert_eq!(answer.status, StatusCode::GONE);
            assert!(answer.body.contains("over") || answer.body.contains("terminée"), "{}", answer.body);
            never_admitted(&house, &answer);
        }
    }
}

#[tokio::test]
async fn foreign_tokens_never_get_in() {
    let house = House::new().at(55);
    let right = house.token();
    let other_keys = LinkKeys::new(&[("k1".into(), vec![8; 32])]).unwrap();
    let mut other_meeting = meeting();
    other_meeting.id.0 = Uuid::from_u128(99);
    let mut other_guest = guest();
    other_guest.id.0 = Uuid::from_u128(98);
    let (head, signature) = right.rsplit_once('.').unwrap();
    for (what, token) in [
        ("another key", other_keys.mint(&meeting(), &guest(), noon()).unwrap()),
        ("another meeting", house.links.mint(&other_meeting, &guest(), noon()).unwrap()),
        ("an unknown guest", house.links.mint(&meeting(), &other_guest, noon()).unwrap()),
        ("no signature", format!("{head}.")),
        ("a shortened signature", format!("{head}.{}", &signature[..signature.len() - 2])),
        ("too long", "a".repeat(3_000)),
        ("odd text", "%00%0d%0aSet-Cookie:%20a=b".to_owned()),
    ] {
        for answer in [house.get(&token).await, house.post(&token).await] {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}");
            assert!(!answer.body.contains("Avis médical") && !answer.body.contains("mailto:"), "{what}");
            never_admitted(&house, &answer);
        }
    }
}

#[tokio::test]
async fn a_button_on_another_site_is_refused() {
    let house = House::new().at(55);
    let path = format!("/j/{}", house.token());
    for foreign in [[("sec-fetch-site", "cross-site")], [("origin", "https://evil.example")]] {
        let answer = house.ask("POST", &path, &foreign).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        never_admitted(&house, &answer);
    }
    let own = [("sec-fetch-site", "same-origin"), ("origin", "null")];
    assert_eq!(house.ask("POST", &path, &own).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn hostile_words_stay_words() {
    let house = House::new().at(55);
    let hostile = r#"<script>alert(1)</script>" onload="x" {{lang}}"#;
    house.archive.meeting.lock().unwrap().event.title = hostile.to_owned();
    let page = house.get(&house.token()).await;
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.body);
    assert!(!page.body.contains("<script>alert") && !page.body.contains(r#"" onload="x""#));

    house.archive.guest.lock().unwrap().mailbox.name = Some("Jean\r\nX: y\u{202e}".to_owned());
    let answer = house.post(&house.token()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(!answer.headers.contains_key("x"));
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let house = House::new().at(55);
    let token = house.token();
    for (method, path) in [
        ("GET", format!("/j/{token}")),
        ("POST", format!("/j/{token}")),
        ("GET", "/j/x".into()),
        ("PUT", "/j/x".into()),
        ("HEAD", "/j/x".into()),
    ] {
        let answer = house.ask(method, &path, &[]).await;
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "form-action 'self' https://meet.example https://meet2.example;",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{method} {path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("x-robots-tag").contains("noindex"));
        assert!(answer.header("strict-transport-security").contains("max-age"));
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn the_language_is_the_guests_unless_they_choose() {
    let house = House::new().at(55);
    let path = format!("/j/{}", house.token());
    let lang = |answer: &Answer| answer.body.split("lang=\"").nth(1).and_then(|rest| rest.get(..2)).unwrap_or_default().to_owned();
    assert_eq!(lang(&house.ask("GET", &path, &[("accept-language", "en")]).await), "fr");
    assert_eq!(lang(&house.ask("GET", &format!("{path}?lang=en"), &[]).await), "en");
    assert_eq!(lang(&house.ask("GET", &format!("{path}?lang=zz"), &[]).await), "fr");
    assert_eq!(lang(&house.ask("GET", "/j/x", &[("accept-language", "de, fr;q=0.7")]).await), "fr");
    assert_eq!(lang(&house.ask("GET", "/j/x", &[]).await), "en");
}

#[tokio::test]
async fn when_the_archive_is_down_nobody_is_let_in_and_nobody_is_turned_away_for_good() {
    let house = House::new().at(55);
    *house.archive.down.lock().unwrap() = true;
    for answer in [house.get(&house.token()).await, house.post(&house.token()).await] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.body.contains("disk"), "causes stay inside");
        assert_eq!(answer.header("retry-after"), "60");
        never_admitted(&house, &answer);
    }
}

#[tokio::test]
async fn assets_and_health_are_served() {
    let house = House::new();
    assert_eq!(house.ask("GET", "/healthz", &[]).await.body, "ok\n");
    for name in ["guest.css", "guest.js", "paravent.svg"] {
        assert_eq!(house.ask("GET", &format!("/assets/{name}"), &[]).await.status, StatusCode::OK, "{name}");
    }
    for name in ["../guest.html", "..%2fguest.html", "nothing.css"] {
        assert_ne!(house.ask("GET", &format!("/assets/{name}"), &[]).await.status, StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn the_meetings_of_a_group_take_place_on_its_own_server() {
    let house = House::new().at(55);
    *house.archive.group.lock().unwrap() = "cardiology".to_owned();
    let answer = house.post(&house.token()).await;
    let (base, token) = answer.header("location").split_once("?jwt=").unwrap();
    assert_eq!(base, "https://meet2.example/cardio/k3v7q2salle");
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.set_audience(&["jitsi"]);
    assert!(jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(&SECRET), &validation).is_err(), "another key");
    let claims = jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(&[6; 32]), &validation).unwrap().claims;
    assert_eq!(claims["sub"], json!("cardio"));
    let policy = house.get(&house.token()).await.header("content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self' https://meet.example https://meet2.example;"), "{policy}");
}

#[tokio::test]
async fn guests_wait_until_somebody_opens() {
    let house = House::with(JoinSettings { waiting_room: WaitingRoom::UntilModerator, ..JoinSettings::default() }).at(50);
    let token = house.token();
    assert!(house.get(&token).await.body.contains("Entrer dans la réunion"));
    let knocked = house.post(&token).await;
    assert_eq!((knocked.status, knocked.header("location")), (StatusCode::SEE_OTHER, format!("/j/{token}?said=knocked").as_str()));
    {
        let writes = house.archive.writes.lock().unwrap();
        let [Write::Presence { presence, .. }, Write::Room(RoomWrite::Waits { room, guest: who, .. })] = writes.as_slice() else {
            panic!("{writes:?}")
        };
        assert_eq!((presence.entered_at, room.as_str(), *who), (None, "k3v7q2salle", guest().id), "who waits has not entered");
    }
    let at = noon() + TimeDelta::minutes(50);
    house.archive.doorstep.lock().unwrap().waits_since = Some(at);
    let page = house.get(&token).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Vous êtes à la porte") && page.body.contains("http-equiv=\"refresh\""), "{}", page.body);
    assert!(!page.body.contains("Entrer dans la réunion") && page.body.contains("value=\"accepted\""), "{}", page.body);
    assert_eq!(house.post(&token).await.header("location"), format!("/j/{token}?said=knocked"), "knocking again changes nothing");
    for free in [
        Doorstep { let_in_at: Some(at), waits_since: Some(at), opened_at: None },
        Doorstep { opened_at: Some(at), waits_since: None, let_in_at: None },
    ] {
        *house.archive.doorstep.lock().unwrap() = free;
        assert!(house.get(&token).await.body.contains("La porte est ouverte"));
        let entered = house.post(&token).await;
        let (_, token) = entered.header("location").split_once("?jwt=").unwrap();
        let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
        assert_eq!(claims["context"]["user"]["lobby_bypass"], json!(true), "who waited here need not wait again");
    }
}

#[tokio::test]
async fn the_embedded_room_loads_nothing_but_from_the_conference_server() {
    let house = House::with(JoinSettings { by: JoinBy::Embedded, ..JoinSettings::default() }).at(55);
    *house.archive.group.lock().unwrap() = "cardiology".to_owned();
    house.archive.meeting.lock().unwrap().event.title = "<b>\" onload=\"x".to_owned();
    let token = house.token();
    let page = house.post(&token).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "src=\"https://meet2.example/external_api.js\"",
        "data-domain=\"meet2.example\"",
        "data-room=\"cardio/k3v7q2salle\"",
        "data-secure=\"true\"",
        "data-closes=\"2026-11-23T14:00:00Z\"",
        &format!("data-back=\"/j/{token}\""),
        "href=\"mailto:oa-alias@visio.example\"",
        "href=\"https://meet2.example/cardio/k3v7q2salle?jwt",
        "&lt;b&gt;",
    ] {
        assert!(page.body.contains(part), "{part}\n{}", page.body);
    }
    let policy = page.header("content-security-policy");
    for rule in
        ["default-src 'none'", "script-src 'self' https://meet2.example;", "frame-src https://meet2.example;", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(rule) && !policy.contains("unsafe"), "{rule}: {policy}");
    }
    assert!(page.header("permissions-policy").contains("camera=(self \"https://meet2.example\")"));
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
}

#[tokio::test]
async fn an_open_page_is_told_of_a_change_and_of_nothing_else() {
    let house = House::new();
    let path = format!("/j/{}/events", house.token());
    let ask = |path: &str| Request::builder().uri(path).body(Body::empty()).unwrap();
    let response = house.router.clone().oneshot(ask(&path)).await.unwrap();
    assert_eq!((response.status(), response.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "text/event-stream"));
    let mut stream = response.into_body().into_data_stream();
    assert!(futures_util::poll!(stream.next()).is_pending(), "nothing has changed");
    assert_eq!(house.ask("GET", &path, &[]).await.status, StatusCode::NO_CONTENT, "no more pages than are allowed");
    house.archive.meeting.lock().unwrap().status = MeetingStatus::Cancelled;
    let told = stream.next().await.unwrap().unwrap();
    assert!(told.starts_with(b"event: changed\n"), "{told:?}");
    house.archive.guest.lock().unwrap().link = Uuid::from_u128(5);
    assert!(stream.next().await.is_some());
    drop(stream);
    assert_eq!(house.ask("GET", "/j/x/events", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.written(), 0);
}

#[tokio::test]
async fn who_guesses_is_slowed_down_and_nobody_else() {
    let house = House::new();
    let pace = Arc::new(Pace::new(NonZeroU32::new(100).unwrap(), NonZeroU32::new(30).unwrap()));
    let proxies: Arc<[IpNet]> = vec!["127.0.0.0/8".parse().unwrap()].into();
    let router = house.router.clone().layer(from_fn_with_state(pace, keep_pace)).layer(from_fn_with_state(proxies, note_peer));
    let get = async |from: &str, path: String| {
        let request = Request::builder().uri(path).header("x-forwarded-for", from);
        let request = request.extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)))).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    };
    let mut answers = Vec::new();
    for guess in 0..20 {
        answers.push(get("192.0.2.7", format!("/j/guess{guess}")).await);
    }
    let refused = answers.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert!(refused >= 14 && answers[0] == StatusCode::NOT_FOUND, "{answers:?}");
    let token = house.token();
    assert_eq!(get("192.0.2.7", format!("/j/{token}")).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(get("198.51.100.1", format!("/j/{token}")).await, StatusCode::OK, "another network");
    // One link from everywhere.
    for host in 0..29 {
        assert_eq!(get(&format!("203.0.113.{host}"), format!("/j/{token}")).await, StatusCode::OK);
    }
    assert_eq!(get("203.0.113.99", format!("/j/{token}")).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(get("203.0.113.99", "/healthz".to_owned()).await, StatusCode::OK);
}

/// As many as `PARAVENT_GUESSES` says: another signature, another id, another key name under a signature that was good.
#[test]
fn guesses_open_nothing() {
    let house = LinkKeys::new(&[("k1".into(), vec![7; 32])]).unwrap();
    let right = house.mint(&meeting(), &guest(), noon()).unwrap();
    let parts: Vec<&str> = right.split('.').collect();
    let most: u128 = std::env::var("PARAVENT_GUESSES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap()).unwrap();
    for guess in 0..most {
        let random = Uuid::new_v5(&Uuid::NAMESPACE_OID, &guess.to_be_bytes());
        let token = if guess % 2 == 0 {
            let signature = [*random.as_bytes(), guess.to_be_bytes()].concat();
            format!("{}.{}.{}", parts[0], parts[1], BASE64URL_NOPAD.encode(&signature))
        } else {
            let mut claims = claims.clone();
            claims["sub"] = json!(random);
            format!("{}.{}.{}", parts[0], BASE64URL_NOPAD.encode(claims.to_string().as_bytes()), parts[2])
        };
        assert!(house.read(&token, noon()).is_err(), "{token}");
    }
    assert!(house.read(&right, noon()).is_ok());
}
