//! Adapters from configuration: each function builds one thing that the rooms share.

use super::callers::Callers;
use super::world::RealWorld;
use crate::authenticate::MailAuthenticator;
use crate::config::{ConferenceSecret, Config, KeyKind, Route, Secrets, decode_secret};
use crate::directory::CsvDirectory;
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::compose::Stationery;
use crate::domain::conference::{Conference, ConferenceKey, PublicKey, Server, Servers};
use crate::domain::link::LinkKeys;
use crate::domain::mime::MimeLimits;
use crate::domain::token::{AliasDomain, TokenKeys};
use crate::flow::conference_server::ConferenceDesk;
use crate::flow::join::{Join, JoinSettings};
use crate::flow::port::{Archive, Authenticator, Bell, Directory, Scanner, Waker, World};
use crate::flow::route::Domains;
use crate::flow::seal::Seal;
use crate::flow::session_port::IdentityProvider;
use crate::flow::sign_in::{SignIn, SignInSettings};
use crate::flow::{Burst, Gateway, Settings, Turns};
use crate::inbound::Tls;
use crate::oidc::Oidc;
use crate::web::api::KnownWebhook;
use crate::web::conference_server::{ConferenceCounter, PublishedKey};
use anyhow::{Context, anyhow};
use aws_lc_rs::digest;
use chrono::TimeDelta;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    pub provider: Option<Arc<dyn IdentityProvider>>,
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
pub(super) fn join(config: &Config, gateway: &Arc<Gateway>, servers: Arc<Servers>) -> Join {
    Join {
        archive: gateway.archive.clone(),
        world: gateway.world.clone(),
        links: gateway.links.clone(),
        servers,
        desk: gateway.clone(),
        bell: gateway.bell.clone(),
        settings: join_settings(config),
    }
}

/// When doors are open, and for whom.
fn join_settings(config: &Config) -> JoinSettings {
    let policy = &config.policy;
    JoinSettings {
        opens_before_minutes: u32::from(policy.opens_before_minutes),
        closes_after_minutes: u32::from(policy.closes_after_minutes),
        by: config.conference.join,
        waiting_room: policy.waiting_room,
        shared_links: policy.shared_links,
        link_networks: policy.link_networks,
    }
}

/// The conference servers.
pub(super) fn servers(config: &Config, secrets: &Secrets) -> anyhow::Result<Arc<Servers>> {
    let conference = &config.conference;
    let server = |url: &str, tenant: &Option<String>, tokens: Conference, groups: &[String]| Server {
        url: url.trim_end_matches('/').to_owned(),
        tenant: tenant.clone(),
        tokens,
        groups: groups.to_vec(),
    };
    let tokens = |key: &ConferenceSecret, app_id: &str, audience: &str, domain: &str| {
        Conference::new(conference_key(key)?, app_id, audience, domain, u32::from(conference.token_minutes)).context("conference")
    };
    let first = tokens(&secrets.conference, &conference.app_id, &conference.audience, &conference.domain)?;
    let mut others = Vec::with_capacity(conference.others.len());
    for other in &conference.others {
        let key = secrets.conferences.iter().find(|secret| secret.name == other.name);
        let key = key.ok_or_else(|| anyhow!("the key file has no [[conferences]] with the name `{}`", other.name))?;
        let minted = tokens(&key.key, &other.app_id, &other.audience, &other.domain)?;
        others.push(server(&other.url, &other.tenant, minted, &other.groups));
    }
    Ok(Arc::new(Servers { first: server(&conference.url, &conference.tenant, first, &[]), others }))
}

/// What the conference servers ask and tell.
pub(super) fn conference_counter(
    config: &Config,
    gateway: &Gateway,
    secrets: &Secrets,
    servers: Arc<Servers>,
) -> anyhow::Result<ConferenceCounter> {
    let desk = ConferenceDesk { archive: gateway.archive.clone(), world: gateway.world.clone(), servers, settings: join_settings(config) };
    let secret = secrets.hooks.as_ref().map(|hooks| hooks.secret.clone());
    anyhow::ensure!(secret.as_ref().is_none_or(|secret| secret.expose_secret().len() >= 32), "hooks.secret needs at least 32 characters");
    let keys = std::iter::once(&secrets.conference).chain(secrets.conferences.iter().map(|named| &named.key));
    let keys = keys.filter_map(|key| published_key(key).transpose()).collect::<anyhow::Result<_>>()?;
    let mut branding = BTreeMap::from([(String::new(), serde_json::to_value(&config.conference.branding)?)]);
    for other in &config.conference.others {
        let look = serde_json::to_value(&other.branding)?;
        branding.extend(other.groups.iter().map(|group| (group.clone(), look.clone())));
    }
    Ok(ConferenceCounter { desk, secret, keys, branding, https: config.identity.public_url.starts_with("https://") })
}

/// The public half of a conference key; a shared secret has none.
fn published_key(secret: &ConferenceSecret) -> anyhow::Result<Option<PublishedKey>> {
    let ConferenceSecret::Rs256 { kid, key_file } = secret else { return Ok(None) };
    let pem = std::fs::read_to_string(key_file).with_context(|| key_file.display().to_string())?;
    let PublicKey { pem, rsa: (modulus, exponent), .. } = PublicKey::of_rsa(kid, &pem).with_context(|| key_file.display().to_string())?;
    let name = HEXLOWER.encode(digest::digest(&digest::SHA256, kid.as_bytes()).as_ref());
    let number = |octets: &[u8]| BASE64URL_NOPAD.encode(octets);
    let jwk = serde_json::json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": number(&modulus), "e": number(&exponent),
    });
    Ok(Some(PublishedKey { name, pem, jwk }))
}

/// What administrators see of the settings.
pub(super) fn shown_settings(config: &Config) -> Vec<(&'static str, String)> {
    let (policy, identity) = (&config.policy, &config.identity);
    vec![
        ("identity.alias_domain", identity.alias_domain.clone()),
        ("identity.guest_domain", identity.guest_domain.clone()),
        ("identity.public_url", identity.public_url.clone()),
        ("conference.url", config.conference.url.clone()),
        match config.delivery.route {
            Route::Smarthost => ("delivery.smarthost.host", config.delivery.smarthost.host.clone()),
            Route::Direct => ("delivery.direct.helo", config.delivery.direct.helo.clone()),
        },
        ("policy.max_guests", policy.max_guests.to_string()),
        ("policy.opens_before_minutes", policy.opens_before_minutes.to_string()),
        ("policy.closes_after_minutes", policy.closes_after_minutes.to_string()),
        ("policy.hold_days", policy.hold_days.to_string()),
    ]
}

/// Who is told of alerts, as programs see it.
pub(super) fn known_webhooks(config: &Config) -> Vec<KnownWebhook> {
    config.webhooks.iter().map(|webhook| KnownWebhook { name: webhook.name.clone(), severity: webhook.severity }).collect()
}

/// The names of keys: the first of a kind signs.
pub fn shown_keys(secrets: &Secrets) -> Vec<(&'static str, String, &'static str)> {
    let of = |kind: KeyKind, word: &'static str| {
        let role = |place| if place == 0 { "signs" } else { "verifies" };
        kind.names(secrets).into_iter().enumerate().map(move |(place, name)| (word, name, role(place))).collect::<Vec<_>>()
    };
    [of(KeyKind::Address, "address"), of(KeyKind::Link, "link")].concat()
}

/// With whom people sign in, where that is set up.
pub(super) fn sign_in(
    config: &Config,
    secrets: &Secrets,
    gateway: &Gateway,
    provider: Option<Arc<dyn IdentityProvider>>,
) -> anyhow::Result<Option<SignIn>> {
    let (Some(settings), Some(provider)) = (config.sign_in.as_ref(), provider) else { return Ok(None) };
    let link = secrets.link.first().context("the key file has no [[link]]")?;
    Ok(Some(SignIn {
        archive: gateway.archive.clone(),
        directory: gateway.directory.clone(),
        world: gateway.world.clone(),
        provider,
        seal: Seal::new(link.secret.expose_secret().as_bytes())?,
        settings: SignInSettings {
            helpdesk_groups: settings.helpdesk_groups.clone(),
            administrator_groups: settings.administrator_groups.clone(),
            idle: TimeDelta::minutes(i64::from(settings.idle_minutes)),
            longest: TimeDelta::hours(i64::from(settings.longest_hours)),
        },
    }))
}

/// The identity provider of the configuration.
pub(super) fn provider(config: &Config, secrets: &Secrets) -> anyhow::Result<Option<Arc<dyn IdentityProvider>>> {
    let Some(settings) = &config.sign_in else { return Ok(None) };
    let secret = secrets.sign_in.as_ref().context("[sign_in] needs a client_secret in the key file")?;
    let public_url = config.identity.public_url.trim_end_matches('/');
    Ok(Some(Arc::new(Oidc::new(settings.clone(), &secret.client_secret, public_url, world()).context("sign_in")?)))
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

fn conference_key(secret: &ConferenceSecret) -> anyhow::Result<ConferenceKey> {
    Ok(match secret {
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
    let alias = match &identity.alias_mailbox {
        None => domain(&identity.alias_domain)?,
        Some(base) => domain(&identity.alias_domain)?.below(base).with_context(|| format!("identity.alias_mailbox: `{base}`"))?,
    };
    Mailbox::parse(&format!("{}@{}", identity.sender, alias.name())).context("identity.sender")?;
    let sender = alias.mailbox(&identity.sender);
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
