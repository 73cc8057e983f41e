//! People sign in with a provider of their own: who they are is proved, what they may do follows, and no lie opens a session.

use crate::support;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use paravent::web::pages::Pages;
use paravent::web::sign_in::{Reception, router};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use support::desk::{Desk, SESSION, Sent};
use support::house::ORGANIZER;
use support::provider::{CLIENT, CLIENT_SECRET, Key};
use tower::ServiceExt;

fn claire() -> Value {
    json!({ "email": ORGANIZER, "email_verified": true, "name": "Claire B." })
}

#[tokio::test]
async fn an_organizer_is_known_for_good_by_their_first_sign_in() {
    let desk = Desk::open().await;
    let sent = desk.sent().await;
    for (name, value) in
        [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256"), ("scope", "openid profile email")]
    {
        assert_eq!(sent.asked[name], value);
    }
    let held = desk.ask("GET", "/sign-in", "", "").await.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600"].iter().all(|attribute| held.contains(attribute)), "{held}");
    assert_eq!(sent.asked["redirect_uri"], "https://visio.example/sign-in/return");
    let seen = desk.signed_in("c1", claire()).await;
    assert_eq!((seen.status, seen.location()), (StatusCode::SEE_OTHER, "/desk"), "{}", seen.body);
    let set: Vec<&str> = seen.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
    let session = set.iter().find(|line| line.starts_with(&format!("{SESSION}="))).unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(attribute), "{session}");
    }
    let cookie = seen.cookie(SESSION).unwrap();
    assert_eq!(desk.who(&cookie).await.unwrap()[..4], ["Claire B.", "Claire Bernard", "false", "false"]);
    // Their address at the provider changes hands: who they are does not, nor does the new holder become them.
    let moved = json!({ "email": "paul.roux@agence.example", "email_verified": true });
    let again = desk.signed_in("c1", moved).await.cookie(SESSION).unwrap();
    assert_eq!(desk.who(&again).await.unwrap()[1], "Claire Bernard");
    assert_ne!(again, cookie);
    let other = desk.signed_in("c2", claire()).await;
    assert_eq!((other.status, other.cookie(SESSION)), (StatusCode::FORBIDDEN, None), "one organizer is one person");
    assert!(other.body.contains("with another account") && !other.body.contains("Claire"), "{}", other.body);
}

#[tokio::test]
async fn roles_come_from_groups_and_from_nothing_else() {
    let desk = Desk::open().await;
    for (subject, claims, roles) in [
        ("h1", json!({ "groups": ["staff", "helpdesk"] }), Some(("true", "false"))),
        ("h2", json!({ "groups": "admins;helpdesk" }), Some(("true", "true"))),
        ("h3", json!({ "groups": ["helpdesk2", "HELPDESK"] }), None),
        ("h7", json!({ "groups": "friends,helpdesk" }), None),
        ("h8", json!({ "groups": ["helpdesk"], "iat": 4_000_000_000_u64 }), None),
        ("h4", json!({ "roles": ["helpdesk"], "email": ORGANIZER, "email_verified": false }), None),
        ("h5", json!({ "email": ORGANIZER }), None),
        ("h6", json!({ "email": "nobody@agence.example", "email_verified": true }), None),
    ] {
        let seen = desk.signed_in(subject, claims).await;
        match roles {
            Some((helpdesk, administrator)) => {
                let who = desk.who(&seen.cookie(SESSION).unwrap()).await.unwrap();
                assert_eq!((who[2].as_str(), who[3].as_str(), who[1].as_str()), (helpdesk, administrator, ""), "{subject}");
            }
            None => {
                assert_eq!((seen.status, seen.cookie(SESSION)), (StatusCode::FORBIDDEN, None), "{subject}: {}", seen.body);
                assert!(subject == "h8" || seen.body.contains("There is nothing for you here"));
            }
        }
    }
    // A flag beside the token vouches for the address beside it alone.
    desk.provider.tell(json!({ "sub": "e1", "email": "x@evil.example", "email_verified": true }));
    assert_eq!(desk.signed_in("e1", json!({ "email": ORGANIZER })).await.status, StatusCode::FORBIDDEN);
    // Some providers tell it beside the token alone; of somebody else it is not believed.
    desk.provider.tell(json!({ "sub": "u1", "groups": ["helpdesk"], "name": "Ana Silva" }));
    let who = desk.who(&desk.signed_in("u1", json!({})).await.cookie(SESSION).unwrap()).await.unwrap();
    assert_eq!((who[0].as_str(), who[2].as_str()), ("Ana Silva", "true"));
    assert_eq!(desk.signed_in("u2", json!({})).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn no_lie_of_a_token_opens_a_session() {
    let desk = Desk::open().await;
    type Lie = fn(&Desk, Value) -> String;
    let lies: [(&str, Lie); 9] = [
        ("another key", |_, claims| Key::new("k1").sign(&claims)),
        ("an unknown key", |_, claims| Key::new("k9").sign(&claims)),
        ("another nonce", |desk, mut claims| {
            claims["nonce"] = json!("other");
            desk.key.sign(&claims)
        }),
        ("no nonce", |desk, mut claims| {
            claims.as_object_mut().unwrap().remove("nonce");
            desk.key.sign(&claims)
        }),
        ("another audience", |desk, mut claims| {
            claims["aud"] = json!("other");
            desk.key.sign(&claims)
        }),
        ("another issuer", |desk, mut claims| {
            claims["iss"] = json!("https://evil.example");
            desk.key.sign(&claims)
        }),
        ("expired", |desk, mut claims| {
            claims["exp"] = json!(desk.now() - 120);
            desk.key.sign(&claims)
        }),
        ("no signature", |_, claims| {
            let part = |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
            format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
        }),
        ("our own secret", |_, claims| {
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(CLIENT_SECRET.as_bytes())).unwrap()
        }),
    ];
    for (what, lie) in lies {
        let sent = desk.sent().await;
        let mut claims = desk.provider.claims("c1", &sent.asked["nonce"], desk.now());
        claims.as_object_mut().unwrap().extend(claire().as_object().unwrap().clone());
        let code = desk.provider.grant(&sent.asked, lie(&desk, claims));
        let seen = desk.back(&sent, &code).await;
        assert_eq!((seen.status, seen.cookie(SESSION)), (StatusCode::FORBIDDEN, None), "{what}: {}", seen.body);
    }
    assert!(desk.provider.described() < 6, "lies do not make us ask the provider again and again: {}", desk.provider.described());
}

#[tokio::test]
async fn an_answer_counts_once_and_for_the_browser_that_asked() {
    let desk = Desk::open().await;
    let token = |sent: &Sent| {
        let mut claims = desk.provider.claims("c1", &sent.asked["nonce"], desk.now());
        claims.as_object_mut().unwrap().extend(claire().as_object().unwrap().clone());
        desk.key.sign(&claims)
    };
    let (mine, theirs) = (desk.sent().await, desk.sent().await);
    let code = desk.provider.grant(&theirs.asked, token(&theirs));
    // Somebody makes my browser take their answer.
    let forced = desk.ask("GET", &format!("/sign-in/return?code={code}&state={}", theirs.asked["state"]), &mine.cookie, "").await;
    assert_eq!((forced.status, forced.cookie(SESSION)), (StatusCode::BAD_REQUEST, None));
    let bare = desk.ask("GET", &format!("/sign-in/return?code={code}&state={}", theirs.asked["state"]), "", "").await;
    assert_eq!(bare.status, StatusCode::BAD_REQUEST, "a browser that began nothing");
    // With another one's code and my state the provider refuses: the verifier is mine.
    let mixed = desk.back(&mine, &code).await;
    assert_eq!((mixed.status, mixed.cookie(SESSION)), (StatusCode::FORBIDDEN, None));
    let code = desk.provider.grant(&mine.asked, token(&mine));
    assert_eq!(desk.back(&mine, &code).await.status, StatusCode::SEE_OTHER);
    let code = desk.provider.grant(&mine.asked, token(&mine));
    assert_eq!(desk.back(&mine, &code).await.status, StatusCode::BAD_REQUEST, "taken");
    let late = desk.sent().await;
    let code = desk.provider.grant(&late.asked, token(&late));
    desk.house.clock.move_by(TimeDelta::minutes(11));
    assert_eq!(desk.back(&late, &code).await.status, StatusCode::BAD_REQUEST, "too late");
    let refused = desk.ask("GET", "/sign-in/return?error=access_denied&error_description=%3Cb%3E&state=x", &late.cookie, "").await;
    assert!(refused.status == StatusCode::FORBIDDEN && !refused.body.contains("<b>"), "{}", refused.body);
}

#[tokio::test]
async fn a_session_ends_by_time_by_its_person_and_by_the_provider() {
    let desk = Desk::open().await;
    let open = async |subject: &str| desk.signed_in(subject, json!({ "groups": ["helpdesk"] })).await.cookie(SESSION).unwrap();
    let idle = open("a").await;
    desk.house.clock.move_by(TimeDelta::minutes(59));
    assert!(desk.who(&idle).await.is_some());
    desk.house.clock.move_by(TimeDelta::minutes(60));
    assert!(desk.who(&idle).await.is_none(), "idle");
    let busy = open("b").await;
    for _ in 0..14 {
        desk.house.clock.move_by(TimeDelta::minutes(50));
        desk.who(&busy).await;
    }
    assert!(desk.who(&busy).await.is_some());
    desk.house.clock.move_by(TimeDelta::minutes(20));
    assert!(desk.who(&busy).await.is_none(), "the longest");

    let one = open("c").await;
    let key = desk.who(&one).await.unwrap()[4].clone();
    for (site, form) in [("cross-site", format!("key={key}")), ("same-origin", "key=x".to_owned())] {
        assert_eq!(desk.ask_from(site, "POST", "/sign-out", &one, &form).await.status, StatusCode::FORBIDDEN);
    }
    assert!(desk.who(&one).await.is_some());
    let out = desk.ask("POST", "/sign-out", &one, &format!("key={key}")).await;
    assert!(out.location().starts_with(&format!("{}/end?", desk.provider.url)), "{}", out.location());
    assert!(
        out.location().contains("id_token_hint=")
            && out.location().contains("post_logout_redirect_uri=https%3A%2F%2Fvisio.example%2Fsigned-out")
    );
    assert!(desk.who(&one).await.is_none());

    let (first, second) = (open("d").await, open("e").await);
    let now = desk.now();
    let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let logout = |jti: &str| json!({ "iss": desk.provider.url, "aud": CLIENT, "iat": now, "jti": jti, "sub": "d", "events": event });
    let with = |name: &str, value: Value| {
        let mut claims = logout("x");
        claims[name] = value;
        claims
    };
    let post =
        async |token: String| desk.ask_from("none", "POST", "/sign-in/back-channel", "", &format!("logout_token={token}")).await.status;
    for lie in [
        with("nonce", json!("n")),
        with("events", json!({})),
        with("iat", json!(now - 3_600)),
        with("aud", json!("other")),
        with("iss", json!("https://evil.example")),
        with("sub", json!(null)),
    ] {
        assert_eq!(post(desk.key.sign(&lie)).await, StatusCode::BAD_REQUEST, "{lie}");
    }
    assert_eq!(post(Key::new("k1").sign(&logout("x"))).await, StatusCode::BAD_REQUEST);
    assert_eq!(post("x".to_owned()).await, StatusCode::BAD_REQUEST);
    assert!(desk.who(&first).await.is_some());
    assert_eq!(post(desk.key.sign(&logout("1"))).await, StatusCode::OK);
    assert!(desk.who(&first).await.is_none() && desk.who(&second).await.is_some());
    assert_eq!(post(desk.key.sign(&logout("1"))).await, StatusCode::BAD_REQUEST, "obeyed once");
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_taken() {
    let mut desk = Desk::open().await;
    assert_eq!(desk.signed_in("c1", claire()).await.status, StatusCode::SEE_OTHER);
    let next = Key::new("k2");
    desk.provider.publish(&[&next]);
    desk.key = next;
    // Within half a minute the provider is not asked again, so that nobody can make us ask it without end.
    assert_eq!(desk.signed_in("c1", claire()).await.status, StatusCode::FORBIDDEN);
    desk.house.clock.move_by(TimeDelta::seconds(31));
    assert_eq!(desk.signed_in("c1", claire()).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn asking_to_sign_in_writes_nothing() {
    let desk = Desk::open().await;
    let rows = async || {
        let mut all = Vec::new();
        for table in ["sign_ins", "sessions", "identities", "audit"] {
            all.push(desk.house.rows(table).await);
        }
        all
    };
    let before = rows().await;
    let mut cookies = BTreeSet::new();
    for _ in 0..50 {
        cookies.insert(desk.sent().await.cookie);
    }
    assert_eq!((rows().await, cookies.len()), (before, 50));
    assert_eq!(desk.signed_in("c1", claire()).await.status, StatusCode::SEE_OTHER);
    assert_eq!(rows().await, [1, 1, 1, 1], "one answer that was taken, one session");
    // What a browser holds is sealed, and changed by nobody.
    let mut sent = desk.sent().await;
    assert!(!sent.cookie.contains(&sent.asked["state"]));
    sent.cookie.push('A');
    assert_eq!(desk.back(&sent, "code").await.status, StatusCode::BAD_REQUEST);
    // Answers that were taken are forgotten as soon as they could not be taken again.
    desk.house.clock.move_by(TimeDelta::minutes(11));
    assert_eq!(desk.signed_in("c1", claire()).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.house.rows("sign_ins").await, 1);
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_asked_at_every_click() {
    let desk = Desk::open().await;
    desk.provider.go_down(true);
    for _ in 0..5 {
        assert_eq!(desk.ask("GET", "/sign-in", "", "").await.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(desk.provider.described(), 1);
    desk.house.clock.move_by(TimeDelta::seconds(6));
    assert_eq!(desk.ask("GET", "/sign-in", "", "").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(desk.provider.described(), 2);
    desk.provider.go_down(false);
    desk.house.clock.move_by(TimeDelta::seconds(6));
    assert_eq!(desk.signed_in("c1", claire()).await.status, StatusCode::SEE_OTHER);
    // What was known before is good for its hour, whatever becomes of the provider.
    desk.provider.go_down(true);
    assert_eq!(desk.ask("GET", "/sign-in", "", "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_provider_that_takes_the_header_literally_has_the_secret_in_the_body() {
    let desk = Desk::open().await;
    desk.provider.be_literal();
    let seen = desk.signed_in("c1", claire()).await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.body);
}

#[tokio::test]
async fn whoever_comes_too_late_for_an_address_is_told_so_in_french_too() {
    let desk = Desk::open().await;
    desk.signed_in("c1", claire()).await;
    let sent = desk.sent().await;
    let mut claims = desk.provider.claims("c2", &sent.asked["nonce"], desk.now());
    claims.as_object_mut().unwrap().extend(claire().as_object().unwrap().clone());
    let code = desk.provider.grant(&sent.asked, desk.key.sign(&claims));
    let request = Request::builder().uri(format!("/sign-in/return?code={code}&state={}", sent.asked["state"]));
    let request = request.header(header::COOKIE, &sent.cookie).header(header::ACCEPT_LANGUAGE, "fr").body(Body::empty()).unwrap();
    let response = desk.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let page = String::from_utf8(axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
    assert!(page.contains("avec un autre compte") && !page.contains("Claire"), "{page}");
}

#[tokio::test]
async fn an_organizer_with_a_new_account_signs_in_once_the_operator_says_so() {
    let desk = Desk::open().await;
    let before = desk.signed_in("c1", claire()).await.cookie(SESSION).unwrap();
    let other = desk.signed_in("h1", json!({ "groups": ["helpdesk"] })).await.cookie(SESSION).unwrap();
    let id = support::house::organizer(ORGANIZER, "").id;
    assert!(desk.house.gateway.unbind_organizer(id).await.unwrap());
    assert!(!desk.house.gateway.unbind_organizer(id).await.unwrap(), "nobody is bound any more");
    assert!(desk.who(&before).await.is_none() && desk.who(&other).await.is_some());
    let after = desk.signed_in("c2", claire()).await;
    assert_eq!(after.status, StatusCode::SEE_OTHER, "{}", after.body);
    assert_eq!(desk.signed_in("c1", claire()).await.status, StatusCode::FORBIDDEN, "now the old account comes too late");
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_do_so_and_back() {
    let desk = Desk::open().await;
    for cookie in ["", &format!("{SESSION}=x"), "other=1; broken"] {
        let seen = desk.ask("GET", "/who", cookie, "").await;
        assert_eq!((seen.status, seen.location()), (StatusCode::SEE_OTHER, "/sign-in?to=/who%3Fstate%3Dopen"), "{cookie}");
    }
    let elsewhere = desk.ask("GET", "/sign-in?to=https://evil.example/", "", "").await;
    assert_eq!(elsewhere.status, StatusCode::SEE_OTHER);
    let leading =
        Reception::new(None, Arc::new(Pages::load().unwrap()), "https://visio.example").leading_to(["https://meet.example/acme", "bad;"]);
    assert!(leading.headers()["content-security-policy"].to_str().unwrap().contains("form-action 'self' https://meet.example; "));
    let reception = Arc::new(Reception::new(None, Arc::new(Pages::load().unwrap()), "https://visio.example"));
    let closed = router(reception).oneshot(Request::builder().uri("/sign-in").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(closed.status(), StatusCode::NOT_FOUND);
}
