//! PostgreSQL from Debian's package, on a socket in a folder of its own, ended with the tests.

use super::parts;
use paravent::store::{PostgresArchive, PostgresSettings};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The password of its only user, where one is asked for.
pub const PASSWORD: &str = "correct horse battery";

/// A server.
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Of loopback, and in the name of the socket.
    port: u16,
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
        let mut server = Self::make(5432)?;
        server.resume(options);
        Some(server)
    }

    /// The same on this port of loopback with TLS, for `localhost`: who comes that way needs TLS and [`PASSWORD`]. With the file
    /// of the authority that signed it.
    pub fn start_tls(port: u16) -> Option<(Self, PathBuf)> {
        let mut server = Self::make(port)?;
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let files = ["server.crt", "server.key"].map(|name| data(&server.folder).join(name));
        for (file, text) in files.iter().zip([made.cert.pem(), made.signing_key.serialize_pem()]) {
            fs::write(file, text).unwrap();
            fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            if as_root() {
                run(Command::new("chown").arg("postgres").arg(file));
            }
        }
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(data(&server.folder).join("pg_hba.conf"), rules).unwrap();
        let authority = server.folder.join("authority.pem");
        fs::write(&authority, made.cert.pem()).unwrap();
        server.resume(&["-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"]);
        Some((server, authority))
    }

    fn make(port: u16) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("paravent-pg-").tempdir().unwrap().keep();
        if as_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let password = folder.join("password");
        fs::write(&password, PASSWORD).unwrap();
        let word = format!("--pwfile={}", password.display());
        // A locale whose order is not that of octets: the schema must ask for that itself.
        let locale = ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=fr", "--locale=C.UTF-8"];
        run(own(&programs.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=postgres"])
            .args(locale)
            .arg(word)
            .arg(data(&folder)));
        Some(Self { programs, folder, port, running: None })
    }

    /// Starts it again, on the same data.
    pub fn resume(&mut self, options: &[&str]) {
        // The shell waits for the end of its input, which comes with the end of this process, whatever ends it. Then the folder goes.
        let script = r#"trap : HUP INT TERM; exec 3<&0; "$@" </dev/null >>"$0/log" 2>&1 & read line <&3; kill -QUIT $!; wait $!; [ -e "$0/keep" ] || rm -rf "$0""#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).arg(&self.folder).args(words(&own(&self.programs.join("postgres"))));
        command
            .arg("-D")
            .arg(data(&self.folder))
            .arg("-k")
            .arg(&self.folder)
            .args(["-c", "listen_addresses=", "-p", &self.port.to_string()])
            .args(options);
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
        Command::new(self.programs.join("pg_isready"))
            .args(["-q", "-p", &self.port.to_string(), "-h"])
            .arg(&self.folder)
            .status()
            .unwrap()
            .success()
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
        format!("postgres://postgres@localhost:{}/{database}?host={}", self.port, self.folder.display())
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
