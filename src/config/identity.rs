//! Names and addresses under which the gateway is known.

use crate::domain::address::Mailbox;
use crate::domain::language::Language;
use serde::Deserialize;

/// Names and addresses under which the gateway is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Name in the SMTP greeting and in EHLO; should be the name that the gateway's address resolves to.
    pub host_name: String,
    /// Domain of the aliases that guests and organizers see: its mail must lead to this gateway.
    pub alias_domain: String,
    /// Where the alias domain is other people's too: the mailbox of ours in it, before the `+`. With `visio`, aliases are
    /// `visio+o…@` in the alias domain, and nothing else in it is ours (docs/imap.md). Without it the whole alias domain is ours.
    #[serde(default)]
    pub alias_mailbox: Option<String>,
    /// Domain of guest aliases (`jean.martin=hopital.example@…`): its MX must lead to this gateway.
    pub guest_domain: String,
    /// Where guests' links lead, without a path: `https://visio.example`.
    pub public_url: String,
    /// Local part, in the alias domain, that signs summaries, problems and alerts.
    #[serde(default = "default_sender")]
    pub sender: String,
    /// Display name beside it.
    #[serde(default = "default_sender_name")]
    pub sender_name: String,
    /// Address that hears of alerts by mail; none when missing.
    #[serde(default)]
    pub helpdesk: Option<Mailbox>,
    /// Addresses of people of the helpdesk: beside `helpdesk` itself, who may answer an alert by mail with a command.
    #[serde(default)]
    pub helpdesk_staff: Vec<Mailbox>,
    /// Language of mail to the helpdesk: `en`, `fr`.
    #[serde(default = "Language::english")]
    pub helpdesk_language: Language,
}

fn default_sender() -> String {
    "invitations".to_owned()
}

fn default_sender_name() -> String {
    "Paravent".to_owned()
}
