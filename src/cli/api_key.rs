//! `paravent api-key create|list|revoke`

use super::{Desk, FAILED, NOT_FOUND, Outcome, block_on, output};
use crate::domain::api_key::Scope;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// A new key for a program. It is shown once, and never again.
    Create {
        /// Whose it is: a name for people and the audit trail.
        name: String,
        /// What it lets do, such as `meetings:read`; may be repeated.
        #[arg(long = "scope", required = true)]
        scopes: Vec<Scope>,
    },
    /// All keys with what they let do.
    List,
    /// Make a key worthless, at once.
    Revoke {
        /// Its name.
        name: String,
    },
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    block_on(async {
        let gateway = crate::app::gateway(&config).await?;
        match command {
            Command::Create { name, scopes } => match gateway.create_api_key(name, scopes).await? {
                Some(secret) => {
                    output::done(desk.json, &serde_json::json!({ "name": name, "key": secret }), &secret)?;
                    Ok(ExitCode::SUCCESS)
                }
                None => {
                    output::complain(&format!("there is a key with the name {name}"));
                    Ok(ExitCode::from(FAILED))
                }
            },
            Command::List => {
                let keys = gateway.archive.api_keys().await?;
                if desk.json {
                    for key in keys {
                        output::json(&serde_json::json!({ "name": key.name, "scopes": key.scopes, "created_at": key.created_at }))?;
                    }
                    return Ok(ExitCode::SUCCESS);
                }
                let row = |key: &crate::domain::api_key::ApiKey| {
                    let scopes = key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ");
                    vec![output::shown(&key.name), key.created_at.format("%Y-%m-%d").to_string(), scopes]
                };
                output::table(&["NAME", "SINCE", "SCOPES"], &keys.iter().map(row).collect::<Vec<_>>(), "No key.")?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Revoke { name } => {
                if gateway.revoke_api_key(name).await? {
                    output::done(desk.json, &serde_json::json!({ "name": name, "revoked": true }), &format!("{name} is worthless"))?;
                    return Ok(ExitCode::SUCCESS);
                }
                output::complain(&format!("there is no key with the name {name}"));
                Ok(ExitCode::from(NOT_FOUND))
            }
        }
    })
}
