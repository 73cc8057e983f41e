//! The real program on PostgreSQL, while its server falls and comes back.

use crate::support;
use support::letter::{Invited, Letter, ORGANIZER};
use support::net::{self, Smtp};
use support::postgres::Server;
use support::servers::{Gateway, GatewayPorts};
use support::sink::Sink;

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_kept_by_its_sender_while_the_database_is_away() {
    let Some(mut server) = Server::start(&[]) else { return };
    let settings = server.database().await;
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start();
    let [mx, submission, lmtp, web] = net::free_ports();
    let ports = GatewayPorts { mx, submission, lmtp, web, smarthost: sink.port };
    let url = format!("[store]\nurl = \"{}\"\nwait_seconds = 1\n", settings.url);
    let gateway = Gateway::start_with(folder.path(), ports, support::servers::ORGANIZERS, |text| text.replace("[store]\n", &url));
    let guests = ["jean@hopital.example".to_owned()];
    let submit = |name: &str| {
        let letter = Letter::new(name, &guests);
        Smtp::open(submission).send(ORGANIZER, &[&guests[0]], &letter.mail())
    };
    let arrived = |name: &str| {
        let title = Letter::new(name, &guests).title();
        sink.wait_for(&title, |taken| taken.iter().find_map(|mail| Invited::read(mail, &title)));
    };
    assert!(submit("one").starts_with("250"));
    arrived("one");
    for name in ["two", "three"] {
        server.stop();
        let answer = submit(name);
        assert!(answer.starts_with("451"), "{answer}");
        server.resume(&[]);
        assert!(submit(name).starts_with("250"), "the same gateway, the next moment");
        arrived(name);
    }
    let balance = gateway.command(&["reconcile", "--json"]);
    assert!(balance.contains("\"whole\":true"), "{balance}");
    assert!(!gateway.archive().exists(), "no file is made beside");
}
