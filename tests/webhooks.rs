//! What a webhook is told: signed, in order, each event until it is taken; nothing of it names a person.

use crate::support;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use paravent::domain::alert::{Alert, AlertAction, AlertKind, AlertState, Severity};
use paravent::domain::id::AlertId;
use paravent::domain::record::{Commit, Write};
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::notify::caller::{Caller, CallerBell};
use paravent::notify::webhook::{Called, Webhook};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::house::{House, JEAN, ORGANIZER, calendar_mail, reply, words};
use support::letter::Letter;
use support::net::{PATIENCE, Smtp, free_ports};
use support::servers::{Gateway, GatewayPorts};
use support::sink::Sink;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

const KEY: [u8; 32] = [7; 32];
const OTHER: &str = "jean@perso.example";

/// A call as it came.
#[derive(Clone, Debug)]
struct Call {
    id: String,
    body: Value,
}

/// Who is called: checks each signature, then answers what it was told to, else 204.
struct Receiver {
    url: String,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
    calls: mpsc::UnboundedReceiver<Call>,
}

type Desk = (Arc<Mutex<VecDeque<StatusCode>>>, mpsc::UnboundedSender<Call>);

async fn take(State((answers, calls)): State<Desk>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &body].concat();
    let signature = STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    if hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), &signed, &signature).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let answer = answers.lock().unwrap().pop_front().unwrap_or(StatusCode::NO_CONTENT);
    calls.send(Call { id, body: serde_json::from_slice(&body).unwrap() }).unwrap();
    answer
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=secret", listener.local_addr().unwrap());
        let answers = Arc::default();
        let (sender, calls) = mpsc::unbounded_channel();
        let app = Router::new().route("/hook", post(take)).with_state((Arc::clone(&answers), sender));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, answers, calls }
    }

    fn answer(&self, answers: &[StatusCode]) {
        self.answers.lock().unwrap().extend(answers);
    }

    async fn call(&mut self) -> Call {
        timeout(PATIENCE, self.calls.recv()).await.expect("a call").unwrap()
    }
}

/// The task that calls, as the program runs it; ends with what holds it.
struct Running {
    wake: CallerBell,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(house: &House, url: &str) -> Self {
        let wake: Arc<Notify> = Arc::default();
        let gateway = house.gateway.clone();
        let caller = Caller {
            node: uuid::Uuid::new_v4(),
            name: "desk".to_owned(),
            webhook: Webhook::new(url, &KEY, Duration::from_secs(10)).unwrap(),
            severity: Severity::Warning,
            give_up: TimeDelta::hours(1),
            archive: house.archive.clone(),
            world: house.clock.clone(),
            page: Arc::new(move |alert| gateway.alert_link(alert, gateway.world.now()).ok()),
        };
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(caller.run(wake.clone(), stopping));
        Self { wake: CallerBell(vec![wake]), stop, task }
    }

    /// Rings, as the flows do after they raised something.
    async fn wake(&self, alert: &Alert) {
        paravent::flow::port::Bell::ring(&self.wake, alert).await;
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

async fn raise(house: &House, key: &str, severity: Severity) -> Alert {
    let now = house.gateway.world.now();
    let alert = Alert {
        id: AlertId(house.gateway.world.key()),
        kind: AlertKind::Held,
        severity,
        state: AlertState::Open,
        key: key.to_owned(),
        meeting: None,
        guest: None,
        received: None,
        escalated: 0,
        evidence: "a mail waits".to_owned(),
        count: 1,
        opened_at: now,
        last_at: now,
    };
    house.archive.commit(Commit { writes: vec![Write::Alert(Box::new(alert.clone()))] }).await.unwrap();
    alert
}

/// The webhook has been there before: the next event is told.
async fn known(house: &House) {
    house.archive.commit(Commit { writes: vec![Write::WebhookAt { name: "desk".to_owned(), number: 0 }] }).await.unwrap();
}

async fn done_with(house: &House) -> u64 {
    house.archive.webhook_at("desk").await.unwrap().unwrap()
}

#[tokio::test]
async fn what_happens_to_an_alert_is_told_signed_and_without_names() {
    let (house, mut receiver) = (House::build().await, Receiver::start().await);
    known(&house).await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    let guest = house.guest(JEAN).await;
    let alias = house.address(Purpose::OrganizerAlias, guest.id);
    house.accept(Mx, OTHER, &alias, &reply(OTHER, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    let running = Running::start(&house, &receiver.url);

    let raised = receiver.call().await;
    let alert = &raised.body["data"]["alert"];
    assert_eq!((&raised.body["type"], &alert["kind"], &alert["state"]), (&"alert.raised".into(), &"stranger".into(), &"open".into()));
    assert_eq!(alert["guest"], guest.id.to_string());
    assert!(alert["actions"].as_array().unwrap().contains(&"accept-address".into()));
    let page = alert["page"].as_str().unwrap();
    assert!(page.starts_with("https://visio.example/a/"), "{page}");
    for name in [ORGANIZER, "claire", JEAN, OTHER] {
        assert!(!raised.body.to_string().to_lowercase().contains(name), "{name} in {}", raised.body);
    }

    let id = alert["id"].as_str().unwrap().parse().unwrap();
    house.gateway.act(id, AlertAction::Resolve, "helpdesk:page").await.unwrap();
    running.wake(&house.archive.alert(id).await.unwrap().unwrap()).await;
    let resolved = receiver.call().await;
    assert_eq!((&resolved.body["type"], &resolved.body["data"]["alert"]["state"]), (&"alert.resolved".into(), &"resolved".into()));
    assert_ne!(resolved.id, raised.id);
    running.end().await;
}

#[tokio::test]
async fn a_webhook_that_is_new_hears_nothing_of_what_was() {
    let (house, mut receiver) = (House::build().await, Receiver::start().await);
    raise(&house, "held/1", Severity::High).await;
    let first = Running::start(&house, &receiver.url);
    while house.archive.webhook_at("desk").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    let alert = raise(&house, "held/2", Severity::High).await;
    first.wake(&alert).await;
    assert_eq!(receiver.call().await.body["data"]["alert"]["id"], alert.id.to_string());
    first.end().await;
}

#[tokio::test]
async fn what_is_not_taken_is_told_again_in_order_and_with_the_same_id() {
    let (house, mut receiver) = (House::build().await, Receiver::start().await);
    known(&house).await;
    receiver.answer(&[StatusCode::SERVICE_UNAVAILABLE]);
    let (first, second) = (raise(&house, "held/1", Severity::High).await, raise(&house, "held/2", Severity::Warning).await);
    let running = Running::start(&house, &receiver.url);
    let (refused, again, next) = (receiver.call().await, receiver.call().await, receiver.call().await);
    assert_eq!(refused.id, again.id);
    for (call, alert) in [(&refused, &first), (&again, &first), (&next, &second)] {
        assert_eq!(call.body["data"]["alert"]["id"], alert.id.to_string());
    }
    running.end().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let (house, mut receiver) = (House::build().await, Receiver::start().await);
    known(&house).await;
    raise(&house, "held/1", Severity::High).await;
    let running = Running::start(&house, &receiver.url);
    receiver.call().await;
    while done_with(&house).await == 0 {
        tokio::task::yield_now().await;
    }
    running.end().await;
    let second = raise(&house, "held/2", Severity::High).await;
    let running = Running::start(&house, &receiver.url);
    assert_eq!(receiver.call().await.body["data"]["alert"]["id"], second.id.to_string(), "the first is not told again");
    running.end().await;
}

#[tokio::test]
async fn what_can_never_be_told_is_passed_over_and_written_down() {
    let (house, mut receiver) = (House::build().await, Receiver::start().await);
    known(&house).await;
    // The first content is refused for good; the second is tried until it is too old.
    receiver.answer(&[StatusCode::UNPROCESSABLE_ENTITY]);
    raise(&house, "held/1", Severity::High).await;
    let running = Running::start(&house, &receiver.url);
    receiver.call().await;
    while done_with(&house).await == 0 {
        tokio::task::yield_now().await;
    }
    running.end().await;
    receiver.answer(&[StatusCode::NOT_FOUND]);
    let late = raise(&house, "held/2", Severity::High).await;
    house.clock.move_by(TimeDelta::hours(2));
    let third = raise(&house, "held/3", Severity::High).await;
    let running = Running::start(&house, &receiver.url);
    assert_eq!(receiver.call().await.body["data"]["alert"]["id"], late.id.to_string());
    assert_eq!(receiver.call().await.body["data"]["alert"]["id"], third.id.to_string());
    running.end().await;
    assert_eq!(passed_over(&house).await, ["HTTP 422", "HTTP 404"]);
}

async fn passed_over(house: &House) -> Vec<String> {
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", house.file().display())).await.unwrap();
    let query = sqlx::query_scalar("SELECT detail FROM audit WHERE action = 'webhook.passed-over' ORDER BY number");
    let details: Vec<String> = query.fetch_all(&pool).await.unwrap();
    details.iter().map(|detail| serde_json::from_str::<Value>(detail).unwrap()["why"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_less_severe_is_not_told() {
    let (house, mut receiver) = (House::build().await, Receiver::start().await);
    known(&house).await;
    raise(&house, "held/1", Severity::Info).await;
    let told = raise(&house, "held/2", Severity::Warning).await;
    raise(&house, "held/3", Severity::Info).await;
    let running = Running::start(&house, &receiver.url);
    assert_eq!(receiver.call().await.body["data"]["alert"]["id"], told.id.to_string());
    while done_with(&house).await < 3 {
        tokio::task::yield_now().await;
    }
    running.end().await;
    assert!(receiver.calls.try_recv().is_err());
}

#[tokio::test]
async fn no_answer_names_the_url() {
    let now = chrono::Utc::now();
    let [closed] = free_ports();
    let webhook = Webhook::new(&format!("http://127.0.0.1:{closed}/hook?token=secret"), &KEY, Duration::from_secs(5)).unwrap();
    let Called::Later(why) = webhook.ping("ping.1", now).await else { panic!("nobody is there") };
    assert!(!why.contains("secret") && why.contains("refused"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_calls_once_also_when_it_is_killed() {
    let mut receiver = Receiver::start().await;
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start());
    let [mx, submission, lmtp, web] = free_ports();
    let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
    let edit = |text: &str| {
        let keys = folder.path().join("keys.toml");
        let secret = format!("\n[[webhook]]\nname = \"desk\"\nsecret = \"whsec_{}\"\n", STANDARD.encode(KEY));
        std::fs::write(&keys, std::fs::read_to_string(&keys).unwrap() + &secret).unwrap();
        format!("{text}\n[[webhooks]]\nname = \"desk\"\nurl = \"{}\"\nseverity = \"info\"\n", receiver.url)
    };
    let organizers = "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n\
        ,claire.bernard@agence.example,,Claire Bernard,,,en,medical,,true\n";
    let mut gateway = Gateway::start_with(folder.path(), ports, organizers, edit);
    assert!(gateway.command(&["webhook", "test", "desk"]).contains("taken"));
    assert_eq!(receiver.call().await.body["type"], "ping");
    while gateway.command(&["webhook", "list"]).contains("never called") {
        tokio::task::yield_now().await;
    }

    let invitation = Letter::new("Visite", &[JEAN.to_owned()]).mail();
    assert!(Smtp::open(submission).send(ORGANIZER, &[JEAN], &invitation).starts_with("250"));
    let alias =
        sink.wait_for("the invitation", |taken| Some(taken.iter().find(|mail| mail.to.contains(JEAN))?.mail().from[0].mailbox.to_string()));
    receiver.answer(&[StatusCode::BAD_GATEWAY]);
    assert!(Smtp::open(mx).send(OTHER, &[&alias], words(OTHER, &alias, "1", "Bonjour").as_bytes()).starts_with("250"));
    let first = receiver.call().await;
    assert_eq!(first.body["data"]["alert"]["kind"], "stranger");
    gateway.restart();
    let again = receiver.call().await;
    assert_eq!(again.id, first.id, "the call that failed");
    let id = first.body["data"]["alert"]["id"].as_str().unwrap().to_owned();
    gateway.command(&["alert", "ack", &id]);
    assert_eq!(receiver.call().await.body["type"], "alert.acknowledged", "told by another process, and nothing in between");
}
