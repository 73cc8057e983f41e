//! `paravent organizer add|list|remove|unbind`

use super::{Desk, NOT_FOUND, Outcome, block_on, output};
use crate::directory::{CsvDirectory, NewOrganizer, add, deactivate, hash_password};
use crate::domain::address::Mailbox;
use crate::flow::port::Directory as _;
use clap::{Args, Subcommand};
use std::io::BufRead;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Everyone who may invite, and who may no longer.
    List,
    /// Let somebody invite.
    Add(Box<New>),
    /// Take the right to invite from somebody. Their meetings stay.
    Remove {
        /// Their address.
        mail: Mailbox,
    },
    /// Let somebody sign in with another account than the first time. Sessions of that one end.
    Unbind {
        /// Their address.
        mail: Mailbox,
    },
}

#[derive(Debug, Clone, Args)]
pub(super) struct New {
    /// Where their own mail goes.
    mail: Mailbox,
    /// Their name, hidden from guests unless their group says otherwise.
    #[arg(long)]
    name: String,
    /// A group of groups.csv.
    #[arg(long)]
    group: String,
    /// The language of mail to them.
    #[arg(long, default_value = "en")]
    language: String,
    /// A further address that they send from; may be repeated.
    #[arg(long = "alias", value_name = "MAIL")]
    aliases: Vec<Mailbox>,
    /// Name of their submission login; the password is read from standard input, one line.
    #[arg(long, default_value = "")]
    login: String,
}

pub(super) fn run(desk: &Desk, command: &Command) -> Outcome {
    let config = desk.load()?;
    let folder = &config.directory.folder;
    match command {
        Command::List => {
            let all = block_on(async { Ok(CsvDirectory::open(folder)?.all().await?) })?;
            if desk.json {
                all.iter().try_for_each(output::json)?;
                return Ok(ExitCode::SUCCESS);
            }
            let rows: Vec<Vec<String>> = all
                .iter()
                .map(|organizer| {
                    vec![
                        organizer.mailbox.to_string(),
                        output::shown(&organizer.name),
                        organizer.group.name.clone(),
                        output::word(&organizer.group.anonymity),
                        if organizer.active { "may invite".to_owned() } else { "no longer".to_owned() },
                    ]
                })
                .collect();
            output::table(&["ORGANIZER", "NAME", "GROUP", "POLICY", "STATE"], &rows, "Nobody may invite yet: paravent organizer add")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Add(new) => {
            let password_hash = if new.login.is_empty() { String::new() } else { hash_password(&password()?)? };
            let New { mail, name, group, language, aliases, login } = (**new).clone();
            add(folder, &NewOrganizer { mailbox: mail.clone(), aliases, name, login, password_hash, language, group })?;
            output::done(desk.json, &serde_json::json!({ "mailbox": mail, "active": true }), &format!("{mail} may invite"))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Remove { mail } => {
            if deactivate(folder, mail)? {
                let value = serde_json::json!({ "mailbox": mail, "active": false });
                output::done(desk.json, &value, &format!("{mail} may no longer invite"))?;
                Ok(ExitCode::SUCCESS)
            } else {
                output::complain(&format!("there is no organizer {mail}"));
                Ok(ExitCode::from(NOT_FOUND))
            }
        }
        Command::Unbind { mail } => block_on(async {
            let gateway = crate::app::gateway(&config).await?;
            let Some(organizer) = gateway.directory.by_mailbox(mail).await? else {
                output::complain(&format!("there is no organizer {mail}"));
                return Ok(ExitCode::from(NOT_FOUND));
            };
            if !gateway.unbind_organizer(organizer.id).await? {
                output::complain(&format!("{mail} has not signed in yet"));
                return Ok(ExitCode::from(NOT_FOUND));
            }
            let value = serde_json::json!({ "mailbox": mail, "bound": false });
            output::done(desk.json, &value, &format!("{mail} may sign in with another account"))?;
            Ok(ExitCode::SUCCESS)
        }),
    }
}

fn password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    anyhow::ensure!(password.chars().count() >= 12, "a password needs at least 12 characters, on one line of standard input");
    Ok(password)
}
