//! Postfix, Dovecot and the gateway itself, each with its own folders and loopback ports, ended with the test.

use super::{net, parts};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that ends with the test.
pub struct Running(Child);

impl Running {
    pub fn of(child: Child) -> Self {
        Self(child)
    }
}

impl Running {
    /// Kills without any chance to tidy up.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Postfix on loopback: `organizers` is where organizers submit, `everyone` where guests and the gateway hand in mail.
pub struct Postfix {
    folder: PathBuf,
    pub organizers: u16,
    pub everyone: u16,
}

/// What Postfix must know.
pub struct Routes {
    pub organizers: u16,
    pub everyone: u16,
    pub dovecot_lmtp: u16,
    pub gateway_lmtp: u16,
    pub gateway_submission: u16,
    /// A second gateway, of `autre.example`, and where its organizers submit.
    pub other: Option<OtherRoutes>,
}

/// What Postfix must know of a second gateway.
#[derive(Clone, Copy)]
pub struct OtherRoutes {
    pub organizers: u16,
    pub gateway_lmtp: u16,
    pub gateway_submission: u16,
}

impl Postfix {
    /// Starts, or says why the test skips.
    pub fn start(folder: &Path, routes: &Routes) -> Option<Self> {
        let program = parts::find("postfix")?;
        if !parts::is_root() {
            return None;
        }
        for (name, text) in [("main.cf", main_cf(folder, routes)), ("master.cf", master_cf(routes)), ("transport", transport(routes))] {
            write(&folder.join(name), &text);
        }
        write(&folder.join("calendar_checks"), &calendar_checks(routes.gateway_submission));
        if let Some(other) = routes.other {
            write(&folder.join("other_checks"), &calendar_checks(other.gateway_submission));
        }
        for inner in ["queue", "data"] {
            fs::create_dir_all(folder.join(inner)).unwrap();
        }
        run(Command::new("chown").arg("postfix").arg(folder.join("data")));
        run(Command::new(program).arg("-c").arg(folder).arg("start"));
        drop(net::Smtp::open(routes.everyone));
        Some(Self { folder: folder.to_owned(), organizers: routes.organizers, everyone: routes.everyone })
    }

    /// What Postfix logged: for people, when a test fails.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- Postfix\n{}", self.log());
        }
        let _ = Command::new("/usr/sbin/postfix").arg("-c").arg(&self.folder).arg("abort").stderr(Stdio::null()).status();
    }
}

fn calendar_checks(submission: u16) -> String {
    let methods = "REQUEST|CANCEL|ADD|DECLINECOUNTER";
    format!("/^Content-Type:[[:space:]]*text\\/calendar.*method=\"?({methods})/ FILTER smtp:[127.0.0.1]:{submission}\n")
}

fn main_cf(folder: &Path, routes: &Routes) -> String {
    let folder = folder.display();
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {folder}/queue\n\
         data_directory = {folder}/data\n\
         maillog_file = {folder}/log\n\
         maillog_file_prefixes = {folder}\n\
         myhostname = mail.example\n\
         mydestination =\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         mynetworks = 127.0.0.0/8\n\
         disable_dns_lookups = yes\n\
         smtp_host_lookup = native\n\
         smtp_tls_security_level = none\n\
         alias_maps =\n\
         local_recipient_maps =\n\
         relay_domains = visio.example, guest.visio.example, autre.example, guest.autre.example, gone.example\n\
         virtual_mailbox_domains = agence.example, hopital.example, cabinet.example, societe.example\n\
         virtual_mailbox_maps = static:all\n\
         virtual_transport = lmtp:inet:127.0.0.1:{dovecot}\n\
         transport_maps = texthash:{folder}/transport\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\n\
         smtpd_recipient_restrictions = permit_mynetworks, reject\n\
         lmtp_destination_concurrency_limit = 1\n",
        dovecot = routes.dovecot_lmtp,
    )
}

fn master_cf(routes: &Routes) -> String {
    let Routes { organizers, everyone, .. } = routes;
    let other = routes.other.map(|other| {
        format!(
            "127.0.0.1:{} inet n - n - - smtpd\n  -o cleanup_service_name=other-cleanup\n\
             other-cleanup unix n - n - 0 cleanup\n  -o mime_header_checks=regexp:$config_directory/other_checks\n",
            other.organizers
        )
    });
    let common = format!(
        "127.0.0.1:{organizers} inet n - n - - smtpd\n  -o cleanup_service_name=calendar-cleanup\n\
         127.0.0.1:{everyone} inet n - n - - smtpd\n\
         cleanup unix n - n - 0 cleanup\n\
         calendar-cleanup unix n - n - 0 cleanup\n  -o mime_header_checks=regexp:$config_directory/calendar_checks\n\
         pickup unix n - n 60 1 pickup\n\
         qmgr unix n - n 300 1 qmgr\n\
         rewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\n\
         defer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\n\
         verify unix - - n - 1 verify\n\
         proxymap unix - - n - - proxymap\n\
         smtp unix - - n - - smtp\n\
         lmtp unix - - n - - lmtp\n\
         error unix - - n - - error\n\
         retry unix - - n - - error\n\
         anvil unix - - n - 1 anvil\n\
         scache unix - - n - 1 scache\n\
         postlog unix-dgram n - n - 1 postlogd\n"
    );
    format!("{common}{}", other.unwrap_or_default())
}

fn transport(routes: &Routes) -> String {
    let other = routes.other.map(|other| {
        let lmtp = other.gateway_lmtp;
        format!("autre.example lmtp:inet:127.0.0.1:{lmtp}\nguest.autre.example lmtp:inet:127.0.0.1:{lmtp}\n")
    });
    let common = format!(
        "visio.example lmtp:inet:127.0.0.1:{lmtp}\nguest.visio.example lmtp:inet:127.0.0.1:{lmtp}\ngone.example lmtp:inet:127.0.0.1:{lmtp}\n",
        lmtp = routes.gateway_lmtp
    );
    format!("{common}{}", other.unwrap_or_default())
}

/// Dovecot on loopback: every address has a mailbox, with the password `secret`.
pub struct Dovecot {
    running: Running,
    folder: PathBuf,
    lmtp: u16,
    pub imap: u16,
}

impl Dovecot {
    /// Starts, or says why the test skips.
    pub fn start(folder: &Path, imap: u16, lmtp: u16) -> Option<Self> {
        Self::start_with(folder, imap, lmtp, None)
    }

    /// The same where every mailbox has a script in Sieve (RFC 5228), which hands its answers to the server at `submission`.
    pub fn start_with(folder: &Path, imap: u16, lmtp: u16, sieve: Option<(&str, u16)>) -> Option<Self> {
        let mut more = String::new();
        if let Some((script, submission)) = sieve {
            parts::find_file("/usr/lib/dovecot/modules/lib90_sieve_plugin.so", "dovecot-sieve")?;
            more = sieve_conf(folder, submission);
            Self::write_script(folder, script);
        }
        Self::start_configured(folder, imap, lmtp, &more)
    }

    /// The same with more settings, which override those before them.
    pub fn start_configured(folder: &Path, imap: u16, lmtp: u16, more: &str) -> Option<Self> {
        parts::find("dovecot")?;
        if !parts::is_root() {
            return None;
        }
        fs::create_dir_all(folder.join("mail")).unwrap();
        run(Command::new("chown").arg("mail:mail").arg(folder.join("mail")));
        write(&folder.join("dovecot.conf"), &format!("{}{more}", dovecot_conf(folder, imap, lmtp)));
        Some(Self { running: run_dovecot(folder, imap, lmtp), folder: folder.to_owned(), lmtp, imap })
    }

    /// Ends as an administrator ends it: whoever is signed in is told.
    pub fn stop(&mut self) {
        run(Command::new(parts::find("dovecot").unwrap()).arg("-c").arg(self.folder.join("dovecot.conf")).arg("stop"));
        self.running.0.wait().unwrap();
    }

    /// Starts again after an end, with other settings where they are given.
    pub fn start_again(&mut self, more: Option<&str>) {
        if let Some(more) = more {
            write(&self.folder.join("dovecot.conf"), &format!("{}{more}", dovecot_conf(&self.folder, self.imap, self.lmtp)));
        }
        self.running = run_dovecot(&self.folder, self.imap, self.lmtp);
    }

    /// Where the mail of an address lies, as Maildir.
    pub fn maildir(&self, address: &str) -> PathBuf {
        let (local, domain) = address.split_once('@').unwrap();
        self.folder.join("mail").join(domain).join(local)
    }

    /// Changes the script of every mailbox.
    pub fn write_script(folder: &Path, script: &str) {
        let file = folder.join("script.sieve");
        // In one step: a delivery may read it at any moment.
        write(&folder.join("next.sieve"), script);
        fs::rename(folder.join("next.sieve"), file).unwrap();
    }

    /// A mailbox.
    pub fn mailbox(&self, address: &str) -> net::Imap {
        net::Imap::open(self.imap, address, "secret")
    }
}

fn run_dovecot(folder: &Path, imap: u16, lmtp: u16) -> Running {
    let child = Command::new(parts::find("dovecot").unwrap()).arg("-F").arg("-c").arg(folder.join("dovecot.conf")).spawn().unwrap();
    let running = Running(child);
    drop(net::connect(imap));
    drop(net::connect(lmtp));
    running
}

fn dovecot_conf(folder: &Path, imap: u16, lmtp: u16) -> String {
    let folder = folder.display();
    format!(
        "base_dir = {folder}/run\n\
         state_dir = {folder}/state\n\
         log_path = {folder}/dovecot.log\n\
         protocols = imap lmtp\n\
         listen = 127.0.0.1\n\
         ssl = no\n\
         disable_plaintext_auth = no\n\
         auth_username_format = %Lu\n\
         mail_location = maildir:{folder}/mail/%d/%n\n\
         first_valid_uid = 1\n\
         first_valid_gid = 1\n\
         mail_uid = mail\n\
         mail_gid = mail\n\
         passdb {{\n driver = static\n args = password=secret\n}}\n\
         userdb {{\n driver = static\n args = uid=mail gid=mail home={folder}/mail/%d/%n allow_all_users=yes\n}}\n\
         service imap-login {{\n inet_listener imap {{\n port = {imap}\n }}\n inet_listener imaps {{\n port = 0\n }}\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n port = {lmtp}\n }}\n}}\n"
    )
}

fn sieve_conf(folder: &Path, submission: u16) -> String {
    let folder = folder.display();
    format!(
        "postmaster_address = postmaster@hopital.example\n\
         submission_host = 127.0.0.1:{submission}\n\
         protocol lmtp {{\n mail_plugins = sieve\n}}\n\
         plugin {{\n sieve_before = {folder}/script.sieve\n sieve_vacation_min_period = 0\n}}\n"
    )
}

/// The gateway's own ports.
#[derive(Clone, Copy)]
pub struct GatewayPorts {
    pub mx: u16,
    pub submission: u16,
    pub lmtp: u16,
    pub web: u16,
    pub smarthost: u16,
}

/// The real program, serving.
pub struct Gateway {
    running: Running,
    pub config: PathBuf,
    pub ports: GatewayPorts,
}

impl Gateway {
    /// Writes a configuration with fresh keys by `paravent init`, fits it to these ports, and serves.
    pub fn start(folder: &Path, ports: GatewayPorts) -> Self {
        Self::start_with(folder, ports, ORGANIZERS, str::to_owned)
    }

    /// The same with these organizers, and a configuration changed by `edit`.
    pub fn start_with(folder: &Path, ports: GatewayPorts, organizers: &str, edit: impl Fn(&str) -> String) -> Self {
        run(paravent().args(["init", "--domain", "visio.example", "--folder"]).arg(folder));
        let config = folder.join("paravent.toml");
        write(&config, &edit(&paravent_toml(folder, &ports)));
        for (name, text) in [("organizers.csv", organizers), ("groups.csv", GROUPS)] {
            write(&folder.join("directory").join(name), text);
        }
        Self { running: serve(&config, &ports), config, ports }
    }

    /// A second gateway with the same keys, directory and archive, on ports of its own.
    pub fn beside(&self, file: &str, ports: GatewayPorts) -> Self {
        let mut toml = fs::read_to_string(&self.config).unwrap();
        let (mine, others) = (self.ports, ports);
        for (from, to) in [(mine.mx, others.mx), (mine.submission, others.submission), (mine.lmtp, others.lmtp), (mine.web, others.web)] {
            toml = toml.replace(&format!("127.0.0.1:{from}"), &format!("127.0.0.1:{to}"));
        }
        let config = self.config.with_file_name(file);
        write(&config, &toml);
        Self { running: serve(&config, &ports), config, ports }
    }

    /// Starts again after an end of any kind.
    pub fn restart(&mut self) {
        self.running.kill();
        self.running = serve(&self.config, &self.ports);
    }

    /// Ends at once, as a power cut would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// The process.
    #[allow(dead_code, reason = "the benchmark measures with it")]
    pub fn process(&self) -> u32 {
        self.running.0.id()
    }

    /// The most memory that the process ever had, in KiB. Fails when the process is gone.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.running.0.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a living process");
        peak.trim().trim_end_matches(" kB").trim().parse().unwrap()
    }

    /// How many bytes the process has written so far.
    pub fn written(&self) -> u64 {
        let io = fs::read_to_string(format!("/proc/{}/io", self.running.0.id())).unwrap();
        io.lines().find_map(|line| line.strip_prefix("wchar: ")).expect("a living process").parse().unwrap()
    }

    /// Its archive, to look into.
    pub fn archive(&self) -> PathBuf {
        self.config.with_file_name("paravent.sqlite")
    }

    /// The exit code of a command, whatever it is.
    pub fn status(&self, arguments: &[&str]) -> Option<i32> {
        paravent().arg("--config").arg(&self.config).args(arguments).output().unwrap().status.code()
    }

    /// What a command of the program prints.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = paravent().arg("--config").arg(&self.config).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Claire alone.
pub const ORGANIZERS: &str = "id,mail,aliases,name,login,password_hash,language,group,secrets,active\n\
    ,claire.bernard@agence.example,,Claire Bernard,,,fr,medical,,true\n";
const GROUPS: &str = "name,label,anonymity,language,time_zone,allow_counter\nmedical,Service médical,anonymous,fr,Europe/Paris,true\n";

fn paravent_toml(folder: &Path, ports: &GatewayPorts) -> String {
    let GatewayPorts { mx, submission, lmtp, web, smarthost } = ports;
    let folder = folder.display();
    format!(
        r#"
[identity]
host_name = "gateway.visio.example"
alias_domain = "visio.example"
guest_domain = "guest.visio.example"
public_url = "http://127.0.0.1:{web}"
helpdesk = "helpdesk@agence.example"

[listen]
mx = "127.0.0.1:{mx}"
submission = "127.0.0.1:{submission}"
lmtp = "127.0.0.1:{lmtp}"
web = "127.0.0.1:{web}"
trusted_networks = ["127.0.0.1/32"]

[store]
path = "{folder}/paravent.sqlite"

[keys]
file = "{folder}/keys.toml"

[directory]
folder = "{folder}/directory"

[delivery.smarthost]
host = "127.0.0.1"
port = {smarthost}
tls = "none"

[delivery.outbox]
first_wait_seconds = 1
longest_wait_seconds = 2

[authentication]
trusted_networks = ["127.0.0.1/32"]

[conference]
url = "http://127.0.0.1:{web}/jitsi"
app_id = "paravent"
domain = "meet.jitsi"
"#
    )
}

fn serve(config: &Path, ports: &GatewayPorts) -> Running {
    let child = paravent().arg("--config").arg(config).arg("serve").spawn().unwrap();
    let running = Running(child);
    for port in [ports.mx, ports.submission, ports.lmtp, ports.web] {
        drop(net::connect(port));
    }
    running
}

fn paravent() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paravent"));
    command.env("PARAVENT_LOG", "warn");
    command
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
