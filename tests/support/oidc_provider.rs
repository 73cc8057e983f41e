//! node-oidc-provider, with Debian's or the machine's own Node, on a loopback port.

use super::net;
use super::servers::Running;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The secret that it has for us.
pub const SECRET: &str = "a secret: 100% & more";

pub struct NodeProvider {
    _running: Running,
    pub issuer: String,
}

/// Node and the folder with its modules; `None` after saying that the test skips. It is no package of Debian's: only where
/// `PARAVENT_REQUIRE_NODE` says so must it be there.
fn found() -> Option<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = std::env::var_os("PARAVENT_NODE_MODULES").map_or_else(|| root.join("target/node"), PathBuf::from);
    let node = ["/usr/bin/node", "/usr/local/bin/node", "/usr/bin/nodejs"].map(PathBuf::from).into_iter().find(|path| path.exists());
    let both = node.zip(modules.join("node_modules/oidc-provider").exists().then_some(modules));
    if both.is_none() {
        let what = "Node with `oidc-provider` is not installed (scripts/test installs it where there is npm)";
        assert!(std::env::var_os("PARAVENT_REQUIRE_NODE").is_none(), "{what}");
        eprintln!("SKIPPED: {what}");
    }
    both
}

impl NodeProvider {
    /// Starts, or says why the test skips. `method` is how it has us prove who we are; logout tokens go to `back_channel`.
    pub fn start(method: &str, back_channel: &str) -> Option<Self> {
        let (node, modules) = found()?;
        let [port] = net::free_ports();
        let issuer = format!("http://127.0.0.1:{port}");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/oidc_provider.mjs");
        let mut command = Command::new(node);
        command.arg(script).env("MODULES", modules).env("ISSUER", &issuer).env("PORT", port.to_string());
        command.env("BACK_CHANNEL", back_channel).env("METHOD", method).env("KEY", "n1").stdout(Stdio::null());
        let running = Running::of(command.spawn().unwrap());
        drop(net::connect(port));
        Some(Self { _running: running, issuer })
    }
}
