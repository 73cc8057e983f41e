//! Reception: the commands a person types. One file a command; each says what it did, or what to do.

mod alert;
mod api_key;
mod check;
mod completions;
mod create;
mod explain;
mod guest;
mod hold;
mod init;
mod keys;
mod localserve;
mod meeting;
mod organizer;
mod output;
mod queue;
mod reconcile;
mod serve;
mod store;
mod webhook;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code of a command that failed.
pub const FAILED: u8 = 1;
/// Exit code of `check` with problems, and of `reconcile` where something is not accounted for.
pub const FINDINGS: u8 = 3;
/// Exit code when the thing named does not exist.
pub const NOT_FOUND: u8 = 4;

/// Paravent: address translation for calendar mail.
#[derive(Debug, Parser)]
#[command(
    name = "paravent",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 check or reconcile found problems, 4 no such thing."
)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", env = "PARAVENT_CONFIG", default_value = "/etc/paravent/paravent.toml")]
    config: PathBuf,
    /// Write JSON instead of tables.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve,
    /// Run everything on this machine alone, with a sample meeting and a page for every mail.
    Localserve(localserve::Options),
    /// Look at configuration, keys, TLS, templates, DNS and Prosody, and say what to do.
    Check(check::Options),
    /// Say what a message is and what would be done with it. Sends nothing.
    Explain(explain::Options),
    /// Write a commented configuration with fresh keys.
    Init(init::Options),
    /// Meetings and their attendance.
    #[command(subcommand)]
    Meeting(meeting::Command),
    /// Guests' addresses that nothing is sent to.
    #[command(subcommand)]
    Guest(guest::Command),
    /// Mails that wait for a decision.
    #[command(subcommand)]
    Hold(hold::Command),
    /// Mail that waits to be sent.
    #[command(subcommand)]
    Queue(queue::Command),
    /// Alerts.
    #[command(subcommand)]
    Alert(alert::Command),
    /// Who else is told of alerts.
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Secret keys: which there are, a new one in front, an old one out.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Programs that use the HTTP API.
    #[command(subcommand)]
    ApiKey(api_key::Command),
    /// Who may invite.
    #[command(subcommand)]
    Organizer(organizer::Command),
    /// Prove that everything accepted, held or to be sent is accounted for; exit code 3 and the rows where it is not.
    Reconcile,
    /// The archive as a whole.
    #[command(subcommand)]
    Store(store::Command),
    /// Print a completion script for a shell.
    Completions(completions::Options),
}

/// How a command ended.
type Outcome = anyhow::Result<ExitCode>;

/// What every command is given.
struct Desk {
    config: PathBuf,
    json: bool,
}

/// Parses the arguments and runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let desk = Desk { config: arguments.config, json: arguments.json };
    match run(&desk, arguments.command) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn run(desk: &Desk, command: Command) -> Outcome {
    match command {
        Command::Serve => serve::run(desk),
        Command::Localserve(options) => localserve::run(&options),
        Command::Check(options) => check::run(desk, &options),
        Command::Explain(options) => explain::run(desk, &options),
        Command::Init(options) => init::run(desk, &options),
        Command::Meeting(command) => meeting::run(desk, &command),
        Command::Guest(command) => guest::run(desk, &command),
        Command::Hold(command) => hold::run(desk, &command),
        Command::Queue(command) => queue::run(desk, &command),
        Command::Alert(command) => alert::run(desk, &command),
        Command::Webhook(command) => webhook::run(desk, &command),
        Command::Keys(command) => keys::run(desk, &command),
        Command::ApiKey(command) => api_key::run(desk, &command),
        Command::Organizer(command) => organizer::run(desk, &command),
        Command::Reconcile => reconcile::run(desk),
        Command::Store(command) => store::run(desk, &command),
        Command::Completions(options) => completions::run(&options),
    }
}

impl Desk {
    fn load(&self) -> anyhow::Result<crate::config::Config> {
        Ok(crate::config::Config::load(&self.config)?)
    }
}

/// Runs a command that needs the async world.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(future)
}
