//! A named fake that writes each mail as an `.eml` file into a folder, as a Maildir does: first `tmp`, then `new`.

use super::Fake;
use crate::domain::delivery::{AttemptOutcome, OutboxItem};
use crate::flow::port::Transport;
use async_trait::async_trait;
use std::io;
use std::path::PathBuf;
use tokio::fs;

/// Writes to `new/<outbox id>.eml`; a repeated mail replaces its file.
pub struct FileTransport {
    folder: PathBuf,
}

impl FileTransport {
    /// Into this folder, made at the first mail.
    pub fn new(_: Fake, folder: PathBuf) -> Self {
        Self { folder }
    }

    async fn write(&self, item: &OutboxItem) -> io::Result<()> {
        let name = format!("{}.eml", item.id);
        let (unfinished, finished) = (self.folder.join("tmp"), self.folder.join("new"));
        fs::create_dir_all(&unfinished).await?;
        fs::create_dir_all(&finished).await?;
        fs::write(unfinished.join(&name), &item.message).await?;
        fs::rename(unfinished.join(&name), finished.join(&name)).await
    }
}

#[async_trait]
impl Transport for FileTransport {
    async fn deliver(&self, item: &OutboxItem) -> AttemptOutcome {
        match self.write(item).await {
            Ok(()) => AttemptOutcome::Delivered("250 2.0.0 written".to_owned()),
            Err(error) => AttemptOutcome::Deferred(format!("451 4.3.0 the folder can't be written: {}", error.kind())),
        }
    }
}
