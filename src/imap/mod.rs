//! Ears for mailboxes elsewhere: mail is fetched by IMAP (RFC 3501) where no server hands it over. What a message means is asked of
//! [`crate::flow::port::Reception`], as at the other doors.
//!
//! | file | what it is for |
//! |---|---|
//! | [`mailbox`] | one mailbox: opens it, visits it, and begins again after trouble |
//! | `visit` | one connection: lists, fetches, settles, waits |
//! | `intake` | one message: for whom it is, and what became of it |
//! | `retries` | when what failed is tried again |
//! | `link` | the commands, each with a time limit |
//! | `sign_in` | connection, TLS, password or token |
//! | `folder` | names of folders as the server has them |

mod folder;
mod intake;
mod link;
pub mod mailbox;
mod retries;
mod settings;
mod sign_in;
mod visit;

pub use mailbox::Mailbox;
pub use settings::{Afterwards, ImapSettings, ImapTls};
pub use sign_in::Credentials;

/// Why a mailbox can't be worked on now. For the operator: no password and nothing of a mail is in it.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The settings can't be meant.
    #[error("{0}")]
    Settings(String),
    /// There is no connection.
    #[error("no connection: {0}")]
    Connection(String),
    /// The password or token was refused.
    #[error("the sign-in was refused: {0}")]
    SignIn(String),
    /// The server refused a command.
    #[error("{command} was refused: {answer}")]
    Refused {
        /// The command's name.
        command: &'static str,
        /// What the server said.
        answer: String,
    },
    /// The connection broke.
    #[error("the connection was lost")]
    Lost,
    /// No answer came.
    #[error("no answer to {0} in time")]
    Late(&'static str),
    /// It is not IMAP.
    #[error("the server says what can't be read")]
    Unreadable,
}
