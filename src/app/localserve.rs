//! `localserve`: the whole product on loopback, with SQLite, a sample organizer and a page for every mail. Nothing leaves the
//! machine: the transport is a fake that keeps what it is given.

use super::{Running, StopSignals, install_crypto};
use crate::config::Config;
use crate::directory::{GROUPS_HEAD, ORGANIZERS_HEAD};
use crate::domain::address::Mailbox;
use crate::flow::port::{CaughtMails, Injector, MailDoor};
use crate::oidc::SignInSettings;
use crate::oidc::local::{ADMINISTRATORS, HELPDESK, LocalPeople};
use crate::outbound::Fake;
use crate::outbound::dkim::{Signer, SigningTransport};
use crate::outbound::injector::DoorInjector;
use crate::outbound::memory::MemoryTransport;
use crate::web::mailbox::{MailboxCounter, PersonalLink, Setup, router, sample_envelope, sample_invitation};
use anyhow::Context;
use chrono::Utc;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// Most mails that the page keeps.
const MOST: usize = 10_000;

/// Serves until interrupted. `folder` keeps everything; without it a temporary one is removed at the end. `port` is the
/// page's; the next three are submission, MX and LMTP.
pub async fn localserve(folder: Option<PathBuf>, port: u16, with_sample: bool) -> anyhow::Result<()> {
    install_crypto();
    let (folder, temporary) = match folder {
        Some(folder) => (folder, false),
        None => (std::env::temp_dir().join(format!("paravent-{}", uuid::Uuid::new_v4().simple())), true),
    };
    let result = serve(&folder, port, with_sample).await;
    if temporary {
        // What is left behind is a temporary file.
        let _ = std::fs::remove_dir_all(&folder);
    }
    result
}

async fn serve(folder: &Path, port: u16, with_sample: bool) -> anyhow::Result<()> {
    let mut signals = StopSignals::listen()?;
    let mut config = prepare(folder, port)?;
    let at = |offset: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port.saturating_add(offset)));
    let (submission, mx, lmtp) = (at(1), at(2), at(3));

    let memory = Arc::new(MemoryTransport::new(Fake::for_localserve_and_tests(), super::build::world(), MOST));
    let signer = Arc::new(Signer::load(&config.keys.dkim)?);
    let transport = Arc::new(SigningTransport::new(signer, memory.clone()));
    let injector = Arc::new(DoorInjector::new(mx, submission));
    let (stop, stopping) = watch::channel(false);

    let wake = Arc::new(tokio::sync::Notify::new());
    let mut ground = super::ground(&config, wake.clone()).await?;
    let organizer = Mailbox::parse("claire.bernard@agence.example")?;
    config.sign_in = Some(everybody(&config.identity.public_url)?);
    ground.provider = Some(Arc::new(LocalPeople::new(&config.identity.public_url, organizer, super::build::world())));
    let page = format!("http://{}", at(0));
    let links = Arc::new(super::build::link_keys(&ground.secrets)?);
    let public_url = config.identity.public_url.clone();
    let link: PersonalLink =
        Arc::new(move |meeting, guest| links.mint(meeting, guest, Utc::now()).ok().map(|token| format!("{public_url}/j/{token}")));
    let mails: Arc<dyn CaughtMails> = memory;
    let setup = Setup {
        mails,
        injector: injector.clone(),
        archive: ground.archive.clone(),
        directory: ground.directory.clone(),
        world: super::build::world(),
        helpdesk: config.identity.helpdesk.clone(),
        link,
        doors: doors(&page, submission, mx, lmtp, folder),
        public_url: page.clone(),
    };
    let mailbox = router(Arc::new(MailboxCounter::new(setup)?));
    let running = Running::start_on(&config, ground, wake, transport, &stopping, Some(mailbox)).await?;
    if with_sample && running.gateway.archive.meetings(Utc::now(), 1).await?.is_empty() {
        send_sample(injector.as_ref()).await?;
    }
    announce(&page, submission, mx, lmtp, folder)?;
    signals.received().await;
    // An error means that every task has ended already.
    let _ = stop.send(true);
    running.finished().await;
    Ok(())
}

async fn send_sample(injector: &dyn Injector) -> anyhow::Result<()> {
    let (organizer, guests) = sample_envelope();
    let answer = injector.inject(MailDoor::Submission, &organizer, &guests, &sample_invitation(Utc::now())).await?;
    anyhow::ensure!(answer.starts_with("2") || answer.contains("accepted"), "the sample invitation was not taken: {answer}");
    Ok(())
}

fn doors(page: &str, submission: SocketAddr, mx: SocketAddr, lmtp: SocketAddr, folder: &Path) -> Vec<(String, String)> {
    vec![
        ("Page".to_owned(), page.to_owned()),
        ("Submission".to_owned(), submission.to_string()),
        ("MX".to_owned(), mx.to_string()),
        ("LMTP".to_owned(), lmtp.to_string()),
        ("Folder".to_owned(), folder.display().to_string()),
    ]
}

fn announce(page: &str, submission: SocketAddr, mx: SocketAddr, lmtp: SocketAddr, folder: &Path) -> anyhow::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nParavent is running on this machine alone. Open {page}\n")?;
    writeln!(out, "  submission {submission}   MX {mx}   LMTP {lmtp}")?;
    writeln!(out, "  everything is in {}", folder.display())?;
    writeln!(out, "  sign in at {page}/meetings (as anybody)")?;
    writeln!(out, "  organizer  claire.bernard@agence.example (no login needed here)")?;
    writeln!(out, "  stop with Ctrl-C\n")?;
    out.flush()?;
    Ok(())
}

/// Whoever is at this machine may be any of three people.
fn everybody(public_url: &str) -> anyhow::Result<SignInSettings> {
    let mut settings: SignInSettings = toml::from_str(&format!("issuer = \"{public_url}\"\nclient_id = \"localserve\""))?;
    settings.helpdesk_groups = vec![HELPDESK.to_owned()];
    settings.administrator_groups = vec![ADMINISTRATORS.to_owned()];
    Ok(settings)
}

/// A configuration with fresh keys and one organizer, unless the folder has one already.
fn prepare(folder: &Path, port: u16) -> anyhow::Result<Config> {
    let file = folder.join("paravent.toml");
    if !file.exists() {
        crate::config::write_fresh(folder, "visio.example").context("a fresh configuration")?;
        let directory = folder.join("directory");
        let organizer = ",claire.bernard@agence.example,,Claire Bernard,,,fr,medical,,true";
        std::fs::write(directory.join("organizers.csv"), format!("{ORGANIZERS_HEAD}\n{organizer}\n"))?;
        let group = "medical,Service médical,anonymous,fr,Europe/Paris,true";
        std::fs::write(directory.join("groups.csv"), format!("{GROUPS_HEAD}\n{group}\n"))?;
    }
    let mut config = Config::load(&file)?;
    let at = |offset: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port.saturating_add(offset)));
    let loopback: Vec<ipnet::IpNet> = vec![std::net::IpAddr::from(Ipv4Addr::LOCALHOST).into()];
    config.identity.public_url = format!("http://{}", at(0));
    config.identity.helpdesk = Some(Mailbox::parse("helpdesk@agence.example")?);
    config.conference.url = format!("http://{}/room", at(0));
    config.listen.web = at(0);
    config.listen.submission = Some(at(1));
    config.listen.mx = Some(at(2));
    config.listen.lmtp = Some(at(3));
    config.listen.trusted_networks.clone_from(&loopback);
    // Every peer is this machine: the page plays the servers that would have checked.
    config.authentication.trusted_networks = loopback;
    // A name server is not needed, and may not be there.
    config.authentication.resolvers = vec![Ipv4Addr::LOCALHOST.into()];
    Ok(config)
}
