//! Adapters from configuration: each function builds one thing that the rooms share.

use super::callers::Callers;
use super::world::RealWorld;
use crate::authenticate::MailAuthenticator;
use crate::config::{Config, Secrets, decode_secret};
use crate::directory::CsvDirectory;
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::compose::Stationery;
use crate::domain::conference::{Conference, ConferenceKey};
use crate::domain::link::LinkKeys;
use crate::domain::mime::MimeLimits;
use crate::domain::token::{AliasDomain, TokenKeys};
use crate::flow::join::{Join, JoinSettings};
use crate::flow::port::{Archive, Authenticator, Bell, Directory, Scanner, Waker, World};
use crate::flow::route::Domains;
use crate::flow::{Burst, Gateway, Settings, Turns};
use crate::inbound::Tls;
use crate::store::SqliteArchive;
use anyhow::{Context, anyhow};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// Opens the archive.
pub async fn open_archive(settings: &crate::config::Store) -> anyhow::Result<Arc<dyn Archive>> {
    Ok(Arc::new(SqliteArchive::open(&settings.path).await?))
}

/// What is built before the flows.
pub(super) struct Ground {
    pub archive: Arc<dyn Archive>,
    pub directory: Arc<dyn Directory>,
    pub authenticator: Arc<dyn Authenticator>,
    pub scanners: Vec<Arc<dyn Scanner>>,
    pub bell: Arc<dyn Bell>,
    pub callers: Callers,
    pub waker: Arc<dyn Waker>,
    pub secrets: Secrets,
}

/// The directory of organizers.
pub(super) fn directory(config: &Config) -> anyhow::Result<Arc<dyn Directory>> {
    Ok(Arc::new(CsvDirectory::open(&config.directory.folder)?))
}

/// SPF, DKIM and DMARC.
pub(super) fn authenticator(config: &Config) -> anyhow::Result<Arc<dyn Authenticator>> {
    Ok(Arc::new(MailAuthenticator::new(config.authentication.clone())?))
}

/// Who looks into mail.
pub(super) fn scanners(config: &Config) -> anyhow::Result<Vec<Arc<dyn Scanner>>> {
    Ok(crate::scan::scanners(&config.scan)?.into_iter().map(|(_, scanner)| scanner).collect())
}

/// The flows, and who is called beside them.
pub(super) fn gateway(config: &Config, ground: Ground) -> anyhow::Result<(Gateway, Callers)> {
    let gateway = Gateway {
        archive: ground.archive,
        directory: ground.directory,
        authenticator: ground.authenticator,
        scanners: ground.scanners,
        world: Arc::new(RealWorld),
        bell: ground.bell,
        waker: ground.waker,
        stationery: Arc::new(Stationery::embedded()?),
        tokens: Arc::new(token_keys(&ground.secrets)?),
        links: Arc::new(link_keys(&ground.secrets)?),
        turns: Turns::default(),
        burst: Burst::default(),
        settings: flow_settings(config)?,
    };
    Ok((gateway, ground.callers))
}

/// The door behind guests' links.
pub(super) fn join(config: &Config, gateway: &Gateway, secrets: &Secrets) -> anyhow::Result<Join> {
    let conference = &config.conference;
    let minted = Conference::new(
        conference_key(secrets)?,
        &conference.app_id,
        &conference.audience,
        &conference.domain,
        u32::from(conference.token_minutes),
    )
    .context("conference")?;
    Ok(Join {
        archive: gateway.archive.clone(),
        world: gateway.world.clone(),
        links: gateway.links.clone(),
        conference: Arc::new(minted),
        conference_base: conference.url.trim_end_matches('/').to_owned(),
        settings: JoinSettings {
            opens_before_minutes: u32::from(config.policy.opens_before_minutes),
            closes_after_minutes: u32::from(config.policy.closes_after_minutes),
        },
    })
}

/// The certificate of the mail doors, where there is one.
pub(super) fn tls(config: &Config) -> anyhow::Result<Option<Tls>> {
    let (Some(certificate), Some(key)) = (&config.listen.tls_certificate, &config.listen.tls_key) else { return Ok(None) };
    let read = |path: &std::path::Path| std::fs::read(path).with_context(|| path.display().to_string());
    Ok(Some(Tls::from_pem(&read(certificate)?, &read(key)?)?))
}

/// Clock and chance.
pub(super) fn world() -> Arc<dyn World> {
    Arc::new(RealWorld)
}

fn token_keys(secrets: &Secrets) -> anyhow::Result<TokenKeys> {
    let keys: Option<Vec<_>> = secrets.address.iter().map(|key| Some((key.letter, decode_secret(&key.secret)?))).collect();
    Ok(TokenKeys::new(&keys.ok_or_else(|| anyhow!("an address key is not base64"))?)?)
}

pub(super) fn link_keys(secrets: &Secrets) -> anyhow::Result<LinkKeys> {
    let keys: Option<Vec<_>> = secrets.link.iter().map(|key| Some((key.kid.clone(), decode_secret(&key.secret)?))).collect();
    Ok(LinkKeys::new(&keys.ok_or_else(|| anyhow!("a link key is not base64"))?)?)
}

fn conference_key(secrets: &Secrets) -> anyhow::Result<ConferenceKey> {
    use crate::config::ConferenceSecret;
    Ok(match &secrets.conference {
        ConferenceSecret::Hs256 { app_secret } => ConferenceKey::shared_secret(app_secret.expose_secret().as_bytes())?,
        ConferenceSecret::Rs256 { kid, key_file } => {
            let pem = std::fs::read(key_file).with_context(|| key_file.display().to_string())?;
            ConferenceKey::rsa(kid, &pem)?
        }
    })
}

fn flow_settings(config: &Config) -> anyhow::Result<Settings> {
    let identity = &config.identity;
    let domain = |name: &str| AliasDomain::parse(name).ok_or_else(|| anyhow!("`{name}` is no domain name"));
    let alias = domain(&identity.alias_domain)?;
    let sender = Mailbox::parse(&format!("{}@{}", identity.sender, alias.name())).context("identity.sender")?;
    Ok(Settings {
        gateway: NamedMailbox::new(identity.sender_name.clone(), sender),
        domains: Domains { alias, guest: domain(&identity.guest_domain)? },
        public_url: identity.public_url.trim_end_matches('/').to_owned(),
        helpdesk: identity.helpdesk.clone().map(NamedMailbox::bare),
        helpdesk_staff: identity.helpdesk_staff.clone(),
        helpdesk_language: identity.helpdesk_language.clone(),
        max_guests: config.policy.max_guests,
        attachments: config.attachments.clone(),
        mime: MimeLimits { depth: config.policy.mime_depth, parts: config.policy.mime_parts },
        budgets: config.budgets.clone(),
        hold_for: TimeDelta::days(i64::from(config.policy.hold_days)),
        retry_for: TimeDelta::hours(i64::from(config.delivery.give_up_hours)),
    })
}
