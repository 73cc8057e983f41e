//! Postfix's own sink as the next server.

use super::items::item;
use crate::support::{net, parts};
use paravent::domain::delivery::AttemptOutcome;
use paravent::flow::port::Transport;
use paravent::outbound::smarthost::{Smarthost, SmarthostSettings, TlsMode};
use std::process::{Child, Command};

/// `smtp-sink`, ended with the test.
pub(crate) struct Sink {
    child: Child,
    pub port: u16,
}

impl Sink {
    /// Starts with these options; `None` after saying that it is not there.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        let program = parts::find("smtp-sink")?;
        let [port] = net::free_ports();
        let mut command = Command::new(program);
        if parts::is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command.args(options).arg(format!("127.0.0.1:{port}")).arg("1000").spawn().unwrap();
        let sink = Self { child, port };
        drop(net::connect(port));
        Some(sink)
    }

    pub(crate) fn smarthost(&self) -> Smarthost {
        let settings =
            SmarthostSettings { host: "127.0.0.1".to_owned(), port: self.port, tls: TlsMode::None, ..SmarthostSettings::default() };
        Smarthost::new(settings).unwrap()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn postfix_takes_what_is_sent_and_says_no_when_told_to() {
    let mail = [b"Subject: x\r\n\r\n.dot\r\n".as_slice(), &b"0123456789\r\n".repeat(50_000)].concat();
    // Offers are taken away one by one: no PIPELINING, no EHLO at all.
    for options in [&[][..], &["-p"], &["-e"]] {
        let Some(sink) = Sink::start(options) else { return };
        let smarthost = sink.smarthost();
        let item = item("jean@hopital.example", &mail);
        let outcomes = futures_util::future::join_all((0..40).map(|_| smarthost.deliver(&item))).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, AttemptOutcome::Delivered(_))), "{options:?} {:?}", outcomes[0]);
    }
    // Refusals: hard (-f, with its own words: the usual 500 is about the session) and soft (-r) by command; disconnected (-q).
    type Expected = fn(&AttemptOutcome) -> bool;
    let expected: [(&[&str], Expected); 5] = [
        (&["-B", "550 5.1.1 never", "-f", "rcpt"], |outcome| matches!(outcome, AttemptOutcome::Bounced(_))),
        (&["-r", "rcpt"], |outcome| matches!(outcome, AttemptOutcome::Deferred(_))),
        (&["-B", "554 5.7.1 never", "-f", "."], |outcome| matches!(outcome, AttemptOutcome::Bounced(_))),
        (&["-r", "."], |outcome| matches!(outcome, AttemptOutcome::Deferred(_))),
        (&["-q", "rcpt"], |outcome| matches!(outcome, AttemptOutcome::Deferred(_))),
    ];
    for (options, as_expected) in expected {
        let Some(sink) = Sink::start(options) else { return };
        let smarthost = sink.smarthost();
        for _ in 0..2 {
            let outcome = smarthost.deliver(&item("jean@hopital.example", b"Subject: x\r\n\r\nHello\r\n")).await;
            assert!(as_expected(&outcome), "{options:?} {outcome:?}");
        }
    }
}
