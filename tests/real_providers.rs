//! People sign in with providers that others wrote: LemonLDAP::NG from Debian's packages, and node-oidc-provider. The browser goes
//! the whole way, and what it is shown is what a person would see.

use crate::support;

use axum::Router;
use axum::http::StatusCode;
use chrono::{TimeDelta, Utc};
use paravent::flow::port::World;
use std::io::Write as _;
use support::browser::{Browser, OURS, Page};
use support::desk::{SESSION, pages};
use support::house::{House, organizer};
use support::lemonldap::{self, LemonLdap};
use support::net::{self, PATIENCE};
use support::oidc_provider::{self, NodeProvider};
use support::servers::{Gateway, GatewayPorts};

/// A house where the organizers are these, at the time of the provider.
async fn house(organizers: &[(&str, &str)]) -> House {
    let house = House::of(organizers.iter().map(|(mail, name)| organizer(mail, name)).collect()).await;
    house.clock.move_by(Utc::now() - house.clock.now());
    house
}

fn at_lemonldap(house: &House, portal: &LemonLdap) -> Router {
    let more = "email_is_verified = true\nscopes = [\"profile\", \"email\", \"groups\"]\n";
    pages(house, &portal.issuer(), lemonldap::SECRET, more)
}

const TIME_LORD: &str = "dwho@badwolf.org";

/// Signs in at the portal's page, to see `path` of ours.
async fn portal_login(browser: &mut Browser, path: &str, name: &str, password: &str) -> Page {
    let page = browser.open(&format!("{OURS}{path}")).await;
    assert!(page.url.contains("/oauth2/authorize"), "{page:?}");
    browser.send(&page, &[("user", name), ("password", password)]).await
}

#[tokio::test]
async fn an_organizer_signs_in_and_out_with_lemonldap() {
    let Some(portal) = LemonLdap::start(OURS) else { return };
    let house = house(&[(TIME_LORD, "Doctor Who")]).await;
    let ours = at_lemonldap(&house, &portal);
    let mut browser = Browser::new(&ours);
    let wrong = portal_login(&mut browser, "/meetings", "dwho", "wrong").await;
    assert!(wrong.url.starts_with(&portal.issuer()) && browser.holds(SESSION).is_none(), "{wrong:?}");
    let page = browser.send(&wrong, &[("user", "dwho"), ("password", "dwho")]).await;
    assert_eq!((page.status, page.url.as_str()), (StatusCode::OK, "https://visio.example/meetings"), "{}", page.body);
    assert!(page.body.contains("Doctor Who") && browser.holds(SESSION).is_some(), "{}", page.body);

    // What is written on our page signs out at both: the portal asks for the password again.
    let mut thief = browser.copy();
    let out = browser.send(&page, &[("key", &page.form("key").1[0].1)]).await;
    assert_eq!(out.url, "https://visio.example/signed-out", "{:?} {}", browser.way, out.body);
    assert!(browser.way.iter().any(|url| url.contains("/oauth2/logout")), "{:?}", browser.way);
    assert!(browser.holds(SESSION).is_none());
    let stolen = thief.open("https://visio.example/meetings").await;
    assert!(stolen.url.contains("/oauth2/authorize"), "the cookie opens nothing any more: {}", stolen.url);
    let again = browser.open("https://visio.example/meetings").await;
    assert!(again.url.contains("/oauth2/authorize") && again.body.contains("name=\"password\""), "{again:?}");
}

#[tokio::test]
async fn groups_of_lemonldap_are_roles_and_its_new_key_is_taken() {
    let Some(portal) = LemonLdap::start(OURS) else { return };
    let house = house(&[(TIME_LORD, "Doctor Who")]).await;
    let ours = at_lemonldap(&house, &portal);
    // Rose is of the group `helpdesk`, and organizes nothing.
    let mut rose = Browser::new(&ours);
    let page = portal_login(&mut rose, "/desk", "rtyler", "rtyler").await;
    assert_eq!((page.status, page.url.as_str()), (StatusCode::OK, "https://visio.example/desk"), "{}", page.body);
    assert_eq!(rose.open("https://visio.example/administration").await.status, StatusCode::FORBIDDEN);
    let mut doctor = Browser::new(&ours);
    portal_login(&mut doctor, "/meetings", "dwho", "dwho").await;
    assert_eq!(doctor.open("https://visio.example/desk").await.status, StatusCode::FORBIDDEN);

    portal.rotate();
    let deadline = std::time::Instant::now() + PATIENCE;
    while !portal.keys().await.contains("key-2") {
        assert!(std::time::Instant::now() < deadline, "the portal keeps its key");
        // It looks for a new configuration by itself: there is nothing else to wait for.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    house.clock.move_by(TimeDelta::seconds(31));
    let mut later = Browser::new(&ours);
    let page = portal_login(&mut later, "/meetings", "dwho", "dwho").await;
    assert_eq!((page.status, page.url.as_str()), (StatusCode::OK, "https://visio.example/meetings"), "{}", page.body);
}

#[tokio::test]
async fn the_program_itself_signs_people_in_with_lemonldap() {
    let [mx, submission, lmtp, web] = net::free_ports();
    let ours = format!("http://127.0.0.1:{web}");
    let Some(portal) = LemonLdap::start(&ours) else { return };
    let folder = tempfile::tempdir().unwrap();
    let organizers =
        "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n,dwho@badwolf.org,,The Doctor,,,en,medical,,true\n";
    let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: 1 };
    let _gateway = Gateway::start_with(folder.path(), ports, organizers, |config| {
        let mut keys = std::fs::OpenOptions::new().append(true).open(folder.path().join("keys.toml")).unwrap();
        writeln!(keys, "\n[sign_in]\nclient_secret = \"{}\"", lemonldap::SECRET).unwrap();
        let scopes = "scopes = [\"profile\", \"email\", \"groups\"]\nhelpdesk_groups = [\"helpdesk\"]\nemail_is_verified = true";
        format!("{config}\n[sign_in]\nissuer = \"{}\"\nclient_id = \"paravent\"\n{scopes}\n", portal.issuer())
    });
    let mut doctor = Browser::at(&ours);
    let page = doctor.open(&format!("{ours}/meetings")).await;
    let page = doctor.send(&page, &[("user", "dwho"), ("password", "dwho")]).await;
    assert_eq!((page.status, page.url), (StatusCode::OK, format!("{ours}/meetings")), "{}", page.body);
    let mut mickey = Browser::at(&ours);
    let page = mickey.open(&format!("{ours}/meetings")).await;
    let page = mickey.send(&page, &[("user", "msmith"), ("password", "msmith")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "he organizes nothing here: {}", page.body);
    let page = doctor.open(&format!("{ours}/meetings/new")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let out = doctor.send(&page, &[("key", &page.form("key").1[0].1)]).await;
    assert_eq!(out.url, format!("{ours}/signed-out"), "{:?} {}", doctor.way, out.body);
}

/// Signs in at the provider's page, and agrees to what it asks.
async fn node_login(browser: &mut Browser, path: &str, name: &str) -> Page {
    let page = browser.open(&format!("{OURS}{path}")).await;
    assert!(page.url.contains("/interaction/"), "{page:?}");
    let consent = browser.send(&page, &[("login", name), ("password", "x")]).await;
    assert!(consent.url.contains("/interaction/"), "{consent:?}");
    browser.send(&consent, &[("prompt", "consent")]).await
}

#[tokio::test]
async fn node_oidc_provider_signs_in_and_out_and_tells_us_of_it() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let house = house(&[("claire.bernard@agence.example", "Claire Bernard"), ("paul.roux@agence.example", "Paul Roux")]).await;
        // The provider must know where our door is before we know where it is.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = format!("http://{}/sign-in/back-channel", listener.local_addr().unwrap());
        let Some(provider) = NodeProvider::start(method, &door) else { return };
        let ours = pages(&house, &provider.issuer, oidc_provider::SECRET, "");
        let door = tokio::spawn(axum::serve(listener, ours.clone()).into_future());

        let mut claire = Browser::new(&ours);
        let page = node_login(&mut claire, "/meetings", "claire").await;
        assert_eq!((page.status, page.url.as_str()), (StatusCode::OK, "https://visio.example/meetings"), "{method}: {}", page.body);
        assert!(page.body.contains("Claire Bernard"), "{}", page.body);
        let mut ana = Browser::new(&ours);
        let desk = node_login(&mut ana, "/desk", "ana").await;
        assert_eq!((desk.status, desk.url.as_str()), (StatusCode::OK, "https://visio.example/desk"), "{method}: {}", desk.body);
        let mut paul = Browser::new(&ours);
        let page = node_login(&mut paul, "/meetings", "paul").await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "an address that is not verified is nobody's: {}", page.body);

        // She signs out at the provider, not here: it tells us behind her back.
        let confirm = claire.open(&format!("{}/session/end", provider.issuer)).await;
        claire.send(&confirm, &[("xsrf", &confirm.form("xsrf").1[0].1), ("logout", "yes")]).await;
        assert!(claire.holds(SESSION).is_some(), "her browser knows nothing of it");
        let page = claire.open("https://visio.example/meetings").await;
        assert!(page.url.contains("/interaction/"), "her session is over: {page:?}");
        assert_eq!(ana.open("https://visio.example/desk").await.status, StatusCode::OK, "and nobody else's");

        // Ana signs out here.
        let desk = ana.open("https://visio.example/desk").await;
        let confirm = ana.send(&desk, &[("key", &desk.form("key").1[0].1)]).await;
        assert!(confirm.url.contains("/session/end"), "{confirm:?}");
        let out = ana.send(&confirm, &[("xsrf", &confirm.form("xsrf").1[0].1), ("logout", "yes")]).await;
        assert_eq!(out.url, "https://visio.example/signed-out", "{:?}", ana.way);
        assert!(ana.open("https://visio.example/desk").await.url.contains("/interaction/"));
        door.abort();
    }
}
