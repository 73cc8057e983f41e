//! The directory in two CSV files of one folder, read again when they change.

use super::csv_rows::{DirectoryError, Row, read};
use super::password::matches;
use crate::domain::address::Mailbox;
use crate::domain::id::OrganizerId;
use crate::domain::organizer::Organizer;
use crate::flow::port::{Directory, PortError, PortResult};
use async_trait::async_trait;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Semaphore;

/// How long the files are believed without a look.
const FRESH: Duration = Duration::from_secs(1);
/// Password checks at once: each takes much memory and time on purpose.
const CHECKS: usize = 2;

/// Everyone, with ways to find them.
#[derive(Default)]
struct People {
    rows: Vec<Row>,
    by_address: HashMap<String, usize>,
    by_login: HashMap<String, usize>,
}

impl People {
    fn of(rows: Vec<Row>) -> Self {
        let mut people = Self::default();
        for (index, row) in rows.iter().enumerate() {
            for mailbox in std::iter::once(&row.organizer.mailbox).chain(&row.organizer.aliases) {
                people.by_address.insert(mailbox.canonical(), index);
            }
            if let Some(login) = &row.login {
                people.by_login.insert(login.clone(), index);
            }
        }
        people.rows = rows;
        people
    }
}

struct Loaded {
    people: Arc<People>,
    looked: Instant,
    stamps: Stamps,
}

/// What tells that a file is another one than before: its time alone is too coarse.
type Stamps = [Option<(SystemTime, u64, u64)>; 2];

/// The directory of a folder.
pub struct CsvDirectory {
    folder: PathBuf,
    fresh: Duration,
    loaded: Mutex<Loaded>,
    checks: Semaphore,
}

impl CsvDirectory {
    /// Reads `organizers.csv` and `groups.csv`, and believes them for a second at a time.
    pub fn open(folder: &Path) -> Result<Self, DirectoryError> {
        Self::open_fresh(folder, FRESH)
    }

    /// The same; the files are believed for so long without a look.
    pub fn open_fresh(folder: &Path, fresh: Duration) -> Result<Self, DirectoryError> {
        let stamps = stamps(folder);
        let people = Arc::new(People::of(read(folder)?));
        let loaded = Mutex::new(Loaded { people, looked: Instant::now(), stamps });
        Ok(Self { folder: folder.to_owned(), fresh, loaded, checks: Semaphore::new(CHECKS) })
    }

    /// Everyone now. Files that can't be read leave everyone as before: a slip of the pen must not stop the gateway.
    async fn people(&self) -> Arc<People> {
        if self.has_changed() {
            let folder = self.folder.clone();
            // Off the async threads: the files may be long.
            match tokio::task::spawn_blocking(move || read(&folder).map(People::of)).await {
                Ok(Ok(people)) => self.loaded().people = Arc::new(people),
                Ok(Err(error)) => tracing::error!(%error, "the directory was not read again"),
                Err(error) => tracing::error!(%error, "the directory was not read again"),
            }
        }
        self.loaded().people.clone()
    }

    /// Whether it is time for a look and the files are others; says so once. Meanwhile everybody else goes on with what
    /// is known.
    fn has_changed(&self) -> bool {
        let mut loaded = self.loaded();
        if loaded.looked.elapsed() < self.fresh {
            return false;
        }
        loaded.looked = Instant::now();
        let stamps = stamps(&self.folder);
        std::mem::replace(&mut loaded.stamps, stamps) != stamps
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamps(folder: &Path) -> Stamps {
    ["organizers.csv", "groups.csv"].map(|name| {
        let meta = folder.join(name).metadata().ok()?;
        Some((meta.modified().ok()?, meta.len(), meta.ino()))
    })
}

#[async_trait]
impl Directory for CsvDirectory {
    async fn by_mailbox(&self, mailbox: &Mailbox) -> PortResult<Option<Organizer>> {
        let people = self.people().await;
        Ok(people.by_address.get(&mailbox.canonical()).and_then(|index| people.rows.get(*index)).map(|row| row.organizer.clone()))
    }

    async fn by_id(&self, id: OrganizerId) -> PortResult<Option<Organizer>> {
        Ok(self.people().await.rows.iter().find(|row| row.organizer.id == id).map(|row| row.organizer.clone()))
    }

    async fn login(&self, login: &str, password: &str) -> PortResult<Option<Organizer>> {
        let people = self.people().await;
        let row = people.by_login.get(login).and_then(|index| people.rows.get(*index));
        let hash = row.and_then(|row| row.password_hash.clone());
        let _one_of_few = self.checks.acquire().await.map_err(|error| PortError::new("check a password", error))?;
        let password = password.to_owned();
        let right = tokio::task::spawn_blocking(move || matches(&password, hash.as_deref()))
            .await
            .map_err(|error| PortError::new("check a password", error))?;
        Ok(row.filter(|row| right && row.organizer.active).map(|row| row.organizer.clone()))
    }

    async fn all(&self) -> PortResult<Vec<Organizer>> {
        let mut all: Vec<Organizer> = self.people().await.rows.iter().map(|row| row.organizer.clone()).collect();
        all.sort_by(|one, other| one.mailbox.cmp(&other.mailbox));
        Ok(all)
    }
}
