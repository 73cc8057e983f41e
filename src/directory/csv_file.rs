//! The directory in two CSV files of one folder, read again when they change.

use super::csv_rows::{DirectoryError, Row, read};
use super::password::matches;
use crate::domain::address::Mailbox;
use crate::domain::id::OrganizerId;
use crate::domain::organizer::Organizer;
use crate::flow::port::{Directory, PortError, PortResult};
use async_trait::async_trait;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
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
    stamps: [Option<SystemTime>; 2],
}

/// The directory of a folder.
pub struct CsvDirectory {
    folder: PathBuf,
    loaded: Mutex<Loaded>,
    checks: Semaphore,
}

impl CsvDirectory {
    /// Reads `organizers.csv` and `groups.csv`.
    pub fn open(folder: &Path) -> Result<Self, DirectoryError> {
        let stamps = stamps(folder);
        let people = Arc::new(People::of(read(folder)?));
        let loaded = Mutex::new(Loaded { people, looked: Instant::now(), stamps });
        Ok(Self { folder: folder.to_owned(), loaded, checks: Semaphore::new(CHECKS) })
    }

    /// Everyone now. Files that can't be read leave everyone as before: a slip of the pen must not stop the gateway.
    fn people(&self) -> Arc<People> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.looked.elapsed() < FRESH {
            return loaded.people.clone();
        }
        loaded.looked = Instant::now();
        let stamps = stamps(&self.folder);
        if stamps != loaded.stamps {
            loaded.stamps = stamps;
            match read(&self.folder) {
                Ok(rows) => loaded.people = Arc::new(People::of(rows)),
                Err(error) => tracing::error!(%error, "the directory was not read again"),
            }
        }
        loaded.people.clone()
    }
}

fn stamps(folder: &Path) -> [Option<SystemTime>; 2] {
    ["organizers.csv", "groups.csv"].map(|name| folder.join(name).metadata().and_then(|meta| meta.modified()).ok())
}

#[async_trait]
impl Directory for CsvDirectory {
    async fn by_mailbox(&self, mailbox: &Mailbox) -> PortResult<Option<Organizer>> {
        let people = self.people();
        Ok(people.by_address.get(&mailbox.canonical()).and_then(|index| people.rows.get(*index)).map(|row| row.organizer.clone()))
    }

    async fn by_id(&self, id: OrganizerId) -> PortResult<Option<Organizer>> {
        Ok(self.people().rows.iter().find(|row| row.organizer.id == id).map(|row| row.organizer.clone()))
    }

    async fn login(&self, login: &str, password: &str) -> PortResult<Option<Organizer>> {
        let people = self.people();
        let row = people.by_login.get(login).and_then(|index| people.rows.get(*index));
        let hash = row.and_then(|row| row.password_hash.clone());
        let _one_of_few = self.checks.acquire().await.map_err(|error| PortError::new("check a password", error))?;
        let password = password.to_owned();
        let right = tokio::task::spawn_blocking(move || matches(&password, hash.as_deref()))
            .await
            .map_err(|error| PortError::new("check a password", error))?;
        Ok(row.filter(|_| right).map(|row| row.organizer.clone()))
    }

    async fn all(&self) -> PortResult<Vec<Organizer>> {
        let mut all: Vec<Organizer> = self.people().rows.iter().map(|row| row.organizer.clone()).collect();
        all.sort_by(|one, other| one.mailbox.cmp(&other.mailbox));
        Ok(all)
    }
}
