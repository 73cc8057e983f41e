//! Fuse box: builds the adapters, starts the tasks, shuts them down. The only module that knows every room.

mod archive;
mod build;
mod callers;
mod doors;
mod localserve;
mod mailboxes;
mod transport;
mod watch;
mod world;

pub use archive::{open_archive, postgres};
pub use build::shown_keys;
pub use callers::webhook;
pub use localserve::localserve;

use crate::config::{Config, Secrets};
use crate::domain::token::Purpose;
use crate::flow::Gateway;
use crate::flow::meeting_page::MeetingPages;
use crate::flow::port::{Bell, Transport, Waker};
use crate::flow::session_port::IdentityProvider;
use crate::notify::Bells;
use crate::notify::log::LogBell;
use crate::outbound::worker::Worker;
use crate::web::alert::{AlertCounter, router as alert_router};
use crate::web::answer::{AnswerCounter, router as answer_router};
use crate::web::api::{ApiCounter, router as api_router};
use crate::web::conference_server::router as conference_router;
use crate::web::guest::{Contact, GuestCounter, router as guest_router};
use crate::web::hold::{HoldCounter, router as hold_router};
use crate::web::live::Live;
use crate::web::meeting::{MeetingCounter, router as meeting_router};
use crate::web::pace::{Pace, keep_pace};
use crate::web::pages::Pages;
use crate::web::peer::note_peer;
use crate::web::sign_in::{Reception, router as sign_in_router};
use crate::web::staff::{StaffCounter, router as staff_router};
use anyhow::Context;
use axum::middleware::from_fn_with_state;
use build::Ground;
use callers::Callers;
use doors::Doors;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, Semaphore, watch as channel};

/// Wakes the outbox worker of this process.
struct WorkerWaker(Arc<Notify>);

impl Waker for WorkerWaker {
    fn wake(&self) {
        self.0.notify_one();
    }
}

/// The flows alone, for commands: their mail is sent by the gateway that serves.
pub async fn gateway(config: &Config) -> anyhow::Result<Gateway> {
    let ground = ground(config, Arc::default()).await?;
    Ok(build::gateway(config, ground)?.0)
}

async fn ground(config: &Config, wake: Arc<Notify>) -> anyhow::Result<Ground> {
    let secrets = Secrets::load(&config.keys.file)?;
    let callers = Callers::build(config, &secrets)?;
    Ok(Ground {
        archive: open_archive(&config.store).await?,
        directory: build::directory(config)?,
        authenticator: build::authenticator(config)?,
        scanners: build::scanners(config)?,
        bell: Arc::new(Bells::new(vec![Arc::new(LogBell), Arc::new(callers.bell())])),
        callers,
        waker: Arc::new(WorkerWaker(wake)),
        provider: build::provider(config, &secrets)?,
        secrets,
    })
}

/// Runs the gateway until it is told to stop (SIGTERM, SIGINT): then no new mail is taken, what is under way ends.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    install_crypto();
    let mut signals = StopSignals::listen()?;
    let transport = transport::transport(&config)?;
    let (stop, stopping) = channel::channel(false);
    let mut running = Running::start(&config, transport, &stopping, None).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "serving");
    let whole = tokio::select! {
        () = signals.received() => true,
        () = running.broke() => false,
    };
    tracing::info!("stopping");
    // An error means that every task has ended already.
    let _ = stop.send(true);
    running.finished().await;
    anyhow::ensure!(whole, "a part of the gateway ended by itself; see the log");
    Ok(())
}

/// One provider of cryptography for everything; installing it twice changes nothing.
fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The tasks of a gateway.
struct Running {
    gateway: Arc<Gateway>,
    tasks: tokio::task::JoinSet<()>,
}

impl Running {
    /// Binds every door first, so that a port in use is an error and not half a gateway.
    async fn start(
        config: &Config,
        transport: Arc<dyn Transport>,
        stopping: &channel::Receiver<bool>,
        more_pages: Option<axum::Router>,
    ) -> anyhow::Result<Self> {
        let wake = Arc::new(Notify::new());
        let ground = ground(config, wake.clone()).await?;
        Self::start_on(config, ground, wake, transport, stopping, more_pages).await
    }

    async fn start_on(
        config: &Config,
        ground: Ground,
        wake: Arc<Notify>,
        transport: Arc<dyn Transport>,
        stopping: &channel::Receiver<bool>,
        more_pages: Option<axum::Router>,
    ) -> anyhow::Result<Self> {
        let secrets = ground.secrets.clone();
        let provider = ground.provider.clone();
        let bell: Arc<dyn Bell> = ground.bell.clone();
        let (gateway, callers) = build::gateway(config, ground)?;
        let gateway = Arc::new(gateway);
        let doors = Doors::bind(config).await?;
        let web = TcpListener::bind(config.listen.web).await.with_context(|| format!("listen.web {}", config.listen.web))?;
        let pages = pages(config, &gateway, &secrets, provider, stopping)?.merge(more_pages.unwrap_or_default());
        let pages = in_front(config, pages);

        let mut tasks = tokio::task::JoinSet::new();
        doors.serve(config, &gateway, stopping, &mut tasks)?;
        mailboxes::serve(config, &secrets, &gateway, stopping, &mut tasks)?;
        let mut until = stopping.clone();
        tasks.spawn(async move {
            let stopped = async move {
                // An error means that the sender is gone, which is the end too.
                let _ = until.wait_for(|stop| *stop).await;
            };
            if let Err(error) = crate::web::serve(web, pages, stopped).await {
                tracing::error!(%error, "the web server ended");
            }
        });
        let node = gateway.world.random();
        let worker = Worker {
            node,
            archive: gateway.archive.clone(),
            transport,
            world: gateway.world.clone(),
            bell,
            desk: gateway.clone(),
            settings: config.delivery.outbox.clone(),
        };
        tasks.spawn(worker.run(wake, stopping.clone()));
        tasks.spawn(watch::watch(gateway.clone(), node, stopping.clone()));
        callers.start(&gateway, node, stopping, &mut tasks);
        Ok(Self { gateway, tasks })
    }

    /// Ends when a task does before it was told to: half a gateway must not look like a whole one.
    async fn broke(&mut self) {
        match self.tasks.join_next().await {
            Some(Err(error)) => tracing::error!(%error, "a task ended abnormally"),
            Some(Ok(())) | None => tracing::error!("a task ended by itself"),
        }
    }

    async fn finished(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task ended abnormally");
            }
        }
    }
}

/// What every request passes first.
fn in_front(config: &Config, pages: axum::Router) -> axum::Router {
    let pace = Arc::new(Pace::new(config.web.network_per_minute, config.web.link_per_minute));
    let proxies: Arc<[ipnet::IpNet]> = config.web.proxies.clone().into();
    pages.layer(from_fn_with_state(pace, keep_pace)).layer(from_fn_with_state(proxies, note_peer))
}

fn pages(
    config: &Config,
    gateway: &Arc<Gateway>,
    secrets: &Secrets,
    provider: Option<Arc<dyn IdentityProvider>>,
    stopping: &channel::Receiver<bool>,
) -> anyhow::Result<axum::Router> {
    let servers = build::servers(config, secrets)?;
    let join = build::join(config, gateway, servers.clone());
    let conference = conference_router(Arc::new(build::conference_counter(config, gateway, secrets, servers.clone())?));
    let (tokens, alias) = (gateway.tokens.clone(), gateway.settings.domains.alias.clone());
    let contact: Contact = Arc::new(move |guest| tokens.address(Purpose::OrganizerAlias, guest.0, &alias));
    let public_url = &config.identity.public_url;
    let meetings = MeetingPages { archive: gateway.archive.clone(), world: gateway.world.clone(), links: gateway.links.clone() };
    let organizers = meeting_router(Arc::new(MeetingCounter::new(meetings, public_url)?));
    let alerts = alert_router(Arc::new(AlertCounter::new(gateway.clone())?));
    let answers = answer_router(Arc::new(AnswerCounter::new(gateway.clone())));
    let holds = hold_router(Arc::new(HoldCounter::new(gateway.clone())?));
    let live = Live {
        every: Duration::from_secs(u64::from(config.web.live_seconds.max(1))),
        open: Arc::new(Semaphore::new(config.web.live_pages)),
        stopping: stopping.clone(),
    };
    let guests = guest_router(Arc::new(GuestCounter::new(join, live.clone(), contact, public_url)?));
    let words = Arc::new(Pages::load()?);
    let leads_to = servers.all().map(|server| server.url.as_str()).chain(config.sign_in.as_ref().map(|sign_in| sign_in.issuer.as_str()));
    let reception =
        Arc::new(Reception::new(build::sign_in(config, secrets, gateway, provider)?, words.clone(), public_url).leading_to(leads_to));
    let staff = StaffCounter {
        reception: reception.clone(),
        gateway: gateway.clone(),
        join: Arc::new(build::join(config, gateway, servers.clone())),
        live,
        pages: words,
        settings: build::shown_settings(config),
        keys: build::shown_keys(secrets),
    };
    let https = public_url.starts_with("https://");
    let programs = api_router(Arc::new(ApiCounter { gateway: gateway.clone(), webhooks: build::known_webhooks(config), https }));
    let people = sign_in_router(reception).merge(programs).merge(staff_router(Arc::new(staff)));
    Ok(guests.merge(people).merge(conference).merge(organizers).merge(alerts).merge(holds).merge(answers))
}

/// What tells the program to stop: SIGTERM and SIGINT. Listened for before anything is opened, since one that comes earlier
/// would end the program where it stands.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
