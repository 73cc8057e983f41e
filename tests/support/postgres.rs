//! PostgreSQL from Debian's package, on a socket in a folder of its own, ended with the tests.

use super::parts;
use paravent::store::{PostgresArchive, PostgresSettings};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A server.
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    running: Option<Child>,
}

/// One server for all tests, and a database each: its settings. `None` after saying that the test skips.
pub async fn database() -> Option<PostgresSettings> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&["-c", "fsync=off"])).as_ref()?.database().await.into()
}

/// The same, opened.
pub async fn archive() -> Option<PostgresArchive> {
    Some(PostgresArchive::open(&database().await?).await.unwrap())
}

impl Server {
    /// Makes a server and starts it with these options; `None` after saying that the test skips.
    pub fn start(options: &[&str]) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("paravent-pg-").tempdir().unwrap().keep();
        if as_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        // A locale whose order is not that of octets: the schema must ask for that itself.
        let locale = ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=fr", "--locale=C.UTF-8"];
        run(own(&programs.join("initdb")).args(["--no-sync", "--auth=trust", "--username=postgres"]).args(locale).arg(data(&folder)));
        let mut server = Self { programs, folder, running: None };
        server.resume(options);
        Some(server)
    }

    /// Starts it again, on the same data.
    pub fn resume(&mut self, options: &[&str]) {
        // The shell waits for the end of its input, which comes with the end of this process, whatever ends it. Then the folder goes.
        let script =
            r#"exec 3<&0; "$@" </dev/null >>"$0/log" 2>&1 & read line <&3; kill -QUIT $!; wait $!; [ -e "$0/keep" ] || rm -rf "$0""#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).arg(&self.folder).args(words(&own(&self.programs.join("postgres"))));
        command.arg("-D").arg(data(&self.folder)).arg("-k").arg(&self.folder).args(["-c", "listen_addresses="]).args(options);
        self.running = Some(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
        let _ = fs::remove_file(self.folder.join("keep"));
        let start = Instant::now();
        while !self.is_ready() {
            assert!(start.elapsed() < Duration::from_secs(30), "{}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, as a power cut would, and leaves its data.
    pub fn stop(&mut self) {
        fs::write(self.folder.join("keep"), "").unwrap();
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut child) = self.running.take() {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    fn is_ready(&self) -> bool {
        Command::new(self.programs.join("pg_isready")).arg("-q").arg("-h").arg(&self.folder).status().unwrap().success()
    }

    /// A new database.
    pub async fn database(&self) -> PostgresSettings {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("paravent_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let pool = sqlx::PgPool::connect(&self.url("postgres")).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
        pool.close().await;
        PostgresSettings { url: self.url(&name), password: None, readers: 4, wait: Duration::from_secs(5) }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Where the newest version's programs are.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let found = versions.map(|version| version.path().join("bin")).filter(|path| path.join("postgres").exists()).max();
    if found.is_none() {
        parts::miss("postgresql is not installed (scripts/test installs it)");
    }
    found
}

/// PostgreSQL refuses to run as root: there it is Debian's user.
fn own(program: &Path) -> Command {
    if !as_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn words(command: &Command) -> impl Iterator<Item = &std::ffi::OsStr> {
    std::iter::once(command.get_program()).chain(command.get_args())
}

fn as_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) == 0
}

fn run(command: &mut Command) {
    let output = command.current_dir("/").output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
