//! One connection to a mailbox: lists what lies there, takes it in batches, one message at a time, settles each batch where it came
//! from, and waits for more. Where a message lies is all that is remembered of it: moving or flagging it is the last step, so that
//! whatever breaks before makes it come again.

use super::intake::{Fate, take};
use super::link::Link;
use super::mailbox::Mailbox;
use super::retries::{Pace, Retries};
use super::{Afterwards, ImapSettings, Trouble};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

/// So many messages in a row that could not be taken because something inside is down mean that none can be.
const IN_A_ROW: u32 = 10;
/// Longest pause then. Senders whose name servers never answer can look like that too: the mail behind theirs must not wait long.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often a folder is listed again because mail came while it was listed.
const LISTINGS: u32 = 3;
/// A backlog is told of after each so many.
const TOLD_EVERY: usize = 1_000;

/// What outlives a connection.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// One for each folder.
    retries: Vec<Retries>,
    /// How often in a row nothing could be taken.
    down: u32,
    /// How many were refused since the start.
    refused: u64,
}

/// What was done with one batch.
#[derive(Debug, Default)]
struct Batch {
    taken: Vec<u32>,
    refused: Vec<u32>,
    unmatched: Vec<u32>,
    /// The gateway can't take anything now.
    is_down: bool,
}

/// An open mailbox and the task that works on it.
pub(super) struct Visit<'a> {
    mailbox: &'a Mailbox,
    link: Link,
    folders: Vec<String>,
    done: String,
    refused: String,
    unmatched: String,
    memory: &'a mut Memory,
    stopping: Receiver<bool>,
}

impl<'a> Visit<'a> {
    /// Opens the mailbox, and makes the folders that it needs.
    pub(super) async fn begin(mailbox: &'a Mailbox, memory: &'a mut Memory, stopping: Receiver<bool>) -> Result<Self, Trouble> {
        let settings = &mailbox.settings;
        let mut link = Link::open(settings, &mailbox.tls, &mailbox.credentials).await?;
        let delimiter = link.delimiter().await?;
        let folders = settings.folders.iter().map(|name| super::folder::on_server(name, delimiter.as_deref())).collect();
        memory.retries.resize_with(settings.folders.len(), Retries::default);
        let mut made = Vec::new();
        if settings.afterwards == Afterwards::Move {
            for name in [&settings.done_folder, &settings.refused_folder, &settings.unmatched_folder] {
                made.push(link.ensure(name, delimiter.as_deref()).await?);
            }
        }
        let mut made = made.into_iter();
        let mut next = || made.next().unwrap_or_default();
        Ok(Self { mailbox, link, folders, done: next(), refused: next(), unmatched: next(), memory, stopping })
    }

    fn settings(&self) -> &'a ImapSettings {
        &self.mailbox.settings
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Works until it is stopped.
    pub(super) async fn stay(mut self) -> Result<(), Trouble> {
        while !self.is_stopping() {
            let is_down = self.look_into_all().await?;
            let until = self.until(is_down);
            if !self.is_stopping() {
                self.wait(until).await?;
            }
        }
        self.link.close().await;
        Ok(())
    }

    /// Every folder once, the watched one last: it is the one that stays open. Whether the gateway can't take anything now.
    async fn look_into_all(&mut self) -> Result<bool, Trouble> {
        for at in (0..self.folders.len()).rev() {
            if self.look_into(at).await? {
                self.memory.down = self.memory.down.saturating_add(1);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// When to look again without being told.
    fn until(&self, is_down: bool) -> Instant {
        let (settings, now) = (self.settings(), Instant::now());
        if is_down {
            return now + Pace::of(settings).wait(self.memory.down, self.mailbox.world.spread()).min(LONGEST_PAUSE);
        }
        let is_told = self.link.idles && self.folders.len() == 1;
        let usual =
            now + Duration::from_secs(if is_told { settings.idle_seconds } else { settings.poll_seconds.min(settings.idle_seconds) });
        self.memory.retries.iter().filter_map(Retries::next).fold(usual, Instant::min)
    }

    async fn wait(&mut self, until: Instant) -> Result<(), Trouble> {
        if self.link.idles {
            return match self.link.idle(until, &mut self.stopping).await {
                // Some servers offer it and refuse it.
                Err(Trouble::Refused { .. }) => {
                    self.link.idles = false;
                    Ok(())
                }
                other => other,
            };
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            // An error means that nobody can stop us any more, which is the end too.
            _ = self.stopping.wait_for(|stop| *stop) => {}
        }
        Ok(())
    }

    /// Takes everything that lies in a folder. Whether the gateway can't take anything now.
    async fn look_into(&mut self, at: usize) -> Result<bool, Trouble> {
        let (settings, folder) = (self.settings(), self.folders[at].clone());
        let keyword = (settings.afterwards == Afterwards::Flag).then_some(settings.keyword.as_str());
        let selected = self.link.select(&folder).await?;
        if keyword.is_some_and(|keyword| !keeps(&selected.permanent, keyword)) {
            return Err(Trouble::Settings(format!("the server keeps no keywords in `{folder}`: set afterwards = \"move\"")));
        }
        let mut listings = 0;
        while !self.is_stopping() {
            self.link.arrivals = false;
            let listed = self.link.list(keyword).await?;
            let due = self.memory.retries[at].due(selected.validity, &listed, Instant::now());
            if due.is_empty() {
                listings += 1;
                // What came while it was listed may not be on the list, and is not told of again.
                if !self.link.arrivals || listings >= LISTINGS {
                    return Ok(false);
                }
                continue;
            }
            if self.work_off(at, &due).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes these, batch by batch. Whether the gateway can't take anything now.
    async fn work_off(&mut self, at: usize, due: &[u32]) -> Result<bool, Trouble> {
        let (settings, name) = (self.settings(), &self.mailbox.settings.name);
        let (mut seen, mut told) = (0, 0);
        for uids in due.chunks(settings.batch) {
            let batch = self.take_batch(at, uids).await?;
            self.settle(&batch).await?;
            seen += uids.len();
            let (taken, refused, unmatched) = (batch.taken.len(), batch.refused.len(), batch.unmatched.len());
            self.memory.refused += refused as u64;
            let folder = &settings.folders[at];
            if refused > 0 {
                tracing::warn!(mailbox = %name, %folder, refused, refused_ever = self.memory.refused, "mail for us was refused, and put aside");
            }
            if unmatched > 0 {
                tracing::info!(mailbox = %name, %folder, unmatched, "mail for no address of ours was put aside");
            }
            tracing::debug!(mailbox = %name, taken, refused, unmatched, "a batch is settled");
            if batch.is_down {
                tracing::warn!(mailbox = %name, "nothing can be taken now; mail waits where it lies");
                return Ok(true);
            }
            if taken + refused + unmatched > 0 {
                self.memory.down = 0;
            }
            if due.len() > TOLD_EVERY && seen >= told + TOLD_EVERY {
                told = seen;
                tracing::info!(mailbox = %name, done = seen, left = due.len() - seen, "working off a backlog");
            }
            if self.is_stopping() {
                break;
            }
        }
        Ok(false)
    }

    async fn take_batch(&mut self, at: usize, uids: &[u32]) -> Result<Batch, Trouble> {
        let settings = self.settings();
        let sizes: BTreeMap<u32, u32> = self.link.sizes(uids).await?;
        let mut batch = Batch::default();
        let mut in_a_row = 0;
        for uid in uids {
            if self.is_stopping() {
                break;
            }
            // Somebody took it away meanwhile.
            let Some(size) = sizes.get(uid) else { continue };
            // Noted before it is fetched: one message that breaks the connection each time must not stand before all others.
            let tries = self.memory.retries[at].tries(*uid, Instant::now(), Pace::of(settings), self.mailbox.world.spread());
            let Some(fate) = self.fate(*uid, *size).await? else { continue };
            in_a_row = if fate == Fate::Down { in_a_row + 1 } else { 0 };
            match fate {
                Fate::Taken => batch.taken.push(*uid),
                Fate::Refused => batch.refused.push(*uid),
                Fate::Unmatched => batch.unmatched.push(*uid),
                Fate::Later | Fate::Down => tracing::info!(mailbox = %settings.name, uid, tries, "a message can't be taken now"),
            }
            if in_a_row >= IN_A_ROW {
                batch.is_down = true;
                break;
            }
        }
        Ok(batch)
    }

    /// What becomes of a message; `None` when it is gone.
    async fn fate(&mut self, uid: u32, size: u32) -> Result<Option<Fate>, Trouble> {
        let settings = self.settings();
        let too_large = |octets: u64| {
            tracing::warn!(mailbox = %settings.name, uid, octets, "a message is larger than `message_bytes`");
            Ok(Some(Fate::Refused))
        };
        if size > settings.message_bytes {
            return too_large(size.into());
        }
        let Some(raw) = self.link.body(uid, settings.message_bytes).await? else { return Ok(None) };
        if raw.len() as u64 > u64::from(settings.message_bytes) {
            return too_large(raw.len() as u64);
        }
        let encrypted = settings.tls != super::ImapTls::None;
        Ok(Some(take(self.mailbox.reception.as_ref(), raw, &settings.recipient_headers, encrypted).await))
    }

    /// Puts everything where it belongs. Not before the effects are durable.
    async fn settle(&mut self, batch: &Batch) -> Result<(), Trouble> {
        let settings = self.settings();
        match settings.afterwards {
            Afterwards::Move => {
                self.link.file(&batch.taken, &self.done).await?;
                self.link.file(&batch.refused, &self.refused).await?;
                self.link.file(&batch.unmatched, &self.unmatched).await
            }
            Afterwards::Flag => {
                let keyword = &settings.keyword;
                self.link.mark(&batch.taken, keyword).await?;
                self.link.mark(&batch.refused, &format!("{keyword} {keyword}Refused")).await?;
                self.link.mark(&batch.unmatched, &format!("{keyword} {keyword}Unmatched")).await
            }
        }
    }
}

/// Whether a keyword lasts (RFC 3501 §7.1, PERMANENTFLAGS). A server that says nothing keeps all.
fn keeps(permanent: &[String], keyword: &str) -> bool {
    permanent.is_empty() || permanent.iter().any(|flag| flag == "\\*" || flag.eq_ignore_ascii_case(keyword))
}
